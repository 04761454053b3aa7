/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/advise.h"
#include "policy/glob.h"
#include "policy/roster.h"
#include "policy/rules.h"
#include "policy/scope.h"

/* A door that somebody comes in by who is not in yet, by name: what a pattern takes in besides may
 * be guarded or not. */
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
		if (!scope_may_be_login(scope))
			continue;
		if (!strcmp(account, SCOPE_OWN) || glob_matches(account, name, "") ||
		    (name[0] == '%' && glob_is(account)))
			return true;
	}
	return false;
}

/* Who is in, and by which rules. Who is a member of a group is not known here: so a group and a
 * person, or two groups, may be the same people. */
struct inside {
	const struct policy *policy;
	struct roster approvers; /* people and groups */
	bool *in;                /* by row of it: the person is in */
	bool person, group;      /* somebody is in; some group's people are */
	bool *rules;             /* by index: some people of this rule can get in by it */
	size_t *queue;           /* those of them whose people were not let in yet */
	size_t queued;
};

static void inside_done(struct inside *inside)
{
	roster_done(&inside->approvers);
	free(inside->in);
	free(inside->rules);
	free(inside->queue);
}

static int collect(const struct policy *policy, struct roster *approvers)
{
	int r = 0;

	for (size_t i = 0; i < policy->count && r == 0; i++)
		r = roster_add_all(approvers, &policy->rules[i].approvers, &policy->rules[i]);
	roster_sort(approvers);
	return r;
}

static int inside_make(const struct policy *policy, struct inside *inside)
{
	int r = collect(policy, &inside->approvers);

	inside->policy = policy;
	inside->in = calloc(inside->approvers.count + 1, sizeof(inside->in[0]));
	inside->rules = calloc(policy->count + 1, sizeof(inside->rules[0]));
	inside->queue = reallocarray(NULL, policy->count + 1, sizeof(inside->queue[0]));
	return r < 0 || !inside->in || !inside->rules || !inside->queue ? -ENOMEM : 0;
}

static bool may_be_in(const struct inside *inside, const char *name)
{
	if (inside->group || name[0] == '%')
		return inside->group || inside->person;
	return inside->in[roster_begin(&inside->approvers, name)];
}

static bool any_approver_in(const struct inside *inside, const struct rule *rule)
{
	for (size_t i = 0; i < rule->approvers.count; i++)
		if (may_be_in(inside, rule->approvers.items[i]))
			return true;
	return false;
}

/* ---- who is in lets others in, until nobody more comes ---- */

static void enter(struct inside *inside, const struct rule *rule)
{
	size_t at = (size_t)(rule - inside->policy->rules);

	if (inside->rules[at] || rule->effect != DECISION_ALLOW)
		return;
	inside->rules[at] = true;
	inside->queue[inside->queued++] = at;
}

/* The rules that anybody approves, or that somebody of a group does. */
static void enter_approved(struct inside *inside, bool by_groups_alone)
{
	const struct roster *approvers = &inside->approvers;

	for (size_t i = 0; i < approvers->count; i++)
		if (!by_groups_alone || approvers->rows[i].name[0] == '%')
			enter(inside, approvers->rows[i].rule);
}

static void let_in_group(struct inside *inside)
{
	if (!inside->group)
		enter_approved(inside, false);
	inside->group = true;
}

static void let_in_person(struct inside *inside, const char *name)
{
	const struct roster *approvers = &inside->approvers;
	size_t end = roster_end(approvers, name);

	if (!inside->person)
		enter_approved(inside, true);
	inside->person = true;
	for (size_t i = roster_begin(approvers, name); i < end && !inside->in[i]; i++) {
		inside->in[i] = true;
		enter(inside, approvers->rows[i].rule);
	}
}

static void let_in(struct inside *inside)
{
	for (size_t i = 0; i < inside->policy->count; i++)
		if (!inside->policy->rules[i].approvals)
			enter(inside, &inside->policy->rules[i]);
	while (inside->queued) {
		const struct rule *rule = &inside->policy->rules[inside->queue[--inside->queued]];
		for (size_t i = 0; i < rule->who.count; i++) {
			const char *name = rule->who.items[i];
			if (!lets_in(rule, name))
				continue;
			if (name[0] == '%')
				let_in_group(inside);
			else
				let_in_person(inside, name);
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
	cleanup(inside_done) struct inside inside = {0};
	int r;

	if (!guards_ways_in(policy))
		return 0;
	r = inside_make(policy, &inside);
	if (r < 0)
		return r;
	let_in(&inside);
	say(&inside, complaints);
	return 0;
}
