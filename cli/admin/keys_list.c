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

static const char *const headings[] = {"KEY",  "ALGORITHM",  "STATE",
                                       "MADE", "SIGNS FROM", "VERIFIES UNTIL"};
#define HEADINGS (sizeof(headings) / sizeof(headings[0]))

static void cleanup_table(struct table *table)
{
	table_done(table);
}

static int add_key(void *context, const struct message *row)
{
	const struct wire_key *key = &row->key;
	int64_t now = (int64_t)time(NULL);
	char made[WHEN_SIZE], from[WHEN_SIZE], until[WHEN_SIZE];
	const char *const cells[HEADINGS] = {key->kid, key->algorithm, key->state,
	                                     made,     from,           until};

	when_clock(key->made, now, made);
	when_clock(key->not_before, now, from);
	when_clock(key->not_after, now, until);
	return table_row(context, cells);
}

static int print_key(void *context, const struct message *row)
{
	return json_key(context, &row->key);
}

static enum exit_code run(const struct invocation *in)
{
	const struct message message = {.id = MESSAGE_keys};
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	cleanup(cleanup_table) struct table table = {0};
	struct json_array array = {.to = stdout};
	bool json = in->options[OPTION_JSON];
	enum exit_code code = connection_send(&connection, &message);

	if (code == EXIT_DONE && table_begin(&table, headings, HEADINGS) < 0)
		code = give_up(in, EXIT_REFUSED, "internal error: no memory");
	if (code == EXIT_DONE)
		code = json ? connection_rows(&connection, MESSAGE_key, print_key, &array)
		            : connection_rows(&connection, MESSAGE_key, add_key, &table);
	if (code != EXIT_DONE)
		return code;
	if (json)
		json_end(&array);
	else
		table_print(stdout, &table);
	return EXIT_DONE;
}

const struct command admin_keys_list = {
        .name = "keys list",
        .arguments = "",
        .summary = "list the signing keys, those that are gone as well",
        COMMAND_OPTIONS(options),
        .run = run,
};
