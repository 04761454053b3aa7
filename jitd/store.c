/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define APPLICATION_ID 0x4a495444 /* "JITD" */
#define BUSY_MS        1000       /* below the 5 s that a PAM client waits (S7) */

struct store {
	sqlite3 *db;
	sqlite3_stmt *statements[STATEMENTS];
	bool failed;
};

static const char *const statement_text[] = {
#define STATEMENT(name, text) [STATEMENT_##name] = (text),
#include "jitd/statements.def"
#undef STATEMENT
};

static const struct migration {
	int number;
	const char *sql;
} migrations[] = {
#define MIGRATION(number, sql) {number, sql},
#include "jitd/schema.def"
#undef MIGRATION
};
#define MIGRATIONS (sizeof(migrations) / sizeof(migrations[0]))

static int error_of(int code)
{
	switch (code & 0xff) {
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_CONSTRAINT:
		return -EEXIST;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EUCLEAN;
	default:
		return -EIO;
	}
}

static int fail(struct store *store, int code)
{
	int r = error_of(code);

	store->failed = true;
	return r;
}

/* ---- opening ---- */

static int open_error(struct store *store, const char *path, struct fault *fault)
{
	int code = store->db ? sqlite3_extended_errcode(store->db) : SQLITE_NOMEM;

	return fault_set(fault, error_of(code), "%s: %s", path,
	                 store->db ? sqlite3_errmsg(store->db) : "no memory");
}

static int pragma_number(struct store *store, const char *sql, int64_t *ret_value)
{
	sqlite3_stmt *statement = NULL;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(statement);
	if (code == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return code == SQLITE_ROW ? 0 : -EIO;
}

static int configure(struct store *store, enum store_mode mode, const char *path,
                     struct fault *fault)
{
	static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
	                               "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
	                               "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;";
	int64_t synchronous = 0;

	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, BUSY_MS);
	sqlite3_limit(store->db, SQLITE_LIMIT_LENGTH, 1 << 20);
	sqlite3_limit(store->db, SQLITE_LIMIT_ATTACHED, 0);
	if (sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL) != SQLITE_OK)
		return open_error(store, path, fault);
	if (sqlite3_exec(store->db, settings, NULL, NULL, NULL) != SQLITE_OK)
		return open_error(store, path, fault);
	if (pragma_number(store, "PRAGMA synchronous", &synchronous) < 0 || synchronous != 2)
		return fault_set(fault, -EIO, "%s: synchronous=FULL was not taken", path);
	if (mode == STORE_READER &&
	    sqlite3_exec(store->db, "PRAGMA query_only = ON", NULL, NULL, NULL) != SQLITE_OK)
		return open_error(store, path, fault);
	return 0;
}

static int migrate_one(struct store *store, const struct migration *migration)
{
	char *end = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
	                            APPLICATION_ID, migration->number);
	int code =
	        end ? sqlite3_exec(store->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) : SQLITE_NOMEM;

	if (code == SQLITE_OK)
		code = sqlite3_exec(store->db, migration->sql, NULL, NULL, NULL);
	if (code == SQLITE_OK)
		code = sqlite3_exec(store->db, end, NULL, NULL, NULL);
	sqlite3_free(end);
	return code;
}

static int migrate(struct store *store, enum store_mode mode, const char *path, struct fault *fault)
{
	int64_t version = 0, application = 0;

	if (pragma_number(store, "PRAGMA user_version", &version) < 0 ||
	    pragma_number(store, "PRAGMA application_id", &application) < 0)
		return open_error(store, path, fault);
	if (application != APPLICATION_ID && (application || version))
		return fault_set(fault, -EUCLEAN, "%s: not a database of jitd", path);
	if (version > (int64_t)MIGRATIONS)
		return fault_set(
		        fault, -EUCLEAN,
		        "%s: schema %lld is newer than this jitd's %zu; use the newer jitd", path,
		        (long long)version, MIGRATIONS);
	if (mode == STORE_READER)
		return 0;
	for (size_t i = (size_t)version; i < MIGRATIONS; i++)
		if (migrate_one(store, &migrations[i]) != SQLITE_OK)
			return open_error(store, path, fault);
	return 0;
}

