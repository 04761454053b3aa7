/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What jitd counts, as Prometheus reads it (text format 0.0.4).
 */
#ifndef JIT_CLI_ADMIN_METRICS_H
#define JIT_CLI_ADMIN_METRICS_H

#include <stdio.h>

#include "wire/message.h"

/* Prints those of the counters that are numbers and have a metric's name; all others are for
 * people. */
void metrics_print(FILE *to, const struct wire_counter *counters, size_t count);

#endif
