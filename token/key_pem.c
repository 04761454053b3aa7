/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys in PEM: exactly one block of the name that is due, and nothing else.
 */
#include "token/key_kind.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/text.h"

#define PEM_MAX 8192 /* characters; a private RSA key of 4096 bits has about 3300 */

CLEANUP_DEFINE(pkcs8, PKCS8_PRIV_KEY_INFO *, PKCS8_PRIV_KEY_INFO_free)

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

int key_generate(enum key_algorithm algorithm, char **ret_private_pem, struct fault *fault)
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	cleanup(cleanup_pkey) EVP_PKEY *pkey = NULL;
	const struct key_kind *kind = key_kind_of(algorithm);
	int result;

	(void)errors;
	if (!kind)
		return fault_set(fault, -EINVAL, "no keys are made for that algorithm");
	pkey = kind->generate();
	result = pkey ? write_private_pem(pkey, ret_private_pem) : -EIO;
	if (result != 0)
		return fault_set(fault, result, "OpenSSL could not make a key for %s", kind->name);
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

static int check_halves(EVP_PKEY *pkey, struct fault *fault)
{
	cleanup(cleanup_pkey_ctx) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	if (!ctx)
		return -ENOMEM;
	if (EVP_PKEY_pairwise_check(ctx) != 1)
		return fault_set(fault, -EINVAL, "the key's private and public half do not match");
	return 0;
}

int key_from_private_pem(const char *pem, struct key **ret_key, struct fault *fault)
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	cleanup(cleanup_block) struct block block = {NULL};
	cleanup(cleanup_pkey) EVP_PKEY *pkey = NULL, *half = NULL;
	const struct key_kind *kind = NULL;
	int result = read_block(pem, PEM_STRING_PKCS8INF, &block);

	(void)errors;
	if (result == 0)
		pkey = parse_private(block.bytes, block.length);
	if (result == -ENOMEM)
		return fault_set(fault, result, "no memory to read it with");
	if (!pkey)
		return fault_set(fault, -EINVAL,
		                 "not a private key file: need one unencrypted PKCS #8 block, "
		                 "\"-----BEGIN PRIVATE KEY-----\", and nothing else");
	result = key_check_kind(pkey, &kind, fault);
	if (result == 0)
		result = check_halves(pkey, fault);
	if (result != 0)
		return result;
	half = public_half(pkey);
	if (!half)
		return fault_set(fault, -EIO, "OpenSSL could not take the key's public half");
	result = key_make(half, NULL, ret_key, fault);
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
	if (result == -ENOMEM)
		return fault_set(fault, result, "no memory to read it with");
	if (!pkey)
		return fault_set(fault, -EINVAL,
		                 "not a public key file: need one block, "
		                 "\"-----BEGIN PUBLIC KEY-----\", and nothing else");
	result = key_make(pkey, NULL, ret_key, fault);
	if (result == 0)
		pkey = NULL;
	return result;
}
