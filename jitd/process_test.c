/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "jitd/process.h"

#define PEER_PIDFD 77

struct host {
	char directory[64];
	struct sockaddr_un address;
	int listener;
};

static int make_host(void **state)
{
	struct host *host = calloc(1, sizeof(*host));

	snprintf(host->directory, sizeof(host->directory), "/tmp/process_test.XXXXXX");
	if (!mkdtemp(host->directory))
		return -1;
	host->address.sun_family = AF_UNIX;
	snprintf(host->address.sun_path, sizeof(host->address.sun_path), "%s/s", host->directory);
	host->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (bind(host->listener, (struct sockaddr *)&host->address, sizeof(host->address)) < 0 ||
	    listen(host->listener, 5) < 0)
		return -1;
	*state = host;
	return 0;
}

static int drop_host(void **state)
{
	struct host *host = *state;

	close(host->listener);
	unlink(host->address.sun_path);
	rmdir(host->directory);
	free(host);
	return 0;
}

static int connect_to(const struct host *host)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	if (connect(fd, (const struct sockaddr *)&host->address, sizeof(host->address)) < 0)
		_exit(99);
	return fd;
}

/* A child that does `before`, connects, and sleeps until it is killed. */
static pid_t start_client(const struct host *host, void (*before)(void), int *ret_fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a failed test leaves nobody behind */
		if (before)
			before();
		connect_to(host);
		for (;;)
			pause();
	}
	*ret_fd = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(*ret_fd >= 0);
	return pid;
}

