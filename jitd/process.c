/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5; the headers of Debian 12 do not have it */
#endif

#define STATUS_HEAD    1024 /* holds the lines up to that of the uids */
#define PROC_TEXT_SIZE 4096 /* /proc/PID/stat: 52 numbers and a name */
/* proc_pid_stat(5); the field that follows the process name is the third */
#define FIRST_AFTER_NAME 3
#define PARENT_FIELD     4
#define SESSION_FIELD    6
#define START_TIME_FIELD 22
#define BOOT_ID_PATH     "/proc/sys/kernel/random/boot_id"

static int pidfd_of(pid_t pid)
{
	int pidfd;

	if (pid <= 0)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return pidfd < 0 ? -errno : pidfd;
}

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
	return pidfd_of(pid);
}

/* Opened once: what is read through it is of one process, or fails. */
static int open_directory(pid_t pid)
{
	char path[32];
	int fd, r = text_format(path, sizeof(path), "/proc/%d", pid);

	if (r < 0)
		return r;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The whole file with a NUL; -EFBIG when it does not fit. */
static int read_text(int directory, const char *name, char *ret_text, size_t size)
{
	cleanup(cleanup_close) int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t used = 0;

	if (fd < 0)
		return -errno;
	for (;;) {
		ssize_t n = read(fd, ret_text + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
		if (used == size)
			return -EFBIG;
	}
	ret_text[used] = '\0';
	return 0;
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
	int r = read_text(directory, "loginuid", text, sizeof(text));

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

/* The real uid of /proc/PID/status. Its first line, the name, holds no newline of its own; the long
 * ones come later (proc_pid_status(5)). */
static int read_real_uid(int directory, uid_t *ret_uid)
{
	static const char mark[] = "\nUid:\t";
	cleanup(cleanup_close) int fd =
	        openat(directory, "status", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[STATUS_HEAD], *at;
	uint64_t number;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	at = strstr(text, mark);
	if (!at)
		return -EINVAL;
	at += sizeof(mark) - 1;
	if (!at[strcspn(at, "\t")])
		return -EINVAL;
	at[strcspn(at, "\t")] = '\0';
	if (parse_number(at, UINT32_MAX, &number) < 0)
		return -EINVAL;
	*ret_uid = (uid_t)number;
	return 0;
}

static int read_stat(int directory, struct process_stat *ret_stat)
{
	char text[PROC_TEXT_SIZE];
	int r = read_text(directory, "stat", text, sizeof(text));

	return r < 0 ? r : process_parse_stat(text, ret_stat);
}

static int read_start_time(int directory, uint64_t *ret_start_time)
{
	struct process_stat stat;
	int r = read_stat(directory, &stat);

	if (r == 0)
		*ret_start_time = stat.start_time;
	return r;
}

static void read_details(struct peer_process *process)
{
	cleanup(cleanup_close) int directory = open_directory(process->pid);

	if (directory < 0)
		return;
	process->login_uid_known = read_login_uid(directory, &process->login_uid) == 0;
	if (read_real_uid(directory, &process->real_uid) < 0)
		process->real_uid = REAL_UID_NONE;
	if (read_start_time(directory, &process->start_time) < 0)
		process->start_time = 0;
}

int process_of_peer(int fd, struct peer_process *ret_process)
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
	read_details(&process);
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

int process_reopen(pid_t pid, uint64_t start_time, int *ret_pidfd)
{
	cleanup(cleanup_close) int pidfd = pidfd_of(pid);
	cleanup(cleanup_close) int directory = -1;
	uint64_t found = 0;
	int r;

	if (pidfd < 0)
		return pidfd;
	directory = open_directory(pid);
	if (directory < 0)
		return directory == -ENOENT ? -ESRCH : directory;
	r = read_start_time(directory, &found);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	if (!start_time || found != start_time || !process_alive(pidfd))
		return -ESRCH;
	*ret_pidfd = take_fd(&pidfd);
	return 0;
}

int process_leader(const struct peer_process *peer, struct process_id *ret_leader)
{
	cleanup(cleanup_close) int directory = open_directory(peer->pid);
	cleanup(cleanup_close) int pidfd = -1;
	cleanup(cleanup_close) int leader_directory = -1;
	struct process_stat before = {0}, after = {0}, leader = {0};
	int r = directory < 0 ? directory : read_stat(directory, &before);

	if (r < 0)
		return r;
	if (before.session <= 0 || (before.session != peer->pid && before.session != before.parent))
		return -EPERM;
	pidfd = pidfd_of(before.session);
	leader_directory = open_directory(before.session);
	if (pidfd < 0 || leader_directory < 0)
		return -ESRCH;
	r = read_stat(leader_directory, &leader);
	if (r == 0)
		r = read_stat(directory, &after);
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
	cleanup(cleanup_close) int directory = open_directory(child->pid);
	cleanup(cleanup_close) int parent_directory = -1;
	struct process_stat before = {0}, after = {0}, parent = {0};
	int r = directory < 0 ? directory : read_stat(directory, &before);

	if (r < 0)
		return r;
	if (!child->start_time || before.start_time != child->start_time || before.parent <= 0)
		return -ESRCH;
	parent_directory = open_directory(before.parent);
	if (parent_directory < 0)
		return -ESRCH;
	r = read_stat(parent_directory, &parent);
	if (r == 0)
		r = read_stat(directory, &after);
	if (r < 0)
		return r;
	/* had it died, the child would have another by now */
	if (after.parent != before.parent || after.start_time != before.start_time)
		return -ESRCH;
	*ret_parent = (struct process_id){.pid = before.parent, .start_time = parent.start_time};
	return 0;
}

bool process_alive(int pidfd)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
	int r;

	if (pidfd < 0) /* poll() would skip it, which looks like alive */
		return false;
	do
		r = poll(&poll_fd, 1, 0);
	while (r < 0 && errno == EINTR);
	return r == 0;
}

/* The field at `at`, a blank before it and something after it, without which the number may be cut.
 */
static int parse_field(const char *at, uint64_t max, uint64_t *ret_number)
{
	char digits[24];
	size_t length = strcspn(at, " \n");

	if (!at[length] || length >= sizeof(digits))
		return -EINVAL;
	memcpy(digits, at, length);
	digits[length] = '\0';
	return parse_number(digits, max, ret_number) < 0 ? -EINVAL : 0;
}

int process_parse_stat(const char *text, struct process_stat *ret_stat)
{
	const char *at = strrchr(text, ')');
	uint64_t parent = 0, session = 0, start_time = 0;
	int r = 0;

	if (!at)
		return -EINVAL;
	at++;
	for (int field = FIRST_AFTER_NAME; r == 0; field++) {
		if (*at != ' ')
			return -EINVAL;
		at++;
		if (field == PARENT_FIELD)
			r = parse_field(at, INT32_MAX, &parent);
		if (field == SESSION_FIELD)
			r = parse_field(at, INT32_MAX, &session);
		if (field == START_TIME_FIELD) {
			r = parse_field(at, UINT64_MAX, &start_time);
			break;
		}
		at += strcspn(at, " \n");
	}
	if (r == 0)
		*ret_stat = (struct process_stat){.parent = (pid_t)parent,
		                                  .session = (pid_t)session,
		                                  .start_time = start_time};
	return r;
}

int process_boot_id(char ret_boot_id[static BOOT_ID_SIZE])
{
	char text[BOOT_ID_SIZE + 2];
	int r = read_text(AT_FDCWD, BOOT_ID_PATH, text, sizeof(text));

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (strlen(text) != BOOT_ID_SIZE - 1 ||
	    strspn(text, "0123456789abcdef-") != BOOT_ID_SIZE - 1)
		return -EINVAL;
	return text_copy(ret_boot_id, BOOT_ID_SIZE, text);
}
