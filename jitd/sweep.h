/* SPDX-License-Identifier: Apache-2.0 */
/*
 * After the rules were read anew: requests whose rule has changed or is gone lapse, and if wanted
 * the accesses end that the rules would not give any more, and that are active or have an open
 * session. A page of accesses at a time, each in a message of its own, so that ten thousand do not
 * hold up the checks; those that are not reached yet are judged by the new rules wherever they are
 * used (jitd/standing.h, jitd/grant.h, jitd/judge.h, jitd/recheck.h).
 */
#ifndef JIT_JITD_SWEEP_H
#define JIT_JITD_SWEEP_H

#include "jitd/jitd.h"

struct swept {
	int result; /* 0, or -errno: not all was done, or not all is on disk */
	size_t lapsed, revoked;
	size_t unknown; /* active accesses whose subject NSS did not tell: their next check will */
};

/* Called once, on the loop; where the result is 0 a transaction is open, so that an answer can wait
 * for what is not committed yet (txn_wait). */
typedef void sweep_done(void *context, const struct swept *swept);

/* `actor`: who revokes, copied; NULL: active accesses stay as they are. `done` may be NULL, and may
 * be called before this returns. */
void sweep_begin(struct jitd *jitd, const char *actor, sweep_done *done, void *context);

/* All of it at once and inside the caller's message: before anybody is served. */
must_check int sweep_pending(struct jitd *jitd, int64_t now);

/* Ends those under way with -ECANCELED. */
void sweeps_end(struct jitd *jitd);

#endif
