/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RSA keys: which are taken, and how they are named.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/secret.h"
#include "token/base64url.h"
#include "token/key_kind.h"
#include "token/token_test_sign.h"

#define secret_owned cleanup(cleanup_secret) owned_text

static char *drain(BIO *bio)
{
	char *bytes = NULL;
	long length = BIO_get_mem_data(bio, &bytes);
	char *text = strndup(bytes, (size_t)length);

	BIO_free(bio);
	return text;
}

static char *pem_of_public(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
	EVP_PKEY_free(pkey);
	return drain(bio);
}

static char *pem_of_private(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
	EVP_PKEY_free(pkey);
	return drain(bio);
}

static EVP_PKEY *pkey_of_numbers(const BIGNUM *n, const BIGNUM *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *parameters;
	EVP_PKEY *pkey = NULL;

	assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n), 1);
	assert_int_equal(OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e), 1);
	parameters = OSSL_PARAM_BLD_to_param(build);
	assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
	assert_int_equal(EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, parameters), 1);
	OSSL_PARAM_free(parameters);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

/* Numbers of exactly `bits` bits without small factors that are not prime: good public moduli. */
static BIGNUM *modulus_of(int bits)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = BN_new(), *small = BN_new(), *common = BN_new();

	BN_set_word(small, 3);
	for (BN_ULONG prime = 5; prime < 1000; prime += 2)
		BN_mul_word(small, prime);
	do {
		assert_int_equal(BN_rand(n, bits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ODD), 1);
		assert_int_equal(BN_gcd(common, n, small, ctx), 1);
	} while (!BN_is_one(common));
	BN_free(small);
	BN_free(common);
	BN_CTX_free(ctx);
	return n;
}

static char *pem_of_numbers(BIGNUM *n, const char *e_hex)
{
	BIGNUM *e = NULL;
	char *pem;

	assert_true(BN_hex2bn(&e, e_hex) > 0);
	pem = pem_of_public(pkey_of_numbers(n, e));
	BN_free(e);
	BN_free(n);
	return pem;
}

static void refuse_private(const char *pem, const char *word)
{
	struct key *key = NULL;
	struct fault fault = {""};

	assert_int_equal(key_from_private_pem(pem, &key, &fault), -EINVAL);
	assert_null(key);
	assert_non_null(strstr(fault.text, word));
}

static void refuse_public(const char *pem, const char *word)
{
	struct key *key = NULL;
	struct fault fault = {""};

	assert_int_equal(key_from_public_pem(pem, &key, &fault), -EINVAL);
	assert_null(key);
	assert_non_null(strstr(fault.text, word));
}

