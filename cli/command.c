/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/parse.h"
#include "base/text.h"
#include "cli/help.h"
#include "config.h"
#include "wire/message.h"

const struct option_row every_option[EVERY_COUNT] = {
        [EVERY_SOCKET] = {"socket", "PATH",
                          "the socket of jitd (else JITD_SOCKET, else " WIRE_CLIENT_SOCKET ")"},
        [EVERY_HELP] = {"help", NULL, "print this"},
        [EVERY_VERSION] = {"version", NULL, "print the version"},
};

/* argv being read. */
struct reading {
	struct invocation in;
	const char *every[EVERY_COUNT];
	char *const *argv;
	int argc, at;
	bool words_only; /* after "--" */
};

#define BEYOND_EVERY_CAP (INT64_C(20) * 366 * 86400)

enum { READ_ON = -1 }; /* beside enum exit_code: nothing wrong, nothing decided */

/* What was typed may hold anything; a terminal gets only what is fit to print. */
#define SHOWN_SIZE 128
static const char *shown(const char *typed, char ret_text[static SHOWN_SIZE])
{
	text_sanitize(ret_text, SHOWN_SIZE, typed);
	return ret_text;
}

__attribute__((format(printf, 1, 0))) static void complain(const char *format, va_list arguments)
{
	char line[FAULT_SIZE * 2], clean[FAULT_SIZE * 2];

	if (vsnprintf(line, sizeof(line), format, arguments) < 0)
		line[0] = '\0';
	text_sanitize(clean, sizeof(clean), line);
	fprintf(stderr, "%s\n", clean);
}

enum exit_code usage_error(const struct invocation *in, const char *format, ...)
{
	va_list arguments;

	fprintf(stderr, "%s%s%s: ", in->tool->name, in->command ? " " : "",
	        in->command ? in->command->name : "");
	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	return EXIT_USAGE;
}

enum exit_code give_up(const struct invocation *in, enum exit_code code, const char *format, ...)
{
	va_list arguments;

	fflush(stdout); /* where both go to one place, in the order they were said */
	fprintf(stderr, "%s: ", in->tool->name);
	va_start(arguments, format);
	complain(format, arguments);
	va_end(arguments);
	return code;
}

const struct command *tool_command(const struct tool *tool, const char *name)
{
	for (size_t i = 0; i < tool->command_count; i++)
		if (!strcmp(tool->commands[i]->name, name))
			return tool->commands[i];
	return NULL;
}

/* Is `word` the first of commands of two words? */
static bool is_group(const struct command *command, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(command->name, word, length) && command->name[length] == ' ';
}

/* Second words of the group, or all names: "check reload". */
static void name_commands(const struct tool *tool, const char *group, char *ret_text, size_t size)
{
	size_t used = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < tool->command_count; i++) {
		const char *name = tool->commands[i]->name;
		int n;
		if (group && !is_group(tool->commands[i], group))
			continue;
		n = snprintf(ret_text + used, size - used, "%s%s", used ? ", " : "",
		             group ? name + strlen(group) + 1 : name);
		if (n < 0 || (size_t)n >= size - used)
			return;
		used += (size_t)n;
	}
}

static enum exit_code no_such_command(const struct reading *reading, const char *group,
                                      const char *word)
{
	char names[512], text[SHOWN_SIZE];

	name_commands(reading->in.tool, group, names, sizeof(names));
	if (!word)
		return usage_error(&reading->in, "%s%sno command given; it is one of: %s",
		                   group ? group : "", group ? ": " : "", names);
	return usage_error(&reading->in, "%s%s'%s': unknown command; it is one of: %s",
	                   group ? group : "", group ? " " : "", shown(word, text), names);
}

