/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject/mint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/connection.h"
#include "cli/when.h"

enum exit_code mint(const struct invocation *in, uint32_t access, bool code,
                    struct message *ret_minted)
{
	const struct message question = {.id = MESSAGE_token,
	                                 .token = {.access = access, .code = code}};
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	cleanup(message_wipe) struct message answer = {.id = MESSAGE_NONE};
	enum exit_code sent = connection_send(&connection, &question);
	enum reply reply;

	if (sent != EXIT_DONE)
		return sent;
	reply = connection_receive(&connection, &answer);
	if (reply == REPLY_NONE)
		return connection.code;
	if (reply != REPLY_MINTED)
		return connection_unexpected(&connection, &answer);
	if (answer.minted.access != access || (code && answer.minted.code != 1))
		return give_up(in, EXIT_REFUSED,
		               "internal error: jitd was asked for a %s of access %u and gave "
		               "something else",
		               code ? "code" : "token", access);
	*ret_minted = answer;
	return EXIT_DONE;
}

static int write_all(const char *bytes, size_t length)
{
	while (length) {
		ssize_t n = write(STDOUT_FILENO, bytes, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

/* One write, so that who reads a line gets it whole. */
enum exit_code secret_print(const struct invocation *in, const char *secret)
{
	char line[sizeof(((struct wire_minted *)NULL)->secret) + 1];
	int r = text_format(line, sizeof(line), "%s\n", secret);

	fflush(stdout);
	if (r == 0)
		r = write_all(line, strlen(line));
	explicit_bzero(line, sizeof(line));
	return r == 0 ? EXIT_DONE : give_up(in, EXIT_REFUSED, "cannot write: %s", strerror(-r));
}

/* For people; what reads stdout need not know. */
static void tell_limits(const struct wire_minted *minted)
{
	char until[WHEN_SIZE];

	if (*minted->text)
		fprintf(stderr, "%s\n", minted->text);
	if (!isatty(STDOUT_FILENO))
		return;
	when_clock(minted->expires, (int64_t)time(NULL), until);
	fprintf(stderr, "good once%s%s\n", *until ? ", until " : "", until);
}

enum exit_code mint_print(const struct invocation *in, uint32_t access, bool code)
{
	cleanup(message_wipe) struct message message = {.id = MESSAGE_NONE};
	enum exit_code result = mint(in, access, code, &message);

	if (result == EXIT_DONE)
		result = secret_print(in, message.minted.secret);
	if (result == EXIT_DONE)
		tell_limits(&message.minted);
	return result;
}
