/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The policy directory: *.conf in name order, each judged before it is read (root's or
 * settings->owner's, not writable by others).
 */
#ifndef JIT_JITD_RULES_H
#define JIT_JITD_RULES_H

#include "policy/settings.h"

/* All or nothing: the first error is the fault, with how many more there are; then all of them are
 * logged. ret_digest: SHA-256 of the
 * texts, as hex. A directory that is not there is refused; an empty one gives a policy that denies
 * all. */
must_check int rules_load(const struct settings *settings, struct policy **ret_policy,
                          char ret_digest[static 65], struct fault *fault);

#endif
