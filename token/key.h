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

bool kid_is_good(const char *kid); /* 1 to 64 of [A-Za-z0-9._-] (T5) */

/* The key as a public JWK (RFC 7517): its numbers, kid, alg and use; one line, malloc'ed. -ENOMEM
 * or -EIO. */
must_check int key_public_jwk(const struct key *key, char **ret_json);

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
/* In the order in which they were added; NULL past the last. */
const struct keyset_entry *keyset_at(const struct keyset *keys, size_t index);
/* NULL: unknown. The entry lives as long as the set. `kid` is compared byte for byte over its whole
 * length. */
const struct keyset_entry *keyset_find(const struct keyset *keys, const char *kid, size_t length);

/* A JWK Set of the keys that are not revoked; one line, malloc'ed. -ENOMEM or -EIO. */
must_check int keyset_write_jwks(const struct keyset *keys, char **ret_json);

#define JWKS_MAX           262144 /* bytes */
#define KEY_BIT(algorithm) (1U << (unsigned int)(algorithm))

/* Who hears of keys that are passed over: a line each, without a file's name. Either may be NULL.
 */
struct jwks_report {
	void (*skipped)(void *context, const char *line);
	void *context;
};

/*
 * Reads a JWK Set: the keys for signatures (use "sig" or none, key_ops with "verify" or none) whose
 * algorithm is in `algorithms` (KEY_BIT(...) of each) and which are as said at the head of this
 * file. Such a key keeps the kid of the set, whole. Members that are not known are skipped; a key
 * that is not for us, or has no good kid, is passed over with a line.
 *
 * -EINVAL and the line: not strict JSON (token/json.h), no JWK Set, over JWKS_MAX or 64 keys, a key
 * with a private member, a kid twice, or no key left. -ENOMEM, -EIO.
 */
must_check int keyset_read_jwks(const char *text, size_t length, unsigned int algorithms,
                                const struct jwks_report *report, struct keyset **ret_keys,
                                struct fault *fault);

#endif
