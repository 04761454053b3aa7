/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listening Unix sockets of packets: made here, or passed by systemd (sd_listen_fds(3)).
 * Non-blocking and close-on-exec.
 */
#ifndef JIT_BASE_LISTENER_H
#define JIT_BASE_LISTENER_H

#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/error.h"

#define LISTENER_FIRST 3 /* the first descriptor that systemd passes */

/* Makes one at `path`, listening with a backlog of 256. A stale socket is replaced, one that
 * somebody still serves is -EADDRINUSE, anything else in the way -ENOTSOCK. The directory must be
 * one in which nobody else can write. */
must_check int listener_make(const char *path, mode_t mode, int *ret_fd, struct fault *fault);

/* How many were passed to this very process, from LISTENER_FIRST on; 0: none. Forgets the variables
 * that say so. */
must_check int listener_passed(uint64_t *ret_count, struct fault *fault);
/* One of those, if it is such a socket, made non-blocking and close-on-exec; ret_bound: its path,
 * empty where it has none. */
must_check int listener_take(int fd, struct sockaddr_un *ret_bound, struct fault *fault);

#endif
