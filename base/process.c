/* SPDX-License-Identifier: Apache-2.0 */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"

#define STATUS_HEAD    1024 /* holds the lines up to that of the uids */
#define PROC_TEXT_SIZE 4096 /* /proc/PID/stat: 52 numbers and a name */
/* proc_pid_stat(5); the field that follows the process name is the third */
#define FIRST_AFTER_NAME 3
#define PARENT_FIELD     4
#define SESSION_FIELD    6
#define TERMINAL_FIELD   7
#define START_TIME_FIELD 22

int process_pidfd(pid_t pid)
{
	int pidfd;

	if (pid <= 0)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return pidfd < 0 ? -errno : pidfd;
}

/* Opened once: what is read through it is of one process, or fails. */
int process_directory(pid_t pid)
{
	char path[32];
	int fd, r = text_format(path, sizeof(path), "/proc/%d", pid);

	if (r < 0)
		return r;
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* The whole file with a NUL; -EFBIG when it does not fit. */
int process_read(int directory, const char *name, char *ret_text, size_t size)
{
	cleanup(cleanup_close) int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t used = 0;
	int r = fd < 0 ? -errno : file_read_fd(fd, ret_text, size, &used);

	if (r < 0)
		return r;
	if (used == size)
		return -EFBIG;
	ret_text[used] = '\0';
	return 0;
}

/* One read gives all of it (seq_file), and of what it were cut short no number is believed. */
static int read_stat(int directory, const char *name, struct process_stat *ret_stat)
{
	cleanup(cleanup_close) int fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[PROC_TEXT_SIZE];
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return process_parse_stat(text, ret_stat);
}

int process_read_stat(int directory, struct process_stat *ret_stat)
{
	return read_stat(directory, "stat", ret_stat);
}

int process_read_stat_of(pid_t pid, struct process_stat *ret_stat)
{
	char path[32];
	int r = text_format(path, sizeof(path), "/proc/%d/stat", pid);

	return r < 0 ? r : read_stat(AT_FDCWD, path, ret_stat);
}

int process_reopen(pid_t pid, uint64_t start_time, int *ret_pidfd)
{
	cleanup(cleanup_close) int pidfd = process_pidfd(pid);
	cleanup(cleanup_close) int directory = -1;
	struct process_stat found = {0};
	int r;

	if (pidfd < 0)
		return pidfd;
	directory = process_directory(pid);
	if (directory < 0)
		return directory == -ENOENT ? -ESRCH : directory;
	r = process_read_stat(directory, &found);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	if (!start_time || found.start_time != start_time || !process_alive(pidfd))
		return -ESRCH;
	*ret_pidfd = take_fd(&pidfd);
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
	uint64_t parent = 0, session = 0, terminal = 0, start_time = 0;
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
		/* past half a million of them it reads as negative */
		if (field == TERMINAL_FIELD && parse_field(at, INT32_MAX, &terminal) < 0)
			terminal = 0;
		if (field == START_TIME_FIELD) {
			r = parse_field(at, UINT64_MAX, &start_time);
			break;
		}
		at += strcspn(at, " \n");
	}
	if (r == 0)
		*ret_stat = (struct process_stat){.parent = (pid_t)parent,
		                                  .session = (pid_t)session,
		                                  .terminal = (uint32_t)terminal,
		                                  .start_time = start_time};
	return r;
}

static int parse_uid(char **at, uid_t *ret_uid)
{
	char *text = *at, *end = text + strcspn(text, "\t\n");
	uint64_t number;

	if (!*end)
		return -EINVAL; /* it may be cut */
	*end = '\0';
	*at = end + 1;
	if (parse_number(text, UINT32_MAX, &number) < 0)
		return -EINVAL;
	*ret_uid = (uid_t)number;
	return 0;
}

/* The first line of /proc/PID/status, the name, holds no newline of its own; the long ones come
 * later (proc_pid_status(5)). */
int process_read_uids(int directory, uid_t *ret_real, uid_t *ret_effective)
{
	static const char mark[] = "\nUid:\t";
	cleanup(cleanup_close) int fd =
	        openat(directory, "status", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char text[STATUS_HEAD], *at;
	uid_t real, effective;
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	at = strstr(text, mark);
	if (!at)
		return -EINVAL;
	at += sizeof(mark) - 1;
	if (parse_uid(&at, &real) < 0 || parse_uid(&at, &effective) < 0)
		return -EINVAL;
	*ret_real = real;
	*ret_effective = effective;
	return 0;
}
