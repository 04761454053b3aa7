/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole daemon whose database fails at the n-th operation, or allocation, for every n of one
 * transaction: no allow without its row, no "done" without its change, and all is well again once
 * the fault is gone.
 */
#include "tests/daemon/crowd.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/daemon/disk.h"

#define GAMER ((struct person){GAMES, LOGIN_UID_NONE})

static const char rules[] = "rule \"play\" { who = {\"games\"} scope = {\"sudo:root\"}\n"
                            "approvals = 0 max = \"1h\" }\n"
                            "rule \"become\" { who = {\"games\"} scope = {\"su:news\"}\n"
                            "approvals = 0 max = \"1h\" }\n";

/* One for the process: SQLite knows of one allocator and keeps its file systems. */
static struct memory memory;
static struct disk disk;

struct stage {
	struct host host;
	struct crowd crowd;
};

/* jitd's own allocations, on all its threads, while its loop turns. */
struct own_memory {
	atomic_bool inside;
	atomic_ullong allocations, failures, fail_at;
	bool stays;
};
static struct own_memory own;

enum what { DISK = 0, SQLITE_MEMORY, OWN_MEMORY };

struct fault_kind {
	enum what what;
	bool stays, torn;
	size_t crowd;
	uint64_t step; /* every n-th n */
};

static bool runs_out(void)
{
	unsigned long long number, at;

	if (!own.inside)
		return false;
	number = atomic_fetch_add(&own.allocations, 1) + 1;
	at = own.fail_at;
	if (!at || number < at || (number > at && !own.stays))
		return false;
	atomic_fetch_add(&own.failures, 1);
	errno = ENOMEM;
	return true;
}

#define WRAP(type, name, parameters, arguments)                                                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return runs_out() ? NULL : __real_##name arguments;                                \
	}
WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(char *, strdup, (const char *text), (text))

void __real_loop_turn(struct loop *loop, bool wait);
void __wrap_loop_turn(struct loop *loop, bool wait);
void __wrap_loop_turn(struct loop *loop, bool wait)
{
	own.inside = true;
	__real_loop_turn(loop, wait);
	own.inside = false;
}

static int begin(void **state)
{
	static struct stage stage;

	if (geteuid() != 0)
		return 0;
	host_make(&stage.host, rules, NULL);
	host_start_here(&stage.host);
	*state = &stage;
	return 0;
}

static void mend(void)
{
	disk.fail_at = memory.fail_at = 0;
	own.fail_at = 0;
}

static int end(void **state)
{
	struct stage *stage = *state;

	mend();
	disk.sync_ms = 0;
	if (!stage)
		return 0;
	crowd_scatter(&stage->crowd);
	host_remove(&stage->host);
	return 0;
}

static void arm(const struct fault_kind *kind, uint64_t n)
{
	disk.operations = disk.failures = memory.allocations = memory.failures = 0;
	own.allocations = own.failures = 0;
	disk.stays = memory.stays = own.stays = kind->stays;
	disk.torn = kind->torn;
	if (kind->what == DISK)
		disk.fail_at = n;
	else if (kind->what == SQLITE_MEMORY)
		memory.fail_at = n;
	else
		own.fail_at = n;
}

static uint64_t failures(void)
{
	return disk.failures + memory.failures + own.failures;
}

/* ---- checks ---- */

struct sums {
	uint64_t rounds, allows, denials, failures;
};

static void one_round(struct stage *stage, const struct fault_kind *kind, uint64_t n,
                      struct sums *sums)
{
	arm(kind, n);
	crowd_ask(&stage->crowd);
	mend();
	sums->rounds++;
	sums->allows += stage->crowd.allows;
	sums->denials += stage->crowd.denials;
	sums->failures += failures();
}

/* Nothing of the fault stays behind, and nobody starts jitd anew. */
static void expect_recovery(struct stage *stage, uint64_t n)
{
	const struct message message = check_of(PHASE_ACCOUNT, "games", n);
	struct message answer;

	if (check(&stage->host, &message, &answer) != DECISION_ALLOW) {
		host_tell(&stage->host);
		fail_msg("after the fault at %llu: %s", (unsigned long long)n, answer.verdict.text);
	}
}

