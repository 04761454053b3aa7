/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitd-admin: decides, ends and looks, as far as jitd lets the caller, whom it knows by the
 * kernel's word alone.
 */
#include "cli/admin/admin.h"

static const struct command *const commands[] = {
        &admin_pending,      &admin_list,          &admin_show,         &admin_approve,
        &admin_deny,         &admin_revoke,        &admin_lock,         &admin_unlock,
        &admin_end,          &admin_sessions,      &admin_policy_check, &admin_policy_explain,
        &admin_policy_test,  &admin_policy_reload, &admin_audit_list,   &admin_token_explain,
        &admin_keys_list,    &admin_keys_rotate,   &admin_keys_retire,  &admin_keys_export,
        &admin_clock_accept, &admin_status,
};

const struct tool admin_tool = {
        .name = "jitd-admin",
        .summary = "Decide on requests for access, end access, and see what is and was.",
        .commands = commands,
        .command_count = sizeof(commands) / sizeof(commands[0]),
};
