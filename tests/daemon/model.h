/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What may become of one request, said once more and without a daemon: a table of state x event ->
 * state, N approvals, D denials, and a search for an order of the commands in which all that was
 * answered, and what there was in the end, could have come about. A command counts at one moment
 * between its sending and its answer; nothing else is known of when.
 */
#ifndef JIT_TESTS_DAEMON_MODEL_H
#define JIT_TESTS_DAEMON_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jitd/access.h"

#define MODEL_STEPS     24
#define MODEL_APPROVERS 3

enum step_kind {
	STEP_APPROVE,
	STEP_DENY,
	STEP_CANCEL, /* by its subject */
	STEP_REVOKE, /* by an admin */
	STEP_RELOAD,
	/* what the test does to the daemon: at once, and without an answer */
	STEP_TIME_OUT, /* the clock passes the time at which the request lapses */
	STEP_SIGN,     /* signatures were held back, and no longer are */
	STEP_KINDS
};

/* What the rules say of this access; one at a time is in force. */
enum model_rules { RULES_AS_ASKED = 0, RULES_CHANGED, RULES_DENYING, MODEL_RULES };

enum said {
	SAID_NOTHING = 0, /* of what has no answer */
	SAID_WAITS,       /* approve: counted, more are needed */
	SAID_ACTIVE,      /* approve: it is active */
	SAID_NOT_ACTIVE,  /* approve: counted, but it is `state` instead; pending: no word why */
	SAID_COUNTED,     /* deny: counted, more are needed */
	SAID_DENIED,
	SAID_CANCELLED,
	SAID_RETURNED,
	SAID_REVOKED,
	SAID_RULES,    /* reload */
	SAID_STATE,    /* refused: it is `state` already */
	SAID_LATE,     /* refused: has waited too long */
	SAID_DECIDED,  /* refused: the same person decided before */
	SAID_DIGEST,   /* refused: not what was shown */
	SAID_LAPSED,   /* refused, and lapsed: the rules would not give it any more */
	SAID_DURATION, /* refused: an approver widens nothing */
	SAID_KINDS
};

struct step {
	enum step_kind kind;
	unsigned int who; /* which approver */
	bool other;       /* approve: with the digest of something else */
	int64_t seconds;  /* approve: shortened to; 0: as asked */
	enum model_rules rules;
	bool revokes;                /* reload: what the rules no longer give ends */
	unsigned int sent, answered; /* on one count of all that happened */
	enum said said;
	enum access_state state;
};

/* All of one request, and what there was in the end. */
struct story {
	unsigned int approvals, denials;
	int64_t asked;
	bool held_back; /* signatures, from the beginning to STEP_SIGN */
	struct step steps[MODEL_STEPS];
	size_t count;
	enum access_state state;
	unsigned int yes, no; /* bit i: the word of approver i */
	int64_t seconds;
};

const char *step_word(enum step_kind kind);
const char *said_word(enum said said);

/* Is there such an order? */
enum model_verdict { MODEL_GIVES_UP = 0, MODEL_EXPLAINS_NOT, MODEL_EXPLAINS };
enum model_verdict model_explains(const struct story *story);

/* Is that where it stays, once all commands are answered and no signature is on its way? A request
 * that has what it needs is active, and none waits past its time. */
bool model_rests(const struct story *story);

#endif
