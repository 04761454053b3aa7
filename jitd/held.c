/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/held.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "jitd/readings.h"

struct reading {
	struct keys *keys; /* held */
	struct held *held;
	struct expectation expectation;
	struct reading_job job;
	void (*done)(void *context);
	void *context;
};

static void read_all(void *job)
{
	struct reading *reading = job;

	for (size_t i = 0; i < reading->held->count; i++) {
		struct candidate *candidate = &reading->held->candidates[i];
		token_read(candidate->token, strlen(candidate->token), keys_set(reading->keys),
		           &reading->expectation, &candidate->result);
	}
}

static void read_done(void *job)
{
	struct reading *reading = job;
	void (*done)(void *context) = reading->done;
	void *context = reading->context;

	keys_release(reading->keys);
	free(reading);
	done(context);
}

void held_read(struct jitd *jitd, const struct door *door, struct held *held,
               void (*done)(void *context), void *context)
{
	struct reading *reading = held->count ? calloc(1, sizeof(*reading)) : NULL;

	if (reading) {
		*reading = (struct reading){.keys = keys_hold(jitd->keys),
		                            .held = held,
		                            .expectation = order_expectation(jitd, door->now),
		                            .job = {.tokens = (unsigned int)held->count,
		                                    .read = read_all,
		                                    .done = read_done,
		                                    .context = reading},
		                            .done = done,
		                            .context = context};
		readings_add(jitd->readings, &reading->job);
	} else {
		done(context);
	}
}

static int held_token(struct store *store, uint32_t access, char **ret_token)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_TOKEN_HELD);
	int r;

	query_number(&query, ":access", access);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -ENOENT;
	*ret_token = strdup(query_column_text(&query, 0));
	return *ret_token ? 0 : -ENOMEM;
}

/* Most who come hold nothing, or one: the room for all is not part of each check. */
static int add(struct store *store, uint32_t access, struct held *held)
{
	struct candidate *candidate;

	if (!held->candidates)
		held->candidates = calloc(CANDIDATES, sizeof(*held->candidates));
	if (!held->candidates)
		return -ENOMEM;
	candidate = &held->candidates[held->count];
	if (held_token(store, access, &candidate->token) < 0)
		return 0; /* it has none that opens anything */
	candidate->access = access;
	held->count++;
	return 0;
}

int held_find(struct jitd *jitd, const struct door *door, struct held *held)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->store, STATEMENT_ACCESS_ACTIVE_OF);
	int r;

	query_number(&query, ":uid", door->uid);
	while ((r = query_step(&query)) == QUERY_ROW && held->count < CANDIDATES) {
		cleanup(cleanup_access) struct access *access = NULL;
		if (access_of_row(&query, &access) < 0 || access_is_elsewhere(jitd, access) ||
		    !door_fits(door, access->scope))
			continue;
		if (access->typed && !held->typed)
			held->typed = access->id;
		if (access->typed)
			continue;
		r = add(jitd->store, access->id, held);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 0;
}

int held_judge(struct jitd *jitd, const struct door *door, const struct held *held, uint32_t first,
               struct judgement *judgement)
{
	struct judgement why = {0}; /* of the first that did not fit, which is the newest */

	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < held->count; i++) {
			const struct candidate *candidate = &held->candidates[i];
			struct evidence evidence = {.token = &candidate->result, .kind = KIND_HELD};
			int r;
			if ((candidate->access == first) != (round == 0))
				continue;
			r = judge_candidate(jitd, door, candidate->access, &evidence, judgement);
			if (r < 0 || judgement->decision == DECISION_ALLOW)
				return r;
			if (why.reason == REASON_NONE)
				why = *judgement;
		}
	if (!held->count)
		return judge_nothing(jitd, door, judgement);
	*judgement = why;
	return 0;
}

void held_wipe(struct held *held)
{
	for (size_t i = 0; i < held->count; i++)
		cleanup_secret(&held->candidates[i].token);
	free(held->candidates);
	held->candidates = NULL;
	held->count = 0;
}
