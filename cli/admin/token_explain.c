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
#include "cli/token_line.h"
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
	char text[TOKEN_LINE_SIZE];
	size_t length = 0;
	enum exit_code code = check_options(in);

	if (code != EXIT_DONE)
		return code;
	code = token_line_read(in, text, &length);
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
