/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of tokens that are long over are forgotten, so that the database grows with accesses and
 * events, not with each token and code. Nothing can come back to life by it: a token of this host
 * opens only where its row says so, and rows of other issuers' tokens, whose absence would mean
 * that they are not spent, stay for good.
 *
 * A row outlives its token by an hour and a minute, by the highest time that was seen, and its
 * access and each session of it, since the end of a signing key ends what its tokens opened. A few
 * rows at a time, in a message of their own, some while apart: no check waits for more than that
 * (tests/bench, scale).
 */
#ifndef JIT_JITD_PURGE_H
#define JIT_JITD_PURGE_H

#include "jitd/jitd.h"

#define PURGE_OUTLIVES 3660   /* seconds */
#define PURGE_PAUSE_MS 50     /* from some rows to the next */
#define PURGE_EVERY_MS 900000 /* from the end of the table to its beginning */
#define PURGE_ROWS     8      /* in one message; it looks at 64 for them */

struct purge;
must_check int purge_new(struct jitd *jitd, struct purge **ret_purge);
struct purge *purge_free(struct purge *purge); /* takes NULL, returns NULL */

/* Soon, and again each PURGE_EVERY_MS: at start. */
void purge_begin(struct jitd *jitd);

#endif
