/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a yes of polkit costs: CheckAuthorization of an action that is open to everybody, asked by
 * the process that it is about. Ends the program at anything but yes.
 *
 *     polkit --bus ADDRESS --action ID [--anew] [--uid N] [--workers N] [--count N]
 *
 * --anew: with a connection to the bus for each.
 */
#include <dbus/dbus.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/load.h"

#define POLKIT "org.freedesktop.PolicyKit1"

struct plan {
	const char *bus, *action;
	bool anew;
	DBusConnection *connection;
};

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "polkit: %s\n", #condition);                               \
			_exit(2);                                                                  \
		}                                                                                  \
	} while (0)

static DBusConnection *connect_bus(const struct plan *plan)
{
	DBusConnection *connection = dbus_connection_open_private(plan->bus, NULL);

	must(connection && dbus_bus_register(connection, NULL));
	dbus_connection_set_exit_on_disconnect(connection, FALSE);
	return connection;
}

/* ("system-bus-name", {"name": our own}) */
static void append_subject(DBusMessageIter *arguments, DBusConnection *connection)
{
	const char *kind = "system-bus-name", *key = "name",
	           *name = dbus_bus_get_unique_name(connection);
	DBusMessageIter subject, details, entry, value;

	must(dbus_message_iter_open_container(arguments, DBUS_TYPE_STRUCT, NULL, &subject));
	must(dbus_message_iter_append_basic(&subject, DBUS_TYPE_STRING, &kind));
	must(dbus_message_iter_open_container(&subject, DBUS_TYPE_ARRAY, "{sv}", &details));
	must(dbus_message_iter_open_container(&details, DBUS_TYPE_DICT_ENTRY, NULL, &entry));
	must(dbus_message_iter_append_basic(&entry, DBUS_TYPE_STRING, &key));
	must(dbus_message_iter_open_container(&entry, DBUS_TYPE_VARIANT, "s", &value));
	must(dbus_message_iter_append_basic(&value, DBUS_TYPE_STRING, &name));
	must(dbus_message_iter_close_container(&entry, &value));
	must(dbus_message_iter_close_container(&details, &entry));
	must(dbus_message_iter_close_container(&subject, &details));
	must(dbus_message_iter_close_container(arguments, &subject));
}

static DBusMessage *question(const struct plan *plan, DBusConnection *connection)
{
	DBusMessage *message =
	        dbus_message_new_method_call(POLKIT, "/org/freedesktop/PolicyKit1/Authority",
	                                     POLKIT ".Authority", "CheckAuthorization");
	DBusMessageIter arguments, details;
	const char *cancellation = "";
	dbus_uint32_t flags = 0;

	must(message);
	dbus_message_iter_init_append(message, &arguments);
	append_subject(&arguments, connection);
	must(dbus_message_iter_append_basic(&arguments, DBUS_TYPE_STRING, &plan->action));
	must(dbus_message_iter_open_container(&arguments, DBUS_TYPE_ARRAY, "{ss}", &details));
	must(dbus_message_iter_close_container(&arguments, &details));
	must(dbus_message_iter_append_basic(&arguments, DBUS_TYPE_UINT32, &flags));
	must(dbus_message_iter_append_basic(&arguments, DBUS_TYPE_STRING, &cancellation));
	return message;
}

static bool is_yes(DBusMessage *answer)
{
	DBusMessageIter arguments, result;
	dbus_bool_t yes = FALSE;

	must(dbus_message_iter_init(answer, &arguments));
	dbus_message_iter_recurse(&arguments, &result);
	dbus_message_iter_get_basic(&result, &yes);
	return yes;
}

static void ask(void *context, unsigned int worker, size_t number, struct sample *sample)
{
	struct plan *plan = context;
	uint64_t begun = load_now();
	DBusMessage *message, *answer;

	(void)worker;
	(void)number;
	if (!plan->connection || plan->anew)
		plan->connection = connect_bus(plan);
	message = question(plan, plan->connection);
	answer = dbus_connection_send_with_reply_and_block(plan->connection, message, 30000, NULL);
	must(answer);
	sample->code = is_yes(answer) ? 0 : 1;
	dbus_message_unref(message);
	dbus_message_unref(answer);
	if (plan->anew) {
		dbus_connection_close(plan->connection);
		dbus_connection_unref(plan->connection);
	}
	sample->inner = load_since(begun);
}

static const struct option options[] = {
        {"bus", required_argument, NULL, 'b'},     {"action", required_argument, NULL, 'a'},
        {"anew", no_argument, NULL, 'n'},          {"uid", required_argument, NULL, 'u'},
        {"workers", required_argument, NULL, 'w'}, {"count", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'}, {0}};

static void take(struct plan *plan, struct load *load, int option)
{
	switch (option) {
	case 'b':
		plan->bus = optarg;
		break;
	case 'a':
		plan->action = optarg;
		break;
	case 'n':
		plan->anew = true;
		break;
	case 'w':
		load->workers = (unsigned int)load_number(optarg, 1);
		break;
	case 'c':
		load->count = load_number(optarg, 1);
		break;
	case 's':
		load->seconds = strtod(optarg, NULL);
		break;
	case 'u':
		if (setuid((uid_t)load_number(optarg, 1)) < 0)
			load_fail("setuid");
		break;
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct plan plan = {0};
	struct load load = {.workers = 1, .count = 1000, .try = ask, .context = &plan};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take(&plan, &load, option);
	if (optind != argc || !plan.bus || !plan.action) {
		fprintf(stderr, "polkit: --bus and --action are needed\n");
		return 2;
	}
	load_run(&load);
	return 0;
}
