/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/accesses.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Appends one item of `size` bytes; room doubles, so its size follows from the count. */
static int append(void **items, size_t *count, const void *item, size_t size)
{
	char *grown = *items;

	if ((*count & (*count - 1)) == 0) { /* 0 or a power of two: full */
		grown = reallocarray(grown, *count ? *count * 2 : 1, size);
		if (!grown)
			return -ENOMEM;
		*items = grown;
	}
	memcpy(grown + *count * size, item, size);
	++*count;
	return 0;
}

static int take_access(struct access_list *list, const struct wire_access *access)
{
	struct access_record record = {.access = *access};
	void *items = list->items;
	int r = append(&items, &list->count, &record, sizeof(record));

	list->items = items;
	return r;
}

static int take_decision(struct access_record *record, const struct wire_decision *decision)
{
	void *items = record->decisions;
	int r = append(&items, &record->decision_count, decision, sizeof(*decision));

	record->decisions = items;
	return r;
}

static int take_session(struct access_record *record, const struct wire_session *session)
{
	void *items = record->sessions;
	int r;

	if (session->access != record->access.id)
		return -EBADMSG;
	r = append(&items, &record->session_count, session, sizeof(*session));
	record->sessions = items;
	return r;
}

int access_list_take(struct access_list *list, const struct message *row)
{
	struct access_record *last = list->count ? &list->items[list->count - 1] : NULL;

	if (row->id == MESSAGE_access)
		return take_access(list, &row->access);
	if (last && row->id == MESSAGE_decision)
		return take_decision(last, &row->decision);
	if (last && row->id == MESSAGE_session)
		return take_session(last, &row->session);
	return -EBADMSG;
}

static enum exit_code read_rows(struct connection *connection, struct access_list *list)
{
	for (;;) {
		struct message row;
		enum reply reply = connection_receive(connection, &row);
		int r;

		if (reply == REPLY_NONE)
			return connection->code;
		if (reply == REPLY_END)
			return EXIT_DONE;
		r = access_list_take(list, &row);
		if (r == -ENOMEM)
			return give_up(connection->in, EXIT_REFUSED, "internal error: no memory");
		if (r < 0)
			return connection_unexpected(connection, &row);
	}
}

enum exit_code access_list_fetch(const struct invocation *in, const struct message *message,
                                 int (*interrupt)(void *), struct access_list *ret_list)
{
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	struct access_list list = {0};
	enum exit_code code = connection_send(&connection, message);

	if (code != EXIT_DONE)
		return code;
	connection.interrupt = interrupt;
	code = read_rows(&connection, &list);
	if (code == EXIT_DONE)
		*ret_list = list;
	else
		access_list_done(&list);
	return code;
}

enum exit_code access_fetch(const struct invocation *in, uint32_t access, bool mine,
                            struct access_list *ret_list)
{
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);

	return access_fetch_on(&connection, access, mine, ret_list);
}

enum exit_code access_fetch_on(struct connection *connection, uint32_t access, bool mine,
                               struct access_list *ret_list)
{
	const struct message message = {.id = MESSAGE_show,
	                                .show = {.access = access, .mine = mine}};
	const struct invocation *in = connection->in;
	struct access_list list = {0};
	enum exit_code code = connection_send(connection, &message);

	if (code == EXIT_DONE)
		code = read_rows(connection, &list);
	if (code != EXIT_DONE) {
		access_list_done(&list);
		return code;
	}
	if (list.count != 1 || list.items[0].access.id != access) {
		access_list_done(&list);
		return give_up(in, EXIT_REFUSED,
		               "internal error: jitd was asked for access %u and told another",
		               access);
	}
	*ret_list = list;
	return EXIT_DONE;
}

void access_list_done(struct access_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		free(list->items[i].decisions);
		free(list->items[i].sessions);
	}
	free(list->items);
	*list = (struct access_list){0};
}
