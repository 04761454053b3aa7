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
#include "jitd/check_parts.h"
#include "jitd/floor.h"
#include "jitd/held.h"
#include "jitd/instant.h"
#include "jitd/present.h"
#include "jitd/remark.h"
#include "jitd/subject.h"

#define REFUSAL_MS 50 /* far more than it takes to find any of them */

#define PROMPTS_MAX 16 /* of one caller of sudo or su, open at a time */

static void check_free(struct check *check)
{
	held_wipe(&check->held);
	floor_free(check->floor);
	identity_free(check->door.subject);
	presented_free(check->presented);
	peer_release(check->peer);
	free(check);
}

/* ---- the answer ---- */

void check_conclude(struct check *check)
{
	const struct judgement *judgement = &check->judgement;
	bool allow = judgement->decision == DECISION_ALLOW;
	struct message out = {.id = MESSAGE_verdict};

	if (!allow && peer_open(check->peer) && floor_holds(check->floor)) {
		check->peer->asking = check; /* whoever hangs up meanwhile abandons it */
		return;
	}
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
		check_session_refused(check);
	}
	check->peer->state = WIRE_IDLE;
	peer_send(check->peer, &out);
	check_free(check);
}

/* Why it is refused cannot be told from the time either. */
static void refusal_due(void *context)
{
	struct check *check = context;

	check->peer->asking = NULL;
	check_conclude(check);
}

void check_refuse(struct check *check, enum reason reason)
{
	check->judgement.decision = DECISION_DENY;
	check->judgement.reason = reason;
}

/* What an allow brings with it, once it is on disk. */
static void take_effect(struct check *check)
{
	struct reservation made = {.access = check->judgement.access, .uid = check->door.uid};

	/* one that did not fit would be none, and a reservation without is one that somebody
	 * vouched for */
	_Static_assert(sizeof(made.jti) >= sizeof(check->presented->token.claims.jti), "fits");
	_Static_assert(sizeof(made.jti) >= sizeof(check->presented->foreign->claims.replay),
	               "fits");
	if (check->presented)
		best_effort(text_copy(made.jti, sizeof(made.jti), presented_jti(check->presented)));
	else
		memcpy(made.jti, check->reserved.jti, sizeof(made.jti));
	if (check->ask.phase != PHASE_OPEN_SESSION && made.access)
		reservation_make(check->jitd->reservations, &check->key, &made, check->door.boot);
}

static void settle(struct txn_result *result, bool committed)
{
	struct check *check = (struct check *)(void *)result;

	if (committed) {
		take_effect(check);
		if (check->session) {
			check_session_opened(check);
			return;
		}
	} else {
		audit_log(check->jitd->audit,
		          "check of uid %u, allowed by access %u, denied after all: not on disk",
		          check->door.uid, check->judgement.access);
		check_refuse(check, REASON_STORE);
	}
	check_conclude(check);
}

/* ---- the message ---- */

static const char *subject_of(const struct check *check)
{
	const struct identity *subject =
	        check->presented ? presented_subject(check->presented) : NULL;

	if (remark_is_provisional(&check->judgement))
		return NULL;
	if (subject)
		return subject->name;
	return check->door.subject ? check->door.subject->name : check->ask.ruser;
}

static int append_event(struct check *check)
{
	const struct judgement *judgement = &check->judgement;
	bool deny = judgement->decision == DECISION_DENY;
	char text[REMARK_SIZE];

	remark_of(&check->door, judgement, check->presented, text);
	return audit_append(check->jitd, check->door.now,
	                    &(struct event){.event = EVENT_CHECK,
	                                    .verdict = deny ? "deny" : "allow",
	                                    .reason = deny ? judgement_word(judgement) : NULL,
	                                    .access = judgement->access,
	                                    .subject = subject_of(check),
	                                    .service = check->ask.service,
	                                    .phase = door_phase_word(check->ask.phase),
	                                    .account = check->ask.user,
	                                    .actor_uid = check->door.uid,
	                                    .pid = check->peer->process.pid,
	                                    .text = text});
}

static int judge_presented(struct check *check)
{
	int r = presented_judge(check->jitd, &check->door, check->presented, &check->judgement);

	if (r == 0 && check->judgement.decision == DECISION_ALLOW)
		r = presented_spend(check->jitd, check->presented, &check->judgement,
		                    check->door.now, check->peer->process.pid);
	return r;
}

