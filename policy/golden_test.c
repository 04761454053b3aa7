/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asks what policy/golden/ asks (policy/golden_test_read.h says in which form), and compares.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/explain.h"
#include "policy/golden_test_read.h"
#include "policy/heard.h"
#include "policy/rules.h"
#include "policy/ticket.h"
#include "policy/window.h"

#define CASES_WANTED 150
#define GROUPS_MAX   8

static const char *const trusts[] = {"github", "gitlab"};
static const struct strings trust_names = {(char **)(uintptr_t)trusts, 2};
static const struct policy_site site = {
        .max_grant = 43200, .sudo_plugin = true, .trusts = &trust_names};

/* ---- asking ---- */

/* What came out, in the form of a case: one line after the other. */
struct outcome {
	char text[16384];
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct outcome *outcome, const char *format,
                                                      ...)
{
	size_t left = sizeof(outcome->text) - outcome->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(outcome->text + outcome->used, left, format, args);
	va_end(args);
	assert_in_range(n, 0, left - 1);
	outcome->used += (size_t)n;
}

static int put_row(void *context, const struct rule *rule, enum rule_field field, const char *why)
{
	if (field == FIELD_ALL)
		put(context, "rule %s: matches%s%s\n", rule->title, *why ? " and says " : "", why);
	else
		put(context, "rule %s: %s: %s\n", rule->title, rule_field_word(field), why);
	return 0;
}

static void put_decision(struct outcome *outcome, struct answer answer)
{
	if (!answer.rule)
		put(outcome, "decision deny, no rule%s\n",
		    answer.effect == DECISION_DENY ? "" : ", and no denial");
	else
		put(outcome, "decision %s by %s\n",
		    answer.effect == DECISION_ALLOW ? "allow" : "deny", answer.rule->title);
}

struct wanted_term {
	const char *key;
	size_t length;
	const char *value;
	char found[1024];
};

static int find_term(void *context, const char *key, const char *value)
{
	struct wanted_term *wanted = context;

	if (strlen(key) == wanted->length && !strncmp(key, wanted->key, wanted->length))
		(void)snprintf(wanted->found, sizeof(wanted->found), "%s", value);
	return 0;
}

static void put_term(struct outcome *outcome, const struct rule *rule, const char *line)
{
	struct wanted_term wanted = {.key = line + strlen("term "), .found = "-"};

	wanted.length = strcspn(wanted.key, ":");
	assert_int_equal(rule_terms(rule, find_term, &wanted), 0);
	put(outcome, "term %.*s: %s\n", (int)wanted.length, wanted.key, wanted.found);
}

static void put_approvers(struct outcome *outcome, const struct rule *rule,
                          const struct identity *subject)
{
	struct strings names = {0};

	assert_int_equal(rule_approvers_for(rule, subject, &names), 0);
	put(outcome, "approvers");
	for (size_t i = 0; i < names.count; i++) {
		put(outcome, "%s%s", i ? ", " : " ", names.items[i]);
		free(names.items[i]);
	}
	put(outcome, "\n");
	free(names.items);
}

static void put_ticket(struct outcome *outcome, const struct rule *rule, const char *line)
{
	const char *ticket =
	        line + strlen(golden_begins(line, "ticket yes") ? "ticket yes" : "ticket no");

	put(outcome, "ticket %s%s\n",
	    rule_takes_ticket(rule, *ticket ? ticket + 1 : "") ? "yes" : "no", ticket);
}

static void ask(const struct golden *golden, const struct policy *policy,
                const struct identity *subject, struct outcome *outcome)
{
	struct question question = {.subject = subject,
	                            .scopes = golden->scope,
	                            .host = golden->host,
	                            .here = golden->here,
	                            .command = golden->command,
	                            .via = golden->via};
	struct answer answer = {0}, evaluated;

	if (golden->at && moment_read(golden->at, &question.at) != 0)
		fail_msg("%s:%u: \"%s\" is no moment", golden->file, golden->line, golden->at);
	assert_int_equal(policy_explain(policy, &question, put_row, outcome, &answer), 0);
	put_decision(outcome, answer);
	evaluated = policy_evaluate(policy, &question);
	assert_ptr_equal(evaluated.rule, answer.rule);
	assert_int_equal(evaluated.effect, answer.effect);
	for (size_t i = 0; answer.rule && i < golden->count; i++) {
		if (golden_begins(golden->expected[i], "term"))
			put_term(outcome, answer.rule, golden->expected[i]);
		else if (golden_begins(golden->expected[i], "approvers"))
			put_approvers(outcome, answer.rule, subject);
		else if (golden_begins(golden->expected[i], "ticket"))
			put_ticket(outcome, answer.rule, golden->expected[i]);
	}
}

