/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Expectations: what is refused, and that each is met, or not, by what the policy answers.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/expect.h"
#include "policy/heard.h"

static struct expectations *parse(const char *text)
{
	const struct policy_source source = {"t.conf", text};
	struct expectations *expectations = NULL;
	struct heard heard = {0};

	if (expectations_parse(&source, hear, &heard, &expectations) != 0)
		fail_msg("%s", heard.text);
	assert_string_equal(heard.text, "");
	return expectations;
}

static void every_key_is_read(void **state)
{
	struct expectations *expectations =
	        parse("# first\n"
	              "expect \"all keys\" {\n"
	              "  user = \"alice\" groups = {\"dba\", \"leads\"} scope = \"sudo-i:root\"\n"
	              "  host = \"db1.example.org\" command = \"/usr/bin/id -u\" via = \"gitlab\"\n"
	              "  at = \"fri 23:30\" rule = \"night\" effect = \"allow\" approvals = 2\n"
	              "}\n"
	              "expect \"few\" { user = \"bob\" scope = \"su:app\" rule = \"\" }\n");
	const struct expectation *all = &expectations->items[0], *few = &expectations->items[1];

	(void)state;
	assert_int_equal(expectations->count, 2);
	assert_string_equal(all->title, "all keys");
	assert_int_equal(all->line, 2);
	assert_string_equal(all->user, "alice");
	assert_true(all->groups_given);
	assert_int_equal(all->groups.count, 2);
	assert_string_equal(all->groups.items[1], "leads");
	assert_string_equal(all->scope, "sudo:root"); /* canonical */
	assert_string_equal(all->host, "db1.example.org");
	assert_string_equal(all->command, "/usr/bin/id -u");
	assert_string_equal(all->via, "gitlab");
	assert_true(all->at.known);
	assert_int_equal(all->at.day, 4);
	assert_int_equal(all->at.minute, 23 * 60 + 30);
	assert_string_equal(all->rule, "night");
	assert_true(all->effect == DECISION_ALLOW);
	assert_int_equal(all->approvals, 2);

	assert_int_equal(few->line, 7);
	assert_false(few->groups_given);
	assert_null(few->host);
	assert_null(few->command);
	assert_null(few->via);
	assert_false(few->at.known);
	assert_string_equal(few->rule, "");
	assert_true(few->effect == DECISION_NONE);
	assert_int_equal(few->approvals, -1);
	expectations_free(expectations);
}

static void no_groups_are_groups_too(void **state)
{
	struct expectations *expectations = parse(
	        "expect \"x\" { user = \"a\" groups = {} scope = \"su:b\" effect = \"deny\" }");

	(void)state;
	assert_true(expectations->items[0].groups_given);
	assert_int_equal(expectations->items[0].groups.count, 0);
	expectations_free(expectations);
}

#define GOOD "user = \"a\" scope = \"su:b\" effect = \"allow\" "

