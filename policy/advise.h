/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Warnings about a policy that loads, for the one who wrote it. Nothing is refused for them.
 */
#ifndef JIT_POLICY_ADVISE_H
#define JIT_POLICY_ADVISE_H

#include "policy/complaint.h"
#include "policy/policy.h"

/*
 * A pattern that takes in root without saying so; commands without the sudo plugin; a trust that
 * jitd.conf does not have; a ticket found anywhere in a text; more denials than people; typed
 * tokens with RS256; what this version does not act on; rules that an earlier one shadows;
 * approvers none of whom could get in after a reboot. -ENOMEM.
 */
must_check int policy_advise(const struct policy *policy, const struct policy_site *site,
                             policy_report *report, void *context);

/* Inside the room. Both -ENOMEM. */

/* Rules that never decide, since an earlier one matches whatever they match; it is named. Groups
 * are not looked into, so that not all are seen. */
must_check int advise_shadows(const struct policy *policy, struct complaints *complaints);

/* After a reboot nobody is logged in. Where rules guard ssh or the console, and no approver of a
 * rule could get in by rules that need none of those approvals: says so. */
must_check int advise_reboot(const struct policy *policy, struct complaints *complaints);

#endif