static struct identity identity_of(const struct golden *golden, char (*groups)[NAME_SIZE])
{
	struct identity identity = {.uid = 1000, .groups = groups};
	const char *at = golden->groups ? golden->groups : "";

	(void)snprintf(identity.name, sizeof(identity.name), "%s", golden->user);
	while (*at) {
		size_t length = strcspn(at, " ");
		assert_true(identity.group_count < GROUPS_MAX);
		(void)snprintf(groups[identity.group_count++], NAME_SIZE, "%.*s", (int)length, at);
		at += length + (at[length] == ' ');
	}
	return identity;
}

/* Lines of the one that the other has not in the same place, "-" expected and "+" found. */
static void compare(const struct golden *golden, struct outcome *outcome)
{
	char *next = outcome->text, *difference = NULL;
	size_t size = 0, i = 0, differ = 0;
	FILE *out = open_memstream(&difference, &size);

	assert_non_null(out);
	while (i < golden->count || *next) {
		const char *wanted = i < golden->count ? golden->expected[i] : NULL;
		const char *found = *next ? strsep(&next, "\n") : NULL;
		if (wanted && found && !strcmp(wanted, found)) {
			fprintf(out, "    %s\n", found);
		} else {
			differ++;
			if (wanted)
				fprintf(out, "  - %s\n", wanted);
			if (found)
				fprintf(out, "  + %s\n", found);
		}
		i++;
	}
	assert_int_equal(fclose(out), 0);
	if (differ)
		print_error("%s:%u: %s\n%s", golden->file, golden->line, golden->title, difference);
	free(difference);
	if (differ)
		fail();
}

static void a_golden_case(void **state)
{
	const struct golden *golden = *state;
	const struct policy_source source = {golden->file, golden->policy};
	cleanup(cleanup_policy) struct policy *policy = NULL;
	char groups[GROUPS_MAX][NAME_SIZE];
	struct identity subject = identity_of(golden, groups);
	struct heard heard = {0};
	struct outcome outcome = {0};

	if (policy_parse(&source, 1, &site, hear, &heard, &policy) != 0)
		fail_msg("the policy of %s:%u does not load:\n%s", golden->file, golden->line,
		         heard.text);
	ask(golden, policy, &subject, &outcome);
	compare(golden, &outcome);
}

/* ---- the collection ---- */

/* In the order of RULE_KEYS; `defaults` and what spans keys have files as well. */
static const char *const keys[] = {
#define K(name, type, reader, place) name,
        RULE_KEYS(K)
#undef K
                "defaults",
        "deny",
        "first-match",
};

static void every_key_of_the_language_has_its_cases(void **state)
{
	const struct collection *all = *state;

	assert_in_range(all->count, CASES_WANTED, 10000);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char file[128];
		size_t cases = 0;
		(void)snprintf(file, sizeof(file), "%s.golden", keys[i]);
		for (size_t k = 0; k < all->count; k++)
			cases += !strcmp(all->cases[k].file, file) &&
			         strstr(all->cases[k].policy,
			                strcmp(keys[i], "first-match") ? keys[i] : "rule");
		if (cases < 2)
			fail_msg("golden/%s has %zu cases whose policy names it", file, cases);
	}
}