static const struct refusal {
	const char *inside; /* of a block */
	const char *key, *says;
} refusals[] = {
        {"scope = \"su:b\" rule = \"x\"", "user", "alice"},
        {"user = \"a\" rule = \"x\"", "scope", "sudo:root"},
        {"user = \"a\" scope = \"su:b\"", "expect", "looks at nothing"},
        {"user = \"%a\" scope = \"su:b\" rule = \"x\"", "user", "\"%a\" is the name of no user"},
        {"user = \"\" scope = \"su:b\" rule = \"x\"", "user", "no user"},
        {"user = {\"a\"} scope = \"su:b\" rule = \"x\"", "user", "user = \"...\""},
        {"user = \"a\" scope = \"su\" rule = \"x\"", "scope", "\"su\" is no scope"},
        {"user = \"a\" scope = \"su:*\" rule = \"x\"", "scope", "is no scope"},
        {"user = \"a\" scope = \"su:~\" rule = \"x\"", "scope", "is no scope"},
        {GOOD "groups = {\"%dba\"}", "groups", "without %"},
        {GOOD "groups = {\"a\", \"a\"}", "groups", "twice"},
        {GOOD "groups = \"a\"", "groups", "in braces"},
        {GOOD "host = \"db*\"", "host", "no name of a host"},
        {GOOD "host = \"\"", "host", "no name of a host"},
        {GOOD "command = \"id -u\"", "command", "from / on"},
        {GOOD "command = \"/bin/id  -u\"", "command", "single blanks"},
        {GOOD "command = \"/bin/id \"", "command", "single blanks"},
        {GOOD "command = \"\"", "command", "no command"},
        {GOOD "via = \"a b\"", "via", "no trust"},
        {GOOD "at = \"23:00\"", "at", "fri 23:00"},
        {GOOD "at = \"fri 24:00\"", "at", "no time of the week"},
        {GOOD "at = \"friday 23:00\"", "at", "no time of the week"},
        {GOOD "rule = \"a b\"", "rule", "no title"},
        {"user = \"a\" scope = \"su:b\" effect = \"maybe\"", "effect", "neither"},
        {GOOD "approvals = 17", "approvals", "0 to 16"},
        {GOOD "approvals = \"1\"", "approvals", "without quotes"},
        {GOOD "rule = \"\"", "effect", "where no rule decides"},
        {"user = \"a\" scope = \"su:b\" rule = \"\" approvals = 1", "approvals", "leave it out"},
        {"user = \"a\" scope = \"su:b\" effect = \"deny\" approvals = 1", "approvals", "leave it"},
        {GOOD "who = {\"a\"}", "who", ""},
        {GOOD "user = \"b\"", "user", "twice"},
};

static void each_mistake_has_its_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		struct expectations *expectations = NULL;
		struct heard heard = {0};
		char text[512], begins[64];
		const struct policy_source source = {"t.conf", text};
		snprintf(text, sizeof(text), "\n\nexpect \"t\" { %s }\n", refusals[i].inside);
		snprintf(begins, sizeof(begins), "t.conf:3: %s: ", refusals[i].key);
		if (expectations_parse(&source, hear, &heard, &expectations) != -EINVAL)
			fail_msg("row %zu is taken: %s", i, text);
		assert_null(expectations);
		if (heard.errors != 1 || strncmp(heard.text, begins, strlen(begins)) ||
		    !strstr(heard.text, refusals[i].says))
			fail_msg("row %zu: %s", i, heard.text);
	}
}

static void all_mistakes_are_told_at_once(void **state)
{
	const struct policy_source source = {
	        "t.conf", "expect \"a\" { user = \"%a\"\n scope = \"x\"\n at = \"noon\" }\n"
	                  "expect \"b\" { }\n"
	                  "expect \"\" { user = \"a\" scope = \"su:b\" rule = \"x\" }\n"};
	struct expectations *expectations = NULL;
	struct heard heard = {0};

	(void)state;
	assert_int_equal(expectations_parse(&source, hear, &heard, &expectations), -EINVAL);
	assert_null(expectations);
	assert_non_null(strstr(heard.text, "t.conf:1: user: "));
	assert_non_null(strstr(heard.text, "t.conf:2: scope: "));
	assert_non_null(strstr(heard.text, "t.conf:3: at: "));
	assert_non_null(strstr(heard.text, "t.conf:4: user: "));
	assert_non_null(strstr(heard.text, "t.conf:4: scope: "));
	assert_non_null(strstr(heard.text, "t.conf:4: expect: "));
	assert_non_null(strstr(heard.text, "t.conf:5: expect: the title is empty"));
	assert_int_equal(heard.errors, 7);
}

/* A file that is empty, or holds rules, is no file of expectations that are all met. */
static void a_file_without_any_is_refused(void **state)
{
	static const char *const texts[] = {"",
	                                    "# nothing\n",
	                                    "rule \"x\" { who = {\"a\"} }\n",
	                                    "defaults { max = \"1h\" }\n",
	                                    "expect { " GOOD "}\n",
	                                    "expect \"x\" { " GOOD "\n",
	                                    "user = \"a\"\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const struct policy_source source = {"t.conf", texts[i]};
		struct expectations *expectations = NULL;
		struct heard heard = {0};
		assert_int_equal(expectations_parse(&source, hear, &heard, &expectations), -EINVAL);
		assert_null(expectations);
		assert_true(heard.errors >= 1);
	}
}

