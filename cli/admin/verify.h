/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a token with nothing but the public keys of who made it.
 */
#ifndef JIT_CLI_ADMIN_VERIFY_H
#define JIT_CLI_ADMIN_VERIFY_H

#include <stddef.h>

#include "cli/command.h"

struct verify_order {
	const char *keys;     /* path of a file of public keys */
	const char *host_id;  /* who would read it; NULL: this host */
	const char *issuer;   /* whose token it is; NULL: the host's own */
	const char *audience; /* with an issuer: for whom it is; NULL: the host */
	bool json;
};

/* Prints step by step how the token fares (token/token.h). EXIT_DONE: it is genuine, for that host
 * and in its time; EXIT_REFUSED: it is not, or a line says what went wrong. */
must_check enum exit_code verify_token(const struct invocation *in,
                                       const struct verify_order *order, const char *text,
                                       size_t length);

#endif
