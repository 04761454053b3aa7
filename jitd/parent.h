/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In which session another one is opened: the sudo in a login, the su in a sudo. It ends with that.
 */
#ifndef JIT_JITD_PARENT_H
#define JIT_JITD_PARENT_H

#include <stdbool.h>

#include "jitd/jitd.h"

/* The open session whose opener this process descends from; or, where that chain is broken (tmux),
 * whose scope it runs in. False: none. */
bool parent_find(const struct jitd *jitd, const struct peer_process *process, uint32_t *ret_access,
                 uint32_t *ret_number);

#endif
