/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/connection.h"

enum { OPTION_FOR, OPTION_COMMENT };

static const struct option_row options[] = {
        [OPTION_FOR] = {"for", "D", "for a shorter time than was asked for"},
        [OPTION_COMMENT] = {"comment", "T", "what the requester and the log shall read"},
};

static enum exit_code run(const struct invocation *in)
{
	const char *comment = in->options[OPTION_COMMENT];
	struct message message = {.id = MESSAGE_approve};
	enum exit_code code = argument_access(in, &message.approve.access);

	if (code == EXIT_DONE)
		code = option_duration(in, OPTION_FOR, WIRE_DEFAULT, &message.approve.seconds);
	if (code != EXIT_DONE)
		return code;
	WIRE_TYPED(message.approve.comment, comment ? comment : "");
	return command_done(in, &message);
}

const struct command admin_approve = {
        .name = "approve",
        .arguments = "ID",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "say yes to a pending access",
        .details =
                "D is a duration such as 15m. Nobody approves an access of their own, and uid 0\n"
                "approves none.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
