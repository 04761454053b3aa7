/* SPDX-License-Identifier: Apache-2.0 */
/* Waiting: milliseconds on CLOCK_MONOTONIC. */
#ifndef JIT_REAPER_TIME_H
#define JIT_REAPER_TIME_H

#include <stdint.h>
#include <time.h>

/* INT64_MAX where the clock fails: every deadline is past. */
static inline int64_t time_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		return INT64_MAX;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline void time_sleep(int64_t ms)
{
	const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	(void)nanosleep(&pause, NULL);
}

#endif
