/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/timing.h"

#include <stdlib.h>
#include <time.h>

uint64_t timing_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	const double *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

double timing_median(double *samples, size_t count)
{
	qsort(samples, count, sizeof(samples[0]), by_size);
	return samples[count / 2];
}