static void end_client(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void d1_peer_is_who_the_kernel_says(void **state)
{
	const struct host *host = *state;
	struct peer_process peer;
	int fd, before;
	pid_t pid = start_client(host, NULL, &fd);

	before = open_descriptors();
	assert_int_equal(process_of_peer(fd, FACTS_OF_PERSON, &peer), 0);
	assert_int_equal(peer.pid, pid);
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.gid, getegid());
	assert_true(peer.login_uid_known);
	assert_int_equal(peer.real_uid, getuid());
	assert_true(peer.start_time > 0);
	assert_true(process_alive(peer.pidfd));
	assert_int_equal(fcntl(peer.pidfd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(open_descriptors(), before + 1);
	/* it is that process: a signal by it ends the child */
	assert_int_equal(syscall(SYS_pidfd_send_signal, peer.pidfd, SIGKILL, NULL, 0), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_false(process_alive(peer.pidfd));
	process_done(&peer);
	process_done(&peer);
	assert_int_equal(peer.pidfd, -1);
	assert_int_equal(open_descriptors(), before);
	close(fd);
}

/* What was not asked for counts as not readable: against the peer. */
static void who_asks_for_pam_is_a_process_and_no_person(void **state)
{
	const struct host *host = *state;
	struct peer_process person, process;
	int fd;
	pid_t pid = start_client(host, NULL, &fd);

	assert_int_equal(process_of_peer(fd, FACTS_OF_PERSON, &person), 0);
	assert_int_equal(process_of_peer(fd, FACTS_OF_PROCESS, &process), 0);
	assert_int_equal(process.pid, pid);
	assert_int_equal(process.uid, person.uid);
	assert_true(process.start_time > 0);
	assert_true(process.start_time == person.start_time);
	assert_false(process.login_uid_known);
	assert_int_equal(process.login_uid, LOGIN_UID_NONE);
	assert_int_equal(process.real_uid, REAL_UID_NONE);
	assert_true(process_alive(process.pidfd));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	process_done(&person);
	process_done(&process);
	close(fd);
}

/* CVE-2019-7304: the peer's own address must not be read as anything. */
static void d1_name_of_client_socket_changes_nothing(void **state)
{
	const struct host *host = *state;
	struct sockaddr_un own = {.sun_family = AF_UNIX};
	struct peer_process peer;
	int client = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), fd;

	snprintf(own.sun_path, sizeof(own.sun_path), "%s/;uid=0;pid=1;", host->directory);
	assert_int_equal(bind(client, (struct sockaddr *)&own, sizeof(own)), 0);
	assert_int_equal(
	        connect(client, (const struct sockaddr *)&host->address, sizeof(host->address)), 0);
	fd = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(process_of_peer(fd, FACTS_OF_PERSON, &peer), 0);
	assert_int_equal(peer.uid, geteuid());
	assert_int_equal(peer.pid, getpid());
	process_done(&peer);
	unlink(own.sun_path);
	close(client);
	close(fd);
}

static void d3_dead_peer_is_refused(void **state)
{
	const struct peer_process untouched = {.pid = 7, .pidfd = -7};
	struct peer_process peer = untouched;
	const struct host *host = *state;
	int fd, before;
	pid_t pid = start_client(host, NULL, &fd);
	siginfo_t info;

	before = open_descriptors();
	kill(pid, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(process_of_peer(fd, FACTS_OF_PERSON, &peer), -ESRCH); /* zombie */
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(process_of_peer(fd, FACTS_OF_PERSON, &peer), -ESRCH); /* reaped */
	assert_memory_equal(&peer, &untouched, sizeof(peer));
	assert_int_equal(open_descriptors(), before);
	close(fd);
}

/* The connection lives on in a child of the one who made it. */
static void d3_peer_that_left_its_connection_behind_is_refused(void **state)
{
	const struct host *host = *state;
	struct peer_process peer;
	int hold[2], fd;
	char byte;
	pid_t pid;

	assert_int_equal(pipe2(hold, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		connect_to(host);
		if (fork() == 0) {
			close(hold[1]);
			_exit((int)read(hold[0], &byte, 1));
		}
		_exit(0);
	}
	fd = accept4(host->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0), 0);
	assert_int_equal(process_of_peer(fd, FACTS_OF_PERSON, &peer), -ESRCH);
	close(hold[0]);
	close(hold[1]);
	close(fd);
}

static void what_has_no_peer_is_refused(void **state)
{
	const struct host *host = *state;
	struct peer_process peer;
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int lone = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int file = open(host->directory, O_RDONLY | O_CLOEXEC);

	assert_int_equal(process_of_peer(-1, FACTS_OF_PERSON, &peer), -EBADF);
	assert_int_equal(process_of_peer(file, FACTS_OF_PERSON, &peer), -ENOTSOCK);
	assert_int_equal(process_of_peer(lone, FACTS_OF_PERSON, &peer), -ESRCH);
	assert_true(process_of_peer(tcp, FACTS_OF_PERSON, &peer) < 0);
	close(tcp);
	close(lone);
	close(file);
}

static void take_hostile_name(void)
{
	prctl(PR_SET_NAME, ") R 1 (");
}

static void p23_start_time_of_a_process_with_a_hostile_name(void **state)
{
	const struct host *host = *state;
	struct peer_process plain, hostile;
	int fd[2], pidfd = -1;
	pid_t first = start_client(host, NULL, &fd[0]);
	pid_t second = start_client(host, take_hostile_name, &fd[1]);

	assert_int_equal(process_of_peer(fd[0], FACTS_OF_PERSON, &plain), 0);
	assert_int_equal(process_of_peer(fd[1], FACTS_OF_PERSON, &hostile), 0);
	/* started right after one another: far apart means another field was read */
	assert_true(hostile.start_time >= plain.start_time);
	assert_true(hostile.start_time - plain.start_time < 1000);
	assert_int_equal(process_reopen(second, hostile.start_time, &pidfd), 0);
	close(pidfd);
	process_done(&plain);
	process_done(&hostile);
	end_client(first);
	end_client(second);
	close(fd[0]);
	close(fd[1]);
}

static void reopening_needs_the_same_process(void **state)
{
	const struct host *host = *state;
	struct peer_process peer;
	int fd, pidfd = -7;
	pid_t pid = start_client(host, NULL, &fd);

	assert_int_equal(process_of_peer(fd, FACTS_OF_PERSON, &peer), 0);
	assert_int_equal(process_reopen(pid, peer.start_time + 1, &pidfd), -ESRCH);
	assert_int_equal(process_reopen(pid, 0, &pidfd), -ESRCH);
	assert_int_equal(process_reopen(0, peer.start_time, &pidfd), -ESRCH);
	assert_int_equal(process_reopen(-1, peer.start_time, &pidfd), -ESRCH);
	assert_int_equal(pidfd, -7);
	assert_int_equal(process_reopen(pid, peer.start_time, &pidfd), 0);
	assert_true(process_alive(pidfd));
	end_client(pid);
	assert_false(process_alive(pidfd));
	close(pidfd);
	assert_int_equal(process_reopen(pid, peer.start_time, &pidfd), -ESRCH);
	process_done(&peer);
	close(fd);
}

static void no_descriptor_is_not_alive(void **state)
{
	(void)state;
	assert_false(process_alive(-1));
	assert_false(process_alive(12345));
}

static void take_login_uid(void)
{
	int fd = open("/proc/self/loginuid", O_WRONLY);

	if (fd < 0 || write(fd, "12345", 5) != 5)
		_exit(98);
	close(fd);
}

static void login_uid_is_the_one_of_the_peer(void **state)
{
	const struct host *host = *state;
	struct peer_process peer;
	int fd, status;
	pid_t probe = fork();

	if (probe == 0) {
		take_login_uid();
		_exit(0);
	}
	assert_int_equal(waitpid(probe, &status, 0), probe);
	if (status != 0) {
		print_message("skipped: a login uid cannot be set here\n");
		skip();
	}
	probe = start_client(host, take_login_uid, &fd);
	assert_int_equal(process_of_peer(fd, FACTS_OF_PERSON, &peer), 0);
	assert_true(peer.login_uid_known);
	assert_int_equal(peer.login_uid, 12345);
	process_done(&peer);
	end_client(probe);
	close(fd);
}

/* In children: 0 = as wanted, 2 = this host does not let us try, else the step that failed. */
static int run_child(int (*step)(int), int fd)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(step(fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int look_without_proc(int fd)
{
	struct peer_process peer;
	int pidfd;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "/proc", "tmpfs", 0, NULL) < 0)
		return 2;
	if (process_of_peer(fd, FACTS_OF_PERSON, &peer) != 0)
		return 3;
	if (peer.login_uid_known || peer.login_uid != LOGIN_UID_NONE || peer.start_time != 0)
		return 4;
	return process_reopen(peer.pid, 1, &pidfd) == -ESRCH ? 0 : 5;
}

static int look_past_hidepid(int fd)
{
	struct peer_process peer;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("proc", "/proc", "proc", 0, "hidepid=2") < 0 || setgroups(0, NULL) < 0 ||
	    setresgid(12345, 12345, 12345) < 0 || /* group 0 sees all */
	    setresuid(12345, 12345, 12345) < 0)
		return 2;
	if (process_of_peer(fd, FACTS_OF_PERSON, &peer) != 0)
		return 3;
	return peer.login_uid_known ? 4 : 0;
}

/* "Cannot be read" must never look like "has none". */
static void d4_hidden_proc_leaves_the_login_uid_unknown(void **state)
{
	static int (*const ways[])(int) = {look_without_proc, look_past_hidepid};
	const struct host *host = *state;
	int fd, results[2];
	pid_t pid = start_client(host, NULL, &fd);

	for (size_t i = 0; i < 2; i++)
		results[i] = run_child(ways[i], fd);
	end_client(pid);
	close(fd);
	if (results[0] == 2 || results[1] == 2) {
		print_message("skipped: needs root and a mount namespace\n");
		skip();
	}
	assert_int_equal(results[0], 0);
	assert_int_equal(results[1], 0);
}

static int look_on_an_older_kernel(int fd)
{
#ifdef SYS_getsockopt
	const unsigned int level = (unsigned int)offsetof(struct seccomp_data, args[1]);
	const unsigned int option = (unsigned int)offsetof(struct seccomp_data, args[2]);
	struct sock_filter code[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 5),
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, level),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOL_SOCKET, 0, 3),
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, option),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PEER_PIDFD, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
	struct peer_process peer;
	socklen_t size = sizeof(int);
	int value;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return 2;
	if (getsockopt(fd, SOL_SOCKET, PEER_PIDFD, &value, &size) == 0 || errno != ENOPROTOOPT)
		return 3;
	if (process_of_peer(fd, FACTS_OF_PERSON, &peer) != 0)
		return 4;
	if (!process_alive(peer.pidfd) || !peer.start_time)
		return 5;
	if (kill(peer.pid, SIGKILL) < 0 ||
	    poll(&(struct pollfd){.fd = peer.pidfd, .events = POLLIN}, 1, 5000) != 1)
		return 6;
	return process_of_peer(fd, FACTS_OF_PERSON, &peer) == -ESRCH ? 0 : 7;
