/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token says of the access that it opens: its end, and the ssh key that it is bound to.
 */
#include <stdlib.h>
#include <string.h>

#include "token/token_test_sign.h"

static void the_end_of_what_it_opens_is_a_time_ahead(void **state)
{
	static const char *const wrong[] = {
	        "0",    "-1",   "1800000290.0",     "1e9", "\"1800000290\"",
	        "null", "true", "9007199254740993", "[]",  "{}",
	};
	struct bench *bench = *state;
	text_owned payload = payload_with("until", "1800009999");
	text_owned token = sign_payload(bench, payload);
	text_owned without = good_token(bench);

	assert_true(read_result(bench, token).claims.until == NOW + 9999);
	assert_true(read_result(bench, without).claims.until == 0);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_payload(bench, payload_with("until", wrong[i]), CLAIMS);
	assert_payload(bench, payload_with("until", "1800000001"), UNSET);
	assert_payload(bench, payload_with("until", "1800000000"), EXPIRED);
	assert_payload(bench, payload_with("until", "1"), EXPIRED);
}

#define FINGERPRINT "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8"

static void a_binding_is_told(void **state)
{
	struct bench *bench = *state;
	text_owned payload = payload_with("cnf", "{\"ssh\":\"" FINGERPRINT "\"}");
	text_owned token = sign_payload(bench, payload);
	text_owned without = good_token(bench);

	assert_string_equal(read_result(bench, token).claims.cnf, FINGERPRINT);
	assert_string_equal(read_result(bench, without).claims.cnf, "");
}

static void a_binding_that_cannot_be_checked_denies(void **state)
{
	static const char *const wrong[] = {
	        "null",
	        "true",
	        "[]",
	        "{}",
	        "\"" FINGERPRINT "\"",
	        "[{\"ssh\":\"" FINGERPRINT "\"}]",
	        "{\"ssh\":[\"" FINGERPRINT "\"]}",
	        "{\"ssh\":{\"k\":\"" FINGERPRINT "\"}}",
	        "{\"ssh\":null}",
	        "{\"ssh\":1}",
	        "{\"ssh\":\"\"}",
	        "{\"SSH\":\"" FINGERPRINT "\"}",
	        "{\"ssh\":\"" FINGERPRINT "\",\"jkt\":\"x\"}",
	        "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}",
	        "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}",
	        "{\"jwk\":{\"kty\":\"EC\"}}",
	        "{\"kid\":\"x\"}",
	        "{\"ssh\":\"" FINGERPRINT "=\"}",
	        "{\"ssh\":\"" FINGERPRINT " \"}",
	        "{\"ssh\":\" " FINGERPRINT "\"}",
	        "{\"ssh\":\"" FINGERPRINT "\\u0001\"}",
	        "{\"ssh\":\"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/\"}",
	        "{\"ssh\":\"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/9\"}",
	        "{\"ssh\":\"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb-_8\"}",
	        "{\"ssh\":\"sha256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8\"}",
	        "{\"ssh\":\"SHA512:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8\"}",
	        "{\"ssh\":\"uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8\"}",
	        "{\"ssh\":\"MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48\"}",
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_payload(bench, payload_with("cnf", wrong[i]), BINDING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_end_of_what_it_opens_is_a_time_ahead),
	        cmocka_unit_test(a_binding_is_told),
	        cmocka_unit_test(a_binding_that_cannot_be_checked_denies),
	};

	return cmocka_run_group_tests_name("token bindings", tests, bench_setup, bench_teardown);
}
