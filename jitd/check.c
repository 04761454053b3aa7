/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "jitd/access.h"
#include "jitd/clock.h"
#include "jitd/judge.h"
#include "jitd/reservation.h"
#include "jitd/session.h"
#include "policy/scope.h"

#define CANDIDATES 8 /* active accesses that are looked at, newest first */

struct candidate {
	uint32_t access;
	char *token;
	struct token_result result;
};

struct check {
	struct txn_result result; /* first */
	struct jitd *jitd;
	struct peer *peer; /* held */
	struct wire_check ask;
	struct door door;
	struct candidate candidates[CANDIDATES];
	size_t count;
	struct judgement judgement;
	uint32_t session; /* the n of the session that was opened; 0: none */
};

static void check_free(struct check *check)
{
	for (size_t i = 0; i < check->count; i++)
		cleanup_secret(&check->candidates[i].token);
	identity_free(check->door.subject);
	peer_release(check->peer);
	free(check);
}

/* ---- the answer ---- */

static void answer(struct check *check)
{
	const struct judgement *judgement = &check->judgement;
	bool allow = judgement->decision == DECISION_ALLOW;
	struct message out = {.id = MESSAGE_verdict};

	out.verdict.decision = (uint32_t)judgement->decision;
	if (allow) {
		int64_t left = judgement->until - check->door.now;
		out.verdict.access = judgement->access;
		out.verdict.remaining = left > 0 && left < UINT32_MAX ? (uint32_t)left : 0;
		check->jitd->verdicts_allow++;
	} else if (judgement->decision != DECISION_EXEMPT) {
		out.verdict.decision = DECISION_DENY;
		judgement_line(judgement, &check->door, out.verdict.text, sizeof(out.verdict.text));
		check->jitd->verdicts_deny++;
	}
	check->peer->state = WIRE_IDLE;
	peer_send(check->peer, &out);
	check_free(check);
}

static void refuse(struct check *check, enum reason reason)
{
	check->judgement.decision = DECISION_DENY;
	check->judgement.reason = reason;
}

static struct reservation_key reservation_key(const struct check *check)
{
	struct reservation_key key = {.pid = check->peer->process.pid,
	                              .start_time = check->peer->process.start_time,
	                              .uid = check->door.uid,
	                              .handle = check->ask.handle};

	text_sanitize(key.service, sizeof(key.service), check->door.service);
	return key;
}

/* What an allow brings with it, once it is on disk. */
static void take_effect(struct check *check)
{
	struct reservation_key key = reservation_key(check);

	if (check->ask.phase == PHASE_ACCOUNT && check->judgement.access)
		reservation_make(check->jitd->reservations, &key, check->judgement.access,
		                 check->door.now);
	if (check->session)
		session_watch(check->jitd, check->judgement.access, check->session,
		              &check->peer->process);
}

static void settle(struct txn_result *result, bool committed)
{
	struct check *check = (struct check *)(void *)result;

	if (committed) {
		take_effect(check);
	} else {
		audit_log(check->jitd->audit,
		          "check of uid %u, allowed by access %u, denied after all: not on disk",
		          check->door.uid, check->judgement.access);
		refuse(check, REASON_STORE);
	}
	answer(check);
}

/* ---- the message ---- */

static int append_event(struct check *check)
{
	const struct judgement *judgement = &check->judgement;
	const struct door *door = &check->door;
	bool deny = judgement->decision == DECISION_DENY;
	const char *subject = door->subject ? door->subject->name : check->ask.ruser;

	return audit_append(check->jitd, door->now,
	                    &(struct event){.event = EVENT_CHECK,
	                                    .verdict = deny ? "deny" : "allow",
	                                    .reason = deny ? judgement_word(judgement) : NULL,
	                                    .access = judgement->access,
	                                    .subject = subject,
	                                    .service = check->ask.service,
	                                    .phase = door_phase_word(check->ask.phase),
	                                    .account = check->ask.user,
	                                    .actor_uid = door->uid,
	                                    .pid = check->peer->process.pid});
}

static int open_session(struct check *check)
{
	char handle[33];
	struct session_facts facts = {.service = check->door.service,
	                              .account = check->door.account,
	                              .tty = check->ask.tty,
	                              .rhost = check->ask.rhost,
	                              .handle = handle,
	                              .process = &check->peer->process,
	                              .now = check->door.now};

	hex_encode(check->ask.handle.bytes, sizeof(check->ask.handle.bytes), handle);
	return judgement_open(check->jitd, &check->judgement, &facts, &check->session);
}

static int judge(struct check *check)
{
	uint32_t first = 0;
	struct reservation_key key = reservation_key(check);
	struct judgement why = {0}; /* of the first that did not fit, which is the newest */
	int r;

	if (check->ask.phase == PHASE_OPEN_SESSION)
		first = reservation_take(check->jitd->reservations, &key, check->door.now);
	/* the reserved one first; the others are as good where they fit */
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < check->count; i++) {
			const struct candidate *candidate = &check->candidates[i];
			if ((candidate->access == first) != (round == 0))
				continue;
			r = judge_candidate(check->jitd, &check->door, candidate->access,
			                    &candidate->result, &check->judgement);
			if (r < 0 || check->judgement.decision == DECISION_ALLOW)
				return r;
			if (why.reason == REASON_NONE)
				why = check->judgement;
		}
	if (!check->count)
		return judge_nothing(check->jitd, &check->door, &check->judgement);
	check->judgement = why;
	return 0;
}

