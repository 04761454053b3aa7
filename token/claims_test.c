/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "token/token_test_sign.h"

static void claims_are_told_as_signed(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	struct token_result result = read_result(bench, token);

	assert_int_equal(result.decision, DECISION_ALLOW);
	assert_string_equal(result.claims.iss, OUR_ISSUER);
	assert_string_equal(result.claims.sub, "alice");
	assert_string_equal(result.claims.scope, "sudo:root ssh:alice");
	assert_string_equal(result.claims.jti, "b3f1");
	assert_true(result.claims.iat == NOW - 10);
	assert_true(result.claims.nbf == NOW - 10);
	assert_true(result.claims.exp == NOW + 290);
	assert_int_equal(result.claims.access, 42);
	text_owned later = payload_with("nbf", "1799999995");
	text_owned second = sign_payload(bench, later);
	assert_true(read_result(bench, second).claims.nbf == NOW - 5);
}

static void t14_duplicate_claims_deny(void **state)
{
	static const char *const twice[] = {
	        "\"sub\":\"alice\"",       "\"sub\":\"root\"",
	        "\"s\\u0075b\":\"root\"",  "\"exp\":1",
	        "\"x\":1,\"x\":1",         "\"x\":1,\"\\u0078\":1",
	        "\"y\":{\"z\":1,\"z\":2}", "\"\":0,\"\":0",
	};
	struct bench *bench = *state;
	text_owned good = good_payload();

	for (size_t i = 0; i < COUNT(twice); i++) {
		assert_payload(bench, text_of("{%s,%s", twice[i], good + 1), CLAIMS);
		assert_payload(bench, text_of("%.*s,%s}", (int)strlen(good) - 1, good, twice[i]),
		               CLAIMS);
	}
}

static void t15_text_claims_are_clean(void **state)
{
	static const char *const names[] = {"iss", "aud", "sub", "scope", "jti"};
	static const char *const dirt[] = {
	        "\\u0000",  "\\u0001",      "\\n",     "\\t",     "\\u007f",
	        "\\u0085",  "\\u202e",      "\\u2028", "\\ud800", "\xff",
	        "\xc0\x80", "\xed\xa0\x80", "\n",      "\x7f",    "\xf4\x90\x80\x80"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t j = 0; j < COUNT(dirt); j++) {
			text_owned after = text_of("\"%s%s\"", OUR_ISSUER, dirt[j]);
			text_owned before = text_of("\"%s%s\"", dirt[j], OUR_ISSUER);
			assert_payload(bench, payload_with(names[i], after), CLAIMS);
			assert_payload(bench, payload_with(names[i], before), CLAIMS);
		}
	for (size_t j = 0; j < COUNT(dirt); j++) {
		text_owned list = text_of("[\"%s\",\"x%s\"]", OUR_AUDIENCE, dirt[j]);
		assert_payload(bench, payload_with("aud", list), CLAIMS);
	}
}

static void t15_a_nul_does_not_end_the_payload(void **state)
{
	struct bench *bench = *state;
	text_owned header = good_header(bench);
	text_owned payload = good_payload();
	text_owned longer = text_of("%s %s", payload, "{\"sub\":\"root\"}");
	text_owned token = NULL;

	longer[strlen(payload)] = '\0';
	token = sign_bytes(bench, header, strlen(header), longer, strlen(payload) + 15);
	assert_reason(bench, token, CLAIMS);
	free(token);
	token = sign_bytes(bench, header, strlen(header), longer, strlen(payload) + 1);
	assert_reason(bench, token, CLAIMS);
	free(token);
	token = sign_bytes(bench, header, strlen(header), longer, strlen(payload));
	assert_allowed(bench, token);
}

static void text_claims_are_bounded(void **state)
{
	static const struct {
		const char *name;
		int longest;
	} rows[] = {{"sub", 64}, {"scope", 1024}, {"jti", 128}};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		text_owned longest = text_of("\"%0*d\"", rows[i].longest, 0);
		text_owned over = text_of("\"%0*d\"", rows[i].longest + 1, 0);
		assert_payload(bench, payload_with(rows[i].name, longest), UNSET);
		assert_payload(bench, payload_with(rows[i].name, over), CLAIMS);
		assert_payload(bench, payload_with(rows[i].name, "\"\""), CLAIMS);
	}
	text_owned issuer = text_of("\"%0255d\"", 0);
	text_owned over = text_of("\"%0256d\"", 0);
	assert_payload(bench, payload_with("iss", issuer), ISSUER);
	assert_payload(bench, payload_with("iss", over), CLAIMS);
}

