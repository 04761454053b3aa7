/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a played jitd answers: access 42 of alice, on which bob decides.
 */
#ifndef JIT_CLI_CLI_TEST_ROWS_H
#define JIT_CLI_CLI_TEST_ROWS_H

#include "cli/cli_test_jitd.h"

#define ASKED 1763913912 /* 2025-11-23T16:05:12Z */

#define DIGEST_REST  "123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DIGEST_SHOWN "a" DIGEST_REST /* of what the approver sees */

void send_pending(struct play *play);                    /* asked now, lapses in 3h */
void send_ticket(struct play *play, const char *ticket); /* a pending one, with a reason */
void send_bound(struct play *play,
                const char *user_key); /* a pending one, to an ssh key; and it is kept */
void send_active(struct play *play);   /* for a quarter of an hour yet */
/* An active one of another number, for these scopes, at this host. */
void send_access(struct play *play, uint32_t id, const char *scope, const char *host);
/* Active, for this on web1, which is another host. */
void send_elsewhere_for(struct play *play, const char *scope);
void send_foreign(struct play *play); /* active, by a token of another issuer */
void send_typed(struct play *play);   /* active, present = typed */
void send_ended(struct play *play, const char *state, const char *why);
void send_decision(struct play *play, const char *verdict, const char *comment);
void send_session(struct play *play);
void send_done(struct play *play, uint32_t access, const char *text);
void send_minted(struct play *play, uint32_t access, bool code, const char *secret,
                 const char *text); /* good until 2025-11-23 16:10:12 */
void send_refused(struct play *play, const char *text);
void send_step(struct play *play, const char *name, const char *verdict, const char *text);
void send_counter(struct play *play, const char *name, const char *value);

/* The tool ends with this exit code, and prints these parts; NULL: prints nothing there. */
void finish_with(struct play *play, int code, const char *out, const char *err);

#endif
