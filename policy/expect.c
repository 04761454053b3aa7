/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/expect.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/rules.h"
#include "policy/scope.h"
#include "policy/strings.h"
#include "policy/window.h"

#define COMMAND_MAX 1024 /* bytes */

/* ---- one key each: what is wrong is reported; -ENOMEM is the only result but 0 ---- */

typedef int take_value(struct complaints *complaints, const struct conf_entry *entry,
                       struct expectation *expectation);

static int copy(const char *text, char **ret_text)
{
	*ret_text = strdup(text);
	return *ret_text ? 0 : -ENOMEM;
}

static int take_user(struct complaints *complaints, const struct conf_entry *entry,
                     struct expectation *expectation)
{
	const char *user = entry->values.items[0];

	if (!text_is_name(user))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is the name of no user; write \"alice\"", user);
	return copy(user, &expectation->user);
}

static int take_groups(struct complaints *complaints, const struct conf_entry *entry,
                       struct expectation *expectation)
{
	int r = 0;

	expectation->groups_given = true;
	for (size_t i = 0; i < entry->values.count && r == 0; i++) {
		const char *group = entry->values.items[i];
		if (!text_is_name(group))
			complain(complaints, entry->line, entry->key->name,
			         "\"%.80s\" is the name of no group; write \"dba\", without %%",
			         group);
		else if (strings_hold(&expectation->groups, group))
			complain(complaints, entry->line, entry->key->name,
			         "\"%s\" is named twice; leave one", group);
		else
			r = strings_add(&expectation->groups, group, strlen(group));
	}
	return r;
}

static int take_scope(struct complaints *complaints, const struct conf_entry *entry,
                      struct expectation *expectation)
{
	char scope[SCOPES_SIZE] = "";
	struct fault fault;

	if (scope_canonical(entry->values.items[0], scope, &fault) < 0)
		complain(complaints, entry->line, entry->key->name, "%s", fault.text);
	return copy(scope, &expectation->scope);
}

bool question_host_is_good(const char *host)
{
	return value_is_host(host, "");
}

static int take_host(struct complaints *complaints, const struct conf_entry *entry,
                     struct expectation *expectation)
{
	const char *host = entry->values.items[0];

	if (!question_host_is_good(host))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is no name of a host; write 1 to %d of A-Z a-z 0-9 . -", host,
		         HOST_MAX);
	return copy(host, &expectation->host);
}

bool question_command_is_good(const char *command)
{
	size_t length = strlen(command);

	return length <= COMMAND_MAX && text_is_clean(command, length) && !command_fault(command);
}

static int take_command(struct complaints *complaints, const struct conf_entry *entry,
                        struct expectation *expectation)
{
	const char *command = entry->values.items[0];

	if (!question_command_is_good(command))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is no command; write its path from / on and its arguments, "
		         "with single blanks between",
		         command);
	return copy(command, &expectation->command);
}

static int take_via(struct complaints *complaints, const struct conf_entry *entry,
                    struct expectation *expectation)
{
	const char *via = entry->values.items[0];

	if (!value_is_title(via))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is the name of no trust; write one of jitd.conf", via);
	return copy(via, &expectation->via);
}

static int take_at(struct complaints *complaints, const struct conf_entry *entry,
                   struct expectation *expectation)
{
	const char *at = entry->values.items[0];

	if (moment_read(at, &expectation->at) < 0)
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is no time of the week; write for example \"fri 23:00\"", at);
	return 0;
}

static int take_rule(struct complaints *complaints, const struct conf_entry *entry,
                     struct expectation *expectation)
{
	const char *rule = entry->values.items[0];

	if (*rule && !value_is_title(rule))
		complain(
		        complaints, entry->line, entry->key->name,
		        "\"%.80s\" is no title of a rule; write one, or \"\" where no rule decides",
		        rule);
	return copy(rule, &expectation->rule);
}

static int take_effect(struct complaints *complaints, const struct conf_entry *entry,
                       struct expectation *expectation)
{
	expectation->effect = value_is_second(complaints, entry, "deny", "allow") ? DECISION_ALLOW
	                                                                          : DECISION_DENY;
	return 0;
}

static int take_approvals(struct complaints *complaints, const struct conf_entry *entry,
                          struct expectation *expectation)
{
	if (value_in_range(complaints, entry, 0, RULE_APPROVALS_MAX))
		expectation->approvals = entry->number;
	return 0;
}

/* ---- the grammar ---- */

