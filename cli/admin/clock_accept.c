/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/connection.h"

static enum exit_code run(const struct invocation *in)
{
	const struct message message = {.id = MESSAGE_clock_accept};

	return command_done(in, &message);
}

const struct command admin_clock_accept = {
        .name = "clock accept",
        .arguments = "",
        .summary = "tell jitd that this host's clock is right",
        .details =
                "Where it is behind the highest time that jitd has seen, things open again; where\n"
                "it went ahead by a step, that counts as seen. What is over stays over; a grant\n"
                "that begins in a time to come opens nothing any more.\n",
        .run = run,
};
