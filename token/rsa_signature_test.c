/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures of RSA at and beyond their edges. What is made here is what only the holder of the
 * key could make: a padding that somebody else's reader would take is refused all the same.
 */
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "token/base64url.h"
#include "token/token_test_sign.h"

#define SIZE   256 /* bytes of the bench's modulus */
#define PREFIX 19  /* of the DigestInfo of SHA-256, before the digest */

static const char message[] = "eyJhbGciOiJSUzI1NiJ9.e30";

/* RFC 8017 section 9.2, note 1 */
static const uint8_t sha256_info[PREFIX] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                            0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                            0x01, 0x05, 0x00, 0x04, 0x20};

static const struct key *bench_key(const struct bench *bench)
{
	return keyset_find(bench->keys, bench->kid, strlen(bench->kid))->key;
}

static BIGNUM *number_of(const struct bench *bench, const char *name)
{
	BIO *bio = BIO_new_mem_buf(bench->private_pem, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIGNUM *number = NULL;

	assert_int_equal(EVP_PKEY_get_bn_param(pkey, name, &number), 1);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return number;
}

/* The signature that opens to these very bytes, whatever they are. */
static void sign_encoded(const struct bench *bench, const uint8_t encoded[static SIZE],
                         uint8_t signature[static SIZE])
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *n = number_of(bench, OSSL_PKEY_PARAM_RSA_N);
	BIGNUM *d = number_of(bench, OSSL_PKEY_PARAM_RSA_D);
	BIGNUM *m = BN_bin2bn(encoded, SIZE, NULL), *s = BN_new();

	assert_true(BN_cmp(m, n) < 0);
	assert_int_equal(BN_mod_exp(s, m, d, n, ctx), 1);
	assert_int_equal(BN_bn2binpad(s, signature, SIZE), SIZE);
	BN_free(n);
	BN_clear_free(d);
	BN_free(m);
	BN_free(s);
	BN_CTX_free(ctx);
}

/* 00 01 FF... 00 and `tail` at the end. */
static void pad(const uint8_t *tail, size_t length, uint8_t encoded[static SIZE])
{
	memset(encoded, 0xff, SIZE);
	encoded[0] = 0;
	encoded[1] = 1;
	encoded[SIZE - length - 1] = 0;
	memcpy(encoded + SIZE - length, tail, length);
}

/* The tail of a good signature of `message`: DigestInfo and digest. */
static void good_tail(uint8_t tail[static PREFIX + 32])
{
	memcpy(tail, sha256_info, PREFIX);
	assert_int_equal(key_sha256(message, strlen(message), tail + PREFIX), 0);
}

static int verify_encoded(const struct bench *bench, const uint8_t encoded[static SIZE])
{
	uint8_t signature[SIZE];

	sign_encoded(bench, encoded, signature);
	return key_verify(bench_key(bench), message, strlen(message), signature, SIZE);
}

static int verify_tail(const struct bench *bench, const uint8_t *tail, size_t length)
{
	uint8_t encoded[SIZE];

	pad(tail, length, encoded);
	return verify_encoded(bench, encoded);
}

static void a_signature_made_by_hand_holds(void **state)
{
	uint8_t tail[PREFIX + 32];

	good_tail(tail);
	assert_int_equal(verify_tail(*state, tail, sizeof(tail)), 0);
}

static void t09_every_byte_of_the_padding_counts(void **state)
{
	uint8_t tail[PREFIX + 32], encoded[SIZE];

	good_tail(tail);
	pad(tail, sizeof(tail), encoded);
	for (size_t i = 1; i < SIZE; i++) { /* a first byte that is not 0 is past the modulus */
		static const uint8_t changes[] = {0x01, 0x80, 0xff};
		encoded[i] ^= changes[i % COUNT(changes)];
		assert_int_equal(verify_encoded(*state, encoded), KEY_BAD_SIGNATURE);
		encoded[i] ^= changes[i % COUNT(changes)];
	}
	assert_int_equal(verify_encoded(*state, encoded), 0);
}