/*        KEY        TYPE */
#define EXPECT_KEYS(K)                                                                             \
	K(user, STRING)                                                                            \
	K(groups, LIST)                                                                            \
	K(scope, STRING)                                                                           \
	K(host, STRING)                                                                            \
	K(command, STRING)                                                                         \
	K(via, STRING)                                                                             \
	K(at, STRING)                                                                              \
	K(rule, STRING)                                                                            \
	K(effect, STRING)                                                                          \
	K(approvals, NUMBER)

static const struct conf_key keys[] = {
#define K(name, type) {#name, CONF_##type},
        EXPECT_KEYS(K)
#undef K
};

/* In the order of `keys`. */
static take_value *const takers[] = {
#define K(name, type) take_##name,
        EXPECT_KEYS(K)
#undef K
};

static const struct conf_kind kinds[] = {
        {.name = NULL},
        {.name = "expect",
         .titled = true,
         .keys = keys,
         .key_count = sizeof(keys) / sizeof(keys[0])},
};

static const struct conf_grammar grammar = {kinds, sizeof(kinds) / sizeof(kinds[0])};

/* ---- a block ---- */

static void check_complete(struct complaints *complaints, const struct conf_block *block,
                           const struct expectation *expectation)
{
	if (!expectation->user)
		complain(complaints, block->line, "user",
		         "expect \"%.80s\" does not say who asks; write user = \"alice\"",
		         block->title);
	if (!expectation->scope)
		complain(complaints, block->line, "scope",
		         "expect \"%.80s\" does not say what for; write scope = \"sudo:root\"",
		         block->title);
	if (!expectation->rule && expectation->effect == DECISION_NONE &&
	    expectation->approvals < 0)
		complain(complaints, block->line, "expect",
		         "\"%.80s\" looks at nothing; write rule, effect or approvals",
		         block->title);
}

/* What no policy could meet is a slip of the author's. */
static void check_possible(struct complaints *complaints, const struct conf_block *block,
                           const struct expectation *expectation)
{
	const struct conf_entry *approvals = conf_find(block, "approvals"),
	                        *effect = conf_find(block, "effect");
	bool none = expectation->rule && !*expectation->rule;

	if (none && expectation->effect == DECISION_ALLOW)
		complain(complaints, effect->line, "effect",
		         "where no rule decides, the request is denied; name the rule, or write "
		         "effect = \"deny\"");
	else if (approvals && (none || expectation->effect == DECISION_DENY))
		complain(complaints, approvals->line, "approvals",
		         "what is denied waits for none; leave it out");
}

static int read_entries(struct complaints *complaints, const struct conf_block *block,
                        struct expectation *expectation)
{
	int r = 0;

	expectation->line = block->line;
	expectation->approvals = -1;
	if (!*block->title)
		complain(complaints, block->line, "expect",
		         "the title is empty; write what is tested");
	for (size_t i = 0; i < block->count && r == 0; i++)
		r = takers[block->entries[i].key - keys](complaints, &block->entries[i],
		                                         expectation);
	return r == 0 ? copy(block->title, &expectation->title) : r;
}

static int read_block(struct complaints *complaints, const struct conf_block *block,
                      struct expectations *expectations)
{
	size_t before = complaints->errors;
	struct expectation *grown =
	        reallocarray(expectations->items, expectations->count + 1, sizeof(*grown));
	int r;

	if (!grown)
		return -ENOMEM;
	expectations->items = grown;
	grown += expectations->count++;
	*grown = (struct expectation){0};
	r = read_entries(complaints, block, grown);
	/* what follows from a value that was refused is no error of its own */
	if (r == 0 && !block->damaged && before == complaints->errors) {
		check_complete(complaints, block, grown);
		check_possible(complaints, block, grown);
	}
	return r;
}

int expectations_parse(const struct policy_source *source, policy_report *report, void *context,
                       struct expectations **ret_expectations)
{
	struct complaints complaints = {.file = source->name, .report = report, .context = context};
	cleanup(cleanup_expectations) struct expectations *expectations =
	        calloc(1, sizeof(*expectations));
	cleanup(cleanup_conf) struct conf *conf = NULL;
	int r = expectations ? 0 : -ENOMEM;

	if (r == 0)
		r = conf_read(source->text, &grammar, &complaints, &conf);
	for (size_t i = 1; r == 0 && i < conf->count; i++)
		r = read_block(&complaints, &conf->blocks[i], expectations);
	if (r == 0 && !complaints.errors && !expectations->count)
		complain(&complaints, 0, NULL,
		         "no expectation at all; write expect \"title\" { ... }");
	if (r < 0 || complaints.errors)
		return r < 0 ? r : -EINVAL;
	*ret_expectations = take_ptr(expectations);
	return 0;
}

