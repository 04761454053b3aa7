/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/readings.h"

#include <errno.h>
#include <stdlib.h>

#include "jitd/jitd.h"
#include "jitd/peer.h"

#define TOGETHER_MAX 8 /* tokens, half a millisecond: nobody waits longer for those behind them */

struct readings {
	struct jitd *jitd;
	struct reading_job *first, **last;
	size_t count, tokens;
	size_t threads;     /* that can run at a time */
	struct timer *soon; /* runs while any waits */
};

bool readings_wait(const struct readings *readings)
{
	return readings && readings->first;
}

void readings_add(struct readings *readings, struct reading_job *job)
{
	job->next = NULL;
	*readings->last = job;
	readings->last = &job->next;
	readings->tokens += job->tokens;
	if (!readings->count++)
		timer_start(readings->soon, 0);
}

/* As many of the first as have so many tokens, but at least one. */
static struct reading_job *take(struct readings *readings, size_t tokens)
{
	struct reading_job *first = readings->first, **end = &readings->first;
	size_t taken = 0;

	while (*end && (!taken || taken + (*end)->tokens <= tokens)) {
		taken += (*end)->tokens;
		end = &(*end)->next;
		readings->count--;
	}
	readings->tokens -= taken;
	readings->first = *end;
	*end = NULL;
	if (!readings->first)
		readings->last = &readings->first;
	return first;
}

/* Those that one thread reads; with the first come the others. */
static void read_all(void *first)
{
	for (const struct reading_job *job = first; job; job = job->next)
		job->read(job->context);
}

static void tell_all(void *first)
{
	struct reading_job *job = first;

	while (job) {
		struct reading_job *next = job->next; /* told, it may be gone */
		job->done(job->context);
		job = next;
	}
}

static void read_here(struct reading_job *first)
{
	read_all(first);
	tell_all(first);
}

static void give(struct loop *loop, struct reading_job *first)
{
	if (loop_work(loop, read_all, tell_all, first) < 0)
		read_here(first); /* slower for others, and none is lost */
}

static bool all_there_is(const struct readings *readings)
{
	const struct jitd *jitd = readings->jitd;

	if (readings->count != 1 || !jitd->peers || loop_work_in_flight(jitd->loop))
		return false;
	return peers_count(jitd->peers, PEER_PAM) + peers_count(jitd->peers, PEER_CLIENT) == 1;
}

/* libuv's timers run before the loop goes to sleep, and so before a commit is thought of. */
static void give_all(void *context)
{
	struct readings *readings = context;
	size_t share = (readings->tokens + readings->threads - 1) / readings->threads;

	if (all_there_is(readings)) {
		read_here(take(readings, 1));
		return;
	}
	while (readings->first)
		give(readings->jitd->loop,
		     take(readings, share < TOGETHER_MAX ? share : TOGETHER_MAX));
}

int readings_new(struct jitd *jitd, struct readings **ret_readings)
{
	struct readings *readings = calloc(1, sizeof(*readings));
	int r;

	if (!readings)
		return -ENOMEM;
	readings->jitd = jitd;
	readings->threads = loop_threads();
	readings->last = &readings->first;
	r = loop_timer(jitd->loop, give_all, readings, &readings->soon);
	if (r < 0) {
		readings_free(readings);
		return r;
	}
	*ret_readings = readings;
	return 0;
}

struct readings *readings_free(struct readings *readings)
{
	if (!readings)
		return NULL;
	timer_free(readings->soon);
	free(readings);
	return NULL;
}
