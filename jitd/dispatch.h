/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where every message goes: one table of message × role → handler. State and sender are columns of
 * wire/message.def, checked before.
 */
#ifndef JIT_JITD_DISPATCH_H
#define JIT_JITD_DISPATCH_H

#include "jitd/peer.h"

void dispatch(struct peer *peer, const struct message *message);

#endif
