/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/admin/admin.h"
#include "cli/admin/steps.h"
#include "cli/admin/verify.h"
#include "cli/connection.h"
#include "token/code.h"

enum {
	OPTION_SERVICE,
	OPTION_USER,
	OPTION_RUSER,
	OPTION_KEYS,
	OPTION_HOST_ID,
	OPTION_ISSUER,
	OPTION_AUDIENCE,
	OPTION_JSON
};

static const struct option_row options[] = {
        [OPTION_SERVICE] = {"service", "S", "the door: sshd, sudo, su, login"},
        [OPTION_USER] = {"user", "U", "whom PAM would name there"},
        [OPTION_RUSER] = {"ruser", "R", "who would call it, at sudo and su"},
        [OPTION_KEYS] = {"keys", "FILE", "ask no jitd: check with the public keys in FILE"},
        [OPTION_HOST_ID] = {"host-id", "H", "with --keys: the host (else the name of this one)"},
        [OPTION_ISSUER] = {"issuer", "I", "with --keys: whose token it is, if not the host's own"},
        [OPTION_AUDIENCE] = {"audience", "A", "with --issuer: for whom it is (else the host)"},
        [OPTION_JSON] = {"json", NULL, "print a JSON array"},
};

#define TEXT_MAX 4096 /* bytes of a token or code, as of explain.text */

/* ---- stdin ---- */

/* All of it, up to a byte more than a line may have. */
static int read_input(char *ret_text, size_t size, size_t *ret_length)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(STDIN_FILENO, ret_text + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (memchr(ret_text + used - (size_t)n, '\n', (size_t)n) && isatty(STDIN_FILENO))
			break;
	}
	*ret_length = used;
	return 0;
}

/* One line, without its end, NUL-terminated: `text` has room for TEXT_MAX bytes and three more. */
static enum exit_code read_line(const struct invocation *in, char *text, size_t *ret_length)
{
	size_t length = 0;
	int r = read_input(text, TEXT_MAX + 3, &length);

	if (r < 0)
		return give_up(in, EXIT_REFUSED, "standard input: %s", strerror(-r));
	if (length && text[length - 1] == '\n')
		length--;
	if (length && text[length - 1] == '\r')
		length--;
	if (!length)
		return usage_error(in, "nothing on standard input; right is one token or code");
	if (memchr(text, '\n', length) || memchr(text, '\0', length))
		return usage_error(in,
		                   "more than one line, or a NUL byte, on standard input; right "
		                   "is one token or code");
	if (length > TEXT_MAX)
		return usage_error(in,
		                   "more than %d bytes on standard input; right is one token or "
		                   "code",
		                   TEXT_MAX);
	text[length] = '\0';
	*ret_length = length;
	return EXIT_DONE;
}

/* ---- with jitd ---- */

static enum exit_code read_steps(struct connection *connection, struct steps *steps)
{
	for (;;) {
		struct message row;
		enum reply reply = connection_receive(connection, &row);

		if (reply == REPLY_NONE)
			return connection->code;
		if (reply == REPLY_END)
			return EXIT_DONE;
		if (row.id != MESSAGE_step)
			return connection_unexpected(connection, &row);
		if (steps_take(steps, &row.step) < 0)
			return give_up(connection->in, EXIT_REFUSED, "internal error: no memory");
	}
}

static enum exit_code ask_jitd(const struct invocation *in, const char *text)
{
	cleanup(message_wipe) struct message message = {.id = MESSAGE_explain};
	cleanup(cleanup_connection) struct connection connection = CONNECTION(in);
	cleanup(steps_done) struct steps steps = {0};
	enum exit_code code;

	if (steps_begin(&steps, in->options[OPTION_JSON]) < 0)
		return give_up(in, EXIT_REFUSED, "internal error: no memory");
	WIRE_TYPED(message.explain.service, in->options[OPTION_SERVICE]);
	WIRE_TYPED(message.explain.user, in->options[OPTION_USER]);
	WIRE_TYPED(message.explain.ruser,
	           in->options[OPTION_RUSER] ? in->options[OPTION_RUSER] : "");
	WIRE_TYPED(message.explain.text, text);
	code = connection_send(&connection, &message);
	if (code == EXIT_DONE)
		code = read_steps(&connection, &steps);
	if (code != EXIT_DONE)
		return code;
	steps_end(&steps);
	return steps_allow(&steps) ? EXIT_DONE : EXIT_REFUSED;
}

/* ---- the command ---- */

static bool is_code(const char *text, size_t length)
{
	char code[CODE_SIZE];
	bool is = code_read(text, length, code);

	explicit_bzero(code, sizeof(code));
	return is;
}

static enum exit_code explain(const struct invocation *in, const char *text, size_t length)
{
	const struct verify_order order = {.keys = in->options[OPTION_KEYS],
	                                   .host_id = in->options[OPTION_HOST_ID],
	                                   .issuer = in->options[OPTION_ISSUER],
	                                   .audience = in->options[OPTION_AUDIENCE],
	                                   .json = in->options[OPTION_JSON] != NULL};

	if (!in->options[OPTION_KEYS])
		return ask_jitd(in, text);
	if (is_code(text, length))
		return usage_error(in, "--keys: this is a code, and which token it stands for only "
		                       "jitd knows; leave out --keys");
	return verify_token(in, &order, text, length);
}

static enum exit_code check_names(const struct invocation *in)
{
	static const int names[] = {OPTION_HOST_ID, OPTION_ISSUER, OPTION_AUDIENCE};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = in->options[names[i]];
		if (value && !in->options[OPTION_KEYS])
			return usage_error(in, "--%s: goes with --keys; jitd knows its own",
			                   options[names[i]].name);
		if (value && !*value)
			return usage_error(in, "--%s '': not the name of a host or an issuer",
			                   options[names[i]].name);
	}
	if (in->options[OPTION_AUDIENCE] && !in->options[OPTION_ISSUER])
		return usage_error(in,
		                   "--audience: goes with --issuer; a host's own tokens are for "
		                   "that host (--host-id)");
	return EXIT_DONE;
}

static enum exit_code check_options(const struct invocation *in)
{
	if (!in->options[OPTION_KEYS] &&
	    (!in->options[OPTION_SERVICE] || !in->options[OPTION_USER]))
		return usage_error(in,
		                   "%s is missing; right is --service S --user U, or --keys FILE",
		                   in->options[OPTION_SERVICE] ? "--user" : "--service");
	return check_names(in);
}

static enum exit_code run(const struct invocation *in)
{
	char text[TEXT_MAX + 3];
	size_t length = 0;
	enum exit_code code = check_options(in);

	if (code != EXIT_DONE)
		return code;
	code = read_line(in, text, &length);
	if (code == EXIT_DONE)
		code = explain(in, text, length);
	explicit_bzero(text, sizeof(text));
	return code;
}

const struct command admin_token_explain = {
        .name = "token explain",
        .arguments = "",
        .summary = "say check by check how a token or code would fare; burns nothing",
        .details = "The token or code is one line of standard input. The exit code is 0 where all\n"
                   "would allow, 1 where something would deny.\n"
                   "Needs --service and --user, or --keys, and then no jitd; what only jitd knows\n"
                   "is not reached.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