#else
	(void)fd;
	return 2;
#endif
}

static void d3_kernels_before_6_5_get_a_pidfd_by_number(void **state)
{
	const struct host *host = *state;
	int fd, result;
	pid_t pid = start_client(host, NULL, &fd);

	result = run_child(look_on_an_older_kernel, fd);
	end_client(pid);
	close(fd);
	if (result == 2) {
		print_message("skipped: no seccomp filter here\n");
		skip();
	}
	assert_int_equal(result, 0);
}

static void boot_id_is_one_and_the_same(void **state)
{
	char first[BOOT_ID_SIZE], second[BOOT_ID_SIZE];

	(void)state;
	assert_int_equal(process_boot_id(first), 0);
	assert_int_equal(process_boot_id(second), 0);
	assert_int_equal(strlen(first), BOOT_ID_SIZE - 1);
	assert_string_equal(first, second);
	assert_int_equal(first[8], '-');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(d1_peer_is_who_the_kernel_says),
	        cmocka_unit_test(who_asks_for_pam_is_a_process_and_no_person),
	        cmocka_unit_test(d1_name_of_client_socket_changes_nothing),
	        cmocka_unit_test(d3_dead_peer_is_refused),
	        cmocka_unit_test(d3_peer_that_left_its_connection_behind_is_refused),
	        cmocka_unit_test(d3_kernels_before_6_5_get_a_pidfd_by_number),
	        cmocka_unit_test(d4_hidden_proc_leaves_the_login_uid_unknown),
	        cmocka_unit_test(what_has_no_peer_is_refused),
	        cmocka_unit_test(p23_start_time_of_a_process_with_a_hostile_name),
	        cmocka_unit_test(reopening_needs_the_same_process),
	        cmocka_unit_test(no_descriptor_is_not_alive),
	        cmocka_unit_test(login_uid_is_the_one_of_the_peer),
	        cmocka_unit_test(boot_id_is_one_and_the_same),
	};

	return cmocka_run_group_tests(tests, make_host, drop_host);
}
