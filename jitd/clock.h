/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only source of time, as the kernel tells it. What it is to be believed is jitd/instant.h's,
 * which takes one reading per decision, to be passed in.
 */
#ifndef JIT_JITD_CLOCK_H
#define JIT_JITD_CLOCK_H

#include <stdint.h>

int64_t clock_wall(
        void); /* seconds since 1970; INT64_MAX when the clock fails: everything has expired */
int64_t clock_boot(void);  /* seconds on CLOCK_BOOTTIME, which nobody can set and which counts while
                              the host  sleeps; INT64_MAX when it fails */
int64_t clock_ticks(void); /* nanoseconds on CLOCK_MONOTONIC, for waiting only */

/* Milliseconds, less than 1000, since each clock's second began: 0 where it cannot be read. Taken
 * before the seconds are read, so that what goes by them comes early rather than late. */
struct fractions {
	unsigned int wall, boot;
};
struct fractions clock_fractions(void);

/* Milliseconds for a timer that shall look when that second begins, `fraction` after `now` did: at
 * most an hour; a second where it has begun already. */
uint64_t clock_wait(int64_t at, int64_t now, unsigned int fraction);

#endif
