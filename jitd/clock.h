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

/* Milliseconds for a timer that shall look at that time: at least a second, and at most an hour
 * ahead. */
uint64_t clock_wait(int64_t at, int64_t now);

#endif
