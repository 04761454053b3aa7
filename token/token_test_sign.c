/* SPDX-License-Identifier: Apache-2.0 */
#include "token/token_test_sign.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/decision.h"
#include "base/secret.h"
#include "base/text.h"
#include "token/base64url.h"

static int set_up(void **state, enum key_algorithm algorithm)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct key *key = NULL;
	struct fault fault;

	assert_non_null(bench);
	bench->algorithm = algorithm;
	assert_int_equal(key_generate(algorithm, &bench->private_pem, &fault), 0);
	assert_int_equal(key_from_private_pem(bench->private_pem, &key, &fault), 0);
	assert_int_equal(text_copy(bench->kid, sizeof(bench->kid), key_kid(key)), 0);
	bench->keys = keyset_new();
	assert_int_equal(keyset_add(bench->keys, key, INT64_MIN, INT64_MAX, false), 0);
	bench->expectation = (struct expectation){OUR_ISSUER, OUR_AUDIENCE, NOW, 3600};
	*state = bench;
	return 0;
}

int bench_setup(void **state)
{
	return set_up(state, KEY_ES256);
}

int bench_setup_rsa(void **state)
{
	return set_up(state, KEY_RS256);
}

int bench_teardown(void **state)
{
	struct bench *bench = *state;

	bench->keys = keyset_free(bench->keys);
	cleanup_secret(&bench->private_pem);
	free(bench);
	return 0;
}

char *text_of(const char *format, ...)
{
	char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	assert_true(vasprintf(&text, format, arguments) >= 0);
	va_end(arguments);
	return text;
}

char *encode(const void *bytes, size_t length)
{
	char *text = malloc(BASE64URL_LENGTH(length) + 1);

	assert_non_null(text);
	base64url_encode(bytes, length, text);
	return text;
}

static void raw_of_der(const unsigned char *der, size_t size, uint8_t raw[static 64])
{
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &der, (long)size);

	assert_non_null(pair);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(pair), raw, 32), 32);
	assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(pair), raw + 32, 32), 32);
	ECDSA_SIG_free(pair);
}

size_t sign_raw(const struct bench *bench, const void *bytes, size_t length,
                uint8_t raw[static KEY_SIGNATURE_MAX])
{
	BIO *bio = BIO_new_mem_buf(bench->private_pem, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[KEY_SIGNATURE_MAX];
	size_t size = sizeof(signature);

	assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pkey), 1);
	assert_int_equal(EVP_DigestSign(ctx, signature, &size, bytes, length), 1);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	if (bench->algorithm == KEY_ES256) {
		raw_of_der(signature, size, raw);
		return 64;
	}
	memcpy(raw, signature, size);
	return size;
}

char *sign_text(const struct bench *bench, const char *text)
{
	uint8_t raw[KEY_SIGNATURE_MAX];
	size_t length = sign_raw(bench, text, strlen(text), raw);
	text_owned signature = encode(raw, length);

	return text_of("%s.%s", text, signature);
}

char *sign_bytes(const struct bench *bench, const void *header, size_t header_length,
                 const void *payload, size_t payload_length)
{
	text_owned first = encode(header, header_length);
	text_owned second = encode(payload, payload_length);
	text_owned text = text_of("%s.%s", first, second);

	return sign_text(bench, text);
}

char *sign(const struct bench *bench, const char *header, const char *payload)
{
	return sign_bytes(bench, header, strlen(header), payload, strlen(payload));
}

char *good_header(const struct bench *bench)
{
	return text_of("{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
	               key_algorithm_name(bench->algorithm), bench->kid);
}

char *sign_payload(const struct bench *bench, const char *payload)
{
	text_owned header = good_header(bench);

	return sign(bench, header, payload);
}

char *good_token(const struct bench *bench)
{
	text_owned payload = good_payload();

	return sign_payload(bench, payload);
}

char *payload_with(const char *name, const char *json)
{
	static const char *const claims[][2] = {
	        {"iss", "\"" OUR_ISSUER "\""}, {"aud", "\"" OUR_AUDIENCE "\""},
	        {"sub", "\"alice\""},          {"scope", "\"sudo:root ssh:alice\""},
	        {"iat", "1799999990"},         {"exp", "1800000290"},
	        {"jti", "\"b3f1\""},           {"access", "42"},
	};
	const char *comma = "";
	size_t size = 0;
	char *text = NULL;
	FILE *out = open_memstream(&text, &size);
	bool used = false;

	assert_non_null(out);
	fputc('{', out);
	for (size_t i = 0; i < COUNT(claims); i++) {
		bool is_it = strcmp(claims[i][0], name) == 0;
		used |= is_it;
		if (is_it && !json)
			continue;
		fprintf(out, "%s\"%s\":%s", comma, claims[i][0], is_it ? json : claims[i][1]);
		comma = ",";
	}
	if (!used && json)
		fprintf(out, "%s\"%s\":%s", comma, name, json);
	fputc('}', out);
	fclose(out);
	return text;
}

static struct token_result read_checked(const struct bench *bench, const char *text, size_t length)
{
	static const struct claims none; /* zero, padding included */
	struct token_result result;

	memset(&result, 0xa5, sizeof(result));
	token_read(text, length, bench->keys, &bench->expectation, &result);
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

enum token_reason read_reason(const struct bench *bench, const char *text, size_t length)
{
	return read_checked(bench, text, length).reason;
}

struct token_result read_result(const struct bench *bench, const char *text)
{
	return read_checked(bench, text, strlen(text));
}
