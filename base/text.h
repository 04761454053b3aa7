/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text from outside: what may stand in a line that a person or the log reads. Lengths are bytes.
 */
#ifndef JIT_BASE_TEXT_H
#define JIT_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Valid UTF-8 (no overlong form, surrogate or value past U+10FFFF) without control characters
 * (C0, DEL, C1, line and paragraph separators) and without bidirectional controls. */
bool text_is_clean(const char *text, size_t length);

/* A name as NSS, scopes and rules may hold it: 1 to 64 of [A-Za-z0-9._@-], not led by '-', not all
 * dots, optionally ended by '$'. Never a path (CVE-2023-42456). */
bool text_is_name(const char *text);

/* Copies whole, with the NUL; -ENAMETOOLONG and nothing written when it does not fit. */
must_check int text_copy(char *ret_text, size_t size, const char *text);

/* Copies for display: each byte that text_is_clean() would refuse becomes '?'; cut to size - 1. */
void text_sanitize(char *ret_text, size_t size, const char *text);

/* snprintf that refuses instead of cutting: 0, or -ENAMETOOLONG and an empty string. */
__attribute__((format(printf, 3, 4))) must_check int text_format(char *ret_text, size_t size,
                                                                 const char *format, ...);

#endif
