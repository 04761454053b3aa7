/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
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

static int add_session(void *context, const struct message *row)
{
	const struct wire_session *session = &row->session;
	int64_t now = (int64_t)time(NULL);
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
	else if (session->ending[0])
		(void)snprintf(left, sizeof(left), "to end");
	else if (session->until)
		when_span(session->until - now, left);
	return table_row(context, cells);
}

static int print_session(void *context, const struct message *row)
{
	return json_session(context, &row->session);
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
		code = json ? connection_rows(&connection, MESSAGE_session, print_session, &array)
		            : connection_rows(&connection, MESSAGE_session, add_session, &table);
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
