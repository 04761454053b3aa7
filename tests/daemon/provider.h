/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another issuer, for tests: a key, the JWK Set of it in a file that a trust can name, and tokens
 * that say whatever they are told to. Made when a test begins; nothing of it outlives the test.
 */
#ifndef JIT_TESTS_DAEMON_PROVIDER_H
#define JIT_TESTS_DAEMON_PROVIDER_H

#include <stdbool.h>

#include "tests/daemon/harness.h"
#include "token/token_test_sign.h"

struct provider {
	struct bench *bench; /* of the key */
	char directory[64];
	char jwks[96]; /* path of its keys */
};

void provider_make(struct provider *provider, enum key_algorithm algorithm);
void provider_remove(struct provider *provider);
/* Puts another file in place of its keys; NULL: its keys again. */
void provider_publish(const struct provider *provider, const char *text);
/* Makes a new key; the old one is forgotten. Nothing is published. */
void provider_rekey(struct provider *provider);
char *provider_jwks(const struct provider *provider); /* the text; the caller frees */

/* A token of these claims, `{...}`, under the header {alg, kid, typ} and, after a comma, `more`.
 * Before it is signed, NOW and NOW+N and NOW-N in the claims become numbers: seconds since 1970,
 * `ahead` added. */
char *provider_sign(const struct provider *provider, const char *claims, const char *more,
                    int64_t ahead);

struct message present_of(const char *token, const char *reason, const char *ticket);

#endif