static void claims_of_another_json_type_deny(void **state)
{
	static const char *const names[] = {"iss", "aud", "sub", "scope", "jti"};
	static const char *const wrong[] = {"null", "true", "1", "1.5", "{}"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t j = 0; j < COUNT(wrong); j++)
			assert_payload(bench, payload_with(names[i], wrong[j]), CLAIMS);
	assert_payload(bench, payload_with("sub", "[\"alice\"]"), CLAIMS);
	assert_payload(bench, payload_with("iss", "[\"" OUR_ISSUER "\"]"), CLAIMS);
	assert_payload(bench, payload_with("aud", "[\"" OUR_AUDIENCE "\",1]"), CLAIMS);
	assert_payload(bench, payload_with("aud", "[null,\"" OUR_AUDIENCE "\"]"), CLAIMS);
	assert_payload(bench, payload_with("aud", "[[\"" OUR_AUDIENCE "\"]]"), CLAIMS);
}

static void t16_times_are_integers(void **state)
{
	static const char *const names[] = {"exp", "nbf", "iat"};
	static const char *const wrong[] = {"1800000290.0",
	                                    "1800000290.5",
	                                    "1.8e9",
	                                    "1e300",
	                                    "1e400",
	                                    "\"1800000290\"",
	                                    "true",
	                                    "false",
	                                    "null",
	                                    "[]",
	                                    "[1800000290]",
	                                    "{}",
	                                    "-1",
	                                    "-1800000290",
	                                    "9007199254740993",    /* 2^53 + 1 */
	                                    "9223372036854775807", /* INT64_MAX */
	                                    "9223372036854775808",
	                                    "18446744073709551616",
	                                    "-9223372036854775808",
	                                    "-9223372036854775809",
	                                    "1e2",
	                                    "01800000290",
	                                    "+1800000290",
	                                    "0x6b49d200",
	                                    "NaN",
	                                    "Infinity",
	                                    "1800000290s"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t j = 0; j < COUNT(wrong); j++)
			assert_payload(bench, payload_with(names[i], wrong[j]), CLAIMS);
	/* in range, so that it is judged as a time */
	assert_payload(bench, payload_with("exp", "9007199254740992"), LIFETIME);
	assert_payload(bench, payload_with("exp", "0"), EXPIRED);
	assert_payload(bench, payload_with("iat", "9007199254740992"), EARLY);
	assert_payload(bench, payload_with("nbf", "9007199254740992"), EARLY);
	assert_payload(bench, payload_with("iat", "0"), LIFETIME);
	assert_payload(bench, payload_with("nbf", "0"), UNSET);
}

