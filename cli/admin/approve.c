/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/accesses.h"
#include "cli/admin/admin.h"
#include "cli/admin/digest.h"
#include "cli/connection.h"

enum { OPTION_FOR, OPTION_COMMENT, OPTION_DIGEST };

static const struct option_row options[] = {
        [OPTION_FOR] = {"for", "D", "for a shorter time than was asked for"},
        [OPTION_COMMENT] = {"comment", "T", "what the requester and the log shall read"},
        [OPTION_DIGEST] = {"digest", "H",
                           "only what has this digest, as show prints it (else: what is now)"},
};

/* What the yes is for, to whoever types it. */
static void tell(const struct wire_access *access)
{
	char asked[DURATION_SIZE];

	if (!isatty(STDERR_FILENO))
		return;
	format_duration(access->asked, asked);
	fprintf(stderr, "access %u: %s asks for %s on %s, %s (rule %s)\n", access->id,
	        access->subject, access->scope, access->host, asked, access->rule);
	if (access->keep) {
		char keep[DURATION_SIZE];
		format_duration(access->keep, keep);
		fprintf(stderr, "at its end its sessions go on for %s at most\n", keep);
	}
	if (*access->user_key)
		fprintf(stderr, "bound to ssh key: %s\n", access->user_key);
	if (*access->reason || *access->ticket)
		fprintf(stderr, "%s%s%s%s%s\n", *access->reason ? "reason: " : "", access->reason,
		        *access->reason && *access->ticket ? "; " : "",
		        *access->ticket ? "ticket: " : "", access->ticket);
}

/* A yes is for what was shown, so it is shown first. */
static enum exit_code look(struct connection *connection, struct wire_approve *approve)
{
	cleanup(access_list_done) struct access_list list = {0};
	enum exit_code code = access_fetch_on(connection, approve->access, false, &list);
	const struct wire_access *access;

	if (code != EXIT_DONE)
		return code;
	access = &list.items[0].access;
	if (!digest_is(access->digest))
		return give_up(connection->in, EXIT_REFUSED,
		               "internal error: jitd told access %u without its digest",
		               access->id);
	memcpy(approve->digest, access->digest, DIGEST_SIZE);
	tell(access);
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	const char *comment = in->options[OPTION_COMMENT];
	struct message message = {.id = MESSAGE_approve};
	enum exit_code code = argument_access(in, &message.approve.access);

	if (code == EXIT_DONE)
		code = option_duration(in, OPTION_FOR, WIRE_DEFAULT, &message.approve.seconds);
	if (code == EXIT_DONE)
		code = option_digest(in, OPTION_DIGEST, message.approve.digest);
	if (code == EXIT_DONE && !*message.approve.digest)
		code = look(&connection, &message.approve);
	if (code != EXIT_DONE)
		return code;
	WIRE_TYPED(message.approve.comment, comment ? comment : "");
	return connection_done(&connection, &message);
}

const struct command admin_approve = {
        .name = "approve",
        .arguments = "ID",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "say yes to a pending access",
        .details =
                "D is a duration such as 15m. Nobody approves an access of their own, and uid 0\n"
                "approves none. A yes is for the access as it is shown: who let somebody else\n"
                "look gives the digest that they saw.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
