/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/admin/admin.h"
#include "cli/connection.h"
#include "cli/json.h"
#include "cli/when.h"

enum { OPTION_ACCESS, OPTION_SINCE, OPTION_JSON };

static const struct option_row options[] = {
        [OPTION_ACCESS] = {"access", "ID", "only what is about this access"},
        [OPTION_SINCE] = {"since", "T", "only from then on: RFC 3339, or -2h for two hours ago"},
        [OPTION_JSON] = {"json", NULL, "print a JSON array"},
};

static void print_named(const char *name, const char *value)
{
	if (*value)
		printf(" %s=%s", name, value);
}

/* One line each, as it comes: a log may be longer than memory. */
static int print_event(void *context, const struct message *row)
{
	const struct wire_event *event = &row->event;
	char at[WHEN_SIZE];

	(void)context;
	when_log(event->at, at);
	printf("%s %-10s", at, event->event);
	if (event->access)
		printf(" access=%u", event->access);
	print_named("session", event->session);
	print_named("subject", event->subject);
	print_named("actor", event->actor);
	print_named("service", event->service);
	print_named("phase", event->phase);
	print_named("account", event->account);
	if (event->pid)
		printf(" pid=%u", event->pid);
	print_named("verdict", event->verdict);
	print_named("reason", event->reason);
	if (event->count > 1)
		printf(" times=%lld", (long long)event->count);
	printf("%s%s\n", *event->text ? ": " : "", event->text);
	return 0;
}

static int print_json(void *context, const struct message *row)
{
	return json_event(context, &row->event);
}

static enum exit_code read_options(const struct invocation *in, struct wire_audit *ret_audit)
{
	const char *access = in->options[OPTION_ACCESS], *since = in->options[OPTION_SINCE];
	uint64_t number = 0;

	if (access && (parse_number(access, UINT32_MAX, &number) < 0 || !number))
		return usage_error(in,
		                   "--access '%s': not the number of an access, which is digits "
		                   "such as 42",
		                   access);
	ret_audit->access = (uint32_t)number;
	ret_audit->since = WIRE_DEFAULT;
	if (since && parse_time(since, (int64_t)time(NULL), &ret_audit->since) < 0)
		return usage_error(in,
		                   "--since '%s': not a time, which is RFC 3339 with a zone "
		                   "such as 2026-11-23T16:05:00Z, or -2h for two hours ago",
		                   since);
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	struct message message = {.id = MESSAGE_audit};
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	struct json_array array = {.to = stdout};
	bool json = in->options[OPTION_JSON];
	enum exit_code code = read_options(in, &message.audit);

	if (code == EXIT_DONE)
		code = connection_send(&connection, &message);
	if (code == EXIT_DONE)
		code = connection_rows(&connection, MESSAGE_event, json ? print_json : print_event,
		                       &array);
	if (code == EXIT_DONE && json)
		json_end(&array);
	return code;
}

const struct command admin_audit_list = {
        .name = "audit list",
        .arguments = "",
        .summary = "print the log, oldest first",
        COMMAND_OPTIONS(options),
        .run = run,
};
