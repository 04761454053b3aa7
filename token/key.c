/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only file that calls OpenSSL. Every one of its answers counts as good when it is exactly 1:
 * 0 and the negative ones (CVE-2008-5077) refuse alike (T11). Keys are parsed once and never change
 * afterwards, so that threads share them; each check has a context of its own. No MAC is used
 * here, so that no public key can serve as the secret of one (T2).
 */
#include "token/key.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "token/base64url.h"

#define COORDINATE 32 /* bytes of a P-256 coordinate, and of each half of a signature */
#define DER_MAX    (6 + 2 * 33 + 2) /* SEQUENCE of two INTEGERs of at most 33 bytes, and to spare */
#define PEM_MAX    8192             /* characters; a P-256 key needs about 240 */

struct key {
	EVP_PKEY *pkey;
	enum key_algorithm algorithm;
	char kid[KID_SIZE];
};

CLEANUP_DEFINE(bio, BIO *, BIO_free)
CLEANUP_DEFINE(pkey, EVP_PKEY *, EVP_PKEY_free)
CLEANUP_DEFINE(pkey_ctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
CLEANUP_DEFINE(md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free)
CLEANUP_DEFINE(bn, BIGNUM *, BN_free)
CLEANUP_DEFINE(ecdsa_sig, ECDSA_SIG *, ECDSA_SIG_free)
CLEANUP_DEFINE(pkcs8, PKCS8_PRIV_KEY_INFO *, PKCS8_PRIV_KEY_INFO_free)

/* What OpenSSL notes about a failure is not for whoever uses this thread next. */
struct errors {
	int marked;
};

static struct errors errors_mark(void)
{
	return (struct errors){ERR_set_mark()};
}

static void cleanup_errors(const struct errors *errors)
{
	if (errors->marked == 1)
		ERR_pop_to_mark();
	else
		ERR_clear_error();
}

/* One block of a PEM file, as bytes. */
struct block {
	char *name, *header;
	unsigned char *bytes;
	long length;
};

static void cleanup_block(const struct block *block)
{
	OPENSSL_secure_free(block->name);
	OPENSSL_secure_free(block->header);
	OPENSSL_secure_clear_free(block->bytes, block->length > 0 ? (size_t)block->length : 0);
}

int key_sha256(const void *bytes, size_t length, uint8_t ret_digest[static 32])
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;

	(void)errors;
	if (EVP_Digest(bytes, length, digest, &size, EVP_sha256(), NULL) != 1 || size != 32)
		return -EIO;
	memcpy(ret_digest, digest, 32);
	return 0;
}

int key_sha256_hex(const void *bytes, size_t length, char ret_hex[static KEY_HEX_SIZE])
{
	uint8_t digest[32];
	int r = key_sha256(bytes, length, digest);

	if (r == 0)
		hex_encode(digest, sizeof(digest), ret_hex);
	return r;
}

static int write_private_pem(EVP_PKEY *pkey, char **ret_pem)
{
	cleanup(cleanup_bio) BIO *bio = BIO_new(BIO_s_mem()); /* wipes what it frees */
	char *bytes = NULL, *pem;
	long length;

	if (!bio || PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) != 1)
		return -EIO;
	length = BIO_get_mem_data(bio, &bytes);
	if (length <= 0)
		return -EIO;
	pem = strndup(bytes, (size_t)length);
	if (!pem)
		return -ENOMEM;
	*ret_pem = pem;
	return 0;
}

int key_generate(char **ret_private_pem, struct fault *fault)
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	cleanup(cleanup_pkey) EVP_PKEY *pkey = EVP_EC_gen("P-256");
	int result = pkey ? write_private_pem(pkey, ret_private_pem) : -EIO;

	(void)errors;
	if (result != 0)
		return fault_set(fault, result, "OpenSSL could not make a P-256 key");
	return 0;
}

/* Exactly one block of this name, its first line the first of the text, without the headers of the
 * old encryption, followed by nothing but white space: no key is picked out of a larger text. */
