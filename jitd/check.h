/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What PAM asks: may this subject pass this door now? The road is the same at each phase: who the
 * subject is (kernel, sshd, a reservation), which active accesses could open, their tokens through
 * the strict reader on the pool, then everything once more in the message that spends and writes.
 * Where that is not enough and a prompt can be answered, it is asked, and what was typed takes the
 * same road. Whatever fails on the way is a refusal.
 */
#ifndef JIT_JITD_CHECK_H
#define JIT_JITD_CHECK_H

#include "jitd/peer.h"

void check_begin(struct peer *peer, const struct wire_check *ask);
/* Of a peer whose check waits for it (peer->asking). */
void check_answer(struct peer *peer, const struct wire_answer *answer);
void check_abandon(struct peer *peer); /* it hung up instead */

#endif
