/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/connection.h"

static enum exit_code run(const struct invocation *in)
{
	const struct message message = {.id = MESSAGE_key_change,
	                                .key_change.change = REKEY_ROTATE};

	return command_done(in, &message);
}

const struct command admin_keys_rotate = {
        .name = "keys rotate",
        .arguments = "",
        .summary = "let the next key sign, and the current one retire",
        .details = "What the old key signed is good as long as it would have been.\n",
        .run = run,
};
