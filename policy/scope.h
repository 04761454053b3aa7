/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scopes (RFC 8693 section 4.2): "SERVICE:ACCOUNT", several separated by one space. SERVICE is the
 * PAM service, but `sshd` is written `ssh`, `sudo-i` counts as `sudo`, `su-l` as `su`.
 */
#ifndef JIT_POLICY_SCOPE_H
#define JIT_POLICY_SCOPE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

#define SCOPE_SIZE  130  /* one scope, NUL included: two names and the colon */
#define SCOPES_SIZE 1025 /* a list of scopes, NUL included */
#define SCOPES_MAX  8    /* scopes in a list */

/* Checks one or more scopes and writes them in canonical form (services mapped, in the order given,
 * each once). -EINVAL with a line that says what is wrong and what would be right. */
must_check int scope_canonical(const char *text, char ret_text[static SCOPES_SIZE],
                               struct fault *fault);

/* The same of the one scope of a rule, which may be a pattern: `*` and `?` in both parts, never
 * across the colon (policy/glob.h), and SCOPE_OWN as the account: that of the one who asks. */
#define SCOPE_OWN "~"
must_check int scope_pattern_canonical(const char *text, char ret_scope[static SCOPE_SIZE],
                                       struct fault *fault);

/* The word that stands for a PAM service in a scope: "sshd" → "ssh". Never NULL. */
const char *scope_service(const char *pam_service);

/* Is `scope` one of the list? `scopes` and `scope` are canonical. */
bool scope_contains(const char *scopes, const char *scope);

/* Has the list a scope of this service (any account)? `service` as scope_service() gives it. */
bool scope_has_service(const char *scopes, const char *service);

/* Could a scope that the pattern takes in be of this service? */
bool scope_may_have_service(const char *pattern, const char *service);
/* Of ssh or login? There the account is all that is known of who comes. */
bool scope_may_be_login(const char *pattern);

#endif
