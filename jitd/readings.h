/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens to be read: what has come by the end of a turn of the loop goes to the pool together, some
 * to each thread, since to wake a thread and be woken by it costs as much as half a signature
 * (measured). Where one reading is all that there is to do, the loop's own thread does it: 65 of
 * the 560 us that a check took went into the two wakes.
 */
#ifndef JIT_JITD_READINGS_H
#define JIT_JITD_READINGS_H

#include <stdbool.h>

#include "base/error.h"

struct jitd;
struct readings;

/* The caller's, until `done` has been called. */
struct reading_job {
	struct reading_job *next;
	unsigned int
	        tokens; /* how many signatures are verified: no other work, others wait behind it */
	void (*read)(void *context); /* on any thread */
	void (*done)(void *context); /* on the loop's, later than readings_add() */
	void *context;
};

must_check int readings_new(struct jitd *jitd, struct readings **ret_readings);
struct readings *readings_free(struct readings *readings); /* takes NULL; none may be under way */
void readings_add(struct readings *readings, struct reading_job *job);
/* Is one added that has not gone to the pool yet? */
bool readings_wait(const struct readings *readings);

#endif
