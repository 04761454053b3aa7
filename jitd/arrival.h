/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a foreign token that was read to a local access: held against what was spent, limits and
 * rules, written down and spent, all inside one message. It is spent last (T21), and by one INSERT
 * of what its issuer and jti come to, into the same table that our own tokens are spent in.
 */
#ifndef JIT_JITD_ARRIVAL_H
#define JIT_JITD_ARRIVAL_H

#include "jitd/foreign.h"
#include "jitd/wish.h"

/* What it asks for; points into `foreign`, whose reason is NONE. Reason and ticket are the caller's
 * to add. */
void arrival_wish(const struct jitd *jitd, const struct foreign *foreign, int64_t now,
                  struct wish *ret_wish);

/* May it be? *ret_reason is NONE, or why not; *ret_why says more where limits and rules say no.
 * -errno. */
must_check int arrival_judge(struct jitd *jitd, const struct foreign *foreign, struct wish *wish,
                             enum reason *ret_reason, enum wish_result *ret_why);
/* A pending access of what was judged good, and the token is spent. */
must_check int arrival_write(struct jitd *jitd, const struct foreign *foreign,
                             const struct wish *wish, uint32_t *ret_access);
/* The event of it. */
must_check int arrival_tell(struct jitd *jitd, const struct foreign *foreign,
                            const struct wish *wish, uint32_t access, pid_t pid);

#endif