/* CVE-2006-4339 and its many kin: what stands behind the digest, or between, is not looked at */
static void t09_padding_has_no_room_for_anything_else(void **state)
{
	uint8_t tail[PREFIX + 32], encoded[SIZE], longer[PREFIX + 32 + 150];

	good_tail(tail);
	for (size_t garbage = 1; garbage <= 150; garbage += garbage < 8 ? 1 : 71) {
		memset(longer, 0xa5, sizeof(longer));
		memcpy(longer, tail, sizeof(tail));
		assert_int_equal(verify_tail(*state, longer, sizeof(tail) + garbage),
		                 KEY_BAD_SIGNATURE);
		memset(longer, 0, sizeof(longer));
		memcpy(longer, tail, sizeof(tail));
		assert_int_equal(verify_tail(*state, longer, sizeof(tail) + garbage),
		                 KEY_BAD_SIGNATURE);
		memcpy(longer + garbage, tail, sizeof(tail)); /* before it */
		assert_int_equal(verify_tail(*state, longer, sizeof(tail) + garbage),
		                 KEY_BAD_SIGNATURE);
	}
	/* eight bytes of padding, the digest, and as much as there is room for */
	memset(encoded, 0xa5, sizeof(encoded));
	memset(encoded, 0xff, 10);
	encoded[0] = 0;
	encoded[1] = 1;
	encoded[10] = 0;
	memcpy(encoded + 11, tail, sizeof(tail));
	assert_int_equal(verify_encoded(*state, encoded), KEY_BAD_SIGNATURE);
	memset(encoded + 11 + sizeof(tail), 0, SIZE - 11 - sizeof(tail));
	assert_int_equal(verify_encoded(*state, encoded), KEY_BAD_SIGNATURE);
}

static void t09_block_types_and_separators(void **state)
{
	uint8_t tail[PREFIX + 32], encoded[SIZE];
	const size_t separator = SIZE - sizeof(tail) - 1;

	good_tail(tail);
	for (int type = 0; type < 256; type = type < 4 ? type + 1 : 2 * type) {
		pad(tail, sizeof(tail), encoded);
		encoded[1] = (uint8_t)type;
		assert_int_equal(verify_encoded(*state, encoded),
		                 type == 1 ? 0 : KEY_BAD_SIGNATURE);
	}
	pad(tail, sizeof(tail), encoded);
	encoded[separator] = 0xff; /* none */
	assert_int_equal(verify_encoded(*state, encoded), KEY_BAD_SIGNATURE);
	pad(tail, sizeof(tail), encoded);
	encoded[2] = 0; /* at once */
	assert_int_equal(verify_encoded(*state, encoded), KEY_BAD_SIGNATURE);
	pad(tail, sizeof(tail), encoded);
	memset(encoded + 2, 0, separator - 2); /* type 0 pads with zeros */
	assert_int_equal(verify_encoded(*state, encoded), KEY_BAD_SIGNATURE);
	encoded[1] = 0;
	assert_int_equal(verify_encoded(*state, encoded), KEY_BAD_SIGNATURE);
	encoded[1] = 2; /* type 2 pads with anything but zeros */
	memset(encoded + 2, 0x5a, separator - 2);
	assert_int_equal(verify_encoded(*state, encoded), KEY_BAD_SIGNATURE);
}

struct digest_info {
	const char *what;
	uint8_t bytes[24];
	size_t length;
};

