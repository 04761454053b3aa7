/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "jitd/names_cache.h"
#include "jitd/names_crew.h"

struct waiter {
	names_answer *answer;
	void *context;
	struct waiter *next;
};

/* One question to NSS, and all who wait for its answer. */
struct lookup {
	struct names_key key;
	enum names_lane lane;
	int64_t asked;
	uint64_t generation;
	struct crew_job *job; /* NULL once its answer was taken */
	struct waiter *waiters, **end;
	struct lookup *next;
};

struct names {
	struct loop *loop;
	struct names_cache *cache;
	struct crew *crew;
	struct watch *watch;
	struct timer *timer;
	bool armed, closing;
	struct lookup *open[LANES]; /* the oldest first */
	uint64_t turn;              /* of the loop, in which the files were looked at last */
	uint64_t generation;        /* that they were found at then */
};

static void cleanup_names(struct names **where)
{
	names_free(*where);
}

/* ---- answers ---- */

uint64_t names_generation(struct names *names)
{
	names->generation = names_cache_check(names->cache);
	names->turn = loop_turns(names->loop);
	return names->generation;
}

static void answer_all(struct lookup *lookup, enum names_result result,
                       const struct identity *identity)
{
	while (lookup->waiters) {
		struct waiter *waiter = lookup->waiters;
		lookup->waiters = waiter->next;
		waiter->answer(waiter->context, result, identity);
		free(waiter);
	}
	free(lookup);
}

static void unlink_lookup(struct names *names, const struct lookup *lookup)
{
	struct lookup **at = &names->open[lookup->lane];

	while (*at != lookup)
		at = &(*at)->next;
	*at = lookup->next;
}

/* A copy, since an answer may look up more, and so change the cache. */
static enum names_result last_answer(const struct names *names, const struct names_key *key,
                                     int64_t now, int64_t age_max, struct identity **ret_identity)
{
	const struct identity *identity = NULL;
	enum names_result result = names_cache_find(names->cache, key, now, age_max, &identity);

	if (result != NAMES_FOUND)
		return result;
	*ret_identity = identity_copy(identity);
	return *ret_identity ? NAMES_FOUND : NAMES_FAILED;
}

/* What NSS's failure comes to. */
static enum names_result stand_in(struct names *names, const struct names_key *key,
                                  struct identity **ret_identity)
{
	(void)names_generation(names);
	return last_answer(names, key, crew_now(), NAMES_STALE_MS, ret_identity) == NAMES_FOUND
	               ? NAMES_STALE
	               : NAMES_FAILED;
}

static void settle_failed(struct names *names, struct lookup *lookup)
{
	cleanup(cleanup_identity) struct identity *identity = NULL;
	enum names_result result = stand_in(names, &lookup->key, &identity);

	unlink_lookup(names, lookup);
	answer_all(lookup, result, identity);
}

static void settle(struct names *names, struct crew_answer *answer)
{
	cleanup(cleanup_identity) struct identity *identity = answer->identity;
	struct lookup *lookup = answer->owner;

	lookup->job = NULL;
	if (answer->result < 0) {
		settle_failed(names, lookup);
		return;
	}
	names_cache_keep(names->cache, lookup->generation, &lookup->key, lookup->asked, identity);
	unlink_lookup(names, lookup);
	answer_all(lookup, identity ? NAMES_FOUND : NAMES_UNKNOWN, identity);
}

/* ---- time ---- */

static bool overdue(const struct lookup *lookup, int64_t now)
{
	return now < lookup->asked || now - lookup->asked >= NAMES_DEADLINE_MS;
}

static void take_finished(struct names *names)
{
	struct crew_answer answer;

	crew_quiet(names->crew);
	while (crew_take(names->crew, &answer))
		settle(names, &answer);
}

static void expire(struct names *names, int64_t now)
{
	for (size_t i = 0; i < LANES; i++)
		while (names->open[i] && overdue(names->open[i], now)) {
			struct lookup *lookup = names->open[i];
			crew_drop(names->crew, take_ptr(lookup->job));
			settle_failed(names, lookup);
		}
}

static void arm(struct names *names)
{
	int64_t next = crew_deadline(names->crew), now = crew_now();

	for (size_t i = 0; i < LANES; i++) {
		const struct lookup *oldest = names->open[i];
		if (oldest && oldest->asked < next - NAMES_DEADLINE_MS)
			next = oldest->asked + NAMES_DEADLINE_MS;
	}
	names->armed = next != INT64_MAX;
	if (names->armed)
		timer_start(names->timer, next > now ? (uint64_t)(next - now) : 1);
	else
		timer_stop(names->timer);
}

static void look_around(struct names *names)
{
	take_finished(names);
	crew_give_up(names->crew, crew_now());
	take_finished(names); /* the queue of a lane that nobody works in any more */
	arm(names);
}

