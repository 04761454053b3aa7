/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The man pages, held against the tables and the parsers: what a page says and the code can be
 * asked for, is asked.
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
#include "base/folder.h"
#include "policy/heard.h"
#include "policy/lexer.h"
#include "policy/page.h"
#include "policy/policy.h"
#include "policy/rules.h"
#include "policy/settings.h"
#include "policy/ticket.h"
#include "policy/window.h"

static const struct key {
	const char *name, *type, *place;
} rule_keys[] = {
#define K(name, type, reader, place) {name, #type, #place},
        RULE_KEYS(K)
#undef K
};

static const struct key setting_keys[] = {
#define S(name, type, member, fallback) {name, #type, NULL},
        SETTINGS(S)
#undef S
#define K(name, type, reader, example) {name, #type, NULL},
                TRUST_KEYS(K)
#undef K
};

static const struct page {
	const char *file;
	const struct key *keys;
	size_t count;
} pages[] = {
        {RULES_PAGE, rule_keys, sizeof(rule_keys) / sizeof(rule_keys[0])},
        {"jitd.conf.5", setting_keys, sizeof(setting_keys) / sizeof(setting_keys[0])},
};

/* ---- keys ---- */

static bool is_one_of(const struct page *page, const char *name, size_t length)
{
	for (size_t i = 0; i < page->count; i++)
		if (strlen(page->keys[i].name) == length &&
		    !strncmp(page->keys[i].name, name, length))
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
			(void)snprintf(line, sizeof(line), "%s%s\n", mark, pages[i].keys[k].name);
			if (!strstr(text, line))
				fail_msg("%s lacks .It Ic %s", pages[i].file,
				         pages[i].keys[k].name);
		}
		assert_int_equal(entries, pages[i].count);
	}
}

/* An entry of jit-policy(5) begins with one line of its own: "TYPE; default VALUE.", where VALUE
 * may be "none: what that means", or "TYPE; required.". */
static void head_of(const char *page, const char *key, char type[static 128],
                    char value[static 128])
{
	char mark[64];
	const char *at;

	(void)snprintf(mark, sizeof(mark), "\n.It Ic %s\n", key);
	at = strstr(page, mark);
	if (!at || sscanf(at + strlen(mark), "%127[^;\n]; %127[^:\n]", type, value) != 2)
		fail_msg("%s: the entry of %s does not begin with its type and default", RULES_PAGE,
		         key);
	if (value[strlen(value) - 1] == '.')
		value[strlen(value) - 1] = '\0';
}

/* What the code has for a rule that says nothing, as it is written there; "none": nothing. */
static void builtin_value(const char *key, char value[static 128])
{
	char title[] = "builtin", mark[64];
	struct rule rule = rule_builtin(SETTINGS_GRANT_MAX);
	cleanup(cleanup_free) char *text = NULL;
	const char *at;

	rule.title = title;
	rule.at_end = !strcmp(key, "keep-max") ? END_KEEP : rule.at_end;
	text = rule_text(&rule);
	assert_non_null(text);
	(void)snprintf(mark, sizeof(mark), " %s = ", key);
	at = strstr(text, mark);
	if (!at || sscanf(at + strlen(mark), "%127[^ ]", value) != 1 || !strcmp(value, "{}"))
		(void)snprintf(value, 128, "none");
}

static void each_default_in_the_page_is_that_of_the_code(void **state)
{
	cleanup(cleanup_free) char *page = source_text(RULES_PAGE);

	(void)state;
	for (size_t i = 0; i < pages[0].count; i++) {
		char type[128], value[128], said[160], expected[128];
		head_of(page, rule_keys[i].name, type, value);
		if (!strcmp(value, "required"))
			continue;
		builtin_value(rule_keys[i].name, expected);
		(void)snprintf(said, sizeof(said), "default %s", expected);
		if (strcmp(value, said) != 0)
			fail_msg("%s: %s: the page says \"%s\", the code \"%s\"", RULES_PAGE,
			         rule_keys[i].name, value, said);
	}
}

/* Parses a rule that is complete but for `without`, with `more` in it. */
static bool parses(const char *without, const char *more, struct heard *heard)
{
	const char *const complete[] = {
	        "who = {\"alice\"}", "approvers = {\"%leads\"}",
	        /* only what comes over ssh knocks, and only what does not is kept */
	        strncmp(more, "knock", 5) ? "scope = {\"sudo:root\"}" : "scope = {\"ssh:~\"}"};
	char text[1024] = "rule \"r\" {\n";
	const struct policy_source source = {"r", text};
	cleanup(cleanup_policy) struct policy *policy = NULL;
	size_t used = strlen(text);

	for (size_t i = 0; i < 3; i++)
		if (strncmp(complete[i], without, strcspn(complete[i], " ")) != 0)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\n",
			                         complete[i]);
	(void)snprintf(text + used, sizeof(text) - used, "%s\n}\n", more);
	*heard = (struct heard){0};
	return policy_parse(&source, 1, &page_site, hear, heard, &policy) == 0;
}

