/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "jitd/sockets.h"

struct place {
	char top[64];
	char run[80]; /* the socket directory */
	char pam[96];
	char client[96];
	char other[96];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->top, sizeof(place->top), "/tmp/sockets_test.XXXXXX");
	if (!mkdtemp(place->top))
		return -1;
	snprintf(place->run, sizeof(place->run), "%s/run", place->top);
	snprintf(place->pam, sizeof(place->pam), "%s/pam.sock", place->run);
	snprintf(place->client, sizeof(place->client), "%s/jitd.sock", place->run);
	snprintf(place->other, sizeof(place->other), "%s/other", place->top);
	if (mkdir(place->run, 0755) < 0)
		return -1;
	*state = place;
	return 0;
}

static int drop_place(void **state)
{
	struct place *place = *state;

	unlink(place->pam);
	unlink(place->client);
	unlink(place->run);
	rmdir(place->run);
	unlink(place->other);
	rmdir(place->other);
	rmdir(place->top);
	free(place);
	return 0;
}

static void needs_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root\n");
	skip();
}

static void opened(const struct place *place, struct sockets *ret_sockets)
{
	struct fault fault = {""};

	if (sockets_open(place->run, ret_sockets, &fault) < 0)
		fail_msg("%s", fault.text);
}

static void refused(const char *directory, int error, const char *says)
{
	struct sockets sockets = {-7, -7};
	struct fault fault = {""};

	assert_int_equal(sockets_open(directory, &sockets, &fault), error);
	assert_int_equal(sockets.pam, -7);
	assert_int_equal(sockets.client, -7);
	if (!strstr(fault.text, says))
		fail_msg("\"%s\" does not say \"%s\"", fault.text, says);
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

static int listen_at(const char *path, int type)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	if (type != SOCK_DGRAM && listen(fd, 5) < 0)
		return -1;
	return fd;
}

/* 0 when a packet sent by a client of `path` comes out of `listener`. */
static int packet_passes(const char *path, int listener)
{
	struct sockaddr_un address = address_of(path);
	int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), server;
	char bytes[8];
	int result = 1;

	if (connect(client, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(client);
		return 2;
	}
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server >= 0 && send(client, "ping", 4, 0) == 4 &&
	    recv(server, bytes, sizeof(bytes), 0) == 4)
		result = 0;
	close(client);
	if (server >= 0)
		close(server);
	return result;
}

static mode_t mode_of(const char *path)
{
	struct stat found;

	return lstat(path, &found) < 0 ? 0 : found.st_mode;
}

static int is_ready(int fd)
{
	int type = 0, listening = 0;
	socklen_t size = sizeof(int);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
	return type == SOCK_SEQPACKET && listening && fcntl(fd, F_GETFL) & O_NONBLOCK &&
	       fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

static void modes_do_not_depend_on_the_umask(void **state)
{
	static const mode_t masks[] = {0, 022, 077, 0777};
	const struct place *place = *state;

	for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
		struct sockets sockets;
		mode_t before = umask(masks[i]);

		opened(place, &sockets);
		umask(before);
		assert_int_equal(mode_of(place->pam), S_IFSOCK | 0600);
		assert_int_equal(mode_of(place->client), S_IFSOCK | 0666);
		sockets_close(&sockets);
	}
}

static void both_doors_listen(void **state)
{
	const struct place *place = *state;
	struct sockets sockets;

	opened(place, &sockets);
	assert_true(is_ready(sockets.pam));
	assert_true(is_ready(sockets.client));
	assert_int_equal(packet_passes(place->pam, sockets.pam), 0);
	assert_int_equal(packet_passes(place->client, sockets.client), 0);
	sockets_close(&sockets);
	assert_int_equal(sockets.pam, -1);
	assert_int_equal(sockets.client, -1);
	sockets_close(&sockets);
}

static void stale_sockets_are_replaced(void **state)
{
	const struct place *place = *state;
	struct sockets sockets;
	struct stat found;

	opened(place, &sockets);
	sockets_close(&sockets);
	assert_int_equal(lstat(place->pam, &found), 0);
	opened(place, &sockets);
	assert_int_equal(packet_passes(place->pam, sockets.pam), 0);
	assert_int_equal(packet_passes(place->client, sockets.client), 0);
	sockets_close(&sockets);
}

static void served_sockets_are_left_alone(void **state)
{
	static const int types[] = {SOCK_SEQPACKET, SOCK_STREAM, SOCK_DGRAM};
	const struct place *place = *state;
	struct stat before, after;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		int fd = listen_at(place->client, types[i]);

		assert_int_equal(lstat(place->client, &before), 0);
		refused(place->run, -EADDRINUSE, place->client);
		assert_int_equal(lstat(place->client, &after), 0);
		assert_int_equal(before.st_ino, after.st_ino);
		close(fd);
		unlink(place->client);
	}
}

