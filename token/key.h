/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys: the only header of this project behind which OpenSSL is. A key record names exactly one
 * algorithm, which its type decides: ES256 for a key on the curve P-256, RS256 for RSA of 2048 to
 * 4096 bits with e = 65537. Loading refuses all others by name (T4): other curves, sizes, exponents
 * and types (RSA keys for PSS are one), curves that are spelled out, numbers that
 * EVP_PKEY_public_check() does not accept.
 */
#ifndef JIT_TOKEN_KEY_H
#define JIT_TOKEN_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define KID_SIZE 9 /* RFC 7638 thumbprint (SHA-256, base64url) cut to 8 characters, and the NUL */

enum key_algorithm { KEY_NONE = 0, KEY_ES256, KEY_RS256 };

/* By the names of RFC 7518 section 3.1, compared with case, whole; KEY_NONE and "": no other. */
enum key_algorithm key_algorithm_named(const char *name);
const char *key_algorithm_name(enum key_algorithm algorithm);

struct key; /* one parsed public key with its record */

/* Makes a key pair, RSA of 2048 bits: PEM (PKCS #8, unencrypted), malloc'ed, for the key file. The
 * caller wipes and frees it (cleanup_secret). RSA takes a tenth of a second and more. */
must_check int key_generate(enum key_algorithm algorithm, char **ret_private_pem,
                            struct fault *fault);

/* Parses a private key's PEM and keeps only its public half. -EINVAL, with the line, unless it is
 * one "BEGIN PRIVATE KEY" block (PKCS #8) and nothing else, unencrypted, with a key as above whose
 * halves belong together. Nobody is ever asked for a password. The kid is the key's thumbprint. */
must_check int key_from_private_pem(const char *pem, struct key **ret_key, struct fault *fault);
/* The same for "BEGIN PUBLIC KEY" (SubjectPublicKeyInfo); a private key is refused here. */
must_check int key_from_public_pem(const char *pem, struct key **ret_key, struct fault *fault);
struct key *key_free(struct key *key); /* takes NULL, returns NULL */

static inline void cleanup_key(struct key **where)
{
	key_free(*where);
}

const char *key_kid(const struct key *key);
enum key_algorithm key_algorithm(const struct key *key);

/* SHA-256, for digests that are stored (never for comparing secrets without secret_equal()). */
must_check int key_sha256(const void *bytes, size_t length, uint8_t ret_digest[static 32]);
#define KEY_HEX_SIZE 65 /* the digest in lower-case hex, NUL included */
must_check int key_sha256_hex(const void *bytes, size_t length, char ret_hex[static KEY_HEX_SIZE]);

#define KEY_SIGNATURE_MAX 512 /* the longest signature of any algorithm here */

/* Verifies `signature` over `bytes`: ES256 has exactly 64 bytes (r || s), RS256 exactly as many as
 * the modulus (PKCS #1 v1.5, SHA-256). 0 good, KEY_BAD_SIGNATURE, KEY_BAD_LENGTH, or -errno when
 * OpenSSL failed. Thread-safe. */
enum { KEY_BAD_SIGNATURE = 1, KEY_BAD_LENGTH };
must_check int key_verify(const struct key *key, const void *bytes, size_t length,
                          const uint8_t *signature, size_t signature_length);

/* The keys that a reader trusts for one issuer. Records are immutable but for the times; build a
 * new set to change it. */
struct keyset *keyset_new(void);
struct keyset *keyset_free(struct keyset *keys); /* frees its keys; takes NULL, returns NULL */
static inline void cleanup_keyset(struct keyset **where)
{
	keyset_free(*where);
}

/* Takes the key over when it returns 0, and only then. Times in seconds since 1970, both included;
 * INT64_MIN and INT64_MAX: no bound (T30). -EEXIST when the kid is there already, -ENOMEM. */
must_check int keyset_add(struct keyset *keys, struct key *key, int64_t not_before,
                          int64_t not_after, bool revoked);
struct keyset_entry {
	const struct key *key;
	int64_t not_before, not_after;
	bool revoked;
};
/* NULL: unknown. The entry lives as long as the set. `kid` is compared byte for byte over its whole
 * length. */
const struct keyset_entry *keyset_find(const struct keyset *keys, const char *kid, size_t length);

#endif
