/* SPDX-License-Identifier: Apache-2.0 */
/* Who may decide on whose request: a whole daemon, people with real uids and login uids. */
#include "tests/daemon/clocks.h"

#include <string.h>

#include "jitd/grant.h"
#include "jitd/reload.h"

#define STRANGER 4242 /* whom this host does not know */

/* ---- roads on which nobody decides ---- */

struct road {
	struct person person;
	const char *word, *reason;
};

static void try_roads(const struct host *host, uint32_t access, const struct road *roads,
                      size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct message message = approve_of(access, WIRE_DEFAULT);
		expect_refusal(host, roads[i].person, &message, roads[i].word, roads[i].reason);
		message = deny_of(access);
		expect_refusal(host, roads[i].person, &message, roads[i].word, roads[i].reason);
		expect_state(host, access, "pending");
	}
	assert_int_equal(on_disk(host, "SELECT count(*) FROM decision WHERE access = %u", access),
	                 0);
}

static void nobody_decides_by_these_roads(void **state)
{
	static const struct road roads[] = {
	        {{LP, LP}, "your own request", "self-approval"},
	        {{LP, UNSET}, "your own request", "self-approval"},
	        {{0, UNSET}, "root is nobody in particular", "not-a-person"},
	        {{0, 0}, "root is nobody in particular", "not-a-person"},
	        {{0, MAN}, "root is nobody in particular", "not-a-person"},
	        {{0, LP}, "your own request", "self-approval"},
	        {{MAN, LP}, "your own request", "self-approval"}, /* lp's sudo -u man */
	        {{MAN, NEWS}, "no such access", "unknown-access"},
	        {{MAN, 0}, "no such access", "unknown-access"},
	        {{NEWS, NEWS},
	         "no such access",
	         "unknown-access"}, /* whom the rule does not name */
	        {{NEWS, UNSET}, "no such access", "unknown-access"},
	        {{GAMES, GAMES}, "no such access", "unknown-access"},
	};
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(LP), "sudo:root");
	struct message message = approve_of(access, WIRE_DEFAULT);

	try_roads(host, access, roads, sizeof(roads) / sizeof(roads[0]));
	must_refuse(host, (struct person){STRANGER, UNSET}, &message, "does not know your uid");
	expect_state(host, access, "pending");
	/* and one that is none of them */
	must_approve(host, AS(MAN), access);
	expect_state(host, access, "active");
}

static void i1_a_second_name_of_the_uid_is_the_same_person(void **state)
{
	static const struct road roads[] = {
	        {{GAMES, GAMES}, "your own request", "self-approval"},
	        {{GAMES, UNSET}, "your own request", "self-approval"},
	};
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:news");
	struct message message;

	try_roads(host, access, roads, sizeof(roads) / sizeof(roads[0]));
	/* nor is there a way to the approver by another name of theirs */
	message = request_of("sudo:man2", WIRE_DEFAULT, "");
	expect_refusal(host, AS(GAMES), &message, "man2 is another name of man", "second-name");
	message = lock_of("games2");
	expect_refusal(host, ROOT, &message, "games2 is another name of games", "second-name");
}

/* The requester could be the one behind the approver's uid: with a login uid of the approver's,
 * set by a job that was left there, or with none. */
static void who_held_the_approvers_account_is_not_approved_by_it(void **state)
{
	static const struct road roads[] = {
	        {{MAN, UNSET}, "your account", "self-approval"},
	        {{MAN, MAN}, "your account", "self-approval"},
	};
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	uint32_t road = must_request(host, AS(GAMES), "sudo:man");
	struct message message = approve_of(access, WIRE_DEFAULT);

	expect_refusal(host, roads[0].person, &message, roads[0].word, roads[0].reason);
	expect_refusal(host, roads[1].person, &message, roads[1].word, roads[1].reason);
	message = cancel_of(road);
	must_do(host, AS(GAMES), &message);
	expect_state(host, road, "returned");
	message = approve_of(access, WIRE_DEFAULT);
	expect_refusal(host, roads[0].person, &message, roads[0].word, roads[0].reason);
	expect_refusal(host, roads[1].person, &message, roads[1].word, roads[1].reason);
	expect_state(host, access, "pending");
	/* somebody else is free to */
	must_approve(host, AS(LP), access);
	/* and this one, once the longest grant is over since */
	pass(15 * 60 + 2 * 3600 + 60);
	access = must_request(host, AS(GAMES), "sudo:root");
	must_approve(host, (struct person){MAN, UNSET}, access);
	expect_state(host, access, "active");
}

