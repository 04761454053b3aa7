/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules are asked about an access, wholly: who, what for, on which host, by whose token,
 * and when by the clock on this host's wall.
 */
#ifndef JIT_JITD_QUESTION_H
#define JIT_JITD_QUESTION_H

#include "jitd/access.h"

/* Of an access that this jitd gives, without a command: it asks for all that its scopes allow.
 * `via`: the trust whose token asks; "": none. `now` is the decision's one reading of the clock;
 * where no rule looks at the time, neither does this. Points into what it is given. */
struct question question_of(const struct jitd *jitd, const struct identity *subject,
                            const char *scopes, const char *host, const char *via, int64_t now);

/* The rule of the policy in force that the access was asked under, as it was then; NULL: it has
 * changed, or is gone. */
const struct rule *question_rule(const struct jitd *jitd, const struct access *access);

/* The rule that denies it now; NULL: none. The access's own rule stands before those that come
 * after it, also at an hour at which it is not open: that ends no grant. */
const struct rule *question_denied_by(const struct jitd *jitd, const struct access *access,
                                      const struct question *question);

#endif