static void the_access_is_a_number_from_1(void **state)
{
	static const char *const wrong[] = {"0",      "-1",   "4294967296",         "1.0",
	                                    "\"42\"", "null", "9223372036854775808"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_payload(bench, payload_with("access", wrong[i]), CLAIMS);
	assert_payload(bench, payload_with("access", "1"), UNSET);
	assert_payload(bench, payload_with("access", "4294967295"), UNSET);
}

static void t17_every_required_claim_is_there(void **state)
{
	static const char *const required[] = {"iss", "aud", "sub", "scope",
	                                       "iat", "exp", "jti", "access"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(required); i++) {
		text_owned other = strdup(required[i]);
		assert_payload(bench, payload_with(required[i], NULL), CLAIM_MISSING);
		/* another spelling is another claim */
		other[0] = (char)(other[0] - 'a' + 'A');
		text_owned rest = payload_with(required[i], NULL);
		assert_payload(bench, text_of("{\"%s\":\"1\",%s", other, rest + 1), CLAIM_MISSING);
	}
	assert_payload(bench, strdup("{}"), CLAIM_MISSING);
}

static void t18_nothing_lives_longer_than_the_cap(void **state)
{
	struct bench *bench = *state;
	struct bench loose = *bench;

	assert_payload(bench, payload_with("exp", "1800003590"), UNSET); /* 3600 s after iat */
	assert_payload(bench, payload_with("exp", "1800003591"), LIFETIME);
	assert_payload(bench, payload_with("exp", "1800000290000"), LIFETIME); /* milliseconds */
	assert_payload(bench, payload_with("iat", "1799999990000"), EARLY);
	loose.expectation.lifetime_max = INT64_MAX; /* no configuration lifts the hard cap */
	assert_payload(&loose, payload_with("exp", "1800043190"), UNSET);
	assert_payload(&loose, payload_with("exp", "1800043191"), LIFETIME);
	loose.expectation.lifetime_max = 0;
	assert_payload(&loose, good_payload(), LIFETIME);
	loose.expectation.lifetime_max = -1;
	assert_payload(&loose, good_payload(), LIFETIME);
}

static void t18_a_token_ends_after_it_begins(void **state)
{
	struct bench *bench = *state;
	struct bench early = *bench;

	early.expectation.now = NOW - 12;
	assert_payload(&early, payload_with("exp", "1799999991"), UNSET);    /* lives 1 s */
	assert_payload(&early, payload_with("exp", "1799999990"), LIFETIME); /* 0 s */
	assert_payload(&early, payload_with("exp", "1799999989"), LIFETIME); /* less */
}

static void t18_the_edges_of_time(void **state)
{
	struct bench *bench = *state;

	assert_payload(bench, payload_with("exp", "1800000001"), UNSET);
	assert_payload(bench, payload_with("exp", "1800000000"), EXPIRED); /* no leeway */
	assert_payload(bench, payload_with("exp", "1799999999"), EXPIRED);
	assert_payload(bench, payload_with("iat", "1800000005"), UNSET);
	assert_payload(bench, payload_with("iat", "1800000006"), EARLY);
	assert_payload(bench, payload_with("nbf", "1800000005"), UNSET);
	assert_payload(bench, payload_with("nbf", "1800000006"), EARLY);
	/* an nbf of its own does not excuse the iat */
	text_owned later = payload_with("iat", "1800000006");
	assert_payload(bench, text_of("{\"nbf\":1799999990,%s", later + 1), EARLY);
}

static void t19_no_clock_overflows(void **state)
{
	struct bench *bench = *state;
	struct bench other = *bench;
	text_owned token = good_token(bench);
	text_owned endless = payload_with("exp", "9007199254740992");
	text_owned late = sign_payload(bench, endless);

	other.expectation.lifetime_max = INT64_MAX;
	other.expectation.now = INT64_MAX;
	assert_reason(&other, token, EXPIRED);
	assert_reason(&other, late, EXPIRED);
	other.expectation.now = (INT64_C(1) << 53) - 1;
	assert_reason(&other, late, LIFETIME);
	other.expectation.now = 0;
	assert_reason(&other, token, EARLY);
	other.expectation.now = INT64_MIN;
	assert_reason(&other, token, INTERNAL);
	assert_reason(&other, late, INTERNAL);
}

static const char *const mutations[23] = {"web1.example.or",
                                          "eb1.example.org",
                                          "web1.example.orgx",
                                          "xweb1.example.org",
                                          "WEB1.example.org",
                                          "web1.example.ORG",
                                          "Web1.Example.Org",
                                          "web1.example.org.",
                                          ".web1.example.org",
                                          " web1.example.org",
                                          "web1.example.org ",
                                          "web1.example.org/",
                                          "https://web1.example.org",
                                          "web1",
                                          "example.org",
                                          "web2.example.org",
                                          "web1-example.org",
                                          "web1.ex\xd0\xb0mple.org",
                                          "web1.example.org,other",
                                          "*.example.org",
                                          "web1%2eexample.org",
                                          "web1..example.org",
                                          "web1.example.org\xe2\x80\x8b"};

static void t20_the_issuer_is_equal_byte_for_byte(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(mutations); i++) {
		text_owned value = text_of("\"%s\"", mutations[i]);
		assert_payload(bench, payload_with("iss", value), ISSUER);
	}
}

static void t20_the_audience_is_equal_byte_for_byte(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(mutations); i++) {
		text_owned value = text_of("\"%s\"", mutations[i]);
		text_owned list = text_of("[\"%s\"]", mutations[i]);
		text_owned among = text_of("[\"%s\",\"" OUR_AUDIENCE "\"]", mutations[i]);
		assert_payload(bench, payload_with("aud", value), AUDIENCE);
		assert_payload(bench, payload_with("aud", list), AUDIENCE);
		assert_payload(bench, payload_with("aud", among), UNSET);
	}
	assert_payload(bench, payload_with("aud", "[]"), AUDIENCE);
	assert_payload(bench, payload_with("aud", "\"\""), AUDIENCE);
	assert_payload(bench, payload_with("aud", "[\"web1.example.org, x\"]"), AUDIENCE);
}

static char *nested(int depth)
{
	text_owned open = malloc((size_t)depth + 1), close_ = malloc((size_t)depth + 1);

	memset(open, '[', (size_t)depth);
	memset(close_, ']', (size_t)depth);
	open[depth] = close_[depth] = '\0';
	return text_of("%s%s", open, close_);
}

