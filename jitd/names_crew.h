/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The threads that call NSS. Part of jitd/names, which alone uses them, from the loop's thread. In
 * each lane CREW_WORKERS threads at most take jobs from a queue of CREW_QUEUE. A thread that has
 * been on one job for NAMES_DEADLINE_MS is given up: it counts as lost until NSS lets go of it,
 * then it ends. Threads hold the crew, never the loop's memory, so that a lost one may come back
 * after crew_close().
 */
#ifndef JIT_JITD_NAMES_CREW_H
#define JIT_JITD_NAMES_CREW_H

#include <stdint.h>

#include "jitd/names.h"

#define CREW_WORKERS 2
#define CREW_QUEUE   256

struct crew;
struct crew_job;

int64_t crew_now(void); /* milliseconds on CLOCK_BOOTTIME; INT64_MAX when the clock fails */

must_check int crew_new(struct crew **ret_crew);
struct crew *crew_close(struct crew *crew); /* takes NULL, returns NULL; open jobs are dropped */
int crew_fd(const struct crew *crew); /* readable when a job is finished or a lost thread is back */

/* -ENOBUFS: the queue is full. -EAGAIN: too many threads are lost, or no thread can be had.
 * `owner` is handed back by crew_take(). The job stays the crew's. */
must_check int crew_give(struct crew *crew, enum names_lane lane, const struct names_key *key,
                         void *owner, struct crew_job **ret_job);
/* Nobody waits for it any more; it is not to be touched after this. */
void crew_drop(struct crew *crew, struct crew_job *job);

/* The next finished job; false: none. ret_result is 0 with an identity that is the caller's now,
 * IDENTITY_UNKNOWN, or -errno. */
struct crew_answer {
	void *owner;
	int result;
	struct identity *identity;
};
must_check bool crew_take(struct crew *crew, struct crew_answer *ret_answer);
void crew_quiet(struct crew *crew); /* before the crew_take()s: crew_fd is not readable any more */

/* Gives up who is past the deadline and puts others in their place. In a lane that has nobody left
 * to work, or NAMES_LOST_MAX lost, the queue is finished with -ETIMEDOUT. */
void crew_give_up(struct crew *crew, int64_t now);
int64_t crew_deadline(struct crew *crew); /* when crew_give_up() has work next; INT64_MAX: never */
unsigned int crew_lost(struct crew *crew, enum names_lane lane);

#endif