/* ---- against a policy ---- */

#define RULES                                                                                      \
	"rule \"no-root\" { who = {\"%temps\"} scope = {\"sudo:root\"} effect = \"deny\" }\n"      \
	"rule \"day\" { who = {\"%dba\"} scope = {\"sudo:pg\"} approvers = {\"bob\", \"carl\"}\n"  \
	"  approvals = 2 when = {\"mon-fri 08:00-18:00\"} }\n"                                     \
	"rule \"night\" { who = {\"%dba\"} scope = {\"sudo:pg\"} approvers = {\"bob\"} }\n"        \
	"rule \"far\" { who = {\"%dba\"} scope = {\"su:app\"} approvals = 0\n"                     \
	"  hosts = {\"db*\"} }\n"                                                                  \
	"rule \"run\" { who = {\"%dba\"} scope = {\"sudo:app\"} approvals = 0\n"                   \
	"  commands = {\"/bin/ls *\"} via = \"gitlab\" }\n"

static const struct check {
	const char *inside, *differences;
} checks[] = {
        {"scope = \"sudo:pg\" at = \"mon 08:00\" rule = \"day\" effect = \"allow\" approvals = 2",
         ""},
        {"scope = \"sudo:pg\" at = \"fri 18:00\" rule = \"night\" approvals = 1", ""},
        {"scope = \"sudo:pg\" at = \"sun 10:00\" rule = \"day\" approvals = 2",
         "rule|\"day\"|\"night\"\napprovals|2|1\n"},
        {"scope = \"sudo:pg\" at = \"sun 10:00\" effect = \"deny\"", "effect|\"deny\"|\"allow\"\n"},
        {"scope = \"sudo:root\" rule = \"\"", ""},
        {"scope = \"sudo:root\" rule = \"\" effect = \"deny\"", ""},
        {"scope = \"sudo:root\" effect = \"allow\" approvals = 0",
         "effect|\"allow\"|\"deny\"\napprovals|0|none, denied\n"},
        {"scope = \"sudo:root\" rule = \"day\"", "rule|\"day\"|\"\"\n"},
        {"groups = {\"temps\"} scope = \"sudo:root\" rule = \"no-root\" effect = \"deny\"", ""},
        {"groups = {\"temps\"} scope = \"sudo:root\" rule = \"\"", "rule|\"\"|\"no-root\"\n"},
        {"groups = {\"temps\"} scope = \"sudo:root sudo:pg\" rule = \"no-root\"", ""},
        {"scope = \"su:app\" effect = \"deny\"", ""}, /* `here` is no db */
        {"scope = \"su:app\" host = \"DB7\" rule = \"far\" approvals = 0", ""},
        {"scope = \"sudo:app\" effect = \"deny\"", ""},
        {"scope = \"sudo:app\" command = \"/bin/ls x\" rule = \"\"", ""},
        {"scope = \"sudo:app\" command = \"/bin/ls x\" via = \"gitlab\" rule = \"run\"", ""},
        {"scope = \"sudo:app\" command = \"/bin/ls x/y\" via = \"gitlab\" rule = \"\"", ""},
};

static void note(void *context, const char *key, const char *expected, const char *is)
{
	char *noted = context;
	size_t used = strlen(noted);

	snprintf(noted + used, 1024 - used, "%s|%s|%s\n", key, expected ? expected : "NULL", is);
}

static struct policy *policy_of(const char *text)
{
	char *const trust = (char *)"gitlab";
	const struct strings trusts = {(char **)&trust, 1};
	const struct policy_site site = {
	        .max_grant = 43200, .sudo_plugin = true, .trusts = &trusts};
	const struct policy_source source = {"10.conf", text};
	struct policy *policy = NULL;
	struct heard heard = {0};

