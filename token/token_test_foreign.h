/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of foreign tokens share: an expectation, claims that meet it, and a reading that
 * checks what is promised of it. Test programs only.
 */
#ifndef JIT_TOKEN_TEST_FOREIGN_H
#define JIT_TOKEN_TEST_FOREIGN_H

#include "token/token_test_sign.h"

#define ISSUER "https://gitlab.example.org"
#define PAYLOAD                                                                                    \
	"\"iss\":\"" ISSUER "\",\"aud\":\"web1.example.org\",\"sub\":\"project_path:a/b\","        \
	"\"iat\":1799999990,\"nbf\":1799999985,\"exp\":1800000290,\"jti\":\"b3f1\""

struct foreign_expectation expected(void); /* two audiences, 600 s, a leeway of 5 s */

/* Reads a token and checks that allow and deny are told as promised. */
struct foreign_result read_with(const struct bench *bench, const char *token,
                                const struct foreign_expectation *expectation);

/* The claims above and these ("", or `"name":json` and more after commas), signed and read. */
struct foreign_result read_more(const struct bench *bench, const char *more,
                                const struct foreign_expectation *expectation);

#define assert_more(bench, more, expectation, expected_)                                           \
	assert_string_equal(token_reason_word(read_more(bench, more, expectation).reason),         \
	                    token_reason_word(TOKEN_REASON_##expected_))

#endif