static EVP_PKEY *pkey_of(const char *private_pem)
{
	BIO *bio = BIO_new_mem_buf(private_pem, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(pkey);
	return pkey;
}

static void a_made_key_is_loaded_by_either_half(void **state)
{
	struct bench *bench = *state;
	cleanup(cleanup_key) struct key *one = NULL, *two = NULL;
	text_owned public = pem_of_public(pkey_of(bench->private_pem));

	assert_int_equal(key_from_private_pem(bench->private_pem, &one, NULL), 0);
	assert_int_equal(key_from_public_pem(public, &two, NULL), 0);
	assert_string_equal(key_kid(one), key_kid(two));
	assert_int_equal(strlen(key_kid(one)), 8);
	assert_int_equal(key_algorithm(one), KEY_RS256);
	assert_int_equal(key_algorithm(two), KEY_RS256);
	assert_int_equal(strncmp(bench->private_pem, "-----BEGIN PRIVATE KEY-----\n", 28), 0);
}

static void the_kid_is_the_thumbprint_of_rfc_7638(void **state)
{
	static const char modulus[] = /* of section 3.1 */
	        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6"
	        "tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5"
	        "v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD0"
	        "8qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU"
	        "8awapJzKnqDKgw";
	cleanup(cleanup_key) struct key *key = NULL;
	uint8_t bytes[256];
	size_t length;

	(void)state;
	assert_int_equal(base64url_decode(modulus, strlen(modulus), bytes, sizeof(bytes), &length),
	                 0);
	text_owned pem = pem_of_numbers(BN_bin2bn(bytes, (int)length, NULL), "10001");
	assert_int_equal(key_from_public_pem(pem, &key, NULL), 0);
	assert_string_equal(key_kid(key), "NzbLsXh8");
}

/* Signs with n and d by hand, and has the signature read. */
static void check_signature_of(const BIGNUM *n, const BIGNUM *d)
{
	static const uint8_t info[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	                               0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
	uint8_t bytes[512];
	const int size = BN_num_bytes(n);
	BN_CTX *ctx = BN_CTX_new();
	cleanup(cleanup_key) struct key *key = NULL;
	text_owned pem = pem_of_numbers(BN_dup(n), "10001");
	BIGNUM *number;

	assert_int_equal(key_from_public_pem(pem, &key, NULL), 0);
	memset(bytes, 0xff, sizeof(bytes));
	bytes[0] = 0;
	bytes[1] = 1;
	bytes[size - 52] = 0;
	memcpy(bytes + size - 51, info, sizeof(info));
	assert_int_equal(key_sha256("text", 4, bytes + size - 32), 0);
	number = BN_bin2bn(bytes, size, NULL);
	assert_int_equal(BN_mod_exp(number, number, d, n, ctx), 1);
	assert_int_equal(BN_bn2binpad(number, bytes, size), size);
	assert_int_equal(size, 512);
	assert_int_equal(key_verify(key, "text", 4, bytes, 512), 0);
	assert_int_equal(key_verify(key, "test", 4, bytes, 512), KEY_BAD_SIGNATURE);
	assert_int_equal(key_verify(key, "text", 4, bytes, 511), KEY_BAD_LENGTH);
	BN_free(number);
	BN_CTX_free(ctx);
}

/* As long a key as may be: four primes make it, which no check of a public key sees. */
static void a_token_of_4096_bits_is_read(void **state)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = BN_new(), *e = NULL, *d, *order = BN_new(), *one = BN_new();

	(void)state;
	BN_one(n);
	BN_one(order);
	BN_one(one);
	for (int i = 0; i < 4; i++) {
		BIGNUM *prime = BN_new();
		do
			assert_int_equal(BN_generate_prime_ex(prime, 1024, 0, NULL, NULL, NULL), 1);
		while (BN_mod_word(prime, 65537) == 1); /* e would have no inverse */
		BN_mul(n, n, prime, ctx);
		BN_sub(prime, prime, one);
		BN_mul(order, order, prime, ctx);
		BN_free(prime);
	}
	assert_true(BN_hex2bn(&e, "10001") > 0);
	d = BN_mod_inverse(NULL, e, order, ctx);
	BN_free(order);
	assert_non_null(d);
	check_signature_of(n, d);
	BN_free(n);
	BN_free(e);
	BN_clear_free(d);
	BN_free(one);
	BN_CTX_free(ctx);
}

static void tokens_of_an_rsa_key_are_read(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);

	assert_allowed(bench, token);
	assert_header(bench,
	              text_of("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", bench->kid),
	              ALGORITHM);
	token[strlen(token) - 2] ^= 1;
	assert_refused(bench, token);
}

static void algorithms_have_their_names(void **state)
{
	static const char *const others[] = {"",      "es256", "ES256 ", "RS",   "RS512",
	                                     "PS256", "none",  "HS256",  "ES384"};
	char *pem = NULL;
	struct fault fault = {""};

	(void)state;
	assert_int_equal(key_algorithm_named("ES256"), KEY_ES256);
	assert_int_equal(key_algorithm_named("RS256"), KEY_RS256);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(key_algorithm_named(others[i]), KEY_NONE);
	assert_string_equal(key_algorithm_name(KEY_ES256), "ES256");
	assert_string_equal(key_algorithm_name(KEY_RS256), "RS256");
	assert_string_equal(key_algorithm_name(KEY_NONE), "");
	assert_int_equal(key_generate(KEY_NONE, &pem, &fault), -EINVAL);
	assert_null(pem);
	assert_non_null(strstr(fault.text, "no keys are made"));
}

