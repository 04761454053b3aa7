/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transactions: no allow and no acknowledged change leaves before its commit is on disk.
 *
 * BEGIN IMMEDIATE comes before the first message that touches the store, each later one of the
 * transaction runs inside a SAVEPOINT (to undo the first is to roll back, which saves a check that
 * comes alone two statements), and what it answers waits for the COMMIT that many messages share.
 * The commit hangs on the loop's last step before it sleeps: at once when no signature is in flight
 * (nothing more can join), else when the oldest waiting result has waited as long as the last
 * commit took. A transaction that wrote nothing ends in ROLLBACK.
 *
 * After a failed statement SQLite may have rolled everything back by itself (FULL, IOERR, NOMEM); a
 * later SAVEPOINT would then commit alone. So every leave asks whether the transaction still is
 * there; if not, or when COMMIT fails, all results under that transaction are settled as not
 * committed before the next message runs.
 */
#ifndef JIT_JITD_TXN_H
#define JIT_JITD_TXN_H

#include <stdbool.h>
#include <stdint.h>

#include "jitd/loop.h"
#include "jitd/store.h"

struct txn;

/* Something that waits for a commit; the first member of whatever it belongs to. settle() is called
 * exactly once. */
struct txn_result {
	void (*settle)(struct txn_result *result, bool committed);
	struct txn_result *next;
};

must_check int txn_new(struct loop *loop, struct store *store, struct txn **ret_txn);
struct txn *txn_free(struct txn *txn); /* settles what waits: not committed */

/* Every message is between these two; they do not nest. */
must_check int txn_enter(struct txn *txn);
/* With what came of the message. 0: it is kept, to be committed with the others. Otherwise all of
 * it is undone, because `result` is not 0 or a statement failed that nobody minded, and what comes
 * back is negative: `result` itself, or -EIO. Its answer must then be a refusal. */
must_check int txn_leave(struct txn *txn, int result);

/* After a leave that kept: settles with the transaction that the message ran in. */
void txn_wait(struct txn *txn, struct txn_result *result);

/* Called after each commit that changed rows, before the next message. */
void txn_after_commit(struct txn *txn, void (*call)(void *), void *context);

/* Called before each commit that changes rows, inside its transaction: what it writes goes with it.
 * Negative: nothing of it is committed. */
void txn_before_commit(struct txn *txn, int (*call)(void *), void *context);

/* Commits now, whatever is in flight. For the way out. */
void txn_flush(struct txn *txn);

struct txn_counters {
	uint64_t commits;  /* that wrote */
	uint64_t messages; /* kept in those, that wrote */
	uint64_t rows;     /* that those wrote */
	uint64_t failures; /* commits that failed, and transactions that SQLite rolled back */
};
struct txn_counters txn_counters(const struct txn *txn);

#endif
