/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/accesses.h"
#include "cli/subject/jit.h"
#include "cli/listing.h"

enum { OPTION_JSON };

static const struct option_row options[] = {
        [OPTION_JSON] = {"json", NULL, "print a JSON array"},
};

static enum exit_code run(const struct invocation *in)
{
	const struct message message = {.id = MESSAGE_list, .list.view = VIEW_MINE};
	cleanup(access_list_done) struct access_list list = {0};
	enum exit_code code = access_list_fetch(in, &message, NULL, &list);

	if (code != EXIT_DONE)
		return code;
	return listing_print(in, &list, LISTING_MINE, in->options[OPTION_JSON],
	                     "you have asked for nothing");
}

const struct command jit_list = {
        .name = "list",
        .arguments = "",
        .summary = "list my accesses",
        COMMAND_OPTIONS(options),
        .run = run,
};
