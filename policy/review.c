/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that are well-formed and yet must not load, as far as the text alone shows it. Groups are
 * not looked into: who is in one is asked again at each approval.
 */
#include <string.h>

#include "policy/rules.h"
#include "policy/scope.h"
#include "policy/strings.h"

static bool has_group(const struct strings *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->items[i][0] == '%')
			return true;
	return false;
}

/* How many could approve a request of `who`; nobody approves their own. */
static size_t approvers_for(const struct rule *rule, const char *who)
{
	return rule->approvers.count - strings_hold(&rule->approvers, who);
}

/* Can enough people approve? */
static void review_approvers(const struct rule *rule, struct complaints *complaints)
{
	const struct strings *approvers = &rule->approvers;
	size_t stuck = 0;

	if (has_group(approvers))
		return;
	if (approvers->count < rule->approvals) {
		complain(complaints, rule->line, "approvers",
		         "rule \"%s\" wants %u approvals and names %zu; name more people, or want "
		         "fewer",
		         rule->title, rule->approvals, approvers->count);
		return;
	}
	for (size_t i = 0; i < rule->who.count; i++)
		stuck += approvers_for(rule, rule->who.items[i]) < rule->approvals;
	if (stuck && stuck == rule->who.count)
		complain(complaints, rule->line, "approvers",
		         "rule \"%s\": nobody approves their own request, so nobody in who could "
		         "get approvals = %u; name more people",
		         rule->title, rule->approvals);
	else if (stuck)
		caution(complaints, rule->line, "approvers",
		        "rule \"%s\": nobody approves their own request, so some in who could "
		        "never get approvals = %u; name more people",
		        rule->title, rule->approvals);
}

static const char *account_of(const char *scope)
{
	return strchr(scope, ':') + 1;
}

/* May anybody but the owner of `account` ask? */
static bool names_others(const struct rule *rule, const char *account)
{
	return rule->who.count != 1 || strcmp(rule->who.items[0], account);
}

/* Does the rule let anybody else become `account`? */
static bool lets_become(const struct rule *rule, const char *account)
{
	bool others = names_others(rule, account);

	for (size_t i = 0; others && i < rule->scope.count; i++)
		if (!strcmp(account_of(rule->scope.items[i]), account))
			return true;
	return false;
}

/* Who can become an approver could say yes in that person's name. */
static void review_accounts(const struct policy *policy, const struct rule *rule,
                            struct complaints *complaints)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *other = &policy->rules[i];
		for (size_t k = 0; other->effect == DECISION_ALLOW && k < other->approvers.count;
		     k++) {
			const char *approver = other->approvers.items[k];
			if (!lets_become(rule, approver))
				continue;
			complain(complaints, rule->line, "scope",
			         "rule \"%s\" lets somebody become \"%s\", who approves in rule "
			         "\"%s\"; take one of the two out",
			         rule->title, approver, other->title);
			return;
		}
	}
}

/* A held token opens for its subject. At these doors the only name that anything vouches for is the
 * account's: nobody says that it is the subject who comes in there as somebody else. */
static bool door_knows_account_alone(const char *scope)
{
	return scope_has_service(scope, "ssh") || scope_has_service(scope, "login");
}

static void review_present(const struct rule *rule, struct complaints *complaints)
{
	if (rule->present != PRESENT_HELD)
		return;
	for (size_t i = 0; i < rule->scope.count; i++) {
		const char *scope = rule->scope.items[i];
		if (!door_knows_account_alone(scope) || !names_others(rule, account_of(scope)))
			continue;
		complain(complaints, rule->line, "present",
		         "rule \"%s\": %s is another's account for some in who; write present = "
		         "\"typed\"",
		         rule->title, scope);
		return;
	}
}

void policy_review(const struct policy *policy, struct complaints *complaints)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->effect != DECISION_ALLOW)
			continue;
		complaints->file = rule->file;
		if (rule->approvals)
			review_approvers(rule, complaints);
		review_accounts(policy, rule, complaints);
		review_present(rule, complaints);
	}
}
