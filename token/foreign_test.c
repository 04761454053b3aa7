/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of other issuers: what is read, what is required, and that nothing is forgiven.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "token/token_test_foreign.h"

/* The claims above with the value of one of them replaced, or without it. */
static char *payload_but(const char *name, const char *json)
{
	static const char *const claims[][2] = {
	        {"iss", "\"" ISSUER "\""}, {"aud", "\"web1.example.org\""}, {"sub", "\"alice\""},
	        {"iat", "1799999990"},     {"exp", "1800000290"},           {"jti", "\"b3f1\""},
	};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fputs("{\"x\":1", out);
	for (size_t i = 0; i < COUNT(claims); i++) {
		bool is_it = strcmp(claims[i][0], name) == 0;
		if (!is_it || json)
			fprintf(out, ",\"%s\":%s", claims[i][0], is_it ? json : claims[i][1]);
	}
	fputc('}', out);
	fclose(out);
	return text;
}

static void assert_but(const struct bench *bench, const char *name, const char *json,
                       const struct foreign_expectation *expectation, enum token_reason reason)
{
	text_owned payload = payload_but(name, json);
	text_owned token = sign_payload(bench, payload);

	assert_string_equal(token_reason_word(read_with(bench, token, expectation).reason),
	                    token_reason_word(reason));
}

static void claims_are_told_as_signed(void **state)
{
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();
	struct foreign_result result =
	        read_more(bench,
	                  "\"until\":1800003600,\"access\":42,\"scope\":\"api\",\"cnf\":{\"ssh\":"
	                  "\"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8\"}",
	                  &expectation);

	assert_int_equal(result.decision, DECISION_ALLOW);
	assert_string_equal(result.claims.iss, ISSUER);
	assert_string_equal(result.claims.subject, "project_path:a/b");
	assert_string_equal(result.claims.scope, "");
	assert_string_equal(result.claims.jti, "b3f1");
	assert_true(result.claims.iat == NOW - 10);
	assert_true(result.claims.nbf == NOW - 15);
	assert_true(result.claims.exp == NOW + 290);
	assert_true(result.claims.until == NOW + 3600);
	assert_int_equal(result.claims.access, 42);
	assert_string_equal(result.claims.cnf,
	                    "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8");
	result = read_more(bench, "", &expectation);
	assert_true(result.claims.until == 0);
	assert_int_equal(result.claims.access, 0);
	assert_string_equal(result.claims.cnf, "");
}

/* the digest by sha256sum(1) */
static void t21_the_replay_key_is_issuer_and_jti(void **state)
{
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();
	struct foreign_result one = read_more(bench, "", &expectation);
	struct foreign_result two = read_more(bench, "\"x\":1", &expectation);
	text_owned other = payload_but("jti", "\"b3f2\"");
	text_owned token = sign_payload(bench, other);

	assert_string_equal(one.claims.replay,
	                    "820a99b486ddbf1312f2546a832a001d201b24db698fd2a2b521d6da1bef2d31");
	assert_string_equal(two.claims.replay, one.claims.replay);
	assert_string_not_equal(read_with(bench, token, &expectation).claims.replay,
	                        one.claims.replay);
}

static void t12_without_a_jti_the_signed_text_is_the_replay_key(void **state)
{
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();
	text_owned payload = payload_but("jti", NULL);
	text_owned token = sign_payload(bench, payload), again = sign_payload(bench, payload);
	struct foreign_result one = read_with(bench, token, &expectation);
	struct foreign_result two = read_with(bench, again, &expectation);
	char expected_hex[KEY_HEX_SIZE];

	assert_string_not_equal(token, again); /* two signatures of one text */
	assert_int_equal(one.decision, DECISION_ALLOW);
	assert_string_equal(one.claims.jti, "");
	assert_int_equal(key_sha256_hex(token, (size_t)(strrchr(token, '.') - token), expected_hex),
	                 0);
	assert_string_equal(one.claims.replay, expected_hex);
	assert_string_equal(two.claims.replay, expected_hex);
}

