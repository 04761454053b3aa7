/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signatures at the edges of what ECDSA allows. OpenSSL does the arithmetic; that it, and we,
 * refuse what lies outside is proved here, not assumed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>
#include <openssl/pem.h>

#include "token/base64url.h"
#include "token/token_test_sign.h"

/* SEC 2, section 2.4.2 */
#define FIELD "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF"
#define ORDER "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"

static const char *const edges[] = {
        "0",
        "1",
        "2",
        "7FFFFFFF800000007FFFFFFFFFFFFFFFDE737D56D38BCF4279DCE5617E3192A8", /* (n - 1) / 2 */
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632550", /* n - 1 */
        ORDER,
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632552", /* n + 1 */
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFE", /* p - 1 */
        FIELD,
        "FFFFFFFF00000001000000000000000000000001000000000000000000000000", /* p + 1 */
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF", /* 2^256 - 1 */
};

static BIGNUM *number(const char *hex)
{
	BIGNUM *value = NULL;

	assert_true(BN_hex2bn(&value, hex) > 0);
	return value;
}

static void put(uint8_t raw[static 32], const BIGNUM *value)
{
	assert_int_equal(BN_bn2binpad(value, raw, 32), 32);
}

static void put_hex(uint8_t raw[static 32], const char *hex)
{
	BIGNUM *value = number(hex);

	put(raw, value);
	BN_free(value);
}

static const struct key *bench_key(const struct bench *bench)
{
	return keyset_find(bench->keys, bench->kid, strlen(bench->kid))->key;
}

/* The token's signature replaced. */
static char *with_signature(const char *token, const uint8_t *raw, size_t length)
{
	text_owned signature = encode(raw, length);

	return text_of("%.*s%s", (int)(strrchr(token, '.') + 1 - token), token, signature);
}

static void t09_all_pairs_at_the_edges_are_refused(void **state)
{
	static const char *const messages[] = {"", "x", "eyJhbGciOiJFUzI1NiJ9.e30"};
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	uint8_t raw[64];

	for (size_t i = 0; i < COUNT(edges); i++)
		for (size_t j = 0; j < COUNT(edges); j++) {
			put_hex(raw, edges[i]);
			put_hex(raw + 32, edges[j]);
			for (size_t m = 0; m < COUNT(messages); m++)
				assert_int_equal(key_verify(bench_key(bench), messages[m],
				                            strlen(messages[m]), raw, sizeof(raw)),
				                 KEY_BAD_SIGNATURE);
			text_owned forged = with_signature(token, raw, sizeof(raw));
			assert_reason(bench, forged, SIGNATURE);
		}
}

static void t09_a_good_half_does_not_save_the_other(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	size_t length = (size_t)(strrchr(token, '.') - token);
	uint8_t good[KEY_SIGNATURE_MAX], raw[64];

	for (size_t i = 0; i < COUNT(edges); i++)
		for (size_t half = 0; half <= 32; half += 32) {
			sign_raw(bench, token, length, good);
			memcpy(raw, good, sizeof(raw));
			put_hex(raw + half, edges[i]);
			text_owned forged = with_signature(token, raw, sizeof(raw));
			assert_reason(bench, forged, SIGNATURE);
			text_owned whole = with_signature(token, good, 64);
			assert_allowed(bench, whole);
		}
}

/*
 * A public key Q for which a chosen (r, s) holds over `message`: with R the point of abscissa x and
 * r = x mod n, Q = (s R - z G) / r. So r and s may be as small as one likes, and r + n and s + n
 * still fit into 32 bytes: only a check of their range can refuse them then.
 */
struct crafted {
	struct key *key;
	BIGNUM *x, *r, *s;
};

static EC_POINT *point_near(const EC_GROUP *group, BIGNUM *x, BN_CTX *ctx)
{
	EC_POINT *point = EC_POINT_new(group);

	while (EC_POINT_set_compressed_coordinates(group, point, x, 0, ctx) != 1)
		assert_int_equal(BN_add_word(x, 1), 1);
	return point;
}

