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

static unsigned int fraction_of(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) < 0 ? 0 : (unsigned int)(now.tv_nsec / 1000000);
}

struct fractions clock_fractions(void)
{
	return (struct fractions){fraction_of(CLOCK_REALTIME), fraction_of(CLOCK_BOOTTIME)};
}

uint64_t clock_wait(int64_t at, int64_t now, unsigned int fraction)
{
	int64_t left = at - now;

	if (left < 1)
		return 1000;
	return left > 3600 ? 3600000 : (uint64_t)left * 1000 - fraction;
}
