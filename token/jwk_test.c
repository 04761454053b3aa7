/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWK Sets: what is written is read back, what is not for us is passed over, what must not be there
 * refuses the whole.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/token_test_sign.h"

/* RFC 7517, appendix A.1 */
#define X "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4"
#define Y "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"
#define N                                                                                          \
	"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_"  \
	"BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-"          \
	"65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrd"  \
	"kt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDK"  \
	"gw"
#define EC_NUMBERS  "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"y\":\"" Y "\""
#define RSA_NUMBERS "\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AQAB\""
#define EC_KEY      "{" EC_NUMBERS ",\"kid\":\"1\"}"
#define RSA_KEY     "{" RSA_NUMBERS ",\"kid\":\"2011-04-29\"}"
#define BOTH        (KEY_BIT(KEY_ES256) | KEY_BIT(KEY_RS256))

/* What the reader said. */
struct told {
	size_t count;
	char last[FAULT_SIZE];
	struct fault fault;
};

static void note(void *context, const char *line)
{
	struct told *told = context;

	told->count++;
	(void)snprintf(told->last, sizeof(told->last), "%s", line);
}

static int read_set(const char *text, unsigned int algorithms, struct keyset **ret_keys,
                    struct told *told)
{
	const struct jwks_report report = {note, told};

	*told = (struct told){0};
	return keyset_read_jwks(text, strlen(text), algorithms, &report, ret_keys, &told->fault);
}

static void assert_set_refused(char *text, const char *word)
{
	text_owned owned = text;
	struct keyset *keys = NULL;
	struct told told;

	assert_int_equal(read_set(owned, BOTH, &keys, &told), -EINVAL);
	assert_null(keys);
	if (!strstr(told.fault.text, word))
		fail_msg("\"%s\" is not said in \"%s\" of %s", word, told.fault.text, owned);
}

/* One key that is passed over beside one that is read. */
static void assert_skipped(const char *jwk, const char *word)
{
	text_owned text = text_of("{\"keys\":[%s,%s]}", jwk, RSA_KEY);
	cleanup(cleanup_keyset) struct keyset *keys = NULL;
	struct told told;

	if (read_set(text, BOTH, &keys, &told) != 0)
		fail_msg("%s: %s", jwk, told.fault.text);
	assert_int_equal(told.count, 1);
	assert_int_equal(strncmp(told.last, "key 1 is passed over: ", 22), 0);
	if (!strstr(told.last, word))
		fail_msg("\"%s\" is not said in \"%s\" of %s", word, told.last, jwk);
	assert_non_null(keyset_find(keys, "2011-04-29", 10));
	assert_null(keyset_at(keys, 1));
}

static void assert_read(const char *jwk, const char *kid)
{
	text_owned text = text_of("{\"keys\":[%s]}", jwk);
	cleanup(cleanup_keyset) struct keyset *keys = NULL;
	struct told told;

	if (read_set(text, BOTH, &keys, &told) != 0)
		fail_msg("%s: %s %s", jwk, told.fault.text, told.last);
	assert_int_equal(told.count, 0);
	assert_non_null(keyset_find(keys, kid, strlen(kid)));
}

static void a_written_set_is_read_back(void **state)
{
	struct bench *bench = *state;
	void *other = NULL;
	assert_int_equal(bench_setup_rsa(&other), 0);
	struct bench *rsa = other;
	cleanup(cleanup_keyset) struct keyset *keys = keyset_new(), *again = NULL;
	struct key *one = NULL, *two = NULL, *gone = NULL;
	text_owned text = NULL, second = NULL;
	struct told told;
	char *third = NULL;

	assert_int_equal(key_generate(KEY_ES256, &third, NULL), 0);
	assert_int_equal(key_from_private_pem(third, &gone, NULL), 0);
	assert_int_equal(key_from_private_pem(bench->private_pem, &one, NULL), 0);
	assert_int_equal(key_from_private_pem(rsa->private_pem, &two, NULL), 0);
	assert_int_equal(keyset_add(keys, one, INT64_MIN, INT64_MAX, false), 0);
	assert_int_equal(keyset_add(keys, gone, INT64_MIN, INT64_MAX, true), 0);
	assert_int_equal(keyset_add(keys, two, INT64_MIN, INT64_MAX, false), 0);
	assert_int_equal(keyset_write_jwks(keys, &text), 0);
	assert_int_equal(read_set(text, BOTH, &again, &told), 0);
	assert_int_equal(told.count, 0);
	assert_string_equal(key_kid(keyset_at(again, 0)->key), bench->kid);
	assert_string_equal(key_kid(keyset_at(again, 1)->key), rsa->kid);
	assert_null(keyset_at(again, 2));
	assert_int_equal(keyset_write_jwks(again, &second), 0);
	assert_string_equal(text, second);
	struct bench read_ec = *bench, read_rsa = *rsa;
	read_ec.keys = read_rsa.keys = again;
	text_owned token = good_token(bench), token_rsa = good_token(rsa);
	assert_allowed(&read_ec, token);
	assert_allowed(&read_rsa, token_rsa);
	free(third);
	bench_teardown(&other);
}

