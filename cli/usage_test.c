/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line without a jitd: usage errors, help, man pages, exit codes; and the small parts.
 */
#include <errno.h>
#include <fcntl.h>
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

#include "cli/admin/admin.h"
#include "cli/cli_test_jitd.h"
#include "cli/connection.h"
#include "cli/help.h"
#include "cli/subject/jit.h"
#include "cli/table.h"
#include "cli/when.h"

static const struct tool *const tools[] = {&jit_tool, &admin_tool};
#define TOOLS 2

static struct play *play;

static int set_up(void **state)
{
	(void)state;
	play = play_new();
	play_deafen(play);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	play_free(play);
	return 0;
}

/* ---- tables ---- */

static void tables_fit_their_bounds(void **state)
{
	(void)state;
	for (size_t t = 0; t < TOOLS; t++)
		for (size_t c = 0; c < tools[t]->command_count; c++) {
			const struct command *command = tools[t]->commands[c];
			assert_ptr_equal(tool_command(tools[t], command->name), command);
			assert_true(command->arguments_max <= ARGUMENTS_MAX);
			assert_true(command->arguments_min <= command->arguments_max);
			assert_true(command->option_count <= OPTIONS_MAX);
			assert_int_equal(!*command->arguments, !command->arguments_max);
			assert_int_equal(*command->arguments == '[',
			                 command->arguments_max && !command->arguments_min);
			for (size_t o = 0; o < command->option_count; o++)
				for (size_t e = 0; e < EVERY_COUNT; e++)
					assert_string_not_equal(command->options[o].name,
					                        every_option[e].name);
		}
}

static char *help_of(const struct tool *tool, const char *command)
{
	char *words[5] = {(char *)tool->name, (char *)"--help"};
	char first[32] = "";

	if (command && strchr(command, ' ')) {
		snprintf(first, sizeof(first), "%.*s", (int)strcspn(command, " "), command);
		words[1] = first;
		words[2] = strchr(command, ' ') + 1;
		words[3] = (char *)"--help";
	} else if (command) {
		words[1] = (char *)command;
		words[2] = (char *)"--help";
	}
	assert_int_equal(play_alone(play, words), EXIT_DONE);
	assert_string_equal(play->err, "");
	return play->out;
}

static void help_of_a_tool_names_every_command(void **state)
{
	(void)state;
	for (size_t t = 0; t < TOOLS; t++) {
		const char *help = help_of(tools[t], NULL);
		for (size_t c = 0; c < tools[t]->command_count; c++) {
			char line[128];
			snprintf(line, sizeof(line), "\n  %s ", tools[t]->commands[c]->name);
			assert_non_null(strstr(help, line));
			assert_non_null(strstr(help, tools[t]->commands[c]->summary));
		}
	}
}

static void help_of_a_command_names_every_option(void **state)
{
	(void)state;
	for (size_t t = 0; t < TOOLS; t++)
		for (size_t c = 0; c < tools[t]->command_count; c++) {
			const struct command *command = tools[t]->commands[c];
			const char *help = help_of(tools[t], command->name);
			char line[128];
			for (size_t o = 0; o < command->option_count; o++) {
				snprintf(line, sizeof(line), "\n  --%s", command->options[o].name);
				assert_non_null(strstr(help, line));
				assert_non_null(strstr(help, command->options[o].help));
			}
			for (size_t e = 0; e < EVERY_COUNT; e++)
				assert_non_null(strstr(help, every_option[e].help));
		}
}

static void help_is_a_command_as_well(void **state)
{
	char *of_tool[] = {(char *)"jit", (char *)"help", NULL};
	char *of_command[] = {(char *)"jitd-admin", (char *)"help", (char *)"policy",
	                      (char *)"check", NULL};
	char *of_none[] = {(char *)"jit", (char *)"help", (char *)"fly", NULL};

	(void)state;
	assert_int_equal(play_alone(play, of_tool), EXIT_DONE);
	assert_non_null(strstr(play->out, "commands:\n"));
	assert_int_equal(play_alone(play, of_command), EXIT_DONE);
	assert_non_null(strstr(play->out, "usage: jitd-admin policy check [DIR]\n"));
	assert_int_equal(play_alone(play, of_none), EXIT_USAGE);
	assert_non_null(strstr(play->err, "'fly'"));
}

