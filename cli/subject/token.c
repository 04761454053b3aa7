/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject/jit.h"
#include "cli/subject/mint.h"

enum { OPTION_CODE };

static const struct option_row options[] = {
        [OPTION_CODE] = {"code", NULL, "a code, which is short enough to type"},
};

static enum exit_code run(const struct invocation *in)
{
	uint32_t access;
	enum exit_code code = argument_access(in, &access);

	return code == EXIT_DONE ? mint_print(in, access, in->options[OPTION_CODE] != NULL) : code;
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
