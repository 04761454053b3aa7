/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/policy_names.h"

#include <errno.h>
#include <search.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/glob.h"

#define OWN_ACCOUNT "~"

const struct policy_lookup policy_names_here = {identity_by_name, identity_group_exists};

struct checking {
	const struct policy_lookup *lookup;
	policy_report *report;
	void *context;
	void *seen; /* tsearch(3): rules of a large site name the same people again and again */
	const struct rule *rule;
	const char *key;
};

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void checking_done(struct checking *checking)
{
	tdestroy(checking->seen, free);
}

/* 1: not seen before. */
static int is_new(struct checking *checking, const char *name)
{
	cleanup(cleanup_free) char *copy = strdup(name);
	void **node = copy ? tsearch(copy, &checking->seen, by_text) : NULL;

	if (!node)
		return -ENOMEM;
	if (*node != copy)
		return 0;
	(void)take_ptr(copy);
	return 1;
}

__attribute__((format(printf, 2, 3))) static void warn(struct checking *checking,
                                                       const char *format, ...)
{
	cleanup(cleanup_free) char *line = NULL;
	char what[FAULT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (asprintf(&line, "%s:%u: %s: %s", checking->rule->file, checking->rule->line,
	             checking->key, what) < 0)
		line = NULL;
	checking->report(checking->context, POLICY_WARNING, line ? line : what);
}

static void tell(struct checking *checking, const char *kind, const char *name, int r)
{
	if (r < 0)
		warn(checking, "rule \"%s\": %s \"%s\" cannot be looked up: %s",
		     checking->rule->title, kind, name, strerror(-r));
	else if (r == IDENTITY_UNKNOWN)
		warn(checking,
		     "rule \"%s\": no %s \"%s\" on this host; correct the name, or make the %s",
		     checking->rule->title, kind, name, kind);
}

static int check_group(struct checking *checking, const char *name)
{
	int r = checking->lookup->group(name + 1);

	if (r == -ENOMEM)
		return r;
	tell(checking, "group", name + 1, r);
	return 0;
}

static int check_user(struct checking *checking, const char *name, bool is_person)
{
	cleanup(cleanup_identity) struct identity *identity = NULL;
	int r = checking->lookup->user(name, &identity);

	if (r == -ENOMEM)
		return r;
	tell(checking, "user", name, r);
	if (r == 0 && is_person && strcmp(identity->name, name))
		warn(checking,
		     "rule \"%s\": \"%s\" is a second name of \"%s\", whom jitd knows by that "
		     "alone; write \"%s\"",
		     checking->rule->title, name, identity->name, identity->name);
	return 0;
}

static int check_name(struct checking *checking, const char *name, bool is_person)
{
	int r = is_new(checking, name);

	if (r <= 0)
		return r;
	return name[0] == '%' ? check_group(checking, name) : check_user(checking, name, is_person);
}

static int check_people(struct checking *checking, const char *key, const struct strings *names)
{
	int r = 0;

	checking->key = key;
	for (size_t i = 0; r == 0 && i < names->count; i++)
		r = check_name(checking, names->items[i], true);
	return r;
}

static int check_accounts(struct checking *checking, const struct strings *scopes)
{
	int r = 0;

	checking->key = "scope";
	for (size_t i = 0; r == 0 && i < scopes->count; i++) {
		const char *colon = strchr(scopes->items[i], ':');
		if (colon && !glob_is(colon + 1) && strcmp(colon + 1, OWN_ACCOUNT) != 0)
			r = check_name(checking, colon + 1, false);
	}
	return r;
}

int policy_names_check(const struct policy *policy, const struct policy_lookup *lookup,
                       policy_report *report, void *context)
{
	cleanup(checking_done) struct checking checking = {
	        .lookup = lookup, .report = report, .context = context};
	int r = 0;

	for (size_t i = 0; r == 0 && i < policy_rule_count(policy); i++) {
		const struct rule *rule = policy_rule_at(policy, i);
		checking.rule = rule;
		r = check_people(&checking, "who", &rule->who);
		if (r == 0)
			r = check_accounts(&checking, &rule->scope);
		if (r == 0)
			r = check_people(&checking, "approvers", &rule->approvers);
	}
	return r;
}
