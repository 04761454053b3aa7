/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One question of jitd's, and its answer. Nobody else is listened to: not root either, who needs no
 * help to end a process.
 */
#ifndef JIT_REAPER_SERVE_H
#define JIT_REAPER_SERVE_H

#include <sys/types.h>

/* Of a connection that was just accepted: who is at the other end by the kernel, one packet within
 * 5 s, what it wants done, one packet back. Blocks until that is done; logs to stderr what it did
 * or refused. The connection stays the caller's. */
void serve(int connection, uid_t jitd);

#endif
