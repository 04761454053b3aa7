/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only source of time. One reading per decision is taken where a message arrives, and passed
 * in.
 */
#ifndef JIT_JITD_CLOCK_H
#define JIT_JITD_CLOCK_H

#include <stdint.h>

int64_t clock_wall(
        void); /* seconds since 1970; INT64_MAX when the clock fails: everything has expired */
int64_t clock_ticks(void); /* nanoseconds on CLOCK_MONOTONIC, for waiting only */

/* Milliseconds for a timer that shall look at that time: at least a second, and at most an hour
 * ahead, so that a stepped clock is noticed. */
uint64_t clock_wait(int64_t at, int64_t now);

#endif
