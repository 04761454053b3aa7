/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/admin/admin.h"
#include "cli/connection.h"

enum { OPTION_TOKEN, OPTION_USER, OPTION_SCOPE, OPTION_KEY, OPTION_ALL, OPTIONS };

static const struct option_row options[] = {
        [OPTION_TOKEN] = {"token", "JTI", "the token of this jti"},
        [OPTION_USER] = {"user", "U", "every access of this user"},
        [OPTION_SCOPE] = {"scope", "S", "every access to this scope"},
        [OPTION_KEY] = {"key", "KID", "every token signed by this key"},
        [OPTION_ALL] = {"all", NULL, "every access on this host"},
};

static const enum revoke_by by_option[OPTIONS] = {
        [OPTION_TOKEN] = REVOKE_TOKEN, [OPTION_USER] = REVOKE_USER, [OPTION_SCOPE] = REVOKE_SCOPE,
        [OPTION_KEY] = REVOKE_KEY,     [OPTION_ALL] = REVOKE_ALL,
};

static enum exit_code run(const struct invocation *in)
{
	struct message message = {.id = MESSAGE_revoke};
	size_t given = in->argument_count;
	uint32_t access;

	if (given) {
		enum exit_code code = argument_access(in, &access);
		if (code != EXIT_DONE)
			return code;
		message.revoke.by = REVOKE_ACCESS;
		WIRE_TYPED(message.revoke.value, in->arguments[0]);
	}
	for (size_t i = 0; i < OPTIONS; i++)
		if (in->options[i]) {
			given++;
			message.revoke.by = (uint8_t)by_option[i];
			WIRE_TYPED(message.revoke.value, in->options[i]);
		}
	if (given != 1)
		return usage_error(in,
		                   "%s; right is exactly one of ID, --token JTI, --user U, "
		                   "--scope S, --key KID, --all",
		                   given ? "more than one thing to revoke" : "nothing to revoke");
	return command_done(in, &message);
}

const struct command admin_revoke = {
        .name = "revoke",
        .arguments = "[ID]",
        .arguments_max = 1,
        .summary = "end access before its time: one, or all that an option names",
        .details = "It is in force for the next check when the command returns.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
