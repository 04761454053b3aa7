/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns of hosts, scopes, commands and claims: `*` stands for any bytes and `?` for one, but
 * never for one of the bytes that divide what is matched. All else stands for itself.
 */
#ifndef JIT_POLICY_GLOB_H
#define JIT_POLICY_GLOB_H

#include <stdbool.h>

#define GLOB_HOST    "."  /* what `*` does not cross, in a host */
#define GLOB_SCOPE   ":"  /* in a scope */
#define GLOB_COMMAND " /" /* in a command */
#define GLOB_CLAIM   ":/" /* in what a token's claim says */

/* Matches the whole text. Time grows with the product of the lengths at worst. */
bool glob_matches(const char *pattern, const char *text, const char *dividers);

/* Holds the pattern `*` or `?` at all? */
bool glob_is(const char *pattern);

/* Does every text that `inner` matches match `outer` too? false where that is not seen: `inner` is
 * taken as text in which a `*` or `?` is matched by `*` alone. */
bool glob_covers(const char *outer, const char *inner, const char *dividers);

#endif
