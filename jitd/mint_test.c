/* SPDX-License-Identifier: Apache-2.0 */
/* What jitd writes, the strict reader accepts; what it would not accept is never written. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "jitd/mint.h"
#include "token/base64url.h"
#include "token/key.h"

#define NOW INT64_C(1800000000)

struct signer {
	enum key_algorithm algorithm;
	char *pem;
	struct keyset *keys;
	char kid[KID_SIZE];
};

static int signer_make(void **state, enum key_algorithm algorithm)
{
	struct signer *signer = calloc(1, sizeof(*signer));
	struct key *key = NULL;

	if (!signer || key_generate(algorithm, &signer->pem, NULL) < 0 ||
	    key_from_private_pem(signer->pem, &key, NULL) < 0)
		return -1;
	signer->algorithm = algorithm;
	memcpy(signer->kid, key_kid(key), sizeof(signer->kid));
	signer->keys = keyset_new();
	*state = signer;
	return keyset_add(signer->keys, key, INT64_MIN, INT64_MAX, false);
}

static int signer_es256(void **state)
{
	return signer_make(state, KEY_ES256);
}

static int signer_rs256(void **state)
{
	return signer_make(state, KEY_RS256);
}

static int signer_drop(void **state)
{
	struct signer *signer = *state;

	cleanup_secret(&signer->pem);
	keyset_free(signer->keys);
	free(signer);
	return 0;
}

static struct mint_order good_order(const struct signer *signer)
{
	struct mint_order order = {
	        .iss = "web1.example.org",
	        .aud = "web1.example.org",
	        .sub = "alice",
	        .scope = "sudo:root ssh:alice",
	        .iat = NOW,
	        .exp = NOW + 900,
	        .access = 42,
	        .algorithm = signer->algorithm,
	};

	memcpy(order.kid, signer->kid, sizeof(signer->kid));
	assert_int_equal(mint_jti(order.jti), 0);
	return order;
}

static void read_back(const struct signer *signer, const char *token,
                      const struct mint_order *order)
{
	const struct expectation expectation = {.issuer = order->iss,
	                                        .audience = order->aud,
	                                        .now = order->iat,
	                                        .lifetime_max = TOKEN_LIFETIME_MAX};
	struct token_result result = {0};

	token_read(token, strlen(token), signer->keys, &expectation, &result);
	if (result.decision != DECISION_ALLOW)
		fail_msg("%s: %s", token_reason_word(result.reason), token);
	assert_string_equal(result.claims.kid, order->kid);
	assert_string_equal(result.claims.iss, order->iss);
	assert_string_equal(result.claims.sub, order->sub);
	assert_string_equal(result.claims.scope, order->scope);
	assert_string_equal(result.claims.jti, order->jti);
	assert_true(result.claims.iat == order->iat);
	assert_true(result.claims.nbf == order->iat);
	assert_true(result.claims.exp == order->exp);
	assert_int_equal(result.claims.access, order->access);
	assert_string_equal(result.claims.cnf, order->cnf);
}

static void round_trip(const struct signer *signer, const struct mint_order *order)
{
	cleanup(cleanup_secret) char *token = NULL;

	assert_int_equal(mint_token(order, signer->pem, &token), 0);
	assert_true(strlen(token) <= TOKEN_MAX);
	read_back(signer, token, order);
}

/* Decodes the part that begins at `*text` and steps behind its dot. */
static void decode_part(const char **text, char ret_json[static TOKEN_MAX])
{
	const char *dot = strchr(*text, '.');
	size_t length = 0;

	assert_non_null(dot);
	assert_int_equal(base64url_decode(*text, (size_t)(dot - *text), (uint8_t *)ret_json,
	                                  TOKEN_MAX - 1, &length),
	                 0);
	ret_json[length] = '\0';
	*text = dot + 1;
}

