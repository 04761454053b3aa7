/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ES256 (RFC 7518 section 3.4): ECDSA on the curve P-256, with a signature of r and s side by side.
 */
#include "token/key_kind.h"

#include <errno.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "base/text.h"
#include "token/base64url.h"

#define COORDINATE      32 /* bytes of a coordinate, and of each half of a signature */
#define COORDINATE_TEXT (BASE64URL_LENGTH(COORDINATE) + 1)

static EVP_PKEY *generate(void)
{
	return EVP_EC_gen("P-256");
}

/* This very curve, said by name: parameters spelled out are how CVE-2020-0601 came in. */
static int check(const EVP_PKEY *pkey, struct fault *fault)
{
	char group[32] = "";
	int is_explicit = 1;

	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1 ||
	    strcmp(group, SN_X9_62_prime256v1) != 0)
		return fault_set(fault, -EINVAL, "the key is on another curve: need P-256");
	if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
	                           &is_explicit) != 1 ||
	    is_explicit != 0)
		return fault_set(fault, -EINVAL,
		                 "the key spells out its curve: need the named curve P-256");
	return 0;
}

static int write_members(const EVP_PKEY *pkey, char ret_json[static KEY_MEMBERS_MAX])
{
	char x[COORDINATE_TEXT], y[COORDINATE_TEXT];
	int result = key_number_text(pkey, OSSL_PKEY_PARAM_EC_PUB_X, COORDINATE, x, sizeof(x));

	if (result == 0)
		result = key_number_text(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, COORDINATE, y, sizeof(y));
	if (result != 0)
		return result;
	return text_format(ret_json, KEY_MEMBERS_MAX,
	                   "\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"", x, y);
}

/* RFC 7518 section 6.2.1.2: of the full width, leading zeros included. */
static int read_coordinate(const struct document *jwk, const char *name,
                           uint8_t ret_bytes[static COORDINATE])
{
	char text[COORDINATE_TEXT];
	size_t length = 0;

	if (document_text(jwk, name, text, sizeof(text)) != 0 ||
	    base64url_decode(text, strlen(text), ret_bytes, COORDINATE, &length) != 0)
		return -EINVAL;
	return length == COORDINATE ? 0 : -EINVAL;
}

static int read_members(const struct document *jwk, EVP_PKEY **ret_pkey, struct fault *fault)
{
	uint8_t point[1 + 2 * COORDINATE] = {POINT_CONVERSION_UNCOMPRESSED};
	char group[] = SN_X9_62_prime256v1, curve[16];
	OSSL_PARAM parameters[] = {
	        OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group) - 1),
	        OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
	        OSSL_PARAM_END};
	int result;

	if (document_text(jwk, "crv", curve, sizeof(curve)) != 0 || strcmp(curve, "P-256") != 0)
		return fault_set(fault, -EINVAL, "the key is on another curve: need P-256");
	if (read_coordinate(jwk, "x", point + 1) != 0 ||
	    read_coordinate(jwk, "y", point + 1 + COORDINATE) != 0)
		return fault_set(fault, -EINVAL,
		                 "x and y: need 32 bytes each, in base64url without padding");
	result = key_from_parameters(key_es256.type, parameters, ret_pkey);
	if (result == -EINVAL)
		return fault_set(fault, result, "x and y are no point of P-256");
	return result;
}

static bool fits(const EVP_PKEY *pkey, size_t signature_length)
{
	(void)pkey;
	return signature_length == (size_t)2 * COORDINATE;
}

/* One half as a DER INTEGER: no leading zeros, but one where the first bit would be a sign. */
static size_t write_integer(const uint8_t half[static COORDINATE], uint8_t *ret_der)
{
	size_t zeros = 0, length, used = 0;

	while (zeros < COORDINATE - 1 && half[zeros] == 0)
		zeros++;
	length = COORDINATE - zeros;
	ret_der[used++] = 0x02;
	ret_der[used++] = (uint8_t)(length + (half[zeros] >> 7));
	if (half[zeros] >> 7)
		ret_der[used++] = 0;
	memcpy(ret_der + used, half + zeros, length);
	return used + length;
}

/* OpenSSL takes ECDSA signatures as DER only; that r and s are in 1..n-1 is its check (T9). */
static size_t rewrite(const uint8_t *signature, size_t length,
                      uint8_t ret_rewritten[static KEY_SIGNATURE_MAX])
{
	size_t used = 2;

	(void)length;
	used += write_integer(signature, ret_rewritten + used);
	used += write_integer(signature + COORDINATE, ret_rewritten + used);
	ret_rewritten[0] = 0x30;
	ret_rewritten[1] = (uint8_t)(used - 2);
	return used;
}

const struct key_kind key_es256 = {
        .algorithm = KEY_ES256,
        .name = "ES256",
        .type = "EC",
        .generate = generate,
        .check = check,
        .write_members = write_members,
        .read_members = read_members,
        .fits = fits,
        .rewrite = rewrite,
};
