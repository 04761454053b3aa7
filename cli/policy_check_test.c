/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitd-admin policy check on directories of our own.
 */
#include <dirent.h>
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
	        "rule \"%s\" {\n\twho = {\"%%dba\"}\n\tscope = {\"sudo:root\"}\n"
	        "\tapprovers = {\"%%leads\"}\n%s}\n",
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
	write_rule("20-b.conf", "b", "\tmax = \"2h\"\n");
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

static void unsafe_files_and_directories_are_refused(void **state)
{
	char path[160];

	(void)state;
	write_rule("10-a.conf", "a", "");
	snprintf(path, sizeof(path), "%s/10-a.conf", rules);
	assert_int_equal(chmod(path, 0666), 0);
	assert_int_equal(check(), EXIT_REFUSED);
	assert_non_null(strstr(play->err, path));
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chmod(rules, 0777), 0);
	assert_int_equal(check(), EXIT_REFUSED);
	assert_non_null(strstr(play->err, rules));
	assert_int_equal(chmod(rules, 0755), 0);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_int_equal(check(), EXIT_REFUSED);
	assert_non_null(strstr(play->err, "symbolic link"));
	unlink(path);
	snprintf(rules + strlen(rules), 4, "/no");
	assert_int_equal(check(), EXIT_REFUSED);
	assert_non_null(strstr(play->err, "/rules/no: No such file"));
	rules[strlen(rules) - 3] = '\0';
}

static void files_of_somebody_else_are_refused(void **state)
{
	char path[160];

	(void)state;
	if (geteuid() != 0)
		skip(); /* only root can give a file away */
	write_rule("10-a.conf", "a", "");
	snprintf(path, sizeof(path), "%s/10-a.conf", rules);
	assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
	assert_int_equal(check(), EXIT_REFUSED);
	assert_non_null(strstr(play->err, "owned by uid 12345"));
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
	        EACH(unsafe_files_and_directories_are_refused),
	};

	return cmocka_run_group_tests_name("policy_check", tests, NULL, NULL);
}