static void a_file_of_the_wrong_form_is_refused(void **state)
{
	static const struct {
		const char *text;
		unsigned int line;
	} wrong[] = {
	        {"", 2},
	        {"policy\n\trule\n", 4},
	        {"case a\n", 1},
	        {"\tuser a\n", 1},
	        {"policies\n", 1},
	        {"policy\ncase\n", 2},
	        {"policy\ncase a\n\tuser a\n\tscope b\n", 6},
	        {"policy\ncase a\n\tuser a\n\tuser b\n", 4},
	        {"policy\ncase a\n\tuser\n", 3},
	        {"policy\ncase a\n\tusers b\n", 3},
	        {"policy\ncase a\n\tdecision deny, no rule\n", 3},
	        {"policy\ncase a\n\tuser a\n\tscope b\n\tdecision maybe\n", 5},
	        {"policy\ncase a\n\tuser a\n\tscope b\n\tdecision allow by \n", 5},
	        {"policy\ncase a\n\tuser a\n\tscope b\n\tterm max: 1h\n", 5},
	        {"policy\ncase a\n\tuser a\n\tscope b\n\tdecision deny, no rule\n\trule a: all\n",
	         6},
	        {"policy\ncase a\n\tuser a\n\tscope b\n\tdecision deny, no rule\n\thost c\n", 6},
	        {"policy\ncase a\n\tuser a\n\tscope b\n\trule a\n", 5},
	        {"policy\ncase a\n\tuser a\n\tscope b\ncase c\n", 5},
	        {"policy\ncase a\n\tuser a\n\tscope b\n\tdecision deny, no rule\ncase a\n", 6},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct collection all = {0};
		unsigned int line = 0;
		if (!golden_read(&all, "wrong", strdup(wrong[i].text), &line))
			fail_msg("taken: %s", wrong[i].text);
		assert_int_equal(line, wrong[i].line);
		golden_done(&all);
	}
}

static int is_golden(const struct dirent *entry)
{
	const char *end = strrchr(entry->d_name, '.');

	return end && !strcmp(end, ".golden");
}

static char *file_text(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *in = fopen(path, "r");

	if (in && getdelim(&text, &size, '\0', in) < 0)
		*text = '\0';
	if (in)
		fclose(in);
	return text;
}

/* 0, or 1 after saying which line of which file is of no form. */
static int read_all(struct collection *all)
{
	const char *top = getenv("top_srcdir");
	struct dirent **entries;
	char folder[4096], path[8192];
	int n, bad = 0;

	(void)snprintf(folder, sizeof(folder), "%s/policy/golden", top ? top : ".");
	n = scandir(folder, &entries, is_golden, alphasort);
	if (n <= 0)
		fprintf(stderr, "%s: no cases there\n", folder);
	for (int i = 0; i < n; i++) {
		unsigned int line = 0;
		char *name = all->texts[all->text_count++] = strdup(entries[i]->d_name), *text;
		const char *wrong;
		(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
		text = file_text(path);
		wrong = text ? golden_read(all, name, text, &line) : "cannot be read";
		if (wrong)
			fprintf(stderr, "%s:%u: %s\n", path, line, wrong);
		bad |= !!wrong;
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	return bad || n <= 0;
}

int main(void)
{
	struct collection all = {0};
	int bad = read_all(&all);
	struct CMUnitTest *tests = calloc(all.count + 2, sizeof(*tests));
	char **names = calloc(all.count + 1, sizeof(*names));

	if (bad || !tests || !names)
		return 1;
	tests[0] = (struct CMUnitTest)cmocka_unit_test_prestate(
	        every_key_of_the_language_has_its_cases, &all);
	tests[1] = (struct CMUnitTest)cmocka_unit_test(a_file_of_the_wrong_form_is_refused);
	for (size_t i = 0; i < all.count; i++) {
		if (asprintf(&names[i], "%s: %s", all.cases[i].file, all.cases[i].title) < 0)
			return 1;
		tests[i + 2] =
		        (struct CMUnitTest){names[i], a_golden_case, NULL, NULL, &all.cases[i]};
	}
	bad = _cmocka_run_group_tests("golden", tests, all.count + 2, NULL, NULL);
	for (size_t i = 0; i < all.count; i++)
		free(names[i]);
	free(names);
	free(tests);
	golden_done(&all);
	return bad;
}
