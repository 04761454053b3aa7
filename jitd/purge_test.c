/* SPDX-License-Identifier: Apache-2.0 */
/* A real jitd whose clocks are by our word: which rows of tokens it forgets, and when. */
#include "tests/daemon/clocks.h"

#include <errno.h>
#include <stdio.h>

#include "jitd/grant.h"
#include "jitd/loop.h"
#include "jitd/purge.h"
#include "jitd/store.h"
#include "jitd/txn.h"

static const char rules[] =
        "rule \"long\" { who = {\"games\"} scope = {\"sudo:man\"} approvals = 0\n"
        "max = \"12h\" default = \"12h\" token-ttl = \"1m\" }\n"
        "rule \"short\" { who = {\"games\"} scope = {\"sudo:lp\"} approvals = 0\n"
        "max = \"10m\" default = \"10m\" token-ttl = \"1m\" }\n";

static bool is_full;
static unsigned int passes; /* that have ended: timer_start() hands no context over */

void __real_timer_start(struct timer *timer, uint64_t milliseconds);
void __wrap_timer_start(struct timer *timer, uint64_t milliseconds);
void __wrap_timer_start(struct timer *timer, uint64_t milliseconds)
{
	passes += milliseconds == PURGE_EVERY_MS;
	__real_timer_start(timer, milliseconds == PURGE_PAUSE_MS ? 1 : milliseconds);
}

int __real_store_run(struct store *store, enum statement statement);
int __wrap_store_run(struct store *store, enum statement statement);
int __wrap_store_run(struct store *store, enum statement statement)
{
	if (is_full && statement == STATEMENT_COMMIT)
		return -ENOSPC;
	return __real_store_run(store, statement);
}

static int begin(void **state)
{
	int r = clocks_begin(state);

	if (*state) {
		people_end(state);
		r = people_begin_with(state, rules, "max-grant = \"12h\"\n");
	}
	return r;
}

/* ---- steps ---- */

static void pass_through(const struct host *host)
{
	const unsigned int before = passes;
	const int64_t deadline = client_now() + 20000;

	look(host);
	purge_begin(host->jitd);
	while (passes == before) {
		assert_true(client_now() < deadline);
		host_turn(host, true);
	}
}

static void mint(const struct host *host, uint32_t access, bool code)
{
	const struct message ask = {.id = MESSAGE_token, .token = {.access = access, .code = code}};
	struct message answer;

	say(host, AS(GAMES), &ask, &answer);
	assert_int_equal(answer.id, MESSAGE_minted);
}

static uint32_t over(const struct host *host)
{
	struct message cancel = {.id = MESSAGE_cancel};

	cancel.cancel.access = must_request(host, AS(GAMES), "sudo:man");
	mint(host, cancel.cancel.access, false);
	mint(host, cancel.cancel.access, true);
	must_do(host, AS(GAMES), &cancel);
	return cancel.cancel.access;
}

static int64_t rows(const struct host *host, uint32_t access, const char *kind)
{
	return on_disk(host, "SELECT count(*) FROM token WHERE access = %u AND kind = '%s'", access,
	               kind);
}

/* ---- tests ---- */

static void s11_a_row_outlives_its_token_by_an_hour(void **state)
{
	const struct host *host = need_settled(state);
	uint32_t access = over(host);

	pass(60 + PURGE_OUTLIVES - 10);
	pass_through(host);
	assert_int_equal(rows(host, access, "token"), 1);
	assert_int_equal(rows(host, access, "code"), 1);
	pass(20);
	pass_through(host);
	assert_int_equal(rows(host, access, "token"), 0);
	assert_int_equal(rows(host, access, "code"), 0);
	assert_int_equal(rows(host, access, "held"), 1);
	pass(2 * DAY);
	pass_through(host);
	assert_int_equal(rows(host, access, "held"), 0);
}

static void s11_it_outlives_its_access(void **state)
{
	const struct host *host = need_settled(state);
	struct message cancel = {.id = MESSAGE_cancel};

	cancel.cancel.access = must_request(host, AS(GAMES), "sudo:man");
	mint(host, cancel.cancel.access, false);
	pass(DAY / 4);
	pass_through(host);
	expect_state(host, cancel.cancel.access, "active");
	assert_int_equal(rows(host, cancel.cancel.access, "token"), 1);
	must_do(host, AS(GAMES), &cancel);
	pass_through(host);
	assert_int_equal(rows(host, cancel.cancel.access, "token"), 0);
}