static void a_key_is_written_on_one_line(void **state)
{
	cleanup(cleanup_keyset) struct keyset *keys = NULL;
	text_owned ec = NULL, rsa = NULL, none = NULL;
	cleanup(cleanup_keyset) struct keyset *empty = keyset_new();
	struct told told;

	(void)state;
	assert_int_equal(read_set("{\"keys\":[" EC_KEY "," RSA_KEY "]}", BOTH, &keys, &told), 0);
	assert_int_equal(key_public_jwk(keyset_at(keys, 0)->key, &ec), 0);
	assert_int_equal(key_public_jwk(keyset_at(keys, 1)->key, &rsa), 0);
	assert_string_equal(ec, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"" X "\",\"y\":\"" Y
	                        "\",\"kid\":\"1\",\"alg\":\"ES256\",\"use\":\"sig\"}");
	assert_string_equal(rsa, "{\"e\":\"AQAB\",\"kty\":\"RSA\",\"n\":\"" N
	                         "\",\"kid\":\"2011-04-29\",\"alg\":\"RS256\",\"use\":\"sig\"}");
	assert_int_equal(keyset_write_jwks(empty, &none), 0);
	assert_string_equal(none, "{\"keys\":[]}");
}

static void keys_for_signatures_are_read(void **state)
{
	(void)state;
	assert_read(EC_KEY, "1");
	assert_read(RSA_KEY, "2011-04-29");
	assert_read("{" EC_NUMBERS ",\"kid\":\"a._-Z9\",\"use\":\"sig\",\"alg\":\"ES256\"}",
	            "a._-Z9");
	assert_read("{" RSA_NUMBERS ",\"kid\":\"x\",\"use\":\"sig\",\"alg\":\"RS256\"}", "x");
	assert_read("{" EC_NUMBERS ",\"kid\":\"x\",\"key_ops\":[\"verify\"]}", "x");
	assert_read("{" EC_NUMBERS ",\"kid\":\"x\",\"key_ops\":[\"sign\",\"verify\"]}", "x");
	/* RFC 7517 section 5: what is not understood is ignored */
	assert_read("{" RSA_NUMBERS ",\"kid\":\"x\",\"x5c\":[\"MIIC\"],\"x5t\":\"a\",\"iat\":1.5,"
	            "\"D\":1,\"x5t#S256\":\"b\",\"ext\":true,\"issuer\":{\"d\":1}}",
	            "x");
	assert_read("{" EC_NUMBERS ",\"kid\":"
	            "\"0123456789012345678901234567890123456789012345678901234567890123\"}",
	            "0123456789012345678901234567890123456789012345678901234567890123");
}