/* ---- man pages ---- */

static char *read_page(const char *name)
{
	static char page[65536];
	const char *top = getenv("top_srcdir");
	char path[512];
	size_t n;
	FILE *file;

	snprintf(path, sizeof(path), "%s/cli/%s", top ? top : ".", name);
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	n = fread(page, 1, sizeof(page) - 1, file);
	page[n] = '\0';
	fclose(file);
	return page;
}

/* The entry of one command: from its .It line to the next one of a command, or to the end of the
 * list. */
static void entry_of(const char *page, const char *command, char *ret_entry, size_t size)
{
	char start[64];
	const char *from, *to;

	snprintf(start, sizeof(start), "\n.It Ic %s", command);
	from = strstr(page, start);
	while (from && from[strlen(start)] != ' ' && from[strlen(start)] != '\n')
		from = strstr(from + 1, start);
	if (!from)
		fail_msg("no entry for '%s'", command);
	to = strstr(from, "\n.El");
	if (strstr(from + 1, "\n.It Ic ") && strstr(from + 1, "\n.It Ic ") < to)
		to = strstr(from + 1, "\n.It Ic ");
	assert_non_null(to);
	assert_true((size_t)(to - from) < size);
	memcpy(ret_entry, from, (size_t)(to - from));
	ret_entry[to - from] = '\0';
}

static bool knows(const struct command *command, const char *option, size_t length)
{
	for (size_t o = 0; o < command->option_count; o++)
		if (strlen(command->options[o].name) == length &&
		    !strncmp(command->options[o].name, option, length))
			return true;
	return false;
}

static void check_entry(const struct command *command, const char *entry)
{
	char option[64];

	for (size_t o = 0; o < command->option_count; o++) {
		snprintf(option, sizeof(option), "Fl -%s", command->options[o].name);
		if (!strstr(entry, option))
			fail_msg("%s: the page lacks '%s'", command->name, option);
	}
	for (const char *at = strstr(entry, "Fl -"); at; at = strstr(at + 1, "Fl -"))
		if (!knows(command, at + 4, strcspn(at + 4, " \n")))
			fail_msg("%s: the page has an option too many: %.20s", command->name, at);
}

static void man_pages_say_what_the_tables_say(void **state)
{
	static const char *const pages[TOOLS] = {"jit.1", "jitd-admin.8"};
	static char entry[16384];

	(void)state;
	for (size_t t = 0; t < TOOLS; t++) {
		const char *page = read_page(pages[t]);
		size_t entries = 0;
		for (size_t c = 0; c < tools[t]->command_count; c++) {
			const struct command *command = tools[t]->commands[c];
			entry_of(page, command->name, entry, sizeof(entry));
			check_entry(command, entry);
		}
		for (const char *at = strstr(page, "\n.It Ic "); at;
		     at = strstr(at + 1, "\n.It Ic "))
			entries++;
		assert_int_equal(entries, tools[t]->command_count);
		for (size_t e = 0; e < EVERY_COUNT; e++) {
			snprintf(entry, sizeof(entry), ".It Fl -%s", every_option[e].name);
			assert_non_null(strstr(page, entry));
		}
	}
}

/* ---- usage errors ---- */

