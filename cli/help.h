/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help, made from the tables of command.h.
 */
#ifndef JIT_CLI_HELP_H
#define JIT_CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

/* All commands, one line each. */
void help_tool(FILE *to, const struct tool *tool);
/* One command with its options. */
void help_command(FILE *to, const struct tool *tool, const struct command *command);
/* "jit request SCOPE [--for D] ...", no newline. */
void help_usage(FILE *to, const struct tool *tool, const struct command *command);

#endif