static int prepare_all(struct store *store, const char *path, struct fault *fault)
{
	for (size_t i = 0; i < STATEMENTS; i++) {
		const char *rest = NULL;
		if (sqlite3_prepare_v3(store->db, statement_text[i], -1, SQLITE_PREPARE_PERSISTENT,
		                       &store->statements[i], &rest) != SQLITE_OK)
			return open_error(store, path, fault);
		if (rest && *rest)
			return fault_set(fault, -EINVAL, "statement %zu goes on after its end", i);
	}
	return 0;
}

/* SQLite would make the file with our umask and follow a symlink: made and judged here first. Never
 * once the writer has it open: closing any descriptor of the file drops the locks that SQLite holds
 * on it (fcntl(2)), and the next program that opens the database would take itself for the only one
 * and remove the log that we go on writing to. */
static int claim_file(const char *path, enum store_mode mode, struct fault *fault)
{
	const struct file_rule rule = {.owner = geteuid(), .forbidden = 077};
	cleanup(cleanup_close) int made = -1, fd = -1;

	if (mode == STORE_READER)
		return 0;
	made = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	fd = file_open(path, &rule, fault);
	return fd < 0 ? fd : 0;
}

int store_open(const char *path, enum store_mode mode, struct store **ret_store,
               struct fault *fault)
{
	struct store *store;
	int r = claim_file(path, mode, fault);

	if (r < 0)
		return r;
	store = calloc(1, sizeof(*store));
	if (!store)
		return fault_set(fault, -ENOMEM, "%s: no memory", path);
	if (sqlite3_open_v2(path, &store->db,
	                    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
	                    NULL) != SQLITE_OK)
		r = open_error(store, path, fault);
	if (r == 0)
		r = configure(store, mode, path, fault);
	if (r == 0)
		r = migrate(store, mode, path, fault);
	if (r == 0)
		r = prepare_all(store, path, fault);
	if (r < 0) {
		store_free(store);
		return r;
	}
	*ret_store = store;
	return 0;
}

struct store *store_free(struct store *store)
{
	if (!store)
		return NULL;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	free(store);
	return NULL;
}

/* ---- state ---- */

bool store_in_transaction(const struct store *store)
{
	return !sqlite3_get_autocommit(store->db);
}

bool store_failed(struct store *store)
{
	bool failed = store->failed;

	store->failed = false;
	return failed;
}

uint64_t store_changes(const struct store *store)
{
	return (uint64_t)sqlite3_total_changes64(store->db);
}

int store_run(struct store *store, enum statement statement)
{
	cleanup(query_done) struct query query = store_query(store, statement);

	return query_finish(&query);
}

/* ---- one use of a statement ---- */

struct query store_query(struct store *store, enum statement statement)
{
	return (struct query){.store = store, .statement = store->statements[statement]};
}

void query_done(struct query *query)
{
	sqlite3_reset(query->statement);
	sqlite3_clear_bindings(query->statement);
}

static int parameter(struct query *query, const char *name)
{
	int index = sqlite3_bind_parameter_index(query->statement, name);

	if (!index)
		query->failed = SQLITE_RANGE;
	return index;
}

static void note(struct query *query, int code)
{
	if (code != SQLITE_OK && !query->failed)
		query->failed = code;
}

void query_number(struct query *query, const char *name, int64_t value)
{
	note(query, sqlite3_bind_int64(query->statement, parameter(query, name), value));
}

void query_text(struct query *query, const char *name, const char *text)
{
	note(query,
	     sqlite3_bind_text(query->statement, parameter(query, name), text, -1, SQLITE_STATIC));
}

void query_null(struct query *query, const char *name)
{
	note(query, sqlite3_bind_null(query->statement, parameter(query, name)));
}

int query_step(struct query *query)
{
	int code = query->failed;

	if (!code)
		code = sqlite3_step(query->statement);
	if (code == SQLITE_ROW)
		return QUERY_ROW;
	if (code == SQLITE_DONE)
		return 0;
	return fail(query->store, code);
}

int query_finish(struct query *query)
{
	int r;

	do
		r = query_step(query);
	while (r == QUERY_ROW);
	return r;
}

int64_t query_column(const struct query *query, int column)
{
	return sqlite3_column_int64(query->statement, column);
}

bool query_is_null(const struct query *query, int column)
{
	return sqlite3_column_type(query->statement, column) == SQLITE_NULL;
}

const char *query_column_text(const struct query *query, int column)
{
	const char *text = (const char *)sqlite3_column_text(query->statement, column);

	return text ? text : "";
}