/* "a" NUL "bc" and "ab" NUL "c" are two */
static void t15_issuer_and_jti_do_not_run_together(void **state)
{
	struct bench *bench = *state;
	struct foreign_expectation expectation = expected();
	text_owned longer = payload_but("iss", "\"" ISSUER "b\"");
	text_owned token = sign_payload(bench, longer);
	text_owned payload = payload_but("jti", "\"bb3f1\"");
	text_owned other = sign_payload(bench, payload);
	struct foreign_result one = read_with(bench, other, &expectation), two;

	expectation.issuer = ISSUER "b";
	two = read_with(bench, token, &expectation);
	assert_int_equal(one.decision, DECISION_ALLOW);
	assert_int_equal(two.decision, DECISION_ALLOW);
	assert_string_not_equal(one.claims.replay, two.claims.replay);
}

static void t17_required_claims_are_there(void **state)
{
	static const char *const required[] = {"iss", "aud", "sub", "iat", "exp"};
	struct bench *bench = *state;
	struct foreign_expectation expectation = expected();

	for (size_t i = 0; i < COUNT(required); i++)
		assert_but(bench, required[i], NULL, &expectation, TOKEN_REASON_CLAIM_MISSING);
	assert_but(bench, "jti", NULL, &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "", NULL, &expectation, TOKEN_REASON_UNSET);
	expectation.scope_claim = "scope";
	assert_but(bench, "", NULL, &expectation, TOKEN_REASON_CLAIM_MISSING);
}

static void t15_t16_claims_have_their_type(void **state)
{
	static const char *const texts[] = {"iss", "sub", "jti", "aud"};
	static const char *const no_text[] = {"1",        "null",     "true",
	                                      "{}",       "1.5",      "\"a\\u0000\"",
	                                      "\"a\\n\"", "\"\xff\"", "\"\\u202e\""};
	static const char *const times[] = {"iat", "exp"};
	static const char *const no_time[] = {"1800000290.0",
	                                      "1e9",
	                                      "\"1800000290\"",
	                                      "null",
	                                      "true",
	                                      "-1",
	                                      "[]",
	                                      "9007199254740993",
	                                      "9223372036854775808"};
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();

	for (size_t i = 0; i < COUNT(texts); i++)
		for (size_t j = 0; j < COUNT(no_text); j++)
			assert_but(bench, texts[i], no_text[j], &expectation, TOKEN_REASON_CLAIMS);
	for (size_t i = 0; i < COUNT(times); i++)
		for (size_t j = 0; j < COUNT(no_time); j++)
			assert_but(bench, times[i], no_time[j], &expectation, TOKEN_REASON_CLAIMS);
	assert_but(bench, "jti", "\"\"", &expectation, TOKEN_REASON_CLAIMS);
	assert_but(bench, "sub", "\"\"", &expectation, TOKEN_REASON_CLAIMS);
	assert_more(bench, "\"until\":\"never\"", &expectation, CLAIMS);
	assert_more(bench, "\"until\":0", &expectation, CLAIMS);
	/* somebody else's claim of that name */
	assert_more(bench, "\"access\":\"read_only\"", &expectation, UNSET);
	assert_more(bench, "\"access\":[{\"type\":\"x\"}]", &expectation, UNSET);
	assert_int_equal(read_more(bench, "\"access\":0", &expectation).claims.access, 0);
	assert_int_equal(read_more(bench, "\"access\":-1", &expectation).claims.access, 0);
	assert_int_equal(read_more(bench, "\"access\":4294967296", &expectation).claims.access, 0);
}

static void text_claims_are_bounded(void **state)
{
	struct bench *bench = *state;
	struct foreign_expectation expectation = expected();
	text_owned fits = text_of("\"%0255d\"", 0), over = text_of("\"%0256d\"", 0);
	text_owned scope = text_of("\"s\":\"%01024d\"", 0), wide = text_of("\"s\":\"%01025d\"", 0);

	assert_but(bench, "sub", fits, &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "sub", over, &expectation, TOKEN_REASON_CLAIMS);
	assert_but(bench, "jti", fits, &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "jti", over, &expectation, TOKEN_REASON_CLAIMS);
	assert_but(bench, "iss", fits, &expectation, TOKEN_REASON_ISSUER);
	assert_but(bench, "iss", over, &expectation, TOKEN_REASON_CLAIMS);
	expectation.scope_claim = "s";
	assert_more(bench, scope, &expectation, UNSET);
	assert_more(bench, wide, &expectation, CLAIMS);
}

static void t14_duplicates_deny(void **state)
{
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();

	assert_more(bench, "\"sub\":\"root\"", &expectation, CLAIMS);
	assert_more(bench, "\"s\\u0075b\":\"root\"", &expectation, CLAIMS);
	assert_more(bench, "\"a\":{\"b\":1,\"b\":2}", &expectation, CLAIMS);
}

