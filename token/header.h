/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JOSE header. It is read before anything is verified and so decides nothing but which loaded
 * key is asked (T5 to T8).
 */
#ifndef JIT_TOKEN_HEADER_H
#define JIT_TOKEN_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "token/token.h"

#define HEADER_TYPE "JWT" /* libjwt 1.10 can write no other (T22 is met by iss, aud and access) */

struct header {
	char algorithm[16]; /* as the token claims it: to be compared with the key's, never obeyed
	                     */
	char kid[TOKEN_KID_MAX + 1]; /* 1 to 64 of [A-Za-z0-9._-] */
};

/* What a header may hold; all else denies. */
struct header_rule {
	const char *const *members;
	size_t count;
	bool typed; /* typ must be there; where it is, it is HEADER_TYPE in any case */
};
extern const struct header_rule header_own; /* exactly alg, kid and typ */
/* alg and kid; typ; x5t and x5t#S256, which name a certificate that nobody looks up (GitHub) */
extern const struct header_rule header_foreign;

/* 0, -ENOMEM, or an enum token_reason: HEADER, HEADER_MEMBER, TYPE, ALGORITHM (absent, or no name
 * that an algorithm could have), KEY_UNKNOWN (kid absent or malformed). */
must_check int header_read(const uint8_t *bytes, size_t length, const struct header_rule *rule,
                           struct header *ret_header);

#endif
