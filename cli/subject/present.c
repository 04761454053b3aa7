/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/cleanup.h"
#include "cli/connection.h"
#include "cli/subject/asking.h"
#include "cli/subject/jit.h"
#include "cli/token_line.h"

enum { OPTION_REASON, OPTION_TICKET, OPTION_NO_WAIT, OPTION_JSON };

static const struct option_row options[] = {
        [OPTION_REASON] = {"reason", "T", "why, for those who decide and for the log"},
        [OPTION_TICKET] = {"ticket", "T", "the ticket that this is for"},
        [OPTION_NO_WAIT] = {"no-wait", NULL, "do not wait for the decision"},
        [OPTION_JSON] = {"json", NULL, "print the access as a JSON object"},
};

static enum exit_code run(const struct invocation *in)
{
	const char *reason = in->options[OPTION_REASON], *ticket = in->options[OPTION_TICKET];
	cleanup(message_wipe) struct message message = {.id = MESSAGE_present};
	char text[TOKEN_LINE_SIZE];
	size_t length;
	enum exit_code code = token_line_read(in, text, &length);

	if (code == EXIT_DONE)
		WIRE_TYPED(message.present.text, text);
	explicit_bzero(text, sizeof(text));
	if (code != EXIT_DONE)
		return code;
	WIRE_TYPED(message.present.reason, reason ? reason : "");
	WIRE_TYPED(message.present.ticket, ticket ? ticket : "");
	return ask_for(in, &message, in->options[OPTION_NO_WAIT], in->options[OPTION_JSON], false);
}

const struct command jit_present = {
        .name = "present",
        .arguments = "",
        .summary = "bring in a token of another issuer, on standard input",
        .details =
                "The token stands for me, and jitd.conf of this host trusts its issuer. What it\n"
                "opens is an access like any other, until the token says, by a rule with via.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
