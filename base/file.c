/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define READ_MAX ((size_t)16 << 20)

static int check_owner_and_mode(const struct stat *found, const char *path,
                                const struct file_rule *rule, struct fault *fault)
{
	if (found->st_uid != rule->owner && found->st_uid != 0)
		return fault_set(fault, -EPERM, "%s: owned by uid %u; it must belong to uid %u",
		                 path, found->st_uid, rule->owner);
	if (found->st_mode & rule->forbidden)
		return fault_set(fault, -EPERM,
		                 "%s: mode %04o lets others in; remove %04o (chmod %04o %s)", path,
		                 found->st_mode & 07777, found->st_mode & rule->forbidden,
		                 found->st_mode & 07777 & ~rule->forbidden, path);
	return 0;
}

static int open_error(const char *path, int error, struct fault *fault)
{
	if (error == ELOOP)
		return fault_set(fault, -error, "%s: is a symbolic link; name the file itself",
		                 path);
	return fault_set(fault, -error, "%s: %s", path, strerror(error));
}

int file_open(const char *path, const struct file_rule *rule, struct fault *fault)
{
	/* O_NONBLOCK: a FIFO in place of the file must not hang us */
	cleanup(cleanup_close) int fd =
	        open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat found;
	int r;

	if (fd < 0)
		return open_error(path, errno, fault);
	if (fstat(fd, &found) < 0)
		return open_error(path, errno, fault);
	if (!S_ISREG(found.st_mode))
		return fault_set(fault, -EINVAL, "%s: not a regular file", path);
	r = check_owner_and_mode(&found, path, rule, fault);
	if (r < 0)
		return r;
	if (rule->size_max && (size_t)found.st_size > rule->size_max)
		return fault_set(fault, -EFBIG, "%s: %zu bytes; at most %zu are read", path,
		                 (size_t)found.st_size, rule->size_max);
	return take_fd(&fd);
}

int file_read_fd(int fd, char *memory, size_t size, size_t *ret_length)
{
	size_t used = 0;

	while (used < size) {
		ssize_t n = read(fd, memory + used, size - used);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		used += (size_t)n;
	}
	*ret_length = used;
	return 0;
}

static size_t last_line(const char *text)
{
	size_t line = 1;

	for (; (text = strchr(text, '\n')); text++)
		line++;
	return line;
}

int file_read(const char *path, const struct file_rule *rule, char **ret_text, size_t *ret_length,
              struct fault *fault)
{
	size_t max = rule->size_max ? rule->size_max : READ_MAX, length = 0;
	cleanup(cleanup_free) char *memory = NULL;
	cleanup(cleanup_close) int fd = file_open(path, rule, fault);
	int r;

	if (fd < 0)
		return fd;
	memory = malloc(max + 2);
	if (!memory)
		return fault_set(fault, -ENOMEM, "%s: no memory", path);
	r = file_read_fd(fd, memory, max + 1, &length);
	if (r < 0)
		return open_error(path, -r, fault);
	if (length > max)
		return fault_set(fault, -EFBIG, "%s: more than %zu bytes", path, max);
	memory[length] = '\0';
	if (strlen(memory) != length)
		return fault_set(fault, -EINVAL, "%s:%zu: holds a NUL byte; take it out", path,
		                 last_line(memory));
	*ret_text = take_ptr(memory);
	*ret_length = length;
	return 0;
}

int directory_check(const char *path, const struct file_rule *rule, struct fault *fault)
{
	cleanup(cleanup_close) int fd = open(path, O_PATH | O_CLOEXEC | O_NOFOLLOW);
	struct stat found;

	if (fd < 0 || fstat(fd, &found) < 0)
		return open_error(path, errno, fault);
	if (S_ISLNK(found.st_mode))
		return open_error(path, ELOOP, fault);
	if (!S_ISDIR(found.st_mode))
		return fault_set(fault, -ENOTDIR, "%s: not a directory", path);
	return check_owner_and_mode(&found, path, rule, fault);
}

/* ---- writing ---- */

static int write_whole(int fd, const char *text)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = write(fd, text, left);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		text += n;
		left -= (size_t)n;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

int file_write_new(int folder, const char *temporary, const char *name, const char *text)
{
	cleanup(cleanup_close) int fd = openat(
	        folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = write_whole(fd, text);
	if (r == 0 && renameat(folder, temporary, folder, name) < 0)
		r = -errno;
	if (r < 0)
		(void)unlinkat(folder, temporary, 0);
	else if (fsync(folder) < 0)
		r = -errno;
	return r;
}
