/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys change while something is with the pool: what was being signed is good afterwards, and what
 * was being read by a retired key is not. Linked with --wrap=loop_work, which holds jobs back.
 */
#include "tests/daemon/locksmith.h"

#include <stdio.h>
#include <string.h>

#include "jitd/loop.h"
#include "jitd/mint.h"

/* loop_work() hands no context over */
static struct {
	bool holds;
	size_t count;
	struct {
		struct loop *loop;
		void (*work)(void *), (*done)(void *);
		void *job;
	} jobs[4];
} pool;

int __real_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job);
int __wrap_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job);
int __wrap_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job)
{
	if (!pool.holds)
		return __real_loop_work(loop, work, done, job);
	assert_true(pool.count < sizeof(pool.jobs) / sizeof(pool.jobs[0]));
	pool.jobs[pool.count].loop = loop;
	pool.jobs[pool.count].work = work;
	pool.jobs[pool.count].done = done;
	pool.jobs[pool.count++].job = job;
	return 0;
}

static void hold_what_comes(void)
{
	pool.holds = true;
	pool.count = 0;
}

/* So many jobs are held; what comes from now on is not. */
static void until_held(const struct host *host, size_t jobs)
{
	while (pool.count < jobs)
		host_turn(host, true);
	pool.holds = false;
}

static void let_go(void)
{
	for (size_t i = 0; i < pool.count; i++)
		assert_int_equal(__real_loop_work(pool.jobs[i].loop, pool.jobs[i].work,
		                                  pool.jobs[i].done, pool.jobs[i].job),
		                 0);
}

/* What is done to the keys meanwhile. */
struct rekeying {
	bool retires;
	char old[65], next[65];
};

static void look(const struct host *host, struct rekeying *rekeying)
{
	snprintf(rekeying->old, sizeof(rekeying->old), "%s", key_in(host, "current").kid);
	snprintf(rekeying->next, sizeof(rekeying->next), "%s", key_in(host, "next").kid);
}

static void rekey(const struct host *host, const struct rekeying *rekeying)
{
	const struct message message = rekeying->retires ? retire_of(rekeying->old) : rotate_now();

	must_do(host, ROOT, &message);
}

/* Ends before what is signed here, and after the test, however slow that is: a retiring key that
 * runs out is a change of the keys as well, whose job would be held. */
static void hand_out_a_brief_one(const struct host *host)
{
	const struct message request = request_of("sudo:root", 240, "");

	must_do(host, AS(GAMES), &request);
}

/* ---- signed meanwhile ---- */

static void typed_token_meanwhile(const struct host *host, bool retires)
{
	struct rekeying rekeying = {.retires = retires};
	const struct message auth = typed_check("login", PHASE_AUTH, "news", retires),
	                     token = {.id = MESSAGE_token,
	                              .token = {.access = must_request(host, AS(GAMES),
	                                                               "login:news")}};
	struct message answer;
	struct link link;
	struct talk talk;

	look(host, &rekeying);
	hand_out_a_brief_one(host);
	link_open(host, CLIENT_SOCKET, AS(GAMES), &link);
	hold_what_comes();
	link_send(&link, &token);
	until_held(host, 1);
	rekey(host, &rekeying);
	let_go();
	assert_true(link_receive(&link, &answer));
	link_close(&link);
	assert_int_equal(answer.id, MESSAGE_minted);
	assert_int_equal(tokens_by(host, token.token.access, rekeying.old), 0);
	assert_int_equal(tokens_by(host, token.token.access, rekeying.next), 1);
	assert_int_equal(type_in(host, &auth, answer.minted.secret, &talk), DECISION_ALLOW);
}

static void a_token_that_is_signed_meanwhile_is_good(void **state)
{
	const struct host *host = need_locksmith(state);

	typed_token_meanwhile(host, false);
	typed_token_meanwhile(host, true);
}

static void grant_meanwhile(const struct host *host, bool retires)
{
	struct rekeying rekeying = {.retires = retires};
	uint32_t access = must_request(host, AS(GAMES), "su:news");
	struct message yes = approve_of(access, WIRE_DEFAULT), answer;
	struct link link;

	look(host, &rekeying);
	hand_out_a_brief_one(host);
	shown_on_disk(host, access, yes.approve.digest);
	link_open(host, CLIENT_SOCKET, AS(MAN), &link);
	hold_what_comes();
	link_send(&link, &yes);
	until_held(host, 2); /* the approver's, and that of grant_look() after the commit */
	rekey(host, &rekeying);
	let_go();
	assert_true(link_receive(&link, &answer));
	link_close(&link);
	assert_int_equal(answer.id, MESSAGE_done);
	expect_state(host, access, "active");
	assert_int_equal(tokens_by(host, access, rekeying.old), 0);
	assert_int_equal(tokens_by(host, access, rekeying.next), 1);
}

static void a_grant_that_is_signed_meanwhile_is_good(void **state)
{
	const struct host *host = need_locksmith(state);

	grant_meanwhile(host, false);
	grant_meanwhile(host, true);
}

