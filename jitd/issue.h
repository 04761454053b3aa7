/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handing out what people type: a token, good once, or a code that stands for one. Of a token its
 * digest is kept, of a code its HMAC (jitd/codes.h) with the jti, iat and exp that its token will
 * have.
 */
#ifndef JIT_JITD_ISSUE_H
#define JIT_JITD_ISSUE_H

#include "jitd/call.h"

#define OUTSTANDING_MAX 16 /* of one access, neither burned nor over */

/* Goes on with a call whose handler left call->issue: signs on the pool, then writes in a message
 * of its own. `done` gets 0 with call->out set, to leave after the commit unless it is a refusal,
 * or -errno: nothing was written. */
void issue_begin(struct call *call, void (*done)(struct call *call, int result));

#endif