static const struct usage {
	const char *argv[7];
	const char *says;  /* the line names what was wrong */
	const char *right; /* and what would be right */
} usages[] = {
        {{"jit"}, "no command", "request, token, list, show, wait, cancel, present, askpass"},
        {{"jit", "reqest"},
         "'reqest'",
         "request, token, list, show, wait, cancel, present, askpass"},
        {{"jit", ""}, "''", "request"},
        {{"jit", "request"}, "SCOPE is missing", "jit request SCOPE"},
        {{"jit", "request", "sudo:root", "id"}, "'id'", "jit request SCOPE"},
        {{"jit", "request", "sudo:root", "--tickets", "X"}, "'--tickets'", "--reason"},
        {{"jit", "request", "sudo:root", "--reaso=x"}, "'--reaso=x'", "--reason"},
        {{"jit", "request", "sudo:root", "-r"}, "'-r'", "--reason"},
        {{"jit", "request", "sudo:root", "--for"}, "--for", "--for D"},
        {{"jit", "request", "sudo:root", "--for", "15"}, "'15'", "15m"},
        {{"jit", "request", "sudo:root", "--for", ""}, "''", "15m"},
        {{"jit", "request", "sudo:root", "--for", "1h 30m"}, "'1h 30m'", "1h30m"},
        {{"jit", "request", "sudo:root", "--json=yes"}, "--json", "no value"},
        {{"jit", "request", "sudo:root", "--json", "--json"}, "--json", "once"},
        {{"jit", "list", "42"}, "'42'", "jit list"},
        {{"jit", "show"}, "ID", "jit show ID"},
        {{"jit", "show", "0x2a"}, "'0x2a'", "42"},
        {{"jit", "show", "-1"}, "'-1'", "--json"},
        {{"jit", "show", "--", "-1"}, "'-1'", "42"},
        {{"jit", "show", "4294967296"}, "'4294967296'", "42"},
        {{"jit", "cancel", "042"}, "'042'", "42"},
        {{"jit", "list", "--socket", "jitd.sock"}, "--socket", "begins with '/'"},
        {{"jit", "token"}, "ID is missing", "jit token ID"},
        {{"jit", "token", "x"}, "'x'", "42"},
        {{"jit", "token", "42", "--json"}, "'--json'", "--code"},
        {{"jit", "askpass", "a", "b"}, "'b'", "jit askpass [PROMPT]"},
        {{"jit", "--bogus"}, "'--bogus'", "--help"},
        {{"jit", "wait", "1", "\033[2J"}, "'?[2J'", "jit wait ID"},
        {{"jitd-admin", "policy"}, "policy", "check, explain, test, reload"},
        {{"jitd-admin", "policy", "show"}, "'show'", "check, explain, test, reload"},
        {{"jitd-admin", "policy", "explain"}, "--scope is missing", "--user U --scope S"},
        {{"jitd-admin", "policy", "explain", "--scope=su:a"}, "--user is missing", "--user U"},
        {{"jitd-admin", "policy", "explain", "--user=a", "--scope=su"}, "\"su\"", "sudo:root"},
        {{"jitd-admin", "policy", "explain", "--user=a", "--scope=su:*"}, "\"su:*\"", ""},
        {{"jitd-admin", "policy", "explain", "--user=a", "--scope=su:a", "--at=23:00"},
         "'23:00'",
         "fri 23:00"},
        {{"jitd-admin", "policy", "explain", "--user=a", "--scope=su:a", "--command=id"},
         "'id'",
         "from / on"},
        {{"jitd-admin", "policy", "explain", "--user=a", "--scope=su:a", "--host=db*"},
         "'db*'",
         "a-z"},
        {{"jitd-admin", "policy", "explain", "--user=a", "--scope=su:a", "x"}, "'x'", "explain"},
        {{"jitd-admin", "policy", "test"}, "FILE is missing", "policy test FILE"},
        {{"jitd-admin", "policy", "test", "f", "--json"}, "'--json'", "--policy"},
        {{"jitd-admin", "policy", "check", "a", "b"}, "'b'", "check [DIR]"},
        {{"jitd-admin", "audit", "verify"}, "'verify'", "list"},
        {{"jitd-admin", "token"}, "token", "explain"},
        {{"jitd-admin", "token", "explain"}, "--service is missing", "--service S --user U"},
        {{"jitd-admin", "token", "explain", "--service", "sudo"}, "--user is missing", "--user U"},
        {{"jitd-admin", "token", "explain", "--service=sudo", "--user=a", "--host-id=h"},
         "--host-id",
         "--keys"},
        {{"jitd-admin", "token", "explain", "--keys=f", "--host-id="}, "''", "host"},
        {{"jitd-admin", "token", "explain", "--service=sudo", "--user=a", "--issuer=i"},
         "--issuer",
         "--keys"},
        {{"jitd-admin", "token", "explain", "--keys=f", "--issuer="}, "''", "issuer"},
        {{"jitd-admin", "token", "explain", "--keys=f", "--audience=a"}, "--audience", "--issuer"},
        {{"jitd-admin", "token", "explain", "--keys", "f"}, "nothing", "one token or code"},
        {{"jitd-admin", "revoke"}, "nothing", "exactly one of ID"},
        {{"jitd-admin", "revoke", "1", "--all"}, "more than one", "exactly one of ID"},
        {{"jitd-admin", "revoke", "--user", "a", "--scope", "b"}, "more than one", "one of"},
        {{"jitd-admin", "revoke", "all"}, "'all'", "42"},
        {{"jitd-admin", "lock"}, "U is missing", "jitd-admin lock U"},
        {{"jitd-admin", "approve", "1", "--for", "1m1h"}, "'1m1h'", "1h30m"},
        {{"jitd-admin", "audit", "list", "--since", "yesterday"}, "'yesterday'", "-2h"},
        {{"jitd-admin", "audit", "list", "--access", "0"}, "'0'", "42"},
        {{"jitd-admin", "status", "--ready", "--json"}, "--ready", "one of them"},
        {{"jitd-admin", "status", "--metrics", "--json"}, "--metrics", "one of them"},
        {{"jitd-admin", "status", "--ready", "--metrics"}, "--ready", "one of them"},
};

