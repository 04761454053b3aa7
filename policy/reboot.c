/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/advise.h"
#include "policy/glob.h"
#include "policy/rules.h"
#include "policy/scope.h"

/* A door that somebody comes in by who is not in yet. */
static bool is_way_in(const char *scope)
{
	return scope_has_service(scope, "ssh") || scope_has_service(scope, "login");
}

static bool guards_ways_in(const struct policy *policy)
{
	for (size_t i = 0; i < policy->count; i++)
		for (size_t k = 0; k < policy->rules[i].scope.count; k++)
			if (is_way_in(policy->rules[i].scope.items[k]))
				return true;
	return false;
}

/* Does the rule let whom `name` names into their own account? A group's people by "~" or a pattern
 * alone. */
static bool lets_in(const struct rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->scope.count; i++) {
		const char *scope = rule->scope.items[i], *account = scope_account(scope);
		if (!is_way_in(scope))
			continue;
		if (!strcmp(account, SCOPE_OWN) || glob_matches(account, name, "") ||
		    (name[0] == '%' && glob_is(account)))
			return true;
	}
	return false;
}

/* Rules whose people are in: by its index. */
struct inside {
	bool *rules; /* some people of this rule can get in by it */
	const struct policy *policy;
};

static void inside_done(struct inside *inside)
{
	free(inside->rules);
}

/* Could one of whom `name` names be in? Who is a member of a group is not known here: so a group
 * and a person may be the same. */
static bool may_be_in(const struct inside *inside, const char *name)
{
	for (size_t i = 0; i < inside->policy->count; i++) {
		const struct rule *rule = &inside->policy->rules[i];
		for (size_t k = 0; inside->rules[i] && k < rule->who.count; k++) {
			const char *other = rule->who.items[k];
			bool grouped = name[0] == '%' || other[0] == '%';
			if (lets_in(rule, other) && (grouped || !strcmp(name, other)))
				return true;
		}
	}
	return false;
}

static bool any_approver_in(const struct inside *inside, const struct rule *rule)
{
	for (size_t i = 0; i < rule->approvers.count; i++)
		if (may_be_in(inside, rule->approvers.items[i]))
			return true;
	return false;
}

static bool any_let_in(const struct rule *rule)
{
	for (size_t i = 0; i < rule->who.count; i++)
		if (lets_in(rule, rule->who.items[i]))
			return true;
	return false;
}

/* Who is in lets others in, until nobody more comes. */
static void let_in(struct inside *inside)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < inside->policy->count; i++) {
			const struct rule *rule = &inside->policy->rules[i];
			if (inside->rules[i] || rule->effect != DECISION_ALLOW || !any_let_in(rule))
				continue;
			inside->rules[i] = !rule->approvals || any_approver_in(inside, rule);
			more |= inside->rules[i];
		}
	}
}

/* One warning, however many rules: the way out is the same. */
static void say(const struct inside *inside, struct complaints *complaints)
{
	const struct rule *first = NULL;
	size_t stuck = 0;

	for (size_t i = 0; i < inside->policy->count; i++) {
		const struct rule *rule = &inside->policy->rules[i];
		if (rule->effect != DECISION_ALLOW || !rule->approvals ||
		    any_approver_in(inside, rule))
			continue;
		first = first ? first : rule;
		stuck++;
	}
	if (!first)
		return;
	complaints->file = first->file;
	caution(complaints, first->line, "approvers",
	        "rule \"%s\"%s: after a reboot nobody is logged in, and no approver could get in "
	        "without another's approval; let one in with approvals = 0, or keep a way in that "
	        "is not guarded",
	        first->title, stuck > 1 ? " and others" : "");
}

int advise_reboot(const struct policy *policy, struct complaints *complaints)
{
	cleanup(inside_done) struct inside inside = {.policy = policy};

	if (!guards_ways_in(policy))
		return 0;
	inside.rules = calloc(policy->count + 1, sizeof(inside.rules[0]));
	if (!inside.rules)
		return -ENOMEM;
	let_in(&inside);
	say(&inside, complaints);
	return 0;
}
