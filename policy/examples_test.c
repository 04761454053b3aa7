/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The examples, those of the man pages and those beside them, tried on the parsers; and what is
 * expected of them.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "policy/advise.h"
#include "policy/expect.h"
#include "policy/heard.h"
#include "policy/page.h"
#include "policy/policy.h"
#include "policy/settings.h"

#define FILES_MAX 16

/* Without an error, and without a warning. */
static struct policy *parse_rules(const struct policy_source *sources, size_t count,
                                  const struct strings *trusts)
{
	struct policy *policy = NULL;
	struct heard heard = {0};
	struct policy_site site = page_site;

	site.trusts = trusts;
	if (policy_parse(sources, count, &site, hear, &heard, &policy) != 0)
		fail_msg("%s", heard.text);
	assert_int_equal(policy_advise(policy, &site, hear, &heard), 0);
	assert_string_equal(heard.text, "");
	assert_int_not_equal(policy_rule_count(policy), 0);
	return policy;
}

static void try_settings(const char *name, const char *text)
{
	const struct policy_source source = {name, text};
	struct settings *settings = NULL;
	struct heard heard = {0};

	if (settings_parse(&source, hear, &heard, &settings) != 0)
		fail_msg("%s", heard.text);
	settings_free(settings);
}

static size_t try_blocks(const char *name, void try_block(const char *name, const char *text))
{
	cleanup(cleanup_free) char *text = source_text(name);
	char *at = text, *example;
	size_t examples = 0;

	for (; (example = between(&at, RULES_BEGIN, BLOCK_END)); examples++)
		try_block(name, example);
	return examples;
}

static void try_rules(const char *name, const char *text)
{
	policy_free(parse_rules(&(struct policy_source){name, text}, 1, NULL));
}

static void the_examples_in_the_man_pages_are_good(void **state)
{
	(void)state;
	assert_true(try_blocks(RULES_PAGE, try_rules) >= 5);
	assert_int_not_equal(try_blocks("jitd.conf.5", try_settings), 0);
}

static int lines_of(const char *text)
{
	int lines = 0;

	for (; (text = strchr(text, '\n')); text++)
		lines++;
	return lines;
}

static void the_first_policy_in_the_page_has_the_ten_lines_that_it_promises(void **state)
{
	cleanup(cleanup_free) char *page = source_text(RULES_PAGE);
	char *at = page, *example = between(&at, RULES_BEGIN, ".Ed");

	(void)state;
	assert_int_equal(lines_of(example), 10);
}

static void differs(void *context, const char *key, const char *expected, const char *is)
{
	const struct expectation *expectation = context;

	fail_msg("%u: %s: %s: expected %s, is %s", expectation->line, expectation->title, key,
	         expected, is);
}

/* Who is in which group comes from the expectation alone. */
static void check_one(const struct expectation *expectation, const struct policy *policy)
{
	struct identity subject = {.uid = 2001, .gid = 2001};
	char groups[16][NAME_SIZE];
	bool met = false;

	assert_true(expectation->groups_given);
	assert_true(expectation->groups.count <= 16);
	(void)snprintf(subject.name, sizeof(subject.name), "%s", expectation->user);
	for (size_t i = 0; i < expectation->groups.count; i++)
		(void)snprintf(groups[i], NAME_SIZE, "%s", expectation->groups.items[i]);
	subject.groups = groups;
	subject.group_count = expectation->groups.count;
	assert_int_equal(expectation_check(expectation, policy, &subject, "here.example.org",
	                                   differs, (void *)(uintptr_t)expectation, &met),
	                 0);
	assert_true(met);
}

static struct expectations *read_expectations(const char *name, const char *text)
{
	const struct policy_source source = {name, text};
	struct expectations *expectations = NULL;
	struct heard heard = {0};

	if (expectations_parse(&source, hear, &heard, &expectations) != 0)
		fail_msg("%s", heard.text);
	assert_string_equal(heard.text, "");
	return expectations;
}

