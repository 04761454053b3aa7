/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The database: the only file that knows SQLite. WAL, synchronous=FULL read back, STRICT tables,
 * foreign keys, defensive, no trusted schema, application_id and numbered migrations
 * (jitd/schema.def); statements (jitd/statements.def) prepared at start and bound by name.
 *
 * Every failure of a statement is remembered until store_failed() is asked, so that a caller that
 * forgot to look cannot keep what was half done (jitd/txn).
 */
#ifndef JIT_JITD_STORE_H
#define JIT_JITD_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum statement {
#define STATEMENT(name, text) STATEMENT_##name,
#include "jitd/statements.def"
#undef STATEMENT
	STATEMENTS
};

struct store;

enum store_mode {
	STORE_WRITER = 1, /* makes and migrates; one per database, under the daemon's lock */
	STORE_READER,     /* sees committed rows only and changes nothing: for listings. After the
	                     writer, which has judged the file */
};

/* `path` is owned by us with mode 0600, or made so. -errno and the line. */
must_check int store_open(const char *path, enum store_mode mode, struct store **ret_store,
                          struct fault *fault);
struct store *store_free(struct store *store);

bool store_in_transaction(
        const struct store *store);     /* false after SQLite rolled back by itself, too */
bool store_failed(struct store *store); /* has a statement failed since this was last asked? */
uint64_t store_changes(const struct store *store); /* rows changed since it was opened */

/* Runs a statement that needs no values and gives no rows: BEGIN, COMMIT and the like. */
must_check int store_run(struct store *store, enum statement statement);

/* One use of a statement: struct query q cleanup(query_done) = store_query(...). Text and blobs
 * bound must live until then; columns read are valid until the next step. A failed bind fails the
 * step. */
struct query {
	struct store *store;
	void *statement;
	int failed;
};
struct query store_query(struct store *store, enum statement statement);
void query_done(struct query *query);
void query_number(struct query *query, const char *name, int64_t value);
void query_text(struct query *query, const char *name, const char *text); /* NULL binds NULL */
void query_null(struct query *query, const char *name);

enum { QUERY_ROW = 1 };
/* 0: no (more) row; QUERY_ROW; -EEXIST: a constraint refused; -ENOSPC, -EIO, -ENOMEM ...: it
 * failed. */
must_check int query_step(struct query *query);
/* For statements of which no row is wanted: 0 also when there was one. */
must_check int query_finish(struct query *query);
int64_t query_column(const struct query *query, int column); /* NULL reads as 0 */
bool query_is_null(const struct query *query, int column);
const char *query_column_text(const struct query *query, int column); /* NULL reads as "" */

#endif