static void usage_errors_name_the_fault_and_what_is_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		const char *end;
		int code = play_alone(play, (char *const *)usages[i].argv);
		if (code != EXIT_USAGE)
			fail_msg("row %zu: exit code %d: %s", i, code, play->err);
		assert_string_equal(play->out, "");
		if (!strstr(play->err, usages[i].says) || !strstr(play->err, usages[i].right))
			fail_msg("row %zu: '%s', '%s' are not in: %s", i, usages[i].says,
			         usages[i].right, play->err);
		end = strchr(play->err, '\n');
		assert_non_null(end);
		assert_string_equal(end, "\n"); /* one line */
		assert_memory_equal(play->err, usages[i].argv[0], strlen(usages[i].argv[0]));
	}
}

static void without_jitd_the_exit_code_is_3(void **state)
{
	static const char *const runs[][5] = {
	        {"jit", "request", "sudo:root"},
	        {"jit", "list"},
	        {"jit", "show", "1"},
	        {"jit", "wait", "1"},
	        {"jit", "cancel", "1"},
	        {"jit", "token", "1"},
	        {"jit", "token", "1", "--code"},
	        {"jit", "askpass", "(alice@web1) JIT token or code: "},
	        {"jitd-admin", "pending"},
	        {"jitd-admin", "pending", "--wait"},
	        {"jitd-admin", "list", "--all"},
	        {"jitd-admin", "show", "1"},
	        {"jitd-admin", "approve", "1"},
	        {"jitd-admin", "deny", "1"},
	        {"jitd-admin", "revoke", "--all"},
	        {"jitd-admin", "lock", "eve"},
	        {"jitd-admin", "unlock", "eve"},
	        {"jitd-admin", "sessions"},
	        {"jitd-admin", "policy", "reload"},
	        {"jitd-admin", "audit", "list"},
	        {"jitd-admin", "keys", "list"},
	        {"jitd-admin", "keys", "rotate"},
	        {"jitd-admin", "keys", "retire", "jZajLOcg"},
	        {"jitd-admin", "keys", "export"},
	        {"jitd-admin", "clock", "accept"},
	        {"jitd-admin", "status"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		assert_int_equal(play_alone(play, (char *const *)runs[i]), EXIT_UNREACHABLE);
		assert_string_equal(play->out, "");
		assert_non_null(strstr(play->err, play->socket));
		assert_non_null(strstr(play->err, "jitd not reachable: "));
	}
}

static void version_and_socket_option(void **state)
{
	char *version[] = {(char *)"jit", (char *)"--version", NULL};
	char *other[] = {(char *)"jit", (char *)"--socket=/nowhere/at.all", (char *)"list", NULL};

	(void)state;
	assert_int_equal(play_alone(play, version), EXIT_DONE);
	assert_memory_equal(play->out, "jit (pam-jit) ", 14);
	assert_int_equal(play_alone(play, other), EXIT_UNREACHABLE);
	assert_non_null(strstr(play->err, "/nowhere/at.all"));
}

/* ---- small parts ---- */

static void cut_text_can_never_be_taken_for_the_whole(void **state)
{
	char field[8];

	(void)state;
	WIRE_TYPED(field, "sudo:ro");
	assert_string_equal(field, "sudo:ro");
	WIRE_TYPED(field, "sudo:root");
	assert_string_equal(field, "sudo:r~");
}

static void columns_align_by_characters(void **state)
{
	const char *const headings[] = {"A", "B"}, *const wide[] = {"jörg", "x"},
	                  *const empty[] = {"", "y"};
	struct table table;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(table_begin(&table, headings, 2), 0);
	assert_int_equal(table_row(&table, wide), 0);
	assert_int_equal(table_row(&table, empty), 0);
	table_print(out, &table);
	table_done(&table);
	fclose(out);
	assert_string_equal(text, "A     B\njörg  x\n-     y\n");
	free(text);
}

static void spans_have_two_units(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} spans[] = {{-5, "0s"},       {0, "0s"},      {59, "59s"},     {60, "1m"},
	             {3599, "59m59s"}, {3661, "1h1m"}, {90061, "1d1h"}, {700000, "1w1d"}};
	char text[WHEN_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(spans) / sizeof(spans[0]); i++) {
		when_span(spans[i].seconds, text);
		assert_string_equal(text, spans[i].text);
	}
}

