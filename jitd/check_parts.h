/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A check on its way, for the files that it is made of: check.c judges, check_session.c opens and
 * closes what was judged.
 */
#ifndef JIT_JITD_CHECK_PARTS_H
#define JIT_JITD_CHECK_PARTS_H

#include "jitd/access.h"
#include "jitd/held.h"
#include "jitd/present.h"

struct check {
	struct txn_result result; /* first */
	struct jitd *jitd;
	struct peer *peer; /* held */
	struct wire_check ask;
	struct door door;
	struct reservation_key key;
	struct reservation reserved; /* access 0: none */
	struct held held;
	bool seeks_held, reads_held; /* to be done before it is decided */
	struct presented *presented; /* what was typed; NULL: nothing yet */
	bool asked;
	struct floor *floor; /* of a refusal of what was typed, where nobody vouches */
	struct judgement judgement;
	uint32_t session; /* the n of the session that was opened; 0: none */
};

void check_refuse(struct check *check, enum reason reason);
/* Answers as was judged, and frees it. */
void check_conclude(struct check *check);

/* Within a message: the session that was judged to open. */
must_check int check_open_session(struct check *check);
/* After its commit: watches its process, puts sudo and su into a scope, and concludes. */
void check_session_opened(struct check *check);
void check_close_session(struct check *check);
/* What a denial brings with it. */
void check_session_refused(const struct check *check);

#endif