static int read_block(const char *pem, const char *name, struct block *block)
{
	cleanup(cleanup_bio) BIO *bio = NULL;
	size_t length = strnlen(pem, PEM_MAX + 1);
	const char *rest = NULL;
	char first[64];
	long left;

	if (text_format(first, sizeof(first), "-----BEGIN %s-----\n", name) != 0)
		return -EINVAL;
	if (length > PEM_MAX || strncmp(pem, first, strlen(first)) != 0)
		return -EINVAL;
	bio = BIO_new_mem_buf(pem, (int)length);
	if (!bio)
		return -ENOMEM;
	if (PEM_read_bio_ex(bio, &block->name, &block->header, &block->bytes, &block->length,
	                    PEM_FLAG_SECURE | PEM_FLAG_EAY_COMPATIBLE) != 1)
		return -EINVAL;
	if (block->header[0] != '\0')
		return -EINVAL;
	for (left = BIO_get_mem_data(bio, &rest); left > 0; left--, rest++)
		if (!isspace((unsigned char)*rest))
			return -EINVAL;
	return 0;
}

static EVP_PKEY *parse_public(const unsigned char *der, long length)
{
	const unsigned char *at = der;
	cleanup(cleanup_pkey) EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, length);

	return at == der + length ? take_ptr(pkey) : NULL;
}

static EVP_PKEY *parse_private(const unsigned char *der, long length)
{
	const unsigned char *at = der;
	cleanup(cleanup_pkcs8) PKCS8_PRIV_KEY_INFO *info =
	        d2i_PKCS8_PRIV_KEY_INFO(NULL, &at, length);

	return info && at == der + length ? EVP_PKCS82PKEY(info) : NULL;
}

/* NULL when OpenSSL fails. */
static EVP_PKEY *public_half(EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	int length = i2d_PUBKEY(pkey, &der);
	EVP_PKEY *half = NULL;

	if (length > 0)
		half = parse_public(der, length);
	OPENSSL_free(der);
	return half;
}

/* ES256 means this very curve (RFC 7518 section 3.4), said by name: parameters spelled out are how
 * CVE-2020-0601 came in. */
static int check_curve(const EVP_PKEY *pkey, struct fault *fault)
{
	char group[32] = "";
	int is_explicit = 1;

	if (EVP_PKEY_is_a(pkey, "EC") != 1)
		return fault_set(fault, -EINVAL,
		                 "the key is not an elliptic curve key: need P-256");
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

static int check_point(EVP_PKEY *pkey, struct fault *fault)
{
	cleanup(cleanup_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	if (!ctx)
		return -ENOMEM;
	if (EVP_PKEY_public_check(ctx) != 1)
		return fault_set(fault, -EINVAL, "the key's point is not one of P-256");
	return 0;
}

static int check_halves(EVP_PKEY *pkey, struct fault *fault)
{
	cleanup(cleanup_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	if (!ctx)
		return -ENOMEM;
	if (EVP_PKEY_pairwise_check(ctx) != 1)
		return fault_set(fault, -EINVAL, "the key's private and public half do not match");
	return 0;
}

static int coordinate_text(const EVP_PKEY *pkey, const char *name, char *ret_text)
{
	cleanup(cleanup_bn) BIGNUM *number = NULL;
	uint8_t bytes[COORDINATE];

	if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1 ||
	    BN_bn2binpad(number, bytes, COORDINATE) != COORDINATE)
		return -EIO;
	base64url_encode(bytes, COORDINATE, ret_text);
	return 0;
}

/* RFC 7638 section 3: the required members in this order, no white space. */
static int make_kid(const EVP_PKEY *pkey, char ret_kid[static KID_SIZE])
{
	char x[BASE64URL_LENGTH(COORDINATE) + 1], y[sizeof(x)], json[160];
	char thumbprint[BASE64URL_LENGTH(32) + 1];
	uint8_t digest[32];
	int result = coordinate_text(pkey, OSSL_PKEY_PARAM_EC_PUB_X, x);

	if (result == 0)
		result = coordinate_text(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, y);
	if (result == 0)
		result = text_format(json, sizeof(json),
		                     "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}",
		                     x, y);
	if (result == 0)
		result = key_sha256(json, strlen(json), digest);
	if (result != 0)
		return result;
	base64url_encode(digest, sizeof(digest), thumbprint);
	memcpy(ret_kid, thumbprint, KID_SIZE - 1);
	ret_kid[KID_SIZE - 1] = '\0';
	return 0;
}

/* Makes the record of a key that is public only. Takes `pkey` over when it returns 0. */
static int make_key(EVP_PKEY *pkey, struct key **ret_key, struct fault *fault)
{
	cleanup(cleanup_free) struct key *key = calloc(1, sizeof(*key));
	int result;

	if (!key)
		return -ENOMEM;
	result = check_curve(pkey, fault);
	if (result == 0)
		result = check_point(pkey, fault);
	if (result != 0)
		return result;
	if (make_kid(pkey, key->kid) != 0)
		return fault_set(fault, -EIO, "OpenSSL could not make the key's thumbprint");
	key->algorithm = KEY_ES256;
	key->pkey = pkey;
	*ret_key = take_ptr(key);
	return 0;
}

int key_from_private_pem(const char *pem, struct key **ret_key, struct fault *fault)
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	cleanup(cleanup_block) struct block block = {NULL};
	cleanup(cleanup_pkey) EVP_PKEY *pkey = NULL, *half = NULL;
	int result = read_block(pem, PEM_STRING_PKCS8INF, &block);

	(void)errors;
	if (result == 0)
		pkey = parse_private(block.bytes, block.length);
	if (!pkey)
		return fault_set(fault, -EINVAL,
		                 "not a private key file: need one unencrypted PKCS #8 block, "
		                 "\"-----BEGIN PRIVATE KEY-----\", and nothing else");
	result = check_curve(pkey, fault);
	if (result == 0)
		result = check_halves(pkey, fault);
	if (result != 0)
		return result;
	half = public_half(pkey);
	if (!half)
		return fault_set(fault, -EIO, "OpenSSL could not take the key's public half");
	result = make_key(half, ret_key, fault);
	if (result == 0)
		half = NULL;
	return result;
}

int key_from_public_pem(const char *pem, struct key **ret_key, struct fault *fault)
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	cleanup(cleanup_block) struct block block = {NULL};
	cleanup(cleanup_pkey) EVP_PKEY *pkey = NULL;
	int result = read_block(pem, PEM_STRING_PUBLIC, &block);

	(void)errors;
	if (result == 0)
		pkey = parse_public(block.bytes, block.length);
	if (!pkey)
		return fault_set(fault, -EINVAL,
		                 "not a public key file: need one block, "
		                 "\"-----BEGIN PUBLIC KEY-----\", and nothing else");
	result = make_key(pkey, ret_key, fault);
	if (result == 0)
		pkey = NULL;
	return result;
}

