/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/present.h"

/* In the order of a login. */
#define STEPS_OF(S)                                                                                \
	S(FORM, "form")                                                                            \
	S(KEY, "key")                                                                              \
	S(SIGNATURE, "signature")                                                                  \
	S(CLAIMS, "claims")                                                                        \
	S(ISSUER, "issuer")                                                                        \
	S(AUDIENCE, "audience")                                                                    \
	S(TIME, "time")                                                                            \
	S(SUBJECT, "subject")                                                                      \
	S(LOCK, "lock")                                                                            \
	S(ACCESS, "access")                                                                        \
	S(SCOPE, "scope")                                                                          \
	S(USES, "uses")                                                                            \
	S(RULE, "rule")                                                                            \
	S(TOKEN, "token")

enum step {
#define S(name, word) STEP_##name,
	STEPS_OF(S)
#undef S
	        STEPS
};

static const char *const words[STEPS] = {
#define S(name, word) word,
        STEPS_OF(S)
#undef S
};

/* Where each refusal falls; what is not in it is the access's. */
static const struct {
	enum reason reason;
	enum step step;
} by_reason[] = {
        {REASON_TYPED_NOTHING, STEP_FORM},   {REASON_TYPED_FORM, STEP_FORM},
        {REASON_TYPED_CUT, STEP_FORM},       {REASON_CODE, STEP_FORM},
        {REASON_SERVICE, STEP_SUBJECT},      {REASON_SUBJECT, STEP_SUBJECT},
        {REASON_UNKNOWN_USER, STEP_SUBJECT}, {REASON_NAMES, STEP_SUBJECT},
        {REASON_LOCKED, STEP_LOCK},          {REASON_WRONG_ACCOUNT, STEP_SCOPE},
        {REASON_USED_UP, STEP_USES},         {REASON_NOT_A_MEMBER, STEP_RULE},
        {REASON_RULE_DENIES, STEP_RULE},     {REASON_TOKEN, STEP_TOKEN},
        {REASON_BURNED, STEP_TOKEN},         {REASON_FOREIGN_SUBJECT, STEP_SUBJECT},
        {REASON_FOREIGN_SCOPE, STEP_SCOPE},  {REASON_FOREIGN_ACCOUNT, STEP_SCOPE},
        {REASON_FOREIGN_BOUND, STEP_CLAIMS}, {REASON_NO_RULE, STEP_RULE},
        {REASON_NEEDS_APPROVAL, STEP_RULE},  {REASON_TERMS, STEP_RULE},
        {REASON_TOO_MANY, STEP_RULE},        {REASON_TRUST_GONE, STEP_RULE},
};

static const struct {
	enum token_reason last; /* the last one, in the list's order, that falls there */
	enum step step;
} by_token_reason[] = {
        {TOKEN_REASON_TYPE, STEP_FORM},           {TOKEN_REASON_KEY_TIME, STEP_KEY},
        {TOKEN_REASON_SIGNATURE, STEP_SIGNATURE}, {TOKEN_REASON_REQUIRE, STEP_CLAIMS},
        {TOKEN_REASON_ISSUER, STEP_ISSUER},       {TOKEN_REASON_AUDIENCE, STEP_AUDIENCE},
        {TOKEN_REASON_LIFETIME, STEP_TIME},       {TOKEN_REASON_INTERNAL, STEP_FORM},
};

struct explanation {
	struct call *call;
	struct wire_check ask;
	struct door door;
	struct judgement judgement;
	void (*done)(struct call *call);
};

static enum step failed_step(const struct judgement *judgement)
{
	if (judgement->decision == DECISION_ALLOW)
		return STEPS;
	if (judgement->reason == REASON_TOKEN && judgement->token != TOKEN_REASON_UNSET)
		for (size_t i = 0; i < sizeof(by_token_reason) / sizeof(by_token_reason[0]); i++)
			if (judgement->token <= by_token_reason[i].last)
				return by_token_reason[i].step;
	for (size_t i = 0; i < sizeof(by_reason) / sizeof(by_reason[0]); i++)
		if (by_reason[i].reason == judgement->reason)
			return by_reason[i].step;
	return STEP_ACCESS;
}

