/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that are well-formed and yet must not load, as far as the text alone shows it. Groups are
 * not looked into: who is in one is asked again at each approval.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/glob.h"
#include "policy/roster.h"
#include "policy/rules.h"
#include "policy/scope.h"
#include "policy/strings.h"

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

	if (names_hold_group(approvers))
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

/* ---- becoming somebody who approves ---- */

/* Who approves by name, and where. */
static int collect_approvers(const struct policy *policy, struct roster *approvers)
{
	int r = 0;

	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		for (size_t k = 0; rule->effect == DECISION_ALLOW && k < rule->approvers.count; k++)
			if (rule->approvers.items[k][0] != '%' && r == 0)
				r = roster_add(approvers, rule->approvers.items[k], rule);
	}
	roster_sort(approvers);
	roster_once(approvers);
	return r;
}

/* The first approver whom this account, which may be a pattern, stands for, and whom others could
 * so become: one of those whose names begin as it does. */
static const struct roster_row *find_become(const struct roster *approvers, const struct rule *rule,
                                            const char *account)
{
	size_t begin = strcspn(account, "*?");

	for (size_t i = roster_prefix(approvers, account, begin); i < approvers->count; i++) {
		const char *name = approvers->rows[i].name;
		if (strncmp(name, account, begin) != 0)
			break;
		if (glob_matches(account, name, "") && rule_names_others(rule, name))
			return &approvers->rows[i];
	}
	return NULL;
}

/* Who can become an approver could say yes in that person's name. */
static void review_accounts(const struct roster *approvers, const struct rule *rule,
                            struct complaints *complaints)
{
	for (size_t i = 0; i < rule->scope.count; i++) {
		const struct roster_row *approver =
		        find_become(approvers, rule, scope_account(rule->scope.items[i]));
		if (!approver)
			continue;
		complain(complaints, rule->line, "scope",
		         "rule \"%s\" lets somebody become \"%s\", who approves in rule \"%s\"; "
		         "take one of the two out",
		         rule->title, approver->name, approver->rule->title);
		return;
	}
}

/* ---- held tokens ---- */

/* A held token opens for its subject. At a login the only name that anything vouches for is the
 * account's: nobody says that it is the subject who comes in there as somebody else. */
static void review_present(const struct rule *rule, struct complaints *complaints)
{
	if (rule->present != PRESENT_HELD || rule->bind_ssh_key)
		return;
	for (size_t i = 0; i < rule->scope.count; i++) {
		const char *scope = rule->scope.items[i];
		if (!scope_may_be_login(scope) || !rule_names_others(rule, scope_account(scope)))
			continue;
		complain(complaints, rule->line, "present",
		         "rule \"%s\": %s is another's account for some in who; write present = "
		         "\"typed\"%s",
		         rule->title, scope,
		         scope_may_have_service(scope, "ssh") ? ", or bind = {\"ssh-key\"}" : "");
		return;
	}
}

int policy_review(const struct policy *policy, struct complaints *complaints)
{
	cleanup(roster_done) struct roster approvers = {0};
	int r = collect_approvers(policy, &approvers);

	for (size_t i = 0; i < policy->count && r == 0; i++) {
		const struct rule *rule = &policy->rules[i];
		if (rule->effect != DECISION_ALLOW)
			continue;
		complaints->file = rule->file;
		if (rule->approvals)
			review_approvers(rule, complaints);
		review_accounts(&approvers, rule, complaints);
		review_present(rule, complaints);
	}
	return r;
}