/* The end of a signing key ends what its tokens opened: the rows say which. */
static void s11_it_outlives_the_sessions_of_its_access(void **state)
{
	const struct host *host = need_settled(state);
	struct message message = check_of(PHASE_OPEN_SESSION, "lp", 1), answer;
	uint32_t access = must_request(host, AS(GAMES), "sudo:lp");
	struct link link;

	mint(host, access, false);
	link_open(host, PAM_SOCKET, SELF, &link);
	link_send(&link, &message);
	assert_true(link_receive(&link, &answer));
	assert_int_equal(answer.verdict.decision, DECISION_ALLOW);
	pass(DAY); /* nobody is there to end it */
	grant_look(host->jitd);
	pass_through(host);
	expect_state(host, access, "expired");
	assert_int_equal(rows(host, access, "token"), 1);
	message.check.phase = PHASE_CLOSE_SESSION;
	link_send(&link, &message);
	assert_true(link_receive(&link, &answer));
	link_close(&link);
	pass_through(host);
	assert_int_equal(rows(host, access, "token"), 0);
	assert_int_equal(rows(host, access, "held"), 0);
}

static void s11_a_clock_that_is_not_believed_forgets_nothing(void **state)
{
	const struct host *host = need_settled(state);
	uint32_t access = over(host);

	set_clock(YEAR);
	pass_through(host);
	assert_int_equal(rows(host, access, "token"), 1);
	set_clock(-YEAR);
	pass_through(host);
	assert_int_equal(rows(host, access, "token"), 1);
	pass(DAY);
	pass_through(host);
	assert_int_equal(rows(host, access, "token"), 0);
}

/* Only its row says that it is spent; of our own tokens the row says that they open at all. */
static void s11_what_another_issuer_signed_stays_spent(void **state)
{
	struct host *host = (struct host *)need_settled(state);
	uint32_t access = over(host);

	host_stop(host);
	on_disk_do(host, "UPDATE token SET kind = 'foreign', digest = NULL, burned = iat "
	                 "WHERE kind = 'token'");
	host_start_here(host);
	pass(30 * DAY);
	pass_through(host);
	assert_int_equal(rows(host, access, "foreign"), 1);
	assert_int_equal(rows(host, access, "code"), 0);
}

/* So many more rows of an access, long over; each tenth stays for good. */
static void add(struct host *host, uint32_t access, int count)
{
	char sql[512];

	look(host);
	host_stop(host);
	snprintf(sql, sizeof(sql),
	         "INSERT INTO token (exp, jti, access, kid, iat, kind, burned) "
	         "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) "
	         "SELECT 1000 + i / 50, 'j' || i, %u, 'kid', 1, "
	         "iif(i %% 10, 'token', 'foreign'), 1 FROM n",
	         count, access);
	on_disk_do(host, sql);
	host_start_here(host);
}

/* More than one message looks at. */
static void s11_all_that_are_over_go(void **state)
{
	struct host *host = (struct host *)need_settled(state);
	uint32_t access = over(host);

	pass(DAY);
	add(host, access, 500);
	pass_through(host);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE jti LIKE 'j%%'"), 50);
	assert_int_equal(rows(host, access, "foreign"), 50);
}

/* It is not the one who needs the room most: a commit that fails ends the pass. */
static void s11_it_waits_while_the_disk_is_full(void **state)
{
	struct host *host = (struct host *)need_settled(state);
	uint32_t access = over(host);
	uint64_t before;
	int64_t there;

	pass(DAY);
	add(host, access, 500);
	is_full = true; /* from the first step of the pass that a start begins */
	there = rows(host, access, "token");
	before = txn_counters(host->jitd->txn).failures;
	pass_through(host);
	is_full = false;
	assert_true(txn_counters(host->jitd->txn).failures - before > 0);
	assert_true(txn_counters(host->jitd->txn).failures - before <= 2);
	assert_true(there > 400);
	assert_int_equal(rows(host, access, "token"), there);
	pass_through(host);
	assert_int_equal(rows(host, access, "token"), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(s11_a_row_outlives_its_token_by_an_hour),
	        TEST(s11_it_outlives_its_access),
	        TEST(s11_it_outlives_the_sessions_of_its_access),
	        TEST(s11_a_clock_that_is_not_believed_forgets_nothing),
	        TEST(s11_what_another_issuer_signed_stays_spent),
	        TEST(s11_all_that_are_over_go),
	        TEST(s11_it_waits_while_the_disk_is_full),
	};

	people_come();
	return cmocka_run_group_tests_name("purge", tests, NULL, NULL);
}
