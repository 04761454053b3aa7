/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/accesses.h"
#include "cli/admin/admin.h"
#include "cli/interrupt.h"
#include "cli/listing.h"

enum { OPTION_WAIT, OPTION_JSON };

static const struct option_row options[] = {
        [OPTION_WAIT] = {"wait", NULL, "wait until there is something"},
        [OPTION_JSON] = {"json", NULL, "print a JSON array"},
};

static enum exit_code run(const struct invocation *in)
{
	const struct message list_now = {.id = MESSAGE_list, .list.view = VIEW_PENDING},
	                     watch = {.id = MESSAGE_watch, .watch.access = 0};
	bool waits = in->options[OPTION_WAIT];
	cleanup(access_list_done) struct access_list list = {0};
	enum exit_code code;

	if (waits)
		interrupt_hold();
	code = access_list_fetch(in, waits ? &watch : &list_now, waits ? interrupt_pressed : NULL,
	                         &list);
	if (code != EXIT_DONE)
		return code;
	return listing_print(in, &list, LISTING_PENDING, in->options[OPTION_JSON],
	                     "nothing waits for your decision");
}

const struct command admin_pending = {
        .name = "pending",
        .arguments = "",
        .summary = "list the requests that wait for my decision",
        COMMAND_OPTIONS(options),
        .run = run,
};