	if (policy_parse(&source, 1, &site, hear, &heard, &policy) != 0)
		fail_msg("%s", heard.text);
	return policy;
}

/* The differences of one expectation of alice's, who is in dba unless it says otherwise. */
static bool check(const struct policy *policy, const char *inside, char noted[static 1024])
{
	struct identity subject = {.uid = 1000, .name = "alice", .group_count = 1};
	char text[512], groups[1][NAME_SIZE] = {"dba"};
	struct expectations *expectations;
	bool met = false;

	subject.groups = groups;
	snprintf(text, sizeof(text), "expect \"t\" { user = \"alice\" %s }", inside);
	expectations = parse(text);
	if (expectations->items[0].groups_given)
		snprintf(groups[0], NAME_SIZE, "%s", expectations->items[0].groups.items[0]);
	noted[0] = '\0';
	assert_int_equal(expectation_check(&expectations->items[0], policy, &subject, "web1", note,
	                                   noted, &met),
	                 0);
	expectations_free(expectations);
	return met;
}

static void differences_are_told_and_nothing_else(void **state)
{
	struct policy *policy = policy_of(RULES);

	(void)state;
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		char noted[1024];
		bool met = check(policy, checks[i].inside, noted);
		if (strcmp(noted, checks[i].differences) || met != !*checks[i].differences)
			fail_msg("row %zu: met %d:\n%s", i, met, noted);
	}
	policy_free(policy);
}

/* Whether it is met must not depend on when it is run; a rule that has nothing to do with the
 * question asks for nothing. */
static void a_time_that_counts_must_be_given(void **state)
{
	struct policy *policy = policy_of(RULES);
	struct policy *denying =
	        policy_of("rule \"no\" { who = {\"%dba\"} scope = {\"sudo:pg\"} effect = \"deny\"\n"
	                  "  when = {\"sat,sun\"} }\n"
	                  "rule \"yes\" { who = {\"%dba\"} scope = {\"sudo:pg\"} approvals = 0 }");
	struct policy *early =
	        policy_of("rule \"yes\" { who = {\"%dba\"} scope = {\"sudo:pg\"} approvals = 0 }\n"
	                  "rule \"no\" { who = {\"%dba\"} scope = {\"sudo:pg\"} effect = \"deny\"\n"
	                  "  when = {\"sat,sun\"} }\n");
	char noted[1024];

	(void)state;
	assert_false(check(policy, "scope = \"sudo:pg\" effect = \"allow\"", noted));
	assert_ptr_equal(strstr(noted, "at|NULL|rule \"day\" (10.conf:2) looks at the time"),
	                 noted);
	assert_string_equal(strchr(noted, '\n'), "\n"); /* and no other difference */
	assert_false(check(denying, "scope = \"sudo:pg\" rule = \"no\"", noted));
	assert_ptr_equal(strstr(noted, "at|NULL|rule \"no\" (10.conf:1) "), noted);
	assert_true(check(denying, "scope = \"sudo:pg\" at = \"sun 00:00\" rule = \"no\"", noted));
	assert_true(check(denying, "scope = \"sudo:pg\" at = \"mon 00:00\" rule = \"yes\"", noted));
	assert_true(check(denying, "scope = \"su:pg\" rule = \"\"", noted));
	assert_true(check(early, "scope = \"sudo:pg\" rule = \"yes\"", noted));
	policy_free(policy);
	policy_free(denying);
	policy_free(early);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_key_is_read),
	        cmocka_unit_test(no_groups_are_groups_too),
	        cmocka_unit_test(each_mistake_has_its_line),
	        cmocka_unit_test(all_mistakes_are_told_at_once),
	        cmocka_unit_test(a_file_without_any_is_refused),
	        cmocka_unit_test(differences_are_told_and_nothing_else),
	        cmocka_unit_test(a_time_that_counts_must_be_given),
	};

	return cmocka_run_group_tests_name("expect", tests, NULL, NULL);
}
