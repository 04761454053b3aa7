/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Does a request still stand? Asked at each approval: who asked is looked up anew, and the rules in
 * force are asked anew, at the hour that it is now.
 */
#ifndef JIT_JITD_STANDING_H
#define JIT_JITD_STANDING_H

#include "jitd/access.h"

enum standing {
	STANDING_UNKNOWN = 0, /* NSS did not say: the request waits on */
	STANDING_LAPSED,      /* it never will again: whoever asked must ask anew */
	STANDING_CLOSED,      /* its rule is not open at this hour: it waits on */
	STANDING_GOOD,
};

struct stance {
	enum standing standing;
	const char *word; /* of the reason, for the log */
	char why[400];    /* one line; empty when it is good */
};

/* `result` and `subject`: what the look-up of the access's uid gave (NULL unless found). */
void standing_of(const struct jitd *jitd, const struct access *access, enum names_result result,
                 const struct identity *subject, int64_t now, struct stance *ret_stance);

#endif
