/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client side, shared by pam_jit.so and the tools: one connection, one absolute deadline on
 * CLOCK_MONOTONIC. Non-blocking connect, MSG_NOSIGNAL, close-on-exec; no signal, thread or global.
 */
#ifndef JIT_WIRE_CLIENT_H
#define JIT_WIRE_CLIENT_H

#include <stdint.h>
#include <sys/types.h>

#include "wire/message.h"

struct client {
	int fd;           /* -1: closed */
	int64_t deadline; /* ms on CLOCK_MONOTONIC; INT64_MAX: none. May be moved while the
	                     connection lives */
	uint8_t packet[WIRE_PACKET]; /* bounced through, wiped after each message */
};

#define CLIENT_CLOSED ((struct client){.fd = -1})

int64_t client_now(void); /* ms on CLOCK_MONOTONIC */

/*
 * Connects to the socket at `path`. The server must be uid 0 or our own effective uid (a socket's
 * credentials are the listener's), and the directory that holds the socket must be that same uid's
 * (or root's) and not writable by others. -errno, with the line that says what was wrong:
 * -ETIMEDOUT past the deadline, -EPERM wrong owner, -ENOENT or -ECONNREFUSED nobody there.
 */
must_check int client_connect(struct client *client, const char *path, int64_t deadline,
                              struct fault *fault);

must_check int client_send(struct client *client, const struct message *message,
                           struct fault *fault);

/* The next message. `interrupt` (may be NULL) is asked at least every 250 ms while waiting:
 * non-zero ends the wait with -EINTR. -ECONNRESET when the server hung up, -ETIMEDOUT, -EBADMSG. */
must_check int client_receive(struct client *client, int (*interrupt)(void *), void *context,
                              struct message *ret_message, struct fault *fault);

void client_close(struct client *client);

#endif