/* Of whoever the account, the kernel, the key or the reservation names. */
static int judge_vouched(struct check *check)
{
	int r = judge_subject(check->jitd, &check->door, &check->judgement);

	if (r == 0 && check->judgement.reason == REASON_NONE)
		r = judge_owner(check->jitd, &check->door, &check->judgement);
	if (r < 0 || check->judgement.reason != REASON_NONE)
		return r;
	if (check->reserved.jti[0])
		return judge_reserved(check->jitd, &check->door, &check->reserved,
		                      &check->judgement);
	return held_judge(check->jitd, &check->door, &check->held, check->reserved.access,
	                  &check->judgement);
}

static int judge(struct check *check)
{
	const struct door *door = &check->door;
	int r = 0;

	judge_clock(door, &check->judgement);
	if (check->judgement.reason == REASON_CLOCK)
		return 0;
	if (check->presented)
		return judge_presented(check);
	if (check->judgement.reason == REASON_NONE) /* else refused on the way here */
		r = judge_vouched(check);
	if (r < 0 || check->judgement.decision == DECISION_ALLOW || door->vouch != VOUCH_SSHD ||
	    !door->keys.later)
		return r;
	return judge_until_key_is_seen(check->jitd, door, &check->judgement);
}

/* Where the kernel vouches, only what is outstanding to be typed is worth a prompt; elsewhere a
 * token may be anybody's for whom this account is open. */
static bool prompt_is_due(const struct check *check)
{
	enum reason reason = check->judgement.reason;

	if (check->asked || !check->door.may_ask)
		return false;
	return check->door.vouch != VOUCH_KERNEL ||
	       (check->held.typed && reason != REASON_LOCKED && reason != REASON_SUBJECT &&
	        reason != REASON_PROMPTS && reason != REASON_CLOCK);
}

/* All of sudo's connections are root's: one caller could take the descriptors of everybody. sshd
 * and login limit by themselves how many they ask. */
static bool too_many_prompts(const struct check *check)
{
	const struct jitd *jitd = check->jitd;

	return check->door.vouch == VOUCH_KERNEL && !jitd->stopping &&
	       peers_asked(jitd->peers, check->door.uid) >= PROMPTS_MAX;
}

/* In the message that decides, since most hold nothing that is to be read first: another connection
 * to the store would read its pages anew after each commit. */
static int find_held(struct check *check)
{
	int r = 0;

	if (check->seeks_held)
		r = held_find(check->jitd, &check->door, &check->held);
	check->reads_held = r == 0 && check->seeks_held && check->held.count;
	check->seeks_held = false;
	return r;
}

static int decide_inside(struct check *check)
{
	int r = find_held(check);

	if (r < 0 || check->reads_held)
		return r;
	r = judge(check);
	if (r == 0 && check->judgement.decision == DECISION_ALLOW &&
	    check->ask.phase == PHASE_OPEN_SESSION)
		r = check_open_session(check);
	if (r < 0)
		return r;
	if (check->judgement.decision == DECISION_ALLOW)
		return append_event(check);
	check->judgement.decision = DECISION_DENY;
	if (prompt_is_due(check) && too_many_prompts(check))
		check_refuse(check, REASON_PROMPTS);
	return prompt_is_due(check) ? 0 : append_event(check);
}

static void prompt(struct check *check);
static void decide(struct check *check);

static void held_known(void *context)
{
	decide(context);
}

/* Refused on the way here, and nothing in the store could change that: it is asked for what would.
 */
static bool only_a_prompt_is_left(const struct check *check)
{
	return !check->presented && check->judgement.reason != REASON_NONE &&
	       check->door.vouch == VOUCH_NOBODY && prompt_is_due(check);
}

static void decide(struct check *check)
{
	struct txn *txn = check->jitd->txn;
	int r;

	if (only_a_prompt_is_left(check)) {
		prompt(check);
		return;
	}
	r = txn_enter(txn);

	if (r == 0) {
		r = decide_inside(check);
		r = txn_leave(txn, r);
	}
	if (r < 0) {
		check->session = 0;
		check_refuse(check, REASON_STORE);
		audit_log(check->jitd->audit,
		          "check of uid %u denied, its event is not on disk: %s", check->door.uid,
		          strerror(-r));
	}
	if (r == 0 && check->reads_held)
		held_read(check->jitd, &check->door, &check->held, held_known, check);
	else if (check->judgement.decision == DECISION_ALLOW)
		txn_wait(txn, &check->result);
	else if (r == 0 && prompt_is_due(check))
		prompt(check);
	else
		check_conclude(check);
}

/* ---- what is typed ---- */

/* Why, to whom it may be told, and the question. A peer that hangs up meanwhile abandons the check.
 */
