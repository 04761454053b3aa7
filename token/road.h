/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The road of a token as a list of steps, which the reader takes until one refuses. A token is
 * ours or another issuer's by the rule and the expectation alone: the steps are the same. To
 * explain a token is to take the road and tell of each step.
 */
#ifndef JIT_TOKEN_ROAD_H
#define JIT_TOKEN_ROAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "token/form.h"
#include "token/header.h"
#include "token/json.h"
#include "token/token.h"

#define ROAD_PAYLOAD_MAX (TOKEN_MAX / 4 * 3)
#define ROAD_TIME_MAX    (INT64_C(1) << 53) /* what every JSON reader agrees on (T16) */

/* In what our own tokens differ from others'. */
struct road_rule {
	const struct header_rule *header;
	size_t subject_size, jti_size; /* with the NUL */
	bool numbered;                 /* jti and access are required (T17) */
};

struct road {
	/* what is asked */
	struct part text;
	const struct keyset *keys;
	const struct road_rule *rule;
	const struct foreign_expectation *expectation; /* complete */

	/* what was found; each step may use what those before it found */
	struct form form;
	struct header header;
	const struct key *key;
	uint8_t payload[ROAD_PAYLOAD_MAX];
	size_t payload_length;
	struct document document; /* the claims, of a signature that held (T1) */
	struct foreign_claims claims;
};

struct road_step {
	const char *name;
	/* 0, -errno, or an enum token_reason. */
	int (*go)(struct road *road);
	/* What was found there, for people, also where the step refused; may be cut. NULL: the
	 * claim of that name. */
	void (*show)(const struct road *road, const char *name, char *ret_text, size_t size);
};

/* The steps over the claims, after those of read.c. */
extern const struct road_step claims_steps[];
extern const size_t claims_step_count;

#endif
