/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "cli/interrupt.h"
#include "cli/subject/jit.h"
#include "cli/subject/watch.h"

static enum exit_code run(const struct invocation *in)
{
	bool person = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	struct wire_access decided = {.id = 0};
	uint32_t access;
	enum exit_code code = argument_access(in, &access);

	if (code != EXIT_DONE)
		return code;
	interrupt_hold();
	code = watch_until_decided(in, access, person ? stdout : NULL, &decided);
	return code == EXIT_DONE ? watch_outcome(in, &decided, false) : code;
}

const struct command jit_wait = {
        .name = "wait",
        .arguments = "ID",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "wait until an access of mine is decided: 0 active, 1 not",
        .details = "Ctrl-C ends the waiting and leaves the access as it is.\n",
        .run = run,
};
