/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/connection.h"

static enum exit_code run(const struct invocation *in)
{
	struct message message = {.id = MESSAGE_key_change, .key_change.change = REKEY_RETIRE};

	WIRE_TYPED(message.key_change.kid, in->arguments[0]);
	return command_done(in, &message);
}

const struct command admin_keys_retire = {
        .name = "keys retire",
        .arguments = "KID",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "end a key at once, and the accesses whose tokens it signed",
        .details =
                "Its file is erased. If it is the current one, the next one signs from now on.\n",
        .run = run,
};
