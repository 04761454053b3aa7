/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/checklist.h"

struct explanation {
	struct call *call;
	struct wire_check ask;
	struct door door;
	struct judgement judgement;
	struct reader_steps reader;
	struct token_steps steps; /* into it */
	struct access *access;    /* NULL: none was found */
	int64_t spent;
	void (*done)(struct call *call);
};

/* What is on disk of it, as it was judged. */
static int look(struct explanation *explanation, const struct presented *presented)
{
	struct store *store = explanation->call->jitd->store;
	cleanup(query_done) struct query query = store_query(store, STATEMENT_TOKEN_GET);
	uint32_t access = presented->token.claims.access;
	int r = 0;

	if (presented->reason != REASON_NONE)
		return 0;
	query_text(&query, ":jti", presented_jti(presented));
	r = query_step(&query);
	if (r == QUERY_ROW && explanation->judgement.reason == REASON_BURNED)
		explanation->spent = query_column(&query, 4);
	if (r >= 0 && presented->kind != KIND_FOREIGN)
		r = access_get(store, access, &explanation->access);
	return r < 0 ? r : 0;
}

static void send_rows(const struct explanation *explanation, const struct presented *presented)
{
	struct peer *peer = explanation->call->peer;
	const struct checklist list = {.reader = &explanation->reader,
	                               .typed = strlen(explanation->call->in.explain.text),
	                               .door = &explanation->door,
	                               .presented = presented,
	                               .judgement = &explanation->judgement,
	                               .access = explanation->access,
	                               .spent = explanation->spent};
	struct message end = {.id = MESSAGE_end};

	for (size_t i = 0; i < checklist_length(&list); i++) {
		struct message row = {.id = MESSAGE_step};
		checklist_row(&list, i, &row.step);
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
		judge_clock(&explanation->door, &explanation->judgement);
		if (explanation->judgement.reason == REASON_NONE)
			r = presented_judge(explanation->call->jitd, &explanation->door, presented,
			                    &explanation->judgement);
		if (r == 0)
			r = look(explanation, presented);
		r = txn_leave(txn, r < 0 ? r : -ECANCELED);
	}
	if (r < 0 && r != -ECANCELED)
		judge_no(&explanation->judgement, REASON_STORE, 0);
}

static void presented_known(void *context, struct presented *presented)
{
	struct explanation *explanation = context;

	if (presented)
		judge_it(explanation, presented);
	else
		judge_no(&explanation->judgement, REASON_INTERNAL, 0);
	send_rows(explanation, presented);
	presented_free(presented);
	access_free(explanation->access);
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

/* As sshd would have verified it. */
static void show_key(struct door *door, const char *fingerprint)
{
	if (strcmp(door->service, "ssh") != 0 || !fingerprint_is_good(fingerprint))
		return;
	door->keys.count = 1;
	best_effort(text_copy(door->keys.fingerprints[0], FINGERPRINT_SIZE, fingerprint));
	door->vouch = VOUCH_SSHD;
	door->told = true;
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
	door_of(ask, false, &explanation->door);
	explanation->door.now = call->now;
	explanation->door.boot = call->boot;
	explanation->door.clock_gives = clock_gives(call->clock);
	show_key(&explanation->door, call->in.explain.user_key);
	/* --user names whom it is about: under sudo the target, as PAM does at open_session */
	explanation->door.account = ask->user;
	explanation->steps = (struct token_steps){reader_steps_take, &explanation->reader};
	present(call->jitd, &explanation->door, call->in.explain.text, &explanation->steps,
	        presented_known, explanation);
}