static void on_event(void *context, int events)
{
	(void)events;
	look_around(context);
}

static void on_time(void *context)
{
	struct names *names = context;

	take_finished(names); /* what is here in time counts */
	expire(names, crew_now());
	look_around(names);
}

/* ---- questions ---- */

/* An answer is as old as its question: one that could not be cached any more is not joined, nor
 * one asked before the files changed. Never across lanes, which would share a slow one. */
static struct lookup *find_open(const struct names *names, enum names_lane lane,
                                const struct names_key *key, uint64_t generation, int64_t now)
{
	for (struct lookup *lookup = names->open[lane]; lookup; lookup = lookup->next)
		if (lookup->generation == generation && now - lookup->asked < NAMES_CACHE_MS &&
		    names_key_equal(&lookup->key, key))
			return lookup;
	return NULL;
}

static void append(struct names *names, struct lookup *lookup)
{
	struct lookup **at = &names->open[lookup->lane];

	while (*at)
		at = &(*at)->next;
	*at = lookup;
}

static int ask(struct names *names, const struct lookup *wanted, struct lookup **ret_lookup)
{
	cleanup(cleanup_free) struct lookup *lookup = malloc(sizeof(*lookup));
	int r;

	if (!lookup)
		return -ENOMEM;
	*lookup = *wanted;
	lookup->end = &lookup->waiters;
	r = crew_give(names->crew, lookup->lane, &lookup->key, lookup, &lookup->job);
	if (r < 0)
		return r;
	append(names, lookup);
	*ret_lookup = take_ptr(lookup);
	if (!names->armed)
		arm(names);
	return 0;
}

/* `waiter` is taken over when this succeeds. */
static int join_or_ask(struct names *names, const struct lookup *wanted, struct waiter *waiter)
{
	struct lookup *lookup =
	        find_open(names, wanted->lane, &wanted->key, wanted->generation, wanted->asked);
	int r = lookup ? 0 : ask(names, wanted, &lookup);

	if (r < 0)
		return r;
	*lookup->end = waiter;
	lookup->end = &waiter->next;
	return 0;
}

/* Once for all that was ready together: three stat() a check stood out in its profile. */
static uint64_t look_at_files(struct names *names)
{
	return names->turn == loop_turns(names->loop) ? names->generation : names_generation(names);
}

void names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                  names_answer *answer, void *context)
{
	cleanup(cleanup_free) struct waiter *waiter = calloc(1, sizeof(*waiter));
	cleanup(cleanup_identity) struct identity *identity = NULL;
	struct lookup wanted = {.key = *key, .lane = lane, .asked = crew_now()};
	enum names_result result = NAMES_FAILED;
	int r;

	if (!waiter || names->closing || strnlen(key->name, NAME_SIZE) == NAME_SIZE) {
		answer(context, NAMES_FAILED, NULL);
		return;
	}
	*waiter = (struct waiter){.answer = answer, .context = context};
	wanted.generation = look_at_files(names);
	result = last_answer(names, key, wanted.asked, NAMES_CACHE_MS, &identity);
	if (result == NAMES_FAILED) {
		r = join_or_ask(names, &wanted, waiter);
		if (r == 0) {
			(void)take_ptr(waiter);
			return;
		}
		if (r == -EAGAIN)
			result = stand_in(names, key, &identity);
	}
	answer(context, result, identity);
}

/* ---- the whole ---- */

int names_new(struct loop *loop, struct names **ret_names)
{
	cleanup(cleanup_names) struct names *names = calloc(1, sizeof(*names));
	int r;

	if (!names)
		return -ENOMEM;
	names->loop = loop;
	names->turn = UINT64_MAX; /* none */
	r = names_cache_new(&names->cache);
	if (r < 0)
		return r;
	r = crew_new(&names->crew);
	if (r < 0)
		return r;
	r = loop_watch(loop, crew_fd(names->crew), WATCH_READ, on_event, names, &names->watch);
	if (r < 0)
		return r;
	r = loop_timer(loop, on_time, names, &names->timer);
	if (r < 0)
		return r;
	*ret_names = take_ptr(names);
	return 0;
}

void names_close(struct names *names)
{
	if (!names)
		return;
	names->closing = true;
	for (size_t i = 0; i < LANES; i++)
		while (names->open[i]) {
			struct lookup *lookup = names->open[i];
			names->open[i] = lookup->next;
			crew_drop(names->crew, lookup->job);
			answer_all(lookup, NAMES_FAILED, NULL);
		}
}

struct names *names_free(struct names *names)
{
	if (!names)
		return NULL;
	names_close(names);
	watch_free(names->watch);
	timer_free(names->timer);
	crew_close(names->crew);
	names_cache_free(names->cache);
	free(names);
	return NULL;
}

unsigned int names_lost(const struct names *names, enum names_lane lane)
{
	return crew_lost(names->crew, lane);
}
