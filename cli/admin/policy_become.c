/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/policy_become.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/glob.h"
#include "policy/roster.h"
#include "policy/scope.h"

/* Of all rules that allow; each once, with the first rule that holds it. */
static int collect_groups(const struct policy *policy, struct roster *groups)
{
	int r = 0;

	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		const struct rule *rule = policy_rule_at(policy, i);
		for (size_t k = 0; rule->effect == DECISION_ALLOW && k < rule->approvers.count; k++)
			if (rule->approvers.items[k][0] == '%' && r == 0)
				r = roster_add(groups, rule->approvers.items[k] + 1, rule);
	}
	roster_sort(groups);
	roster_once(groups);
	return r;
}

/* Those that others than their owners may ask for. */
static int collect_accounts(const struct policy *policy, struct roster *accounts)
{
	int r = 0;

	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		const struct rule *rule = policy_rule_at(policy, i);
		for (size_t k = 0; rule->effect == DECISION_ALLOW && k < rule->scope.count; k++) {
			const char *account = strchr(rule->scope.items[k], ':') + 1;
			if (rule_names_others(rule, account) && !glob_is(account) && r == 0)
				r = roster_add(accounts, account, rule);
		}
	}
	roster_sort(accounts);
	roster_once(accounts);
	return r;
}

static const struct roster_row *find_group(const struct roster *groups,
                                           const struct identity *person)
{
	for (size_t i = 0; person->uid != 0 && i < groups->count; i++)
		if (identity_in_group(person, groups->rows[i].name))
			return &groups->rows[i];
	return NULL;
}

static void warn(const struct roster_row *account, const struct roster_row *group,
                 policy_report *report, void *context)
{
	char line[FAULT_SIZE * 2];

	(void)snprintf(line, sizeof(line),
	               "%s:%u: scope: rule \"%s\" lets somebody become \"%s\", who is in %%%s and "
	               "approves in rule \"%s\"; take one of the two out",
	               account->rule->file, account->rule->line, account->rule->title,
	               account->name, group->name, group->rule->title);
	report(context, POLICY_WARNING, line);
}

int policy_become_check(const struct policy *policy, const struct policy_lookup *lookup,
                        policy_report *report, void *context)
{
	cleanup(roster_done) struct roster groups = {0}, accounts = {0};
	int r = collect_groups(policy, &groups);

	if (r == 0)
		r = collect_accounts(policy, &accounts);
	for (size_t i = 0; r == 0 && groups.count && i < accounts.count; i++) {
		cleanup(cleanup_identity) struct identity *person = NULL;
		const struct roster_row *group;
		r = lookup->user(accounts.rows[i].name, &person);
		if (r < 0 && r != -ENOMEM)
			r = 0;
		group = person ? find_group(&groups, person) : NULL;
		if (group)
			warn(&accounts.rows[i], group, report, context);
		if (r == IDENTITY_UNKNOWN)
			r = 0;
	}
	return r;
}
