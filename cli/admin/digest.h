/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The digest of an access as it was shown, which a yes is bound to.
 */
#ifndef JIT_CLI_ADMIN_DIGEST_H
#define JIT_CLI_ADMIN_DIGEST_H

#include "cli/command.h"

#define DIGEST_SIZE 65 /* SHA-256 as lower-case hex, NUL included */

bool digest_is(const char *text);

/* Option `row` as a digest; not given: empty. EXIT_DONE or EXIT_USAGE with its line. */
must_check enum exit_code option_digest(const struct invocation *in, size_t row,
                                        char ret_digest[static DIGEST_SIZE]);

#endif
