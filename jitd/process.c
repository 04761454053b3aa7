/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5; the headers of Debian 12 do not have it */
#endif

#define BOOT_ID_PATH "/proc/sys/kernel/random/boot_id"

static int pidfd_of_peer(int fd, pid_t pid)
{
	int pidfd = -1;
	socklen_t size = sizeof(pidfd);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
		return pidfd;
	/* 6.5 and its successors say EINVAL of a process that was reaped, newer ones ESRCH */
	if (errno == EINVAL)
		return -ESRCH;
	if (errno != ENOPROTOOPT)
		return -errno;
	/* Before 6.5 the number could have been given to another process since connect(). What is
	 * at stake is the login uid and which process a session hangs on; uid and gid are the
	 * connection's own. */
	return process_pidfd(pid);
}

/* ENOENT about somebody else says little: a /proc with hidepid=2 answers so too, though one can
 * open the very directory. About oneself it is a kernel without auditing. */
static bool kernel_lacks_login_uids(void)
{
	return access("/proc/self/loginuid", F_OK) < 0 && errno == ENOENT;
}

static int read_login_uid(int directory, uid_t *ret_uid)
{
	char text[32];
	uint64_t number;
	int r = process_read(directory, "loginuid", text, sizeof(text));

	if (r == -ENOENT && kernel_lacks_login_uids()) {
		*ret_uid = LOGIN_UID_NONE;
		return 0;
	}
	if (r < 0)
		return r;
	r = parse_number(text, UINT32_MAX, &number);
	if (r < 0)
		return r;
	*ret_uid = (uid_t)number; /* the kernel's "unset" is LOGIN_UID_NONE */
	return 0;
}

static void read_start_time(struct peer_process *process)
{
	struct process_stat stat;

	if (process_read_stat_of(process->pid, &stat) == 0)
		process->start_time = stat.start_time;
}

static void read_person(struct peer_process *process)
{
	cleanup(cleanup_close) int directory = process_directory(process->pid);
	uid_t effective;

	if (directory < 0)
		return;
	process->login_uid_known = read_login_uid(directory, &process->login_uid) == 0;
	if (process_read_uids(directory, &process->real_uid, &effective) < 0)
		process->real_uid = REAL_UID_NONE;
}

int process_of_peer(int fd, enum peer_facts facts, struct peer_process *ret_process)
{
	struct peer_process process = {
	        .pidfd = -1, .login_uid = LOGIN_UID_NONE, .real_uid = REAL_UID_NONE};
	struct ucred peer = {.pid = 0};
	socklen_t size = sizeof(peer);
	cleanup(cleanup_close) int pidfd = -1;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;
	if (size != sizeof(peer) || peer.pid <= 0)
		return -ESRCH;
	process.pid = peer.pid;
	process.uid = peer.uid;
	process.gid = peer.gid;
	pidfd = pidfd_of_peer(fd, peer.pid);
	if (pidfd < 0)
		return pidfd;
	read_start_time(&process);
	if (facts == FACTS_OF_PERSON)
		read_person(&process);
	/* last: while this process lives, its number in /proc was nobody else's */
	if (!process_alive(pidfd))
		return -ESRCH;
	process.pidfd = take_fd(&pidfd);
	*ret_process = process;
	return 0;
}

void process_done(struct peer_process *process)
{
	if (process->pidfd >= 0)
		close(process->pidfd);
	process->pidfd = -1;
}

int process_leader(const struct peer_process *peer, struct process_id *ret_leader)
{
	cleanup(cleanup_close) int directory = process_directory(peer->pid);
	cleanup(cleanup_close) int pidfd = -1;
	cleanup(cleanup_close) int leader_directory = -1;
	struct process_stat before = {0}, after = {0}, leader = {0};
	int r = directory < 0 ? directory : process_read_stat(directory, &before);

	if (r < 0)
		return r;
	if (before.session <= 0 || (before.session != peer->pid && before.session != before.parent))
		return -EPERM;
	pidfd = process_pidfd(before.session);
	leader_directory = process_directory(before.session);
	if (pidfd < 0 || leader_directory < 0)
		return -ESRCH;
	r = process_read_stat(leader_directory, &leader);
	if (r == 0)
		r = process_read_stat(directory, &after);
	if (r < 0)
		return r;
	if (after.session != before.session || after.start_time != peer->start_time ||
	    leader.session != before.session || !process_alive(pidfd) ||
	    !process_alive(peer->pidfd))
		return -ESRCH;
	*ret_leader = (struct process_id){.pid = before.session, .start_time = leader.start_time};
	return 0;
}

int process_parent(const struct process_id *child, struct process_id *ret_parent)
{
	cleanup(cleanup_close) int directory = process_directory(child->pid);
	cleanup(cleanup_close) int parent_directory = -1;
	struct process_stat before = {0}, after = {0}, parent = {0};
	int r = directory < 0 ? directory : process_read_stat(directory, &before);

	if (r < 0)
		return r;
	if (!child->start_time || before.start_time != child->start_time || before.parent <= 0)
		return -ESRCH;
	parent_directory = process_directory(before.parent);
	if (parent_directory < 0)
		return -ESRCH;
	r = process_read_stat(parent_directory, &parent);
	if (r == 0)
		r = process_read_stat(directory, &after);
	if (r < 0)
		return r;
	/* had it died, the child would have another by now */
	if (after.parent != before.parent || after.start_time != before.start_time)
		return -ESRCH;
	*ret_parent = (struct process_id){.pid = before.parent, .start_time = parent.start_time};
	return 0;
}

int process_boot_id(char ret_boot_id[static BOOT_ID_SIZE])
{
	char text[BOOT_ID_SIZE + 2];
	int r = process_read(AT_FDCWD, BOOT_ID_PATH, text, sizeof(text));

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (strlen(text) != BOOT_ID_SIZE - 1 ||
	    strspn(text, "0123456789abcdef-") != BOOT_ID_SIZE - 1)
		return -EINVAL;
	return text_copy(ret_boot_id, BOOT_ID_SIZE, text);
}
