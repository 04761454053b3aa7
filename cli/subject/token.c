/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/subject/jit.h"
#include "cli/subject/mint.h"
#include "cli/when.h"

enum { OPTION_CODE };

static const struct option_row options[] = {
        [OPTION_CODE] = {"code", NULL, "a code, which is short enough to type"},
};

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

static enum exit_code run(const struct invocation *in)
{
	cleanup(message_wipe) struct message message = {.id = MESSAGE_NONE};
	uint32_t access;
	enum exit_code code = argument_access(in, &access);

	if (code == EXIT_DONE)
		code = mint(in, access, in->options[OPTION_CODE] != NULL, &message);
	if (code == EXIT_DONE)
		code = secret_print(in, message.minted.secret);
	if (code == EXIT_DONE)
		tell_limits(&message.minted);
	return code;
}

const struct command jit_token = {
        .name = "token",
        .arguments = "ID",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "print a fresh token, or a code, of an active access of mine",
        .details = "It goes alone to standard output; it is good once, and for a few minutes.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
