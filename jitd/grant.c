/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/grant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "jitd/clock.h"
#include "jitd/instant.h"
#include "jitd/order.h"
#include "jitd/question.h"
#include "jitd/vote.h"

struct activation {
	struct jitd *jitd;
	struct access *access;
	struct mint_order order;
	int64_t boot;      /* when order.iat was, on CLOCK_BOOTTIME */
	struct keys *keys; /* held */
	char *token;
	int minted; /* 0, or why not */
	bool anew;  /* a shorter time was said yes to meanwhile, or its key does not stand any
	               more: to be signed again */
	grant_done *done;
	void *context;
};

static void activation_free(struct activation *activation)
{
	access_free(activation->access);
	keys_release(activation->keys);
	cleanup_secret(&activation->token);
	free(activation);
}

static void finish(struct activation *activation, bool active)
{
	if (activation->done)
		activation->done(activation->context, active);
	activation_free(activation);
}

static void mint_on_pool(void *job)
{
	struct activation *activation = job;

	if (!activation->access->typed)
		activation->minted = mint_token(
		        &activation->order, keys_signer(activation->keys)->pem, &activation->token);
}

/* Still pending, with enough approvals of what it is, and its rule in force? Asked in the message
 * that activates, so that a denial, or a change of the rule, that came meanwhile wins. Two may be
 * on their way for one access, the last approver's and that of grant_look(): who comes second finds
 * it active. */
static int still_ripe(struct activation *activation, bool *ret_ripe, bool *ret_active)
{
	cleanup(cleanup_access) struct access *access = NULL;
	struct jitd *jitd = activation->jitd;
	struct votes votes = {.denials = INT64_MAX};
	int r = access_get(jitd->store, activation->access->id, &access);

	if (r == 0)
		r = votes_of(jitd->store, access, &votes);
	if (r)
		return r < 0 ? r : -EIO;
	*ret_active = access->state == STATE_ACTIVE;
	activation->anew =
	        access->state == STATE_PENDING && access->seconds < activation->access->seconds;
	*ret_ripe = access->state == STATE_PENDING && access->lapses > activation->order.iat &&
	            access->seconds == activation->access->seconds &&
	            votes.approvals >= access->approvals && votes.denials < access->denials &&
	            question_rule(jitd, access);
	return 0;
}

int grant_at_once(struct jitd *jitd, uint32_t access, int64_t now, int64_t boot)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->store, STATEMENT_ACCESS_ACTIVATE);
	int r;

	query_number(&query, ":id", access);
	query_number(&query, ":now", now);
	query_number(&query, ":boot", boot);
	query_text(&query, ":boot_id", jitd->boot_id);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	jitd->accesses_changed = true;
	return query_finish(&query);
}

/* For the event: how it came to be, and what was made for it. */
static void describe(const struct activation *activation, char *ret_text, size_t size)
{
	const char *lead =
	        activation->access->approvals ? "" : "no approval needed (approvals = 0); ";

	if (activation->token)
		best_effort(text_format(ret_text, size, "%sjti %s kid %s", lead,
		                        activation->order.jti, activation->order.kid));
	else
		best_effort(text_format(ret_text, size, "%sto be typed", lead));
}

static int activate(struct activation *activation, bool *ret_active)
{
	const struct access *access = activation->access;
	bool ripe = false, stands = true;
	char text[128];
	int r = still_ripe(activation, &ripe, ret_active);

	if (r == 0 && ripe && activation->token)
		r = order_stands(activation->jitd, &activation->order, activation->keys, &stands);
	if (r < 0 || !ripe)
		return r;
	activation->anew |= !stands;
	if (!stands)
		return 0;
	*ret_active = true;
	r = grant_at_once(activation->jitd, access->id, activation->order.iat, activation->boot);
	if (r == 0 && activation->token)
		r = order_keep(activation->jitd, &activation->order, KIND_HELD, activation->token);
	if (r < 0)
		return r;
	describe(activation, text, sizeof(text));
	return audit_append(activation->jitd, activation->order.iat,
	                    &(struct event){.event = EVENT_GRANT,
	                                    .access = access->id,
	                                    .subject = access->subject,
	                                    .text = text});
}

/* Each round takes an approver's word that came after the one before, and nobody has two; or a key
 * that was put in force after it. */
static void again(struct activation *activation)
{
	grant_activate(activation->jitd, activation->access->id, activation->done,
	               activation->context);
	activation_free(activation);
}

static void minted(void *job)
{
	struct activation *activation = job;
	struct jitd *jitd = activation->jitd;
	bool active = false;
	int r = activation->minted;

	if (r == 0)
		r = txn_enter(jitd->txn);
	if (r == 0) {
		r = activate(activation, &active);
		r = txn_leave(jitd->txn, r);
	}
	if (r < 0)
		audit_log(jitd->audit, "access %u not activated: %s", activation->access->id,
		          strerror(-r));
	if (r == 0 && activation->anew)
		again(activation);
	else
		finish(activation, r == 0 && active);
}

/* As ACCESS_ACTIVATE has it. */
static int64_t end_of(const struct access *access, int64_t now)
{
	int64_t until = now + access->seconds;

	return access->ends && access->ends < until ? access->ends : until;
}