static void header_and_claims_are_exactly_these(void **state)
{
	const struct signer *signer = *state;
	struct mint_order order = good_order(signer);
	cleanup(cleanup_secret) char *token = NULL;
	char json[TOKEN_MAX], expected[TOKEN_MAX];
	const char *at;

	assert_int_equal(mint_token(&order, signer->pem, &token), 0);
	at = token;
	decode_part(&at, json);
	assert_int_equal(text_format(expected, sizeof(expected),
	                             "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
	                             key_algorithm_name(signer->algorithm), signer->kid),
	                 0);
	assert_string_equal(json, expected);
	decode_part(&at, json);
	assert_int_equal(
	        text_format(expected, sizeof(expected),
	                    "{\"access\":42,\"aud\":\"web1.example.org\",\"exp\":1800000900,"
	                    "\"iat\":1800000000,\"iss\":\"web1.example.org\",\"jti\":\"%s\","
	                    "\"nbf\":1800000000,\"scope\":\"sudo:root ssh:alice\","
	                    "\"sub\":\"alice\"}",
	                    order.jti),
	        0);
	assert_string_equal(json, expected);
}

#define FINGERPRINT "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8"

/* RFC 7800: what confirms it is an object of its own. */
static void a_binding_is_one_more_claim(void **state)
{
	const struct signer *signer = *state;
	struct mint_order order = good_order(signer);
	cleanup(cleanup_secret) char *token = NULL;
	char json[TOKEN_MAX];
	const char *at;

	memcpy(order.cnf, FINGERPRINT, sizeof(FINGERPRINT));
	assert_int_equal(mint_token(&order, signer->pem, &token), 0);
	at = token;
	decode_part(&at, json);
	decode_part(&at, json);
	assert_non_null(strstr(json, "\"cnf\":{\"ssh\":\"" FINGERPRINT "\"}"));
	/* an RS256 token fits no prompt, bound or not */
	assert_true(strlen(token) <= TOKEN_TYPED_MAX || signer->algorithm == KEY_RS256);
	read_back(signer, token, &order);
}

static uint32_t below(uint32_t limit)
{
	uint32_t number;

	assert_int_equal(random_bytes(&number, sizeof(number)), 0);
	return number % limit;
}

/* Characters that a writer could get wrong: JSON's own, and each length of UTF-8. */
static void random_text(char *text, size_t bytes)
{
	static const char *const pieces[] = {"\"", "\\", "/", "<",      "a",          "Z",
	                                     "0",  " ",  "é", "\u20ac", "\U0001f511", ":",
	                                     "{",  "}",  "~", "'",      "$"};
	size_t used = 0;

	while (used < bytes) {
		const char *piece = pieces[below(sizeof(pieces) / sizeof(pieces[0]))];
		size_t length = strlen(piece);
		if (used + length > bytes)
			continue;
		memcpy(text + used, piece, length);
		used += length;
	}
	text[used] = '\0';
}

static void random_name(char *text, size_t bytes)
{
	static const char letters[] =
	        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123-.@";

	text[0] = letters[below(26)];
	for (size_t i = 1; i < bytes; i++)
		text[i] = letters[below(sizeof(letters) - 1)];
	text[bytes] = '\0';
}

static struct mint_order random_order(const struct signer *signer)
{
	struct mint_order order = good_order(signer);

	random_text(order.iss, 1 + below(255));
	random_text(order.aud, 1 + below(255));
	random_text(order.scope, 1 + below(600));
	random_name(order.sub, 1 + below(64));
	order.iat = below(UINT32_MAX);
	order.exp = order.iat + 1 + below((uint32_t)TOKEN_LIFETIME_MAX);
	order.access = 1 + below(UINT32_MAX);
	if (below(2))
		memcpy(order.cnf, FINGERPRINT, sizeof(FINGERPRINT));
	return order;
}

/* T28; the number of orders that the requirement names when JIT_LONG=1 */
static void t28_whatever_is_minted_reads_back(void **state)
{
	const char *wanted = getenv("JIT_LONG");
	int rounds = wanted && !strcmp(wanted, "1") ? 100000 : 2000;

	for (int i = 0; i < rounds; i++) {
		struct mint_order order = random_order(*state);
		round_trip(*state, &order);
	}
}

static void bounds_of_each_field_are_reached(void **state)
{
	const struct signer *signer = *state;
	struct mint_order order = good_order(signer);

	memset(order.iss, 'i', sizeof(order.iss) - 1);
	memset(order.aud, 'a', sizeof(order.aud) - 1);
	memset(order.sub, 's', sizeof(order.sub) - 1);
	memset(order.scope, 'x', sizeof(order.scope) - 1);
	order.access = UINT32_MAX;
	order.iat = 0;
	order.exp = TOKEN_LIFETIME_MAX;
	round_trip(signer, &order);
	order.iat = (INT64_C(1) << 53) - 1;
	order.exp = INT64_C(1) << 53;
	round_trip(signer, &order);
}

