/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one line of standard input that is a token or code. It passes through no buffer of stdio's;
 * the caller wipes it.
 */
#ifndef JIT_CLI_TOKEN_LINE_H
#define JIT_CLI_TOKEN_LINE_H

#include <stddef.h>

#include "cli/command.h"

#define TOKEN_LINE_MAX 4096 /* bytes, as the wire takes them */
#define TOKEN_LINE_SIZE                                                                            \
	(TOKEN_LINE_MAX + 3) /* with its end, and one more to see that it is too long */

/* Without its end, NUL-terminated. EXIT_DONE, or the code after its line. */
must_check enum exit_code token_line_read(const struct invocation *in,
                                          char ret_text[static TOKEN_LINE_SIZE],
                                          size_t *ret_length);

#endif
