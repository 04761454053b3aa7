/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/secret.h"
#include "token/base64url.h"
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
	return drain(bio);
}

static char *pem_of_private(EVP_PKEY *pkey, const EVP_CIPHER *cipher)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, cipher, "secret", 6, NULL, NULL),
	                 1);
	return drain(bio);
}

static char *pem_traditional(EVP_PKEY *pkey, const EVP_CIPHER *cipher)
{
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(PEM_write_bio_PrivateKey_traditional(
	                         bio, pkey, cipher,
	                         (const unsigned char *)(cipher ? "secret" : NULL), cipher ? 6 : 0,
	                         NULL, NULL),
	                 1);
	return drain(bio);
}

static EVP_PKEY *pkey_of(const char *private_pem)
{
	BIO *bio = BIO_new_mem_buf(private_pem, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	assert_non_null(pkey);
	return pkey;
}

/* SubjectPublicKeyInfo of P-256 for a point in any of its encodings (RFC 5480). */
static char *pem_of_point(const uint8_t *point, size_t length)
{
	static const uint8_t algorithm[] = {0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
	                                    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
	                                    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	uint8_t der[128];
	size_t used = 0;
	BIO *bio = BIO_new(BIO_s_mem());

	der[used++] = 0x30;
	der[used++] = (uint8_t)(sizeof(algorithm) + 3 + length);
	memcpy(der + used, algorithm, sizeof(algorithm));
	used += sizeof(algorithm);
	der[used++] = 0x03;
	der[used++] = (uint8_t)(length + 1);
	der[used++] = 0;
	memcpy(der + used, point, length);
	assert_true(PEM_write_bio(bio, "PUBLIC KEY", "", der, (long)(used + length)) > 0);
	return drain(bio);
}

static struct key *public_key_of(const char *x, const char *y)
{
	uint8_t point[65] = {4};
	struct key *key = NULL;
	struct fault fault;
	size_t length;

	assert_int_equal(base64url_decode(x, strlen(x), point + 1, 32, &length), 0);
	assert_int_equal(base64url_decode(y, strlen(y), point + 33, 32, &length), 0);
	text_owned pem = pem_of_point(point, sizeof(point));
	assert_int_equal(key_from_public_pem(pem, &key, &fault), 0);
	return key;
}

static void a_made_key_is_loaded_by_either_half(void **state)
{
	struct bench *bench = *state;
	cleanup(cleanup_key) struct key *one = NULL, *two = NULL;
	secret_owned other = NULL;
	struct fault fault;
	EVP_PKEY *pkey = pkey_of(bench->private_pem);
	text_owned public = pem_of_public(pkey);

	EVP_PKEY_free(pkey);
	assert_int_equal(key_from_private_pem(bench->private_pem, &one, &fault), 0);
	assert_int_equal(key_from_public_pem(public, &two, &fault), 0);
	assert_string_equal(key_kid(one), key_kid(two));
	assert_int_equal(strlen(key_kid(one)), 8);
	assert_int_equal(key_algorithm(one), KEY_ES256);
	assert_int_equal(key_generate(KEY_ES256, &other, &fault), 0);
	assert_string_not_equal(other, bench->private_pem);
	assert_int_equal(strncmp(other, "-----BEGIN PRIVATE KEY-----\n", 28), 0);
	assert_null(key_free(NULL));
}

static void the_kid_is_the_thumbprint_of_rfc_7638(void **state)
{
	/* key and jkt of RFC 9449, sections 4.1 and 6.1 */
	cleanup(cleanup_key) struct key *key =
	        public_key_of("l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
	                      "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA");

	(void)state;
	assert_string_equal(key_kid(key), "0ZcOCORZ");
}

static void digests_are_sha256(void **state)
{
	uint8_t digest[32];
	char text[65];

	(void)state;
	assert_int_equal(key_sha256("abc", 3, digest), 0); /* FIPS 180-2, B.1 */
	hex_encode(digest, sizeof(digest), text);
	assert_string_equal(text,
	                    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
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

static void t04_keys_of_other_kinds_are_refused(void **state)
{
	const struct {
		EVP_PKEY *pkey;
		const char *word;
	} others[] = {
	        {EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), "another kind (ED25519)"},
	        {EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), "another kind (X25519)"},
	        {EVP_EC_gen("P-384"), "another curve: need P-256"},
	        {EVP_EC_gen("P-521"), "another curve: need P-256"},
	        {EVP_EC_gen("secp256k1"), "another curve: need P-256"},
	        {EVP_EC_gen("brainpoolP256r1"), "another curve: need P-256"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		text_owned private = pem_of_private(others[i].pkey, NULL);
		text_owned public = pem_of_public(others[i].pkey);
		refuse_private(private, others[i].word);
		refuse_public(public, others[i].word);
		EVP_PKEY_free(others[i].pkey);
	}
}

static void t04_only_the_half_that_is_asked_for(void **state)
{
	struct bench *bench = *state;
	EVP_PKEY *pkey = pkey_of(bench->private_pem);
	text_owned public = pem_of_public(pkey);
	text_owned traditional = pem_traditional(pkey, NULL);
	text_owned locked = pem_traditional(pkey, EVP_aes_256_cbc());
	text_owned encrypted = pem_of_private(pkey, EVP_aes_256_cbc());

	EVP_PKEY_free(pkey);
	refuse_public(bench->private_pem, "BEGIN PUBLIC KEY");
	refuse_public(traditional, "BEGIN PUBLIC KEY");
	refuse_public(encrypted, "BEGIN PUBLIC KEY");
	refuse_private(public, "BEGIN PRIVATE KEY");
	refuse_private(traditional, "BEGIN PRIVATE KEY");
	refuse_private(locked, "BEGIN PRIVATE KEY");
	refuse_private(encrypted, "BEGIN PRIVATE KEY");
}

static void t04_a_key_file_holds_one_key_and_nothing_else(void **state)
{
	struct bench *bench = *state;
	EVP_PKEY *pkey = pkey_of(bench->private_pem);
	text_owned public = pem_of_public(pkey);
	const char *const pems[] = {bench->private_pem, public};
	void (*const refuse[])(const char *, const char *) = {refuse_private, refuse_public};
	cleanup(cleanup_key) struct key *key = NULL;

	EVP_PKEY_free(pkey);
	for (size_t i = 0; i < 2; i++) {
		const char *body = strchr(pems[i], '\n');
		text_owned led = text_of(" %s", pems[i]);
		text_owned named = text_of("key:\n%s", pems[i]);
		text_owned twice = text_of("%s%s", pems[i], pems[i]);
		text_owned followed = text_of("%sx", pems[i]);
		text_owned cut = strndup(pems[i], strlen(pems[i]) - 30);
		text_owned headed = text_of("%.*s\nProc-Type: 4,ENCRYPTED\n\n%s",
		                            (int)(body - pems[i]), pems[i], body + 1);
		text_owned large = text_of("%s%8192s", pems[i], "");
		text_owned marked = text_of("%.*sx\n%s", (int)(body - pems[i]), pems[i], pems[i]);
		const char *const bad[] = {marked, led,    named, twice, followed,
		                           cut,    headed, large, "",    "x"};
		for (size_t j = 0; j < COUNT(bad); j++)
			refuse[i](bad[j], "nothing else");
	}
	text_owned spaced = text_of("%s \n\n", public);
	assert_int_equal(key_from_public_pem(spaced, &key, NULL), 0);
}

static void t04_bytes_after_the_key_are_refused(void **state)
{
	struct bench *bench = *state;
	EVP_PKEY *pkey = pkey_of(bench->private_pem);
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	unsigned char der[512] = {0}, *at = der;
	BIO *bio = BIO_new(BIO_s_mem()), *second = BIO_new(BIO_s_mem());
	int length = i2d_PUBKEY(pkey, &at);

	assert_true(PEM_write_bio(bio, "PUBLIC KEY", "", der, length + 1) > 0);
	text_owned public = drain(bio);
	memset(der, 0, sizeof(der));
	at = der;
	length = i2d_PKCS8_PRIV_KEY_INFO(info, &at);
	assert_true(PEM_write_bio(second, "PRIVATE KEY", "", der, length + 1) > 0);
	text_owned private = drain(second);
	refuse_public(public, "nothing else");
	refuse_private(private, "nothing else");
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(pkey);
}

static void t04_a_curve_that_is_spelled_out_is_refused(void **state)
{
	struct bench *bench = *state;
	EVP_PKEY *pkey = pkey_of(bench->private_pem);

	assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
	                                                OSSL_PKEY_EC_ENCODING_EXPLICIT),
	                 1);
	text_owned public = pem_of_public(pkey);
	text_owned private = pem_of_private(pkey, NULL);
	refuse_public(public, "named curve");
	refuse_private(private, "named curve");
	EVP_PKEY_free(pkey);
}

static void t04_points_off_the_curve_are_refused(void **state)
{
	uint8_t point[65] = {4};
	static const uint8_t infinity[1];

	(void)state;
	text_owned zero = pem_of_point(point, sizeof(point));
	refuse_public(zero, "public key");
	point[64] = 1;
	text_owned one = pem_of_point(point, sizeof(point));
	refuse_public(one, "public key");
	memset(point + 1, 0xff, 64);
	text_owned large = pem_of_point(point, sizeof(point));
	refuse_public(large, "public key");
	text_owned none = pem_of_point(infinity, sizeof(infinity));
	struct key *key = NULL;
	assert_int_equal(key_from_public_pem(none, &key, NULL), -EINVAL);
}

/* Both halves are good keys, but not each other's. */
static void t04_halves_that_do_not_match_are_refused(void **state)
{
	struct bench *bench = *state;
	secret_owned other = NULL;
	struct fault fault;

	assert_int_equal(key_generate(KEY_ES256, &other, &fault), 0);
	EVP_PKEY *one = pkey_of(bench->private_pem), *two = pkey_of(other);
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(one);
	unsigned char *der = NULL, *own = NULL, *foreign = NULL, *at;
	int length = i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	size_t size = EVP_PKEY_get1_encoded_public_key(one, &own);
	BIO *bio = BIO_new(BIO_s_mem());

	assert_int_equal(EVP_PKEY_get1_encoded_public_key(two, &foreign), size);
	at = memmem(der, (size_t)length, own, size);
	assert_non_null(at);
	memcpy(at, foreign, size);
	assert_true(PEM_write_bio(bio, "PRIVATE KEY", "", der, length) > 0);
	text_owned mixed = drain(bio);
	refuse_private(mixed, "do not match");
	OPENSSL_free(der);
	OPENSSL_free(own);
	OPENSSL_free(foreign);
	PKCS8_PRIV_KEY_INFO_free(info);
	EVP_PKEY_free(one);
	EVP_PKEY_free(two);
}

static void t04_nobody_is_asked_for_a_password(void **state)
{
	struct bench *bench = *state;
	EVP_PKEY *pkey = pkey_of(bench->private_pem);
	text_owned locked = pem_traditional(pkey, EVP_aes_256_cbc());
	text_owned encrypted = pem_of_private(pkey, EVP_aes_256_cbc());
	int terminal = -1, status = 0;
	char prompt[64];
	pid_t child = forkpty(&terminal, NULL, NULL, NULL);

	EVP_PKEY_free(pkey);
	assert_true(child >= 0);
	if (child == 0) {
		struct key *key = NULL;
		alarm(10);
		int one = key_from_private_pem(locked, &key, NULL);
		int two = key_from_private_pem(encrypted, &key, NULL);
		_exit(one == -EINVAL && two == -EINVAL ? 0 : 1);
	}
	/* ends, without a byte, when the child does: EIO is a terminal's end of file */
	assert_true(read(terminal, prompt, sizeof(prompt)) <= 0);
	close(terminal);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_made_key_is_loaded_by_either_half),
	        cmocka_unit_test(the_kid_is_the_thumbprint_of_rfc_7638),
	        cmocka_unit_test(digests_are_sha256),
	        cmocka_unit_test(t04_keys_of_other_kinds_are_refused),
	        cmocka_unit_test(t04_only_the_half_that_is_asked_for),
	        cmocka_unit_test(t04_a_key_file_holds_one_key_and_nothing_else),
	        cmocka_unit_test(t04_bytes_after_the_key_are_refused),
	        cmocka_unit_test(t04_a_curve_that_is_spelled_out_is_refused),
	        cmocka_unit_test(t04_points_off_the_curve_are_refused),
	        cmocka_unit_test(t04_halves_that_do_not_match_are_refused),
	        cmocka_unit_test(t04_nobody_is_asked_for_a_password),
	};

	return cmocka_run_group_tests_name("token keys", tests, bench_setup, bench_teardown);
}
