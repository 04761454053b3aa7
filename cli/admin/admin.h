/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands of jitd-admin, for approvers, administrators and auditors; one file each.
 */
#ifndef JIT_CLI_ADMIN_ADMIN_H
#define JIT_CLI_ADMIN_ADMIN_H

#include "cli/command.h"

extern const struct command admin_pending, admin_list, admin_show, admin_approve, admin_deny,
        admin_revoke, admin_lock, admin_unlock, admin_sessions, admin_end, admin_policy_check,
        admin_policy_explain, admin_policy_test, admin_policy_reload, admin_audit_list,
        admin_token_explain, admin_keys_list, admin_keys_rotate, admin_keys_retire,
        admin_keys_export, admin_clock_accept, admin_status;
extern const struct tool admin_tool;

#endif
