/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two listening sockets: from systemd (LISTEN_FDS, told apart by their bound paths), or made by
 * a jitd that was started by hand, which binds before it drops privileges.
 */
#ifndef JIT_JITD_SOCKETS_H
#define JIT_JITD_SOCKETS_H

#include "base/error.h"

struct sockets {
	int pam;    /* SOCKET-DIR/pam.sock, 0600 */
	int client; /* SOCKET-DIR/jitd.sock, 0666 */
};

/* Takes both from systemd when LISTEN_PID is ours (and forgets the variables), else makes them in
 * `socket_dir`: created 0755 when absent and we are root; refused when others may write there, when
 * it is not root's or ours, or when something that is no socket stands in the way. A stale socket
 * is replaced; one that still is served (by systemd, or by a jitd with another state) is
 * -EADDRINUSE. SEQPACKET, non-blocking, CLOEXEC, listening with a backlog of 256 (systemd's: as its
 * unit says). The same rules hold for what systemd passes: both sockets, no others, pam.sock 0600.
 */
must_check int sockets_open(const char *socket_dir, struct sockets *ret_sockets,
                            struct fault *fault);
void sockets_close(struct sockets *sockets); /* the paths stay: systemd's, or stale */

/* sd_notify(3): "READY=1" and the like to NOTIFY_SOCKET; nothing when that is not set. A receiver
 * that does not read costs at most a second. */
void service_notify(const char *state);

#endif