static void an_approver_who_held_the_other_approvers_account_does_not_count(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:root");
	struct message message = approve_of(access, WIRE_DEFAULT);

	must_request(host, AS(MAIL), "su:man");
	must_approve(host, AS(MAIL), access);
	expect_refusal(host, AS(MAN), &message, "account", "self-approval");
	must_approve(host, AS(LP), access);
	expect_state(host, access, "active");
}

/* ---- how many, and which word counts ---- */

static void two_distinct_people_approve(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:root");
	struct message message = approve_of(access, WIRE_DEFAULT);

	must_approve(host, AS(MAIL), access);
	expect_state(host, access, "pending");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), 0);
	expect_refusal(host, AS(MAIL), &message, "decided on 1 already", "decided");
	expect_refusal(host, (struct person){MAIL, UNSET}, &message, "decided on 1 already",
	               "decided");
	message = deny_of(access);
	expect_refusal(host, AS(MAIL), &message, "decided on 1 already", "decided");
	must_approve(host, AS(MAN), access);
	expect_state(host, access, "active");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE access = %u", access), 1);
	message = approve_of(access, WIRE_DEFAULT);
	expect_refusal(host, AS(LP), &message, "active already", "state");
}

static void a_denial_ends_it(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:root");
	struct message message = deny_of(access);

	must_approve(host, AS(MAIL), access);
	must_do(host, AS(MAN), &message);
	expect_state(host, access, "denied");
	message = approve_of(access, WIRE_DEFAULT);
	expect_refusal(host, AS(LP), &message, "denied already", "state");
	expect_state(host, access, "denied");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), 0);
}

/* A denial in the same turn as the last approval: whichever comes first, there is one outcome. */
static void a_denial_and_the_last_approval_at_once(void **state)
{
	const struct host *host = need_people(state);

	for (int i = 0; i < 8; i++) {
		uint32_t access = must_request(host, AS(GAMES), "sudo:root");
		struct message yes = approve_of(access, WIRE_DEFAULT), no = deny_of(access),
		               said_yes, said_no;
		struct link links[2];
		int fds[2];
		bool active;

		shown_on_disk(host, access, yes.approve.digest);
		link_open(host, CLIENT_SOCKET, AS(MAIL), &links[0]);
		link_open(host, CLIENT_SOCKET, AS(MAN), &links[1]);
		link_send(&links[i % 2], i % 2 ? &no : &yes);
		link_send(&links[1 - i % 2], i % 2 ? &yes : &no);
		fds[0] = links[0].client.fd;
		fds[1] = links[1].client.fd;
		host_wait(host, fds, 2);
		assert_true(link_receive(&links[0], &said_yes));
		assert_true(link_receive(&links[1], &said_no));
		active = on_disk(host, "SELECT state = 'active' FROM access WHERE id = %u", access);
		assert_int_equal(said_yes.id == MESSAGE_done, active);
		assert_int_equal(said_no.id == MESSAGE_done, !active);
		if (!active)
			expect_state(host, access, "denied");
		link_close(&links[0]);
		link_close(&links[1]);
		no = (struct message){.id = MESSAGE_revoke, .revoke = {.by = REVOKE_ALL}};
		must_do(host, ROOT, &no);
	}
}

/* ---- while the token is signed ---- */

/* Jobs that wait for the test: the approver's call, and what grant_look() finds ripe meanwhile. */
static struct {
	bool holds;
	struct {
		struct loop *loop;
		void (*work)(void *), (*done)(void *);
		void *job;
	} jobs[8];
	size_t count;
} pool;