static void t04_rsa_keys_have_2048_to_4096_bits(void **state)
{
	static const int small[] = {512, 1024, 2040, 2047}, large[] = {4097, 4104, 8192};
	static const unsigned int good[] = {2048, 2049, 3072, 4096};

	(void)state;
	for (size_t i = 0; i < COUNT(small); i++) {
		text_owned pem = pem_of_numbers(modulus_of(small[i]), "10001");
		refuse_public(pem, "need 2048 to 4096");
	}
	for (size_t i = 0; i < COUNT(large); i++) {
		text_owned pem = pem_of_numbers(modulus_of(large[i]), "10001");
		refuse_public(pem, "need 2048 to 4096");
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		/* of two primes: of others OpenSSL's check refuses some, by chance */
		text_owned pem = pem_of_public(EVP_RSA_gen(good[i]));
		cleanup(cleanup_key) struct key *key = NULL;
		assert_int_equal(key_from_public_pem(pem, &key, NULL), 0);
	}
	text_owned private = pem_of_private(EVP_RSA_gen(1024));
	refuse_private(private, "has 1024 bits: need 2048 to 4096");
}

static void t04_rsa_exponents_are_65537(void **state)
{
	static const char *const wrong[] = {"1",     "2",         "3",           "11",
	                                    "FFFF",  "10000",     "10002",       "10003",
	                                    "20001", "100000001", "100000000001"};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;
	unsigned int e = 3;
	OSSL_PARAM parameters[] = {OSSL_PARAM_uint(OSSL_PKEY_PARAM_RSA_E, &e), OSSL_PARAM_END};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		text_owned pem = pem_of_numbers(modulus_of(2048), wrong[i]);
		refuse_public(pem, "another exponent: need 65537");
	}
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_params(ctx, parameters), 1);
	assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
	EVP_PKEY_CTX_free(ctx);
	text_owned private = pem_of_private(pkey);
	refuse_private(private, "another exponent: need 65537");
}

static void t04_rsa_moduli_are_checked(void **state)
{
	BIGNUM *even = modulus_of(2048), *third = modulus_of(2046), *prime = BN_new();

	(void)state;
	BN_sub_word(even, 1);
	text_owned one = pem_of_numbers(even, "10001");
	refuse_public(one, "no good public key");
	BN_mul_word(third, 3 * 5);
	text_owned two = pem_of_numbers(third, "10001");
	refuse_public(two, "no good public key");
	assert_int_equal(BN_generate_prime_ex(prime, 2048, 0, NULL, NULL, NULL), 1);
	text_owned three = pem_of_numbers(prime, "10001");
	refuse_public(three, "no good public key");
}

static void t04_rsa_keys_for_pss_are_refused(void **state)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA-PSS", NULL);
	EVP_PKEY *pkey = NULL;

	(void)state;
	assert_int_equal(EVP_PKEY_keygen_init(ctx), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, 2048), 1);
	assert_int_equal(EVP_PKEY_generate(ctx, &pkey), 1);
	EVP_PKEY_CTX_free(ctx);
	assert_int_equal(EVP_PKEY_up_ref(pkey), 1);
	text_owned private = pem_of_private(pkey);
	text_owned public = pem_of_public(pkey);
	refuse_private(private, "another kind (RSA-PSS)");
	refuse_public(public, "another kind (RSA-PSS)");
}