/* Takes the word at reading->at, and the next where the command has two. */
static int read_command(struct reading *reading, const char *word)
{
	const struct tool *tool = reading->in.tool;
	const char *second;
	char name[64];

	reading->in.command = tool_command(tool, word);
	if (reading->in.command)
		return READ_ON;
	for (size_t i = 0; i < tool->command_count; i++) {
		if (!is_group(tool->commands[i], word))
			continue;
		second = reading->at < reading->argc ? reading->argv[reading->at] : NULL;
		if (second && !strcmp(second, "--help"))
			return READ_ON; /* help for the tool: the group is in it */
		if (!second || text_format(name, sizeof(name), "%s %s", word, second) < 0)
			return (int)no_such_command(reading, word, second);
		reading->at++;
		reading->in.command = tool_command(tool, name);
		return reading->in.command ? READ_ON : (int)no_such_command(reading, word, second);
	}
	return (int)no_such_command(reading, NULL, word);
}

static int read_word(struct reading *reading, const char *word)
{
	struct invocation *in = &reading->in;
	char text[SHOWN_SIZE];

	if (!in->command)
		return read_command(reading, word);
	if (in->argument_count >= in->command->arguments_max)
		return (int)usage_error(in, "'%s': one argument too many; usage: %s %s%s%s",
		                        shown(word, text), in->tool->name, in->command->name,
		                        *in->command->arguments ? " " : "", in->command->arguments);
	in->arguments[in->argument_count++] = word;
	return READ_ON;
}

/* The place where the option's value is kept, NULL where the command has no such option. */
static const char **find_option(struct reading *reading, const char *name, size_t length,
                                const struct option_row **ret_row)
{
	const struct command *command = reading->in.command;

	for (size_t i = 0; i < EVERY_COUNT; i++)
		if (strlen(every_option[i].name) == length &&
		    !strncmp(every_option[i].name, name, length)) {
			*ret_row = &every_option[i];
			return &reading->every[i];
		}
	for (size_t i = 0; command && i < command->option_count; i++)
		if (strlen(command->options[i].name) == length &&
		    !strncmp(command->options[i].name, name, length)) {
			*ret_row = &command->options[i];
			return &reading->in.options[i];
		}
	return NULL;
}

static int unknown_option(struct reading *reading, const char *typed)
{
	const struct command *command = reading->in.command;
	char names[256] = "", text[SHOWN_SIZE];
	size_t used = 0;

	for (size_t i = 0; command && i < command->option_count; i++) {
		int n = snprintf(names + used, sizeof(names) - used, "--%s, ",
		                 command->options[i].name);
		if (n > 0 && (size_t)n < sizeof(names) - used)
			used += (size_t)n;
	}
	return (int)usage_error(&reading->in, "'%s': unknown option; it is one of: %s--%s, --%s",
	                        shown(typed, text), names, every_option[EVERY_SOCKET].name,
	                        every_option[EVERY_HELP].name);
}

static int read_option(struct reading *reading, const char *typed)
{
	const char *name = typed + 2, *equals = strchr(name, '=');
	size_t length = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_row *row = NULL;
	const char **place = NULL;

	if (!strncmp(typed, "--", 2))
		place = find_option(reading, name, length, &row);
	else if (!strcmp(typed, "-h"))
		place = find_option(reading, "help", 4, &row);
	if (!place)
		return unknown_option(reading, typed);
	if (*place)
		return (int)usage_error(&reading->in, "--%s: given twice; once is right",
		                        row->name);
	if (!row->argument && equals)
		return (int)usage_error(&reading->in, "--%s: takes no value", row->name);
	if (!row->argument)
		*place = "";
	else if (equals)
		*place = equals + 1;
	else if (reading->at < reading->argc)
		*place = reading->argv[reading->at++];
	else
		return (int)usage_error(&reading->in, "--%s: needs a value: --%s %s", row->name,
		                        row->name, row->argument);
	return READ_ON;
}

static int read_all(struct reading *reading)
{
	while (reading->at < reading->argc) {
		const char *typed = reading->argv[reading->at++];
		int r = READ_ON;
		if (!reading->words_only && !strcmp(typed, "--"))
			reading->words_only = true;
		else if (!reading->words_only && typed[0] == '-' && typed[1])
			r = read_option(reading, typed);
		else
			r = read_word(reading, typed);
		if (r != READ_ON)
			return r;
	}
	return READ_ON;
}

