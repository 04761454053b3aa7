/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/connection.h"

enum { OPTION_REVOKE };

static const struct option_row options[] = {
        [OPTION_REVOKE] = {"revoke", NULL,
                           "end active accesses, too, that the rules would not give any more"},
};

static enum exit_code run(const struct invocation *in)
{
	const struct message message = {.id = MESSAGE_reload,
	                                .reload.revoke = in->options[OPTION_REVOKE] != NULL};

	return command_done(in, &message);
}

const struct command admin_policy_reload = {
        .name = "policy reload",
        .arguments = "",
        .summary = "have jitd read its rules anew: all of them, or none where one is wrong",
        .details = "Requests whose rule has changed or is gone lapse at once; active accesses go\n"
                   "on, unless --revoke ends those whose rule has changed, is gone, or is denied\n"
                   "to their subjects by now.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
