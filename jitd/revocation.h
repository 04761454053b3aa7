/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending accesses before their time. In force for the next check when the command returns. Where
 * the disk is full, revocations and locks act from memory all the same (jitd/unwritten), say so,
 * and are written first when space returns.
 */
#ifndef JIT_JITD_REVOCATION_H
#define JIT_JITD_REVOCATION_H

#include "jitd/call.h"

/* Makes jitd->unwritten, and sees to its writing. */
must_check int revocation_prepare(struct jitd *jitd);

/* After the handler of revoke or lock met a store that cannot write: puts it into memory and sets
 * the answer. False: not possible either (no memory, or the command was refused), and the answer is
 * a refusal. */
bool revocation_remember(struct call *call);

/* Within a message: revokes each access of which a token lives that this key signed, and adds to
 * the count. */
must_check int revocation_of_key(struct jitd *jitd, const char *kid, const struct act *act,
                                 size_t *ret_count);
/* The same from memory. False: they cannot be read, or no memory. */
must_check bool revocation_of_key_remember(struct jitd *jitd, const char *kid, const char *actor);

#endif
