/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/connection.h"

static enum exit_code run(const struct invocation *in)
{
	struct message message = {.id = MESSAGE_lock};

	WIRE_TYPED(message.lock.user, in->arguments[0]);
	return command_done(in, &message);
}

const struct command admin_lock = {
        .name = "lock",
        .arguments = "U",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "let a user open and ask for nothing until unlocked",
        .run = run,
};
