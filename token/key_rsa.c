/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RS256 (RFC 7518 section 3.3): RSASSA-PKCS1-v1_5 with SHA-256, 2048 to 4096 bits, e = 65537: a
 * small e is what forged padding needs (CVE-2006-4339), and a large n or e takes the reader's time.
 */
#include "token/key_kind.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "base/text.h"
#include "token/base64url.h"

#define BITS_MIN    2048
#define BITS_MAX    4096
#define MODULUS_MAX (BITS_MAX / 8)
#define EXPONENT    65537

static EVP_PKEY *generate(void)
{
	return EVP_RSA_gen(BITS_MIN); /* e is 65537 */
}

static int check(const EVP_PKEY *pkey, struct fault *fault)
{
	cleanup(cleanup_bn) BIGNUM *e = NULL;
	int bits = EVP_PKEY_get_bits(pkey);

	if (bits < BITS_MIN || bits > BITS_MAX)
		return fault_set(fault, -EINVAL, "the RSA key has %d bits: need %d to %d", bits,
		                 BITS_MIN, BITS_MAX);
	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1 ||
	    BN_is_word(e, EXPONENT) != 1)
		return fault_set(fault, -EINVAL, "the RSA key has another exponent: need 65537");
	return 0;
}

static int write_members(const EVP_PKEY *pkey, char ret_json[static KEY_MEMBERS_MAX])
{
	char n[BASE64URL_LENGTH(MODULUS_MAX) + 1], e[16];
	int result = key_number_text(pkey, OSSL_PKEY_PARAM_RSA_N, 0, n, sizeof(n));

	if (result == 0)
		result = key_number_text(pkey, OSSL_PKEY_PARAM_RSA_E, 0, e, sizeof(e));
	if (result != 0)
		return result;
	return text_format(ret_json, KEY_MEMBERS_MAX, "\"e\":\"%s\",\"kty\":\"RSA\",\"n\":\"%s\"",
	                   e, n);
}

/* Base64urlUInt (RFC 7518 section 2): no leading zeros. */
static int read_number(const struct document *jwk, const char *name, BIGNUM **ret_number)
{
	char text[BASE64URL_LENGTH(MODULUS_MAX) + 1];
	uint8_t bytes[MODULUS_MAX];
	size_t length = 0;

	if (document_text(jwk, name, text, sizeof(text)) != 0 ||
	    base64url_decode(text, strlen(text), bytes, sizeof(bytes), &length) != 0 ||
	    bytes[0] == 0)
		return -EINVAL;
	*ret_number = BN_bin2bn(bytes, (int)length, NULL);
	return *ret_number ? 0 : -ENOMEM;
}

static int make_pkey(const BIGNUM *n, const BIGNUM *e, EVP_PKEY **ret_pkey)
{
	uint8_t modulus[MODULUS_MAX], exponent[MODULUS_MAX];
	const int modulus_size = BN_num_bytes(n), exponent_size = BN_num_bytes(e);
	OSSL_PARAM parameters[] = {
	        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_N, modulus, (size_t)modulus_size),
	        OSSL_PARAM_BN(OSSL_PKEY_PARAM_RSA_E, exponent, (size_t)exponent_size),
	        OSSL_PARAM_END};

	if (BN_bn2nativepad(n, modulus, modulus_size) != modulus_size ||
	    BN_bn2nativepad(e, exponent, exponent_size) != exponent_size)
		return -EIO;
	return key_from_parameters(key_rs256.type, parameters, ret_pkey);
}

static int read_members(const struct document *jwk, EVP_PKEY **ret_pkey, struct fault *fault)
{
	cleanup(cleanup_bn) BIGNUM *n = NULL, *e = NULL;
	int result = read_number(jwk, "n", &n);

	if (result == 0)
		result = read_number(jwk, "e", &e);
	if (result == 0)
		result = make_pkey(n, e, ret_pkey);
	if (result == -EINVAL)
		return fault_set(fault, result,
		                 "n and e: need the numbers of an RSA key of at most %d bits, in "
		                 "base64url without padding or leading zeros",
		                 BITS_MAX);
	return result;
}

/* As long as the modulus, not one byte less: RFC 8017 section 8.2.2, step 1. */
static bool fits(const EVP_PKEY *pkey, size_t signature_length)
{
	int size = EVP_PKEY_get_size(pkey);

	return size > 0 && signature_length == (size_t)size && signature_length <= MODULUS_MAX;
}

static size_t rewrite(const uint8_t *signature, size_t length,
                      uint8_t ret_rewritten[static KEY_SIGNATURE_MAX])
{
	memcpy(ret_rewritten, signature, length);
	return length;
}

const struct key_kind key_rs256 = {
        .algorithm = KEY_RS256,
        .name = "RS256",
        .type = "RSA",
        .generate = generate,
        .check = check,
        .write_members = write_members,
        .read_members = read_members,
        .fits = fits,
        .rewrite = rewrite,
};