static void refuse(const struct signer *signer, const struct mint_order *order, const char *what)
{
	char *token = NULL;

	if (mint_token(order, signer->pem, &token) != -EINVAL)
		fail_msg("not refused: %s", what);
	assert_null(token);
}

static void a_token_that_grows_too_long_is_refused(void **state)
{
	struct mint_order order = good_order(*state);

	/* each of these takes two bytes in JSON */
	memset(order.iss, '"', sizeof(order.iss) - 1);
	memset(order.aud, '"', sizeof(order.aud) - 1);
	memset(order.scope, '"', sizeof(order.scope) - 1);
	refuse(*state, &order, "a token over TOKEN_MAX");
}

static void unclean_text_is_refused(void **state)
{
	static const struct {
		size_t offset;
		const char *text;
	} rows[] = {
#define ROW(field, text) {offsetof(struct mint_order, field), text}
	        ROW(kid, ""),
	        ROW(kid, "a/b"),
	        ROW(kid, "../key"),
	        ROW(kid, "a b"),
	        ROW(kid, "k\"1"),
	        ROW(iss, ""),
	        ROW(iss, "web\n1"),
	        ROW(iss, "web\x7f"),
	        ROW(iss, "\xff\xfe"),
	        ROW(iss, "\xc0\x80"),
	        ROW(aud, ""),
	        ROW(aud, "web\t1"),
	        ROW(aud, "\u202eweb"),
	        ROW(sub, ""),
	        ROW(sub, "-alice"),
	        ROW(sub, "al ice"),
	        ROW(sub, ".."),
	        ROW(sub, "a/b"),
	        ROW(scope, ""),
	        ROW(scope, "sudo:root\r"),
	        ROW(scope, "sudo:\xed\xa0\x80"),
	        ROW(jti, ""),
	        ROW(jti, "0123456789abcdef0123456789abcde"),
	        ROW(jti, "0123456789ABCDEF0123456789ABCDEF"),
	        ROW(jti, "0123456789abcdef0123456789abcdeg"),
	        ROW(cnf, "SHA256:"),
	        ROW(cnf, "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/"),
	        ROW(cnf, "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/9"),
	        ROW(cnf, "SHA256:\"}},\"sub\":\"root\",\"x\":{\"y\":\"12345678901234"),
#undef ROW
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mint_order order = good_order(*state);
		memcpy((char *)&order + rows[i].offset, rows[i].text, strlen(rows[i].text) + 1);
		refuse(*state, &order, rows[i].text);
	}
}

