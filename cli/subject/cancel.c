/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/connection.h"
#include "cli/subject/jit.h"

static enum exit_code run(const struct invocation *in)
{
	struct message message = {.id = MESSAGE_cancel};
	enum exit_code code = argument_access(in, &message.cancel.access);

	return code == EXIT_DONE ? command_done(in, &message) : code;
}

const struct command jit_cancel = {
        .name = "cancel",
        .arguments = "ID",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "withdraw a pending access of mine, or return an active one",
        .run = run,
};