int __real_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job);
int __wrap_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job);
int __wrap_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job)
{
	if (!pool.holds)
		return __real_loop_work(loop, work, done, job);
	assert_true(pool.count < 8);
	pool.jobs[pool.count].loop = loop;
	pool.jobs[pool.count].work = work;
	pool.jobs[pool.count].done = done;
	pool.jobs[pool.count++].job = job;
	return 0;
}

/* MAN gives the last approval, and its token is not signed before the pool is let go. */
static uint32_t approve_and_hold(const struct host *host, struct link *link)
{
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	struct message yes = approve_of(access, WIRE_DEFAULT);

	shown_on_disk(host, access, yes.approve.digest);
	link_open(host, CLIENT_SOCKET, AS(MAN), link);
	pool.count = 0;
	pool.holds = true;
	link_send(link, &yes);
	while (!pool.count)
		host_turn(host, true);
	return access;
}

static void let_go(struct link *link, struct message *ret_answer)
{
	pool.holds = false;
	for (size_t i = 0; i < pool.count; i++)
		assert_int_equal(__real_loop_work(pool.jobs[i].loop, pool.jobs[i].work,
		                                  pool.jobs[i].done, pool.jobs[i].job),
		                 0);
	assert_true(link_receive(link, ret_answer));
	link_close(link);
}

static void i4_a_denial_while_the_token_is_signed_wins(void **state)
{
	const struct host *host = need_people(state);
	struct message answer, no;
	struct link link;
	uint32_t access = approve_and_hold(host, &link);

	no = deny_of(access);
	must_do(host, AS(MAIL), &no);
	expect_state(host, access, "denied");
	let_go(&link, &answer);
	assert_int_equal(answer.id, MESSAGE_refused);
	assert_non_null(strstr(answer.refused.text, "did not become active: it is denied"));
	expect_state(host, access, "denied");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM decision"), 2);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), 0);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'grant'"), 0);
	expect_sudo(host, DECISION_DENY, "was denied");
}

/* As where the sweep of a reload has not come to it yet. */
static void i2_a_rule_that_changes_while_the_token_is_signed_wins(void **state)
{
	const struct host *host = need_people(state);
	struct message answer;
	struct fault fault;
	struct link link;
	uint32_t access = approve_and_hold(host, &link);

	host_rules(host, PEOPLE_RULES);
	assert_int_equal(reload_rules(host->jitd, &fault), 0);
	let_go(&link, &answer);
	assert_int_equal(answer.id, MESSAGE_refused);
	expect_state(host, access, "pending");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), 0);
}

/* The approver's call and the look for what is ripe may both be on their way. */
struct told {
	int active, not_active;
};

static void tell(void *context, bool active)
{
	struct told *told = context;

	told->active += active;
	told->not_active += !active;
}

static void activations_of_one_access_agree(void **state)
{
	const struct host *host = need_people(state);
	struct message answer;
	struct link link;
	struct told told = {0};
	uint32_t access = approve_and_hold(host, &link);

	grant_activate(host->jitd, access, tell, &told);
	grant_activate(host->jitd, access, tell, &told);
	let_go(&link, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	while (told.active + told.not_active < 2)
		host_turn(host, true);
	assert_int_equal(told.active, 2);
	expect_state(host, access, "active");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'grant'"), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, people_begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(nobody_decides_by_these_roads),
	        TEST(i1_a_second_name_of_the_uid_is_the_same_person),
	        TEST(who_held_the_approvers_account_is_not_approved_by_it),
	        TEST(an_approver_who_held_the_other_approvers_account_does_not_count),
	        TEST(two_distinct_people_approve),
	        TEST(a_denial_ends_it),
	        TEST(a_denial_and_the_last_approval_at_once),
	        TEST(i4_a_denial_while_the_token_is_signed_wins),
	        TEST(i2_a_rule_that_changes_while_the_token_is_signed_wins),
	        TEST(activations_of_one_access_agree),
	};

	people_come();
	return cmocka_run_group_tests_name("approval", tests, NULL, NULL);
}
