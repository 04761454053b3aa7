/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

#define SLICE_MS 250

int64_t client_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return INT64_MAX; /* every deadline is past: deny */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for `events` until the deadline; a signal in between only makes it look at the clock again.
 */
static int wait_for(const struct client *client, short events, int (*interrupt)(void *),
                    void *context)
{
	for (;;) {
		struct pollfd poll_fd = {.fd = client->fd, .events = events};
		int64_t left =
		        client->deadline == INT64_MAX ? SLICE_MS : client->deadline - client_now();
		int slice = left > SLICE_MS ? SLICE_MS : (int)left, n;

		if (left <= 0)
			return -ETIMEDOUT;
		n = poll(&poll_fd, 1, slice);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (interrupt && interrupt(context))
			return -EINTR;
	}
}

/* The directory decides who may put a socket there. */
static int check_directory(const char *path, uid_t server, struct fault *fault)
{
	char directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct stat found;
	char *slash;

	if (text_copy(directory, sizeof(directory), path) < 0)
		return fault_set(fault, -ENAMETOOLONG, "%s: path too long for a socket", path);
	slash = strrchr(directory, '/');
	if (!slash || slash == directory)
		return fault_set(fault, -EINVAL, "%s: not an absolute path below a directory",
		                 path);
	*slash = '\0';
	if (lstat(directory, &found) < 0)
		return fault_set(fault, -errno, "%s: %s", directory, strerror(errno));
	if (!S_ISDIR(found.st_mode))
		return fault_set(fault, -EPERM, "%s: not a directory of its own", directory);
	if (found.st_uid != 0 && found.st_uid != server)
		return fault_set(fault, -EPERM, "%s: belongs to uid %u, not to root or the server",
		                 directory, found.st_uid);
	if (found.st_mode & 022)
		return fault_set(fault, -EPERM, "%s: others may write there", directory);
	return 0;
}

static int check_server(int fd, const char *path, struct fault *fault)
{
	struct ucred server;
	socklen_t length = sizeof(server);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &length) < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (server.uid != 0 && server.uid != geteuid())
		return fault_set(fault, -EPERM, "%s: served by uid %u, which is not jitd", path,
		                 server.uid);
	return check_directory(path, server.uid, fault);
}

/* A full backlog of a local socket gives EAGAIN, for which there is nothing to poll. */
static int connect_until(const struct client *client, const struct sockaddr_un *address)
{
	for (;;) {
		const struct timespec pause = {.tv_nsec = 5 * 1000 * 1000};

		if (connect(client->fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		if (client_now() >= client->deadline)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
}

int client_connect(struct client *client, const char *path, int64_t deadline, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r;

	client->deadline = deadline;
	client->fd = -1;
	if (text_copy(address.sun_path, sizeof(address.sun_path), path) < 0)
		return fault_set(fault, -ENAMETOOLONG, "%s: path too long for a socket", path);
	client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd < 0)
		return fault_set(fault, -errno, "socket: %s", strerror(errno));
	r = connect_until(client, &address);
	if (r < 0)
		fault_set(fault, r, "%s: %s", path, strerror(-r));
	else
		r = check_server(client->fd, path, fault);
	if (r < 0)
		client_close(client);
	return r;
}

int client_send(struct client *client, const struct message *message, struct fault *fault)
{
	size_t length = sizeof(client->packet); /* where it fails: whatever it wrote */
	int r = message_encode(message, client->packet, &length, fault);

	while (r == 0) {
		ssize_t n = send(client->fd, client->packet, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n == (ssize_t)length)
			break;
		r = n >= 0 ? -EIO : errno == EAGAIN || errno == EINTR ? 0 : -errno;
		if (r == 0)
			r = wait_for(client, POLLOUT, NULL, NULL);
		if (r < 0)
			fault_set(fault, r, "jitd: %s", strerror(-r));
	}
	explicit_bzero(client->packet, length);
	return r;
}

int client_receive(struct client *client, int (*interrupt)(void *), void *context,
                   struct message *ret_message, struct fault *fault)
{
	for (;;) {
		ssize_t n;
		int r = wait_for(client, POLLIN, interrupt, context);

		if (r < 0)
			return fault_set(fault, r, "jitd: %s", strerror(-r));
		n = recv(client->fd, client->packet, sizeof(client->packet),
		         MSG_TRUNC | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return fault_set(fault, -errno, "jitd: %s", strerror(errno));
		if (n == 0) /* a zero-length packet looks the same: no answer either way */
			return fault_set(fault, -ECONNRESET, "jitd: closed the connection");
		r = message_decode(client->packet, (size_t)n, ret_message, fault);
		explicit_bzero(client->packet, (size_t)n < sizeof(client->packet)
		                                       ? (size_t)n
		                                       : sizeof(client->packet));
		return r ? -EBADMSG : 0;
	}
}

void client_close(struct client *client)
{
	int fd = take_fd(&client->fd);

	if (fd >= 0)
		close(fd);
}