/* Everything that the token will say, fixed before it is signed. */
static int prepare(struct activation *activation)
{
	const struct instant instant = instant_now(activation->jitd);

	if (!clock_gives(instant.clock)) {
		audit_log(activation->jitd->audit, "access %u not activated: " INSTANT_NOTHING,
		          activation->access->id);
		return -EAGAIN;
	}
	activation->boot = instant.boot;
	activation->order.iat = instant.now;
	activation->order.exp = end_of(activation->access, instant.now);
	if (mint_jti(activation->order.jti) < 0)
		return -EIO;
	activation->keys = keys_hold(activation->jitd->keys);
	return order_fill(activation->jitd, activation->access, &activation->order);
}

void grant_activate(struct jitd *jitd, uint32_t access, grant_done *done, void *context)
{
	struct activation *activation = calloc(1, sizeof(*activation));
	int r;

	if (!activation) {
		if (done)
			done(context, false);
		return;
	}
	*activation = (struct activation){.jitd = jitd, .done = done, .context = context};
	/* the writer: what was approved a moment ago may not be committed yet */
	r = access_get(jitd->store, access, &activation->access);
	if (r == 0)
		r = prepare(activation);
	if (r == 0)
		r = loop_work(jitd->loop, mint_on_pool, minted, activation);
	if (r)
		finish(activation, false);
}

/* ---- deadlines ---- */

#define DUE_MAX  64
#define RETRY_MS 1000

struct due {
	uint32_t ids[DUE_MAX];
	size_t count;
};

static int find_due(struct jitd *jitd, enum statement statement, const struct instant *instant,
                    struct due *due)
{
	cleanup(query_done) struct query query = store_query(jitd->store, statement);
	int r;

	due->count = 0;
	if (statement == STATEMENT_ACCESS_EXPIRING_BY_BOOT) {
		query_number(&query, ":boot", instant->boot);
		query_text(&query, ":boot_id", jitd->boot_id);
	} else if (statement != STATEMENT_ACCESS_RIPE) {
		query_number(&query, ":now", instant->now);
	}
	while ((r = query_step(&query)) == QUERY_ROW && due->count < DUE_MAX)
		due->ids[due->count++] = (uint32_t)query_column(&query, 0);
	return r < 0 ? r : 0;
}

static int move_due(struct jitd *jitd, const struct due *due, enum access_event event, int64_t now)
{
	for (size_t i = 0; i < due->count; i++) {
		cleanup(cleanup_access) struct access *access = NULL;
		int r = access_get(jitd->store, due->ids[i], &access);
		if (r == 0)
			r = access_move(jitd, access, event, &(struct act){.now = now});
		if (r < 0)
			return r;
	}
	return 0;
}

static int end_due(struct jitd *jitd, const struct instant *instant)
{
	static const struct {
		enum statement statement;
		enum access_event event;
	} ends[] = {
	        {STATEMENT_ACCESS_LAPSING, ON_LAPSE},
	        {STATEMENT_ACCESS_EXPIRING, ON_EXPIRE},
	        {STATEMENT_ACCESS_EXPIRING_BY_BOOT, ON_EXPIRE},
	};
	struct due due;
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(ends) / sizeof(ends[0]); i++) {
		r = find_due(jitd, ends[i].statement, instant, &due);
		if (r == 0)
			r = move_due(jitd, &due, ends[i].event, instant->now);
	}
	return r;
}

/* The sooner of this and what is there; 0: there is nothing. */
static int look_at_deadline(struct jitd *jitd, enum statement statement, int64_t now,
                            unsigned int into, uint64_t *wait)
{
	cleanup(query_done) struct query query = store_query(jitd->store, statement);
	uint64_t until;
	int r;

	if (statement == STATEMENT_ACCESS_DEADLINE_BY_BOOT)
		query_text(&query, ":boot_id", jitd->boot_id);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	if (query_is_null(&query, 0))
		return 0;
	until = clock_wait(query_column(&query, 0), now, into);
	if (!*wait || until < *wait)
		*wait = until;
	return 0;
}

/* Milliseconds to the next end; 0: there is none. */
static int next_deadline(struct jitd *jitd, const struct instant *instant, uint64_t *wait)
{
	int r = look_at_deadline(jitd, STATEMENT_ACCESS_DEADLINE, instant->now, instant->into.wall,
	                         wait);

	if (r < 0)
		return r;
	return look_at_deadline(jitd, STATEMENT_ACCESS_DEADLINE_BY_BOOT, instant->boot,
	                        instant->into.boot, wait);
}

void grant_look(struct jitd *jitd)
{
	const struct instant instant = instant_now(jitd);
	struct due ripe = {0};
	uint64_t wait = 0;
	int r = txn_enter(jitd->txn);

	if (r == 0) {
		r = end_due(jitd, &instant);
		if (r == 0 && clock_gives(instant.clock))
			r = find_due(jitd, STATEMENT_ACCESS_RIPE, &instant, &ripe);
		if (r == 0)
			r = next_deadline(jitd, &instant, &wait);
		if (r == 0 && wait)
			r = instants_keep(jitd);
		r = txn_leave(jitd->txn, r);
	}
	if (r < 0)
		wait = RETRY_MS;
	else if (wait > INSTANT_KEEP_MS)
		wait = INSTANT_KEEP_MS;
	for (size_t i = 0; r == 0 && i < ripe.count; i++)
		grant_activate(jitd, ripe.ids[i], NULL, NULL);
	if (wait)
		timer_start(jitd->deadline, wait);
	else
		timer_stop(jitd->deadline);
}
