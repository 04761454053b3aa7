/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "cli/admin/admin.h"
#include "cli/connection.h"

struct set {
	FILE *to;
	size_t count;
};

/* A JWK is one line of JSON, as jitd wrote it. */
static int put_key(void *context, const struct message *row)
{
	struct set *set = context;

	if (*row->key.jwk && fprintf(set->to, "%s%s", set->count++ ? ",\n" : "", row->key.jwk) < 0)
		return -ENOMEM;
	return 0;
}

/* Printed whole or not at all: half a set would be taken for one. */
static enum exit_code run(const struct invocation *in)
{
	const struct message message = {.id = MESSAGE_keys};
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	cleanup(cleanup_free) char *text = NULL;
	size_t size = 0;
	struct set set = {.to = open_memstream(&text, &size)};
	enum exit_code code;

	if (!set.to)
		return give_up(in, EXIT_REFUSED, "internal error: no memory");
	code = connection_send(&connection, &message);
	if (code == EXIT_DONE)
		code = connection_rows(&connection, MESSAGE_key, put_key, &set);
	if (fclose(set.to) != 0 && code == EXIT_DONE)
		code = give_up(in, EXIT_REFUSED, "internal error: no memory");
	if (code == EXIT_DONE)
		printf("{\"keys\": [\n%s\n]}\n", text);
	return code;
}

const struct command admin_keys_export = {
        .name = "keys export",
        .arguments = "",
        .summary = "print the public keys as a JWK Set, for software that verifies our tokens",
        .details = "Those that sign, that will sign next, and that still verify. Nothing in it is\n"
                   "secret. Export again after each rotation.\n",
        .run = run,
};
