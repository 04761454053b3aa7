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
#include "token/json.h"
#include "token/token.h"

#define CLAIMS_TIME_MAX                                                                            \
	(INT64_C(1) << 53) /* the largest integer that every JSON reader agrees on */

/* Reads and judges. 0, -ENOMEM, or an enum token_reason: CLAIMS, CLAIM_MISSING, BINDING, ISSUER,
 * AUDIENCE, EXPIRED, EARLY, LIFETIME. Fills all of ret_claims but kid. */
must_check int claims_read(const uint8_t *bytes, size_t length,
                           const struct expectation *expectation, struct claims *ret_claims);

/* ---- what foreign tokens are asked as well ---- */

struct lifetime {
	int64_t iat, nbf, exp; /* nbf = iat where the token has none */
	int64_t until;         /* 0: none */
};

/* What is allowed. `now` is 0 or more. */
struct lifetime_rule {
	int64_t now;
	int64_t max;   /* of exp - iat; TOKEN_LIFETIME_MAX holds besides */
	int64_t ahead; /* that iat and nbf may be after now */
};

/* 0, or an enum token_reason. */
must_check int claims_lifetime(const struct document *document, struct lifetime *ret_lifetime);
must_check int claims_judge_lifetime(const struct lifetime *lifetime,
                                     const struct lifetime_rule *rule);

/* RFC 7800: a confirmation that cannot be checked must not be passed over. "" where there is none.
 * 0 or TOKEN_REASON_BINDING. */
must_check int claims_binding(const struct document *document, char ret_cnf[static TOKEN_CNF_SIZE]);

/* The reason that stands for a result of document_text() and its like; 0 and -errno stay. */
int claims_reason(int result);

#endif
