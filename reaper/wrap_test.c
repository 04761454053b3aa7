/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers of processes are used again. In a pid namespace of its own, each number that becomes free
 * while a session ends is given at once to somebody who has nothing to do with it, and who must not
 * get a signal. wrap_test N: N ends in place of a few.
 */
#include <errno.h>
#include <fcntl.h>
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
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "reaper/serve.h"
#include "reaper/tree.h"
#include "wire/message.h"

#define FEW        60
#define MEMBERS    5
#define GRACE_MS   30
#define TICK_NS    10000000 /* of start times: USER_HZ is 100 everywhere */
#define LAST_PID   "/proc/sys/kernel/ns_last_pid"
#define NOT_HERE   77
#define STATUS_MAX 4096

/* ASKED: jit-reaper ends it; one of it takes its time. GONE: its opener is dead already, and
 * jit-reaper is asked for whoever has the number now. STUBBORN: one of it begins a terminal session
 * of its own when asked to end. */
enum way { WAY_ASKED, WAY_GONE, WAY_STUBBORN, WAYS };

struct world {
	struct process_id opener;
	pid_t family[MEMBERS]; /* 0: dead */
	pid_t buried[MEMBERS]; /* numbers that they had */
	pid_t reaper;
	unsigned long given, signalled;
};

static void stay(void)
{
	for (;;)
		pause();
}

/* ---- the session ---- */

static void leave_session(int number)
{
	(void)number;
	(void)setsid();
}

static void take_time(int number)
{
	const struct timespec pause = {.tv_nsec = GRACE_MS * 1000000};

	(void)number;
	nanosleep(&pause, NULL);
	_exit(0);
}

