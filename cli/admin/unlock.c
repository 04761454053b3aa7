/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/connection.h"

static enum exit_code run(const struct invocation *in)
{
	struct message message = {.id = MESSAGE_unlock};

	WIRE_TYPED(message.unlock.user, in->arguments[0]);
	return command_done(in, &message);
}

const struct command admin_unlock = {
        .name = "unlock",
        .arguments = "U",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "lift the lock of a user",
        .run = run,
};