static void t04_keys_of_a_set_for_other_uses_are_passed_over(void **state)
{
	static const char *const rows[][2] = {
	        {"\"use\":\"enc\"", "use"},
	        {"\"use\":\"SIG\"", "use"},
	        {"\"use\":\"\"", "use"},
	        {"\"use\":[\"sig\"]", "use"},
	        {"\"use\":null", "use"},
	        {"\"key_ops\":[\"sign\"]", "key_ops"},
	        {"\"key_ops\":[]", "key_ops"},
	        {"\"key_ops\":\"verify\"", "key_ops"},
	        {"\"key_ops\":[\"verify\",1]", "key_ops"},
	        {"\"key_ops\":null", "key_ops"},
	        {"\"use\":\"sig\",\"key_ops\":[\"encrypt\"]", "key_ops"},
	        {"\"use\":\"enc\",\"key_ops\":[\"verify\"]", "use"},
	        {"\"alg\":\"RS256\"", "alg"},
	        {"\"alg\":\"ES384\"", "alg"},
	        {"\"alg\":\"es256\"", "alg"},
	        {"\"alg\":\"HS256\"", "alg"},
	        {"\"alg\":\"none\"", "alg"},
	        {"\"alg\":\"\"", "alg"},
	        {"\"alg\":null", "alg"},
	        {"\"alg\":[\"ES256\"]", "alg"},
	        {"\"alg\":\"ECDH-ES+A256KW-and-much-more-than-that\"", "alg"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		text_owned jwk = text_of("{%s,\"kid\":\"1\",%s}", EC_NUMBERS, rows[i][0]);
		assert_skipped(jwk, rows[i][1]);
	}
	assert_skipped("{" RSA_NUMBERS ",\"kid\":\"1\",\"alg\":\"RS512\"}", "alg");
	assert_skipped("{" RSA_NUMBERS ",\"kid\":\"1\",\"alg\":\"PS256\"}", "alg");
	assert_skipped("{" RSA_NUMBERS ",\"kid\":\"1\",\"alg\":\"RSA-OAEP\"}", "alg");
}

static void t04_keys_of_a_set_of_other_kinds_are_passed_over(void **state)
{
	static const char *const rows[][2] = {
	        {"{\"kid\":\"1\"}", "kty"},
	        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\",\"kid\":\"1\"}", "kty"},
	        {"{\"kty\":\"oct\",\"kid\":\"1\"}", "kty"},
	        {"{\"kty\":\"ec\",\"kid\":\"1\"}", "kty"},
	        {"{\"kty\":1,\"kid\":\"1\"}", "kty"},
	        {"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AA\",\"y\":\"AA\",\"kid\":\"1\"}",
	         "curve"},
	        {"{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"" X "\",\"y\":\"" Y
	         "\",\"kid\":\"1\"}",
	         "curve"},
	        {"{\"kty\":\"EC\",\"x\":\"" X "\",\"y\":\"" Y "\",\"kid\":\"1\"}", "curve"},
	        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "\",\"kid\":\"1\"}", "x and y"},
	        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"y\":\"" Y "\",\"kid\":\"1\"}", "x and y"},
	        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" Y "\",\"y\":\"" X "\",\"kid\":\"1\"}",
	         "no point"},
	        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" X "=\",\"y\":\"" Y
	         "\",\"kid\":\"1\"}",
	         "x and y"},
	        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA" X "\",\"y\":\"" Y
	         "\",\"kid\":\"1\"}",
	         "x and y"},
	        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBC\",\"y\":\"" Y "\",\"kid\":\"1\"}",
	         "x and y"},
	        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":12,\"y\":\"" Y "\",\"kid\":\"1\"}",
	         "x and y"},
	        {"{\"kty\":\"RSA\",\"e\":\"AQAB\",\"kid\":\"1\"}", "n and e"},
	        {"{\"kty\":\"RSA\",\"n\":\"" N "\",\"kid\":\"1\"}", "n and e"},
	        {"{\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"Aw\",\"kid\":\"1\"}", "exponent"},
	        {"{\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":\"AAEAAQ\",\"kid\":\"1\"}", "n and e"},
	        {"{\"kty\":\"RSA\",\"n\":\"ANL8\",\"e\":\"AQAB\",\"kid\":\"1\"}", "n and e"},
	        {"{\"kty\":\"RSA\",\"n\":\"0vx7agoebGcQSuuP\",\"e\":\"AQAB\",\"kid\":\"1\"}",
	         "bits"},
	        {"{\"kty\":\"RSA\",\"n\":\"" N N N "\",\"e\":\"AQAB\",\"kid\":\"1\"}", "n and e"},
	        {"{\"kty\":\"RSA\",\"n\":\"" N "\",\"e\":65537,\"kid\":\"1\"}", "n and e"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_skipped(rows[i][0], rows[i][1]);
}

