/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/connection.h"

static enum exit_code run(const struct invocation *in)
{
	const struct message message = {.id = MESSAGE_reload};

	return command_done(in, &message);
}

const struct command admin_policy_reload = {
        .name = "policy reload",
        .arguments = "",
        .summary = "have jitd read its rules anew: all of them, or none where one is wrong",
        .run = run,
};
