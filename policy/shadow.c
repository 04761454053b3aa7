/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/advise.h"
#include "policy/glob.h"
#include "policy/roster.h"
#include "policy/rules.h"
#include "policy/scope.h"
#include "policy/strings.h"

/* ---- does `outer` match whatever `inner` matches? ---- */

static bool covers_patterns(const struct strings *outer, const struct strings *inner,
                            const char *dividers)
{
	for (size_t i = 0; i < inner->count; i++) {
		bool covered = false;
		for (size_t k = 0; k < outer->count && !covered; k++)
			covered = glob_covers(outer->items[k], inner->items[i], dividers);
		if (!covered)
			return false;
	}
	return true;
}

static bool covers_names(const struct strings *outer, const struct strings *inner)
{
	for (size_t i = 0; i < inner->count; i++)
		if (!strings_hold(outer, inner->items[i]))
			return false;
	return true;
}

static bool covers_commands(const struct rule *outer, const struct rule *inner)
{
	if (!outer->commands.count)
		return true;
	for (size_t i = 0; i < inner->commands.count; i++)
		if (command_goes_up(inner->commands.items[i]) &&
		    !strings_hold(&outer->commands, inner->commands.items[i]))
			return false;
	return inner->commands.count &&
	       covers_patterns(&outer->commands, &inner->commands, GLOB_COMMAND);
}

static bool covers_hosts(const struct rule *outer, const struct rule *inner)
{
	if (!outer->hosts.count)
		return outer->effect != DECISION_ALLOW || !inner->hosts.count;
	if (strings_hold(&outer->hosts, "*"))
		return true;
	/* "**" does not cross a dot, as "*" does */
	return inner->hosts.count && !strings_hold(&inner->hosts, "*") &&
	       covers_patterns(&outer->hosts, &inner->hosts, GLOB_HOST);
}

static bool covers_via(const struct rule *outer, const struct rule *inner)
{
	if (!outer->via)
		return outer->effect != DECISION_ALLOW || !inner->via;
	return inner->via && !strcmp(outer->via, inner->via);
}

static bool has_window(const struct windows *windows, const struct window *window)
{
	for (size_t i = 0; i < windows->count; i++)
		if ((windows->items[i].days & window->days) == window->days &&
		    windows->items[i].begin == window->begin &&
		    windows->items[i].end == window->end)
			return true;
	return false;
}

static bool covers_when(const struct rule *outer, const struct rule *inner)
{
	if (!outer->when.count)
		return true;
	for (size_t i = 0; i < inner->when.count; i++)
		if (!has_window(&outer->when, &inner->when.items[i]))
			return false;
	return inner->when.count > 0;
}

static bool covers(const struct rule *outer, const struct rule *inner)
{
	return covers_names(&outer->who, &inner->who) &&
	       covers_patterns(&outer->scope, &inner->scope, GLOB_SCOPE) &&
	       covers_commands(outer, inner) && covers_hosts(outer, inner) &&
	       covers_via(outer, inner) && covers_when(outer, inner);
}

/* ---- which earlier rules to ask ---- */

/* By name in `who`. What covers a rule names whomever it names: so only rules that name the first
 * of its people need be asked. */
static int collect(const struct policy *policy, struct roster *people)
{
	int r = 0;

	for (size_t i = 0; i < policy->count && r == 0; i++)
		r = roster_add_all(people, &policy->rules[i].who, &policy->rules[i]);
	roster_sort(people);
	return r;
}

/* What covers a rule also takes in the first of its scopes. Both lists hold all that could, in
 * evaluation order: so whichever ends first has the answer, and one that grows with the policy does
 * not matter while the other is short. */
static const struct rule *find_shadow(const struct policy *policy, const struct roster *people,
                                      const struct rule *rule)
{
	const char *name = rule->who.items[0];
	struct candidate_walk walk;
	size_t end;
	char scope[1][SCOPE_SIZE];

	if (text_copy(scope[0], SCOPE_SIZE, rule->scope.items[0]) < 0)
		return NULL;
	candidate_walk_begin(&walk, &policy->candidates, scope, 1);
	end = roster_end(people, name);
	for (size_t i = roster_begin(people, name); i < end; i++) {
		const struct rule *other = people->rows[i].rule, *next = candidate_walk_next(&walk);
		if (!next || next >= rule || other >= rule)
			return NULL;
		if (covers(other, rule))
			return other;
		if (covers(next, rule))
			return next;
	}
	return NULL;
}

/* A deny rule still decides below a rule that allows, for requests that this one does not hold
 * whole: for another scope besides, another host, another trust. */
static void say(const struct rule *rule, const struct rule *shadow, struct complaints *complaints)
{
	bool too_late = rule->effect != DECISION_ALLOW && shadow->effect == DECISION_ALLOW;

	complaints->file = rule->file;
	caution(complaints, rule->line, "rule",
	        too_late ? "\"%s\" denies too late: rule \"%s\" (%.255s:%u) allows the same, and "
	                   "matches first; put it before that one"
	                 : "\"%s\" never decides: rule \"%s\" (%.255s:%u) matches first; put it "
	                   "before that one, or take it out",
	        rule->title, shadow->title, shadow->file, shadow->line);
}

int advise_shadows(const struct policy *policy, struct complaints *complaints)
{
	cleanup(roster_done) struct roster people = {0};
	int r = collect(policy, &people);

	for (size_t i = 0; i < policy->count && r == 0; i++) {
		const struct rule *rule = &policy->rules[i];
		const struct rule *shadow = find_shadow(policy, &people, rule);
		if (shadow)
			say(rule, shadow, complaints);
	}
	return r;
}
