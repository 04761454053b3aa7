/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What was judged of a token or code, as a list of all that was looked at on its way, in that
 * order, each with what was found: first the steps of its reader, then what only jitd knows
 * (wire/step.def). Yes as far as it came, no where it fell, not-reached after that. The last row is
 * what jitd would answer.
 */
#ifndef JIT_JITD_CHECKLIST_H
#define JIT_JITD_CHECKLIST_H

#include "jitd/present.h"

/* The reader's steps, as they are told to it. */
#define READER_STEPS_MAX 24
struct reader_steps {
	struct wire_step rows[READER_STEPS_MAX];
	size_t count;
};
void reader_steps_take(void *context, const struct token_step *step); /* context: of these */

struct checklist {
	const struct reader_steps *reader;
	size_t typed; /* bytes */
	const struct door *door;
	const struct presented *presented; /* NULL: no memory for it */
	const struct judgement *judgement;
	const struct access *access; /* which it is for; NULL: none was found */
	int64_t spent;               /* when it was spent; 0: it is not */
};

size_t checklist_length(const struct checklist *list);
void checklist_row(const struct checklist *list, size_t index, struct wire_step *ret_row);

#endif
