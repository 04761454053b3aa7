/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "cli/admin/admin.h"
#include "cli/connection.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/when.h"

enum { OPTION_JSON };

static const struct option_row options[] = {
        [OPTION_JSON] = {"json", NULL, "print a JSON array"},
};

static const char *const headings[] = {"SESSION", "SUBJECT", "SERVICE", "ACCOUNT",
                                       "TTY",     "PID",     "SINCE",   "LEFT"};
#define HEADINGS (sizeof(headings) / sizeof(headings[0]))

static void cleanup_table(struct table *table)
{
	table_done(table);
}

static int add_session(struct table *table, const struct wire_session *session, int64_t now)
{
	char pid[16], since[WHEN_SIZE], left[WHEN_SIZE] = "";
	const char *const cells[HEADINGS] = {
	        session->id,
	        session->subject,
	        session->service,
	        session->account,
	        session->tty,
	        pid,
	        since,
	        left,
	};

	(void)snprintf(pid, sizeof(pid), "%u", session->pid);
	when_clock(session->since, now, since);
	if (session->ended)
		(void)snprintf(left, sizeof(left), "ended");
	else if (session->until)
		when_span(session->until - now, left);
	return table_row(table, cells);
}

/* Rows as they come, into one of the two. */
static enum exit_code read_sessions(struct connection *connection, struct table *table,
                                    struct json_array *array)
{
	for (;;) {
		struct message row;
		enum reply reply = connection_receive(connection, &row);
		int r;

		if (reply == REPLY_NONE)
			return connection->code;
		if (reply == REPLY_END)
			return EXIT_DONE;
		if (row.id != MESSAGE_session)
			return connection_unexpected(connection, &row);
		r = array ? json_session(array, &row.session)
		          : add_session(table, &row.session, (int64_t)time(NULL));
		if (r < 0)
			return give_up(connection->in, EXIT_REFUSED, "internal error: %s",
			               strerror(-r));
	}
}

static enum exit_code run(const struct invocation *in)
{
	const struct message message = {.id = MESSAGE_sessions};
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	cleanup(cleanup_table) struct table table = {0};
	struct json_array array = {.to = stdout};
	bool json = in->options[OPTION_JSON];
	enum exit_code code = connection_send(&connection, &message);

	if (code == EXIT_DONE && table_begin(&table, headings, HEADINGS) < 0)
		code = give_up(in, EXIT_REFUSED, "internal error: no memory");
	if (code == EXIT_DONE)
		code = read_sessions(&connection, &table, json ? &array : NULL);
	if (code != EXIT_DONE)
		return code;
	if (json)
		json_end(&array);
	else if (table.rows > 1)
		table_print(stdout, &table);
	else
		printf("no session is open\n");
	return EXIT_DONE;
}

const struct command admin_sessions = {
        .name = "sessions",
        .arguments = "",
        .summary = "list the open sessions",
        COMMAND_OPTIONS(options),
        .run = run,
};
