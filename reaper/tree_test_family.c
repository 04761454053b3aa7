/* SPDX-License-Identifier: Apache-2.0 */
#include "reaper/tree_test_family.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"

/* The pipe tells when the member is what it is to be. */
static void live(int ready)
{
	pid_t pid = getpid();

	if (write(ready, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
	for (;;)
		pause();
}

static void child(int ready)
{
	if (fork() == 0)
		live(ready);
}

static void grandchild(int ready)
{
	if (fork() == 0) {
		child(ready);
		for (;;)
			pause();
	}
}

static void ignores(int ready)
{
	if (fork() == 0) {
		signal(SIGTERM, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
		live(ready);
	}
}

static void stopped(int ready)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		raise(SIGSTOP);
		_exit(1);
	}
	waitpid(pid, &status, WUNTRACED);
	if (write(ready, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
}

static void in_own_session(int ready)
{
	if (fork() == 0) {
		setsid();
		live(ready);
	}
}

/* Ready once its parent is gone. */
static void orphan_of(int ready, bool leads)
{
	int inner[2];
	pid_t between, pid = 0;

	if (pipe(inner) < 0 || (between = fork()) < 0)
		_exit(1);
	if (between == 0) {
		if (leads)
			setsid();
		child(inner[1]);
		_exit(0);
	}
	waitpid(between, NULL, 0);
	if (read(inner[0], &pid, sizeof(pid)) != sizeof(pid) ||
	    write(ready, &pid, sizeof(pid)) != sizeof(pid))
		_exit(1);
}

static void orphan(int ready)
{
	orphan_of(ready, false);
}

static void daemonised(int ready)
{
	orphan_of(ready, true);
}

static void (*const starts[])(int ready) = {
        [KIND_CHILD] = child,       [KIND_GRANDCHILD] = grandchild, [KIND_IGNORES] = ignores,
        [KIND_STOPPED] = stopped,   [KIND_SETSID] = in_own_session, [KIND_ORPHAN] = orphan,
        [KIND_DAEMON] = daemonised,
};

struct process_id identity_of(pid_t pid)
{
	cleanup(cleanup_close) int directory = process_directory(pid);
	struct process_stat stat = {0};

	if (directory < 0 || process_read_stat(directory, &stat) < 0)
		fail_msg("no process %d", pid);
	return (struct process_id){.pid = pid, .start_time = stat.start_time};
}

bool member_alive(const struct process_id *process)
{
	cleanup(cleanup_close) int pidfd = -1;

	return process_reopen(process->pid, process->start_time, &pidfd) == 0;
}

struct family *family_new(enum kind kind)
{
	struct family *family = calloc(1, sizeof(*family));
	pid_t opener, member = 0;
	int ready[2];

	assert_non_null(family);
	assert_int_equal(pipe(ready), 0);
	opener = fork();
	if (opener == 0) {
		setsid();
		starts[kind](ready[1]);
		for (;;)
			pause();
	}
	assert_true(opener > 0);
	assert_int_equal(read(ready[0], &member, sizeof(member)), sizeof(member));
	close(ready[0]);
	close(ready[1]);
	*family = (struct family){.opener = identity_of(opener), .member = identity_of(member)};
	return family;
}

void family_free(struct family *family)
{
	if (member_alive(&family->member))
		kill(family->member.pid, SIGKILL);
	kill(family->opener.pid, SIGKILL);
	waitpid(family->opener.pid, NULL, 0);
	free(family);
}
