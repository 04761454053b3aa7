/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses that are bound to an ssh key: to which one a request is, and whose key it is that comes
 * to a door. sshd says which keys it verified; nobody else is believed about them.
 */
#ifndef JIT_JITD_BINDING_H
#define JIT_JITD_BINDING_H

#include "jitd/door.h"
#include "jitd/wish.h"

/* Within a message, of a wish whose rule is found: the key that it is bound to, if it is: the one
 * that it names; else, where the rule binds, that of the subject's ssh login from which its process
 * descends. 0, an enum wish_result, -errno. */
must_check int binding_of_wish(struct jitd *jitd, struct wish *wish);

enum {
	BINDING_NOBODYS = 0,
	BINDING_ONES,    /* ret_uid is whose */
	BINDING_SEVERALS /* more than one person's: it tells nobody from another */
};
/* Who holds a running access that opens this door and is bound to a key that it shows. */
must_check int binding_owner(const struct jitd *jitd, struct store *store, const struct door *door,
                             uid_t *ret_uid);

/* Within a message: does anybody hold a running access that opens this door and is bound to some
 * key? */
must_check int binding_waits(const struct jitd *jitd, const struct door *door, bool *ret_waits);

#endif
