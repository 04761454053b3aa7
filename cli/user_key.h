/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ssh key as an option names it: by its fingerprint.
 */
#ifndef JIT_CLI_USER_KEY_H
#define JIT_CLI_USER_KEY_H

#include "cli/command.h"
#include "token/fingerprint.h"

/* Option `row` as a fingerprint; not given: empty. EXIT_DONE or EXIT_USAGE with its line. */
must_check enum exit_code option_user_key(const struct invocation *in, size_t row,
                                          char ret_key[static FINGERPRINT_SIZE]);

#endif
