/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a token with nothing but the public keys of the host that made it.
 */
#ifndef JIT_CLI_ADMIN_VERIFY_H
#define JIT_CLI_ADMIN_VERIFY_H

#include <stddef.h>

#include "cli/command.h"

/* Reads the keys of the file at `keys` and the token, as the host `host_id` would (NULL: this
 * host), and prints check by check how that went, then the claims. EXIT_DONE: the token is genuine
 * and in its time; EXIT_REFUSED: it is not, or a line says what went wrong. */
must_check enum exit_code verify_token(const struct invocation *in, const char *keys,
                                       const char *host_id, bool json, const char *text,
                                       size_t length);

#endif
