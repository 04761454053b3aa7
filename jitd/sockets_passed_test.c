/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd passes: each case in a child, which is process LISTEN_PID with descriptors 3 and 4.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
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

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

static int bind_at(const char *path, int type)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
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

static int is_ready(int fd)
{
	int type = 0, listening = 0;
	socklen_t size = sizeof(int);

	getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
	getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size);
	return type == SOCK_SEQPACKET && listening && fcntl(fd, F_GETFL) & O_NONBLOCK &&
	       fcntl(fd, F_GETFD) & FD_CLOEXEC;
}

struct handover {
	const struct place *place;
	const char *first, *second; /* bound here; NULL: not passed */
	int type;
	bool mute; /* bound, not listening */
	mode_t pam_mode;
	const char *fds, *pid; /* NULL: right ones */
	int result;
	const char *says;
};

static void pass_descriptor(const char *path, int type, bool mute, int at)
{
	int fd = *path == '@' ? socket(AF_UNIX, type, 0) : bind_at(path, type);
	struct sockaddr_un abstract = address_of(path);

	if (*path == '@') {
		snprintf(abstract.sun_path + 1, sizeof(abstract.sun_path) - 1, "%s.%d", path,
		         (int)getpid());
		abstract.sun_path[0] = '\0';
		if (bind(fd, (struct sockaddr *)&abstract, sizeof(abstract)) < 0)
			_exit(90);
	}
	if (type != SOCK_DGRAM && !mute && listen(fd, 5) < 0)
		_exit(92);
	if (fd < 0 || dup2(fd, at) < 0)
		_exit(91);
	if (fd != at)
		close(fd);
	fcntl(at, F_SETFD, 0);
}

static int receive(const struct handover *handover)
{
	struct sockets sockets = {-7, -7};
	struct fault fault = {""};
	int r = sockets_open(handover->place->run, &sockets, &fault);

	if (getenv("LISTEN_PID") || getenv("LISTEN_FDS") || getenv("LISTEN_FDNAMES"))
		return 3;
	if (r != handover->result || (r < 0 && sockets.pam != -7)) {
		fprintf(stderr, "%d instead of %d: %s\n", r, handover->result, fault.text);
		return 4;
	}
	if (r < 0)
		return strstr(fault.text, handover->says) ? 0 : 5;
	if (!is_ready(sockets.pam) || !is_ready(sockets.client))
		return 6;
	if (!handover->pid && (sockets.pam > 4 || sockets.client > 4))
		return 7;
	if (packet_passes(handover->place->pam, sockets.pam) ||
	    packet_passes(handover->place->client, sockets.client))
		return 8;
	return 0;
}

static void hand_over(struct handover handover)
{
	const struct place *place = handover.place;
	char pid_text[16];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (handover.first)
			pass_descriptor(handover.first, handover.type, handover.mute, 3);
		if (handover.second)
			pass_descriptor(handover.second, handover.type, handover.mute, 4);
		chmod(place->pam, handover.pam_mode);
		snprintf(pid_text, sizeof(pid_text), "%d", (int)getpid());
		setenv("LISTEN_PID", handover.pid ? handover.pid : pid_text, 1);
		setenv("LISTEN_FDS", handover.fds ? handover.fds : "2", 1);
		setenv("LISTEN_FDNAMES", "jitd.socket:jitd.socket", 1);
		_exit(receive(&handover));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	unlink(place->pam);
	unlink(place->client);
	unlink(place->other);
}

static struct handover right_one(const struct place *place)
{
	return (struct handover){.place = place,
	                         .first = place->pam,
	                         .second = place->client,
	                         .type = SOCK_SEQPACKET,
	                         .pam_mode = 0600};
}

static void systemd_passes_both_in_any_order(void **state)
{
	struct handover handover = right_one(*state);

	hand_over(handover);
	handover.first = handover.place->client;
	handover.second = handover.place->pam;
	hand_over(handover);
}

static void descriptors_for_another_process_are_not_taken(void **state)
{
	struct handover handover = right_one(*state);

	handover.first = handover.second = NULL;
	handover.pid = "1";
	hand_over(handover);
}

static void wrong_counts_are_refused(void **state)
{
	static const char *const counts[] = {"0", "1", "3", "-2", "two", "", " 2", "99999999999"};

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct handover handover = right_one(*state);

		handover.fds = counts[i];
		handover.result = -EINVAL;
		handover.says = "LISTEN_FDS";
		hand_over(handover);
	}
}

static void garbage_for_a_process_number_is_refused(void **state)
{
	struct handover handover = right_one(*state);

	handover.pid = "1x";
	handover.result = -EINVAL;
	handover.says = "LISTEN_PID";
	hand_over(handover);
}

static void sockets_of_another_kind_are_refused(void **state)
{
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct handover handover = right_one(*state);

		handover.type = types[i];
		handover.result = -EINVAL;
		handover.says = "ListenSequentialPacket";
		hand_over(handover);
	}
}

static void sockets_that_do_not_listen_are_refused(void **state)
{
	struct handover handover = right_one(*state);

	handover.mute = true;
	handover.result = -EINVAL;
	handover.says = "not a listening";
	hand_over(handover);
}

static void sockets_of_other_paths_are_refused(void **state)
{
	struct handover handover = right_one(*state);

	handover.second = handover.place->other;
	handover.result = -EINVAL;
	handover.says = handover.place->other;
	hand_over(handover);
}

static void d11_abstract_sockets_are_refused(void **state)
{
	struct handover handover = right_one(*state);

	handover.second = "@jitd.sock";
	handover.result = -EINVAL;
	handover.says = "must be";
	hand_over(handover);
}

static void pam_socket_that_others_may_use_is_refused(void **state)
{
	static const mode_t modes[] = {0666, 0660, 0606, 0601};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct handover handover = right_one(*state);

		handover.pam_mode = modes[i];
		handover.result = -EPERM;
		handover.says = "SocketMode=0600";
		hand_over(handover);
	}
}

static void passed_directory_is_judged_too(void **state)
{
	struct handover handover = right_one(*state);

	assert_int_equal(chmod(handover.place->run, 0777), 0);
	handover.result = -EPERM;
	handover.says = handover.place->run;
	hand_over(handover);
}

static void a_door_passed_twice_is_refused(void **state)
{
	const struct place *place = *state;
	char pid_text[16];
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct sockets sockets;
		struct fault fault = {""};

		pass_descriptor(place->client, SOCK_SEQPACKET, false, 3);
		dup2(3, 4);
		snprintf(pid_text, sizeof(pid_text), "%d", (int)getpid());
		setenv("LISTEN_PID", pid_text, 1);
		setenv("LISTEN_FDS", "2", 1);
		_exit(sockets_open(place->run, &sockets, &fault) == -EINVAL &&
		                      strstr(fault.text, "twice")
		              ? 0
		              : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        test(systemd_passes_both_in_any_order),
	        test(descriptors_for_another_process_are_not_taken),
	        test(wrong_counts_are_refused),
	        test(garbage_for_a_process_number_is_refused),
	        test(sockets_of_another_kind_are_refused),
	        test(sockets_that_do_not_listen_are_refused),
	        test(sockets_of_other_paths_are_refused),
	        test(d11_abstract_sockets_are_refused),
	        test(pam_socket_that_others_may_use_is_refused),
	        test(passed_directory_is_judged_too),
	        test(a_door_passed_twice_is_refused),
	};

	alarm(60); /* nothing here may wait for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
