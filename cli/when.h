/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Times for people: local, short, and how much is left. JSON has base/parse.h's format_time().
 */
#ifndef JIT_CLI_WHEN_H
#define JIT_CLI_WHEN_H

#include <stdint.h>

#include "policy/policy.h"

#define WHEN_SIZE 64

/* "16:05:12" on the day of `now`, else "2026-11-23 16:05"; 0 (not yet): "". */
void when_clock(int64_t at, int64_t now, char ret_text[static WHEN_SIZE]);

/* "2026-11-23 16:05:12": for the log. */
void when_log(int64_t at, char ret_text[static WHEN_SIZE]);

/* The two largest units: "2d4h", "59m30s"; a time that is over gives "0s". */
void when_span(int64_t seconds, char ret_text[static WHEN_SIZE]);

/* What this host's clock on the wall shows at that time (base/civil.h); -EOVERFLOW as there. */
must_check int when_moment(int64_t at, struct moment *ret_moment);

#endif
