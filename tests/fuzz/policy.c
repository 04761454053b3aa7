/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a policy and a question say: no crash, always a decision, the same one explained, and
 * texts that read again as themselves. An input is a line that asks, its fields divided by '|' in
 * the order of the enum below, and rules after it; or expectations, which are tried as well. A
 * libFuzzer target, and replayed over the corpus by tests/fuzz/replay.c.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/advise.h"
#include "policy/expect.h"
#include "policy/explain.h"
#include "policy/rules.h"
#include "policy/settings.h"
#include "policy/window.h"

#define INPUT_MAX  65536
#define GROUPS_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* ---- reports ---- */

struct told {
	size_t errors, warnings;
	char first[512]; /* error */
};

static void tell(void *context, enum policy_severity severity, const char *line)
{
	struct told *told = context;

	if (severity == POLICY_ERROR && !told->errors)
		(void)snprintf(told->first, sizeof(told->first), "%s", line);
	told->errors += severity == POLICY_ERROR;
	told->warnings += severity == POLICY_WARNING;
	must(severity == POLICY_ERROR || severity == POLICY_WARNING);
	must(*line);
	for (; *line; line++) /* it goes to terminals and into the log */
		must((unsigned char)*line >= ' ' && *line != 0x7f);
}

static int ignore_term(void *context, const char *key, const char *value)
{
	(void)context;
	must(*key && value);
	return 0;
}

/* ---- the question ---- */

enum { USER, GROUPS, SCOPES, HOST, HERE, COMMAND, VIA, AT, TICKET, FIELDS };

struct asked {
	char *fields[FIELDS];
	struct identity subject;
	char groups[GROUPS_MAX][NAME_SIZE];
	struct question question;
};

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

static void take_subject(struct asked *asked)
{
	char *groups = asked->fields[GROUPS], *group;

	asked->subject = (struct identity){.uid = 1000, .groups = asked->groups};
	(void)snprintf(asked->subject.name, NAME_SIZE, "%s", asked->fields[USER]);
	while ((group = strsep(&groups, " ")) && asked->subject.group_count < GROUPS_MAX)
		(void)snprintf(asked->groups[asked->subject.group_count++], NAME_SIZE, "%s", group);
}

/* Takes the first line of the text apart; returns what is after it. */
static char *take_question(char *text, struct asked *asked)
{
	static char nothing[] = "";
	char *line = strsep(&text, "\n");

	for (size_t i = 0; i < FIELDS; i++) {
		char *field = strsep(&line, "|");
		asked->fields[i] = field ? field : nothing;
	}
	take_subject(asked);
	asked->question = (struct question){
	        .subject = *asked->fields[USER] ? &asked->subject : NULL,
	        .scopes = asked->fields[SCOPES],
	        .host = or_null(asked->fields[HOST]),
	        .here = or_null(asked->fields[HERE]),
	        .command = or_null(asked->fields[COMMAND]),
	        .via = or_null(asked->fields[VIA]),
	};
	if (moment_read(asked->fields[AT], &asked->question.at) != 0)
		must(!asked->question.at.known);
	return text ? text : nothing;
}

/* ---- what must hold ---- */

struct walk {
	const struct policy *policy;
	const struct question *question;
	size_t rows;
	bool ended;
};

static int walk(void *context, const struct rule *rule, enum rule_field field, const char *why)
{
	struct walk *at = context;

	must(!at->ended);
	must(rule == policy_rule_at(at->policy, at->rows++));
	must(field == rule_compare(rule, at->question));
	must(strlen(why) < EXPLAIN_SIZE);
	at->ended = field == FIELD_ALL;
	must(at->ended == !*why);
	return 0;
}

static void check_decision(const struct policy *policy, const struct asked *asked)
{
	struct walk at = {.policy = policy, .question = &asked->question};
	struct answer answer = policy_evaluate(policy, &asked->question), explained = {0};

	must(policy_explain(policy, &asked->question, walk, &at, &explained) == 0);
	must(answer.effect == DECISION_ALLOW || answer.effect == DECISION_DENY);
	must(answer.effect == explained.effect && answer.rule == explained.rule);
	must(at.ended == !!answer.rule);
	must(answer.rule ? answer.effect == answer.rule->effect : answer.effect == DECISION_DENY);
	if (answer.effect == DECISION_ALLOW) {
		must(asked->question.subject && *asked->question.scopes);
		must(rule_takes_ticket(answer.rule, asked->fields[TICKET]) || answer.rule->ticket);
	}
}