/* RFC 8017 section 9.2: one DigestInfo, in DER, and no other spelling of it */
static void t03_the_digest_is_sha_256_in_der(void **state)
{
	static const struct digest_info infos[] = {
	        {"no DigestInfo", {0}, 0},
	        {"no parameters",
	         {0x30, 0x2f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	          0x02, 0x01, 0x04, 0x20},
	         17},
	        {"other parameters",
	         {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	          0x02, 0x01, 0x04, 0x00, 0x04, 0x20},
	         19},
	        {"long parameters",
	         {0x30, 0x33, 0x30, 0x0f, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
	          0x03, 0x04, 0x02, 0x01, 0x05, 0x02, 0xa5, 0xa5, 0x04, 0x20},
	         21},
	        {"a length in two bytes",
	         {0x30, 0x81, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
	          0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	         20},
	        {"a digest's length in two bytes",
	         {0x30, 0x32, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	          0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x81, 0x20},
	         20},
	        {"without an end",
	         {0x30, 0x80, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	          0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	         19},
	        {"SHA-512/256",
	         {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	          0x02, 0x06, 0x05, 0x00, 0x04, 0x20},
	         19},
	        {"SHA3-256",
	         {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	          0x02, 0x08, 0x05, 0x00, 0x04, 0x20},
	         19},
	        {"a SET",
	         {0x31, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04,
	          0x02, 0x01, 0x05, 0x00, 0x04, 0x20},
	         19},
	};
	uint8_t tail[24 + 33], digest[32];

	assert_int_equal(key_sha256(message, strlen(message), digest), 0);
	for (size_t i = 0; i < COUNT(infos); i++) {
		memcpy(tail, infos[i].bytes, infos[i].length);
		memcpy(tail + infos[i].length, digest, 32);
		if (verify_tail(*state, tail, infos[i].length + 32) != KEY_BAD_SIGNATURE)
			fail_msg("%s", infos[i].what);
	}
	good_tail(tail);
	assert_int_equal(verify_tail(*state, tail, PREFIX + 31), KEY_BAD_SIGNATURE);
	assert_int_equal(verify_tail(*state, tail, PREFIX), KEY_BAD_SIGNATURE);
	assert_int_equal(verify_tail(*state, tail, 0), KEY_BAD_SIGNATURE);
	memmove(tail + PREFIX + 1, tail + PREFIX, 32); /* a zero before the digest */
	tail[PREFIX] = 0;
	tail[1]++;
	tail[PREFIX - 1]++;
	assert_int_equal(verify_tail(*state, tail, PREFIX + 33), KEY_BAD_SIGNATURE);
}

/* By a key of the same numbers, the bench's own. */
static size_t sign_otherwise(const struct bench *bench, const EVP_MD *digest, int padding,
                             uint8_t signature[static SIZE])
{
	BIO *bio = BIO_new_mem_buf(bench->private_pem, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how = NULL;
	size_t size = SIZE;

	assert_int_equal(EVP_DigestSignInit(ctx, &how, digest, NULL, pkey), 1);
	assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(how, padding), 1);
	assert_int_equal(
	        EVP_DigestSign(ctx, signature, &size, (const uint8_t *)message, strlen(message)),
	        1);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return size;
}

static void t03_other_hashes_and_paddings_are_refused(void **state)
{
	const EVP_MD *const digests[] = {EVP_sha1(),   EVP_sha224(),     EVP_sha384(),
	                                 EVP_sha512(), EVP_sha512_256(), EVP_sha3_256(),
	                                 EVP_md5()};
	uint8_t signature[SIZE];

	for (size_t i = 0; i < COUNT(digests); i++) {
		size_t size = sign_otherwise(*state, digests[i], RSA_PKCS1_PADDING, signature);
		assert_int_equal(
		        key_verify(bench_key(*state), message, strlen(message), signature, size),
		        KEY_BAD_SIGNATURE);
	}
	for (int i = 0; i < 8; i++) { /* PSS is random */
		size_t size = sign_otherwise(*state, i % 2 ? EVP_sha256() : EVP_sha512(),
		                             RSA_PKCS1_PSS_PADDING, signature);
		assert_int_equal(
		        key_verify(bench_key(*state), message, strlen(message), signature, size),
		        KEY_BAD_SIGNATURE);
	}
	sign_otherwise(*state, EVP_sha256(), RSA_X931_PADDING, signature);
	assert_int_equal(key_verify(bench_key(*state), message, strlen(message), signature, SIZE),
	                 KEY_BAD_SIGNATURE);
	sign_otherwise(*state, EVP_sha256(), RSA_PKCS1_PADDING, signature);
	assert_int_equal(key_verify(bench_key(*state), message, strlen(message), signature, SIZE),
	                 0);
}

static void t09_numbers_at_the_edges_are_refused(void **state)
{
	BIGNUM *n = number_of(*state, OSSL_PKEY_PARAM_RSA_N), *edge = BN_new(), *one = BN_new();
	uint8_t raw[SIZE];
	static const BN_ULONG small[] = {0, 1, 2, 3, 65537};

	for (size_t i = 0; i < COUNT(small); i++) {
		BN_set_word(one, small[i]);
		assert_int_equal(BN_bn2binpad(one, raw, SIZE), SIZE);
		assert_int_equal(key_verify(bench_key(*state), message, strlen(message), raw, SIZE),
		                 KEY_BAD_SIGNATURE);
		BN_sub(edge, n, one);
		assert_int_equal(BN_bn2binpad(edge, raw, SIZE), SIZE);
		assert_int_equal(key_verify(bench_key(*state), message, strlen(message), raw, SIZE),
		                 KEY_BAD_SIGNATURE);
		BN_add(edge, n, one);
		assert_int_equal(BN_bn2binpad(edge, raw, SIZE), SIZE);
		assert_int_equal(key_verify(bench_key(*state), message, strlen(message), raw, SIZE),
		                 KEY_BAD_SIGNATURE);
	}
	memset(raw, 0xff, SIZE);
	assert_int_equal(key_verify(bench_key(*state), message, strlen(message), raw, SIZE),
	                 KEY_BAD_SIGNATURE);
	BN_free(n);
	BN_free(edge);
	BN_free(one);
}

/* s + n is the same number modulo n: RFC 8017 section 5.2.2, step 1 */
static void t12_a_signature_is_not_taken_modulo_n(void **state)
{
	BIGNUM *n = number_of(*state, OSSL_PKEY_PARAM_RSA_N), *s;
	uint8_t raw[KEY_SIGNATURE_MAX], text[8] = {0};
	int tried = 0;

	for (bool found = false; !found; tried++) {
		text[0] = (uint8_t)tried;
		assert_int_equal(sign_raw(*state, text, sizeof(text), raw), SIZE);
		s = BN_bin2bn(raw, SIZE, NULL);
		BN_add(s, s, n);
		found = BN_num_bytes(s) <= SIZE;
		if (found) {
			assert_int_equal(
			        key_verify(bench_key(*state), text, sizeof(text), raw, SIZE), 0);
			assert_int_equal(BN_bn2binpad(s, raw, SIZE), SIZE);
			assert_int_equal(
			        key_verify(bench_key(*state), text, sizeof(text), raw, SIZE),
			        KEY_BAD_SIGNATURE);
		}
		BN_free(s);
		assert_in_range(tried, 0, 250);
	}
	BN_free(n);
}

static void t10_the_signature_is_as_long_as_the_modulus(void **state)
{
	uint8_t raw[KEY_SIGNATURE_MAX + 64] = {0}, moved[KEY_SIGNATURE_MAX + 64] = {0};
	text_owned token = good_token(*state);
	const size_t length = (size_t)(strrchr(token, '.') - token);

	assert_int_equal(sign_raw(*state, token, length, raw), SIZE);
	memcpy(moved + 1, raw, SIZE);
	for (size_t size = 0; size <= sizeof(raw); size++) {
		text_owned signature = encode(raw, size), shifted = encode(moved, size);
		text_owned other = text_of("%.*s.%s", (int)length, token, signature);
		text_owned led = text_of("%.*s.%s", (int)length, token, shifted);
		if (size == SIZE) {
			assert_allowed(*state, other);
			assert_reason(*state, led, SIGNATURE);
			continue;
		}
		assert_int_equal(key_verify(bench_key(*state), token, length, raw, size),
		                 KEY_BAD_LENGTH);
		if (size == 0) {
			assert_reason(*state, other, FORM);
			continue;
		}
		assert_reason(*state, other, SIGNATURE_LENGTH);
		assert_reason(*state, led, SIGNATURE_LENGTH);
	}
}

/* One in 256 begins with a zero byte; cut off, it is not the same signature any more. */
static void t10_leading_zeros_are_not_left_out(void **state)
{
	uint8_t raw[KEY_SIGNATURE_MAX] = {1}, text[8] = {0};

	for (int i = 0; raw[0] != 0; i++) {
		assert_in_range(i, 0, 20000);
		memcpy(text, &i, sizeof(i));
		assert_int_equal(sign_raw(*state, text, sizeof(text), raw), SIZE);
	}
	assert_int_equal(key_verify(bench_key(*state), text, sizeof(text), raw, SIZE), 0);
	assert_int_equal(key_verify(bench_key(*state), text, sizeof(text), raw + 1, SIZE - 1),
	                 KEY_BAD_LENGTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_signature_made_by_hand_holds),
	        cmocka_unit_test(t09_every_byte_of_the_padding_counts),
	        cmocka_unit_test(t09_padding_has_no_room_for_anything_else),
	        cmocka_unit_test(t09_block_types_and_separators),
	        cmocka_unit_test(t03_the_digest_is_sha_256_in_der),
	        cmocka_unit_test(t03_other_hashes_and_paddings_are_refused),
	        cmocka_unit_test(t09_numbers_at_the_edges_are_refused),
	        cmocka_unit_test(t12_a_signature_is_not_taken_modulo_n),
	        cmocka_unit_test(t10_the_signature_is_as_long_as_the_modulus),
	        cmocka_unit_test(t10_leading_zeros_are_not_left_out),
	};

	return cmocka_run_group_tests_name("token rsa signatures", tests, bench_setup_rsa,
	                                   bench_teardown);
}
