/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject/watch.h"

#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/connection.h"
#include "cli/interrupt.h"
#include "cli/listing.h"
#include "cli/when.h"

struct watch {
	FILE *progress;
	struct wire_access access; /* as last told; id 0: not yet */
	size_t decisions;          /* rows since then */
	size_t told;               /* decisions that were told already */
	int64_t shown;             /* the second that the clock line shows */
	int width;                 /* of the clock line on the screen */
};

/* Overwrites the clock line with spaces, so that terminals need no escape sequence. */
static void clear_clock(struct watch *watch)
{
	if (watch->width)
		fprintf(watch->progress, "\r%*s\r", watch->width, "");
	watch->width = 0;
	watch->shown = -1;
}

static void clear_before_line(void *context)
{
	struct watch *watch = context;

	clear_clock(watch);
	if (watch->progress)
		fflush(watch->progress);
}

static void show_clock(struct watch *watch)
{
	int64_t now = (int64_t)time(NULL);
	char passed[WHEN_SIZE], left[WHEN_SIZE];

	if (!watch->progress || !watch->access.id || now == watch->shown)
		return;
	clear_clock(watch);
	when_span(now - watch->access.requested, passed);
	when_span(watch->access.lapses - now, left);
	watch->width = fprintf(watch->progress, "waiting for %s%s%s ", passed,
	                       watch->access.lapses ? ", lapses in " : "",
	                       watch->access.lapses ? left : "");
	watch->shown = now;
	fflush(watch->progress);
}

static int look_up(void *context)
{
	show_clock(context);
	return interrupt_pressed(NULL);
}

static void tell_request(const struct watch *watch)
{
	const struct wire_access *access = &watch->access;
	char length[DURATION_SIZE];

	format_duration(access->seconds, length);
	fprintf(watch->progress, "access %u requested: %s for %s%s%s%s\n", access->id,
	        access->scope, length, *access->rule ? " (rule " : "", access->rule,
	        *access->rule ? ")" : "");
	if (*access->approvers && !strcmp(access->state, "pending"))
		fprintf(watch->progress,
		        "%u of these must approve: %s. Ctrl-C leaves it pending.\n",
		        access->approvals_needed, access->approvers);
}

/* A description came anew: its decision rows follow from the first. */
static void take_access(struct watch *watch, const struct wire_access *access)
{
	bool first = !watch->access.id;

	watch->access = *access;
	watch->decisions = 0;
	if (first && watch->progress)
		tell_request(watch);
}

static void take_decision(struct watch *watch, const struct wire_decision *decision)
{
	if (++watch->decisions <= watch->told)
		return;
	watch->told = watch->decisions;
	if (!watch->progress)
		return;
	clear_clock(watch);
	fprintf(watch->progress, "%s: %s%s%s\n", decision->by, decision->verdict,
	        *decision->comment ? ": " : "", decision->comment);
}

static enum exit_code watch_rows(struct connection *connection, struct watch *watch,
                                 uint32_t access)
{
	struct message row;

	for (;;) {
		if (connection_receive(connection, &row) == REPLY_NONE)
			return connection->code;
		if (row.id == MESSAGE_access && row.access.id == access)
			take_access(watch, &row.access);
		else if (row.id == MESSAGE_decision && watch->access.id)
			take_decision(watch, &row.decision);
		else if (row.id != MESSAGE_session || !watch->access.id)
			return connection_unexpected(connection, &row);
		if (strcmp(watch->access.state, "pending") != 0)
			return EXIT_DONE;
		show_clock(watch);
		connection->client.deadline = INT64_MAX; /* people take their time */
	}
}

/* The row that ended the waiting came before the words that brought it about. */
static enum exit_code tell_last_words(const struct invocation *in, struct watch *watch)
{
	cleanup(access_list_done) struct access_list list = {0};
	enum exit_code code = access_fetch(in, watch->access.id, true, &list);

	if (code != EXIT_DONE)
		return code;
	watch->decisions = 0;
	for (size_t i = 0; i < list.items[0].decision_count; i++)
		take_decision(watch, &list.items[0].decisions[i]);
	return EXIT_DONE;
}

enum exit_code watch_until_decided(const struct invocation *in, uint32_t access, FILE *progress,
                                   struct wire_access *ret_access)
{
	const struct message message = {.id = MESSAGE_watch, .watch.access = access};
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	struct watch watch = {.progress = progress, .shown = -1};
	enum exit_code code = connection_send(&connection, &message);

	connection.interrupt = look_up;
	connection.before_line = clear_before_line;
	connection.context = &watch;
	if (code == EXIT_DONE)
		code = watch_rows(&connection, &watch, access);
	clear_before_line(&watch);
	connection_close(&connection);
	if (code == EXIT_DONE && progress && !strcmp(watch.access.state, "active"))
		code = tell_last_words(in, &watch);
	if (code == EXIT_INTERRUPTED)
		return give_up(
		        in, code,
		        "access %u stays as it is; go on waiting with 'jit wait %u', withdraw "
		        "it with 'jit cancel %u'",
		        access, access, access);
	if (code == EXIT_DONE)
		*ret_access = watch.access;
	return code;
}

enum exit_code watch_outcome(const struct invocation *in, const struct wire_access *access,
                             bool json)
{
	cleanup(access_list_done) struct access_list list = {0};
	char standing[STANDING_SIZE], next[NEXT_SIZE];
	bool active = !strcmp(access->state, "active");
	enum exit_code code;

	if (json) {
		code = access_fetch(in, access->id, true, &list);
		if (code == EXIT_DONE)
			code = access_print(in, &list.items[0], true);
		return code != EXIT_DONE ? code : active ? EXIT_DONE : EXIT_REFUSED;
	}
	access_standing(access, (int64_t)time(NULL), standing);
	if (!active)
		return give_up(in, EXIT_REFUSED, "access %u %s", access->id, standing);
	printf("access %u %s\n", access->id, standing);
	access_next(access, next);
	if (*next)
		printf("%s\n", next);
	return EXIT_DONE;
}
