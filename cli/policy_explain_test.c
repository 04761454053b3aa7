/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitd-admin policy explain and policy test on rules of our own. Accounts: daemon and bin, which
 * every host has.
 */
#include <dirent.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_test_jitd.h"
#include "cli/command.h"
#include "policy/expect.h"

static struct play *play;
static char rules[96], tests[96], host[256];

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, 0644), 0);
}

static void write_rules(const char *name, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", rules, name);
	write_file(path, text);
}

static const char deny[] = "rule \"no-temps\" {\n"
                           "  who = {\"%temps\"}  scope = {\"sudo:*\"}  effect = \"deny\"\n"
                           "}\n";
static const char dba[] = "# who works on databases\n"
                          "rule \"day\" {\n"
                          "  who = {\"%dba\", \"daemon\"}  scope = {\"sudo:postgres\"}\n"
                          "  approvers = {\"bin\", \"daemon\", \"%leads\"}  approvals = 2\n"
                          "  when = {\"mon-fri 08:00-18:00\"}\n"
                          "}\n"
                          "rule \"night\" {\n"
                          "  who = {\"%dba\", \"daemon\"}  scope = {\"sudo:postgres\"}\n"
                          "  approvers = {\"bin\"}  max = \"30m\"  reason = \"required\"\n"
                          "}\n";

static int set_up(void **state)
{
	(void)state;
	play = play_new();
	play_deafen(play); /* no jitd is needed */
	snprintf(rules, sizeof(rules), "%s/rules", play->directory);
	snprintf(tests, sizeof(tests), "%s/tests.conf", play->directory);
	assert_int_equal(gethostname(host, sizeof(host) - 1), 0);
	assert_int_equal(mkdir(rules, 0755), 0);
	write_rules("10-deny.conf", deny);
	write_rules("20-dba.conf", dba);
	return 0;
}

static int tear_down(void **state)
{
	DIR *directory = opendir(rules);
	struct dirent *entry;

	(void)state;
	while (directory && (entry = readdir(directory)))
		unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	rmdir(rules);
	unlink(tests);
	play_free(play);
	return 0;
}

/* ---- explain ---- */

