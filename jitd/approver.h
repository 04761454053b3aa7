/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may decide: a person (never uid 0, never through somebody else's login) whom the rule names,
 * who is not locked and not the requester by any road. For a yes besides: nobody who asked or
 * approved before holds, or lately held, an access to the other's account.
 */
#ifndef JIT_JITD_APPROVER_H
#define JIT_JITD_APPROVER_H

#include "jitd/call.h"

/* Within a message. 0: look at *ret_refused, which says that the answer is set. */
must_check int approver_check(struct call *call, const struct access *access, bool *ret_refused);
must_check int approver_check_hands(struct call *call, const struct access *access,
                                    bool *ret_refused);

#endif
