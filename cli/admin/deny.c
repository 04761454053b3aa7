/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/admin.h"
#include "cli/admin/digest.h"
#include "cli/connection.h"

enum { OPTION_COMMENT, OPTION_DIGEST };

static const struct option_row options[] = {
        [OPTION_COMMENT] = {"comment", "T", "what the requester and the log shall read"},
        [OPTION_DIGEST] = {"digest", "H", "what was shown, for the record: a no counts anyhow"},
};

static enum exit_code run(const struct invocation *in)
{
	const char *comment = in->options[OPTION_COMMENT];
	struct message message = {.id = MESSAGE_deny};
	enum exit_code code = argument_access(in, &message.deny.access);

	if (code == EXIT_DONE)
		code = option_digest(in, OPTION_DIGEST, message.deny.digest);
	if (code != EXIT_DONE)
		return code;
	WIRE_TYPED(message.deny.comment, comment ? comment : "");
	return command_done(in, &message);
}

const struct command admin_deny = {
        .name = "deny",
        .arguments = "ID",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "say no to a pending access",
        COMMAND_OPTIONS(options),
        .run = run,
};
