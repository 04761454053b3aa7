/* SPDX-License-Identifier: Apache-2.0 */
#include "reaper/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "reaper/tree.h"

#define TERMINALS_MAX 64
#define LINE_SIZE     600

/* Linux' devices.txt */
static const struct {
	unsigned int major, first;
	const char *name;
} KINDS[] = {{136, 0, "pts/"}, {4, 64, "ttyS"}, {4, 0, "tty"}};

static int path_of(unsigned int major, unsigned int minor, char *ret_path, size_t size)
{
	for (size_t i = 0; i < sizeof(KINDS) / sizeof(*KINDS); i++)
		if (major == KINDS[i].major && minor >= KINDS[i].first)
			return text_format(ret_path, size, "/dev/%s%u", KINDS[i].name,
			                   minor - KINDS[i].first);
	return -ENODEV;
}

/* Its name, and that the device there is that one. */
static int open_terminal(uint32_t terminal)
{
	const unsigned int major = terminal >> 8 & 0xfff,
	                   minor = (terminal & 0xff) | (terminal >> 12 & 0xfff00);
	cleanup(cleanup_close) int fd = -1;
	struct stat found;
	char path[32];
	int r = path_of(major, minor, path, sizeof(path));

	if (r < 0)
		return r;
	fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &found) < 0 || !S_ISCHR(found.st_mode) ||
	    found.st_rdev != makedev(major, minor))
		return -ENODEV;
	return take_fd(&fd);
}

static int write_line(uint32_t terminal, const char *line)
{
	cleanup(cleanup_close) int fd = open_terminal(terminal);
	size_t length = strlen(line);

	if (fd < 0)
		return fd;
	return write(fd, line, length) == (ssize_t)length ? 0 : -EAGAIN;
}

int terminal_tell(const struct process_id *opener, const char *text, struct fault *fault)
{
	uint32_t terminals[TERMINALS_MAX];
	char line[LINE_SIZE];
	size_t count = 0;
	int r = tree_terminals(opener, terminals, TERMINALS_MAX, &count), failed = 0;

	if (r < 0)
		return fault_set(fault, r, "process %d: %s", opener->pid, strerror(-r));
	/* a program may have switched off what makes a line of a newline */
	r = text_format(line, sizeof(line), "\r\n%s\r\n", text);
	for (size_t i = 0; r == 0 && i < count; i++) {
		int told = write_line(terminals[i], line);
		failed = told < 0 ? told : failed;
	}
	if (r < 0 || failed)
		return fault_set(fault, -EIO, "a terminal takes no line: %s",
		                 strerror(r < 0 ? -r : -failed));
	return 0;
}
