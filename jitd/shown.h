/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest of an access as an approver is shown it: a yes is bound to it, so that it counts for
 * exactly that. In it is all that a request is made of and that never changes: number, uid,
 * subject, scope, host, reason, ticket, the time asked for, how it is presented, the ssh key that
 * it is bound to, its uses, how many words decide, and the rule with its text.
 */
#ifndef JIT_JITD_SHOWN_H
#define JIT_JITD_SHOWN_H

#include <stdbool.h>

#include "base/error.h"

#define SHOWN_DIGITS 64 /* SHA-256, as lower-case hex */
#define SHOWN_SIZE   (SHOWN_DIGITS + 1)

struct access;

must_check int shown_digest(const struct access *access, char ret_digest[static SHOWN_SIZE]);

/* Is this the digest of what the access is? A digest that cannot be told is another. */
bool shown_is(const struct access *access, const char *digest);

#endif
