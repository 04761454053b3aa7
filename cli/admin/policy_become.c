/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/policy_become.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/glob.h"
#include "policy/scope.h"

/* A name, and a rule that holds it: a group that approves, or an account that is opened. */
struct named {
	const char *name;
	const struct rule *rule;
};

struct names {
	struct named *items;
	size_t count;
};

static void names_done(struct names *names)
{
	free(names->items);
}

static int by_name(const void *a, const void *b)
{
	const struct named *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : (one->rule > other->rule) - (one->rule < other->rule);
}

typedef void collect_of(const struct rule *rule, struct names *names);

static void collect_groups(const struct rule *rule, struct names *names)
{
	for (size_t i = 0; i < rule->approvers.count; i++)
		if (rule->approvers.items[i][0] == '%')
			names->items[names->count++] =
			        (struct named){rule->approvers.items[i] + 1, rule};
}

static void collect_accounts(const struct rule *rule, struct names *names)
{
	for (size_t i = 0; i < rule->scope.count; i++) {
		const char *account = strchr(rule->scope.items[i], ':') + 1;
		bool own = rule->who.count == 1 && !strcmp(rule->who.items[0], account);
		if (!own && !glob_is(account) && strcmp(account, SCOPE_OWN) != 0)
			names->items[names->count++] = (struct named){account, rule};
	}
}

/* Of all rules that allow; each name once, with the first rule that holds it. */
static int gather(const struct policy *policy, collect_of *collect, struct names *names)
{
	size_t most = 1, kept = 0;

	for (size_t i = 0; i < policy_rule_count(policy); i++)
		most += policy_rule_at(policy, i)->approvers.count +
		        policy_rule_at(policy, i)->scope.count;
	names->items = reallocarray(NULL, most, sizeof(names->items[0]));
	if (!names->items)
		return -ENOMEM;
	for (size_t i = 0; i < policy_rule_count(policy); i++)
		if (policy_rule_at(policy, i)->effect == DECISION_ALLOW)
			collect(policy_rule_at(policy, i), names);
	qsort(names->items, names->count, sizeof(names->items[0]), by_name);
	for (size_t i = 0; i < names->count; i++)
		if (!kept || strcmp(names->items[kept - 1].name, names->items[i].name) != 0)
			names->items[kept++] = names->items[i];
	names->count = kept;
	return 0;
}

static const struct named *find_group(const struct names *groups, const struct identity *person)
{
	for (size_t i = 0; person->uid != 0 && i < groups->count; i++)
		if (identity_in_group(person, groups->items[i].name))
			return &groups->items[i];
	return NULL;
}

static void warn(const struct named *account, const struct named *group, policy_report *report,
                 void *context)
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
	cleanup(names_done) struct names groups = {0}, accounts = {0};
	int r = gather(policy, collect_groups, &groups);

	if (r == 0)
		r = gather(policy, collect_accounts, &accounts);
	for (size_t i = 0; r == 0 && groups.count && i < accounts.count; i++) {
		cleanup(cleanup_identity) struct identity *person = NULL;
		const struct named *group;
		r = lookup->user(accounts.items[i].name, &person);
		if (r < 0 && r != -ENOMEM)
			r = 0;
		group = person ? find_group(&groups, person) : NULL;
		if (group)
			warn(&accounts.items[i], group, report, context);
		if (r == IDENTITY_UNKNOWN)
			r = 0;
	}
	return r;
}
