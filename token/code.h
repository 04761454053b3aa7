/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes: "7KQ4M-2XP9V", which people type where a token is too long. 9 random symbols of
 * Crockford's base32 and his check symbol (value modulo 37); values whose check symbol would be one
 * of *~$=U are not drawn, so 2^45 * 32/37 codes are equally likely (44.8 bits). Pure but for the
 * randomness. A code is looked up by its MAC; this is the one place of the room that computes one,
 * and the reader of tokens does not include it (T2).
 */
#ifndef JIT_TOKEN_CODE_H
#define JIT_TOKEN_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define CODE_SIZE 12 /* NUL included */

/* A fresh one, from the kernel's randomness; -errno. Wipe it when done. */
must_check int code_make(char ret_code[static CODE_SIZE]);

/* Reads what somebody typed, forgiving: either case, hyphens and blanks anywhere, O for 0, I and L
 * for 1. True and the canonical form if it is of code form with the right check symbol; false, and
 * ret_code untouched, for anything else, which is then no guess at a code either. `text` is not
 * NUL-terminated. */
must_check bool code_read(const char *text, size_t length, char ret_code[static CODE_SIZE]);

/* What is stored of a canonical code: HMAC-SHA-256 (RFC 2104) under `secret`, as lower-case hex. */
#define CODE_SECRET_BYTES 32
#define CODE_DIGEST_SIZE  65
must_check int code_digest(const uint8_t secret[static CODE_SECRET_BYTES],
                           const char code[static CODE_SIZE],
                           char ret_digest[static CODE_DIGEST_SIZE]);

#endif