struct expectations *expectations_free(struct expectations *expectations)
{
	for (size_t i = 0; expectations && i < expectations->count; i++) {
		struct expectation *expectation = &expectations->items[i];
		free(expectation->title);
		free(expectation->user);
		free(expectation->scope);
		free(expectation->host);
		free(expectation->command);
		free(expectation->via);
		free(expectation->rule);
		strings_done(&expectation->groups);
	}
	if (expectations)
		free(expectations->items);
	free(expectations);
	return NULL;
}

/* ---- against a policy ---- */

struct checking {
	expectation_differs *differs;
	void *context;
	bool met;
};

#define VALUE_SIZE (RULE_TITLE_MAX + 16)

__attribute__((format(printf, 4, 5))) static void differ(struct checking *checking, const char *key,
                                                         const char *expected, const char *format,
                                                         ...)
{
	char is[FAULT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(is, sizeof(is), format, arguments);
	va_end(arguments);
	checking->met = false;
	checking->differs(checking->context, key, expected, is);
}

/* The first rule up to the deciding one that a time could have made another; NULL: none. */
static const struct rule *rule_that_asks_the_time(const struct policy *policy,
                                                  const struct question *question,
                                                  const struct answer *answer)
{
	for (size_t i = 0; i < policy->count; i++) {
		const struct rule *rule = &policy->rules[i];
		enum rule_field field = rule_compare(rule, question);
		if (rule->when.count && (field == FIELD_WHEN || field == FIELD_ALL))
			return rule;
		if (rule == answer->rule)
			break;
	}
	return NULL;
}

static void check_rule(struct checking *checking, const struct expectation *expectation,
                       const struct rule *rule)
{
	const char *is = rule ? rule->title : "";
	char expected[VALUE_SIZE];

	if (!expectation->rule || !strcmp(expectation->rule, is))
		return;
	(void)snprintf(expected, sizeof(expected), "\"%s\"", expectation->rule);
	differ(checking, "rule", expected, "\"%s\"", is);
}

static void check_approvals(struct checking *checking, const struct expectation *expectation,
                            const struct answer *answer)
{
	char expected[VALUE_SIZE];

	if (expectation->approvals < 0)
		return;
	(void)snprintf(expected, sizeof(expected), "%lld", (long long)expectation->approvals);
	if (answer->effect == DECISION_ALLOW && answer->rule) {
		if (answer->rule->approvals != expectation->approvals)
			differ(checking, "approvals", expected, "%u", answer->rule->approvals);
	} else {
		differ(checking, "approvals", expected, "%s", "none, denied");
	}
}

static void check_effect(struct checking *checking, const struct expectation *expectation,
                         const struct answer *answer)
{
	bool allows = answer->effect == DECISION_ALLOW;

	if (expectation->effect == DECISION_NONE ||
	    (expectation->effect == DECISION_ALLOW) == allows)
		return;
	differ(checking, "effect", allows ? "\"deny\"" : "\"allow\"", "%s",
	       allows ? "\"allow\"" : "\"deny\"");
}

struct question expectation_question(const struct expectation *expectation,
                                     const struct identity *subject, const char *here)
{
	return (struct question){
	        .subject = subject,
	        .scopes = expectation->scope,
	        .host = expectation->host,
	        .here = here,
	        .command = expectation->command,
	        .via = expectation->via,
	        .at = expectation->at,
	};
}

int expectation_check(const struct expectation *expectation, const struct policy *policy,
                      const struct identity *subject, const char *here,
                      expectation_differs *differs, void *context, bool *ret_met)
{
	struct question question = expectation_question(expectation, subject, here);
	struct answer answer = policy_evaluate(policy, &question);
	struct checking checking = {.differs = differs, .context = context, .met = true};
	const struct rule *asks =
	        question.at.known ? NULL : rule_that_asks_the_time(policy, &question, &answer);

	if (asks) {
		differ(&checking, "at", NULL,
		       "rule \"%s\" (%s:%u) looks at the time; write for example at = \"mon "
		       "10:00\"",
		       asks->title, asks->file, asks->line);
	} else {
		check_rule(&checking, expectation, answer.rule);
		check_effect(&checking, expectation, &answer);
		check_approvals(&checking, expectation, &answer);
	}
	*ret_met = checking.met;
	return 0;
}
