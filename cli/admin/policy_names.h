/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names that rules hold, against the accounts and groups of this host.
 */
#ifndef JIT_CLI_ADMIN_POLICY_NAMES_H
#define JIT_CLI_ADMIN_POLICY_NAMES_H

#include "base/identity.h"
#include "policy/policy.h"

/* Results as those of identity_by_name() and identity_group_exists(), which is what
 * `policy_names_here` has. */
struct policy_lookup {
	int (*user)(const char *name, struct identity **ret_identity);
	int (*group)(const char *name);
};
extern const struct policy_lookup policy_names_here;

/* A warning for each user and group in who and approvers, and each account of a scope that is no
 * pattern, that is unknown, or that could not be looked up; each name once, where it stands first.
 * In who and approvers also for a second name of an account, which nobody is called by. 0 or
 * -ENOMEM. */
must_check int policy_names_check(const struct policy *policy, const struct policy_lookup *lookup,
                                  policy_report *report, void *context);

#endif
