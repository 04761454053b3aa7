/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending accesses before their time, and locking people out. In force for the next check when the
 * command returns. Where the disk is full they act from memory all the same, say so, and are
 * written first when space returns.
 */
#ifndef JIT_JITD_REVOCATION_H
#define JIT_JITD_REVOCATION_H

#include "jitd/call.h"

struct revocations;
must_check int revocations_new(struct jitd *jitd, struct revocations **ret_revocations);
struct revocations *revocations_free(struct revocations *revocations);

/* What is in force and not on disk yet. */
bool revocation_covers(const struct revocations *revocations, uint32_t access);
bool revocation_locks(const struct revocations *revocations, uid_t uid);

/* After the handler of revoke or lock met a store that cannot write: puts it into memory and sets
 * the answer. False: not possible either (no memory, or the command was refused), and the answer is
 * a refusal. */
bool revocation_remember(struct call *call);

#endif
