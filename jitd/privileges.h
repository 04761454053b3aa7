/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From root to the jitd user, once, before any byte from outside is read.
 */
#ifndef JIT_JITD_PRIVILEGES_H
#define JIT_JITD_PRIVILEGES_H

#include "base/error.h"

/* STATE_DIR exists, 0700, of the user that jitd becomes: made where root may. One daemon by an OFD
 * lock on STATE_DIR/lock, held until the process ends (ret_lock stays open). Refuses by name: wrong
 * owner, mode, symlink, or a lock that another jitd holds (-EBUSY). Started as anybody but root,
 * that user is oneself and `user` is not looked at. */
must_check int state_claim(const char *state_dir, const char *user, int *ret_lock,
                           struct fault *fault);

/* As root: no supplementary groups, gid and uid of `user`, verified that there is no way back. As
 * anybody else: stays who it is. Always: no new privileges, not dumpable, no core, umask 077, no
 * capability left. Before any thread is made: some of this is per thread. */
must_check int privileges_drop(const char *user, struct fault *fault);

#endif
