/* SPDX-License-Identifier: Apache-2.0 */
/* The cost of a statement stays flat however much is over: it is in the plan, not in the clock. */
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name, *text;
} statements[] = {
#define STATEMENT(name, text) {#name, (text)},
#include "jitd/statements.def"
#undef STATEMENT
};
#define STATEMENTS (sizeof(statements) / sizeof(statements[0]))

static const char *const schema[] = {
#define MIGRATION(number, sql) (sql),
#include "jitd/schema.def"
#undef MIGRATION
};

/* These hold what is alive only. */
static const char *const small[] = {"access_pending", "access_active", "access_live",
                                    "session_live", "key_live"};

/* These tell all that there was, a page at a time. */
static const char *const whole[] = {"ACCESS_LIST", "EVENT_LIST", "KEY_LIST"};

/* From one row on, whatever is there: it may pass over all that there was before it finds one. */
static bool passes_over_history(const char *step, const char *name)
{
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (!strcmp(name, whole[i]))
			return false;
	return strstr(step, "USING INTEGER PRIMARY KEY (rowid>?") != NULL;
}

static bool walks_over_history(const char *step)
{
	if (strncmp(step, "SCAN ", 5) != 0 || !strncmp(step, "SCAN lock", 9))
		return false;
	for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++)
		if (strstr(step, small[i]))
			return false;
	return true;
}

static void look_at_plan(sqlite3 *db, const char *text, void (*look)(const char *, const char *),
                         const char *context)
{
	char sql[2048];
	sqlite3_stmt *plan = NULL;

	assert_true((size_t)snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", text) <
	            sizeof(sql));
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &plan, NULL), SQLITE_OK);
	while (sqlite3_step(plan) == SQLITE_ROW)
		look((const char *)sqlite3_column_text(plan, 3), context);
	sqlite3_finalize(plan);
}

static int open_database(void **state)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
	for (size_t i = 0; i < sizeof(schema) / sizeof(schema[0]); i++)
		assert_int_equal(sqlite3_exec(db, schema[i], NULL, NULL, NULL), SQLITE_OK);
	*state = db;
	return 0;
}

static int close_database(void **state)
{
	return sqlite3_close(*state);
}

static void must_not_walk(const char *step, const char *name)
{
	if (step && (walks_over_history(step) || passes_over_history(step, name)))
		fail_msg("%s: %s", name, step);
}

static void test_no_statement_walks_over_history(void **state)
{
	for (size_t i = 0; i < STATEMENTS; i++)
		look_at_plan(*state, statements[i].text, must_not_walk, statements[i].name);
}

static void must_use(const char *step, const char *index)
{
	if (!step || !strstr(step, index))
		fail_msg("\"%s\" instead of index %s", step ? step : "", index);
}

/* A range of ids, or all of one person, reads whatever the index holds there: it must be small. */
static void test_what_is_open_has_an_index_of_its_own(void **state)
{
	static const struct {
		const char *name, *index;
	} wanted[] = {
	        {"ACCESS_LIST_OPEN", "access_live"},
	        {"ACCESS_REVOCABLE", "access_live"},
	        {"ACCESS_LIST_PENDING", "access_pending_in_order"},
	        {"ACCESS_LIST_ACTIVE_OF", "access_active_by_uid"},
	        {"ACCESS_ACTIVE_OF", "access_active_by_uid"},
	        {"ACCESS_OPEN_OF", "access_pending_by_uid"},
	        {"SESSION_LIVE", "session_live_in_order"},
	        {"ACCESS_ACTIVE_BY_KEY", "access_active_by_key"},
	        {"ACCESS_ACTIVE_BOUND", "access_active_by_key"},
	        {"SESSION_KEY_OF", "session_live_by_pid"},
	};
	const size_t count = sizeof(wanted) / sizeof(wanted[0]);
	size_t found = 0;

	for (size_t i = 0; i < STATEMENTS; i++)
		for (size_t k = 0; k < count; k++)
			if (!strcmp(statements[i].name, wanted[k].name)) {
				look_at_plan(*state, statements[i].text, must_use, wanted[k].index);
				found++;
			}
	assert_int_equal(found, count);
}

/* Who has asked for an access each day for years: one part of three, each with an index of its own.
 */
static void must_be_found_by_when(const char *step, const char *index)
{
	static const char *const good[] = {
	        "COMPOUND QUERY",
	        "LEFT-MOST SUBQUERY",
	        "UNION ALL",
	        "access_active_by_uid",
	        "access_held (uid=? AND <expr>>?)",
	        "access_held_by_boot (uid=? AND boot_id=? AND <expr>>?)"};

	(void)index;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (strstr(step, good[i]))
			return;
	fail_msg("\"%s\" walks over all that somebody ever held", step);
}

static void test_what_was_lately_held_is_found_by_when(void **state)
{
	bool found = false;

	for (size_t i = 0; i < STATEMENTS; i++)
		if (!strcmp(statements[i].name, "ACCESS_HELD_SINCE")) {
			look_at_plan(*state, statements[i].text, must_be_found_by_when, "");
			found = true;
		}
	assert_true(found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_no_statement_walks_over_history),
	        cmocka_unit_test(test_what_is_open_has_an_index_of_its_own),
	        cmocka_unit_test(test_what_was_lately_held_is_found_by_when),
	};
	return cmocka_run_group_tests(tests, open_database, close_database);
}