static void clocks_are_short_on_the_same_day(void **state)
{
	char text[WHEN_SIZE];

	(void)state;
	setenv("TZ", "UTC", 1);
	when_clock(1763913912, 1763913000, text);
	assert_string_equal(text, "16:05:12");
	when_clock(1763913912, 1764000000, text);
	assert_string_equal(text, "2025-11-23 16:05");
	when_clock(0, 1764000000, text);
	assert_string_equal(text, "");
	when_log(1763913912, text);
	assert_string_equal(text, "2025-11-23 16:05:12");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(tables_fit_their_bounds),
	        cmocka_unit_test(help_of_a_tool_names_every_command),
	        cmocka_unit_test(help_of_a_command_names_every_option),
	        cmocka_unit_test(help_is_a_command_as_well),
	        cmocka_unit_test(man_pages_say_what_the_tables_say),
	        cmocka_unit_test(usage_errors_name_the_fault_and_what_is_right),
	        cmocka_unit_test(without_jitd_the_exit_code_is_3),
	        cmocka_unit_test(version_and_socket_option),
	        cmocka_unit_test(cut_text_can_never_be_taken_for_the_whole),
	        cmocka_unit_test(columns_align_by_characters),
	        cmocka_unit_test(spans_have_two_units),
	        cmocka_unit_test(clocks_are_short_on_the_same_day),
	};

	return cmocka_run_group_tests_name("usage", tests, set_up, tear_down);
}