static void text_without_an_end_is_refused(void **state)
{
#define ENDLESS(field)                                                                             \
	do {                                                                                       \
		struct mint_order order = good_order(*state);                                      \
		memset(order.field, 'a', sizeof(order.field));                                     \
		refuse(*state, &order, #field);                                                    \
	} while (0)
	ENDLESS(kid);
	ENDLESS(iss);
	ENDLESS(aud);
	ENDLESS(sub);
	ENDLESS(scope);
	ENDLESS(jti);
	ENDLESS(cnf);
#undef ENDLESS
}

static void times_and_numbers_out_of_bounds_are_refused(void **state)
{
	static const struct {
		int64_t iat, exp;
		uint32_t access;
	} rows[] = {
	        {NOW, NOW, 42},
	        {NOW, NOW - 1, 42},
	        {NOW, NOW + TOKEN_LIFETIME_MAX + 1, 42},
	        {-1, 900, 42},
	        {INT64_MIN, INT64_MAX, 42},
	        {(INT64_C(1) << 53), (INT64_C(1) << 53) + 1, 42},
	        {INT64_MAX - 1, INT64_MAX, 42},
	        {NOW, NOW + 900, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct mint_order order = good_order(*state);
		order.iat = rows[i].iat;
		order.exp = rows[i].exp;
		order.access = rows[i].access;
		refuse(*state, &order, "numbers");
	}
}

static void a_bad_key_signs_nothing(void **state)
{
	static const char *const keys[] = {"", "no key", "-----BEGIN PRIVATE KEY-----\n"};
	struct mint_order order = good_order(*state);
	char *token = NULL;

	assert_int_equal(mint_token(&order, NULL, &token), -EINVAL);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_true(mint_token(&order, keys[i], &token) < 0);
	assert_null(token);
}

static void another_key_with_the_same_kid_does_not_pass(void **state)
{
	const struct signer *signer = *state;
	struct mint_order order = good_order(signer);
	cleanup(cleanup_secret) char *other = NULL, *token = NULL;
	struct token_result result = {0};
	const struct expectation expectation = {order.iss, order.aud, NOW, TOKEN_LIFETIME_MAX};

	assert_int_equal(key_generate(signer->algorithm, &other, NULL), 0);
	assert_int_equal(mint_token(&order, other, &token), 0);
	token_read(token, strlen(token), signer->keys, &expectation, &result);
	assert_true(result.decision != DECISION_ALLOW);
	assert_int_equal(result.reason, TOKEN_REASON_SIGNATURE);
}

/* What a key cannot do is not written under its name. */
static void a_key_of_another_algorithm_signs_nothing(void **state)
{
	const struct signer *signer = *state;
	struct mint_order order = good_order(signer);
	char *token = NULL;

	order.algorithm = signer->algorithm == KEY_ES256 ? KEY_RS256 : KEY_ES256;
	assert_true(mint_token(&order, signer->pem, &token) < 0);
	assert_null(token);
	order.algorithm = KEY_NONE;
	refuse(signer, &order, "no algorithm");
	order.algorithm = (enum key_algorithm)3;
	refuse(signer, &order, "an algorithm that is none");
}

/* What a prompt takes decides between token and code (jitd/issue.c). */
static void only_es256_fits_a_prompt(void **state)
{
	const struct signer *signer = *state;
	struct mint_order order = good_order(signer);
	cleanup(cleanup_secret) char *token = NULL;

	assert_int_equal(mint_token(&order, signer->pem, &token), 0);
	assert_int_equal(strlen(token) <= TOKEN_TYPED_MAX, signer->algorithm == KEY_ES256);
}

static void names_of_tokens_are_hex_and_differ(void **state)
{
	char first[33], second[33];

	(void)state;
	assert_int_equal(mint_jti(first), 0);
	assert_int_equal(mint_jti(second), 0);
	assert_int_equal(strspn(first, "0123456789abcdef"), 32);
	assert_int_equal(strlen(first), 32);
	assert_string_not_equal(first, second);
}

struct minting {
	const struct signer *signer;
	struct mint_order order;
	char *tokens[50];
};

static void *mint_many(void *argument)
{
	struct minting *minting = argument;

	for (size_t i = 0; i < 50; i++)
		if (mint_token(&minting->order, minting->signer->pem, &minting->tokens[i]) < 0)
			minting->tokens[i] = NULL;
	return NULL;
}

static void threads_mint_side_by_side(void **state)
{
	struct minting mintings[4];
	pthread_t threads[4];

	for (size_t i = 0; i < 4; i++) {
		mintings[i] = (struct minting){.signer = *state, .order = random_order(*state)};
		assert_int_equal(pthread_create(&threads[i], NULL, mint_many, &mintings[i]), 0);
	}
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		for (size_t k = 0; k < 50; k++) {
			assert_non_null(mintings[i].tokens[k]);
			read_back(*state, mintings[i].tokens[k], &mintings[i].order);
			cleanup_secret(&mintings[i].tokens[k]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(header_and_claims_are_exactly_these),
	        cmocka_unit_test(a_binding_is_one_more_claim),
	        cmocka_unit_test(t28_whatever_is_minted_reads_back),
	        cmocka_unit_test(bounds_of_each_field_are_reached),
	        cmocka_unit_test(a_token_that_grows_too_long_is_refused),
	        cmocka_unit_test(unclean_text_is_refused),
	        cmocka_unit_test(text_without_an_end_is_refused),
	        cmocka_unit_test(times_and_numbers_out_of_bounds_are_refused),
	        cmocka_unit_test(a_bad_key_signs_nothing),
	        cmocka_unit_test(another_key_with_the_same_kid_does_not_pass),
	        cmocka_unit_test(a_key_of_another_algorithm_signs_nothing),
	        cmocka_unit_test(only_es256_fits_a_prompt),
	        cmocka_unit_test(names_of_tokens_are_hex_and_differ),
	        cmocka_unit_test(threads_mint_side_by_side),
	};

	return cmocka_run_group_tests_name("ES256", tests, signer_es256, signer_drop) +
	       cmocka_run_group_tests_name("RS256", tests, signer_rs256, signer_drop);
}
