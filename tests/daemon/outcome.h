/* SPDX-License-Identifier: Apache-2.0 */
/* What became of a request: by the answers that jitd gave, by the record, and in the eyes of the
 * model. */
#ifndef JIT_TESTS_DAEMON_OUTCOME_H
#define JIT_TESTS_DAEMON_OUTCOME_H

#include "tests/daemon/record.h"

enum outcome {
	OUT_ACTIVE,
	OUT_RETURNED,
	OUT_REVOKED,
	OUT_DENIED,
	OUT_DENIED_BY_ADMIN,
	OUT_CANCELLED,
	OUT_TIMED_OUT,
	OUT_RULE_CHANGED,
	OUT_RULE_DENIES,
	OUT_WAITS,
	OUTCOMES
};
const char *outcome_word(enum outcome outcome);

/* What an answer says, and of which state it speaks; one that the model does not know fails the
 * test. */
enum said said_by(const struct message *answer);
enum access_state state_in(const struct message *answer);

enum outcome outcome_of(const struct story *story, const struct record *record);

/* Are the rows of one story, do the events tell of the same, and does the model explain it? NULL:
 * yes; else what is wrong. Takes the end of the story from the record. */
const char *outcome_wrong(struct reader *reader, uint32_t access, struct story *story,
                          const struct record *record);

/* For a person who looks at a failure. */
void story_print(uint32_t access, const struct story *story, const struct record *record);

#endif
