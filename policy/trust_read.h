/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From blocks of jitd.conf to trusts. Inside the room.
 */
#ifndef JIT_POLICY_TRUST_READ_H
#define JIT_POLICY_TRUST_READ_H

#include "policy/conf.h"
#include "policy/trust.h"

enum {
#define K(name, type, reader, example) TRUST_KEY_##reader,
	TRUST_KEYS(K)
#undef K
	        TRUST_KEY_COUNT
};
extern const struct conf_key trust_keys[TRUST_KEY_COUNT];

/* Adds the trust of a block and reports all that is wrong in it; -ENOMEM is the only result but 0.
 */
must_check int trust_add(struct complaints *complaints, const struct conf_block *block,
                         struct trusts *trusts);
void trusts_done(struct trusts *trusts);

#endif
