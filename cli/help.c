/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/help.h"

#include <string.h>

static int option_width(const struct option_row *option)
{
	size_t width = strlen(option->name) + 2;

	if (option->argument)
		width += strlen(option->argument) + 1;
	return (int)width;
}

static int widest_option(const struct option_row *options, size_t count, int least)
{
	for (size_t i = 0; i < count; i++)
		if (option_width(&options[i]) > least)
			least = option_width(&options[i]);
	return least;
}

static void print_options(FILE *to, const struct option_row *options, size_t count, int width)
{
	for (size_t i = 0; i < count; i++) {
		const char *argument = options[i].argument;
		fprintf(to, "  --%s%s%s%*s  %s\n", options[i].name, argument ? " " : "",
		        argument ? argument : "", width - option_width(&options[i]), "",
		        options[i].help);
	}
}

static int command_width(const struct command *command)
{
	size_t arguments = strlen(command->arguments);

	return (int)(strlen(command->name) + (arguments ? arguments + 1 : 0));
}

void help_tool(FILE *to, const struct tool *tool)
{
	int width = 0, options = widest_option(every_option, EVERY_COUNT, 0);

	for (size_t i = 0; i < tool->command_count; i++)
		if (command_width(tool->commands[i]) > width)
			width = command_width(tool->commands[i]);
	fprintf(to, "usage: %s COMMAND [ARGUMENT] [OPTION]...\n%s\n\ncommands:\n", tool->name,
	        tool->summary);
	for (size_t i = 0; i < tool->command_count; i++) {
		const struct command *command = tool->commands[i];
		fprintf(to, "  %s%s%s%*s  %s\n", command->name, *command->arguments ? " " : "",
		        command->arguments, width - command_width(command), "", command->summary);
	}
	fprintf(to, "\noptions of every command:\n");
	print_options(to, every_option, EVERY_COUNT, options);
	fprintf(to,
	        "\n'%s COMMAND --help' says more about one.\n"
	        "Exit codes: 0 done, 1 refused, 2 usage, 3 jitd not reachable, 130 Ctrl-C.\n",
	        tool->name);
}

void help_usage(FILE *to, const struct tool *tool, const struct command *command)
{
	fprintf(to, "%s %s%s%s", tool->name, command->name, *command->arguments ? " " : "",
	        command->arguments);
	for (size_t i = 0; i < command->option_count; i++) {
		const struct option_row *option = &command->options[i];
		fprintf(to, " [--%s%s%s]", option->name, option->argument ? " " : "",
		        option->argument ? option->argument : "");
	}
}

void help_command(FILE *to, const struct tool *tool, const struct command *command)
{
	int width = widest_option(every_option, EVERY_COUNT, 0);

	width = widest_option(command->options, command->option_count, width);
	fprintf(to, "usage: ");
	help_usage(to, tool, command);
	fprintf(to, "\n%s\n", command->summary);
	if (command->details)
		fprintf(to, "\n%s", command->details);
	fprintf(to, "\noptions:\n");
	print_options(to, command->options, command->option_count, width);
	print_options(to, every_option, EVERY_COUNT, width);
}