static void t05_keys_of_a_set_without_a_good_kid_are_passed_over(void **state)
{
	static const char *const kids[] = {
	        "",
	        "\"kid\":\"\",",
	        "\"kid\":null,",
	        "\"kid\":1,",
	        "\"kid\":[\"1\"],",
	        "\"kid\":\"a b\",",
	        "\"kid\":\"../../etc/passwd\",",
	        "\"kid\":\"a/b\",",
	        "\"kid\":\"a=\",",
	        "\"kid\":\"a'--\",",
	        "\"kid\":\"\xc3\xa9\",",
	        "\"kid\":\"a\\n\",",
	        "\"kid\":\"01234567890123456789012345678901234567890123456789012345678901234\",",
	        "\"Kid\":\"1\",",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(kids); i++) {
		text_owned jwk = text_of("{%s%s}", kids[i], EC_NUMBERS);
		assert_skipped(jwk, "kid");
	}
}

static void t03_only_allowed_algorithms_are_read(void **state)
{
	static const char text[] = "{\"keys\":[" EC_KEY "," RSA_KEY "]}";
	static const struct {
		unsigned int algorithms;
		const char *kid;
	} rows[] = {{KEY_BIT(KEY_ES256), "1"}, {KEY_BIT(KEY_RS256), "2011-04-29"}};
	struct keyset *none = NULL;
	struct told told;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup(cleanup_keyset) struct keyset *keys = NULL;
		assert_int_equal(read_set(text, rows[i].algorithms, &keys, &told), 0);
		assert_int_equal(told.count, 1);
		assert_non_null(strstr(told.last, "not among the algorithms"));
		assert_string_equal(key_kid(keyset_at(keys, 0)->key), rows[i].kid);
		assert_null(keyset_at(keys, 1));
	}
	assert_int_equal(read_set(text, 0, &none, &told), -EINVAL);
	assert_int_equal(read_set(text, KEY_BIT(KEY_NONE), &none, &told), -EINVAL);
	assert_int_equal(told.count, 2);
	assert_null(none);
}

static void t04_private_members_refuse_the_set(void **state)
{
	static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
	static const char *const values[] = {"\"AA\"", "null", "\"\"", "[]"};
	static const char *const kinds[] = {EC_NUMBERS, RSA_NUMBERS, "\"kty\":\"oct\"",
	                                    "\"kty\":\"OKP\"", "\"use\":\"enc\""};

	(void)state;
	for (size_t i = 0; i < COUNT(members); i++)
		for (size_t j = 0; j < COUNT(values); j++)
			for (size_t k = 0; k < COUNT(kinds); k++) {
				text_owned word = text_of("private member \"%s\"", members[i]);
				assert_set_refused(text_of("{\"keys\":[%s,{%s,\"%s\":%s}]}",
				                           RSA_KEY, kinds[k], members[i],
				                           values[j]),
				                   word);
			}
}

static void t14_a_set_has_one_meaning(void **state)
{
	(void)state;
	assert_set_refused(strdup("{\"keys\":[" EC_KEY "," EC_KEY "]}"), "has the kid \"1\"");
	assert_set_refused(strdup("{\"keys\":[" EC_KEY ",{" RSA_NUMBERS ",\"kid\":\"1\"}]}"),
	                   "has the kid \"1\"");
	assert_set_refused(strdup("{\"keys\":[" EC_KEY "],\"keys\":[" RSA_KEY "]}"), "twice");
	assert_set_refused(strdup("{\"keys\":[{" EC_NUMBERS ",\"kid\":\"1\",\"kid\":\"2\"}]}"),
	                   "twice");
	assert_set_refused(
	        strdup("{\"keys\":[{" EC_NUMBERS ",\"kid\":\"1\",\"k\\u0069d\":\"2\"}]}"), "twice");
	/* the same kid for a key that is not read is no choice */
	assert_skipped("{\"kty\":\"OKP\",\"kid\":\"2011-04-29\"}", "kty");
}

