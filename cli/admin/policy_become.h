/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that let somebody become another person who approves as a member of a group. By name the
 * rules tell themselves (policy/review.c); who is in a group only this host knows.
 */
#ifndef JIT_CLI_ADMIN_POLICY_BECOME_H
#define JIT_CLI_ADMIN_POLICY_BECOME_H

#include "cli/admin/policy_names.h"

/* A warning for each account of a scope that is no pattern, once, where others than its owner may
 * ask for it and its owner is in a group that approves. jitd refuses such an approver at each
 * request of theirs. What cannot be looked up policy_names_check() tells. 0 or -ENOMEM. */
must_check int policy_become_check(const struct policy *policy, const struct policy_lookup *lookup,
                                   policy_report *report, void *context);

#endif
