/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token will say, taken from its access before it is signed; and the row that is kept of it.
 */
#ifndef JIT_JITD_ORDER_H
#define JIT_JITD_ORDER_H

#include "jitd/access.h"
#include "jitd/mint.h"

/* Signed by the key in force, which whoever signs must hold from here on (keys_hold()). jti, iat
 * and exp are the caller's; what is for another host says until when it counts there. -ENOKEY:
 * nobody signs now. */
must_check int order_fill(const struct jitd *jitd, const struct access *access,
                          struct mint_order *order);

/* Within a message: does the key that signed it verify as long as it lives? Keys may have changed
 * since the order was filled with `keys`; what does not stand is to be signed again, by the one in
 * force. -EIO: it does not, and no other keys are in force. */
must_check int order_stands(const struct jitd *jitd, const struct mint_order *order,
                            const struct keys *keys, bool *ret_stands);

/* What a token of ours must say to be read back. */
struct expectation order_expectation(const struct jitd *jitd, int64_t now);

enum token_kind { KIND_HELD = 1, KIND_TOKEN, KIND_CODE, KIND_FOREIGN };
const char *token_kind_word(enum token_kind kind);

/* Within a message. `text`: of KIND_HELD the token itself, of KIND_TOKEN its SHA-256 in hex, of
 * KIND_CODE the code's digest. */
must_check int order_keep(struct jitd *jitd, const struct mint_order *order, enum token_kind kind,
                          const char *text);

#endif
