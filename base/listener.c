/* SPDX-License-Identifier: Apache-2.0 */
#include "base/listener.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"

#define BACKLOG        256
#define LISTEN_FDS_MAX 64 /* more is nobody's intention */

static int system_fault(struct fault *fault, int error, const char *path)
{
	return fault_set(fault, -error, "%s: %s", path, strerror(error));
}

static int address_of(const char *path, struct sockaddr_un *ret_address, struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (text_copy(address.sun_path, sizeof(address.sun_path), path) < 0)
		return fault_set(fault, -ENAMETOOLONG,
		                 "%s: longer than a socket's path can be, %zu bytes", path,
		                 sizeof(address.sun_path) - 1);
	*ret_address = address;
	return 0;
}

/* --- made by ourselves --- */

static int new_socket(int type)
{
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? -errno : fd;
}

/* ECONNREFUSED is the kernel's word that nobody listens behind the path. */
static int refuse_if_served(const struct sockaddr_un *address, struct fault *fault)
{
	cleanup(cleanup_close) int fd = new_socket(SOCK_SEQPACKET);

	if (fd < 0)
		return system_fault(fault, -fd, address->sun_path);
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
	    errno == ECONNREFUSED)
		return 0;
	return fault_set(fault, -EADDRINUSE,
	                 "%s: somebody serves it already (another daemon, or systemd for "
	                 "its socket unit); stop that first",
	                 address->sun_path);
}

/* Nobody else can write in the directory, so what is seen here stays as it is. */
static int clear_path(const struct sockaddr_un *address, struct fault *fault)
{
	const char *path = address->sun_path;
	struct stat found;
	int r;

	if (lstat(path, &found) < 0)
		return errno == ENOENT ? 0 : system_fault(fault, errno, path);
	if (!S_ISSOCK(found.st_mode))
		return fault_set(fault, -ENOTSOCK,
		                 "%s: a %s that is no socket of ours is in the way; remove it",
		                 path, S_ISLNK(found.st_mode) ? "symbolic link" : "file");
	r = refuse_if_served(address, fault);
	if (r < 0)
		return r;
	if (unlink(path) < 0)
		return system_fault(fault, errno, path);
	return 0;
}

int listener_make(const char *path, mode_t mode, int *ret_fd, struct fault *fault)
{
	cleanup(cleanup_close) int fd = -1;
	struct sockaddr_un address;
	int r = address_of(path, &address, fault);

	if (r < 0)
		return r;
	r = clear_path(&address, fault);
	if (r < 0)
		return r;
	fd = new_socket(SOCK_SEQPACKET);
	if (fd < 0)
		return system_fault(fault, -fd, address.sun_path);
	/* bind() takes the mode of the descriptor less the umask, so that the path is never wider
	 * than 0600 before it is right; and nobody can connect before listen(). */
	if (fchmod(fd, 0600) < 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(address.sun_path, mode) < 0 || listen(fd, BACKLOG) < 0)
		return system_fault(fault, errno, address.sun_path);
	*ret_fd = take_fd(&fd);
	return 0;
}

/* --- from systemd --- */

static void forget_environment(void)
{
	static const char *const names[] = {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
	                                    "LISTEN_PIDFDID"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
}

static int passed_count(uint64_t *ret_count, struct fault *fault)
{
	const char *pid_text = getenv("LISTEN_PID"), *count_text = getenv("LISTEN_FDS");
	uint64_t pid;

	*ret_count = 0;
	if (!pid_text)
		return 0;
	if (parse_number(pid_text, INT32_MAX, &pid) < 0)
		return fault_set(fault, -EINVAL, "LISTEN_PID: not a process number");
	if ((pid_t)pid != getpid())
		return 0;
	if (!count_text || parse_number(count_text, LISTEN_FDS_MAX, ret_count) < 0 || !*ret_count)
		return fault_set(fault, -EINVAL, "LISTEN_FDS: not a number of sockets");
	return 0;
}

int listener_passed(uint64_t *ret_count, struct fault *fault)
{
	int r = passed_count(ret_count, fault);

	forget_environment();
	return r;
}

static bool option_is(int fd, int option, int wanted)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && size == sizeof(value) &&
	       value == wanted;
}

/* No listen() of our own here: it would put our name in place of root's, which clients check. */
static int set_flags(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -errno;
	return 0;
}

int listener_take(int fd, struct sockaddr_un *ret_bound, struct fault *fault)
{
	struct sockaddr_un bound = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(bound) - 1; /* one byte stays NUL */
	int r;

	if (!option_is(fd, SO_DOMAIN, AF_UNIX) || !option_is(fd, SO_TYPE, SOCK_SEQPACKET) ||
	    !option_is(fd, SO_ACCEPTCONN, 1))
		return fault_set(fault, -EINVAL,
		                 "descriptor %d from systemd: not a listening Unix socket of "
		                 "packets; its unit needs ListenSequentialPacket=",
		                 fd);
	if (getsockname(fd, (struct sockaddr *)&bound, &size) < 0)
		return fault_set(fault, -errno, "descriptor %d from systemd: %s", fd,
		                 strerror(errno));
	r = set_flags(fd);
	if (r < 0)
		return fault_set(fault, r, "descriptor %d from systemd: %s", fd, strerror(-r));
	*ret_bound = bound;
	return 0;
}