/* What was found where a step is passed. */
static void find_text(const struct explanation *explanation, const struct presented *presented,
                      enum step step, char *ret_text, size_t size)
{
	const struct claims *claims = &presented->token.claims;
	char scope[SCOPE_SIZE] = "";

	ret_text[0] = '\0';
	if (step == STEP_FORM)
		text_sanitize(ret_text, size, token_kind_word(presented->kind));
	if (step == STEP_SUBJECT && presented->foreign)
		text_sanitize(ret_text, size, presented->foreign->claims.subject);
	else if (step == STEP_SUBJECT)
		text_sanitize(ret_text, size, claims->sub);
	if (step == STEP_ACCESS)
		best_effort(text_format(ret_text, size, "%u", explanation->judgement.access));
	if (step == STEP_SCOPE && explanation->door.account &&
	    door_scope(&explanation->door, scope) == 0)
		text_sanitize(ret_text, size, scope);
}

static void send_steps(const struct explanation *explanation, const struct presented *presented)
{
	struct peer *peer = explanation->call->peer;
	enum step failed = failed_step(&explanation->judgement);
	struct message end = {.id = MESSAGE_end};

	for (enum step step = STEP_FORM; step < STEPS; step++) {
		struct message row = {.id = MESSAGE_step};
		const char *verdict = step < failed ? "yes" : step == failed ? "no" : "not-reached";
		best_effort(text_copy(row.step.name, sizeof(row.step.name), words[step]));
		best_effort(text_copy(row.step.verdict, sizeof(row.step.verdict), verdict));
		if (step == failed)
			text_sanitize(row.step.text, sizeof(row.step.text),
			              judgement_word(&explanation->judgement));
		else if (step < failed)
			find_text(explanation, presented, step, row.step.text,
			          sizeof(row.step.text));
		peer_send(peer, &row);
	}
	peer->state = WIRE_IDLE;
	peer_send(peer, &end);
}

/* What a foreign token would become is written, to be judged, and undone. */
static void judge_it(struct explanation *explanation, struct presented *presented)
{
	struct txn *txn = explanation->call->jitd->txn;
	int r = txn_enter(txn);

	if (r == 0) {
		r = presented_judge(explanation->call->jitd, &explanation->door, presented,
		                    &explanation->judgement);
		r = txn_leave(txn, r < 0 ? r : -ECANCELED);
	}
	if (r < 0 && r != -ECANCELED)
		judge_no(&explanation->judgement, REASON_STORE, 0);
}

static void presented_known(void *context, struct presented *presented)
{
	struct explanation *explanation = context;
	struct presented nothing = {0};

	if (presented)
		judge_it(explanation, presented);
	else
		judge_no(&explanation->judgement, REASON_INTERNAL, 0);
	send_steps(explanation, presented ? presented : &nothing);
	presented_free(presented);
	explanation->done(explanation->call);
	free(explanation);
}

/* The user who calls sudo or su; whoever else is named is only what PAM would say. */
bool explain_names(const struct call *call, size_t index, char ret_name[static NAME_SIZE])
{
	const char *name = call->in.explain.ruser;

	if (index || !name[0])
		return false;
	if (!text_is_name(name) || text_copy(ret_name, NAME_SIZE, name) < 0)
		ret_name[0] = '\0';
	return true;
}

void explain_begin(struct call *call, void (*done)(struct call *call))
{
	struct explanation *explanation = calloc(1, sizeof(*explanation));
	struct wire_check *ask;

	if (!explanation) {
		peer_close(call->peer);
		done(call);
		return;
	}
	*explanation = (struct explanation){.call = call, .done = done};
	ask = &explanation->ask;
	ask->phase = PHASE_AUTH;
	ask->uid = call->named[0].identity ? call->named[0].identity->uid : 0;
	text_sanitize(ask->service, sizeof(ask->service), call->in.explain.service);
	text_sanitize(ask->user, sizeof(ask->user), call->in.explain.user);
	text_sanitize(ask->ruser, sizeof(ask->ruser), call->in.explain.ruser);
	door_of(ask, false, call->now, &explanation->door);
	/* --user names whom it is about: under sudo the target, as PAM does at open_session */
	explanation->door.account = ask->user;
	present(call->jitd, &explanation->door, call->in.explain.text, false, presented_known,
	        explanation);
}
