/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/txn.h"

#include <errno.h>
#include <stdlib.h>

#include "jitd/clock.h"

#define ROUNDS 8

struct txn {
	struct loop *loop;
	struct store *store;
	struct timer *timer; /* ends the wait for signatures in flight */
	bool open, inside;
	bool alone;      /* the message inside is the first of its transaction: no savepoint */
	uint64_t before; /* store_changes() when it was entered */
	uint64_t changes_before, messages;
	struct txn_result *first, **last;
	int64_t oldest, last_commit; /* ticks */
	void (*after_commit)(void *);
	void *after_commit_context;
	int (*before_commit)(void *);
	void *before_commit_context;
	struct txn_counters counters;
};

static void settle_all(struct txn *txn, bool committed)
{
	struct txn_result *result = txn->first;

	txn->first = NULL;
	txn->last = &txn->first;
	txn->oldest = 0;
	txn->messages = 0;
	while (result) {
		struct txn_result *next = result->next;
		result->settle(result, committed);
		result = next;
	}
}

/* The transaction is gone: nothing of it is on disk. */
static void lose(struct txn *txn)
{
	if (store_in_transaction(txn->store))
		best_effort(store_run(txn->store, STATEMENT_ROLLBACK));
	txn->open = false;
	txn->counters.failures++;
	settle_all(txn, false);
}

static int end(struct txn *txn, bool wrote)
{
	int r = 0;

	if (!wrote)
		return store_run(txn->store, STATEMENT_ROLLBACK);
	if (txn->before_commit)
		r = txn->before_commit(txn->before_commit_context);
	return r < 0 ? r : store_run(txn->store, STATEMENT_COMMIT);
}

static void commit(struct txn *txn)
{
	int64_t start = clock_ticks();
	uint64_t rows = store_changes(txn->store) - txn->changes_before;
	bool wrote = rows != 0;
	uint64_t messages = txn->messages;

	timer_stop(txn->timer);
	if (end(txn, wrote) < 0) {
		(void)store_failed(txn->store);
		lose(txn);
		return;
	}
	txn->open = false;
	if (wrote) {
		txn->last_commit = clock_ticks() - start;
		txn->counters.commits++;
		txn->counters.messages += messages;
		txn->counters.rows += rows;
	}
	settle_all(txn, true);
	if (wrote && txn->after_commit)
		txn->after_commit(txn->after_commit_context);
}

/* How long the oldest waiting result may still wait for signatures in flight to join; ticks. */
static int64_t patience(const struct txn *txn)
{
	if (loop_work_in_flight(txn->loop) == 0 || !txn->oldest)
		return 0;
	return txn->last_commit - (clock_ticks() - txn->oldest);
}

static void before_sleep(void *context)
{
	struct txn *txn = context;

	/* what is settled may begin the next transaction, and the loop is about to sleep */
	for (int round = 0; round < ROUNDS && txn->open && patience(txn) <= 0; round++)
		commit(txn);
	if (txn->open)
		timer_start(txn->timer,
		            (uint64_t)(patience(txn) > 0 ? patience(txn) / 1000000 : 0));
}

static void wake(void *context)
{
	(void)context; /* the loop turns; before_sleep() looks again */
}

int txn_new(struct loop *loop, struct store *store, struct txn **ret_txn)
{
	struct txn *txn = calloc(1, sizeof(*txn));
	int r;

	if (!txn)
		return -ENOMEM;
	*txn = (struct txn){.loop = loop, .store = store};
	txn->last = &txn->first;
	r = loop_timer(loop, wake, txn, &txn->timer);
	if (r == 0)
		r = loop_before_sleep(loop, before_sleep, txn);
	if (r < 0) {
		timer_free(txn->timer);
		free(txn);
		return r;
	}
	*ret_txn = txn;
	return 0;
}

struct txn *txn_free(struct txn *txn)
{
	if (!txn)
		return NULL;
	if (txn->open)
		lose(txn);
	timer_free(txn->timer);
	free(txn);
	return NULL;
}

static int begin(struct txn *txn)
{
	int r = store_run(txn->store, STATEMENT_BEGIN);

	if (r < 0)
		return r;
	txn->open = true;
	txn->changes_before = store_changes(txn->store);
	return 0;
}

int txn_enter(struct txn *txn)
{
	int r;

	if (txn->inside)
		return -EDEADLK;
	(void)store_failed(txn->store);
	txn->alone = !txn->open;
	r = txn->alone ? begin(txn) : store_run(txn->store, STATEMENT_SAVEPOINT);
	if (r < 0) {
		(void)store_failed(txn->store);
		if (txn->open && !store_in_transaction(txn->store))
			lose(txn);
		return r;
	}
	txn->inside = true;
	txn->before = store_changes(txn->store);
	return 0;
}

static int keep(struct txn *txn)
{
	return txn->alone ? 0 : store_run(txn->store, STATEMENT_RELEASE);
}

static int undo(struct txn *txn)
{
	int r;

	if (txn->alone) { /* whatever the transaction holds is this message's */
		r = store_run(txn->store, STATEMENT_ROLLBACK);
		txn->open = r < 0;
		return r;
	}
	r = store_run(txn->store, STATEMENT_ROLLBACK_TO);
	return r < 0 ? r : store_run(txn->store, STATEMENT_RELEASE);
}

int txn_leave(struct txn *txn, int result)
{
	bool kept = !store_failed(txn->store) && result == 0;
	int r = -EIO;

	txn->inside = false;
	if (store_in_transaction(txn->store))
		r = kept ? keep(txn) : undo(txn);
	if (r < 0 || store_in_transaction(txn->store) != txn->open) {
		(void)store_failed(txn->store);
		lose(txn);
		kept = false;
	}
	if (kept) {
		txn->messages += store_changes(txn->store) != txn->before;
		return 0;
	}
	return result < 0 ? result : -EIO;
}

void txn_wait(struct txn *txn, struct txn_result *result)
{
	if (!txn->open) { /* nobody kept anything that could be committed */
		result->settle(result, false);
		return;
	}
	result->next = NULL;
	*txn->last = result;
	txn->last = &result->next;
	if (!txn->oldest)
		txn->oldest = clock_ticks();
}

void txn_after_commit(struct txn *txn, void (*call)(void *), void *context)
{
	txn->after_commit = call;
	txn->after_commit_context = context;
}

void txn_before_commit(struct txn *txn, int (*call)(void *), void *context)
{
	txn->before_commit = call;
	txn->before_commit_context = context;
}

void txn_flush(struct txn *txn)
{
	if (txn->open && !txn->inside)
		commit(txn);
}

struct txn_counters txn_counters(const struct txn *txn)
{
	return txn->counters;
}
