/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/text.h"
#include "policy/glob.h"
#include "policy/rules.h"
#include "policy/scope.h"
#include "policy/window.h"

const char *rule_field_word(enum rule_field field)
{
	static const char *const words[] = {
	        [FIELD_UNDECIDED] = "question", [FIELD_SCOPE] = "scope", [FIELD_WHO] = "who",
	        [FIELD_COMMANDS] = "commands",  [FIELD_HOSTS] = "hosts", [FIELD_VIA] = "via",
	        [FIELD_WHEN] = "when",          [FIELD_ALL] = "all",
	};

	return words[field];
}

/* ---- what is asked, made ready once for all rules ---- */

struct asked {
	char items[SCOPES_MAX][SCOPE_SIZE]; /* scopes, one by one */
	size_t count;                       /* 0: nothing, or what is no canonical list */
	bool host_known;
	char host[256]; /* in lower case: names of hosts know no case (RFC 4343) */
};

/* An alias ("sudo-i:root") would be another scope to a pattern, and pass by a rule that denies. */
static bool is_canonical(const char *scopes)
{
	char canonical[SCOPES_SIZE];
	struct fault fault;

	return scopes && scope_canonical(scopes, canonical, &fault) == 0 &&
	       !strcmp(canonical, scopes);
}

static void take_scopes(const char *scopes, struct asked *asked)
{
	asked->count = 0;
	if (!is_canonical(scopes))
		return;
	for (const char *at = scopes;; at++) {
		size_t length = strcspn(at, " ");
		best_effort(text_format(asked->items[asked->count++], SCOPE_SIZE, "%.*s",
		                        (int)length, at));
		at += length;
		if (!*at)
			return;
	}
}

static void take_host(const char *host, struct asked *asked)
{
	size_t length = host ? strlen(host) : sizeof(asked->host);

	asked->host_known = length < sizeof(asked->host);
	for (size_t i = 0; asked->host_known && i <= length; i++)
		asked->host[i] = (char)(host[i] >= 'A' && host[i] <= 'Z' ? host[i] + 32 : host[i]);
}

static void take_question(const struct question *question, struct asked *asked)
{
	take_scopes(question->scopes, asked);
	take_host(question->host ? question->host : question->here, asked);
}

/* ---- the fields ---- */

const char *scope_account(const char *scope)
{
	return strchr(scope, ':') + 1;
}

static bool own_matches(const char *pattern, const char *account, const char *scope,
                        const char *asker)
{
	char own[SCOPE_SIZE + NAME_SIZE];

	return text_format(own, sizeof(own), "%.*s%s", (int)(account - pattern), pattern, asker) ==
	               0 &&
	       glob_matches(own, scope, GLOB_SCOPE);
}

bool scope_matches(const char *pattern, const char *scope, const char *asker)
{
	const char *account = scope_account(pattern);

	return strcmp(account, SCOPE_OWN) != 0 ? glob_matches(pattern, scope, GLOB_SCOPE)
	                                       : own_matches(pattern, account, scope, asker);
}

static bool holds_scope(const struct rule *rule, const char *scope, const char *asker)
{
	for (size_t i = 0; i < rule->scope.count; i++)
		if (scope_matches(rule->scope.items[i], scope, asker))
			return true;
	return false;
}

static bool fits_scope(const struct rule *rule, const struct question *question,
                       const struct asked *asked)
{
	size_t held = 0;

	for (size_t i = 0; i < asked->count; i++)
		held += holds_scope(rule, asked->items[i], question->subject->name);
	return rule->effect == DECISION_ALLOW ? held == asked->count : held > 0;
}

static bool fits_who(const struct rule *rule, const struct question *question)
{
	return identity_named_in(question->subject, rule->who.items, rule->who.count);
}

/* Whoever writes "/srv/x/" and a pattern means what is in there: a "..", which leads elsewhere,
 * must be written out. */
static bool fits_command(const char *pattern, const char *command)
{
	return command_goes_up(command) ? !strcmp(pattern, command)
	                                : glob_matches(pattern, command, GLOB_COMMAND);
}

static bool fits_commands(const struct rule *rule, const struct question *question)
{
	if (!rule->commands.count)
		return true;
	if (!question->command || command_fault(question->command))
		return false;
	for (size_t i = 0; i < rule->commands.count; i++)
		if (fits_command(rule->commands.items[i], question->command))
			return true;
	return false;
}

static bool fits_hosts(const struct rule *rule, const struct question *question,
                       const struct asked *asked)
{
	bool touches = rule->effect != DECISION_ALLOW;

	if (!rule->hosts.count)
		return touches || !question->host || !question->here ||
		       !strcasecmp(question->host, question->here);
	if (!asked->host_known)
		return touches;
	for (size_t i = 0; i < rule->hosts.count; i++)
		if (!strcmp(rule->hosts.items[i], "*") ||
		    glob_matches(rule->hosts.items[i], asked->host, GLOB_HOST))
			return true;
	return false;
}

static bool fits_via(const struct rule *rule, const struct question *question)
{
	if (!rule->via)
		return rule->effect != DECISION_ALLOW || !question->via;
	return question->via && !strcmp(rule->via, question->via);
}

static bool fits_when(const struct rule *rule, const struct question *question)
{
	if (!question->at.known)
		return rule->effect != DECISION_ALLOW || !rule->when.count;
	return windows_hold(&rule->when, &question->at);
}

/* ---- rules ---- */

static bool is_good(const struct question *question, const struct asked *asked)
{
	return asked->count && question->subject;
}

static enum rule_field compare(const struct rule *rule, const struct question *question,
                               const struct asked *asked)
{
	if (!is_good(question, asked))
		return FIELD_UNDECIDED;
	if (!fits_scope(rule, question, asked))
		return FIELD_SCOPE;
	if (!fits_who(rule, question))
		return FIELD_WHO;
	if (!fits_commands(rule, question))
		return FIELD_COMMANDS;
	if (!fits_hosts(rule, question, asked))
		return FIELD_HOSTS;
	if (!fits_via(rule, question))
		return FIELD_VIA;
	if (!fits_when(rule, question))
		return FIELD_WHEN;
	return FIELD_ALL;
}

bool question_is_good(const struct question *question)
{
	struct asked asked;

	take_scopes(question->scopes, &asked);
	return is_good(question, &asked);
}

enum rule_field rule_compare(const struct rule *rule, const struct question *question)
{
	struct asked asked;

	take_question(question, &asked);
	return compare(rule, question, &asked);
}

struct answer policy_evaluate(const struct policy *policy, const struct question *question)
{
	struct candidate_walk walk;
	const struct rule *rule;
	struct asked asked;

	take_question(question, &asked);
	candidate_walk_begin(&walk, &policy->candidates, asked.items, asked.count);
	while ((rule = candidate_walk_next(&walk)))
		if (compare(rule, question, &asked) == FIELD_ALL)
			return (struct answer){rule->effect, rule};
	return (struct answer){DECISION_DENY, NULL};
}
