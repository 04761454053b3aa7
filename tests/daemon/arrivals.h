/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_DAEMON_ARRIVALS_H
#define TESTS_DAEMON_ARRIVALS_H

/* A jitd that trusts "other", and tokens of it that games brings in. */
#include <stdint.h>

#include "tests/daemon/people.h"
#include "tests/daemon/trusting.h"

/* Set-ups, for trusting_end(): rules that name the trust; one that does not; a trust that maps
 * subjects. */
int arrivals_begin(void **state);
int arrivals_begin_own(void **state);
int arrivals_begin_mapped(void **state);

/* A second host of that kind, that is not started. */
void arrivals_make(struct host *host);

/* A good one for sudo:root, with one claim replaced, added, or left out (`json` NULL). The caller
 * frees it. */
char *token_with(const char *name, const char *json);
char *token_for(const char *scope);
#define fresh() token_with("", NULL)

/* The number of the access that it becomes. */
uint32_t must_present(const struct host *host, const char *token);
/* Refused with that word to the person and that reason in the event; nothing is made or spent. */
void must_not_present(const struct host *host, struct person person, const char *token,
                      const char *word, const char *reason);
void expect_reason(const struct host *host, const char *name, const char *json, const char *reason);

#endif