#define EXPLAIN(user, scope, ...)                                                                  \
	play_alone(play,                                                                           \
	           (char *const[]){(char *)"jitd-admin", (char *)"policy", (char *)"explain",      \
	                           (char *)"--policy", rules, (char *)"--user", (char *)(user),    \
	                           (char *)"--scope", (char *)(scope), ##__VA_ARGS__, NULL})
#define AT(time) (char *)"--at", (char *)(time)

static void it_says_which_rule_decides_and_why_not_those_before(void **state)
{
	char rows[2048], ends[64];

	(void)state;
	assert_int_equal(EXPLAIN("daemon", "sudo:postgres", AT("fri 23:00")), EXIT_DONE);
	assert_string_equal(play->err, "");
	snprintf(rows, sizeof(rows), " asks for sudo:postgres, on %s, fri 23:00\n%s, sha256 ", host,
	         rules);
	assert_memory_equal(play->out, "daemon (daemon", 14);
	assert_non_null(strstr(play->out, rows));
	snprintf(rows, sizeof(rows),
	         "\n\n"
	         "RULE      %-*s  WHY\n"
	         "no-temps  %s/10-deny.conf:1  who: daemon is not in \"%%temps\"\n"
	         "day       %s/20-dba.conf:2   when: fri 23:00 is not in \"mon-fri 08:00-18:00\"\n"
	         "night     %s/20-dba.conf:7   decides\n"
	         "\n"
	         "allow by rule \"night\"\n"
	         "\n"
	         "could approve  \"bin\"\n"
	         "approvers      \"bin\"\n"
	         "approvals      1\n",
	         (int)strlen(rules) + 15, "FILE:LINE", rules, rules, rules);
	if (!strstr(play->out, rows))
		fail_msg("%s", play->out);
	snprintf(ends, sizeof(ends), "\nmax            30m\n");
	assert_non_null(strstr(play->out, ends));
	assert_non_null(strstr(play->out, "\nreason         required\n"));
}

static void nobody_approves_their_own(void **state)
{
	(void)state;
	assert_int_equal(EXPLAIN("daemon", "sudo:postgres", AT("mon 08:00")), EXIT_DONE);
	assert_non_null(strstr(play->out, "\nallow by rule \"day\"\n"));
	assert_non_null(strstr(play->out, "\ncould approve  \"bin\", \"%leads\"\n"));
	assert_non_null(strstr(play->out, "\napprovals      2\n"));
	assert_null(strstr(play->out, "night")); /* nothing after the deciding rule */
}

static void a_refusal_is_exit_code_1(void **state)
{
	(void)state;
	assert_int_equal(EXPLAIN("daemon", "sudo:root"), EXIT_REFUSED);
	assert_non_null(strstr(play->out, "\n\nno rule matches: denied\n"));
	assert_null(strstr(play->out, "could approve"));
	assert_string_equal(play->err, "");
	write_rules("10-deny.conf", "rule \"no\" { who = {\"daemon\"} scope = {\"sudo:*\"} "
	                            "effect = \"deny\" }\n");
	assert_int_equal(EXPLAIN("daemon", "sudo:postgres"), EXIT_REFUSED);
	assert_non_null(strstr(play->out, ":1  decides\n\ndeny by rule \"no\"\n"));
	assert_null(strstr(play->out, "could approve"));
}

static void times_are_of_this_host(void **state)
{
	(void)state; /* TZ is UTC; 2026-11-27 is a Friday */
	assert_int_equal(EXPLAIN("daemon", "sudo:postgres", AT("2026-11-27T17:59:59Z")), EXIT_DONE);
	assert_non_null(strstr(play->out, ", fri 17:59\n"));
	assert_non_null(strstr(play->out, "by rule \"day\""));
	assert_int_equal(EXPLAIN("daemon", "sudo:postgres", AT("2026-11-27T18:00:00Z")), EXIT_DONE);
	assert_non_null(strstr(play->out, "by rule \"night\""));
	assert_int_equal(EXPLAIN("daemon", "sudo:postgres", AT("2026-11-27T18:00:00+01:00")),
	                 EXIT_DONE);
	assert_non_null(strstr(play->out, ", fri 17:00\n"));
	assert_int_equal(EXPLAIN("daemon", "sudo:postgres", AT("2026-11-29T23:30:00Z")), EXIT_DONE);
	assert_non_null(strstr(play->out, ", sun 23:30\n"));
	assert_int_equal(EXPLAIN("daemon", "sudo:postgres", AT("-2h")), EXIT_DONE);
	assert_int_equal(EXPLAIN("daemon", "sudo:postgres"), EXIT_DONE);
}

static void hosts_and_commands_are_asked_for(void **state)
{
	(void)state;
	write_rules("20-dba.conf",
	            "rule \"far\" { who = {\"daemon\"} scope = {\"sudo:root\"} approvals = 0\n"
	            "  hosts = {\"db*.example.org\"} commands = {\"/usr/bin/id *\"} }\n");
	assert_int_equal(EXPLAIN("daemon", "sudo:root", (char *)"--host", (char *)"db7.example.org",
	                         (char *)"--command", (char *)"/usr/bin/id -u"),
	                 EXIT_DONE);
	assert_non_null(strstr(play->out, " asks for sudo:root, command /usr/bin/id -u, on "
	                                  "db7.example.org, "));
	assert_int_equal(EXPLAIN("daemon", "sudo:root", (char *)"--host", (char *)"db7.example.org",
	                         (char *)"--command", (char *)"/usr/bin/id"),
	                 EXIT_REFUSED);
	assert_non_null(strstr(play->out, "commands: "));
	assert_int_equal(
	        EXPLAIN("daemon", "sudo:root", (char *)"--command", (char *)"/usr/bin/id -u"),
	        EXIT_REFUSED);
	assert_non_null(strstr(play->out, "hosts: "));
}

/* ---- the same for programs ---- */

static const char *text_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		fail_msg("%s is no string: %s", key, play->out);
	return json_string_value(value);
}

static json_t *object_of(const char *user, const char *scope, const char *at, int code)
{
	json_error_t error;
	json_t *object;

	assert_int_equal(EXPLAIN(user, scope, AT(at), (char *)"--json"), code);
	assert_string_equal(play->err, "");
	object = json_loads(play->out, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		fail_msg("%s: %s", error.text, play->out);
	return object;
}

static void json_of_an_allow_has_all_of_it(void **state)
{
	json_t *object = object_of("daemon", "sudo-i:postgres", "fri 23:00", EXIT_DONE);
	const json_t *rows = json_object_get(object, "rules"), *row = json_array_get(rows, 1),
	             *last = json_array_get(rows, 2);
	char path[160];

	(void)state;
	assert_int_equal(json_object_size(object), 11);
	assert_string_equal(text_of(object, "user"), "daemon");
	assert_string_equal(json_string_value(json_array_get(json_object_get(object, "groups"), 0)),
	                    "daemon");
	assert_string_equal(text_of(object, "scope"), "sudo:postgres");
	assert_string_equal(text_of(object, "host"), host);
	assert_true(json_is_null(json_object_get(object, "command")));
	assert_string_equal(text_of(object, "at"), "fri 23:00");
	assert_int_equal(json_array_size(rows), 3);
	snprintf(path, sizeof(path), "%s/20-dba.conf", rules);
	assert_int_equal(json_object_size(row), 5);
	assert_string_equal(text_of(row, "rule"), "day");
	assert_string_equal(text_of(row, "file"), path);
	assert_int_equal(json_integer_value(json_object_get(row, "line")), 2);
	assert_string_equal(text_of(row, "field"), "when");
	assert_string_equal(text_of(row, "why"), "fri 23:00 is not in \"mon-fri 08:00-18:00\"");
	assert_true(json_is_null(json_object_get(last, "field")));
	assert_true(json_is_null(json_object_get(last, "why")));
	assert_string_equal(text_of(object, "effect"), "allow");
	assert_string_equal(text_of(object, "rule"), "night");
	assert_string_equal(
	        json_string_value(json_array_get(json_object_get(object, "approvers"), 0)), "bin");
	assert_string_equal(text_of(json_object_get(object, "terms"), "max"), "30m");
	json_decref(object);
}

/* Of a list that is too long for a line the beginning is shown, wherever within a character it is
 * cut. */
static void json_is_valid_where_a_reason_is_cut(void **state)
{
	(void)state;
	for (size_t first = 0; first < 2; first++) {
		char text[2048], many[1001];
		json_t *object;
		for (size_t i = 0; i < sizeof(many) - 1; i += 2)
			memcpy(many + i, "\xc3\xa9", 2);
		many[sizeof(many) - 1] = '\0';
		(void)snprintf(text, sizeof(text),
		               "rule \"long\" { who = {\"daemon\"} scope = {\"sudo:long\"}\n"
		               "  approvals = 0 commands = {\"/%s%s\"} }\n",
		               first ? "x" : "", many);
		write_rules("30-long.conf", text);
		object = object_of("daemon", "sudo:long", "sun 00:00", EXIT_REFUSED);
		assert_non_null(strstr(play->out, "...\""));
		json_decref(object);
	}
}

static void json_of_a_refusal_has_null_where_nothing_is(void **state)
{
	json_t *object = object_of("daemon", "su:root", "sun 00:00", EXIT_REFUSED);

	(void)state;
	assert_string_equal(text_of(object, "effect"), "deny");
	assert_true(json_is_null(json_object_get(object, "rule")));
	assert_int_equal(json_array_size(json_object_get(object, "rules")), 3);
	assert_true(json_is_array(json_object_get(object, "approvers")));
	assert_int_equal(json_array_size(json_object_get(object, "approvers")), 0);
	assert_true(json_is_object(json_object_get(object, "terms")));
	json_decref(object);
}

/* ---- what explain refuses ---- */

static void whom_nobody_knows_is_refused(void **state)
{
	(void)state;
	assert_int_equal(EXPLAIN("jit-nobody", "sudo:root"), EXIT_REFUSED);
	assert_string_equal(play->out, "");
	assert_string_equal(play->err,
	                    "jitd-admin: --user 'jit-nobody': no such user on this host\n");
	assert_int_equal(EXPLAIN("../x", "sudo:root"), EXIT_REFUSED);
	assert_non_null(strstr(play->err, "no such user"));
}

static void rules_with_errors_explain_nothing(void **state)
{
	char line[512];

	(void)state;
	write_rules("10-deny.conf", "rule \"x\" { maximum = \"1h\" }\n");
	write_rules("20-dba.conf", "rule \"y\" { max = \"soon\" }\n");
	assert_int_equal(EXPLAIN("daemon", "sudo:root", (char *)"--json"), EXIT_REFUSED);
	assert_string_equal(play->out, "");
	snprintf(line, sizeof(line), "%s/10-deny.conf:1: maximum: ", rules);
	assert_non_null(strstr(play->err, line));
	snprintf(line, sizeof(line), "%s/20-dba.conf:1: max: ", rules);
	assert_non_null(strstr(play->err, line));
	snprintf(line, sizeof(line), "jitd-admin: %s: 2 errors\n", rules);
	assert_non_null(strstr(play->err, line));
	snprintf(line, sizeof(line), "%s/10-deny.conf", rules);
	assert_int_equal(chmod(line, 0666), 0);
	assert_int_equal(EXPLAIN("daemon", "sudo:root"), EXIT_REFUSED);
	assert_non_null(strstr(play->err, "mode 0666 lets others in"));
}

/* ---- test ---- */

static int test_file(void)
{
	return play_alone(play,
	                  (char *const[]){(char *)"jitd-admin", (char *)"policy", (char *)"test",
	                                  tests, (char *)"--policy", rules, NULL});
}

static void only_what_fails_is_printed_as_a_diff(void **state)
{
	char expected[4096];

	(void)state;
	write_file(tests,
	           "expect \"two by day\" { user = \"alice\" groups = {\"dba\"}\n"
	           "  scope = \"sudo:postgres\" at = \"mon 08:00\" rule = \"day\" approvals = 2 }\n"
	           "expect \"one by night\" { user = \"alice\" groups = {\"dba\"}\n"
	           "  scope = \"sudo:postgres\" at = \"fri 23:00\" rule = \"day\" approvals = 2 }\n"
	           "expect \"temps never\" { user = \"eve\" groups = {\"temps\", \"dba\"}\n"
	           "  scope = \"sudo:postgres\" rule = \"no-temps\" effect = \"deny\" }\n"
	           "expect \"an account\" { user = \"daemon\"\n"
	           "  scope = \"sudo:postgres\" at = \"tue 09:00\" effect = \"allow\" }\n"
	           "expect \"temps get root\" { user = \"eve\" groups = {\"temps\"}\n"
	           "  scope = \"sudo:root\" effect = \"allow\" }\n");
	assert_int_equal(test_file(), EXIT_REFUSED);
	assert_string_equal(play->err, "");
	snprintf(expected, sizeof(expected),
	         "%s:3: expect \"one by night\"\n"
	         "  - rule = \"day\"\n"
	         "  + rule = \"night\"\n"
	         "  - approvals = 2\n"
	         "  + approvals = 1\n"
	         "    RULE      %-*s  WHY\n"
	         "    no-temps  %s/10-deny.conf:1  who: alice is not in \"%%temps\"\n"
	         "    day       %s/20-dba.conf:2   when: fri 23:00 is not in \"mon-fri "
	         "08:00-18:00\"\n"
	         "    night     %s/20-dba.conf:7   decides\n"
	         "%s:9: expect \"temps get root\"\n"
	         "  - effect = \"allow\"\n"
	         "  + effect = \"deny\"\n"
	         "    RULE      %-*s  WHY\n"
	         "    no-temps  %s/10-deny.conf:1  decides\n"
	         "5 expectations, 2 failed\n",
	         tests, (int)strlen(rules) + 15, "FILE:LINE", rules, rules, rules, tests,
	         (int)strlen(rules) + 15, "FILE:LINE", rules);
	assert_string_equal(play->out, expected);
}

static void all_met_is_exit_code_0(void **state)
{
	char expected[1024];

	(void)state;
	write_file(tests, "expect \"a\" { user = \"alice\" groups = {} scope = \"sudo:root\"\n"
	                  "  effect = \"deny\" }\n");
	assert_int_equal(test_file(), EXIT_DONE);
	assert_string_equal(play->out, "1 expectation, 0 failed\n");
	assert_string_equal(play->err, "");
	/* for this host unless it says another */
	write_rules("20-dba.conf",
	            "rule \"here\" { who = {\"%x\"} scope = {\"su:app\"} approvals = "
	            "0 }\n");
	snprintf(
	        expected, sizeof(expected),
	        "expect \"here\" { user = \"a\" groups = {\"x\"} scope = \"su:app\" rule = "
	        "\"here\" }\n"
	        "expect \"by name\" { user = \"a\" groups = {\"x\"} scope = \"su:app\" host = \"%s\" "
	        "rule = \"here\" }\n"
	        "expect \"there\" { user = \"a\" groups = {\"x\"} scope = \"su:app\" host = "
	        "\"there.example.org\" rule = \"\" }\n",
	        host);
	write_file(tests, expected);
	assert_int_equal(test_file(), EXIT_DONE);
	assert_string_equal(play->out, "3 expectations, 0 failed\n");
}

/* Whoever is named like an account is not that account once groups are given. */
static void groups_given_ask_no_account(void **state)
{
	(void)state;
	write_rules("20-dba.conf",
	            "rule \"own\" { who = {\"%daemon\"} scope = {\"su:app\"} approvals = 0 }\n");
	write_file(tests,
	           "expect \"looked up\" { user = \"daemon\" scope = \"su:app\" rule = \"own\" }\n"
	           "expect \"given\" { user = \"daemon\" groups = {} scope = \"su:app\" rule = "
	           "\"\" }\n");
	assert_int_equal(test_file(), EXIT_DONE);
}

static void what_cannot_be_asked_has_failed(void **state)
{
	char expected[1024];

	(void)state;
	write_file(tests, "expect \"who is that\" { user = \"jit-nobody\" scope = \"su:app\"\n"
	                  "  effect = \"deny\" }\n"
	                  "expect \"when\" { user = \"a\" groups = {\"dba\"}\n"
	                  "  scope = \"sudo:postgres\" effect = \"allow\" }\n");
	assert_int_equal(test_file(), EXIT_REFUSED);
	snprintf(
	        expected, sizeof(expected),
	        "%s:1: expect \"who is that\"\n"
	        "  no user \"jit-nobody\" on this host; write groups = {...} to test without "
	        "accounts\n"
	        "%s:3: expect \"when\"\n"
	        "  at is not given, and rule \"day\" (%s/20-dba.conf:2) looks at the time; write for "
	        "example at = \"mon 10:00\"\n",
	        tests, tests, rules);
	assert_ptr_equal(strstr(play->out, expected), play->out);
	assert_non_null(strstr(play->out, "\n2 expectations, 2 failed\n"));
}

static void files_that_are_wrong_test_nothing(void **state)
{
	char line[512];

	(void)state;
	write_file(tests, "expect \"a\" { user = \"%a\" scope = \"x\" }\n");
	assert_int_equal(test_file(), EXIT_REFUSED);
	assert_string_equal(play->out, "");
	snprintf(line, sizeof(line), "%s:1: user: ", tests);
	assert_non_null(strstr(play->err, line));
	snprintf(line, sizeof(line), "jitd-admin: %s: 2 errors\n", tests);
	assert_non_null(strstr(play->err, line));
	write_file(tests, "");
	assert_int_equal(test_file(), EXIT_REFUSED);
	assert_non_null(strstr(play->err, "no expectation at all"));
	unlink(tests);
	assert_int_equal(test_file(), EXIT_REFUSED);
	assert_non_null(strstr(play->err, "tests.conf: No such file"));
	write_file(tests,
	           "expect \"a\" { user = \"a\" groups = {} scope = \"su:b\" rule = \"\" }\n");
	write_rules("10-deny.conf", "rule \"x\" { }\n");
	assert_int_equal(test_file(), EXIT_REFUSED);
	assert_string_equal(play->out, "");
	assert_non_null(strstr(play->err, "/10-deny.conf:1: who: "));
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest all[] = {
	        EACH(it_says_which_rule_decides_and_why_not_those_before),
	        EACH(nobody_approves_their_own),
	        EACH(a_refusal_is_exit_code_1),
	        EACH(times_are_of_this_host),
	        EACH(hosts_and_commands_are_asked_for),
	        EACH(json_of_an_allow_has_all_of_it),
	        EACH(json_of_a_refusal_has_null_where_nothing_is),
	        EACH(json_is_valid_where_a_reason_is_cut),
	        EACH(whom_nobody_knows_is_refused),
	        EACH(rules_with_errors_explain_nothing),
	        EACH(only_what_fails_is_printed_as_a_diff),
	        EACH(all_met_is_exit_code_0),
	        EACH(groups_given_ask_no_account),
	        EACH(what_cannot_be_asked_has_failed),
	        EACH(files_that_are_wrong_test_nothing),
	};

	return cmocka_run_group_tests_name("policy_explain", all, NULL, NULL);
}
