/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody wants, before it is an access: held against limits and rules, and written down.
 * Everything here runs inside a message.
 */
#ifndef JIT_JITD_WISH_H
#define JIT_JITD_WISH_H

#include "jitd/call.h"

/* Filled by whoever takes it; what it points to outlives it. */
struct wish {
	const struct identity *subject;
	uid_t login_uid;          /* of the process that asks; LOGIN_UID_NONE: none */
	char scopes[SCOPES_SIZE]; /* canonical */
	const char *host;         /* whose door it is for */
	const char *reason, *ticket;
	const char *via, *issuer; /* the trust whose token asks, and who signed that; "": none */
	uint32_t foreign;         /* the issuer's own number; 0: not told */
	int64_t ends;             /* when it ends for good, by that token; 0: no such time */
	bool typed;               /* no held token, whatever the rule says */
	char user_key[FINGERPRINT_SIZE]; /* the ssh key that it is bound to; "": none */
	int64_t now;
	int64_t seconds; /* WIRE_DEFAULT: as the rule says, or until `ends`; set by wish_judge() */
	const struct rule *rule; /* set by wish_judge(): that lets it be, or that denies it */
};

/* Why not, in the order in which a person would mend it. */
enum wish_result {
	WISH_GOOD = 0,
	WISH_LOCKED,
	WISH_HOURLY,  /* too many within an hour */
	WISH_HASTY,   /* or a minute */
	WISH_PENDING, /* too many wait already */
	WISH_NO_RULE,
	WISH_RULE_DENIES,
	WISH_UNBOUND, /* the rule binds to an ssh key, and the token that asks names none */
	WISH_REASON,
	WISH_TICKET,
	WISH_DURATION,
};

/* May it be? 0, an enum wish_result, -errno. */
must_check int wish_judge(struct jitd *jitd, struct wish *wish);
/* Says no to whoever called: the line and the event. */
must_check int wish_refuse(struct call *call, const struct wish *wish, enum wish_result why);
/* Writes down one that was judged good, as pending. */
must_check int wish_insert(struct jitd *jitd, const struct wish *wish, uint32_t *ret_access);

#endif