static void t25_claims_are_not_deep(void **state)
{
	struct bench *bench = *state;
	text_owned fits = nested(15), over = nested(16), far_over = nested(1000);
	text_owned objects =
	        strdup("{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
	               "\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}}}}}}}}");

	assert_payload(bench, payload_with("x", fits), UNSET); /* 16 with the claims themselves */
	assert_payload(bench, payload_with("x", over), CLAIMS);
	assert_payload(bench, payload_with("x", far_over), CLAIMS);
	assert_payload(bench, payload_with("x", objects), CLAIMS);
}

/* `count` members or elements. */
static char *wide(bool object, int count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fputc(object ? '{' : '[', out);
	for (int i = 0; i < count; i++)
		fprintf(out, object ? "%s\"m%d\":1" : "%s%d", i ? "," : "", i);
	fputc(object ? '}' : ']', out);
	fclose(out);
	return text;
}

static void t25_claims_are_not_wide(void **state)
{
	struct bench *bench = *state;
	text_owned good = good_payload();
	text_owned object_fits = wide(true, 64), object_over = wide(true, 65);
	text_owned array_fits = wide(false, 64), array_over = wide(false, 65);
	text_owned extra_fits = wide(true, 64 - 8), extra_over = wide(true, 65 - 8);

	assert_payload(bench, payload_with("x", object_fits), UNSET);
	assert_payload(bench, payload_with("x", object_over), CLAIMS);
	assert_payload(bench, payload_with("x", array_fits), UNSET);
	assert_payload(bench, payload_with("x", array_over), CLAIMS);
	extra_fits[strlen(extra_fits) - 1] = '\0';
	extra_over[strlen(extra_over) - 1] = '\0';
	assert_payload(bench, text_of("%s,%s", extra_fits, good + 1), UNSET);
	assert_payload(bench, text_of("%s,%s", extra_over, good + 1), CLAIMS);
}

static void claims_are_one_strict_json_object(void **state)
{
	static const char *const bad[] = {"[]",
	                                  "\"\"",
	                                  "null",
	                                  "1",
	                                  "{",
	                                  "{}x",
	                                  "{'a':1}",
	                                  "\xef\xbb\xbf{}",
	                                  "[{\"iss\":\"" OUR_ISSUER "\"}]"};
	struct bench *bench = *state;
	text_owned good = good_payload();

	for (size_t i = 0; i < COUNT(bad); i++)
		assert_payload(bench, strdup(bad[i]), CLAIMS);
	assert_payload(bench, text_of("%s,", good), CLAIMS);
	assert_payload(bench, text_of("[%s]", good), CLAIMS);
	assert_payload(bench, text_of("%s%s", good, good), CLAIMS);
}

static void t25_a_bad_token_is_refused_within_5_ms(void **state)
{
	struct bench *bench = *state;
	text_owned deep = nested(1300);
	text_owned payload = payload_with("x", deep);
	text_owned token = sign_payload(bench, payload);
	struct timespec from, to;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from), 0);
	for (int i = 0; i < 20; i++)
		assert_reason(bench, token, CLAIMS);
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to), 0);
	assert_true((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 <
	            20 * 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(claims_are_told_as_signed),
	        cmocka_unit_test(t14_duplicate_claims_deny),
	        cmocka_unit_test(t15_text_claims_are_clean),
	        cmocka_unit_test(t15_a_nul_does_not_end_the_payload),
	        cmocka_unit_test(text_claims_are_bounded),
	        cmocka_unit_test(claims_of_another_json_type_deny),
	        cmocka_unit_test(t16_times_are_integers),
	        cmocka_unit_test(the_access_is_a_number_from_1),
	        cmocka_unit_test(t17_every_required_claim_is_there),
	        cmocka_unit_test(t18_nothing_lives_longer_than_the_cap),
	        cmocka_unit_test(t18_a_token_ends_after_it_begins),
	        cmocka_unit_test(t18_the_edges_of_time),
	        cmocka_unit_test(t19_no_clock_overflows),
	        cmocka_unit_test(t20_the_issuer_is_equal_byte_for_byte),
	        cmocka_unit_test(t20_the_audience_is_equal_byte_for_byte),
	        cmocka_unit_test(t25_claims_are_not_deep),
	        cmocka_unit_test(t25_claims_are_not_wide),
	        cmocka_unit_test(claims_are_one_strict_json_object),
	        cmocka_unit_test(t25_a_bad_token_is_refused_within_5_ms),
	};

	return cmocka_run_group_tests_name("token claims", tests, bench_setup, bench_teardown);
}
