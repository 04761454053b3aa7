/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitd-admin policy check on directories of our own. Accounts: daemon and bin, which every host
 * has.
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
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/folder.h"
#include "cli/admin/policy_become.h"
#include "cli/admin/policy_names.h"
#include "cli/cli_test_jitd.h"
#include "cli/command.h"

static struct play *play;
static char rules[96];

static int set_up(void **state)
{
	(void)state;
	play = play_new();
	play_deafen(play); /* no jitd is needed */
	snprintf(rules, sizeof(rules), "%s/rules", play->directory);
	return mkdir(rules, 0755);
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
	play_free(play);
	return 0;
}

static void write_rule(const char *name, const char *title, const char *more)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", rules, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
	        "rule \"%s\" {\n\twho = {\"%%daemon\"}\n\tscope = {\"sudo:root\"}\n"
	        "\tapprovers = {\"%%bin\"}\n%s}\n",
	        title, more);
	fclose(file);
	assert_int_equal(chmod(path, 0644), 0);
}

static int check(void)
{
	char *argv[] = {(char *)"jitd-admin", (char *)"policy", (char *)"check", rules, NULL};

	return play_alone(play, argv);
}

static void good_rules_are_counted(void **state)
{
	(void)state;
	write_rule("10-a.conf", "a", "");
	write_rule("20-b.conf", "b", "\tmax = \"2h\"\n\thosts = {\"db*\"}\n");
	write_rule("30-c.conf.off", "c", "\tnonsense\n");
	write_rule(".d.conf", "d", "\tnonsense\n");
	assert_int_equal(check(), EXIT_DONE);
	assert_string_equal(play->out, "2 rules, no error\n");
}

static void every_error_names_file_line_and_key(void **state)
{
	(void)state;
	write_rule("10-a.conf", "a", "\tmax = \"0s\"\n");
	write_rule("20-b.conf", "b", "\tmaximum = \"2h\"\n");
	assert_int_equal(check(), EXIT_REFUSED);
	assert_non_null(strstr(play->out, "/rules/10-a.conf:5: max"));
	assert_non_null(strstr(play->out, "/rules/20-b.conf:5: maximum"));
	assert_non_null(strstr(play->out, "\n2 errors\n"));
}

static void files_are_read_in_the_order_of_their_bytes(void **state)
{
	const char *first, *second;

	(void)state;
	write_rule("b.conf", "b", "\tmax = \"0s\"\n");
	write_rule("B.conf", "B", "\tmax = \"0s\"\n");
	assert_int_equal(check(), EXIT_REFUSED);
	first = strstr(play->out, "/B.conf:5");
	second = strstr(play->out, "/b.conf:5");
	assert_non_null(first);
	assert_non_null(second);
	assert_true(first < second);
}

static void an_empty_directory_is_a_warning(void **state)
{
	(void)state;
	assert_int_equal(check(), EXIT_DONE);
	assert_memory_equal(play->out, "warning: ", 9);
	assert_non_null(strstr(play->out, "\n0 rules, no error\n"));
}

static void warnings_refuse_nothing(void **state)
{
	(void)state;
	write_rule("10-a.conf", "first", "");
	write_rule("20-b.conf", "second", "");
	assert_int_equal(check(), EXIT_DONE);
	assert_memory_equal(play->out, "warning: ", 9);
	assert_non_null(strstr(play->out, "/20-b.conf:1: "));
	assert_non_null(strstr(play->out, "\"second\""));
	assert_non_null(strstr(play->out, "\"first\"")); /* the one that shadows it is named */
	assert_non_null(strstr(play->out, "\n2 rules, no error\n"));
}

/* ---- files that are refused ---- */

static void path_of(const char *name, char ret_path[static 160])
{
	snprintf(ret_path, 160, "%s/%s", rules, name);
}

static void unsafe_directories_are_refused(void **state)
{
	(void)state;
	write_rule("10-a.conf", "a", "\tmax = \"0s\"\n");
	assert_int_equal(chmod(rules, 0777), 0);
	assert_int_equal(check(), EXIT_REFUSED);
	assert_string_equal(play->out, ""); /* what others could write is not looked at */
	assert_non_null(strstr(play->err, rules));
	assert_non_null(strstr(play->err, "mode 0777 lets others in; remove 0022"));
	assert_int_equal(chmod(rules, 0755), 0);
	snprintf(rules + strlen(rules), 4, "/no");
	assert_int_equal(check(), EXIT_REFUSED);
	assert_non_null(strstr(play->err, "/rules/no: No such file"));
	rules[strlen(rules) - 3] = '\0';
}

