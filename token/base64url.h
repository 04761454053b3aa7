/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64url without padding (RFC 7515 section 2), in its one canonical spelling: a text that some
 * other decoder would take as well, but that nobody's encoder writes, is refused (T12).
 */
#ifndef JIT_TOKEN_BASE64URL_H
#define JIT_TOKEN_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* Characters that `bytes` bytes take, without a NUL. */
#define BASE64URL_LENGTH(bytes) (((bytes)*4 + 2) / 3)

/* -ENOBUFS when more than `size` bytes would come out (asked first); -EINVAL for a character
 * outside [A-Za-z0-9_-], a length that no encoder makes, or unused bits that are not zero. On
 * failure ret_length is untouched and ret_bytes holds nothing to be used. */
must_check int base64url_decode(const char *text, size_t length, uint8_t *ret_bytes, size_t size,
                                size_t *ret_length);

/* ret_text holds BASE64URL_LENGTH(length) + 1; NUL-terminated. */
void base64url_encode(const uint8_t *bytes, size_t length, char *ret_text);

#endif
