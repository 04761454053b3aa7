/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/explain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/rules.h"
#include "policy/strings.h"
#include "policy/window.h"

#define LIST_SIZE 640 /* of a list within a reason */

typedef void say_why(const struct rule *rule, const struct question *question,
                     char ret_why[static EXPLAIN_SIZE]);

/* The first asked scope that keeps an allow rule from matching; all of them for a deny rule. */
static void why_scope(const struct rule *rule, const struct question *question,
                      char ret_why[static EXPLAIN_SIZE])
{
	char list[LIST_SIZE];
	struct question one = *question;
	const char *at = question->scopes;

	names_show(&rule->scope, list, sizeof(list));
	while (rule->effect == DECISION_ALLOW && strchr(at, ' ')) {
		char scope[256];
		(void)snprintf(scope, sizeof(scope), "%.*s", (int)strcspn(at, " "), at);
		one.scopes = scope;
		if (rule_compare(rule, &one) == FIELD_SCOPE) {
			(void)snprintf(ret_why, EXPLAIN_SIZE, "%s is not in %s", scope, list);
			return;
		}
		at += strcspn(at, " ") + 1;
	}
	(void)snprintf(ret_why, EXPLAIN_SIZE, "%.256s is not in %s", at, list);
}

static void why_who(const struct rule *rule, const struct question *question,
                    char ret_why[static EXPLAIN_SIZE])
{
	char list[LIST_SIZE];

	names_show(&rule->who, list, sizeof(list));
	(void)snprintf(ret_why, EXPLAIN_SIZE, "%s is not in %s", question->subject->name, list);
}

static void why_commands(const struct rule *rule, const struct question *question,
                         char ret_why[static EXPLAIN_SIZE])
{
	char list[LIST_SIZE];

	names_show(&rule->commands, list, sizeof(list));
	if (question->command)
		(void)snprintf(ret_why, EXPLAIN_SIZE, "\"%.256s\" is not in %s", question->command,
		               list);
	else
		(void)snprintf(ret_why, EXPLAIN_SIZE, "no command was named, and it allows only %s",
		               list);
}

static void why_hosts(const struct rule *rule, const struct question *question,
                      char ret_why[static EXPLAIN_SIZE])
{
	const char *host = question->host ? question->host : question->here;
	char list[LIST_SIZE];

	names_show(&rule->hosts, list, sizeof(list));
	if (!rule->hosts.count)
		(void)snprintf(ret_why, EXPLAIN_SIZE, "%.255s is not this host, %.255s", host,
		               question->here);
	else
		(void)snprintf(ret_why, EXPLAIN_SIZE, "%.255s is not in %s",
		               host ? host : "a host that nobody named", list);
}

static void why_via(const struct rule *rule, const struct question *question,
                    char ret_why[static EXPLAIN_SIZE])
{
	if (!rule->via)
		(void)snprintf(ret_why, EXPLAIN_SIZE,
		               "asked by \"%.64s\", and it takes this host's own tokens",
		               question->via);
	else if (question->via)
		(void)snprintf(ret_why, EXPLAIN_SIZE, "asked by \"%.64s\", and it takes \"%s\"",
		               question->via, rule->via);
	else
		(void)snprintf(ret_why, EXPLAIN_SIZE,
		               "asked by nobody else, and it takes tokens of \"%s\"", rule->via);
}

static void why_when(const struct rule *rule, const struct question *question,
                     char ret_why[static EXPLAIN_SIZE])
{
	char moment[MOMENT_SIZE];
	size_t used;

	moment_write(&question->at, moment);
	used = (size_t)snprintf(ret_why, EXPLAIN_SIZE, "%s is not in ",
	                        question->at.known ? moment : "a time that nobody named");
	for (size_t i = 0; i < rule->when.count && used < EXPLAIN_SIZE; i++) {
		char window[WINDOW_SIZE];
		window_write(&rule->when.items[i], window);
		used += (size_t)snprintf(ret_why + used, EXPLAIN_SIZE - used, "%s\"%s\"",
		                         i ? ", " : "", window);
	}
}

static void why_undecided(const struct rule *rule, const struct question *question,
                          char ret_why[static EXPLAIN_SIZE])
{
	(void)rule;
	(void)snprintf(ret_why, EXPLAIN_SIZE, "%s",
	               question->subject ? "what was asked for is no list of scopes"
	                                 : "nobody asked");
}

static void why_not(const struct rule *rule, const struct question *question, enum rule_field field,
                    char ret_why[static EXPLAIN_SIZE])
{
	static say_why *const whys[] = {
	        [FIELD_UNDECIDED] = why_undecided, [FIELD_SCOPE] = why_scope, [FIELD_WHO] = why_who,
	        [FIELD_COMMANDS] = why_commands,   [FIELD_HOSTS] = why_hosts, [FIELD_VIA] = why_via,
	        [FIELD_WHEN] = why_when,           [FIELD_ALL] = NULL,
	};

	ret_why[0] = '\0';
	if (whys[field])
		whys[field](rule, question, ret_why);
}

int policy_explain(const struct policy *policy, const struct question *question, explain_row *row,
                   void *context, struct answer *ret_answer)
{
	struct answer answer = {DECISION_DENY, NULL};
	char raw[EXPLAIN_SIZE], why[EXPLAIN_SIZE];

	for (size_t i = 0; i < policy->count && !answer.rule; i++) {
		const struct rule *rule = &policy->rules[i];
		enum rule_field field = rule_compare(rule, question);
		int r;
		if (field == FIELD_ALL)
			answer = (struct answer){rule->effect, rule};
		why_not(rule, question, field, raw);
		text_sanitize(why, sizeof(why), raw); /* a cut may have left half a character */
		r = row(context, rule, field, why);
		if (r)
			return r;
	}
	*ret_answer = answer;
	return 0;
}

int rule_approvers_for(const struct rule *rule, const struct identity *subject,
                       struct strings *ret_names)
{
	struct strings names = {0};
	int r = 0;

	for (size_t i = 0; i < rule->approvers.count && r == 0; i++) {
		const char *name = rule->approvers.items[i];
		if (strcmp(name, subject->name) != 0)
			r = strings_add(&names, name, strlen(name));
	}
	if (r < 0)
		strings_done(&names);
	else
		*ret_names = names;
	return r;
}
