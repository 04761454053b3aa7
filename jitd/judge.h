/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judgement of a check, step by step, inside its message: each function either leaves the
 * judgement undecided or says why not. ALLOW is set in one place.
 */
#ifndef JIT_JITD_JUDGE_H
#define JIT_JITD_JUDGE_H

#include "base/decision.h"
#include "jitd/access.h"
#include "jitd/door.h"
#include "jitd/order.h"
#include "jitd/reservation.h"
#include "jitd/session.h"
#include "token/token.h"

enum reason {
	REASON_NONE = 0,
#define REASON(name, word, hint, line) REASON_##name,
#include "jitd/reason.def"
#undef REASON
	REASONS
};

/* A token that was read, and how it came. */
struct evidence {
	const struct token_result *token;
	enum token_kind kind;
	const char *digest; /* of KIND_TOKEN and KIND_CODE: what the row must say */
};

struct judgement {
	enum decision decision;
	enum reason reason;
	enum token_reason token; /* where reason is TOKEN */
	uint32_t access;
	int64_t until;                   /* by the clock that it was judged by */
	bool counts;                     /* the access has a limited number of uses */
	char scope[131];                 /* what to ask for */
	char user_key[FINGERPRINT_SIZE]; /* the ssh key that the access is bound to; "": none */
};

bool door_is_exempt(const struct jitd *jitd, const struct door *door);

/* Before all else: by a clock that is behind nothing opens. */
void judge_clock(const struct door *door, struct judgement *judgement);

/* -errno from each: the store failed, and the check is denied. */
must_check int judge_subject(struct jitd *jitd, const struct door *door,
                             struct judgement *judgement);
must_check int judge_candidate(struct jitd *jitd, const struct door *door, uint32_t access,
                               const struct evidence *evidence, struct judgement *judgement);
/* Of an access whose token was typed and burned for this process before. */
must_check int judge_reserved(struct jitd *jitd, const struct door *door,
                              const struct reservation *reservation, struct judgement *judgement);
/* Does the door show this key, or will it? NONE also where the key is "". */
enum reason judge_key(const struct door *door, const char *user_key);
/* At a door that shows no key yet, and nothing else opens: allows without an access where somebody
 * holds one that is bound to a key. Who comes, and by which access, open_session decides. */
must_check int judge_until_key_is_seen(struct jitd *jitd, const struct door *door,
                                       struct judgement *judgement);
/* Whose key it is has been found before the message: is it theirs, and theirs alone, still? */
must_check int judge_owner(struct jitd *jitd, const struct door *door, struct judgement *judgement);
must_check int judge_nothing(struct jitd *jitd, const struct door *door,
                             struct judgement *judgement);
/* What is asked anew of the rules at every check, of these scopes among what the access allows:
 * TRUST_GONE, NOT_A_MEMBER of its rule's `who`, RULE_DENIES, or NONE. */
enum reason judge_rules(const struct jitd *jitd, const struct access *access, const char *scopes,
                        const struct identity *subject, int64_t now);
void judge_no(struct judgement *judgement, enum reason reason, uint32_t access);

/* Burns the token of an allowed judgement: it was good once. Where somebody was faster the
 * judgement becomes a refusal. */
must_check int judgement_burn(struct jitd *jitd, struct judgement *judgement,
                              const struct claims *claims, int64_t now);

/* Spends the use and opens the session of an allowed judgement. Where the last use went meanwhile,
 * the judgement becomes a refusal and *ret_session stays 0. */
must_check int judgement_open(struct jitd *jitd, struct judgement *judgement,
                              const struct session_facts *facts, uint32_t *ret_session);

/* For the log, and for a person who is vouched for; %u in a line is the access. */
const char *reason_word(enum reason reason);
const char *reason_line(enum reason reason);
const char *judgement_word(const struct judgement *judgement);
/* One line for the person: why, and what to type next; where nobody vouches for them always the
 * same, but for what is plain from what they typed. */
void judgement_line(const struct judgement *judgement, const struct door *door, char *ret_text,
                    size_t size);

#endif