struct key *key_free(struct key *key)
{
	if (key) {
		EVP_PKEY_free(key->pkey);
		free(key);
	}
	return NULL;
}

const char *key_kid(const struct key *key)
{
	return key->kid;
}

enum key_algorithm key_algorithm(const struct key *key)
{
	return key->algorithm;
}

/* OpenSSL takes ECDSA signatures as DER only; that r and s are in 1..n-1 is its check (T9). */
static int signature_der(const uint8_t *raw, uint8_t ret_der[static DER_MAX], size_t *ret_length)
{
	cleanup(cleanup_bn) BIGNUM *r = BN_bin2bn(raw, COORDINATE, NULL);
	cleanup(cleanup_bn) BIGNUM *s = BN_bin2bn(raw + COORDINATE, COORDINATE, NULL);
	cleanup(cleanup_ecdsa_sig) ECDSA_SIG *pair = ECDSA_SIG_new();
	unsigned char *at = ret_der;
	int length;

	if (!r || !s || !pair || ECDSA_SIG_set0(pair, r, s) != 1)
		return -ENOMEM;
	r = NULL;
	s = NULL;
	length = i2d_ECDSA_SIG(pair, NULL);
	if (length <= 0 || length > DER_MAX || i2d_ECDSA_SIG(pair, &at) != length)
		return -EIO;
	*ret_length = (size_t)length;
	return 0;
}

int key_verify(const struct key *key, const void *bytes, size_t length, const uint8_t *signature,
               size_t signature_length)
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	cleanup(cleanup_md_ctx) EVP_MD_CTX *ctx = NULL;
	uint8_t der[DER_MAX];
	size_t der_length = 0;
	int result;

	(void)errors;
	if (signature_length != (size_t)2 * COORDINATE)
		return KEY_BAD_LENGTH;
	result = signature_der(signature, der, &der_length);
	if (result != 0)
		return result;
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return -ENOMEM;
	if (EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key->pkey) != 1)
		return -EIO;
	result = EVP_DigestVerify(ctx, der, der_length, bytes, length);
	if (result == 1)
		return 0;
	return result == 0 ? KEY_BAD_SIGNATURE : -EIO;
}
