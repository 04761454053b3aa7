/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is stored of a code: an HMAC under a secret of its own, in STATE-DIR/codes.key (0600, made
 * at first start), so that who reads the database cannot try codes against it. Without that file
 * codes that are outstanding are void; nothing else is.
 *
 * And guesses at codes. Per (account, source): GUESSES wrong ones at once, then one more every
 * GUESS_SECONDS; past that the source's codes for that account are refused unread. What is no code
 * by its check symbol is no guess, and tokens, held tokens and other sources never wait for it. The
 * source is what PAM says: an address (of IPv6 its first 64 bits: who has one has them all), a
 * terminal, a user. Kept in memory, SOURCES_MAX of them, the one longest quiet makes room.
 */
#ifndef JIT_JITD_CODES_H
#define JIT_JITD_CODES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "token/code.h"

#define GUESSES       5
#define GUESS_SECONDS 30
#define SOURCES_MAX   4096

struct codes;
must_check int codes_load(const char *state_dir, struct codes **ret_codes, struct fault *fault);
struct codes *codes_free(struct codes *codes); /* wipes; takes NULL, returns NULL */

must_check int codes_digest(const struct codes *codes, const char code[static CODE_SIZE],
                            char ret_digest[static CODE_DIGEST_SIZE]);

/* May this source try a code for this account now? Changes nothing. `now`: seconds of a clock that
 * never goes back. */
bool codes_may_guess(const struct codes *codes, const char *account, const char *source,
                     int64_t now);
void codes_guessed_wrong(struct codes *codes, const char *account, const char *source, int64_t now);

#endif
