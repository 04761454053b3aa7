/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outer form of a compact JWS: three parts and two dots, found in one pass, nothing decoded or
 * allocated (T23, T29). The parts point into the caller's text.
 */
#ifndef JIT_TOKEN_FORM_H
#define JIT_TOKEN_FORM_H

#include <stddef.h>

#include "base/error.h"

struct part {
	const char *text;
	size_t length;
};

struct form {
	struct part header, payload, signature;
	struct part signed_text; /* header, dot, payload: what the signature is over */
};

/* 0, or the enum token_reason TOKEN_REASON_LENGTH (empty, or over TOKEN_MAX) or TOKEN_REASON_FORM
 * (not exactly two dots, or an empty part). */
must_check int form_split(const char *text, size_t length, struct form *ret_form);

#endif