static void a_refused_file_hides_nothing_of_the_others(void **state)
{
	char open[160], link[160], folder[160], longer[160], line[512];
	FILE *file;

	(void)state;
	write_rule("10-open.conf", "a", "\tmax = \"0s\"\n");
	path_of("10-open.conf", open);
	assert_int_equal(chmod(open, 0666), 0);
	path_of("20-link.conf", link);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	path_of("30-long.conf", longer);
	file = fopen(longer, "w");
	assert_non_null(file);
	for (size_t i = 0; i <= 1 << 20; i++)
		fputc('#', file);
	fclose(file);
	assert_int_equal(chmod(longer, 0644), 0);
	path_of("40-folder.conf", folder);
	assert_int_equal(mkdir(folder, 0755), 0);
	write_rule("50-wrong.conf", "b", "\tmax = \"soon\"\n");
	assert_int_equal(check(), EXIT_REFUSED);
	assert_string_equal(play->err, "");
	snprintf(line, sizeof(line), "%s: mode 0666 lets others in; remove 0022 (chmod 0644 %s)\n",
	         open, open);
	assert_ptr_equal(strstr(play->out, line), play->out);
	snprintf(line, sizeof(line), "\n%s: is a symbolic link", link);
	assert_non_null(strstr(play->out, line));
	snprintf(line, sizeof(line), "\n%s: 1048577 bytes; at most 1048576 are read\n", longer);
	assert_non_null(strstr(play->out, line));
	snprintf(line, sizeof(line), "\n%s: not a regular file\n", folder);
	assert_non_null(strstr(play->out, line));
	assert_non_null(strstr(play->out, "/50-wrong.conf:5: max: \"soon\" is no length of time"));
	assert_non_null(strstr(play->out, "\n5 errors\n"));
	rmdir(folder);
}

static void a_refused_file_is_an_error_where_all_others_are_good(void **state)
{
	char path[160];

	(void)state;
	write_rule("10-a.conf", "a", "");
	write_rule("20-b.conf", "b", "");
	path_of("20-b.conf", path);
	assert_int_equal(chmod(path, 0620), 0);
	assert_int_equal(check(), EXIT_REFUSED);
	assert_non_null(strstr(play->out, "mode 0620 lets others in; remove 0020"));
	assert_non_null(strstr(play->out, "\n1 error\n"));
}

static void too_many_files_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i <= FOLDER_FILES_MAX; i++) {
		char name[32], title[16];
		snprintf(name, sizeof(name), "%03zu.conf", i);
		snprintf(title, sizeof(title), "r%zu", i);
		write_rule(name, title, "");
	}
	assert_int_equal(check(), EXIT_REFUSED);
	assert_string_equal(play->out, "");
	assert_non_null(strstr(play->err, "/rules: 257 files; at most 256 are read\n"));
}

static void files_of_somebody_else_are_refused(void **state)
{
	char path[160];

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give a file away */
	write_rule("10-a.conf", "a", "");
	path_of("10-a.conf", path);
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(check(), EXIT_REFUSED);
	assert_non_null(
	        strstr(play->out, "owned by uid 12345; it must belong to uid 0\n1 error\n"));
}

/* ---- names ---- */

static void write_text(const char *name, const char *text)
{
	char path[160];
	FILE *file;

	path_of(name, path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(chmod(path, 0644), 0);
}

static void unknown_names_are_warnings_once_each(void **state)
{
	char expected[2048];

	(void)state;
	write_text("10.conf", "rule \"a\" { who = {\"jit-nobody\", \"%jit-none\", \"daemon\"}\n"
	                      "  scope = {\"sudo:jit-app\", \"sudo:root\"}\n"
	                      "  approvers = {\"%jit-none\", \"jit-boss\", \"bin\"} }\n"
	                      "\n"
	                      "rule \"b\" { who = {\"jit-nobody\", \"jit-new\"}\n"
	                      "  scope = {\"su:app-*\", \"su:jit-app\"} approvers = {\"bin\"} }\n");
	assert_int_equal(check(), EXIT_DONE);
	snprintf(expected, sizeof(expected),
	         "warning: %s/10.conf:1: who: rule \"a\": no user \"jit-nobody\" on this host; "
	         "correct the name, or make the user\n"
	         "warning: %s/10.conf:1: who: rule \"a\": no group \"jit-none\" on this host; "
	         "correct the name, or make the group\n"
	         "warning: %s/10.conf:1: scope: rule \"a\": no user \"jit-app\" on this host; "
	         "correct the name, or make the user\n"
	         "warning: %s/10.conf:1: approvers: rule \"a\": no user \"jit-boss\" on this "
	         "host; correct the name, or make the user\n"
	         "warning: %s/10.conf:5: who: rule \"b\": no user \"jit-new\" on this host; "
	         "correct the name, or make the user\n"
	         "2 rules, no error\n",
	         rules, rules, rules, rules, rules);
	assert_string_equal(play->out, expected);
	assert_string_equal(play->err, "");
}

/* A host of the test's own: alice and ally are one account, LDAP does not answer for carl and
 * %ops. */
static int lookup_user(const char *name, struct identity **ret_identity)
{
	struct identity *identity;

	if (!strcmp(name, "carl"))
		return -EIO;
	if (strcmp(name, "alice") != 0 && strcmp(name, "ally") != 0)
		return IDENTITY_UNKNOWN;
	identity = calloc(1, sizeof(*identity));
	snprintf(identity->name, sizeof(identity->name), "alice");
	*ret_identity = identity;
	return 0;
}

static int lookup_group(const char *name)
{
	return strcmp(name, "ops") ? IDENTITY_UNKNOWN : -ETIMEDOUT;
}

static void note(void *context, enum policy_severity severity, const char *line)
{
	char *noted = context;
	size_t used = strlen(noted);

	assert_int_equal(severity, POLICY_WARNING);
	snprintf(noted + used, 2048 - used, "%s\n", line);
}

static void names_that_cannot_be_looked_up_are_not_unknown(void **state)
{
	const struct policy_lookup lookup = {lookup_user, lookup_group};
	const struct policy_site site = {.max_grant = 3600};
	const struct policy_source source = {
	        "10.conf", "rule \"a\" { who = {\"ally\", \"carl\", \"%ops\", \"%gone\"}\n"
	                   "  scope = {\"ssh:~\", \"sudo:ally\", \"su:x\"} approvals = 0 }\n"};
	char noted[2048] = "";
	struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_parse(&source, 1, &site, NULL, NULL, &policy), 0);
	assert_int_equal(policy_names_check(policy, &lookup, note, noted), 0);
	assert_string_equal(
	        noted,
	        "10.conf:1: who: rule \"a\": \"ally\" is a second name of \"alice\", whom jitd knows "
	        "by that alone; write \"alice\"\n"
	        "10.conf:1: who: rule \"a\": user \"carl\" cannot be looked up: Input/output error\n"
	        "10.conf:1: who: rule \"a\": group \"ops\" cannot be looked up: Connection timed "
	        "out\n"
	        "10.conf:1: who: rule \"a\": no group \"gone\" on this host; correct the name, or "
	        "make the group\n"
	        "10.conf:1: scope: rule \"a\": no user \"x\" on this host; correct the name, or "
	        "make the user\n");
	policy_free(policy);
}