static void t20_the_issuer_is_equal_byte_for_byte(void **state)
{
	static const char *const others[] = {"https://gitlab.example.or",
	                                     "https://gitlab.example.org/",
	                                     "https://gitlab.example.orgx",
	                                     "http://gitlab.example.org",
	                                     "HTTPS://gitlab.example.org",
	                                     "https://gitlab.example.ORG",
	                                     "https://gitlab.example.org ",
	                                     " https://gitlab.example.org",
	                                     "gitlab.example.org",
	                                     "https://gitlab.example.org.evil.org",
	                                     "https://gitlab.example.org#x",
	                                     "https://gitlab.example.org:443",
	                                     "https://a@gitlab.example.org",
	                                     "https://gitlab%2eexample.org",
	                                     "https://gitlab.ex\xd0\xb0mple.org"};
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();

	for (size_t i = 0; i < COUNT(others); i++) {
		text_owned value = text_of("\"%s\"", others[i]);
		assert_but(bench, "iss", value, &expectation, TOKEN_REASON_ISSUER);
	}
}

static void t20_one_of_the_audiences_is_meant(void **state)
{
	static const char *const good[] = {"\"https://web1.example.org\"", "\"web1.example.org\"",
	                                   "[\"web1.example.org\"]",
	                                   "[\"a\",\"https://web1.example.org\",\"b\"]",
	                                   "[\"web1.example.org\",\"https://web1.example.org\"]"};
	static const char *const other[] = {"\"web2.example.org\"",
	                                    "\"WEB1.example.org\"",
	                                    "\"web1.example.org/\"",
	                                    "[]",
	                                    "[\"a\",\"b\"]",
	                                    "\"https://web1.example.org,web1.example.org\"",
	                                    "\"\""};
	static const char *const malformed[] = {
	        "[\"web1.example.org\",1]", "[null,\"web1.example.org\"]",
	        "[[\"web1.example.org\"]]", "{\"web1.example.org\":1}"};
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();

	for (size_t i = 0; i < COUNT(good); i++)
		assert_but(bench, "aud", good[i], &expectation, TOKEN_REASON_UNSET);
	for (size_t i = 0; i < COUNT(other); i++)
		assert_but(bench, "aud", other[i], &expectation, TOKEN_REASON_AUDIENCE);
	for (size_t i = 0; i < COUNT(malformed); i++)
		assert_but(bench, "aud", malformed[i], &expectation, TOKEN_REASON_CLAIMS);
}

static void t18_leeway_is_for_the_beginning_alone(void **state)
{
	struct bench *bench = *state;
	struct foreign_expectation expectation = expected();

	assert_but(bench, "iat", "1800000005", &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "iat", "1800000006", &expectation, TOKEN_REASON_EARLY);
	assert_but(bench, "exp", "1800000001", &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "exp", "1800000000", &expectation, TOKEN_REASON_EXPIRED);
	expectation.leeway = 0;
	assert_but(bench, "iat", "1800000000", &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "iat", "1800000001", &expectation, TOKEN_REASON_EARLY);
	expectation.leeway = -1; /* is none, and takes nothing away */
	assert_but(bench, "iat", "1800000000", &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "iat", "1800000001", &expectation, TOKEN_REASON_EARLY);
	expectation.leeway = 60;
	assert_but(bench, "iat", "1800000060", &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "iat", "1800000061", &expectation, TOKEN_REASON_EARLY);
	assert_but(bench, "exp", "1800000000", &expectation, TOKEN_REASON_EXPIRED);
	expectation.leeway = INT64_MAX; /* 60 s at most, whoever asks for more */
	assert_but(bench, "iat", "1800000060", &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "iat", "1800000061", &expectation, TOKEN_REASON_EARLY);
}

static void t18_nbf_and_until_count(void **state)
{
	struct bench *bench = *state;
	struct foreign_expectation expectation = expected();

	expectation.now = NOW - 20; /* iat is 10 ahead, nbf 5 */
	assert_more(bench, "", &expectation, EARLY);
	expectation.leeway = 10;
	assert_more(bench, "", &expectation, UNSET);
	expectation = expected();
	assert_but(bench, "jti", "\"b\",\"nbf\":1800000005", &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "jti", "\"b\",\"nbf\":1800000006", &expectation, TOKEN_REASON_EARLY);
	assert_but(bench, "jti", "\"b\",\"nbf\":\"0\"", &expectation, TOKEN_REASON_CLAIMS);
	assert_more(bench, "\"until\":1800000001", &expectation, UNSET);
	assert_more(bench, "\"until\":1800000000", &expectation, EXPIRED);
}