static void what_the_page_says_is_required_is_required(void **state)
{
	cleanup(cleanup_free) char *page = source_text(RULES_PAGE);

	(void)state;
	for (size_t i = 0; i < pages[0].count; i++) {
		const char *key = rule_keys[i].name;
		char type[128], value[128], mark[64];
		struct heard heard;
		bool required;
		head_of(page, key, type, value);
		required = !strcmp(value, "required");
		(void)snprintf(mark, sizeof(mark), ": %s: ", key);
		if (parses(key, "", &heard) == required)
			fail_msg("%s: %s: %s %s", RULES_PAGE, key, value, heard.text);
		if (required && !strstr(heard.text, mark))
			fail_msg("%s", heard.text);
	}
}

static void takes(const char *key, const char *value, bool wanted)
{
	char entry[256];
	struct heard heard;

	(void)snprintf(entry, sizeof(entry), "%s = %s", key, value);
	if (parses(key, entry, &heard) != wanted)
		fail_msg("%s: \"%s\" should be %s: %s", RULES_PAGE, entry,
		         wanted ? "good" : "refused", heard.text);
}

static void holds_to_range(const char *key, unsigned int least, unsigned int most)
{
	char number[32];

	(void)snprintf(number, sizeof(number), "%u", least);
	takes(key, number, true);
	(void)snprintf(number, sizeof(number), "%u", most);
	takes(key, number, true);
	(void)snprintf(number, sizeof(number), "%u", most + 1);
	takes(key, number, false);
	if (least)
		takes(key, "0", false);
}

/* The type in the entry's first line, tried. */
static void try_type(const struct key *key, const char *type)
{
	unsigned int least, most;
	char first[64], second[64];

	if (sscanf(type, "Number %u to %u", &least, &most) == 2)
		holds_to_range(key->name, least, most);
	else if (sscanf(type, "Either %63s or %63s", first, second) == 2) {
		takes(key->name, first, true);
		takes(key->name, second, true);
		takes(key->name, first[0] == '"' ? "\"neither\"" : "\"true\"", false);
	} else if (!strcmp(type, "Duration")) {
		takes(key->name, "\"15\"", false);
		takes(key->name, "\"15 min\"", false);
	} else if (!strncmp(type, "List ", 5)) {
		assert_string_equal(key->type, "LIST");
	} else {
		takes(key->name, "{\"x\"}", false);
	}
	takes(key->name, "1.5", false);
}

static void each_type_in_the_page_is_what_the_parser_takes(void **state)
{
	cleanup(cleanup_free) char *page = source_text(RULES_PAGE);

	(void)state;
	for (size_t i = 0; i < pages[0].count; i++) {
		char type[128], value[128];
		head_of(page, rule_keys[i].name, type, value);
		assert_int_equal(!strncmp(type, "List ", 5), !strcmp(rule_keys[i].type, "LIST"));
		assert_int_equal(!strncmp(type, "Number ", 7),
		                 !strcmp(rule_keys[i].type, "NUMBER"));
		try_type(&rule_keys[i], type);
	}
}

static void the_page_names_the_keys_that_defaults_may_not_hold(void **state)
{
	cleanup(cleanup_free) char *page = source_text(RULES_PAGE);
	char *text = section(page, "Sh DEFAULTS");
	char *named = between(&text, "all keys but\n", ".\n");
	size_t found = 0, refused = 0;

	(void)state;
	assert_non_null(named);
	for (size_t i = 0; i < pages[0].count; i++)
		refused += !strcmp(rule_keys[i].place, "RULE_ONLY");
	for (char *word = strtok_r(named, " \n", &text); word; word = strtok_r(NULL, " \n", &text))
		for (size_t i = 0; i < pages[0].count; i++)
			if (!strcmp(rule_keys[i].name, word)) {
				found++;
				assert_string_equal(rule_keys[i].place, "RULE_ONLY");
			}
	assert_int_equal(found, refused);
}

