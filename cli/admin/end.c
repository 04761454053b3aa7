/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/connection.h"

static enum exit_code run(const struct invocation *in)
{
	struct message message = {.id = MESSAGE_end_session};

	WIRE_TYPED(message.end_session.session, in->arguments[0]);
	return command_done(in, &message);
}

const struct command admin_end = {
        .name = "end",
        .arguments = "SESSION",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "end a session and what runs in it; its access stays",
        .run = run,
};
