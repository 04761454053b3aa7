/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/sockets.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/listener.h"
#include "base/text.h"

#define NOTIFY_SECONDS 1

enum door { DOOR_PAM, DOOR_CLIENT, DOOR_COUNT };

static const struct {
	const char *name;
	mode_t mode;
} doors[DOOR_COUNT] = {
        [DOOR_PAM] = {"pam.sock", 0600},
        [DOOR_CLIENT] = {"jitd.sock", 0666},
};

static void close_all(int (*fds)[DOOR_COUNT])
{
	for (size_t i = 0; i < DOOR_COUNT; i++)
		cleanup_close(&(*fds)[i]);
}

static int door_address(const char *socket_dir, enum door door, struct sockaddr_un *ret_address,
                        struct fault *fault)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (text_format(address.sun_path, sizeof(address.sun_path), "%s/%s", socket_dir,
	                doors[door].name) < 0)
		return fault_set(fault, -ENAMETOOLONG,
		                 "socket-dir: path too long; with /%s at most %zu bytes",
		                 doors[door].name, sizeof(address.sun_path) - 1);
	*ret_address = address;
	return 0;
}

/* --- made by ourselves --- */

static int system_fault(struct fault *fault, int error, const char *path)
{
	return fault_set(fault, -error, "%s: %s", path, strerror(error));
}

static int prepare_directory(const char *socket_dir, struct fault *fault)
{
	if (geteuid() != 0)
		return 0;
	if (mkdir(socket_dir, 0755) < 0)
		return errno == EEXIST ? 0 : system_fault(fault, errno, socket_dir);
	if (chmod(socket_dir, 0755) < 0) /* whatever the umask was */
		return system_fault(fault, errno, socket_dir);
	return 0;
}

static int make_doors(const char *socket_dir, int fds[static DOOR_COUNT], struct fault *fault)
{
	for (enum door door = 0; door < DOOR_COUNT; door++) {
		struct sockaddr_un address;
		int r = door_address(socket_dir, door, &address, fault);

		if (r == 0)
			r = listener_make(address.sun_path, doors[door].mode, &fds[door], fault);
		if (r < 0)
			return r;
	}
	return 0;
}

/* --- from systemd --- */

/* The door whose path the descriptor is bound to. Abstract and unbound sockets have no path. */
static int take_door(int fd, const char *socket_dir, enum door *ret_door, struct fault *fault)
{
	struct sockaddr_un bound, wanted;
	int r = listener_take(fd, &bound, fault);

	for (enum door door = 0; r == 0 && door < DOOR_COUNT; door++) {
		r = door_address(socket_dir, door, &wanted, fault);
		if (r == 0 && !strcmp(bound.sun_path, wanted.sun_path)) {
			*ret_door = door;
			return 0;
		}
	}
	if (r < 0)
		return r;
	return fault_set(fault, -EINVAL,
	                 "descriptor %d from systemd: bound to \"%s\"; must be %s/%s or %s/%s", fd,
	                 bound.sun_path, socket_dir, doors[DOOR_PAM].name, socket_dir,
	                 doors[DOOR_CLIENT].name);
}

/* What comes in by pam.sock is believed: nobody but its owner may knock there. */
static int check_pam_path(const char *socket_dir, struct fault *fault)
{
	struct sockaddr_un address;
	struct stat found;
	int r = door_address(socket_dir, DOOR_PAM, &address, fault);

	if (r < 0)
		return r;
	if (lstat(address.sun_path, &found) < 0)
		return system_fault(fault, errno, address.sun_path);
	if (!S_ISSOCK(found.st_mode) || (found.st_uid != 0 && found.st_uid != geteuid()))
		return fault_set(fault, -EPERM, "%s: not a socket of root", address.sun_path);
	if (found.st_mode & 077)
		return fault_set(fault, -EPERM,
		                 "%s: mode %04o lets others in; jitd.socket needs SocketMode=0600",
		                 address.sun_path, found.st_mode & 07777);
	return 0;
}

static int take_doors(const char *socket_dir, int fds[static DOOR_COUNT], struct fault *fault)
{
	for (int fd = LISTENER_FIRST; fd < LISTENER_FIRST + DOOR_COUNT; fd++) {
		enum door door = DOOR_PAM;
		int r = take_door(fd, socket_dir, &door, fault);

		if (r < 0)
			return r;
		if (fds[door] >= 0)
			return fault_set(fault, -EINVAL, "%s/%s: passed twice by systemd",
			                 socket_dir, doors[door].name);
		fds[door] = fd;
	}
	return check_pam_path(socket_dir, fault);
}

/* --- */

int sockets_open(const char *socket_dir, struct sockets *ret_sockets, struct fault *fault)
{
	const struct file_rule rule = {.owner = geteuid(), .forbidden = 022};
	cleanup(close_all) int fds[DOOR_COUNT] = {-1, -1};
	uint64_t inherited = 0;
	int r = listener_passed(&inherited, fault);

	if (r < 0)
		return r;
	if (inherited && inherited != DOOR_COUNT)
		return fault_set(fault, -EINVAL,
		                 "LISTEN_FDS: jitd.socket must pass two sockets, %s and %s",
		                 doors[DOOR_PAM].name, doors[DOOR_CLIENT].name);
	r = inherited ? 0 : prepare_directory(socket_dir, fault);
	if (r < 0)
		return r;
	r = directory_check(socket_dir, &rule, fault);
	if (r < 0)
		return r;
	r = inherited ? take_doors(socket_dir, fds, fault) : make_doors(socket_dir, fds, fault);
	if (r < 0)
		return r;
	ret_sockets->pam = take_fd(&fds[DOOR_PAM]);
	ret_sockets->client = take_fd(&fds[DOOR_CLIENT]);
	return 0;
}

void sockets_close(struct sockets *sockets)
{
	cleanup_close(&sockets->pam);
	cleanup_close(&sockets->client);
	sockets->pam = sockets->client = -1;
}

void service_notify(const char *state)
{
	const struct timeval patience = {.tv_sec = NOTIFY_SECONDS};
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = path ? strlen(path) : 0;
	cleanup(cleanup_close) int fd = -1;

	if (length < 2 || length >= sizeof(address.sun_path) || (*path != '/' && *path != '@'))
		return;
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0)
		return;
	/* Whether it arrives or not, there is nothing that jitd should do differently. */
	(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&address,
	              (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length));
}
