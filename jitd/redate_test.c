/* SPDX-License-Identifier: Apache-2.0 */
/* A real jitd whose clock was ahead for a while: what was dated then comes to life at no other
 * time, and keeps nobody out. */
#include "tests/daemon/clocks.h"

#include <string.h>

#include "jitd/clock.h"

static void c1_a_grant_dated_ahead_does_not_come_to_life(void **state)
{
	const struct host *host = need_settled(state);
	uint32_t access;
	int64_t length;

	set_clock(DAY);
	access = must_request(host, AS(GAMES), "sudo:man");
	length = length_of(host, access);
	expect_sudo(host, DECISION_ALLOW, "");
	set_clock(-DAY);
	expect_sudo(host, DECISION_DENY, "");
	pass(60);
	boot(state, DAY - 50); /* its day has come */
	expect_sudo(host, DECISION_DENY, "");
	look(host);
	expect_state(host, access, "expired");
	access = must_request(host, AS(GAMES), "sudo:man");
	assert_int_equal(length_of(host, access), length);
}

static void c1_one_of_another_boot_neither(void **state)
{
	const struct host *host = need_settled(state);
	uint32_t access;

	boot(state, 2 * 3600); /* a hardware clock that shows local time */
	access = must_request(host, AS(GAMES), "sudo:man");
	boot(state, -2 * 3600);
	expect_sudo(host, DECISION_DENY, "");
	look(host);
	expect_state(host, access, "expired");
	pass(2 * 3600);
	expect_sudo(host, DECISION_DENY, "");
}

/* The clock was ahead for so long that it counts as seen, and is waited for after a boot. */
static void c1_one_of_a_time_that_was_waited_for_neither(void **state)
{
	const struct host *host = need_settled(state);
	uint32_t access;

	set_clock(DAY);
	look(host);
	pass(700);
	look(host);
	access = must_request(host, AS(GAMES), "sudo:man");
	expect_sudo(host, DECISION_ALLOW, "");
	pass(120);
	look(host);
	boot(state, 60 - DAY);
	expect_sudo(host, DECISION_DENY, "behind");
	pass(DAY);
	look(host);
	expect_sudo(host, DECISION_DENY, "is over");
	expect_state(host, access, "expired");
	expect_new_access(host);
}

static void c1_one_of_before_a_clock_was_accepted_neither(void **state)
{
	const struct message accept = {.id = MESSAGE_clock_accept};
	const struct host *host = need_settled(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:man");

	set_clock(-DAY);
	look(host);
	must_do(host, ROOT, &accept);
	boot(state, DAY + 60);
	expect_sudo(host, DECISION_DENY, "");
	look(host);
	expect_state(host, access, "expired");
}

static void c1_a_code_dated_ahead_is_void(void **state)
{
	const struct host *host = need_settled(state);
	struct message answer, ask = {.id = MESSAGE_token, .token = {.code = 1}};

	ask.token.access = must_request(host, AS(GAMES), "sudo:man");
	say(host, AS(GAMES), &ask, &answer);
	set_clock(300);
	say(host, AS(GAMES), &ask, &answer);
	assert_int_equal(answer.id, MESSAGE_minted);
	set_clock(-300);
	look(host);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE kind = 'code'"), 2);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM token WHERE kind = 'code' AND revoked "
	                         "IS NULL AND iat <= %lld",
	                         (long long)clock_wall()),
	                 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE revoked IS NULL"), 2);
	expect_sudo(host, DECISION_ALLOW, ""); /* the grant is of before, and goes on */
}

static void c5_a_request_filed_in_2036_lapses_in_its_time(void **state)
{
	const struct host *host = need_settled(state);
	uint32_t late, soon;

	set_clock(10 * YEAR);
	late = must_request(host, AS(GAMES), "sudo:root");
	soon = must_request(host, AS(GAMES), "su:root");
	set_clock(-10 * YEAR);
	look(host);
	must_approve(host, AS(MAN), soon);
	must_approve(host, AS(LP), soon);
	expect_state(host, soon, "active");
	expect_state(host, late, "pending");
	pass(3 * 3600 + 1);
	start_again(*state);
	look(host);
	expect_state(host, late, "lapsed");
}

static void c5_nobody_asked_too_often_in_2036(void **state)
{
	const struct host *host = need_settled(state);
	const struct message ask = request_of("sudo:man", WIRE_DEFAULT, "");

	host->jitd->settings->requests_per_minute = 2;
	set_clock(10 * YEAR);
	must_do(host, AS(GAMES), &ask);
	must_do(host, AS(GAMES), &ask);
	expect_refusal(host, AS(GAMES), &ask, "2 times within a minute", "too-many");
	set_clock(-10 * YEAR);
	look(host);
	expect_new_access(host);
}

static void c5_no_approver_is_kept_out_by_what_was_held_in_2036(void **state)
{
	const struct host *host = need_settled(state);
	struct message cancel = {.id = MESSAGE_cancel}, yes;

	set_clock(10 * YEAR);
	cancel.cancel.access = must_request(host, AS(GAMES), "sudo:man");
	must_do(host, AS(GAMES), &cancel);
	set_clock(-10 * YEAR);
	yes = approve_of(must_request(host, AS(GAMES), "sudo:root"), WIRE_DEFAULT);
	expect_refusal(host, AS(MAN), &yes, "lately held", "self-approval");
	pass(2 * 3600 + 3600); /* max-grant, and what it had left */
	must_approve(host, AS(MAN), must_request(host, AS(GAMES), "sudo:root"));
}

static void d5_a_step_forth_makes_nobody_another(void **state)
{
	const struct host *host = need_settled(state);
	struct message cancel = {.id = MESSAGE_cancel}, yes;

	cancel.cancel.access = must_request(host, AS(GAMES), "sudo:man");
	must_do(host, AS(GAMES), &cancel);
	set_clock(DAY);
	yes = approve_of(must_request(host, AS(GAMES), "sudo:root"), WIRE_DEFAULT);
	expect_refusal(host, AS(MAN), &yes, "lately held", "self-approval");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, clocks_begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(c1_a_grant_dated_ahead_does_not_come_to_life),
	        TEST(c1_one_of_another_boot_neither),
	        TEST(c1_one_of_a_time_that_was_waited_for_neither),
	        TEST(c1_one_of_before_a_clock_was_accepted_neither),
	        TEST(c1_a_code_dated_ahead_is_void),
	        TEST(c5_a_request_filed_in_2036_lapses_in_its_time),
	        TEST(c5_nobody_asked_too_often_in_2036),
	        TEST(c5_no_approver_is_kept_out_by_what_was_held_in_2036),
	        TEST(d5_a_step_forth_makes_nobody_another),
	};
	people_come();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
