/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/clock.h"

#include <time.h>

int64_t clock_wall(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_REALTIME, &now) < 0 ? INT64_MAX : (int64_t)now.tv_sec;
}

int64_t clock_boot(void)
{
	struct timespec now;

	return clock_gettime(CLOCK_BOOTTIME, &now) < 0 ? INT64_MAX : (int64_t)now.tv_sec;
}

int64_t clock_ticks(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return INT64_MAX;
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

uint64_t clock_wait(int64_t at, int64_t now)
{
	int64_t left = at - now;

	if (left < 1)
		left = 1;
	return (uint64_t)(left > 3600 ? 3600 : left) * 1000;
}
