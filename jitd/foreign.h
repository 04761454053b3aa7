/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token of another issuer: read as far as it can be read without changing anything, and made out
 * to be a user, scopes and a time of this host. Which trust it belongs to is never taken from what
 * nobody has verified: each trust that has its key is tried in the order of jitd.conf, and the
 * first that takes it counts. What it opens is jitd/arrival's.
 */
#ifndef JIT_JITD_FOREIGN_H
#define JIT_JITD_FOREIGN_H

#include "jitd/judge.h"
#include "policy/trust.h"

struct foreign {
	enum reason reason;        /* NONE: all of what follows is set */
	enum token_reason token;   /* where reason is TOKEN */
	char why[FAULT_SIZE];      /* more about it, for who brought it and the log; may be "" */
	const struct trust *trust; /* the one that took it; NULL: none did */
	struct foreign_claims claims;
	char scopes[SCOPES_SIZE];
	int64_t ends;
	enum names_result subject_result;
	struct identity *subject; /* the local user it stands for; owned; NULL: not found */
};

/* Who is to read a token, by the key that it names. What names one of our own goes our own road and
 * no other. */
enum whose { WHOSE_NOBODYS = 0, WHOSE_OURS, WHOSE_OTHERS };
enum whose foreign_whose(const struct jitd *jitd, const char *text);

/* Calls `done` exactly once, now or later, with what it must give to foreign_free(), or NULL: no
 * memory. `text` is copied, and the copy wiped. Files that have changed are read again before. */
typedef void foreign_done(void *context, struct foreign *foreign);
void foreign_read(struct jitd *jitd, const char *text, enum names_lane lane, foreign_done *done,
                  void *context);
struct foreign *foreign_free(struct foreign *foreign); /* takes NULL, returns NULL */

#endif