/* bob and carol are in %leads, carol answers by -EIO, root is in %leads too. */
static int lookup_lead(const char *name, struct identity **ret_identity)
{
	struct identity *identity;

	if (!strcmp(name, "carol"))
		return -EIO;
	if (!strcmp(name, "web"))
		return IDENTITY_UNKNOWN;
	identity = calloc(1, sizeof(*identity));
	identity->uid = strcmp(name, "root") ? 1000 : 0;
	identity->groups = calloc(1, sizeof(*identity->groups));
	identity->group_count = 1;
	snprintf(identity->groups[0], NAME_SIZE, "%s", strcmp(name, "app") ? "leads" : "app");
	snprintf(identity->name, sizeof(identity->name), "%s", name);
	*ret_identity = identity;
	return 0;
}

static void becoming_a_member_of_a_group_that_approves_is_told(void **state)
{
	const struct policy_lookup lookup = {lookup_lead, lookup_group};
	const struct policy_site site = {.max_grant = 3600};
	const struct policy_source source = {
	        "10.conf",
	        "rule \"a\" { who = {\"bob\"} scope = {\"ssh:bob\", \"ssh:~\"} approvals = 0 }\n"
	        "rule \"b\" { who = {\"%x\"} scope = {\"sudo:root\", \"sudo:app\", \"su:web\",\n"
	        "  \"su:carol\", \"su:b*\"} approvers = {\"%leads\", \"%others\"} }\n"
	        "rule \"no\" { who = {\"%x\"} scope = {\"su:bob\"} effect = \"deny\" }\n"
	        "rule \"c\" { who = {\"%x\"} scope = {\"su:bob\"} approvers = {\"%app\"} }\n"
	        "rule \"d\" { who = {\"%x\"} scope = {\"sudo:bob\"} approvals = 0 }\n"};
	char noted[2048] = "";
	struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_parse(&source, 1, &site, NULL, NULL, &policy), 0);
	assert_int_equal(policy_become_check(policy, &lookup, note, noted), 0);
	assert_string_equal(
	        noted,
	        "10.conf:2: scope: rule \"b\" lets somebody become \"app\", who is in %app and "
	        "approves in rule \"c\"; take one of the two out\n"
	        "10.conf:5: scope: rule \"c\" lets somebody become \"bob\", who is in %leads "
	        "and approves in rule \"b\"; take one of the two out\n");
	policy_free(policy);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(good_rules_are_counted),
	        EACH(every_error_names_file_line_and_key),
	        EACH(files_are_read_in_the_order_of_their_bytes),
	        EACH(an_empty_directory_is_a_warning),
	        EACH(files_of_somebody_else_are_refused),
	        EACH(warnings_refuse_nothing),
	        EACH(unsafe_directories_are_refused),
	        EACH(a_refused_file_hides_nothing_of_the_others),
	        EACH(a_refused_file_is_an_error_where_all_others_are_good),
	        EACH(too_many_files_are_refused),
	        EACH(unknown_names_are_warnings_once_each),
	        EACH(names_that_cannot_be_looked_up_are_not_unknown),
	        EACH(becoming_a_member_of_a_group_that_approves_is_told),
	};

	return cmocka_run_group_tests_name("policy_check", tests, NULL, NULL);
}