/* The public half of one key, all else of another. */
static void t04_rsa_halves_that_do_not_match_are_refused(void **state)
{
	struct bench *bench = *state;
	EVP_PKEY *one = pkey_of(bench->private_pem), *two = EVP_RSA_gen(2048);
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(one);
	unsigned char *der = NULL, own[256], other[256], *at;
	int length = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	BIGNUM *n = NULL, *foreign = NULL;
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(EVP_PKEY_get_bn_param(one, OSSL_PKEY_PARAM_RSA_N, &n), 1);
	assert_int_equal(EVP_PKEY_get_bn_param(two, OSSL_PKEY_PARAM_RSA_N, &foreign), 1);
	assert_int_equal(BN_bn2binpad(n, own, 256), 256);
	assert_int_equal(BN_bn2binpad(foreign, other, 256), 256);
	at = memmem(der, (size_t)length, own, 256);
	assert_non_null(at);
	memcpy(at, other, 256);
	assert_true(PEM_write_bio(bio, "PRIVATE KEY", "", der, length) > 0);
	secret_owned mixed = drain(bio);
	refuse_private(mixed, "do not match");
	OPENSSL_free(der);
	BN_free(n);
	BN_free(foreign);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);
}

static void t04_rsa_keys_in_other_files_are_refused(void **state)
{
	struct bench *bench = *state;
	EVP_PKEY *pkey = pkey_of(bench->private_pem);
	BIO *traditional = BIO_new(BIO_s_mem()), *public = BIO_new(BIO_s_mem());
	BIO *locked = BIO_new(BIO_s_mem());

	assert_int_equal(
	        PEM_write_bio_PrivateKey_traditional(traditional, pkey, NULL, NULL, 0, NULL, NULL),
	        1);
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(locked, pkey, EVP_aes_256_cbc(), "secret", 6,
	                                               NULL, NULL),
	                 1);
	assert_int_equal(PEM_write_bio_RSAPublicKey(public, EVP_PKEY_get0_RSA(pkey)), 1);
	EVP_PKEY_free(pkey);
	secret_owned pkcs1 = drain(traditional), encrypted = drain(locked);
	text_owned pkcs1_public = drain(public);
	refuse_private(pkcs1, "BEGIN PRIVATE KEY");
	refuse_private(encrypted, "BEGIN PRIVATE KEY");
	refuse_public(pkcs1_public, "BEGIN PUBLIC KEY");
	refuse_public(bench->private_pem, "BEGIN PUBLIC KEY");
}

static void a_number_has_its_bounds(void **state)
{
	EVP_PKEY *pkey = EVP_RSA_gen(2048);
	char text[2 * KEY_NUMBER_MAX], small[BASE64URL_LENGTH(256)];

	(void)state;
	assert_int_equal(
	        key_number_text(pkey, OSSL_PKEY_PARAM_RSA_N, KEY_NUMBER_MAX, text, sizeof(text)),
	        0);
	assert_int_equal(key_number_text(pkey, OSSL_PKEY_PARAM_RSA_N, KEY_NUMBER_MAX + 1, text,
	                                 sizeof(text)),
	                 -EIO);
	assert_int_equal(key_number_text(pkey, OSSL_PKEY_PARAM_RSA_N, 0, small, sizeof(small)),
	                 -EIO);
	assert_int_equal(key_number_text(pkey, OSSL_PKEY_PARAM_RSA_N, 255, text, sizeof(text)),
	                 -EIO);
	EVP_PKEY_free(pkey);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_made_key_is_loaded_by_either_half),
	        cmocka_unit_test(a_number_has_its_bounds),
	        cmocka_unit_test(the_kid_is_the_thumbprint_of_rfc_7638),
	        cmocka_unit_test(a_token_of_4096_bits_is_read),
	        cmocka_unit_test(tokens_of_an_rsa_key_are_read),
	        cmocka_unit_test(algorithms_have_their_names),
	        cmocka_unit_test(t04_rsa_keys_have_2048_to_4096_bits),
	        cmocka_unit_test(t04_rsa_exponents_are_65537),
	        cmocka_unit_test(t04_rsa_moduli_are_checked),
	        cmocka_unit_test(t04_rsa_keys_for_pss_are_refused),
	        cmocka_unit_test(t04_rsa_halves_that_do_not_match_are_refused),
	        cmocka_unit_test(t04_rsa_keys_in_other_files_are_refused),
	};

	return cmocka_run_group_tests_name("token rsa", tests, bench_setup_rsa, bench_teardown);
}
