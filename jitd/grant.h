/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the last approval to the end: minting the held token, and the deadlines.
 */
#ifndef JIT_JITD_GRANT_H
#define JIT_JITD_GRANT_H

#include "jitd/access.h"

/* Mints on the pool, then activates in a message of its own: the access must still be pending, with
 * its approvals and without a denial. `done` is called once, on the loop, after that message and
 * before its commit, so that the caller's answer can wait for it (txn_wait); active: whether it is
 * now. */
typedef void grant_done(void *context, bool active);
void grant_activate(struct jitd *jitd, uint32_t access, grant_done *done, void *context);

/* Within a message: a pending access becomes active, and no token of it is held. Writes no event.
 */
must_check int grant_at_once(struct jitd *jitd, uint32_t access, int64_t now, int64_t boot);

/* Lapses and expires what is due, activates what has its approvals (after a crash in between), and
 * sets the timer for the next. */
void grant_look(struct jitd *jitd);

#endif