static void t18_nothing_lives_longer_than_the_trust_allows(void **state)
{
	struct bench *bench = *state;
	struct foreign_expectation expectation = expected();

	assert_but(bench, "exp", "1800000590", &expectation, TOKEN_REASON_UNSET); /* 600 s */
	assert_but(bench, "exp", "1800000591", &expectation, TOKEN_REASON_LIFETIME);
	assert_but(bench, "exp", "1800000290000", &expectation, TOKEN_REASON_LIFETIME);
	expectation.lifetime_max = INT64_MAX;
	assert_but(bench, "exp", "1800043190", &expectation, TOKEN_REASON_UNSET);
	assert_but(bench, "exp", "1800043191", &expectation, TOKEN_REASON_LIFETIME);
	expectation.lifetime_max = 0;
	assert_but(bench, "exp", "1800000001", &expectation, TOKEN_REASON_LIFETIME);
}

static void t19_no_clock_overflows(void **state)
{
	struct bench *bench = *state;
	struct foreign_expectation expectation = expected();

	expectation.lifetime_max = INT64_MAX;
	expectation.now = INT64_MAX;
	assert_more(bench, "", &expectation, EXPIRED);
	expectation.now = 0;
	assert_more(bench, "", &expectation, EARLY);
	expectation.now = -1;
	assert_more(bench, "", &expectation, INTERNAL);
	expectation.now = INT64_MIN;
	assert_more(bench, "", &expectation, INTERNAL);
}

static void an_incomplete_expectation_allows_nothing(void **state)
{
	static const char *const nothing[] = {"web1.example.org", NULL};
	static const char *const empty[] = {"web1.example.org", ""};
	struct bench *bench = *state;
	struct bench keyless = *bench;
	const struct foreign_expectation good = expected();
	struct foreign_expectation bad[6];
	text_owned payload = text_of("{" PAYLOAD "}");
	text_owned token = sign_payload(bench, payload);
	struct foreign_result result;

	for (size_t i = 0; i < COUNT(bad); i++)
		bad[i] = good;
	bad[0].issuer = NULL;
	bad[1].audience_count = 0;
	bad[2].audiences = nothing;
	bad[3].audiences = empty;
	bad[4].required_count = 1;
	bad[5].audiences = NULL;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_string_equal(token_reason_word(read_with(bench, token, &bad[i]).reason),
		                    "token-internal");
	keyless.keys = NULL;
	assert_int_equal(read_with(&keyless, token, &good).reason, TOKEN_REASON_INTERNAL);
	assert_int_equal(read_with(bench, token, NULL).reason, TOKEN_REASON_INTERNAL);
	token_read_foreign(NULL, 1, bench->keys, &good, &result);
	assert_int_equal(result.reason, TOKEN_REASON_INTERNAL);
	token_read_foreign(NULL, 0, bench->keys, &good, &result);
	assert_int_equal(result.reason, TOKEN_REASON_LENGTH);
	assert_int_equal(read_with(bench, token, &good).decision, DECISION_ALLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(claims_are_told_as_signed),
	        cmocka_unit_test(t21_the_replay_key_is_issuer_and_jti),
	        cmocka_unit_test(t12_without_a_jti_the_signed_text_is_the_replay_key),
	        cmocka_unit_test(t15_issuer_and_jti_do_not_run_together),
	        cmocka_unit_test(t17_required_claims_are_there),
	        cmocka_unit_test(t15_t16_claims_have_their_type),
	        cmocka_unit_test(text_claims_are_bounded),
	        cmocka_unit_test(t14_duplicates_deny),
	        cmocka_unit_test(t20_the_issuer_is_equal_byte_for_byte),
	        cmocka_unit_test(t20_one_of_the_audiences_is_meant),
	        cmocka_unit_test(t18_leeway_is_for_the_beginning_alone),
	        cmocka_unit_test(t18_nbf_and_until_count),
	        cmocka_unit_test(t18_nothing_lives_longer_than_the_trust_allows),
	        cmocka_unit_test(t19_no_clock_overflows),
	        cmocka_unit_test(an_incomplete_expectation_allows_nothing),
	};

	return cmocka_run_group_tests_name("token foreign", tests, bench_setup, bench_teardown);
}
