/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Approvers' words on an access, and how many count. A person has one. A yes counts for what was
 * shown (jitd/shown.h), a no in any case, and enough of these end the request whatever else was
 * said.
 */
#ifndef JIT_JITD_VOTE_H
#define JIT_JITD_VOTE_H

#include "jitd/call.h"

enum vote_word { VOTE_NO = 0, VOTE_YES };

/* Within a message: the caller's word, with its event. `digest` of a no may be empty. */
must_check int vote_write(struct call *call, const struct access *access, enum vote_word word,
                          const char *comment, const char *digest);

struct votes {
	int64_t approvals, denials;
};

/* Those that count for the access as it is now. */
must_check int votes_of(struct store *store, const struct access *access, struct votes *ret_votes);

#endif
