/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens and codes of one's own accesses, on their way from jitd to stdout. They pass through
 * memory that is wiped, and through no buffer of stdio's.
 */
#ifndef JIT_CLI_SUBJECT_MINT_H
#define JIT_CLI_SUBJECT_MINT_H

#include <stdbool.h>

#include "cli/command.h"
#include "wire/message.h"

/* Asks for a token, or for a code, of this access. EXIT_DONE and `minted`, which the caller wipes
 * (message_wipe), or the code after its line. */
must_check enum exit_code mint(const struct invocation *in, uint32_t access, bool code,
                               struct message *ret_minted);

/* Writes the secret and a newline to stdout, and nothing else there. EXIT_DONE, or EXIT_REFUSED
 * after its line. */
must_check enum exit_code secret_print(const struct invocation *in, const char *secret);

/* Both: the secret alone to stdout, what people should know of it to stderr. */
enum exit_code mint_print(const struct invocation *in, uint32_t access, bool code);

#endif
