/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line of both tools. A tool is a const table of commands, a command a const table of
 * options and a function; parsing, help and the check of the man pages come from these tables.
 */
#ifndef JIT_CLI_COMMAND_H
#define JIT_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum exit_code {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1, /* also: a wait that ended without access, an internal error */
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3, /* no jitd, or one that did not answer as jitd does */
	EXIT_INTERRUPTED = 130,
};

#define OPTIONS_MAX   12 /* of one command */
#define ARGUMENTS_MAX 1

struct option_row {
	const char *name;     /* without the dashes */
	const char *argument; /* what stands after it, for the help: "D"; NULL: a flag */
	const char *help;     /* one line */
};

struct invocation;

struct command {
	const char *name;      /* one word or two: "policy check" */
	const char *arguments; /* as the usage line shows them: "ID", "[DIR]", "" */
	size_t arguments_min, arguments_max;
	const char *summary; /* one line */
	const char *details; /* more lines for --help, each ended by \n; NULL: none */
	const struct option_row *options;
	size_t option_count;
	enum exit_code (*run)(const struct invocation *invocation);
};

#define COMMAND_OPTIONS(array)                                                                     \
	.options = (array), .option_count = sizeof(array) / sizeof((array)[0])

struct tool {
	const char *name;
	const char *summary;
	const struct command *const *commands;
	size_t command_count;
};

/* What was typed. Strings are argv's and the environment's. */
struct invocation {
	const struct tool *tool;
	const struct command *command;
	const char *socket;                   /* absolute path */
	const char *options[OPTIONS_MAX];     /* by row of the command's table; NULL: not given; ""
	                                         for a flag */
	const char *arguments[ARGUMENTS_MAX]; /* NULL: not given */
	size_t argument_count;
};

/* Options of every command and of the tool itself. */
enum { EVERY_SOCKET, EVERY_HELP, EVERY_VERSION, EVERY_COUNT };
extern const struct option_row every_option[EVERY_COUNT];

/* Parses argv, runs the command or prints the help, flushes stdout. The exit code of the process.
 */
int tool_main(const struct tool *tool, int argc, char *const *argv);

/* The command of this name; NULL: none. */
const struct command *tool_command(const struct tool *tool, const char *name);

/* One line to stderr, led by the tool's and the command's name. Returns EXIT_USAGE. */
__attribute__((format(printf, 2, 3))) enum exit_code usage_error(const struct invocation *in,
                                                                 const char *format, ...);
/* One line to stderr, led by the tool's name. Returns `code`. */
__attribute__((format(printf, 3, 4))) enum exit_code give_up(const struct invocation *in,
                                                             enum exit_code code,
                                                             const char *format, ...);

/* The first argument as the number of an access; EXIT_DONE or EXIT_USAGE with its line. */
must_check enum exit_code argument_access(const struct invocation *in, uint32_t *ret_access);
/* Option `row` as a duration; not given: `otherwise`. EXIT_DONE or EXIT_USAGE with its line. */
must_check enum exit_code option_duration(const struct invocation *in, size_t row,
                                          int64_t otherwise, int64_t *ret_seconds);

#endif
