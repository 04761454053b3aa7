/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/candidates.h"

#include <string.h>

#include "policy/glob.h"

static bool is_pattern(const char *scope)
{
	return glob_is(scope) || strstr(scope, ":" SCOPE_OWN);
}

static int add(struct candidates *made, const struct rule *rule)
{
	int r = 0;

	for (size_t i = 0; i < rule->scope.count && r == 0; i++) {
		const char *scope = rule->scope.items[i];
		r = roster_add(is_pattern(scope) ? &made->patterns : &made->written, scope, rule);
	}
	return r;
}

int candidates_make(const struct rule *rules, size_t count, struct candidates *ret_candidates)
{
	struct candidates made = {0};
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = add(&made, &rules[i]);
	if (r < 0) {
		candidates_done(&made);
		return r;
	}
	roster_sort(&made.written);
	*ret_candidates = made;
	return 0;
}

void candidates_done(struct candidates *candidates)
{
	roster_done(&candidates->written);
	roster_done(&candidates->patterns);
}

static void add_list(struct candidate_walk *walk, const struct roster *roster, size_t begin,
                     size_t end)
{
	walk->lists[walk->count].at = roster->rows + begin;
	walk->lists[walk->count++].end = roster->rows + end;
}

void candidate_walk_begin(struct candidate_walk *walk, const struct candidates *candidates,
                          const char (*scopes)[SCOPE_SIZE], size_t count)
{
	const struct roster *written = &candidates->written, *patterns = &candidates->patterns;

	walk->count = 0;
	if (patterns->count)
		add_list(walk, patterns, 0, patterns->count);
	for (size_t i = 0; i < count && written->count; i++)
		add_list(walk, written, roster_begin(written, scopes[i]),
		         roster_end(written, scopes[i]));
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
