/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of a token whose signature held already; nobody else may call this (T1). Required are
 * iss aud sub scope iat exp jti access (T17), nbf until cnf are optional, others are skipped.
 */
#ifndef JIT_TOKEN_CLAIMS_H
#define JIT_TOKEN_CLAIMS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "token/token.h"

#define CLAIMS_TIME_MAX                                                                            \
	(INT64_C(1) << 53) /* the largest integer that every JSON reader agrees on */

/* Reads and judges. 0, -ENOMEM, or an enum token_reason: CLAIMS, CLAIM_MISSING, BINDING, ISSUER,
 * AUDIENCE, EXPIRED, EARLY, LIFETIME. Fills all of ret_claims but kid. */
must_check int claims_read(const uint8_t *bytes, size_t length,
                           const struct expectation *expectation, struct claims *ret_claims);

#endif
