/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/accesses.h"
#include "cli/admin/admin.h"
#include "cli/listing.h"

enum { OPTION_JSON };

static const struct option_row options[] = {
        [OPTION_JSON] = {"json", NULL, "print a JSON object"},
};

static enum exit_code run(const struct invocation *in)
{
	cleanup(access_list_done) struct access_list list = {0};
	uint32_t access;
	enum exit_code code = argument_access(in, &access);

	if (code == EXIT_DONE)
		code = access_fetch(in, access, false, &list);
	if (code != EXIT_DONE)
		return code;
	return access_print(in, &list.items[0], in->options[OPTION_JSON]);
}

const struct command admin_show = {
        .name = "show",
        .arguments = "ID",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "show everything about one access",
        COMMAND_OPTIONS(options),
        .run = run,
};
