/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "cli/admin/admin.h"
#include "cli/admin/metrics.h"
#include "cli/connection.h"
#include "cli/json.h"
#include "cli/table.h"

enum { OPTION_READY, OPTION_METRICS, OPTION_JSON };

static const struct option_row options[] = {
        [OPTION_READY] = {"ready", NULL, "say nothing; 0 as soon as jitd answers, within 10 s"},
        [OPTION_METRICS] = {"metrics", NULL, "print what it counts, as Prometheus reads it"},
        [OPTION_JSON] = {"json", NULL, "print a JSON object"},
};

#define PAUSE_NS (20L * 1000 * 1000)

struct counters {
	struct wire_counter *items; /* owned */
	size_t count;
};

static void cleanup_counters(struct counters *counters)
{
	free(counters->items);
}

static void cleanup_table(struct table *table)
{
	table_done(table);
}

static int take_counter(void *context, const struct message *row)
{
	struct counters *counters = context;
	struct wire_counter *grown =
	        reallocarray(counters->items, counters->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	grown[counters->count++] = row->counter;
	counters->items = grown;
	return 0;
}

static int print_table(const struct counters *counters)
{
	static const char *const headings[] = {"NAME", "VALUE"};
	cleanup(cleanup_table) struct table table = {0};
	int r = table_begin(&table, headings, 2);

	for (size_t i = 0; r == 0 && i < counters->count; i++) {
		const char *const cells[] = {counters->items[i].name, counters->items[i].value};
		r = table_row(&table, cells);
	}
	if (r == 0)
		table_print(stdout, &table);
	return r;
}

/* Not there yet, or just going: worth another try. */
static bool may_come(int error)
{
	return error == -ENOENT || error == -ECONNREFUSED || error == -ECONNRESET ||
	       error == -EPIPE;
}

/* One try, heard to its end; 0 when jitd told its status, EXIT_REFUSED when it would not. */
static int try_status(const struct invocation *in, int64_t deadline, struct fault *fault)
{
	const struct message message = {.id = MESSAGE_status};
	struct message answer = {.id = MESSAGE_NONE};
	struct client client = CLIENT_CLOSED;
	int r = client_connect(&client, in->socket, deadline, fault);

	if (r == 0)
		r = client_send(&client, &message, fault);
	while (r == 0 && answer.id != MESSAGE_end && answer.id != MESSAGE_refused)
		r = client_receive(&client, NULL, NULL, &answer, fault);
	client_close(&client);
	if (r == 0 && answer.id == MESSAGE_refused)
		return (int)give_up(in, EXIT_REFUSED, "%s", answer.refused.text);
	return r;
}

static enum exit_code wait_until_ready(const struct invocation *in)
{
	const int64_t deadline = client_now() + ANSWER_MS;
	const struct timespec pause = {.tv_nsec = PAUSE_NS};
	struct fault fault = {{0}};
	int r = try_status(in, deadline, &fault);

	while (r < 0 && may_come(r) && client_now() < deadline) {
		nanosleep(&pause, NULL);
		r = try_status(in, deadline, &fault);
	}
	if (r < 0)
		return connection_unreachable(in, r, &fault);
	return (enum exit_code)r;
}

/* One way to say it; none is the table. */
static int ways_wanted(const struct invocation *in)
{
	return (in->options[OPTION_READY] != NULL) + (in->options[OPTION_METRICS] != NULL) +
	       (in->options[OPTION_JSON] != NULL);
}

static int print_all(const struct invocation *in, const struct counters *counters)
{
	if (in->options[OPTION_JSON])
		return json_counters(stdout, counters->items, counters->count);
	if (!in->options[OPTION_METRICS])
		return print_table(counters);
	metrics_print(stdout, counters->items, counters->count);
	return 0;
}

static enum exit_code run(const struct invocation *in)
{
	const struct message message = {.id = MESSAGE_status};
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	cleanup(cleanup_counters) struct counters counters = {0};
	enum exit_code code;
	int r;

	if (ways_wanted(in) > 1)
		return usage_error(in,
		                   "--ready says nothing, --metrics and --json do: one of them");
	if (in->options[OPTION_READY])
		return wait_until_ready(in);
	code = connection_send(&connection, &message);
	if (code == EXIT_DONE)
		code = connection_rows(&connection, MESSAGE_counter, take_counter, &counters);
	if (code != EXIT_DONE)
		return code;
	r = print_all(in, &counters);
	return r == 0 ? EXIT_DONE : give_up(in, EXIT_REFUSED, "internal error: %s", strerror(-r));
}

const struct command admin_status = {
        .name = "status",
        .arguments = "",
        .summary = "print how jitd is",
        COMMAND_OPTIONS(options),
        .run = run,
};