/* The old key verifies longer than that anyway. */
static void what_fits_into_the_old_key_is_not_signed_again(void **state)
{
	const struct host *host = need_locksmith(state);
	struct rekeying rekeying = {.retires = false};
	uint32_t access = must_request(host, AS(GAMES), "login:news");
	const struct message token = {.id = MESSAGE_token, .token = {.access = access}};
	struct message answer;
	struct link link;

	must_request(host, AS(GAMES), "sudo:root"); /* an hour */
	look(host, &rekeying);
	link_open(host, CLIENT_SOCKET, AS(GAMES), &link);
	hold_what_comes();
	link_send(&link, &token);
	until_held(host, 1);
	rekey(host, &rekeying);
	let_go();
	assert_true(link_receive(&link, &answer));
	link_close(&link);
	assert_int_equal(answer.id, MESSAGE_minted);
	assert_int_equal(tokens_by(host, access, rekeying.old), 1);
}

/* ---- read meanwhile ---- */

static enum decision sudo_meanwhile(const struct host *host, bool retires)
{
	struct rekeying rekeying = {.retires = retires};
	const struct message account = check_of(PHASE_ACCOUNT, "games", 1);
	struct message answer;
	struct link link, beside;

	look(host, &rekeying);
	link_beside(host, &beside);
	link_open(host, PAM_SOCKET, SELF, &link);
	hold_what_comes();
	link_send(&link, &account);
	until_held(host, 1);
	rekey(host, &rekeying);
	let_go();
	assert_true(link_receive(&link, &answer));
	link_close(&link);
	link_close(&beside);
	assert_int_equal(answer.id, MESSAGE_verdict);
	return (enum decision)answer.verdict.decision;
}

static void a_held_token_that_is_read_meanwhile(void **state)
{
	const struct host *host = need_locksmith(state);

	must_request(host, AS(GAMES), "sudo:root");
	assert_int_equal(sudo_meanwhile(host, false), DECISION_ALLOW);
	must_request(host, AS(GAMES), "sudo:root");
	must_do(host, ROOT,
	        &(struct message){.id = MESSAGE_revoke,
	                          .revoke = {.by = REVOKE_ACCESS, .value = "1"}});
	assert_int_equal(sudo_meanwhile(host, true), DECISION_DENY);
	assert_int_equal(checks(host, "deny", "revoked"), 1);
}

static enum decision typed_meanwhile(const struct host *host, bool retires, bool code)
{
	struct rekeying rekeying = {.retires = retires};
	const struct message auth = typed_check("login", PHASE_AUTH, "news", retires * 2U + code);
	struct message answer;
	char secret[SECRET_SIZE];
	struct link link, beside;

	look(host, &rekeying);
	must_issue(host, AS(GAMES), "login:news", code, secret);
	link_beside(host, &beside);
	link_open(host, PAM_SOCKET, SELF, &link);
	assert_true(until_asked(&link, &auth, &answer));
	hold_what_comes();
	give(&link, secret);
	until_held(host, 1);
	rekey(host, &rekeying);
	let_go();
	assert_true(link_receive(&link, &answer));
	link_close(&link);
	link_close(&beside);
	assert_int_equal(answer.id, MESSAGE_verdict);
	return (enum decision)answer.verdict.decision;
}

static void what_was_typed_and_is_read_meanwhile(void **state)
{
	const struct host *host = need_locksmith(state);

	for (int code = 0; code < 2; code++) {
		assert_int_equal(typed_meanwhile(host, false, code), DECISION_ALLOW);
		assert_int_equal(typed_meanwhile(host, true, code), DECISION_DENY);
	}
	assert_int_equal(checks(host, "deny", "revoked"), 2);
}

/* ---- nobody waits for it any more ---- */

static void send_and_begin(const struct host *host, struct link *link)
{
	const struct message rotation = rotate_now();

	link_open(host, CLIENT_SOCKET, ROOT, link);
	link_send(link, &rotation);
	while (!loop_work_in_flight(host->jitd->loop))
		host_turn(host, true);
}

static void who_hangs_up_has_rotated_all_the_same(void **state)
{
	struct host *host = need_locksmith(state);
	struct rekeying rekeying;
	struct link link;

	look(host, &rekeying);
	send_and_begin(host, &link);
	link_close(&link);
	while (loop_work_in_flight(host->jitd->loop))
		host_turn(host, true);
	assert_string_equal(key_in(host, "current").kid, rekeying.next);
}

static void a_stop_lets_it_end(void **state)
{
	struct host *host = need_locksmith(state);
	struct rekeying rekeying;
	struct link link;

	look(host, &rekeying);
	send_and_begin(host, &link);
	host_stop(host);
	link_close(&link);
	host_start_here(host);
	assert_string_equal(key_in(host, "current").kid, rekeying.next);
	assert_int_equal(keys_in(host, "next"), 1);
	assert_int_equal(key_files(host), 2 + (size_t)keys_in(host, "retiring"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, locksmith_begin, locksmith_end)
	const struct CMUnitTest tests[] = {
	        TEST(a_token_that_is_signed_meanwhile_is_good),
	        TEST(a_grant_that_is_signed_meanwhile_is_good),
	        TEST(what_fits_into_the_old_key_is_not_signed_again),
	        TEST(a_held_token_that_is_read_meanwhile),
	        TEST(what_was_typed_and_is_read_meanwhile),
	        TEST(who_hangs_up_has_rotated_all_the_same),
	        TEST(a_stop_lets_it_end),
	};

	people_come();
	return cmocka_run_group_tests_name("rekey race", tests, NULL, NULL);
}