static void fail_at_each(struct stage *stage, const struct fault_kind *kind, const char *name)
{
	struct sums sums = {0};

	need_root("it asks as another user");
	must_request(&stage->host, GAMER, "sudo:root");
	crowd_gather(&stage->crowd, &stage->host, kind->crowd);
	disk.sync_ms = kind->crowd == CROWD_MAX ? 10 : 0;
	for (uint64_t n = 1;; n += kind->step) {
		one_round(stage, kind, n, &sums);
		if (!failures())
			break;
		crowd_verify_round(&stage->crowd);
		expect_recovery(stage, n);
	}
	print_message("%s: %llu rounds, %llu allows, %llu denials, %llu failures, %llu lost "
	              "transactions\n",
	              name, (unsigned long long)sums.rounds, (unsigned long long)sums.allows,
	              (unsigned long long)sums.denials, (unsigned long long)sums.failures,
	              (unsigned long long)txn_counters(stage->host.jitd->txn).failures);
	assert_true(sums.denials > 0);
	if (kind->what != OWN_MEMORY)
		assert_true(txn_counters(stage->host.jitd->txn).failures > 0);
	/* and once more by somebody who opens it all anew */
	host_stop(&stage->host);
	crowd_verify(&stage->crowd);
	assert_int_equal(on_disk(&stage->host, "SELECT count(*) FROM pragma_integrity_check WHERE "
	                                       "integrity_check <> 'ok'"),
	                 0);
}

/* Few checks and every n; then the full crowd, of whom a middle one meets it, and some n. */
static void checks_meet_an_io_error_once(void **state)
{
	fail_at_each(*state, &(struct fault_kind){.crowd = 4, .step = 1}, "I/O error, once");
}

static void checks_meet_an_io_error_that_stays(void **state)
{
	fail_at_each(*state, &(struct fault_kind){.crowd = 4, .step = 1, .stays = true},
	             "I/O error that stays");
}

static void checks_meet_torn_writes(void **state)
{
	fail_at_each(*state, &(struct fault_kind){.crowd = 4, .step = 1, .torn = true},
	             "torn write");
}

static void one_of_64_checks_meets_an_io_error(void **state)
{
	fail_at_each(*state, &(struct fault_kind){.crowd = 64, .step = 23}, "I/O error among 64");
}

static void one_of_64_checks_meets_a_torn_write(void **state)
{
	fail_at_each(*state, &(struct fault_kind){.crowd = 64, .step = 29, .torn = true},
	             "torn write among 64");
}

static void checks_meet_no_memory_once(void **state)
{
	fail_at_each(*state, &(struct fault_kind){.what = SQLITE_MEMORY, .crowd = 4, .step = 1},
	             "no memory, once");
}

static void checks_meet_no_memory_that_stays(void **state)
{
	fail_at_each(
	        *state,
	        &(struct fault_kind){.what = SQLITE_MEMORY, .crowd = 4, .step = 1, .stays = true},
	        "no memory that stays");
}

static void one_of_64_checks_meets_no_memory(void **state)
{
	fail_at_each(*state, &(struct fault_kind){.what = SQLITE_MEMORY, .crowd = 64, .step = 61},
	             "no memory among 64");
}

static void checks_meet_no_memory_of_jitd(void **state)
{
	fail_at_each(*state, &(struct fault_kind){.what = OWN_MEMORY, .crowd = 4, .step = 1},
	             "jitd's own memory, once");
}

static void checks_meet_no_memory_of_jitd_that_stays(void **state)
{
	fail_at_each(*state,
	             &(struct fault_kind){.what = OWN_MEMORY, .crowd = 4, .step = 1, .stays = true},
	             "jitd's own memory, for good");
}

/* ---- changes ---- */

/* What could not be written is tried again each second; here sooner. */
void __real_timer_start(struct timer *timer, uint64_t milliseconds);
void __wrap_timer_start(struct timer *timer, uint64_t milliseconds);
void __wrap_timer_start(struct timer *timer, uint64_t milliseconds)
{
	__real_timer_start(timer, milliseconds == 1000 ? 20 : milliseconds);
}

struct outcome {
	bool done, from_memory; /* "in force, not yet on disk" */
	uint32_t access;
};

static struct outcome change(struct stage *stage, const struct fault_kind *kind, uint64_t n,
                             struct person person, const struct message *message, struct sums *sums)
{
	struct message answer;
	struct outcome outcome = {.done = false};
	struct link link;

	link_open(&stage->host, CLIENT_SOCKET, person, &link);
	arm(kind, n);
	link_send(&link, message);
	if (link_receive(&link, &answer) && answer.id == MESSAGE_done) {
		outcome.done = true;
		outcome.access = answer.done.access;
		outcome.from_memory = strstr(answer.done.text, "not yet on disk");
	}
	mend();
	link_close(&link);
	sums->allows += outcome.done;
	sums->denials += !outcome.done;
	sums->failures += failures();
	return outcome;
}

static void until_on_disk(const struct stage *stage, const char *sql, uint32_t number)
{
	int64_t deadline = client_now() + 5000;

	while (on_disk(&stage->host, "%s %u", sql, number) != 1) {
		assert_true(client_now() < deadline);
		host_turn(&stage->host, true);
	}
}

