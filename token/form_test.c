/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "config.h"
#include "token/base64url.h"
#include "token/form.h"
#include "token/token_test_sign.h"

static void base64url_has_one_spelling(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *bytes;
	} rows[] = {
	        {"", 0, ""},
	        {"Zg", 0, "f"},
	        {"Zm8", 0, "fo"},
	        {"Zm9v", 0, "foo"},
	        {"Zm9vYg", 0, "foob"},
	        {"-_-_", 0, "\xfb\xff\xbf"},
	        {"A", -EINVAL, ""},
	        {"Zm9vA", -EINVAL, ""},
	        {"Z", -EINVAL, ""},
	        {"Zm9vY", -EINVAL, ""},
	        {"Zh", -EINVAL, ""},
	        {"Zm9", -EINVAL, ""},
	        {"Zg==", -EINVAL, ""},
	        {"Zm8=", -EINVAL, ""},
	        {"+_-_", -EINVAL, ""},
	        {"-/-_", -EINVAL, ""},
	        {"Zm 9v", -EINVAL, ""},
	        {"Zm9\n", -EINVAL, ""},
	        {"Zm\xc3\xa9", -EINVAL, ""},
	        {"A\0AA", -EINVAL, ""},
	};
	uint8_t bytes[8];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		size_t length = 99;
		size_t in = i == COUNT(rows) - 1 ? 4 : strlen(rows[i].text);
		assert_int_equal(base64url_decode(rows[i].text, in, bytes, sizeof(bytes), &length),
		                 rows[i].result);
		assert_int_equal(length, rows[i].result == 0 ? strlen(rows[i].bytes) : 99);
		if (rows[i].result == 0)
			assert_memory_equal(bytes, rows[i].bytes, length);
	}
}

