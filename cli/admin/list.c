/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/accesses.h"
#include "cli/admin/admin.h"
#include "cli/listing.h"

enum { OPTION_ALL, OPTION_JSON };

static const struct option_row options[] = {
        [OPTION_ALL] = {"all", NULL, "ended ones too"},
        [OPTION_JSON] = {"json", NULL, "print a JSON array"},
};

static enum exit_code run(const struct invocation *in)
{
	const struct message message = {
	        .id = MESSAGE_list,
	        .list.view = in->options[OPTION_ALL] ? VIEW_ALL : VIEW_OPEN,
	};
	cleanup(access_list_done) struct access_list list = {0};
	enum exit_code code = access_list_fetch(in, &message, NULL, &list);

	if (code != EXIT_DONE)
		return code;
	return listing_print(in, &list, LISTING_ALL, in->options[OPTION_JSON],
	                     in->options[OPTION_ALL] ? "there is none for you to see"
	                                             : "none is pending or active");
}

const struct command admin_list = {
        .name = "list",
        .arguments = "",
        .summary = "list the accesses that are pending or active, as far as I may see them",
        COMMAND_OPTIONS(options),
        .run = run,
};