/* Each expectation is met, and each rule is what one of them is about. */
static void check_all(const struct expectations *expectations, const struct policy *policy,
                      bool every_rule)
{
	for (size_t i = 0; i < expectations->count; i++)
		check_one(&expectations->items[i], policy);
	for (size_t i = 0; every_rule && i < policy_rule_count(policy); i++) {
		const char *title = policy_rule_at(policy, i)->title;
		bool named = false;
		for (size_t k = 0; k < expectations->count; k++)
			named |= expectations->items[k].rule &&
			         !strcmp(expectations->items[k].rule, title);
		if (!named)
			fail_msg("no expectation is about rule %s", title);
	}
}

static void the_expectations_in_the_page_hold_of_its_examples(void **state)
{
	cleanup(cleanup_free) char *page = source_text(RULES_PAGE),
	                           *again = source_text(RULES_PAGE);
	char *at = section(page, "Sh EXAMPLES"), *block;
	struct policy_source sources[16];
	cleanup(cleanup_policy) struct policy *policy = NULL;
	cleanup(cleanup_expectations) struct expectations *expectations = NULL;
	size_t count = 0;

	(void)state;
	while ((block = between(&at, RULES_BEGIN, BLOCK_END)) && count < 16)
		sources[count++] = (struct policy_source){"EXAMPLES", block};
	policy = parse_rules(sources, count, NULL);
	at = again;
	block = between(&at, EXPECT_BEGIN, BLOCK_END);
	assert_non_null(block);
	expectations = read_expectations(RULES_PAGE, block);
	check_all(expectations, policy, false);
}

static int shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* What is in a folder of the examples, in the order of names. */
static size_t list(const char *folder, char names[static FILES_MAX][512])
{
	struct dirent **entries = NULL;
	char path[4096];
	int count;

	source_path(folder, path);
	count = scandir(path, &entries, shown, alphasort);
	if (count <= 0 || count > FILES_MAX)
		fail_msg("%s: %d files", path, count);
	for (int i = 0; i < count; i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%s/%.200s", folder, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return (size_t)count;
}

static char *short_text(const char *name)
{
	char *text = source_text(name);

	if (lines_of(text) >= 40)
		fail_msg("%s is no short example", name);
	return text;
}

/* Some have lines for jitd.conf beside them. */
static struct settings *settings_of(const char *name)
{
	char path[4096], file[512];
	struct settings *settings = NULL;
	struct heard heard = {0};
	cleanup(cleanup_free) char *text = NULL;

	assert_int_equal(text_format(file, sizeof(file), "%s/jitd.conf", name), 0);
	source_path(file, path);
	if (access(path, R_OK) < 0)
		return NULL;
	text = short_text(file);
	if (settings_parse(&(struct policy_source){file, text}, hear, &heard, &settings) != 0)
		fail_msg("%s", heard.text);
	assert_int_not_equal(settings->trusts.count, 0);
	return settings;
}

static void try_example(const char *name)
{
	char names[FILES_MAX][512];
	struct policy_source sources[FILES_MAX];
	cleanup(cleanup_policy) struct policy *policy = NULL;
	cleanup(cleanup_expectations) struct expectations *expectations = NULL;
	cleanup(cleanup_free) char *text = NULL, *folder = NULL, *tests = NULL;
	cleanup(cleanup_settings) struct settings *settings = settings_of(name);
	size_t count;

	assert_true(asprintf(&folder, "%s/policy.d", name) > 0);
	assert_true(asprintf(&tests, "%s/tests.conf", name) > 0);
	count = list(folder, names);
	for (size_t i = 0; i < count; i++)
		sources[i] = (struct policy_source){names[i], short_text(names[i])};
	policy = parse_rules(sources, count, settings ? &settings->trust_names : NULL);
	for (size_t i = 0; i < count; i++)
		free((char *)(uintptr_t)sources[i].text);
	text = short_text(tests);
	expectations = read_expectations(tests, text);
	check_all(expectations, policy, true);
}

static void each_example_is_a_good_policy_that_does_what_its_tests_expect(void **state)
{
	char names[FILES_MAX][512];
	size_t count = list("examples", names);

	(void)state;
	assert_int_equal(count, 11);
	for (size_t i = 0; i < count; i++)
		try_example(names[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_examples_in_the_man_pages_are_good),
	        cmocka_unit_test(the_first_policy_in_the_page_has_the_ten_lines_that_it_promises),
	        cmocka_unit_test(the_expectations_in_the_page_hold_of_its_examples),
	        cmocka_unit_test(each_example_is_a_good_policy_that_does_what_its_tests_expect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
