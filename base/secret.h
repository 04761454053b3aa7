/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets: wiped when done with, compared in constant time, random from the kernel.
 */
#ifndef JIT_BASE_SECRET_H
#define JIT_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Time depends on `length` alone (T26). */
bool secret_equal(const void *a, const void *b, size_t length);

/* For cleanup(): wipes and frees a char * made by malloc. */
void cleanup_secret(char **where);

/* Fills from getrandom(2), whole or -errno. */
must_check int random_bytes(void *ret_bytes, size_t length);

/* `length` bytes as lower-case hex, NUL-terminated: ret_text holds 2 * length + 1. */
void hex_encode(const uint8_t *bytes, size_t length, char *ret_text);

#endif
