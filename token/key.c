/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record of a key, its checks and its use. Keys are parsed once and never change afterwards, so
 * that threads share them; each check of a signature has a copy of a context that was prepared with
 * the key (to prepare one takes ten times as long). No MAC is used here, so that no public key can
 * serve as the secret of one (T2).
 */
#include "token/key_kind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text.h"
#include "token/base64url.h"

static const struct key_kind *const kinds[] = {&key_es256, &key_rs256};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct key_kind *key_kind_of(enum key_algorithm algorithm)
{
	for (size_t i = 0; i < KINDS; i++)
		if (kinds[i]->algorithm == algorithm)
			return kinds[i];
	return NULL;
}

const struct key_kind *key_kind_typed(const char *type)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i]->type, type) == 0)
			return kinds[i];
	return NULL;
}

enum key_algorithm key_algorithm_named(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i]->name, name) == 0)
			return kinds[i]->algorithm;
	return KEY_NONE;
}

const char *key_algorithm_name(enum key_algorithm algorithm)
{
	const struct key_kind *kind = key_kind_of(algorithm);

	return kind ? kind->name : "";
}

int key_sha256(const void *bytes, size_t length, uint8_t ret_digest[static 32])
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	unsigned char digest[EVP_MAX_MD_SIZE];

	(void)errors;
	if (EVP_Digest(bytes, length, digest, NULL, EVP_sha256(), NULL) != 1)
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

bool kid_is_good(const char *kid)
{
	static const char allowed[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t length = strspn(kid, allowed);

	return length >= 1 && length <= TOKEN_KID_MAX && kid[length] == '\0';
}

/* ---- making the record ---- */

int key_check_kind(const EVP_PKEY *pkey, const struct key_kind **ret_kind, struct fault *fault)
{
	for (size_t i = 0; i < KINDS; i++)
		if (EVP_PKEY_is_a(pkey, kinds[i]->type) == 1) {
			*ret_kind = kinds[i];
			return kinds[i]->check(pkey, fault);
		}
	return fault_set(fault, -EINVAL, "the key is of another kind (%s): need EC (P-256) or RSA",
	                 EVP_PKEY_get0_type_name(pkey));
}

static int check_public(EVP_PKEY *pkey, struct fault *fault)
{
	cleanup(cleanup_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	if (!ctx)
		return -ENOMEM;
	if (EVP_PKEY_public_check(ctx) != 1)
		return fault_set(fault, -EINVAL, "the key's numbers make no good public key");
	return 0;
}

int key_number_text(const EVP_PKEY *pkey, const char *name, size_t width, char *ret_text,
                    size_t size)
{
	cleanup(cleanup_bn) BIGNUM *number = NULL;
	uint8_t bytes[KEY_NUMBER_MAX];

	if (EVP_PKEY_get_bn_param(pkey, name, &number) != 1)
		return -EIO;
	if (width == 0)
		width = (size_t)BN_num_bytes(number);
	if (width > sizeof(bytes) || BASE64URL_LENGTH(width) >= size ||
	    BN_bn2binpad(number, bytes, (int)width) != (int)width)
		return -EIO;
	base64url_encode(bytes, width, ret_text);
	return 0;
}

int key_from_parameters(const char *type, OSSL_PARAM *parameters, EVP_PKEY **ret_pkey)
{
	cleanup(cleanup_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1)
		return -ENOMEM;
	if (EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, parameters) != 1)
		return -EINVAL;
	*ret_pkey = pkey;
	return 0;
}

/* RFC 7638 section 3: the required members in this order, no white space. */
static int make_kid(const struct key_kind *kind, const EVP_PKEY *pkey,
                    char ret_kid[static KID_SIZE])
{
	char members[KEY_MEMBERS_MAX], json[KEY_MEMBERS_MAX + 3];
	char thumbprint[BASE64URL_LENGTH(32) + 1];
	uint8_t digest[32];
	int result = kind->write_members(pkey, members);

	if (result == 0)
		result = text_format(json, sizeof(json), "{%s}", members);
	if (result == 0)
		result = key_sha256(json, strlen(json), digest);
	if (result != 0)
		return result;
	base64url_encode(digest, sizeof(digest), thumbprint);
	memcpy(ret_kid, thumbprint, KID_SIZE - 1);
	ret_kid[KID_SIZE - 1] = '\0';
	return 0;
}

static int prepare(EVP_PKEY *pkey, EVP_MD_CTX **ret_context)
{
	cleanup(cleanup_md_ctx) EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (!context)
		return -ENOMEM;
	if (EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pkey) != 1)
		return -EIO;
	*ret_context = take_ptr(context);
	return 0;
}

int key_make(EVP_PKEY *pkey, const char *kid, struct key **ret_key, struct fault *fault)
{
	cleanup(cleanup_free) struct key *key = calloc(1, sizeof(*key));
	int result;

	if (!key)
		return -ENOMEM;
	/* how large it is first: the check of a huge one takes minutes (CVE-2023-6237) */
	result = key_check_kind(pkey, &key->kind, fault);
	if (result == 0)
		result = check_public(pkey, fault);
	if (result != 0)
		return result;
	if (!key->kind)
		return -EINVAL;
	result = kid ? text_copy(key->kid, sizeof(key->kid), kid)
	             : make_kid(key->kind, pkey, key->kid);
	if (result != 0)
		return fault_set(fault, -EIO, "the key could not be given its kid");
	result = prepare(pkey, &key->context);
	if (result != 0)
		return fault_set(fault, result, "OpenSSL could not prepare the key");
	key->pkey = pkey;
	*ret_key = take_ptr(key);
	return 0;
}

struct key *key_free(struct key *key)
{
	if (key) {
		EVP_MD_CTX_free(key->context);
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
	return key->kind->algorithm;
}

/* ---- using it ---- */

int key_verify(const struct key *key, const void *bytes, size_t length, const uint8_t *signature,
               size_t signature_length)
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	cleanup(cleanup_md_ctx) EVP_MD_CTX *ctx = NULL;
	uint8_t rewritten[KEY_SIGNATURE_MAX];
	size_t rewritten_length;
	int result;

	(void)errors;
	if (!key->kind->fits(key->pkey, signature_length))
		return KEY_BAD_LENGTH;
	rewritten_length = key->kind->rewrite(signature, signature_length, rewritten);
	ctx = EVP_MD_CTX_new();
	if (!ctx)
		return -ENOMEM;
	if (EVP_MD_CTX_copy_ex(ctx, key->context) != 1)
		return -EIO;
	result = EVP_DigestVerify(ctx, rewritten, rewritten_length, bytes, length);
	if (result == 1)
		return 0;
	return result == 0 ? KEY_BAD_SIGNATURE : -EIO;
}