static struct key *load_point(const EC_GROUP *group, const EC_POINT *point, BN_CTX *ctx)
{
	OSSL_PARAM params[3];
	uint8_t bytes[65];
	char curve[] = "P-256";
	EVP_PKEY_CTX *maker = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *pkey = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;
	struct key *key = NULL;

	assert_int_equal(EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes,
	                                    sizeof(bytes), ctx),
	                 sizeof(bytes));
	params[0] = OSSL_PARAM_construct_utf8_string("group", curve, 0);
	params[1] = OSSL_PARAM_construct_octet_string("pub", bytes, sizeof(bytes));
	params[2] = OSSL_PARAM_construct_end();
	assert_int_equal(EVP_PKEY_fromdata_init(maker), 1);
	assert_int_equal(EVP_PKEY_fromdata(maker, &pkey, EVP_PKEY_PUBLIC_KEY, params), 1);
	assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
	BIO_write(bio, "", 1);
	BIO_get_mem_data(bio, &pem);
	assert_int_equal(key_from_public_pem(pem, &key, NULL), 0);
	BIO_free(bio);
	EVP_PKEY_free(pkey);
	EVP_PKEY_CTX_free(maker);
	return key;
}

static struct crafted craft(const char *message, const char *x_hex, const char *s_hex)
{
	EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	const BIGNUM *order = EC_GROUP_get0_order(group);
	BN_CTX *ctx = BN_CTX_new();
	struct crafted crafted = {.x = number(x_hex), .r = BN_new(), .s = number(s_hex)};
	EC_POINT *point = point_near(group, crafted.x, ctx), *public = EC_POINT_new(group);
	BIGNUM *z, *inverse, *u = BN_new(), *v = BN_new();
	uint8_t digest[32];

	assert_int_equal(BN_nnmod(crafted.r, crafted.x, order, ctx), 1);
	assert_int_equal(key_sha256(message, strlen(message), digest), 0);
	z = BN_bin2bn(digest, sizeof(digest), NULL);
	BN_set_negative(z, 1);
	inverse = BN_mod_inverse(NULL, crafted.r, order, ctx);
	assert_non_null(inverse);
	assert_int_equal(BN_mod_mul(u, z, inverse, order, ctx), 1);
	assert_int_equal(BN_mod_mul(v, crafted.s, inverse, order, ctx), 1);
	assert_int_equal(EC_POINT_mul(group, public, u, point, v, ctx), 1);
	crafted.key = load_point(group, public, ctx);
	EC_POINT_free(point);
	EC_POINT_free(public);
	BN_free(z);
	BN_free(inverse);
	BN_free(u);
	BN_free(v);
	BN_CTX_free(ctx);
	EC_GROUP_free(group);
	return crafted;
}

static void crafted_done(struct crafted *crafted)
{
	key_free(crafted->key);
	BN_free(crafted->x);
	BN_free(crafted->r);
	BN_free(crafted->s);
}

static int verify_pair(const struct crafted *crafted, const char *message, const BIGNUM *r,
                       const BIGNUM *s)
{
	uint8_t raw[64];

	put(raw, r);
	put(raw + 32, s);
	return key_verify(crafted->key, message, strlen(message), raw, sizeof(raw));
}

static void t09_r_and_s_are_not_taken_modulo_n(void **state)
{
	static const char *const s_values[] = {"1", "3", "FFFF"};
	static const char message[] = "a message";
	BIGNUM *order = number(ORDER), *r = BN_new(), *s = BN_new();

	(void)state;
	for (size_t i = 0; i < COUNT(s_values); i++) {
		cleanup(crafted_done) struct crafted crafted = craft(message, "1", s_values[i]);
		BN_add(r, crafted.r, order);
		BN_add(s, crafted.s, order);
		assert_int_equal(verify_pair(&crafted, message, crafted.r, crafted.s), 0);
		assert_int_equal(verify_pair(&crafted, message, r, crafted.s), KEY_BAD_SIGNATURE);
		assert_int_equal(verify_pair(&crafted, message, crafted.r, s), KEY_BAD_SIGNATURE);
		assert_int_equal(verify_pair(&crafted, message, r, s), KEY_BAD_SIGNATURE);
		assert_int_equal(verify_pair(&crafted, "a massage", crafted.r, crafted.s),
		                 KEY_BAD_SIGNATURE);
		BN_sub(s, order, crafted.s); /* the other good one */
		assert_int_equal(verify_pair(&crafted, message, crafted.r, s), 0);
	}
	BN_free(order);
	BN_free(r);
	BN_free(s);
}

