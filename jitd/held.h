/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Held tokens: which of the subject's accesses could open a door without a word, and whether their
 * tokens are good. What counts is asked again in the message that decides.
 */
#ifndef JIT_JITD_HELD_H
#define JIT_JITD_HELD_H

#include "jitd/judge.h"

#define CANDIDATES 8 /* active accesses that are looked at, newest first */

struct candidate {
	uint32_t access;
	char *token;
	struct token_result result;
};

struct held {
	struct candidate *candidates; /* as many as there may be; NULL: none was found */
	size_t count;
	uint32_t typed; /* an active access that fits and wants its token typed; 0: none */
};

/* Within a message. -errno: undecided, and what was found is not read. */
must_check int held_find(struct jitd *jitd, const struct door *door, struct held *held);
/* Reads the tokens (jitd/readings), then calls `done`; where that cannot be, at once, and unread
 * tokens allow nothing. `held` and `door` must live until then. */
void held_read(struct jitd *jitd, const struct door *door, struct held *held,
               void (*done)(void *context), void *context);
/* The access `first` (0: none) before the others, which are as good where they fit; else why the
 * newest does not. */
must_check int held_judge(struct jitd *jitd, const struct door *door, const struct held *held,
                          uint32_t first, struct judgement *judgement);
/* Frees what held_find() found. */
void held_wipe(struct held *held);

#endif
