/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject/asking.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/accesses.h"
#include "cli/connection.h"
#include "cli/interrupt.h"
#include "cli/listing.h"
#include "cli/subject/mint.h"
#include "cli/subject/watch.h"

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
static enum exit_code tell(FILE *to, const struct wire_done *done)
{
	char lead[32];

	(void)snprintf(lead, sizeof(lead), "access %u", done->access);
	if (!strncmp(done->text, lead, strlen(lead)))
		fprintf(to, "%s\n", done->text);
	else
		fprintf(to, "%s%s%s\n", lead, *done->text ? ": " : "", done->text);
	return EXIT_DONE;
}

static enum exit_code tell_json(const struct invocation *in, uint32_t access)
{
	cleanup(access_list_done) struct access_list list = {0};
	enum exit_code code = access_fetch(in, access, true, &list);

	return code == EXIT_DONE ? access_print(in, &list.items[0], true) : code;
}

static bool gives_token(const struct wire_access *access)
{
	return access->elsewhere && !strcmp(access->state, "active");
}

/* Of an access that may be active at once. */
static enum exit_code tell_token(const struct invocation *in, const struct wire_done *done)
{
	cleanup(access_list_done) struct access_list list = {0};
	enum exit_code code = access_fetch(in, done->access, true, &list);

	if (code != EXIT_DONE || !gives_token(&list.items[0].access))
		return code == EXIT_DONE ? tell(stdout, done) : code;
	tell(stderr, done);
	return mint_print(in, done->access, false);
}

enum exit_code ask_for(const struct invocation *in, const struct message *message, bool no_wait,
                       bool json, bool for_elsewhere)
{
	bool waits = !no_wait && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct wire_access decided = {.id = 0};
	struct wire_done done = {.access = 0};
	enum exit_code code;

	interrupt_hold();
	code = ask(in, message, &done);
	if (code != EXIT_DONE)
		return code;
	if (!waits && json)
		return tell_json(in, done.access);
	if (!waits)
		return for_elsewhere ? tell_token(in, &done) : tell(stdout, &done);
	code = watch_until_decided(in, done.access, json || for_elsewhere ? stderr : stdout,
	                           &decided);
	if (code != EXIT_DONE)
		return code;
	return !json && gives_token(&decided) ? mint_print(in, decided.id, false)
	                                      : watch_outcome(in, &decided, json);
}
