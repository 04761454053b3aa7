/* SPDX-License-Identifier: Apache-2.0 */
/* A real jitd while its host's clock is set, glitches, or comes up wrong: no grant is longer than
 * it was granted, and nobody is locked out for longer than told. */
#include "tests/daemon/clocks.h"

#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>

#include "jitd/clock.h"
#include "jitd/grant.h"

#define VALUE_SIZE 513 /* of a row of `status` */

/* The kernel's word that somebody set the clock, which nobody does to this machine. */
static int steps = -1;

int __real_timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *old);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *at, struct itimerspec *old)
{
	if (flags == (TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		steps = fd;
	return __real_timerfd_settime(fd, flags, at, old);
}

/* Of the descriptors that count on this clock: how many there are, and how many of them run for no
 * longer than so many seconds. */
static size_t count_timers(const char *clock, int64_t most, size_t *ret_running)
{
	size_t counting = 0, running = 0;

	for (int fd = 0; fd < 256; fd++) {
		char path[64], line[128];
		long long left = 0;
		bool its = false;
		FILE *info;
		snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
		info = fopen(path, "r");
		while (info && fgets(line, sizeof(line), info)) {
			its |= !strcmp(line, clock);
			if (sscanf(line, "it_value: (%lld,", &left) == 1)
				running += its && left > 0 && left < most;
		}
		if (info)
			fclose(info);
		counting += its;
	}
	*ret_running = running;
	return counting;
}

static int64_t clock_events(const struct host *host, const char *like)
{
	host_turn(host, false);
	host_turn(host, false);
	return on_disk(host, "SELECT count(*) FROM event WHERE event = 'clock' AND text LIKE '%s'",
	               like);
}

/* What `status` says of it. */
static void status_of(const struct host *host, const char *name, char ret_value[static VALUE_SIZE])
{
	const struct message message = {.id = MESSAGE_status};
	struct message row = {.id = MESSAGE_NONE};
	struct link link;

	ret_value[0] = '\0';
	link_open(host, CLIENT_SOCKET, ROOT, &link);
	link_send(&link, &message);
	while (row.id != MESSAGE_end) {
		assert_true(link_receive(&link, &row));
		if (row.id == MESSAGE_counter && !strcmp(row.counter.name, name))
			snprintf(ret_value, VALUE_SIZE, "%s", row.counter.value);
	}
	link_close(&link);
}

static void expect_status(const struct host *host, const char *name, const char *word)
{
	char value[VALUE_SIZE];

	status_of(host, name, value);
	if (!strstr(value, word))
		fail_msg("%s is not \"%s\": %s", name, word, value);
}

static struct message accept_now(void)
{
	return (struct message){.id = MESSAGE_clock_accept};
}

/* ---- no grant is longer than granted ---- */

static void c1_a_grant_ends_by_the_clock_that_nobody_sets(void **state)
{
	const struct host *host = need_settled(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:man");
	int64_t length = length_of(host, access);

	set_clock(-50); /* so little that nothing else minds */
	pass(length - 60);
	expect_sudo(host, DECISION_ALLOW, "");
	pass(60);
	expect_sudo(host, DECISION_DENY, "is over");
	start_again(*state); /* who looks at deadlines writes it */
	look(host);
	expect_state(host, access, "expired");
}

static void c1_a_token_ends_with_its_grant(void **state)
{
	const struct host *host = need_settled(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:man");
	const struct message token = {.id = MESSAGE_token, .token = {.access = access, .code = 1}};
	struct message answer;
	int64_t left = 30;

	set_clock(-50);
	pass(length_of(host, access) - left);
	say(host, AS(GAMES), &token, &answer);
	assert_int_equal(answer.id, MESSAGE_minted);
	assert_true(answer.minted.expires <= clock_wall() + left);
	pass(left);
	must_refuse(host, AS(GAMES), &token, "is over");
}

static void c1_a_session_ends_by_it_too(void **state)
{
	const struct message open = check_of(PHASE_OPEN_SESSION, "root", 1);
	const struct host *host = need_settled(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	struct message answer;
	struct link link;
	int64_t length;

	must_approve(host, AS(MAN), access);
	length = length_of(host, access);
	link_open(host, PAM_SOCKET, SELF, &link);
	set_clock(-20);
	pass(100);
	link_send(&link, &open);
	assert_true(link_receive(&link, &answer));
	assert_int_equal(answer.verdict.decision, DECISION_ALLOW);
	assert_true(answer.verdict.remaining <= length - 100);
	set_clock(-30);
	pass(length - 160);
	expect_status(host, "sessions-to-end", "0");
	pass(60);
	expect_status(host, "sessions-to-end", "1");
	link_close(&link);
}

static void c1_what_is_left_after_a_boot_is_left_by_its_clock(void **state)
{
	const struct host *host = need_settled(state);
	int64_t length = length_of(host, must_request(host, AS(GAMES), "sudo:man"));

	boot(state, 60);
	expect_sudo(host, DECISION_ALLOW, "");
	pass(length - 120);
	expect_sudo(host, DECISION_ALLOW, "");
	pass(60);
	expect_sudo(host, DECISION_DENY, "is over");
}

/* ---- in time ---- */

static void c2_a_step_ends_things_when_nobody_asks(void **state)
{
	const struct itimerspec now = {.it_value = {.tv_nsec = 1}};
	const struct host *host = need_settled(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:man");

	set_clock(DAY);
	host_turn(host, false);
	expect_state(host, access, "active");
	for (int twice = 0; twice < 2; twice++) {
		assert_int_equal(__real_timerfd_settime(steps, 0, &now, NULL), 0);
		host_turn(host, true);
		host_turn(host, false);
	}
	expect_state(host, access, "expired");
	assert_int_equal(clock_events(host, "the clock was set forth by %%"), 1);
}

#define BY_BOOT "clockid: 7\n" /* CLOCK_BOOTTIME; CLOCK_MONOTONIC stands still in a sleep */
static void c2_deadlines_count_while_the_host_sleeps(void **state)
{
	size_t running;

	(void)need_people(state);
	/* of grants, of sessions, of warnings, of keys, of an unconfirmed clock */
	assert_int_equal(count_timers(BY_BOOT, 60, &running), 5);
	assert_int_equal(running, 0);
}

/* Else a boot with a dead clock could begin hours before. */
static void c3_while_a_grant_is_open_the_time_is_kept(void **state)
{
	const struct host *host = need_settled(state);
	size_t running;

	(void)must_request(host, AS(GAMES), "sudo:man");
	look(host);
	(void)count_timers(BY_BOOT, 60, &running);
	assert_int_equal(running, 1);
	pass(60);
	grant_look(host->jitd);
	look(host);
	assert_true(on_disk(host, "SELECT highest FROM clock") >= clock_wall() - 1);
	pass(600);
	grant_look(host->jitd);
	host_turn(host, false);
	set_clock(-600);
	boot(state, 0);
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
}

/* ---- back ---- */

static void c1_back_a_day_nothing_opens(void **state)
{
	const struct message ask = request_of("sudo:man", WIRE_DEFAULT, "");
	const struct message lock = lock_of("mail");
	const struct host *host = need_settled(state);
	uint32_t pending = must_request(host, AS(GAMES), "sudo:root");
	const struct message yes = approve_of(pending, WIRE_DEFAULT), no = deny_of(pending);
	uint32_t access = must_request(host, AS(GAMES), "sudo:man");
	const struct message code = {.id = MESSAGE_token, .token = {.access = access, .code = 1}};

	expect_status(host, "clock", "confirmed");
	set_clock(-DAY);
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
	assert_int_equal(clock_events(host, "the clock was set back by %%; nothing opens%%"), 1);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE event = 'check' AND verdict = "
	                         "'deny' AND reason = 'clock'"),
	                 1);
	expect_status(host, "clock", "behind by ");
	expect_refusal(host, AS(GAMES), &ask, "jitd-admin clock accept", "clock");
	expect_refusal(host, AS(MAN), &yes, "jitd-admin clock accept", "clock");
	expect_refusal(host, AS(GAMES), &code, "jitd-admin clock accept", "clock");
	must_do(host, AS(MAN), &no); /* what takes away does so by any clock */
	must_do(host, ROOT, &lock);
	start_again(*state);
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
	set_clock(DAY);
	expect_sudo(host, DECISION_ALLOW, "");
	expect_status(host, "clock", "confirmed");
}

static void c1_back_a_day_is_over_after_a_day(void **state)
{
	const struct host *host = need_settled(state);

	look(host);
	set_clock(-DAY);
	expect_sudo(host, DECISION_DENY, "");
	pass(DAY - 120);
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
	pass(60);
	expect_new_access(host);
}

static void c1_an_administrator_may_accept_it(void **state)
{
	const struct message accept = accept_now();
	const struct host *host = need_settled(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:man");
	const int64_t length = length_of(host, access);

	set_clock(-DAY);
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
	expect_refusal(host, AS(GAMES), &accept, "administrators", "not-allowed");
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
	must_do(host, ROOT, &accept);
	assert_int_equal(clock_events(host, "accepted: %%"), 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'clock' AND "
	                               "actor = 'root'"),
	                 1);
	expect_status(host, "clock", "confirmed");
	expect_sudo(host, DECISION_DENY, ""); /* a grant of a time to come */
	expect_new_access(host);
	start_again(*state); /* it is on disk */
	expect_sudo(host, DECISION_ALLOW, "");
	pass(length);
	expect_sudo(host, DECISION_DENY, "is over");
}

/* ---- forth ---- */

static void c1_forth_a_day_and_back_revives_nothing(void **state)
{
	const struct host *host = need_settled(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:man");

	set_clock(DAY);
	expect_sudo(host, DECISION_DENY, "is over");
	assert_int_equal(clock_events(host, "the clock was set forth by %%"), 1);
	expect_status(host, "clock", "unconfirmed for ");
	expect_state(host, access, "expired");
	access = must_request(host, AS(GAMES), "sudo:man");
	expect_sudo(host, DECISION_ALLOW, ""); /* things go on by the new time */
	pass(300);
	set_clock(-DAY);
	expect_sudo(host, DECISION_DENY, ""); /* what was granted for tomorrow */
	expect_status(host, "clock", "confirmed");
	expect_new_access(host); /* and nobody is locked out */
	assert_true(on_disk(host, "SELECT highest FROM clock") <= clock_wall());
}

static void c1_forth_for_ten_minutes_counts(void **state)
{
	const struct host *host = need_settled(state);

	set_clock(DAY);
	look(host);
	pass(600);
	look(host);
	expect_status(host, "clock", "confirmed");
	set_clock(-DAY);
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
	expect_status(host, "clock", "behind by ");
}

static void c1_forth_and_accepted_counts_at_once(void **state)
{
	const struct message accept = accept_now();
	const struct host *host = need_settled(state);

	set_clock(DAY);
	must_do(host, ROOT, &accept);
	set_clock(-DAY);
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
}

static void c5_a_glitch_into_2036_locks_nobody_out(void **state)
{
	const struct host *host = need_settled(state);

	set_clock(10 * YEAR);
	look(host);
	pass(30);
	look(host);
	set_clock(-10 * YEAR);
	expect_new_access(host);
	expect_status(host, "clock", "confirmed");
}

/* ---- far ahead ---- */

static void c5_years_are_years(void **state)
{
	static const int64_t times[] = {((int64_t)1 << 31) - 100, 4102444700 /* 2100 */,
	                                ((int64_t)1 << 32) - 100};
	const struct host *host = need_settled(state);
	uint32_t access;
	int64_t length;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		set_clock(times[i] - clock_wall());
		look(host);
		access = must_request(host, AS(GAMES), "sudo:man");
		length = length_of(host, access);
		expect_sudo(host, DECISION_ALLOW, "");
		pass(length - 5);
		expect_sudo(host, DECISION_ALLOW, "");
		pass(5);
		expect_sudo(host, DECISION_DENY, "is over");
	}
}

/* ---- after a boot ---- */

static void c3_1970_at_boot_opens_nothing_until_the_clock_is_right(void **state)
{
	const struct message ask = request_of("sudo:man", WIRE_DEFAULT, "");
	const struct host *host = need_settled(state);
	int64_t right;

	(void)must_request(host, AS(GAMES), "sudo:man");
	look(host);
	set_clock(20);
	right = *people_ahead();
	*people_ahead() -= clock_wall() - 5;
	boot(state, 0);
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
	assert_int_equal(clock_events(host, "the clock is behind by %%"), 1);
	must_refuse(host, AS(GAMES), &ask, "jitd-admin clock accept");
	pass(700); /* it stays so, however long it stands there */
	expect_sudo(host, DECISION_DENY, "jitd-admin clock accept");
	*people_ahead() = right;
	expect_sudo(host, DECISION_ALLOW, "");
	expect_status(host, "clock", "unconfirmed");
}

static void c3_after_a_boot_things_go_on_at_once(void **state)
{
	static const int64_t off[] = {60, 12 * 3600, 30 * DAY};
	const struct host *host = need_settled(state);

	for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
		look(host);
		boot(state, off[i]);
		expect_new_access(host);
		expect_status(host, "clock", "unconfirmed for ");
		pass(600);
		look(host);
		expect_status(host, "clock", "confirmed");
	}
}

static void c3_before_it_is_confirmed_nothing_counts_as_seen(void **state)
{
	const struct host *host = need_settled(state);
	int64_t highest;

	expect_new_access(host);
	highest = on_disk(host, "SELECT highest FROM clock");
	assert_true(highest > 0);
	boot(state, 12 * 3600);
	expect_new_access(host);
	assert_true(on_disk(host, "SELECT highest FROM clock") < highest + 60);
	pass(600);
	look(host);
	expect_new_access(host);
	assert_true(on_disk(host, "SELECT highest FROM clock") > highest + 12 * 3600);
}

static void c4_ntp_after_a_boot_takes_back_nothing(void **state)
{
	const struct host *host = need_settled(state);

	boot(state, 3600);
	expect_new_access(host);
	set_clock(-40);
	expect_sudo(host, DECISION_ALLOW, "");
	expect_new_access(host);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, clocks_begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(c1_a_grant_ends_by_the_clock_that_nobody_sets),
	        TEST(c1_a_token_ends_with_its_grant),
	        TEST(c1_a_session_ends_by_it_too),
	        TEST(c1_what_is_left_after_a_boot_is_left_by_its_clock),
	        TEST(c2_a_step_ends_things_when_nobody_asks),
	        TEST(c2_deadlines_count_while_the_host_sleeps),
	        TEST(c3_while_a_grant_is_open_the_time_is_kept),
	        TEST(c1_back_a_day_nothing_opens),
	        TEST(c1_back_a_day_is_over_after_a_day),
	        TEST(c1_an_administrator_may_accept_it),
	        TEST(c1_forth_a_day_and_back_revives_nothing),
	        TEST(c1_forth_for_ten_minutes_counts),
	        TEST(c1_forth_and_accepted_counts_at_once),
	        TEST(c5_a_glitch_into_2036_locks_nobody_out),
	        TEST(c3_1970_at_boot_opens_nothing_until_the_clock_is_right),
	        TEST(c3_after_a_boot_things_go_on_at_once),
	        TEST(c3_before_it_is_confirmed_nothing_counts_as_seen),
	        TEST(c4_ntp_after_a_boot_takes_back_nothing),
	        TEST(c5_years_are_years),
	};
	people_come();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
