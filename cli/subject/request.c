/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/connection.h"
#include "cli/subject/asking.h"
#include "cli/subject/jit.h"
#include "cli/user_key.h"

enum {
	OPTION_FOR,
	OPTION_REASON,
	OPTION_TICKET,
	OPTION_USER_KEY,
	OPTION_ON,
	OPTION_NO_WAIT,
	OPTION_JSON
};

static const struct option_row options[] = {
        [OPTION_FOR] = {"for", "D", "how long, counted from the last approval (else by the rule)"},
        [OPTION_REASON] = {"reason", "T", "why, for those who decide and for the log"},
        [OPTION_TICKET] = {"ticket", "T", "the ticket that this is for"},
        [OPTION_USER_KEY] = {"user-key", "FINGERPRINT",
                             "the ssh key it is bound to (else, if so ruled, that of this login)"},
        [OPTION_ON] = {"on", "HOST", "for a door of that host, by a token that counts there"},
        [OPTION_NO_WAIT] = {"no-wait", NULL, "do not wait for the decision"},
        [OPTION_JSON] = {"json", NULL, "print the access as a JSON object"},
};

static enum exit_code run(const struct invocation *in)
{
	const char *reason = in->options[OPTION_REASON], *ticket = in->options[OPTION_TICKET],
	           *host = in->options[OPTION_ON];
	struct message message = {.id = MESSAGE_request};
	char user_key[FINGERPRINT_SIZE];
	enum exit_code code =
	        option_duration(in, OPTION_FOR, WIRE_DEFAULT, &message.request.seconds);

	if (code == EXIT_DONE)
		code = option_user_key(in, OPTION_USER_KEY, user_key);
	if (code != EXIT_DONE)
		return code;
	if (host && !*host)
		return usage_error(in, "--on: no host named");
	WIRE_TYPED(message.request.scope, in->arguments[0]);
	WIRE_TYPED(message.request.reason, reason ? reason : "");
	WIRE_TYPED(message.request.ticket, ticket ? ticket : "");
	WIRE_TYPED(message.request.host, host ? host : "");
	WIRE_TYPED(message.request.user_key, user_key);
	return ask_for(in, &message, in->options[OPTION_NO_WAIT], in->options[OPTION_JSON], host);
}

const struct command jit_request = {
        .name = "request",
        .arguments = "SCOPE",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "ask for an access",
        .details =
                "SCOPE is SERVICE:ACCOUNT, such as sudo:root; several in one argument, with\n"
                "spaces between. D is a duration such as 15m or 1h30m. FINGERPRINT is what\n"
                "ssh-keygen -lf FILE prints: SHA256: and 43 characters.\n"
                "On a terminal it waits for the decision; Ctrl-C leaves the request pending.\n"
                "With --on, what is granted is a token, alone on standard output: HOST takes it\n"
                "where its jitd.conf trusts this host.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
