/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For LD_PRELOAD: a program for which the wall clock and CLOCK_BOOTTIME are off by the two numbers
 * of seconds in /run/e2e-clock, as they stand there at each reading.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *at)
{
	long long wall = 0, boot = 0;
	char text[64] = "";
	int fd;

	if (syscall(SYS_clock_gettime, id, at) < 0)
		return -1;
	fd = open("/run/e2e-clock", O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, text, sizeof(text) - 1) > 0)
			(void)sscanf(text, "%lld %lld", &wall, &boot);
		close(fd);
	}
	if (id == CLOCK_REALTIME)
		at->tv_sec += wall;
	if (id == CLOCK_BOOTTIME)
		at->tv_sec += boot;
	return 0;
}