static void d10_other_things_in_the_way_are_refused_and_kept(void **state)
{
	const struct place *place = *state;

	close(open(place->pam, O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
	refused(place->run, -ENOTSOCK, place->pam);
	assert_int_equal(mode_of(place->pam), S_IFREG | 0640);
	unlink(place->pam);
	assert_int_equal(mkdir(place->pam, 0750), 0);
	refused(place->run, -ENOTSOCK, place->pam);
	assert_int_equal(mode_of(place->pam), S_IFDIR | 0750);
	rmdir(place->pam);
}

static void d10_symbolic_links_are_refused(void **state)
{
	const struct place *place = *state;
	struct sockets sockets;
	int fd;

	/* in place of a socket: to nothing, to a file, to a stale socket */
	assert_int_equal(symlink(place->other, place->pam), 0);
	refused(place->run, -ENOTSOCK, "symbolic link");
	assert_int_equal(mode_of(place->other), 0);
	close(open(place->other, O_CREAT | O_WRONLY | O_CLOEXEC, 0640));
	refused(place->run, -ENOTSOCK, "symbolic link");
	assert_int_equal(mode_of(place->other), S_IFREG | 0640);
	unlink(place->other);
	fd = listen_at(place->other, SOCK_SEQPACKET);
	close(fd);
	refused(place->run, -ENOTSOCK, "symbolic link");
	assert_int_equal(mode_of(place->other) & S_IFMT, S_IFSOCK);
	unlink(place->other);
	unlink(place->pam);
	/* in place of the directory */
	assert_int_equal(rename(place->run, place->other), 0);
	assert_int_equal(symlink(place->other, place->run), 0);
	refused(place->run, -ELOOP, "symbolic link");
	assert_int_equal(unlink(place->run), 0);
	assert_int_equal(rename(place->other, place->run), 0);
	opened(place, &sockets);
	sockets_close(&sockets);
}

static void d10_directories_that_others_can_write_are_refused(void **state)
{
	static const mode_t modes[] = {0777, 0775, 0757, 01777};
	const struct place *place = *state;

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		assert_int_equal(chmod(place->run, modes[i]), 0);
		refused(place->run, -EPERM, place->run);
		assert_int_equal(mode_of(place->pam), 0);
	}
}

static void d10_directories_of_somebody_else_are_refused(void **state)
{
	const struct place *place = *state;

	needs_root();
	assert_int_equal(chown(place->run, 12345, 12345), 0);
	refused(place->run, -EPERM, "uid 12345");
	assert_int_equal(mode_of(place->pam), 0);
}

static void directory_is_made_by_root_alone(void **state)
{
	const struct place *place = *state;
	struct sockets sockets;
	mode_t before;

	assert_int_equal(rmdir(place->run), 0);
	if (geteuid() != 0) {
		refused(place->run, -ENOENT, place->run);
		return;
	}
	before = umask(077);
	opened(place, &sockets);
	umask(before);
	assert_int_equal(mode_of(place->run), S_IFDIR | 0755);
	sockets_close(&sockets);
}

static void paths_that_are_no_place_are_refused(void **state)
{
	const struct place *place = *state;
	char path[256];

	memset(path, 'a', sizeof(path) - 1);
	memcpy(path, place->top, strlen(place->top));
	path[strlen(place->top)] = '/';
	path[sizeof(path) - 1] = '\0';
	assert_true(sockets_open(path, &(struct sockets){-1, -1}, NULL) < 0);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/no/run", place->top);
	refused(path, -ENOENT, path);
	close(open(place->other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	refused(place->other, -ENOTDIR, place->other);
}

/* --- sd_notify --- */

static void notification_reaches_a_path(void **state)
{
	const struct place *place = *state;
	int fd = listen_at(place->other, SOCK_DGRAM);
	char bytes[32];

	setenv("NOTIFY_SOCKET", place->other, 1);
	service_notify("READY=1");
	assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), 7);
	assert_memory_equal(bytes, "READY=1", 7);
	unsetenv("NOTIFY_SOCKET");
	service_notify("READY=1");
	assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), -1);
	close(fd);
}

static void notification_reaches_an_abstract_name(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char name[64], bytes[32];
	size_t length;

	(void)state;
	snprintf(name, sizeof(name), "@sockets_test/%d", (int)getpid());
	length = strlen(name);
	memcpy(address.sun_path + 1, name + 1, length - 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address,
	                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)),
	                 0);
	setenv("NOTIFY_SOCKET", name, 1);
	service_notify("STOPPING=1");
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT), 10);
	close(fd);
}

static void notification_to_nowhere_does_nothing(void **state)
{
	char path[256];
	int before = dup(0);

	(void)state;
	memset(path, 'a', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	close(before);
	setenv("NOTIFY_SOCKET", path, 1);
	service_notify("READY=1");
	setenv("NOTIFY_SOCKET", "relative", 1);
	service_notify("READY=1");
	setenv("NOTIFY_SOCKET", "", 1);
	service_notify("READY=1");
	setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
	service_notify("READY=1");
	unsetenv("NOTIFY_SOCKET");
	assert_int_equal(dup(0), before); /* no descriptor left open */
	close(before);
}

static void receiver_that_does_not_read_holds_nobody_up(void **state)
{
	const struct place *place = *state;
	int fd = listen_at(place->other, SOCK_DGRAM);
	struct sockaddr_un address = address_of(place->other);
	int filler = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct timespec before, after;

	while (sendto(filler, "x", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1)
		;
	assert_int_equal(errno, EAGAIN);
	setenv("NOTIFY_SOCKET", place->other, 1);
	clock_gettime(CLOCK_MONOTONIC, &before);
	service_notify("WATCHDOG=1");
	clock_gettime(CLOCK_MONOTONIC, &after);
	unsetenv("NOTIFY_SOCKET");
	assert_true(after.tv_sec - before.tv_sec <= 3);
	close(filler);
	close(fd);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        test(modes_do_not_depend_on_the_umask),
	        test(both_doors_listen),
	        test(stale_sockets_are_replaced),
	        test(served_sockets_are_left_alone),
	        test(d10_other_things_in_the_way_are_refused_and_kept),
	        test(d10_symbolic_links_are_refused),
	        test(d10_directories_that_others_can_write_are_refused),
	        test(d10_directories_of_somebody_else_are_refused),
	        test(directory_is_made_by_root_alone),
	        test(paths_that_are_no_place_are_refused),
	        test(notification_reaches_a_path),
	        test(notification_reaches_an_abstract_name),
	        test(notification_to_nowhere_does_nothing),
	        test(receiver_that_does_not_read_holds_nobody_up),
	};

	alarm(60); /* nothing here may wait for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
