/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing tokens: the only file that knows libjwt, which writes and never reads (1.10 is no
 * verifier). Compact JWS, ES256 or RS256, header alg kid typ (1.10 forces typ "JWT"), claims iss
 * sub aud scope iat nbf exp jti access, for another host until, and cnf where it is bound to an ssh
 * key (RFC 7800).
 */
#ifndef JIT_JITD_MINT_H
#define JIT_JITD_MINT_H

#include <stdint.h>

#include "token/fingerprint.h"
#include "token/key.h"
#include "token/token.h"

struct mint_order {
	char kid[TOKEN_KID_MAX + 1];
	char iss[256]; /* host-id */
	char aud[256]; /* one host's id */
	char sub[65];
	char scope[1025];
	char jti[33];     /* 128 random bits as hex: mint_jti() */
	int64_t iat, exp; /* nbf = iat */
	int64_t until;    /* when what it opens on another host ends; 0: for this host */
	uint32_t access;
	enum key_algorithm algorithm; /* of the key that kid names */
	char cnf[FINGERPRINT_SIZE];   /* the ssh key; "": bound to none */
};

must_check int mint_jti(char ret_jti[static 33]);

/* The token's text, malloc'ed; wipe with cleanup_secret(). Refuses (-EINVAL) an order that the
 * reader would not take back: an empty or unclean field, a kid outside [A-Za-z0-9._-], a sub that
 * is no name, a jti that is not 32 lower-case hex digits, a cnf that is no fingerprint, access 0,
 * times outside 0..2^53, exp - iat not in 1..TOKEN_LIFETIME_MAX, until before exp, no algorithm, a
 * token over TOKEN_MAX. A key of another algorithm fails. Blocks for a signature: run it on the
 * pool. Thread-safe. */
must_check int mint_token(const struct mint_order *order, const char *private_pem,
                          char **ret_token);

#endif