static void check_terms(const struct rule *rule, const struct asked *asked)
{
	struct strings names = {0};

	must(rule_terms(rule, ignore_term, NULL) == 0);
	must(rule->max > 0 && rule->default_for > 0 && rule->default_for <= rule->max);
	must(rule->token_ttl > 0 && rule->token_ttl <= rule->max);
	must(rule_approvers_for(rule, &asked->subject, &names) == 0);
	for (size_t i = 0; i < names.count; i++) {
		must(strcmp(names.items[i], asked->subject.name) != 0);
		free(names.items[i]);
	}
	free(names.items);
}

/* The canonical text of a rule is a rule, and the same one. */
static void check_text(const struct rule *rule, const struct policy_site *site)
{
	const struct policy_source source = {"again", rule->text};
	cleanup(cleanup_policy) struct policy *again = NULL;
	struct told told = {0};
	int r = policy_parse(&source, 1, site, tell, &told, &again);

	if (r != 0)
		fprintf(stderr, "%s\n%s\n", rule->text, told.first);
	must(r == 0);
	must(policy_rule_count(again) == 1);
	must(!strcmp(policy_rule_at(again, 0)->text, rule->text));
}

static void check_policy(const struct policy *policy, const struct policy_site *site,
                         const struct asked *asked)
{
	struct told told = {0};

	check_decision(policy, asked);
	must(policy_advise(policy, site, tell, &told) == 0 && !told.errors);
	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		const struct rule *rule = policy_rule_at(policy, i);
		must(policy_rule(policy, rule->title) == rule);
		check_terms(rule, asked);
		check_text(rule, site);
	}
}

/* ---- expectations ---- */

static void ignore_difference(void *context, const char *key, const char *expected, const char *is)
{
	(void)context;
	(void)expected;
	must(*key && is);
}

static void check_expectations(const struct policy_source *source, const struct policy *policy,
                               const struct identity *subject)
{
	cleanup(cleanup_expectations) struct expectations *expectations = NULL;
	struct told told = {0};
	int r = expectations_parse(source, tell, &told, &expectations);

	must(r == 0 || r == -EINVAL);
	must((r == 0) == !told.errors && (r == 0) == !!expectations);
	for (size_t i = 0; policy && expectations && i < expectations->count; i++) {
		bool met;
		must(expectation_check(&expectations->items[i], policy, subject, "web1",
		                       ignore_difference, NULL, &met) == 0);
	}
}

/* ---- trusts ---- */

/* Whatever a trust is, a token stands for a user or nobody, never for root, and opens what it
 * gives.
 */
static void check_trust(const struct trust *trust, const struct asked *asked)
{
	const char *user = trust_subject(trust, asked->subject.name);
	char scopes[SCOPES_SIZE], again[SCOPES_SIZE];
	struct fault fault;

	must(!user || (text_is_name(user) && strcmp(user, "root") != 0));
	if (trust_scopes(trust, asked->question.scopes, user ? user : "alice", scopes, &fault) < 0)
		return;
	must(scope_canonical(scopes, again, &fault) == 0 && !strcmp(scopes, again));
}

static void check_settings(const struct policy_source *source, const struct asked *asked)
{
	cleanup(cleanup_settings) struct settings *settings = NULL;
	struct told told = {0};
	int r = settings_parse(source, tell, &told, &settings);

	must(r == 0 || r == -EINVAL);
	must((r == 0) == !told.errors && (r == 0) == !!settings);
	for (size_t i = 0; settings && i < settings->trusts.count; i++) {
		const struct trust *trust = &settings->trusts.items[i];
		must(trust_named(&settings->trusts, trust->name) == trust);
		must(!strcmp(settings->trust_names.items[i], trust->name));
		check_trust(trust, asked);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct policy_source wide = {
	        "wide", "rule \"w\" { who = {\"alice\", \"%dba\"} scope = {\"*:*\"} present = "
	                "\"typed\" approvers = {\"%leads\"} ticket = \"^A\" when = {\"mon\"} }"};
	static const char *const trusts[] = {"gitlab", "github"};
	static const struct strings names = {(char **)(uintptr_t)trusts, 2};
	static const struct policy_site site = {.max_grant = 43200, .trusts = &names};
	cleanup(cleanup_policy) struct policy *policy = NULL;
	cleanup(cleanup_free) char *text = calloc(1, size + 1);
	struct policy_source source = {"input", NULL};
	struct asked asked = {0};
	struct told told = {0};
	int r;

	if (!text || size > INPUT_MAX)
		return 0;
	memcpy(text, data, size);
	source.text = take_question(text, &asked);
	r = policy_parse(&source, 1, &site, tell, &told, &policy);
	must(r == 0 || r == -EINVAL);
	must((r == 0) == !told.errors && (r == 0) == !!policy);
	if (policy)
		check_policy(policy, &site, &asked);
	else
		must(policy_parse(&wide, 1, &site, NULL, NULL, &policy) == 0);
	check_expectations(&source, policy, &asked.subject);
	check_settings(&source, &asked);
	return 0;
}
