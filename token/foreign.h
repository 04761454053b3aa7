/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The claims of another issuer's token whose signature held already; as claims.h.
 */
#ifndef JIT_TOKEN_FOREIGN_H
#define JIT_TOKEN_FOREIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "token/form.h"
#include "token/token.h"

/* `signed_text` is what the signature is over: a token without a jti is told from others by it. 0,
 * -ENOMEM, -EIO, or an enum token_reason: as claims_read(), and REQUIRE. Fills all but kid. */
must_check int foreign_read(const uint8_t *bytes, size_t length, const struct part *signed_text,
                            const struct foreign_expectation *expectation,
                            struct foreign_claims *ret_claims);

#endif
