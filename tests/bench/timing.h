/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the benches share: a clock that others' work does not move, and medians.
 */
#ifndef JIT_TESTS_BENCH_TIMING_H
#define JIT_TESTS_BENCH_TIMING_H

#include <stddef.h>
#include <stdint.h>

uint64_t timing_ns(void); /* of this process's processor time: others may be busy here */

double timing_median(double *samples, size_t count); /* sorts them */

#endif
