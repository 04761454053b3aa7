/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/subject.h"

#include <string.h>

#include "base/text.h"
#include "jitd/binding.h"

/* The key that sshd verified tells who comes where an access is bound to it: also into another's
 * account. What was typed has told it already. */
static enum reason by_key(const struct jitd *jitd, struct door *door,
                          const struct reservation *reserved)
{
	uid_t owner = 0;
	int r = BINDING_NOBODYS;

	if (door->vouch == VOUCH_SSHD && !reserved->jti[0])
		r = binding_owner(jitd, jitd->reader, door, &owner);
	if (r < 0)
		return REASON_STORE;
	if (r == BINDING_SEVERALS)
		return REASON_KEY_SHARED;
	if (r == BINDING_ONES) {
		door->by_key = true;
		door->uid = owner;
		door->named = NULL;
	}
	return REASON_NONE;
}

static void by_reservation(struct door *door, const struct reservation *reserved)
{
	door->told = true;
	if (door->vouch == VOUCH_NOBODY && !reserved->jti[0])
		door->vouch = VOUCH_SSHD; /* it did when that was made */
	if (door->vouch != VOUCH_KERNEL && !door->by_key) {
		door->uid = reserved->uid;
		door->named = NULL;
	}
}

static enum reason by_account(const struct door *door, struct names_key *key)
{
	if (door->vouch == VOUCH_NOBODY)
		return door->guarded ? REASON_VOUCH : REASON_SERVICE;
	if (door->vouch == VOUCH_SSHD &&
	    (!text_is_name(door->account) ||
	     text_copy(key->name, sizeof(key->name), door->account) < 0))
		return REASON_UNKNOWN_USER;
	return REASON_NONE;
}

enum reason subject_find(const struct jitd *jitd, struct door *door,
                         const struct reservation *reserved, struct names_key *ret_key)
{
	enum reason reason = by_key(jitd, door, reserved);

	memset(ret_key, 0, sizeof(*ret_key));
	if (reason != REASON_NONE)
		return reason;
	if (reserved->access)
		by_reservation(door, reserved);
	else if (!door->by_key)
		reason = by_account(door, ret_key);
	ret_key->uid = door->uid;
	return reason;
}
