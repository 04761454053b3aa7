/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/access.h"
#include "jitd/instant.h"
#include "jitd/judge.h"
#include "jitd/question.h"

#define PAGE    64 /* rows of ACCESS_REVOCABLE, and of ACCESS_IN_USE */
#define NEXT_MS 1  /* not 0: a timer that is due runs in the same turn */
#define CHANGED "its rule has changed"

struct sweep {
	struct sweep *next;
	struct jitd *jitd;
	struct timer *timer; /* the next page */
	char actor[NAME_SIZE];
	bool revokes;
	enum statement statement;
	uint32_t after; /* the last access looked at */
	bool last;      /* there is no page after this one */
	struct {
		uint32_t access;
		uid_t uid;
	} left[PAGE]; /* active or in use, of this page, whose subject is to be looked up */
	size_t left_count;
	uint64_t failures; /* of commits, before it began */
	struct swept swept;
	sweep_done *done;
	void *context;
};

static struct act act_of(const struct sweep *sweep, const char *text, int64_t now)
{
	return (struct act){.now = now, .actor = sweep->actor, .text = text};
}

/* ---- one page ---- */

static int lapse(struct jitd *jitd, struct access *access, int64_t now)
{
	return access_move(jitd, access, ON_LAPSE, &(struct act){.now = now, .text = CHANGED});
}

static int look_at_active(struct sweep *sweep, struct access *access, int64_t now)
{
	struct act act = act_of(sweep, CHANGED, now);
	int r;

	if (question_rule(sweep->jitd, access)) {
		sweep->left[sweep->left_count].access = access->id;
		sweep->left[sweep->left_count++].uid = access->uid;
		return 0;
	}
	r = access_move(sweep->jitd, access, ON_REVOKE, &act);
	sweep->swept.revoked += r == 0;
	return r < 0 ? r : 0;
}

static int look_at(struct sweep *sweep, struct access *access, int64_t now)
{
	int r;

	if (access->state != STATE_PENDING)
		return sweep->revokes ? look_at_active(sweep, access, now) : 0;
	if (question_rule(sweep->jitd, access))
		return 0;
	r = lapse(sweep->jitd, access, now);
	sweep->swept.lapsed += r == 0;
	return r < 0 ? r : 0;
}

/* What is changed must not be what is walked over. */
static int read_page(const struct sweep *sweep, struct access **rows, size_t *ret_count)
{
	cleanup(query_done) struct query query = store_query(sweep->jitd->store, sweep->statement);
	int r = 0;

	query_number(&query, ":after", sweep->after);
	*ret_count = 0;
	while (*ret_count < PAGE && (r = query_step(&query)) == QUERY_ROW) {
		r = access_of_row(&query, &rows[*ret_count]);
		if (r < 0)
			break;
		++*ret_count;
	}
	return r < 0 ? r : 0;
}

static int look_at_page(struct sweep *sweep, int64_t now, size_t *ret_count)
{
	struct access *rows[PAGE] = {NULL};
	size_t count = 0;
	int r = read_page(sweep, rows, &count);

	for (size_t i = 0; i < count; i++) {
		if (r == 0)
			r = look_at(sweep, rows[i], now);
		sweep->after = rows[i]->id;
		access_free(rows[i]);
	}
	*ret_count = count;
	return r;
}

/* ---- whose subject is asked for ---- */

static int judge_one(struct sweep *sweep, uint32_t id, const struct identity *subject, int64_t now)
{
	cleanup(cleanup_access) struct access *access = NULL;
	struct act act = act_of(sweep, "the rules deny it by now", now);
	int r = access_get(sweep->jitd->store, id, &access);

	if (r)
		return r < 0 ? r : 0;
	if (access->state == STATE_PENDING || access->uid != subject->uid ||
	    judge_rules(sweep->jitd, access, access->scope, subject, now) == REASON_NONE)
		return 0;
	r = access_move(sweep->jitd, access, ON_REVOKE, &act);
	sweep->swept.revoked += r == 0;
	return r < 0 ? r : 0;
}

static void next_subject(struct sweep *sweep);