static void what_is_no_set_is_refused(void **state)
{
	static const char *const bad[][2] = {
	        {"", "not a JWK Set"},
	        {"[]", "not a JWK Set"},
	        {"{}", "array \"keys\""},
	        {EC_KEY, "array \"keys\""},
	        {"[" EC_KEY "]", "not a JWK Set"},
	        {"{\"keys\":{}}", "array \"keys\""},
	        {"{\"keys\":null}", "array \"keys\""},
	        {"{\"keys\":" EC_KEY "}", "array \"keys\""},
	        {"{\"keys\":[" EC_KEY "]}x", "not a JWK Set"},
	        {"{\"keys\":[" EC_KEY ",]}", "not a JWK Set"},
	        {"{\"keys\":[" EC_KEY ",1]}", "key 2 is no JSON object"},
	        {"{\"keys\":[null]}", "key 1 is no JSON object"},
	        {"{\"keys\":[[" EC_KEY "]]}", "key 1 is no JSON object"},
	        {"{\"keys\":[]}", "none of its 0 keys"},
	        {"{\"keys\":[{\"kty\":\"OKP\"},{}]}", "none of its 2 keys"},
	        {"{\"keys\":[{\"a\":[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]}]}", "too deep or wide"},
	        {"-----BEGIN PUBLIC KEY-----", "not a JWK Set"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_set_refused(strdup(bad[i][0]), bad[i][1]);
}

/* `count` keys of kids k0, k1, ... */
static char *set_of(size_t count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fputs("{\"keys\":[", out);
	for (size_t i = 0; i < count; i++)
		fprintf(out, "%s{%s,\"kid\":\"k%zu\"}", i ? "," : "", EC_NUMBERS, i);
	fputs("]}", out);
	fclose(out);
	return text;
}

static void t25_a_set_is_bounded(void **state)
{
	cleanup(cleanup_keyset) struct keyset *keys = NULL, *padded = NULL;
	text_owned most = set_of(64);
	text_owned longest = text_of("%s%*s", most, (int)(JWKS_MAX - strlen(most)), "");
	struct told told;

	(void)state;
	assert_int_equal(read_set(most, BOTH, &keys, &told), 0);
	assert_non_null(keyset_at(keys, 63));
	assert_set_refused(set_of(65), "at most 64 keys");
	assert_int_equal(strlen(longest), JWKS_MAX);
	assert_int_equal(read_set(longest, BOTH, &padded, &told), 0);
	assert_set_refused(text_of("%s ", longest), "larger than 262144 bytes");
}

static void a_report_is_not_required(void **state)
{
	static const char text[] = "{\"keys\":[{},{\"kty\":\"OKP\"}," EC_KEY "]}";
	static const struct jwks_report nobody = {NULL, NULL};
	cleanup(cleanup_keyset) struct keyset *one = NULL, *two = NULL;

	(void)state;
	assert_int_equal(keyset_read_jwks(text, strlen(text), BOTH, NULL, &one, NULL), 0);
	assert_int_equal(keyset_read_jwks(text, strlen(text), BOTH, &nobody, &two, NULL), 0);
	assert_int_equal(keyset_read_jwks("", 0, BOTH, NULL, &one, NULL), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_written_set_is_read_back),
	        cmocka_unit_test(a_key_is_written_on_one_line),
	        cmocka_unit_test(keys_for_signatures_are_read),
	        cmocka_unit_test(t04_keys_of_a_set_for_other_uses_are_passed_over),
	        cmocka_unit_test(t04_keys_of_a_set_of_other_kinds_are_passed_over),
	        cmocka_unit_test(t05_keys_of_a_set_without_a_good_kid_are_passed_over),
	        cmocka_unit_test(t03_only_allowed_algorithms_are_read),
	        cmocka_unit_test(t04_private_members_refuse_the_set),
	        cmocka_unit_test(t14_a_set_has_one_meaning),
	        cmocka_unit_test(what_is_no_set_is_refused),
	        cmocka_unit_test(t25_a_set_is_bounded),
	        cmocka_unit_test(a_report_is_not_required),
	};

	return cmocka_run_group_tests_name("token jwk", tests, bench_setup, bench_teardown);
}
