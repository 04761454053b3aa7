/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of text as rules and settings hold them (struct strings, policy/policy.h).
 */
#ifndef JIT_POLICY_STRINGS_H
#define JIT_POLICY_STRINGS_H

#include <stdbool.h>

#include "policy/policy.h"

/* Appends a copy of the first `length` bytes of `text`; -ENOMEM and unchanged. */
must_check int strings_add(struct strings *strings, const char *text, size_t length);
bool strings_hold(const struct strings *strings, const char *text);
/* Frees the items and leaves an empty list. */
void strings_done(struct strings *strings);

#endif
