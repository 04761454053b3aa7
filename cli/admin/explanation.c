/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/explanation.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/table.h"
#include "policy/explain.h"
#include "policy/strings.h"

#define APPROVERS "could approve"

static int take_rule(void *context, const struct rule *rule, enum rule_field field, const char *why)
{
	struct explanation *explanation = context;
	struct explained_rule *grown =
	        reallocarray(explanation->rules, explanation->rule_count + 1, sizeof(*grown));
	cleanup(cleanup_free) char *copy = strdup(why);

	if (grown)
		explanation->rules = grown;
	if (!grown || !copy)
		return -ENOMEM;
	grown[explanation->rule_count++] = (struct explained_rule){rule, field, take_ptr(copy)};
	return 0;
}

static int take_term(void *context, const char *key, const char *value)
{
	struct explanation *explanation = context;
	struct explained_term *grown =
	        reallocarray(explanation->terms, explanation->term_count + 1, sizeof(*grown));
	cleanup(cleanup_free) char *key_copy = strdup(key), *value_copy = strdup(value);

	if (grown)
		explanation->terms = grown;
	if (!grown || !key_copy || !value_copy)
		return -ENOMEM;
	grown[explanation->term_count++] =
	        (struct explained_term){take_ptr(key_copy), take_ptr(value_copy)};
	return 0;
}

int explanation_make(const struct policy *policy, const struct question *question,
                     struct explanation *ret_explanation)
{
	int r;

	*ret_explanation = (struct explanation){.question = question};
	r = policy_explain(policy, question, take_rule, ret_explanation, &ret_explanation->answer);
	if (r < 0 || ret_explanation->answer.effect != DECISION_ALLOW)
		return r;
	r = rule_terms(ret_explanation->answer.rule, take_term, ret_explanation);
	if (r < 0)
		return r;
	return rule_approvers_for(ret_explanation->answer.rule, question->subject,
	                          &ret_explanation->approvers);
}

void explanation_done(struct explanation *explanation)
{
	for (size_t i = 0; i < explanation->rule_count; i++)
		free(explanation->rules[i].why);
	for (size_t i = 0; i < explanation->term_count; i++) {
		free(explanation->terms[i].key);
		free(explanation->terms[i].value);
	}
	free(explanation->rules);
	free(explanation->terms);
	strings_done(&explanation->approvers);
	*explanation = (struct explanation){0};
}

/* ---- for people ---- */

static int add_row(struct table *table, const struct explained_rule *explained, const char *indent)
{
	bool decides = explained->field == FIELD_ALL;
	char title[RULE_TITLE_MAX + 16], file[PATH_MAX], place[PATH_MAX + 16],
	        why[EXPLAIN_SIZE + 32] = "decides";

	(void)snprintf(title, sizeof(title), "%s%s", indent, explained->rule->title);
	text_sanitize(file, sizeof(file), explained->rule->file);
	(void)snprintf(place, sizeof(place), "%s:%u", file, explained->rule->line);
	if (!decides)
		(void)snprintf(why, sizeof(why), "%s: %s", rule_field_word(explained->field),
		               explained->why);
	return table_row(table, (const char *const[]){title, place, why});
}

int explanation_print_rules(FILE *to, const struct explanation *explanation, const char *indent)
{
	static const char *const names[] = {"RULE", "FILE:LINE", "WHY"};
	cleanup(table_done) struct table table = {0};
	char first[16];
	int r;

	(void)snprintf(first, sizeof(first), "%s%s", indent, names[0]);
	r = table_begin(&table, (const char *const[]){first, names[1], names[2]}, 3);
	for (size_t i = 0; r == 0 && i < explanation->rule_count; i++)
		r = add_row(&table, &explanation->rules[i], indent);
	if (r == 0)
		table_print(to, &table);
	return r;
}

void explanation_print_answer(FILE *to, const struct explanation *explanation)
{
	const struct rule *rule = explanation->answer.rule;

	if (rule)
		fprintf(to, "%s by rule \"%s\"\n",
		        explanation->answer.effect == DECISION_ALLOW ? "allow" : "deny",
		        rule->title);
	else
		fprintf(to, "no rule matches: denied\n");
}

static int widest_key(const struct explanation *explanation)
{
	size_t width = strlen(APPROVERS);

	for (size_t i = 0; i < explanation->term_count; i++)
		if (strlen(explanation->terms[i].key) > width)
			width = strlen(explanation->terms[i].key);
	return (int)width;
}

static void print_approvers(FILE *to, const struct explanation *explanation, int width)
{
	const struct strings *approvers = &explanation->approvers;

	fprintf(to, "%-*s  ", width, APPROVERS);
	for (size_t i = 0; i < approvers->count; i++)
		fprintf(to, "%s\"%s\"", i ? ", " : "", approvers->items[i]);
	fprintf(to, "%s\n", approvers->count ? "" : "nobody");
}

void explanation_print_terms(FILE *to, const struct explanation *explanation)
{
	int width = widest_key(explanation);

	if (explanation->answer.effect == DECISION_ALLOW && explanation->answer.rule->approvals)
		print_approvers(to, explanation, width);
	for (size_t i = 0; i < explanation->term_count; i++)
		fprintf(to, "%-*s  %s\n", width, explanation->terms[i].key,
		        explanation->terms[i].value);
}
