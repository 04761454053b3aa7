/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict parsing: the whole text or -EINVAL (not of the form) or -ERANGE (of the form, too large).
 */
#ifndef JIT_BASE_PARSE_H
#define JIT_BASE_PARSE_H

#include <stdint.h>

#include "base/error.h"

/* Decimal digits only: no sign, space, plus, hex, or leading zero but "0" itself. */
must_check int parse_number(const char *text, uint64_t max, uint64_t *ret_number);

/* A duration in seconds: numbers with units in falling order, each once: "1w2d3h4m5s"; "90" alone
 * is refused (no unit). A leading '-' gives a negative duration, so that its refusal can say so. At
 * most 10 years. */
must_check int parse_duration(const char *text, int64_t *ret_seconds);

/* An instant in seconds since 1970: RFC 3339 with a zone ("2026-11-23T16:05:00Z", "...+01:00"), or
 * "-2h" = that long before `now`. */
must_check int parse_time(const char *text, int64_t now, int64_t *ret_time);

/* The largest unit first, zero units left out: "1h30m"; 0 is "0s". */
#define DURATION_SIZE 64
void format_duration(int64_t seconds, char ret_text[static DURATION_SIZE]);

/* RFC 3339 UTC: "2026-11-23T16:05:00Z". */
#define TIME_SIZE 32
void format_time(int64_t time, char ret_text[static TIME_SIZE]);

#endif