static void subject_known(void *context, enum names_result result, const struct identity *subject)
{
	struct sweep *sweep = context;
	struct txn *txn = sweep->jitd->txn;
	uint32_t id = sweep->left[--sweep->left_count].access;
	int r = 0;

	if ((result == NAMES_FOUND || result == NAMES_STALE) && subject) {
		r = txn_enter(txn);
		if (r == 0) {
			r = judge_one(sweep, id, subject, instant_now(sweep->jitd).now);
			r = txn_leave(txn, r);
		}
	} else {
		sweep->swept.unknown++;
	}
	if (r < 0 && sweep->swept.result == 0)
		sweep->swept.result = r;
	next_subject(sweep);
}

/* ---- from page to page ---- */

static void end(struct sweep *sweep)
{
	struct sweep **where = &sweep->jitd->sweeps;

	while (*where != sweep)
		where = &(*where)->next;
	*where = sweep->next;
	if (txn_counters(sweep->jitd->txn).failures != sweep->failures && sweep->swept.result == 0)
		sweep->swept.result = -EIO;
	if (sweep->swept.result == 0)
		sweep->swept.result = txn_enter(sweep->jitd->txn);
	if (sweep->swept.result == 0)
		sweep->swept.result = txn_leave(sweep->jitd->txn, 0);
	if (sweep->swept.result < 0)
		audit_log(sweep->jitd->audit,
		          "not all accesses were held against the new rules: %s",
		          strerror(-sweep->swept.result));
	if (sweep->done)
		sweep->done(sweep->context, &sweep->swept);
	timer_free(sweep->timer);
	free(sweep);
}

static void next_page(void *context)
{
	struct sweep *sweep = context;
	struct txn *txn = sweep->jitd->txn;
	size_t count = 0;
	int r = txn_enter(txn);

	if (r == 0) {
		r = look_at_page(sweep, instant_now(sweep->jitd).now, &count);
		r = txn_leave(txn, r);
	}
	sweep->last = r < 0 || count < PAGE;
	if (sweep->last && sweep->revokes && sweep->statement == STATEMENT_ACCESS_REVOCABLE) {
		sweep->statement = STATEMENT_ACCESS_IN_USE;
		sweep->after = 0;
		sweep->last = r < 0;
	}
	if (r < 0) {
		sweep->swept.result = r;
		sweep->left_count = 0; /* of a page that is undone */
	}
	next_subject(sweep);
}

static void next_subject(struct sweep *sweep)
{
	struct names_key key = {0};

	if (sweep->left_count) {
		key.uid = sweep->left[sweep->left_count - 1].uid;
		names_lookup(sweep->jitd->names, LANE_CLIENT, &key, subject_known, sweep);
	} else if (sweep->last) {
		end(sweep);
	} else {
		timer_start(sweep->timer, NEXT_MS);
	}
}

void sweep_begin(struct jitd *jitd, const char *actor, sweep_done *done, void *context)
{
	struct swept failed = {.result = -ENOMEM};
	struct sweep *sweep = calloc(1, sizeof(*sweep));

	if (!sweep || loop_timer(jitd->loop, next_page, sweep, &sweep->timer) < 0) {
		free(sweep);
		if (done)
			done(context, &failed);
		return;
	}
	sweep->jitd = jitd;
	sweep->statement = STATEMENT_ACCESS_REVOCABLE;
	sweep->revokes = actor != NULL;
	text_sanitize(sweep->actor, sizeof(sweep->actor), actor ? actor : "");
	sweep->failures = txn_counters(jitd->txn).failures;
	sweep->done = done;
	sweep->context = context;
	sweep->next = jitd->sweeps;
	jitd->sweeps = sweep;
	next_page(sweep);
}

void sweeps_end(struct jitd *jitd)
{
	while (jitd->sweeps) {
		jitd->sweeps->swept.result = -ECANCELED;
		end(jitd->sweeps);
	}
}

int sweep_pending(struct jitd *jitd, int64_t now)
{
	struct sweep sweep = {.jitd = jitd, .statement = STATEMENT_ACCESS_REVOCABLE};
	size_t count;
	int r;

	do
		r = look_at_page(&sweep, now, &count);
	while (r == 0 && count);
	return r;
}
