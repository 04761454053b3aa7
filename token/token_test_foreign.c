/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token_test_foreign.h"

#include <stdlib.h>
#include <string.h>

static const char *const audiences[] = {"https://web1.example.org", "web1.example.org"};

struct foreign_expectation expected(void)
{
	return (struct foreign_expectation){.issuer = ISSUER,
	                                    .audiences = audiences,
	                                    .audience_count = COUNT(audiences),
	                                    .now = NOW,
	                                    .lifetime_max = 600,
	                                    .leeway = 5};
}

struct foreign_result read_with(const struct bench *bench, const char *token,
                                const struct foreign_expectation *expectation)
{
	static const struct foreign_claims none;
	struct foreign_result result;

	memset(&result, 0xa5, sizeof(result));
	token_read_foreign(token, strlen(token), bench->keys, expectation, &result);
	if (result.decision == DECISION_ALLOW) {
		assert_int_equal(result.reason, TOKEN_REASON_UNSET);
		assert_string_equal(result.claims.kid, bench->kid);
	} else {
		assert_int_equal(result.decision, DECISION_DENY);
		assert_int_not_equal(result.reason, TOKEN_REASON_UNSET);
		assert_memory_equal(&result.claims, &none, sizeof(none));
	}
	return result;
}

struct foreign_result read_more(const struct bench *bench, const char *more,
                                const struct foreign_expectation *expectation)
{
	text_owned payload = text_of("{" PAYLOAD "%s%s}", *more ? "," : "", more);
	text_owned token = sign_payload(bench, payload);

	return read_with(bench, token, expectation);
}
