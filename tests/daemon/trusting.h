/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A jitd that trusts another issuer by the name "other", for test.example.org, by ES256.
 */
#ifndef JIT_TESTS_DAEMON_TRUSTING_H
#define JIT_TESTS_DAEMON_TRUSTING_H

#include "tests/daemon/provider.h"

#define ISSUER "https://issuer.example.org"

/* Who signs its tokens; a test may change the keys. */
struct provider *trusting_provider(void);

/* The jitd.conf of it; the caller frees. `scopes`: as in a list, with their quotes; `more`: of the
 * trust block. */
char *trusting_settings(const char *scopes, const char *more);

/* A set-up and its end: people_begin_with() of that issuer. */
int trusting_begin(void **state, const char *rules, const char *scopes, const char *more);
int trusting_end(void **state);

#endif
