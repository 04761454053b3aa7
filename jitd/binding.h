/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses that are bound to an ssh key: to which one a request is, and whose key it is that comes
 * to a door. sshd says which keys it verified; nobody else is believed about them.
 */
#ifndef JIT_JITD_BINDING_H
#define JIT_JITD_BINDING_H

#include "jitd/call.h"
#include "jitd/door.h"

/* The key that a request for `scopes` by `rule` is bound to: the one that it names; else, where the
 * rule binds, that of the caller's ssh login from which it is made. Empty: it is bound to none.
 * Refuses where there is none to be found, where it has not the form of one, where somebody else's
 * running access for one of these scopes is bound to it, and scopes of other services than ssh. */
must_check int binding_of_request(struct call *call, const struct rule *rule, const char *scopes,
                                  char ret_key[static FINGERPRINT_SIZE], bool *ret_refused);

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