/* The abscissa of R may lie in n..p-1; r is then x - n, and x itself is out of range. */
static void t09_an_abscissa_above_n_is_reduced_once(void **state)
{
	static const char message[] = "a message";
	cleanup(crafted_done) struct crafted crafted = craft(message, ORDER, "3");

	(void)state;
	if (BN_is_zero(crafted.r)) {
		crafted_done(&crafted);
		crafted = craft(message, edges[6], "3");
	}
	assert_int_equal(verify_pair(&crafted, message, crafted.r, crafted.s), 0);
	assert_int_equal(verify_pair(&crafted, message, crafted.x, crafted.s), KEY_BAD_SIGNATURE);
}

static void t09_the_largest_good_values_hold(void **state)
{
	static const char message[] = "a message";
	cleanup(crafted_done) struct crafted crafted = craft(message, "1", edges[4]);

	(void)state;
	assert_int_equal(verify_pair(&crafted, message, crafted.r, crafted.s), 0);
}

static void t10_the_signature_has_64_bytes(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	size_t length = (size_t)(strrchr(token, '.') - token);
	uint8_t raw[KEY_SIGNATURE_MAX + 3] = {0};

	sign_raw(bench, token, length, raw);
	for (size_t size = 0; size <= sizeof(raw); size++) {
		text_owned other = with_signature(token, raw, size);
		if (size == 64) {
			assert_allowed(bench, other);
			continue;
		}
		assert_int_equal(key_verify(bench_key(bench), token, length, raw, size),
		                 KEY_BAD_LENGTH);
		if (size == 0)
			assert_reason(bench, other, FORM);
		else
			assert_reason(bench, other, SIGNATURE_LENGTH);
	}
}

static void t10_no_other_form_of_the_same_numbers(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	size_t length = (size_t)(strrchr(token, '.') - token);
	uint8_t raw[KEY_SIGNATURE_MAX], wide[66] = {0}, reversed[64];
	unsigned char *der = NULL;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	int size;

	sign_raw(bench, token, length, raw);
	ECDSA_SIG_set0(pair, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL));
	size = i2d_ECDSA_SIG(pair, &der);
	text_owned as_der = with_signature(token, der, (size_t)size);
	assert_reason(bench, as_der, SIGNATURE_LENGTH);
	memcpy(wide + 1, raw, 32);
	memcpy(wide + 34, raw + 32, 32);
	text_owned as_wide = with_signature(token, wide, sizeof(wide));
	assert_reason(bench, as_wide, SIGNATURE_LENGTH);
	memcpy(reversed, raw + 32, 32);
	memcpy(reversed + 32, raw, 32);
	text_owned swapped = with_signature(token, reversed, sizeof(reversed));
	assert_reason(bench, swapped, SIGNATURE);
	for (size_t i = 0; i < 32; i++) {
		reversed[i] = raw[31 - i];
		reversed[32 + i] = raw[63 - i];
	}
	text_owned little = with_signature(token, reversed, sizeof(reversed));
	assert_reason(bench, little, SIGNATURE);
	OPENSSL_free(der);
	ECDSA_SIG_free(pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(t09_all_pairs_at_the_edges_are_refused),
	        cmocka_unit_test(t09_a_good_half_does_not_save_the_other),
	        cmocka_unit_test(t09_r_and_s_are_not_taken_modulo_n),
	        cmocka_unit_test(t09_an_abscissa_above_n_is_reduced_once),
	        cmocka_unit_test(t09_the_largest_good_values_hold),
	        cmocka_unit_test(t10_the_signature_has_64_bytes),
	        cmocka_unit_test(t10_no_other_form_of_the_same_numbers),
	};

	return cmocka_run_group_tests_name("token signatures", tests, bench_setup, bench_teardown);
}
