/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit: asks jitd for access on behalf of the caller, whom jitd knows by the kernel's word alone.
 * It decides nothing and holds nothing; setuid on it would be a mistake.
 */
#include "cli/subject/jit.h"

static const struct command *const commands[] = {
        &jit_request, &jit_token,  &jit_list,    &jit_show,
        &jit_wait,    &jit_cancel, &jit_present, &jit_askpass,
};

const struct tool jit_tool = {
        .name = "jit",
        .summary = "Ask for access to this host that somebody else approves, for a while.",
        .commands = commands,
        .command_count = sizeof(commands) / sizeof(commands[0]),
};