/* Each is ended by a number. */
static const char is_active[] =
        "SELECT count(*) FROM access JOIN token ON access.id = token.access "
        "WHERE state = 'active' AND held IS NOT NULL AND access.id =";
static const char is_revoked[] = "SELECT count(*) FROM access WHERE state = 'revoked' AND id =";
static const char is_locked[] = "SELECT count(*) FROM lock WHERE uid =";

static void expect_refusal(const struct stage *stage, uint64_t n, const char *word)
{
	const struct message message = check_of(PHASE_ACCOUNT, "games", n);
	struct message answer;

	assert_int_equal(check(&stage->host, &message, &answer), DECISION_DENY);
	if (!strstr(answer.verdict.text, word))
		fail_msg("not \"%s\": %s", word, answer.verdict.text);
}

/* One after the other: asks, is revoked, is locked; each with the same fault. */
static void one_story(struct stage *stage, const struct fault_kind *kind, uint64_t n,
                      struct sums *sums)
{
	const struct person root = {0, LOGIN_UID_NONE};
	struct message message = request_of("sudo:root", WIRE_DEFAULT, "");
	struct outcome outcome = change(stage, kind, n, GAMER, &message, sums);

	if (outcome.done && on_disk(&stage->host, "%s %u", is_active, outcome.access) != 1) {
		host_tell(&stage->host);
		fail_msg("fault at %llu: access %u is said to be active", (unsigned long long)n,
		         outcome.access);
	} else
		outcome.access = must_request(&stage->host, GAMER, "sudo:root");
	message = lock_of("games");
	if (change(stage, kind, n, root, &message, sums).done) {
		expect_refusal(stage, n, "locked");
		until_on_disk(stage, is_locked, GAMES);
		message = unlock_of("games");
		must_do(&stage->host, root, &message);
	}
	expect_recovery(stage, n);
	message = (struct message){.id = MESSAGE_revoke, .revoke = {.by = REVOKE_ALL}};
	if (change(stage, kind, n, root, &message, sums).done) {
		expect_refusal(stage, n, "revoked");
		until_on_disk(stage, is_revoked, outcome.access);
	} else {
		must_do(&stage->host, root, &message);
	}
}

static void change_at_each(struct stage *stage, const struct fault_kind *kind, const char *name)
{
	struct sums sums = {0};
	uint64_t before;

	need_root("it asks as another user");
	/* each round makes the tables that are read longer: n must outgrow them */
	for (uint64_t n = 1;; n += kind->step + n / 16) {
		before = sums.failures;
		one_story(stage, kind, n, &sums);
		sums.rounds++;
		if (sums.failures == before)
			break;
	}
	print_message("%s: %llu rounds, %llu done, %llu refused, %llu failures\n", name,
	              (unsigned long long)sums.rounds, (unsigned long long)sums.allows,
	              (unsigned long long)sums.denials, (unsigned long long)sums.failures);
	assert_true(sums.denials > 0);
}

static void changes_meet_an_io_error_once(void **state)
{
	change_at_each(*state, &(struct fault_kind){.step = 1}, "I/O error, once");
}

static void changes_meet_an_io_error_that_stays(void **state)
{
	change_at_each(*state, &(struct fault_kind){.step = 1, .stays = true},
	               "I/O error that stays");
}

static void changes_meet_no_memory(void **state)
{
	change_at_each(*state, &(struct fault_kind){.what = SQLITE_MEMORY, .step = 3},
	               "no memory, once");
}

static void changes_meet_no_memory_of_jitd(void **state)
{
	change_at_each(*state, &(struct fault_kind){.what = OWN_MEMORY, .step = 1},
	               "jitd's own memory, once");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(checks_meet_an_io_error_once),
	        TEST(checks_meet_an_io_error_that_stays),
	        TEST(checks_meet_torn_writes),
	        TEST(one_of_64_checks_meets_an_io_error),
	        TEST(one_of_64_checks_meets_a_torn_write),
	        TEST(checks_meet_no_memory_once),
	        TEST(checks_meet_no_memory_that_stays),
	        TEST(one_of_64_checks_meets_no_memory),
	        TEST(checks_meet_no_memory_of_jitd),
	        TEST(checks_meet_no_memory_of_jitd_that_stays),
	        TEST(changes_meet_an_io_error_once),
	        TEST(changes_meet_an_io_error_that_stays),
	        TEST(changes_meet_no_memory),
	        TEST(changes_meet_no_memory_of_jitd),
	};

	memory_put_under(&memory);
	disk_put_under(&disk);
	disk_spill_early();
	return cmocka_run_group_tests_name("fault", tests, NULL, NULL);
}
