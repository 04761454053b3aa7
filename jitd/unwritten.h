/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is in force and not on disk yet, since the disk was full: revoked accesses and locked
 * people. Asked at every check; written first when space returns, by whoever made it
 * (jitd/revocation).
 */
#ifndef JIT_JITD_UNWRITTEN_H
#define JIT_JITD_UNWRITTEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/identity.h"
#include "jitd/loop.h"

struct unwritten_order {
	uint32_t access; /* 0: it is a lock, of uid and name */
	uid_t uid;
	char name[NAME_SIZE], actor[NAME_SIZE];
};

struct unwritten;

/* `retry` is called some time after an order came in, and after unwritten_later(). */
must_check int unwritten_new(struct loop *loop, void (*retry)(void *), void *context,
                             struct unwritten **ret_unwritten);
struct unwritten *unwritten_free(struct unwritten *unwritten);

bool unwritten_covers(const struct unwritten *unwritten, uint32_t access);
bool unwritten_locks(const struct unwritten *unwritten, uid_t uid);

/* One that is there already is not kept twice. False: no memory. */
bool unwritten_add(struct unwritten *unwritten, const struct unwritten_order *order);
const struct unwritten_order *unwritten_first(const struct unwritten *unwritten); /* NULL: none */
void unwritten_drop_first(struct unwritten *unwritten);
void unwritten_later(struct unwritten *unwritten, uint64_t milliseconds);

#endif