static void the_limits_in_the_page_are_those_of_the_code(void **state)
{
	cleanup(cleanup_free) char *page = source_text(RULES_PAGE);
	const char *text = section(page, "Sh LIMITS");
	const struct {
		size_t number;
		const char *what;
	} limits[] = {
	        {FOLDER_FILES_MAX, "files"},
	        {FOLDER_FILE_MAX >> 20, "MiB each"},
	        {POLICY_RULES_MAX, "rules"},
	        {CONF_LIST_MAX, "values in a list"},
	        {RULE_LIST_SIZE - 1, "bytes in a list of users and groups"},
	        {STRING_MAX, "bytes in a string"},
	        {TICKET_MAX, "bytes in a ticket"},
	};

	(void)state;
	assert_int_equal(TICKET_MAX, TICKET_EXPRESSION_MAX);
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		char said[64];
		(void)snprintf(said, sizeof(said), "%zu %s", limits[i].number, limits[i].what);
		if (!strstr(text, said))
			fail_msg("%s does not say: %s", RULES_PAGE, said);
	}
}

/* ---- the tables of what matches and what does not ---- */

/* The field that a rule for alice with `key` = {"pattern"} stops a question at. */
static enum rule_field ask(const char *key, const char *pattern, struct question question)
{
	char text[1024], host[] = "here.example.org";
	const struct policy_source source = {"table", text};
	struct identity alice = {.uid = 2001, .name = "alice"};
	cleanup(cleanup_policy) struct policy *policy = NULL;
	struct heard heard = {0};

	(void)snprintf(text, sizeof(text),
	               "rule \"r\" { who = {\"alice\"}  %s%s = {\"%s\"}\n"
	               "approvers = {\"%%leads\"}  present = \"typed\" }\n",
	               strcmp(key, "scope") ? "scope = {\"sudo:root\"}  " : "", key, pattern);
	if (policy_parse(&source, 1, &page_site, hear, &heard, &policy) != 0)
		fail_msg("%s", heard.text);
	question.subject = &alice;
	question.here = host;
	question.host = question.host ? question.host : host;
	question.scopes = question.scopes ? question.scopes : "sudo:root";
	return rule_compare(policy_rule_at(policy, 0), &question);
}

static enum rule_field ask_cell(const char *key, const char *pattern, const char *cell)
{
	struct question question = {0};

	if (!strcmp(key, "scope"))
		question.scopes = cell;
	else if (!strcmp(key, "hosts"))
		question.host = cell;
	else if (!strcmp(key, "commands"))
		question.command = cell;
	else
		assert_int_equal(moment_read(cell, &question.at), 0);
	return ask(key, pattern, question);
}

/* Takes the next cell of a row: WORD or "SEVERAL WORDS". */
static char *next_cell(char **at)
{
	static const char mark[] = "Li ";
	char *cell = strstr(*at, mark), *end;

	if (!cell)
		return NULL;
	cell += sizeof(mark) - 1;
	end = *cell == '"' ? strchr(++cell, '"') : cell + strcspn(cell, " ");
	assert_non_null(end);
	*at = *end ? end + 1 : end;
	*end = '\0';
	return cell;
}

static void try_row(const char *key, char *row)
{
	const char *pattern = next_cell(&row), *yes = next_cell(&row), *no = next_cell(&row);

	assert_non_null(pattern);
	assert_non_null(yes);
	if (ask_cell(key, pattern, yes) != FIELD_ALL)
		fail_msg("%s: %s does not match %s", key, pattern, yes);
	if (no && strcmp(rule_field_word(ask_cell(key, pattern, no)), key) != 0)
		fail_msg("%s: %s matches %s", key, pattern, no);
}

static void the_tables_in_the_page_are_true(void **state)
{
	static const struct {
		const char *heading, *key;
	} tables[] = {{"Ss Scopes", "scope"},
	              {"Ss Hosts", "hosts"},
	              {"Ss Commands", "commands"},
	              {"Ss Times", "when"}};

	(void)state;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		cleanup(cleanup_free) char *page = source_text(RULES_PAGE);
		char *table = section(page, tables[i].heading), *rest, *row;
		size_t rows = 0;
		for (row = strtok_r(table, "\n", &rest); row; row = strtok_r(NULL, "\n", &rest)) {
			if (strncmp(row, ".It Li ", 7) != 0)
				continue;
			try_row(tables[i].key, row);
			rows++;
		}
		assert_true(rows >= 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_key_has_its_entry_in_the_man_page_and_each_entry_its_key),
	        cmocka_unit_test(each_default_in_the_page_is_that_of_the_code),
	        cmocka_unit_test(what_the_page_says_is_required_is_required),
	        cmocka_unit_test(each_type_in_the_page_is_what_the_parser_takes),
	        cmocka_unit_test(the_page_names_the_keys_that_defaults_may_not_hold),
	        cmocka_unit_test(the_limits_in_the_page_are_those_of_the_code),
	        cmocka_unit_test(the_tables_in_the_page_are_true),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
