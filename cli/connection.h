/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One command and its answers. What goes wrong is said to stderr here, once, and leaves its exit
 * code in the connection.
 */
#ifndef JIT_CLI_CONNECTION_H
#define JIT_CLI_CONNECTION_H

#include "cli/command.h"
#include "wire/client.h"

#define ANSWER_MS 10000 /* how long jitd has for the answer, between two rows or signs of life */

struct connection {
	const struct invocation *in;
	struct client client;
	enum exit_code code;         /* of the last failure */
	int (*interrupt)(void *);    /* as client_receive() takes it; NULL: none */
	void (*before_line)(void *); /* called before a line about a failure; NULL: nothing */
	void *context;               /* of both */
};

#define CONNECTION(invocation)                                                                     \
	{                                                                                          \
		.in = (invocation), .client = CLIENT_CLOSED, .code = EXIT_UNREACHABLE              \
	}

enum reply {
	REPLY_NONE = 0, /* refused, broken or interrupted: said; the code is in the connection */
	REPLY_ROW,      /* access, decision, session, event, counter, step or key */
	REPLY_END,
	REPLY_DONE,
	REPLY_MINTED, /* holds a secret: message_wipe() when done */
};

/* Connects where it is not connected yet, sends. EXIT_DONE, or the code after its line. */
must_check enum exit_code connection_send(struct connection *connection,
                                          const struct message *message);

/* The next answer; signs of life are passed over. An interrupt gives REPLY_NONE and
 * EXIT_INTERRUPTED, and says nothing. */
must_check enum reply connection_receive(struct connection *connection,
                                         struct message *ret_message);

/* Rows of that kind until the end, each given to `take`, which returns 0 or -errno. EXIT_DONE, or
 * the code after its line. */
typedef int connection_take(void *context, const struct message *row);
must_check enum exit_code connection_rows(struct connection *connection, enum message_id id,
                                          connection_take *take, void *context);

/* Says that `message` does not belong here; returns EXIT_REFUSED. */
enum exit_code connection_unexpected(const struct connection *connection,
                                     const struct message *message);

/* Says why jitd is not reachable; returns EXIT_UNREACHABLE. */
enum exit_code connection_unreachable(const struct invocation *in, int error,
                                      const struct fault *fault);

/* A command that is answered by done: sends it, prints the line of the answer. */
must_check enum exit_code connection_done(struct connection *connection,
                                          const struct message *message);
/* The same as a whole command. */
enum exit_code command_done(const struct invocation *in, const struct message *message);

/* Copies what was typed into a field of the wire. What is longer than the field is cut and its last
 * byte made '~', which no name, scope or token has: jitd refuses it as it would the whole. */
void wire_typed(char *ret_field, size_t size, const char *typed);
#define WIRE_TYPED(field, typed) wire_typed((field), sizeof(field), (typed))

void connection_close(struct connection *connection);

static inline void cleanup_connection(struct connection *connection)
{
	connection_close(connection);
}

#endif