/* "jit help", "jit help request", "jitd-admin help policy check" */
static int read_help(struct reading *reading)
{
	int r = READ_ON;

	if (reading->argc < 2 || strcmp(reading->argv[1], "help") != 0)
		return READ_ON;
	reading->at = 2;
	reading->every[EVERY_HELP] = "";
	if (reading->at < reading->argc)
		r = read_command(reading, reading->argv[reading->at++]);
	if (r == READ_ON && reading->at < reading->argc)
		r = (int)usage_error(&reading->in, "help: one command at a time");
	return r;
}

static int answer_help_and_version(const struct reading *reading)
{
	const struct invocation *in = &reading->in;

	if (reading->every[EVERY_VERSION]) {
		printf("%s (pam-jit) %s\n", in->tool->name, PACKAGE_VERSION);
		return EXIT_DONE;
	}
	if (!reading->every[EVERY_HELP])
		return READ_ON;
	if (in->command)
		help_command(stdout, in->tool, in->command);
	else
		help_tool(stdout, in->tool);
	return EXIT_DONE;
}

static int choose_socket(struct reading *reading)
{
	struct invocation *in = &reading->in;
	const char *from = "--socket", *path = reading->every[EVERY_SOCKET];

	if (!path) {
		from = "JITD_SOCKET";
		path = getenv(from);
	}
	if (!path || (!*path && !reading->every[EVERY_SOCKET]))
		path = WIRE_CLIENT_SOCKET;
	if (path[0] != '/' || strlen(path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return (int)usage_error(in,
		                        "%s: not a socket's path: it begins with '/' and has "
		                        "at most %zu bytes",
		                        from, sizeof(((struct sockaddr_un *)0)->sun_path) - 1);
	in->socket = path;
	return READ_ON;
}

static int run_command(struct reading *reading)
{
	const struct invocation *in = &reading->in;
	int r;

	if (!in->command)
		return (int)no_such_command(reading, NULL, NULL);
	if (in->argument_count < in->command->arguments_min)
		return (int)usage_error(in, "%s is missing; usage: %s %s %s",
		                        in->command->arguments, in->tool->name, in->command->name,
		                        in->command->arguments);
	r = choose_socket(reading);
	return r == READ_ON ? (int)in->command->run(in) : r;
}

int tool_main(const struct tool *tool, int argc, char *const *argv)
{
	struct reading reading = {.in.tool = tool, .argv = argv, .argc = argc, .at = 1};
	int r = read_help(&reading);

	if (r == READ_ON)
		r = read_all(&reading);
	if (r == READ_ON)
		r = answer_help_and_version(&reading);
	if (r == READ_ON)
		r = run_command(&reading);
	/* output that reached nobody is not "done" */
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "%s: cannot write: %s\n", tool->name, strerror(errno));
		r = r == EXIT_DONE ? EXIT_REFUSED : r;
	}
	return r;
}

enum exit_code argument_access(const struct invocation *in, uint32_t *ret_access)
{
	char text[SHOWN_SIZE];
	uint64_t number;

	if (parse_number(in->arguments[0], UINT32_MAX, &number) < 0)
		return usage_error(in,
		                   "'%s': not the number of an access, which is digits such as 42",
		                   shown(in->arguments[0], text));
	*ret_access = (uint32_t)number;
	return EXIT_DONE;
}

enum exit_code option_duration(const struct invocation *in, size_t row, int64_t otherwise,
                               int64_t *ret_seconds)
{
	const char *typed = in->options[row];
	char text[SHOWN_SIZE];
	int64_t seconds = otherwise;
	int r = typed ? parse_duration(typed, &seconds) : 0;

	if (r == -ERANGE) /* of the form: jitd refuses it, with its event */
		seconds = typed[0] == '-' ? -BEYOND_EVERY_CAP : BEYOND_EVERY_CAP;
	else if (r < 0)
		return usage_error(in,
		                   "--%s '%s': not a duration, which is numbers with units, the "
		                   "largest first: 15m, 1h30m, 2d (w d h m s)",
		                   in->command->options[row].name, shown(typed, text));
	*ret_seconds = seconds;
	return EXIT_DONE;
}
