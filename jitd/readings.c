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

/* Those that one thread reads. */
struct group {
	struct reading_job *first;
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

static void read_all(struct reading_job *job)
{
	for (; job; job = job->next)
		job->read(job->context);
}

static void tell_all(struct reading_job *job)
{
	while (job) {
		struct reading_job *next = job->next; /* told, it may be gone */
		job->done(job->context);
		job = next;
	}
}

static void read_group(void *context)
{
	const struct group *group = context;

	read_all(group->first);
}

static void tell_group(void *context)
{
	struct group *group = context;

	tell_all(group->first);
	free(group);
}

static void read_here(struct reading_job *first)
{
	read_all(first);
	tell_all(first);
}

static void give(struct loop *loop, struct reading_job *first)
{
	struct group *group = calloc(1, sizeof(*group));

	if (group) {
		group->first = first;
		if (loop_work(loop, read_group, tell_group, group) == 0)
			return;
	}
	free(group);
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
