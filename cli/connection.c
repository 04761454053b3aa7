/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/connection.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static void before_line(const struct connection *connection)
{
	if (connection->before_line)
		connection->before_line(connection->context);
}

enum exit_code connection_unreachable(const struct invocation *in, int error,
                                      const struct fault *fault)
{
	bool late = error == -ETIMEDOUT, absent = error == -ENOENT || error == -ECONNREFUSED;
	struct fault why = *fault;

	if (late)
		fault_set(&why, 0, "no answer within %d s", ANSWER_MS / 1000);
	return give_up(in, EXIT_UNREACHABLE, "jitd not reachable: %s%s", why.text,
	               late || absent ? "; is it running? (systemctl status jitd)" : "");
}

static enum exit_code lost(const struct connection *connection, int error,
                           const struct fault *fault)
{
	before_line(connection);
	return connection_unreachable(connection->in, error, fault);
}

static int open_once(struct connection *connection, struct fault *fault)
{
	if (connection->client.fd >= 0)
		return 0;
	return client_connect(&connection->client, connection->in->socket, client_now() + ANSWER_MS,
	                      fault);
}

enum exit_code connection_send(struct connection *connection, const struct message *message)
{
	struct fault fault = {{0}};
	int r = open_once(connection, &fault);

	if (r < 0)
		return lost(connection, r, &fault);
	connection->client.deadline = client_now() + ANSWER_MS;
	r = client_send(&connection->client, message, &fault);
	/* a server that hangs up at once may have said why: that is still to be read */
	if (r == 0 || r == -EPIPE || r == -ECONNRESET)
		return EXIT_DONE;
	if (r == -EINVAL)
		return give_up(connection->in, EXIT_REFUSED, "internal error: %s", fault.text);
	return lost(connection, r, &fault);
}

enum exit_code connection_unexpected(const struct connection *connection,
                                     const struct message *message)
{
	const struct wire_info *info = wire_info((unsigned int)message->id);

	before_line(connection);
	return give_up(connection->in, EXIT_REFUSED,
	               "internal error: jitd answered '%s', which is no answer to this",
	               info ? info->name : "?");
}

static const enum reply reply_of[] = {
        [MESSAGE_access] = REPLY_ROW,  [MESSAGE_decision] = REPLY_ROW,
        [MESSAGE_session] = REPLY_ROW, [MESSAGE_event] = REPLY_ROW,
        [MESSAGE_counter] = REPLY_ROW, [MESSAGE_end] = REPLY_END,
        [MESSAGE_done] = REPLY_DONE,   [MESSAGE_minted] = REPLY_MINTED,
        [MESSAGE_step] = REPLY_ROW,    [MESSAGE_key] = REPLY_ROW,
};
#define REPLIES (sizeof(reply_of) / sizeof(reply_of[0]))

static enum reply failed(struct connection *connection, enum exit_code code)
{
	connection->code = code;
	return REPLY_NONE;
}

static void next_has_time(struct connection *connection)
{
	if (connection->client.deadline != INT64_MAX)
		connection->client.deadline = client_now() + ANSWER_MS;
}

static int receive_answer(struct connection *connection, struct message *ret_message,
                          struct fault *fault)
{
	for (;;) {
		int r = client_receive(&connection->client, connection->interrupt,
		                       connection->context, ret_message, fault);
		if (r < 0 || ret_message->id != MESSAGE_wait)
			return r;
		if (connection->interrupt) /* heard; what it waits for are people */
			connection->client.deadline = INT64_MAX;
		else
			next_has_time(connection);
	}
}

enum reply connection_receive(struct connection *connection, struct message *ret_message)
{
	struct fault fault = {{0}};
	int r = receive_answer(connection, ret_message, &fault);
	enum reply reply;

	if (r == -EINTR)
		return failed(connection, EXIT_INTERRUPTED);
	if (r < 0)
		return failed(connection, lost(connection, r, &fault));
	if (ret_message->id == MESSAGE_refused) {
		before_line(connection);
		return failed(connection, give_up(connection->in, EXIT_REFUSED, "%s",
		                                  ret_message->refused.text));
	}
	reply = (size_t)ret_message->id < REPLIES ? reply_of[ret_message->id] : REPLY_NONE;
	if (reply == REPLY_NONE)
		connection->code = connection_unexpected(connection, ret_message);
	/* a long listing takes its time; what counts is that it keeps coming */
	if (reply == REPLY_ROW)
		next_has_time(connection);
	return reply;
}

enum exit_code connection_rows(struct connection *connection, enum message_id id,
                               connection_take *take, void *context)
{
	for (;;) {
		struct message row;
		enum reply reply = connection_receive(connection, &row);
		int r;

		if (reply == REPLY_NONE)
			return connection->code;
		if (reply == REPLY_END)
			return EXIT_DONE;
		if (row.id != id)
			return connection_unexpected(connection, &row);
		r = take(context, &row);
		if (r < 0)
			return give_up(connection->in, EXIT_REFUSED, "internal error: %s",
			               strerror(-r));
	}
}

enum exit_code connection_done(struct connection *connection, const struct message *message)
{
	struct message answer;
	enum exit_code code = connection_send(connection, message);
	enum reply reply;

	if (code != EXIT_DONE)
		return code;
	reply = connection_receive(connection, &answer);
	if (reply == REPLY_NONE)
		return connection->code;
	if (reply != REPLY_DONE)
		return connection_unexpected(connection, &answer);
	printf("%s\n", *answer.done.text ? answer.done.text : "done");
	return EXIT_DONE;
}

enum exit_code command_done(const struct invocation *in, const struct message *message)
{
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);

	return connection_done(&connection, message);
}

void wire_typed(char *ret_field, size_t size, const char *typed)
{
	size_t length = strlen(typed);

	if (length < size) {
		memcpy(ret_field, typed, length + 1);
		return;
	}
	memcpy(ret_field, typed, size - 2);
	ret_field[size - 2] = '~';
	ret_field[size - 1] = '\0';
}

void connection_close(struct connection *connection)
{
	client_close(&connection->client);
}
