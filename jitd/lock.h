/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Locking people out: who is locked opens nothing, asks nothing and decides nothing until unlocked.
 * By uid, whatever the name.
 */
#ifndef JIT_JITD_LOCK_H
#define JIT_JITD_LOCK_H

#include "jitd/call.h"

/* Within a message: is this person locked, on disk or from memory (jitd/unwritten)? */
must_check int lock_is_set(struct jitd *jitd, uid_t uid, bool *ret_locked);

/* Within a message: locks, with its event. Locking who is locked is as good. */
must_check int lock_row(struct jitd *jitd, uid_t uid, const char *name, const char *actor,
                        int64_t now);

/* The one user that a text names, as call_names wants it. */
bool lock_name_of(const char *text, size_t index, char ret_name[static NAME_SIZE]);

#endif
