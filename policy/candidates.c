/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/candidates.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/glob.h"

static bool is_pattern(const char *scope)
{
	return glob_is(scope) || strstr(scope, ":" SCOPE_OWN);
}

static int by_scope(const void *a, const void *b)
{
	const struct candidate_scope *one = a, *other = b;
	int order = strcmp(one->scope, other->scope);

	return order ? order : (int)(one->rule - other->rule);
}

int candidates_make(const struct rule *rules, size_t count, struct candidates *ret_candidates)
{
	struct candidates made = {0};
	size_t most = 1;

	for (size_t i = 0; i < count; i++)
		most += rules[i].scope.count;
	made.written = reallocarray(NULL, most, sizeof(made.written[0]));
	made.patterns = reallocarray(NULL, most, sizeof(made.patterns[0]));
	if (!made.written || !made.patterns) {
		candidates_done(&made);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; k < rules[i].scope.count; k++) {
			const struct candidate_scope one = {rules[i].scope.items[k], &rules[i]};
			if (is_pattern(one.scope))
				made.patterns[made.pattern_count++] = one;
			else
				made.written[made.written_count++] = one;
		}
	qsort(made.written, made.written_count, sizeof(made.written[0]), by_scope);
	*ret_candidates = made;
	return 0;
}

void candidates_done(struct candidates *candidates)
{
	free(candidates->written);
	free(candidates->patterns);
	*candidates = (struct candidates){0};
}

/* How many scopes written out sort before this one (`after`: and with it). */
static size_t place_of(const struct candidates *candidates, const char *scope, bool after)
{
	size_t low = 0, high = candidates->written_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(candidates->written[middle].scope, scope);
		if (order < 0 || (after && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void add_list(struct candidate_walk *walk, const struct candidate_scope *at,
                     const struct candidate_scope *end)
{
	walk->lists[walk->count].at = at;
	walk->lists[walk->count++].end = end;
}

void candidate_walk_begin(struct candidate_walk *walk, const struct candidates *candidates,
                          const char (*scopes)[SCOPE_SIZE], size_t count)
{
	walk->count = 0;
	if (count)
		add_list(walk, candidates->patterns,
		         candidates->patterns + candidates->pattern_count);
	for (size_t i = 0; i < count; i++)
		add_list(walk, candidates->written + place_of(candidates, scopes[i], false),
		         candidates->written + place_of(candidates, scopes[i], true));
}

const struct rule *candidate_walk_next(struct candidate_walk *walk)
{
	const struct rule *next = NULL;

	for (size_t i = 0; i < walk->count; i++)
		if (walk->lists[i].at < walk->lists[i].end &&
		    (!next || walk->lists[i].at->rule < next))
			next = walk->lists[i].at->rule;
	for (size_t i = 0; i < walk->count; i++)
		while (walk->lists[i].at < walk->lists[i].end && walk->lists[i].at->rule == next)
			walk->lists[i].at++;
	return next;
}