static void be_member(int ready, bool leads, void (*on_term)(int number))
{
	pid_t pid = getpid();

	if (leads)
		setsid();
	signal(SIGTERM, on_term);
	if (on_term != SIG_DFL)
		signal(SIGHUP, SIG_IGN);
	if (write(ready, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	stay();
}

static void be_opener(int ready, enum way way)
{
	sigset_t none;
	pid_t between;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	for (int i = 0; i < 2; i++)
		if (fork() == 0)
			be_member(ready, i, SIG_DFL);
	if (fork() == 0)
		be_member(ready, false, way == WAY_STUBBORN ? leave_session : take_time);
	between = fork();
	if (between == 0) {
		if (fork() == 0)
			be_member(ready, false, SIG_DFL);
		_exit(0);
	}
	waitpid(between, NULL, 0);
	be_member(ready, false, SIG_DFL);
}

static uint64_t start_time_of(pid_t pid)
{
	cleanup(cleanup_close) int directory = process_directory(pid);
	struct process_stat stat = {.start_time = 0};

	if (directory < 0 || process_read_stat(directory, &stat) < 0)
		return 0;
	return stat.start_time;
}

/* Who has a number next has another start time: no host uses all of its numbers within a tick. */
static void wait_for_another_tick(const struct world *world)
{
	const struct timespec pause = {.tv_nsec = TICK_NS / 10};
	struct timespec now = {.tv_sec = 0};
	uint64_t last = 0;

	for (size_t i = 0; i < MEMBERS; i++)
		if (start_time_of(world->family[i]) > last)
			last = start_time_of(world->family[i]);
	do {
		nanosleep(&pause, NULL);
		clock_gettime(CLOCK_BOOTTIME, &now);
	} while ((uint64_t)now.tv_sec * 100 + (uint64_t)now.tv_nsec / TICK_NS <= last);
}

static void begin_session(struct world *world, enum way way)
{
	int ready[2];
	pid_t opener;

	if (pipe(ready) < 0 || (opener = fork()) < 0)
		_exit(1);
	if (opener == 0)
		be_opener(ready[1], way);
	for (size_t i = 0; i < MEMBERS; i++)
		if (read(ready[0], &world->family[i], sizeof(pid_t)) != sizeof(pid_t))
			_exit(1);
	close(ready[0]);
	close(ready[1]);
	world->opener = (struct process_id){.pid = opener, .start_time = start_time_of(opener)};
	wait_for_another_tick(world);
}

/* ---- strangers: every signal to them is blocked, and stays where it can be seen ---- */

/* The number of a process is free only when no process group and no terminal session has it. */
static void give_number(pid_t pid)
{
	int fd = open(LAST_PID, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || dprintf(fd, "%d", pid - 1) < 0)
		_exit(1);
	close(fd);
	if (fork() == 0) {
		setsid();
		(void)fork(); /* a child whose parent and terminal session have that number */
		stay();
	}
}

static bool pends(const char *status, const char *mark)
{
	const char *at = strstr(status, mark);

	return !at || strtoull(at + strlen(mark), NULL, 16) != 0;
}

/* Stopped, dead, or a signal waits for it. */
static bool was_signalled(pid_t pid)
{
	cleanup(cleanup_close) int directory = process_directory(pid);
	char status[STATUS_MAX];

	if (directory < 0 || process_read(directory, "status", status, sizeof(status)) < 0)
		return true;
	return strstr(status, "\nState:\tT") || strstr(status, "\nState:\tZ") ||
	       pends(status, "\nSigPnd:\t") || pends(status, "\nShdPnd:\t");
}

static bool is_among(const pid_t pids[MEMBERS], pid_t pid)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static void look_at_strangers(struct world *world)
{
	cleanup(cleanup_closedir) DIR *proc = opendir("/proc");
	const struct dirent *entry;
	uint64_t pid;

	if (!proc)
		_exit(1);
	while ((entry = readdir(proc)) != NULL)
		if (parse_number(entry->d_name, INT32_MAX, &pid) == 0 && pid > 1 &&
		    !is_among(world->family, (pid_t)pid)) {
			world->given += is_among(world->buried, (pid_t)pid);
			world->signalled += was_signalled((pid_t)pid);
		}
}

/* ---- the end ---- */

static void be_reaper(const struct world *world, enum way way, int connection)
{
	const struct tree_order order = {.opener = world->opener, .grace_ms = GRACE_MS};
	struct fault fault;

	if (!freopen("/dev/null", "w", stderr))
		_exit(1);
	if (way == WAY_STUBBORN)
		_exit(tree_end(&order, &fault) == 0 ? 0 : 1);
	serve(connection, geteuid());
	_exit(0);
}

static void ask(int connection, const struct process_id *opener)
{
	struct message message = {.id = MESSAGE_reap,
	                          .reap = {.session = "42-1",
	                                   .pid = (uint32_t)opener->pid,
	                                   .start_time = (int64_t)opener->start_time}};
	uint8_t packet[WIRE_PACKET];
	struct fault fault;
	size_t length;

	if (message_encode(&message, packet, &length, &fault) < 0 ||
	    send(connection, packet, length, 0) != (ssize_t)length)
		_exit(1);
}

static enum wire_result answer(int connection)
{
	uint8_t packet[WIRE_PACKET];
	struct message message;
	struct fault fault;
	ssize_t n = recv(connection, packet, sizeof(packet), 0);

	if (n <= 0 || message_decode(packet, (size_t)n, &message, &fault) < 0)
		return RESULT_NONE;
	return (enum wire_result)message.reaped.result;
}

static void bury(struct world *world, pid_t pid)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (world->family[i] == pid) {
			world->family[i] = 0;
			world->buried[i] = pid;
		}
	for (size_t i = 0; i < MEMBERS; i++)
		if (world->buried[i] && kill(world->buried[i], 0) < 0)
			give_number(world->buried[i]);
}

/* Until the reaper has done its work; its exit status. */
static int attend(struct world *world)
{
	for (;;) {
		int status = 0;
		pid_t pid = waitpid(-1, &status, WUNTRACED | WCONTINUED);
		bool dead = WIFEXITED(status) || WIFSIGNALED(status);
		if (pid == world->reaper && dead)
			return status;
		if (!is_among(world->family, pid))
			world->signalled++;
		else if (dead)
			bury(world, pid);
	}
}

static void end_opener(struct world *world)
{
	kill(world->opener.pid, SIGKILL);
	waitpid(world->opener.pid, NULL, 0);
	bury(world, world->opener.pid);
}

static bool end_session(struct world *world, enum way way)
{
	enum wire_result wanted = way == WAY_GONE ? RESULT_GONE : RESULT_DONE;
	int pair[2], status;
	bool good;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		_exit(1);
	if (way == WAY_GONE)
		end_opener(world);
	ask(pair[0], &world->opener);
	world->reaper = fork();
	if (world->reaper == 0)
		be_reaper(world, way, pair[1]);
	close(pair[1]);
	status = attend(world);
	good = WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	       (way == WAY_STUBBORN || answer(pair[0]) == wanted);
	close(pair[0]);
	return good;
}

/* ---- the namespace ---- */

static void one_end(struct world *world, enum way way)
{
	unsigned long before = world->signalled;
	bool good;

	begin_session(world, way);
	good = end_session(world, way);
	look_at_strangers(world);
	if (!good || world->signalled != before)
		printf("# way %d: %s, %lu strangers signalled\n", way, good ? "ended" : "not ended",
		       world->signalled - before);
	world->signalled += !good;
	kill(-1, SIGKILL);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	memset(world->buried, 0, sizeof(world->buried));
}

static bool has_own_view(void)
{
	return mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("proc", "/proc", "proc", 0, NULL) == 0 &&
	       /* where systemd runs, jit-reaper would ask it */
	       mount("tmpfs", "/run", "tmpfs", 0, NULL) == 0 && access(LAST_PID, W_OK) == 0;
}

/* Process 1 of the namespace: all become its children. */
static void be_init(long ends)
{
	struct world world = {.given = 0};
	sigset_t all;

	if (!has_own_view())
		_exit(NOT_HERE);
	setsid();
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	for (long i = 0; i < ends; i++)
		one_end(&world, (enum way)(i % WAYS));
	printf("# %ld ends, %lu numbers given to strangers, %lu strangers signalled\n", ends,
	       world.given, world.signalled);
	fflush(stdout);
	_exit(world.signalled == 0 && world.given >= (unsigned long)ends ? 0 : 1);
}

static void no_stranger_is_signalled(void **state)
{
	pid_t outside, init;
	int status;

	fflush(stdout);
	outside = fork(); /* it alone leaves our namespaces */
	if (outside == 0) {
		if (unshare(CLONE_NEWPID | CLONE_NEWNS) < 0)
			_exit(NOT_HERE);
		init = fork();
		if (init == 0)
			be_init(*(long *)*state);
		if (waitpid(init, &status, 0) != init || !WIFEXITED(status))
			_exit(1);
		_exit(WEXITSTATUS(status));
	}
	assert_int_equal(waitpid(outside, &status, 0), outside);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_HERE)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(int argc, char **argv)
{
	long ends = argc > 1 ? strtol(argv[1], NULL, 10) : FEW;
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_prestate(no_stranger_is_signalled, &ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