static int decide_inside(struct check *check)
{
	int r = judge_subject(check->jitd, &check->door, &check->judgement);

	if (r == 0 && check->judgement.reason == REASON_NONE)
		r = judge(check);
	if (r == 0 && check->judgement.decision == DECISION_ALLOW &&
	    check->ask.phase == PHASE_OPEN_SESSION)
		r = open_session(check);
	if (r == 0 && check->judgement.decision != DECISION_ALLOW)
		check->judgement.decision = DECISION_DENY;
	return r < 0 ? r : append_event(check);
}

static void decide(struct check *check)
{
	struct txn *txn = check->jitd->txn;
	int r = txn_enter(txn);

	if (r == 0) {
		r = decide_inside(check);
		r = txn_leave(txn, r);
	}
	if (r < 0) {
		check->session = 0;
		refuse(check, REASON_STORE);
		audit_log(check->jitd->audit,
		          "check of uid %u denied, its event is not on disk: %s", check->door.uid,
		          strerror(-r));
	}
	if (check->judgement.decision == DECISION_ALLOW)
		txn_wait(txn, &check->result);
	else
		answer(check);
}

/* ---- tokens on the pool ---- */

struct reading {
	struct check *check;
	struct expectation expectation;
};

static void read_on_pool(void *job)
{
	struct reading *reading = job;
	struct check *check = reading->check;

	for (size_t i = 0; i < check->count; i++) {
		struct candidate *candidate = &check->candidates[i];
		token_read(candidate->token, strlen(candidate->token), keys_set(check->jitd->keys),
		           &reading->expectation, &candidate->result);
	}
}

static void read_done(void *job)
{
	struct reading *reading = job;
	struct check *check = reading->check;

	free(reading);
	decide(check);
}

static void read_tokens(struct check *check)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	if (reading) {
		reading->check = check;
		reading->expectation =
		        (struct expectation){.issuer = check->jitd->host_id,
		                             .audience = check->jitd->host_id,
		                             .now = check->door.now,
		                             .lifetime_max = check->jitd->settings->max_grant};
		if (loop_work(check->jitd->loop, read_on_pool, read_done, reading) == 0)
			return;
		free(reading);
	}
	decide(check); /* unread tokens allow nothing */
}

static int held_token(struct store *reader, uint32_t access, char **ret_token)
{
	cleanup(query_done) struct query query = store_query(reader, STATEMENT_TOKEN_HELD);
	int r;

	query_number(&query, ":access", access);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -ENOENT;
	*ret_token = strdup(query_column_text(&query, 0));
	return *ret_token ? 0 : -ENOMEM;
}

/* Which accesses could open this door; what counts is asked again in the message. */
static int find_candidates(struct check *check)
{
	struct store *reader = check->jitd->reader;
	cleanup(query_done) struct query query = store_query(reader, STATEMENT_ACCESS_ACTIVE_OF);
	int r;

	query_number(&query, ":uid", check->door.uid);
	while ((r = query_step(&query)) == QUERY_ROW && check->count < CANDIDATES) {
		struct candidate *candidate = &check->candidates[check->count];
		cleanup(cleanup_access) struct access *access = NULL;
		if (access_of_row(&query, &access) < 0 || !door_fits(&check->door, access->scope))
			continue;
		if (held_token(reader, access->id, &candidate->token) < 0)
			continue;
		candidate->access = access->id;
		check->count++;
	}
	return r < 0 ? r : 0;
}

/* ---- the beginning ---- */

static void subject_known(void *context, enum names_result result, const struct identity *identity)
{
	struct check *check = context;

	check->door.subject_result = result;
	if (identity)
		check->door.subject = identity_copy(identity);
	if (find_candidates(check) < 0)
		check->count = 0;
	if (check->count)
		read_tokens(check);
	else
		decide(check);
}

static int close_inside(struct check *check)
{
	uint32_t access;
	char handle[33];
	int r;

	hex_encode(check->ask.handle.bytes, sizeof(check->ask.handle.bytes), handle);
	r = session_close(check->jitd, handle, check->door.now, "closed", &access);
	check->judgement = (struct judgement){.decision = DECISION_ALLOW, .access = access};
	return r;
}

static void close_session(struct check *check)
{
	int r = txn_enter(check->jitd->txn);

	if (r == 0) {
		r = close_inside(check);
		r = txn_leave(check->jitd->txn, r);
	}
	if (r == 0) {
		txn_wait(check->jitd->txn, &check->result);
		return;
	}
	refuse(check, REASON_STORE);
	answer(check);
}

/* A service that jitd.conf exempts: the one road to PAM_IGNORE. */
static void exempt(struct check *check)
{
	check->judgement.decision = DECISION_EXEMPT;
	audit_alone(check->jitd, check->door.now,
	            &(struct event){.event = EVENT_CHECK,
	                            .verdict = "exempt",
	                            .subject = check->ask.ruser,
	                            .service = check->ask.service,
	                            .phase = door_phase_word(check->ask.phase),
	                            .account = check->ask.user,
	                            .actor_uid = check->door.uid,
	                            .pid = check->peer->process.pid});
	answer(check);
}

void check_begin(struct peer *peer, const struct wire_check *ask)
{
	struct check *check = calloc(1, sizeof(*check));
	struct names_key key = {.uid = ask->uid};

	if (!check) {
		peer_close(peer);
		return;
	}
	check->result.settle = settle;
	check->jitd = peer->jitd;
	check->peer = peer_hold(peer);
	check->ask = *ask;
	peer->state = WIRE_BUSY;
	door_of(&check->ask, clock_wall(), &check->door);
	if (door_is_exempt(peer->jitd, &check->door))
		exempt(check);
	else if (ask->phase == PHASE_CLOSE_SESSION)
		close_session(check);
	else
		names_lookup(peer->jitd->names, LANE_PAM, &key, subject_known, check);
}