static void base64url_takes_all_byte_values_both_ways(void **state)
{
	uint8_t all[256], back[256];
	char text[BASE64URL_LENGTH(256) + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (uint8_t)i;
	for (size_t length = 0; length <= sizeof(all); length++) {
		size_t out = 0;
		base64url_encode(all, length, text);
		assert_int_equal(strlen(text), BASE64URL_LENGTH(length));
		assert_int_equal(base64url_decode(text, strlen(text), back, length, &out), 0);
		assert_int_equal(out, length);
		assert_memory_equal(back, all, length);
		if (length > 0)
			assert_int_equal(
			        base64url_decode(text, strlen(text), back, length - 1, &out),
			        -ENOBUFS);
	}
}

static void good_tokens_in_every_spelling_are_allowed(void **state)
{
	static const char *const payloads[] = {
	        "{\"access\":42,\"jti\":\"b3f1\",\"exp\":1800000290,\"iat\":1799999990,"
	        "\"scope\":\"sudo:root\",\"sub\":\"alice\",\"aud\":\"" OUR_AUDIENCE
	        "\",\"iss\":\"" OUR_ISSUER "\"}",
	        " {\n\t\"iss\" : \"web1\\u002eexample.org\", \"aud\" : [ \"other\", \"" OUR_AUDIENCE
	        "\" ], \"sub\":\"j\\u00fcrgen\", \"scope\":\"sudo:root\", \"iat\":1799999990,\r\n"
	        "\"exp\":1800000290, \"jti\":\"1\", \"access\":4294967295, \"nbf\":1799999990 }\n",
	        "{\"cnf\":{\"ssh\":\"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8\"},"
	        "\"crit\":[\"x\"],\"alg\":\"none\",\"x\":null,\"y\":[1.5,"
	        "{}],\"access\":1,\"jti\":\"b3f1\",\"exp\":1800000290,\"iat\":1799999990,"
	        "\"scope\":\"sudo:root\",\"sub\":\"alice\",\"aud\":[\"" OUR_AUDIENCE
	        "\"],\"iss\":\"" OUR_ISSUER "\"}",
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(payloads); i++)
		assert_payload(bench, strdup(payloads[i]), UNSET);
	assert_header(bench,
	              text_of("{\"typ\":\"JWT\",\"alg\":\"ES256\",\"kid\":\"%s\"}", bench->kid),
	              UNSET);
	assert_header(bench,
	              text_of(" { \"kid\" : \"%s\" , \"typ\" : \"J\\u0057T\",\n\"\\u0061lg\" : "
	                      "\"ES256\" }\n",
	                      bench->kid),
	              UNSET);
}

static void t12_a_token_has_one_spelling(void **state)
{
	static const char *const foreign[] = {"=",  "==", "+",  "/", "!",        " ",
	                                      "\n", "\t", "\r", ".", "\xc3\xa9", "\x80"};
	struct bench *bench = *state;
	text_owned token = good_token(bench);

	assert_allowed(bench, token);
	for (size_t i = 0; i <= strlen(token); i++)
		for (size_t j = 0; j < COUNT(foreign); j++) {
			text_owned other =
			        text_of("%.*s%s%s", (int)i, token, foreign[j], token + i);
			assert_refused(bench, other);
		}
}

static void t12_unused_bits_of_the_signature_are_zero(void **state)
{
	static const char alphabet[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	char *last = token + strlen(token) - 1;
	size_t value = (size_t)(strchr(alphabet, *last) - alphabet);

	assert_int_equal(value % 16, 0);
	for (size_t bits = 1; bits < 16; bits++) {
		*last = alphabet[value + bits];
		assert_reason(bench, token, FORM);
	}
}

/* Even where the holder of the key signed it. */
static void t12_each_part_is_canonical(void **state)
{
	static const char *const endings[] = {"=", "==", "\n", " ", "+"};
	struct bench *bench = *state;
	text_owned header = good_header(bench);
	text_owned payload = good_payload();
	text_owned first = encode(header, strlen(header));
	text_owned second = encode(payload, strlen(payload));

	for (size_t i = 0; i < COUNT(endings); i++) {
		text_owned bad_payload = text_of("%s.%s%s", first, second, endings[i]);
		text_owned bad_header = text_of("%s%s.%s", first, endings[i], second);
		text_owned one = sign_text(bench, bad_payload);
		text_owned two = sign_text(bench, bad_header);
		assert_reason(bench, one, FORM);
		assert_reason(bench, two, FORM);
	}
}

static void t12_a_malleable_twin_names_the_same_jti(void **state)
{
	/* n of P-256 (SEC 2, 2.4.2): (r, n - s) holds wherever (r, s) does */
	static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00,
	                                  0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	                                  0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84,
	                                  0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	char *signature = strrchr(token, '.') + 1;
	struct token_result first = read_result(bench, token), second;
	uint8_t raw[64];
	size_t length;
	int borrow = 0;

	assert_int_equal(base64url_decode(signature, 86, raw, sizeof(raw), &length), 0);
	for (int i = 31; i >= 0; i--) {
		int digit = order[i] - raw[32 + i] - borrow;
		borrow = digit < 0;
		raw[32 + i] = (uint8_t)digit;
	}
	base64url_encode(raw, sizeof(raw), signature);
	second = read_result(bench, token);
	assert_int_equal(second.decision, DECISION_ALLOW);
	assert_string_equal(second.claims.jti, first.claims.jti);
	assert_string_equal(second.claims.iss, first.claims.iss);
}

static void t13_no_answer_is_remembered(void **state)
{
	struct bench *bench = *state;
	text_owned first = payload_with("jti", "\"one\"");
	text_owned second = payload_with("jti", "\"two\"");
	text_owned one = sign_payload(bench, first);
	text_owned two = sign_payload(bench, second);

	assert_string_equal(read_result(bench, one).claims.jti, "one");
	assert_string_equal(read_result(bench, two).claims.jti, "two");
	assert_string_equal(read_result(bench, one).claims.jti, "one");
	*strchr(two, '.') = 'x';
	assert_string_equal(read_result(bench, two).claims.jti, "");
}

static void t23_exactly_two_dots(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	text_owned five = text_of("%s.%s.%s", "e30", token, "AA");
	text_owned four = text_of("%s.%s", token, "AA");
	char dots[TOKEN_MAX];
	struct form form;

	memset(dots, '.', sizeof(dots));
	for (size_t i = 1; i <= sizeof(dots); i++)
		assert_int_equal(form_split(dots, i, &form), TOKEN_REASON_FORM);
	/* the first part is no header: a reader that decoded it would say so */
	assert_reason(bench, five, FORM);
	assert_reason(bench, four, FORM);
	assert_reason(bench, "e30", FORM);
	assert_reason(bench, "e30.e30", FORM);
	assert_int_equal(form_split("a.b.c", 5, &form), 0);
	assert_int_equal(form.signed_text.length, 3);
	assert_memory_equal(form.signature.text, "c", 1);
}

static void parts_are_not_empty(void **state)
{
	static const char *const bad[] = {".b.c", "a..c", "a.b.", "..", "..c", "a..", ".b."};
	struct bench *bench = *state;

	struct form form;

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_reason(bench, bad[i], FORM);
		assert_int_equal(form_split(bad[i], strlen(bad[i]), &form), TOKEN_REASON_FORM);
	}
}

static void t24_any_size_is_safe(void **state)
{
	struct bench *bench = *state;
	const size_t size = (size_t)16 << 20;
	static const char fills[] = {'A', '.', '{', '\0', '\xff'};
	text_owned token = good_token(bench);
	struct rusage before, after;
	char *text = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(text != MAP_FAILED);
	memset(text, 'A', size);
	assert_allowed(bench, token);
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	for (size_t i = 0; i < COUNT(fills); i++) {
		memset(text, fills[i], size);
		for (size_t length = 1; length <= size; length *= 2)
			assert_int_equal(read_reason(bench, text, length),
			                 length > TOKEN_MAX ? TOKEN_REASON_LENGTH
			                                    : TOKEN_REASON_FORM);
	}
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
#ifndef JIT_SANITIZED
	assert_true((after.ru_maxrss - before.ru_maxrss) * 1024 <= 4 * TOKEN_MAX);
#endif
	munmap(text, size);
}

static void t25_a_token_has_at_most_4096_bytes(void **state)
{
	struct bench *bench = *state;
	text_owned plain = payload_with("pad", "\"\"");
	text_owned header = good_header(bench);
	size_t room = (TOKEN_MAX - 86 - 2 - BASE64URL_LENGTH(strlen(header))) / 4 * 3;
	text_owned pad = text_of("\"%0*d\"", (int)(room - strlen(plain)), 0);
	text_owned longest = payload_with("pad", pad);
	text_owned token = sign_payload(bench, longest);
	text_owned wide_pad = text_of("\"%0*d\"", (int)(room - strlen(plain) + 3), 0);
	text_owned over = payload_with("pad", wide_pad);
	text_owned refused = sign_payload(bench, over);

	assert_in_range(strlen(token), TOKEN_MAX - 3, TOKEN_MAX);
	assert_allowed(bench, token);
	assert_in_range(strlen(refused), TOKEN_MAX + 1, TOKEN_MAX + 4);
	assert_reason(bench, refused, LENGTH);
	assert_int_equal(read_reason(bench, "", 0), TOKEN_REASON_LENGTH);
	assert_int_equal(read_reason(bench, NULL, 0), TOKEN_REASON_LENGTH);
}

static void t29_other_containers_are_refused(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	text_owned nested = sign_payload(bench, token);
	text_owned quoted = text_of("\"%s\"", token);
	text_owned nested_json = sign_payload(bench, quoted);
	text_owned flat =
	        text_of("{\"payload\":\"e30\",\"protected\":\"e30\",\"signature\":\"%s\"}",
	                strrchr(token, '.') + 1);
	text_owned general =
	        text_of("{\"payload\":\"e30\",\"signatures\":[{\"protected\":\"e30\"}]}");
	text_owned spaced = text_of(" %s", token);
	text_owned bearer = text_of("Bearer %s", token);

	assert_reason(bench, nested, CLAIMS);
	assert_reason(bench, nested_json, CLAIMS);
	assert_reason(bench, flat, FORM);
	assert_reason(bench, general, FORM);
	assert_reason(bench, "e30.e30.e30.e30.e30", FORM);
	assert_reason(bench, "e30..e30.e30.e30", FORM);
	assert_reason(bench, spaced, FORM);
	assert_reason(bench, bearer, FORM);
}

static void an_expectation_left_out_allows_nothing(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	text_owned empty = payload_with("aud", "\"\"");
	text_owned nobody = sign_payload(bench, empty);
	struct expectation rows[4];
	struct token_result result;

	for (size_t i = 0; i < COUNT(rows); i++)
		rows[i] = bench->expectation;
	rows[0].issuer = NULL;
	rows[1].audience = NULL;
	rows[2].audience = "";
	rows[3].now = -1;
	for (size_t i = 0; i < COUNT(rows); i++) {
		token_read(i == 2 ? nobody : token, strlen(i == 2 ? nobody : token), bench->keys,
		           &rows[i], &result);
		assert_int_equal(result.decision, DECISION_DENY);
		assert_int_equal(result.reason, TOKEN_REASON_INTERNAL);
	}
	token_read(token, strlen(token), NULL, &bench->expectation, &result);
	assert_int_equal(result.decision, DECISION_DENY);
	token_read(token, strlen(token), bench->keys, NULL, &result);
	assert_int_equal(result.decision, DECISION_DENY);
	token_read(NULL, 9, bench->keys, &bench->expectation, &result);
	assert_int_equal(result.decision, DECISION_DENY);
	assert_int_equal(result.reason, TOKEN_REASON_INTERNAL);
}

static void every_reason_has_a_word(void **state)
{
	(void)state;
	assert_string_equal(token_reason_word(TOKEN_REASON_UNSET), "unset");
	assert_string_equal(token_reason_word(TOKEN_REASON_INTERNAL), "token-internal");
	for (int i = 0; i <= TOKEN_REASON_INTERNAL; i++)
		assert_non_null(token_reason_word((enum token_reason)i));
	assert_string_equal(token_reason_word((enum token_reason)(TOKEN_REASON_INTERNAL + 1)),
	                    "unset");
	assert_string_equal(token_reason_word((enum token_reason) - 1), "unset");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(base64url_has_one_spelling),
	        cmocka_unit_test(base64url_takes_all_byte_values_both_ways),
	        cmocka_unit_test(good_tokens_in_every_spelling_are_allowed),
	        cmocka_unit_test(t12_a_token_has_one_spelling),
	        cmocka_unit_test(t12_unused_bits_of_the_signature_are_zero),
	        cmocka_unit_test(t12_each_part_is_canonical),
	        cmocka_unit_test(t12_a_malleable_twin_names_the_same_jti),
	        cmocka_unit_test(t13_no_answer_is_remembered),
	        cmocka_unit_test(t23_exactly_two_dots),
	        cmocka_unit_test(parts_are_not_empty),
	        cmocka_unit_test(t24_any_size_is_safe),
	        cmocka_unit_test(t25_a_token_has_at_most_4096_bytes),
	        cmocka_unit_test(t29_other_containers_are_refused),
	        cmocka_unit_test(an_expectation_left_out_allows_nothing),
	        cmocka_unit_test(every_reason_has_a_word),
	};

	return cmocka_run_group_tests_name("token form", tests, bench_setup, bench_teardown);
}
