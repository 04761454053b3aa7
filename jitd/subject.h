/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who comes to a door, before anything is decided about them: whom a reservation, the ssh key, the
 * kernel or sshd's word for the account names. Whom nobody vouches for is not looked up: what is
 * typed says who they are.
 */
#ifndef JIT_JITD_SUBJECT_H
#define JIT_JITD_SUBJECT_H

#include "jitd/judge.h"

/* NONE: to be looked up by ret_key. The door's uid, named, by_key, vouch and told are set as far as
 * they are known by that. What an ssh key says, the judge asks again in the message (judge_owner).
 */
enum reason subject_find(const struct jitd *jitd, struct door *door,
                         const struct reservation *reserved, struct names_key *ret_key);

#endif
