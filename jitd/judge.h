/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judgement of a check, step by step, inside its message: each function either leaves the
 * judgement undecided or says why not. ALLOW is set in one place.
 */
#ifndef JIT_JITD_JUDGE_H
#define JIT_JITD_JUDGE_H

#include "base/decision.h"
#include "jitd/access.h"
#include "jitd/session.h"
#include "token/token.h"

enum reason {
	REASON_NONE = 0,
#define REASON(name, word, hint, line) REASON_##name,
#include "jitd/reason.def"
#undef REASON
	REASONS
};

/* What is asked, in our words. */
struct door {
	const char *service; /* as in scopes: "sudo"; into the ask or constant */
	const char *account; /* the target, NULL where PAM does not know it yet (sudo before
	                        open_session) */
	const char *ruser;
	uid_t uid;    /* real uid: the subject, vouched for by the kernel */
	bool guarded; /* a door of this release */
	enum names_result subject_result;
	struct identity *subject; /* owned by the check */
	int64_t now;
};

struct judgement {
	enum decision decision;
	enum reason reason;
	enum token_reason token; /* where reason is TOKEN */
	uint32_t access;
	int64_t until;
	bool counts;     /* the access has a limited number of uses */
	char scope[131]; /* what to ask for */
};

void door_of(const struct wire_check *ask, int64_t now, struct door *ret_door);
bool door_is_exempt(const struct jitd *jitd, const struct door *door);
bool door_fits(const struct door *door, const char *scopes);
const char *door_phase_word(unsigned int phase);

/* -errno from each: the store failed, and the check is denied. */
must_check int judge_subject(struct jitd *jitd, const struct door *door,
                             struct judgement *judgement);
must_check int judge_candidate(struct jitd *jitd, const struct door *door, uint32_t access,
                               const struct token_result *token, struct judgement *judgement);
must_check int judge_nothing(struct jitd *jitd, const struct door *door,
                             struct judgement *judgement);

/* Spends the use and opens the session of an allowed judgement. Where the last use went meanwhile,
 * the judgement becomes a refusal and *ret_session stays 0. */
must_check int judgement_open(struct jitd *jitd, struct judgement *judgement,
                              const struct session_facts *facts, uint32_t *ret_session);

const char *judgement_word(const struct judgement *judgement);
/* One line for the person: why, and what to type next. */
void judgement_line(const struct judgement *judgement, const struct door *door, char *ret_text,
                    size_t size);

#endif
