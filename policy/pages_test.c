/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The man pages and the examples, held against the tables and the parsers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/heard.h"
#include "policy/policy.h"
#include "policy/rules.h"
#include "policy/settings.h"

static const char *const rule_keys[] = {
#define K(name, type, reader, place) name,
        RULE_KEYS(K)
#undef K
};

static const char *const setting_keys[] = {
#define S(name, type, member, fallback) name,
        SETTINGS(S)
#undef S
};

static const struct page {
	const char *file;
	const char *const *keys;
	size_t count;
} pages[] = {
        {"jit-policy.5", rule_keys, sizeof(rule_keys) / sizeof(rule_keys[0])},
        {"jitd.conf.5", setting_keys, sizeof(setting_keys) / sizeof(setting_keys[0])},
};

static char *source_text(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[4096], *text = NULL;
	size_t size = 0;
	FILE *in;

	(void)snprintf(path, sizeof(path), "%s/policy/%s", top ? top : ".", name);
	in = fopen(path, "r");
	if (!in)
		fail_msg("%s cannot be read", path);
	if (getdelim(&text, &size, '\0', in) < 0)
		fail_msg("%s is empty", path);
	fclose(in);
	return text;
}

static bool is_one_of(const struct page *page, const char *name, size_t length)
{
	for (size_t i = 0; i < page->count; i++)
		if (strlen(page->keys[i]) == length && !strncmp(page->keys[i], name, length))
			return true;
	return false;
}

static void each_key_has_its_entry_in_the_man_page_and_each_entry_its_key(void **state)
{
	static const char mark[] = "\n.It Ic ";

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		cleanup(cleanup_free) char *text = source_text(pages[i].file);
		size_t entries = 0;
		for (const char *at = text; (at = strstr(at, mark)); entries++) {
			at += sizeof(mark) - 1;
			if (!is_one_of(&pages[i], at, strcspn(at, "\n")))
				fail_msg("%s: no key is called %.20s", pages[i].file, at);
		}
		for (size_t k = 0; k < pages[i].count; k++) {
			char line[128];
			(void)snprintf(line, sizeof(line), "%s%s\n", mark, pages[i].keys[k]);
			if (!strstr(text, line))
				fail_msg("%s lacks .It Ic %s", pages[i].file, pages[i].keys[k]);
		}
		assert_int_equal(entries, pages[i].count);
	}
}

static void parse_rules(const char *name, const char *text)
{
	const struct policy_source source = {name, text};
	struct policy *policy = NULL;
	struct heard heard = {0};

	if (policy_parse(&source, 1, &(struct policy_site){.max_grant = SETTINGS_GRANT_MAX}, hear,
	                 &heard, &policy) != 0)
		fail_msg("%s", heard.text);
	assert_string_equal(heard.text, "");
	assert_int_not_equal(policy_rule_count(policy), 0);
	policy_free(policy);
}

static void parse_settings(const char *name, const char *text)
{
	const struct policy_source source = {name, text};
	struct settings *settings = NULL;
	struct heard heard = {0};

	if (settings_parse(&source, hear, &heard, &settings) != 0)
		fail_msg("%s", heard.text);
	settings_free(settings);
}

static void the_examples_in_the_man_pages_are_good(void **state)
{
	static const char begin[] = "\n.Bd -literal -offset indent\n", end[] = "\n.Ed\n";

	(void)state;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		cleanup(cleanup_free) char *text = source_text(pages[i].file);
		size_t examples = 0;
		for (char *at = text; (at = strstr(at, begin)); examples++) {
			char *example = at + sizeof(begin) - 1;
			at = strstr(example, end);
			assert_non_null(at);
			*at++ = '\0';
			if (pages[i].keys == rule_keys)
				parse_rules(pages[i].file, example);
			else
				parse_settings(pages[i].file, example);
		}
		assert_int_not_equal(examples, 0);
	}
}

static void the_examples_are_good_alone_and_together(void **state)
{
	static const char *const names[] = {"examples/10-deny.conf", "examples/20-dba.conf",
	                                    "examples/30-su.conf", "examples/40-ssh.conf"};
	struct policy_source sources[4];
	struct policy *policy = NULL;
	struct heard heard = {0};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		sources[i] = (struct policy_source){names[i], source_text(names[i])};
		parse_rules(names[i], sources[i].text);
	}
	if (policy_parse(sources, 4, &(struct policy_site){.max_grant = SETTINGS_GRANT_MAX}, hear,
	                 &heard, &policy) != 0)
		fail_msg("%s", heard.text);
	assert_int_equal(policy_rule_count(policy), 7);
	policy_free(policy);
	for (size_t i = 0; i < 4; i++)
		free((char *)(uintptr_t)sources[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_key_has_its_entry_in_the_man_page_and_each_entry_its_key),
	        cmocka_unit_test(the_examples_in_the_man_pages_are_good),
	        cmocka_unit_test(the_examples_are_good_alone_and_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
