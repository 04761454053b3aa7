/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows for clients, from the reader (committed rows only, so no answer waits), a tenth of a
 * millisecond at a time, or one, however many are passed over: the next ones when the socket has
 * taken the last and whoever else came meanwhile has had a turn. Nobody is sent a row that they may
 * not see.
 */
#ifndef JIT_JITD_LISTING_H
#define JIT_JITD_LISTING_H

#include "jitd/call.h"

struct listing;

/* Answers list, show, watch, sessions, audit, keys and status. */
void listing_begin(struct call *call);
void listing_continue(struct peer *peer); /* held by the caller */
struct listing *listing_free(struct listing *listing);

/* After a commit: tells the peers that watch. */
void listing_tell_watchers(struct jitd *jitd);

#endif