static void prompt(struct check *check)
{
	struct peer *peer = peer_hold(check->peer);
	struct message say = {.id = MESSAGE_say}, ask = {.id = MESSAGE_ask};

	if (check->door.told)
		judgement_line(&check->judgement, &check->door, say.say.text, sizeof(say.say.text));
	best_effort(text_copy(ask.ask.text, sizeof(ask.ask.text), WIRE_PROMPT));
	check->judgement = (struct judgement){0};
	check->asked = true;
	peer->asking = check;
	peer->asked = check->door.vouch == VOUCH_KERNEL ? check->door.uid : (uid_t)-1;
	peer->state = WIRE_ASKED;
	if (say.say.text[0])
		peer_send(peer, &say);
	peer_send(peer, &ask);
	if (!peer_open(peer) && peer->asking) /* it had gone before */
		check_abandon(peer);
	peer_release(peer);
}

static void typed(void *context, struct presented *presented)
{
	struct check *check = context;

	check->presented = presented;
	if (!presented)
		check_refuse(check, REASON_INTERNAL);
	decide(check);
}

static void read_clock(struct check *check)
{
	const struct instant instant = instant_now(check->jitd);

	check->door.now = instant.now;
	check->door.boot = instant.boot;
	check->door.clock_gives = clock_gives(instant.clock);
}

void check_answer(struct peer *peer, const struct wire_answer *answer)
{
	struct check *check = peer->asking;

	peer->asking = NULL;
	peer->state = WIRE_BUSY;
	read_clock(check);
	if (!check->door.told)
		check->floor = floor_new(check->jitd->loop, REFUSAL_MS, refusal_due, check);
	if (answer->given) {
		present(check->jitd, &check->door, answer->text, NULL, typed, check);
		return;
	}
	check_refuse(check, REASON_NO_ANSWER);
	check->judgement.access = check->held.typed;
	decide(check);
}

void check_abandon(struct peer *peer)
{
	struct check *check = peer->asking;

	peer->asking = NULL;
	read_clock(check);
	if (!check->jitd->stopping && !check->floor) {
		check_refuse(check, REASON_NO_ANSWER);
		decide(check);
	} else {
		check_free(check);
	}
}

/* ---- the beginning ---- */

static void subject_known(void *context, enum names_result result, const struct identity *identity)
{
	struct check *check = context;
	struct door *door = &check->door;

	door->subject_result = result;
	if (identity)
		door->subject = identity_copy(identity);
	if (door->vouch == VOUCH_SSHD && door->subject && !door->by_key && !check->reserved.access)
		door->uid = door->subject->uid;
	check->seeks_held = !check->reserved.jti[0] && door->subject;
	decide(check);
}

static void find_subject(struct check *check)
{
	struct names_key key;
	enum reason reason = subject_find(check->jitd, &check->door, &check->reserved, &key);

	if (reason == REASON_NONE) {
		names_lookup(check->jitd->names, LANE_PAM, &key, subject_known, check);
		return;
	}
	check_refuse(check, reason);
	decide(check);
}

/* What is reserved already for the process that will open the session. */
static void find_reservation(struct check *check)
{
	struct reservation_key *key = &check->key;
	const struct door *door = &check->door;

	door_key(&check->ask, door, key);
	check->reserved = reservation_find(check->jitd->reservations, key, door->boot);
	if (check->ask.phase == PHASE_OPEN_SESSION)
		reservation_drop(check->jitd->reservations, key);
}

static void begin(struct check *check, int process_result)
{
	if (process_result == 0) {
		find_reservation(check);
		find_subject(check);
		return;
	}
	audit_log(check->jitd->audit,
	          "process %d of %s: which one will open its session cannot be told: %s",
	          check->peer->process.pid, check->door.service, strerror(-process_result));
	check->door.may_ask = false;
	check_refuse(check, REASON_PROCESS);
	decide(check);
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
	check_conclude(check);
}

void check_begin(struct peer *peer, const struct wire_check *ask)
{
	struct check *check = calloc(1, sizeof(*check));
	int r;

	if (!check) {
		peer_close(peer);
		return;
	}
	check->result.settle = settle;
	check->jitd = peer->jitd;
	check->peer = peer_hold(peer);
	check->ask = *ask;
	peer->state = WIRE_BUSY;
	r = door_process(&check->ask, &peer->process, &check->key.process);
	door_of(&check->ask, r == 0 && check->key.process.pid == peer->process.pid, &check->door);
	read_clock(check);
	if (door_is_exempt(peer->jitd, &check->door))
		exempt(check);
	else if (ask->phase == PHASE_CLOSE_SESSION)
		check_close_session(check);
	else
		begin(check, r);
}
