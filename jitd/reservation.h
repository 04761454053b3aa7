/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "This process may open one session of this access within 60 s": what ties auth, account and
 * open_session together, across sshd's processes. Kept in memory, keyed by the process that will
 * open the session (jitd/door.h), its service and account, and the PAM handle where all hooks share
 * one. A restart of jitd forgets them: open_session then finds its way by a held token alone, and
 * who typed one types another.
 */
#ifndef JIT_JITD_RESERVATION_H
#define JIT_JITD_RESERVATION_H

#include "jitd/jitd.h"
#include "wire/message.h"

#define RESERVATION_SECONDS 60
/* One over makes room, else the oldest that nobody typed for, else the oldest. */
#define RESERVATIONS_MAX 4096
#define JTI_SIZE         129 /* the longest that a token can have (token/token.h) */

struct reservations;
must_check int reservations_new(struct reservations **ret_reservations);
struct reservations *reservations_free(struct reservations *reservations);

struct reservation_key {
	struct process_id process;
	struct wire_id handle;   /* all zero for sshd, whose hooks do not share one */
	char service[NAME_SIZE]; /* as in scopes */
	char account[NAME_SIZE]; /* empty for sudo, which learns it last */
};

struct reservation {
	uint32_t access;    /* 0: none */
	uid_t uid;          /* the subject */
	char jti[JTI_SIZE]; /* of the token that was typed and burned for it; empty: by a held one
	                     */
};

/* Replaces an earlier one of the same key. */
void reservation_make(struct reservations *reservations, const struct reservation_key *key,
                      const struct reservation *reservation, int64_t now);
/* What there is, if it is not too old; access 0: nothing. */
struct reservation reservation_find(struct reservations *reservations,
                                    const struct reservation_key *key, int64_t now);
void reservation_drop(struct reservations *reservations, const struct reservation_key *key);

#endif
