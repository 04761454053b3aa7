/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of public keys: PEM, or a JWK Set.
 */
#ifndef JIT_CLI_ADMIN_KEY_FILE_H
#define JIT_CLI_ADMIN_KEY_FILE_H

#include "cli/command.h"
#include "token/key.h"

/* All keys of the file, which belongs to root or the caller and which nobody else may write to. A
 * key of a set that is passed over is a warning. EXIT_REFUSED with a line; *ret_keys is the
 * caller's otherwise. */
must_check enum exit_code key_file_read(const struct invocation *in, const char *path,
                                        struct keyset **ret_keys);

#endif
