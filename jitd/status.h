/* SPDX-License-Identifier: Apache-2.0 */
/* How the daemon is: name and value rows. */
#ifndef JIT_JITD_STATUS_H
#define JIT_JITD_STATUS_H

#include "jitd/peer.h"

void status_send(struct peer *peer);

#endif
