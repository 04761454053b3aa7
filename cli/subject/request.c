/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/accesses.h"
#include "cli/connection.h"
#include "cli/interrupt.h"
#include "cli/subject/jit.h"
#include "cli/subject/watch.h"
#include "cli/listing.h"
#include "cli/user_key.h"

enum { OPTION_FOR, OPTION_REASON, OPTION_TICKET, OPTION_USER_KEY, OPTION_NO_WAIT, OPTION_JSON };

static const struct option_row options[] = {
        [OPTION_FOR] = {"for", "D", "how long, counted from the last approval (else by the rule)"},
        [OPTION_REASON] = {"reason", "T", "why, for those who decide and for the log"},
        [OPTION_TICKET] = {"ticket", "T", "the ticket that this is for"},
        [OPTION_USER_KEY] = {"user-key", "FINGERPRINT",
                             "the ssh key it is bound to (else, if so ruled, that of this login)"},
        [OPTION_NO_WAIT] = {"no-wait", NULL, "do not wait for the decision"},
        [OPTION_JSON] = {"json", NULL, "print the access as a JSON object"},
};

static enum exit_code ask(const struct invocation *in, const struct message *message,
                          struct wire_done *ret_done)
{
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	struct message answer = {.id = MESSAGE_NONE};
	enum exit_code code = connection_send(&connection, message);
	enum reply reply;

	if (code != EXIT_DONE)
		return code;
	connection.interrupt = interrupt_pressed;
	reply = connection_receive(&connection, &answer);
	if (reply == REPLY_NONE && connection.code == EXIT_INTERRUPTED)
		return give_up(in, EXIT_INTERRUPTED,
		               "interrupted before jitd answered; 'jit list' shows whether it took "
		               "the request");
	if (reply == REPLY_NONE)
		return connection.code;
	if (reply != REPLY_DONE || !answer.done.access)
		return connection_unexpected(&connection, &answer);
	*ret_done = answer.done;
	return EXIT_DONE;
}

/* The line always has the number: the next command needs it. */
static enum exit_code tell(const struct wire_done *done)
{
	char lead[32];

	(void)snprintf(lead, sizeof(lead), "access %u", done->access);
	if (!strncmp(done->text, lead, strlen(lead)))
		printf("%s\n", done->text);
	else
		printf("%s%s%s\n", lead, *done->text ? ": " : "", done->text);
	return EXIT_DONE;
}

static enum exit_code tell_json(const struct invocation *in, uint32_t access)
{
	cleanup(access_list_done) struct access_list list = {0};
	enum exit_code code = access_fetch(in, access, true, &list);

	return code == EXIT_DONE ? access_print(in, &list.items[0], true) : code;
}

static enum exit_code run(const struct invocation *in)
{
	bool json = in->options[OPTION_JSON],
	     waits = !in->options[OPTION_NO_WAIT] && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	const char *reason = in->options[OPTION_REASON], *ticket = in->options[OPTION_TICKET];
	struct message message = {.id = MESSAGE_request};
	struct wire_access decided = {.id = 0};
	struct wire_done done = {.access = 0};
	char user_key[FINGERPRINT_SIZE];
	enum exit_code code =
	        option_duration(in, OPTION_FOR, WIRE_DEFAULT, &message.request.seconds);

	if (code == EXIT_DONE)
		code = option_user_key(in, OPTION_USER_KEY, user_key);
	if (code != EXIT_DONE)
		return code;
	WIRE_TYPED(message.request.scope, in->arguments[0]);
	WIRE_TYPED(message.request.reason, reason ? reason : "");
	WIRE_TYPED(message.request.ticket, ticket ? ticket : "");
	WIRE_TYPED(message.request.user_key, user_key);
	interrupt_hold();
	code = ask(in, &message, &done);
	if (code != EXIT_DONE)
		return code;
	if (!waits)
		return json ? tell_json(in, done.access) : tell(&done);
	code = watch_until_decided(in, done.access, json ? stderr : stdout, &decided);
	return code == EXIT_DONE ? watch_outcome(in, &decided, json) : code;
}

const struct command jit_request = {
        .name = "request",
        .arguments = "SCOPE",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "ask for an access",
        .details = "SCOPE is SERVICE:ACCOUNT, such as sudo:root; several in one argument, with\n"
                   "spaces between. D is a duration such as 15m or 1h30m. FINGERPRINT is what\n"
                   "ssh-keygen -lf FILE prints: SHA256: and 43 characters.\n"
                   "On a terminal it waits for the decision; Ctrl-C leaves the request pending.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
