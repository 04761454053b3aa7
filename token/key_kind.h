/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of keys share, and nobody else may include: the record, what is particular to an
 * algorithm, and how OpenSSL's objects are released. With code.c they are the only ones that call
 * OpenSSL; every one of its answers counts as good when it is exactly 1: 0 and the negative ones
 * (CVE-2008-5077) refuse alike (T11).
 */
#ifndef JIT_TOKEN_KEY_KIND_H
#define JIT_TOKEN_KEY_KIND_H

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "base/cleanup.h"
#include "token/json.h"
#include "token/key.h"
#include "token/token.h"

#define KEY_MEMBERS_MAX 800 /* the JWK members of a key as JSON; RSA of 4096 bits needs 720 */

/* One algorithm, and all that is said of its keys (T3, T4). */
struct key_kind {
	enum key_algorithm algorithm;
	const char *name; /* RFC 7518 section 3.1 */
	const char *type; /* OpenSSL's name of the key type, and the kty of RFC 7518 section 6.1 */

	/* NULL when OpenSSL fails. */
	EVP_PKEY *(*generate)(void);

	/* 0, or -EINVAL and the line: what EVP_PKEY_public_check() does not ask. */
	int (*check)(const EVP_PKEY *pkey, struct fault *fault);

	/* The members that RFC 7638 section 3.2 requires, as JSON without braces and white space,
	 * in its order: both of the thumbprint and of a JWK. 0 or -EIO. */
	int (*write_members)(const EVP_PKEY *pkey, char ret_json[static KEY_MEMBERS_MAX]);

	/* A key of these members of a JWK, not checked yet. 0, -EINVAL and the line, -ENOMEM or
	 * -EIO. */
	int (*read_members)(const struct document *jwk, EVP_PKEY **ret_pkey, struct fault *fault);

	/* Of the one length that this key's signatures have? Asked before OpenSSL sees it (T10). */
	bool (*fits)(const EVP_PKEY *pkey, size_t signature_length);

	/* The signature as OpenSSL takes it; at most KEY_SIGNATURE_MAX bytes. */
	size_t (*rewrite)(const uint8_t *signature, size_t length,
	                  uint8_t ret_rewritten[static KEY_SIGNATURE_MAX]);
};
extern const struct key_kind key_es256, key_rs256; /* key_ec.c, key_rsa.c */

const struct key_kind *key_kind_of(enum key_algorithm algorithm); /* NULL: none */
const struct key_kind *key_kind_typed(const char *type);          /* by `type`; NULL: none */

struct key {
	/* parsed and prepared once, never changed afterwards, and so shared by threads */
	EVP_PKEY *pkey;      /* public only */
	EVP_MD_CTX *context; /* ready to verify: each use takes a copy */
	const struct key_kind *kind;
	char kid[TOKEN_KID_MAX + 1];
};

/* Makes the record of a public key after all its checks. `kid` NULL: its thumbprint. Takes `pkey`
 * over when it returns 0. -EINVAL with the line, -ENOMEM, -EIO. */
must_check int key_make(EVP_PKEY *pkey, const char *kid, struct key **ret_key, struct fault *fault);

/* That the key is of a kind we take, within its bounds; nothing that takes long. */
must_check int key_check_kind(const EVP_PKEY *pkey, const struct key_kind **ret_kind,
                              struct fault *fault);

/* A number of `pkey` in base64url: in `width` bytes, or in as few as it takes where that is 0
 * (RFC 7518 section 2, Base64urlUInt). 0 or -EIO. */
#define KEY_NUMBER_MAX 512 /* bytes: RSA of 4096 bits */
must_check int key_number_text(const EVP_PKEY *pkey, const char *name, size_t width, char *ret_text,
                               size_t size);

/* A public key of these parameters. 0, -EINVAL when they make none, or -ENOMEM. */
must_check int key_from_parameters(const char *type, OSSL_PARAM *parameters, EVP_PKEY **ret_pkey);

CLEANUP_DEFINE(bio, BIO *, BIO_free)
CLEANUP_DEFINE(pkey, EVP_PKEY *, EVP_PKEY_free)
CLEANUP_DEFINE(pkey_ctx, EVP_PKEY_CTX *, EVP_PKEY_CTX_free)
CLEANUP_DEFINE(md_ctx, EVP_MD_CTX *, EVP_MD_CTX_free)
CLEANUP_DEFINE(bn, BIGNUM *, BN_free)

/* What OpenSSL notes about a failure is not for whoever uses this thread next. */
struct errors {
	int marked;
};

static inline struct errors errors_mark(void)
{
	return (struct errors){ERR_set_mark()};
}

static inline void cleanup_errors(const struct errors *errors)
{
	if (errors->marked == 1)
		ERR_pop_to_mark();
	else
		ERR_clear_error();
}

#endif
