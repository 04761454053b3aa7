/* SPDX-License-Identifier: Apache-2.0 */
/* A real jitd while its host's clock is set, glitches, or comes up wrong: no grant is longer than
 * it was granted, and nobody is locked out for longer than told. */
#include "tests/daemon/people.h"

#include <stdio.h>
#include <string.h>

#include "jitd/clock.h"
#include "jitd/process.h"

#define DAY        86400
#define YEAR       ((int64_t)365 * DAY)
#define VALUE_SIZE 513 /* of a row of `status` */

/* What the clocks and the boot are by our word: clock_boot() hands no context over. */
static int64_t passed;
static unsigned int boots;

int64_t __real_clock_boot(void);
int64_t __wrap_clock_boot(void);
int64_t __wrap_clock_boot(void)
{
	return __real_clock_boot() + passed;
}

int __wrap_process_boot_id(char ret_boot_id[static BOOT_ID_SIZE]);
int __wrap_process_boot_id(char ret_boot_id[static BOOT_ID_SIZE])
{
	snprintf(ret_boot_id, BOOT_ID_SIZE, "00000000-0000-4000-8000-%012u", boots);
	return 0;
}

static void set_clock(int64_t seconds)
{
	*people_ahead() += seconds;
}

/* True time: both clocks go on. */
static void pass(int64_t seconds)
{
	set_clock(seconds);
	passed += seconds;
}

static void look(const struct host *host)
{
	const struct message message = {.id = MESSAGE_status};
	struct message answer;

	say(host, ROOT, &message, &answer);
	host_turn(host, false);
	host_turn(host, false);
}

/* A host whose clock is confirmed. */
static const struct host *need_settled(void **state)
{
	const struct host *host = need_people(state);

	pass(600);
	look(host);
	return host;
}

static void start_again(struct host *host)
{
	host_stop(host);
	host_start_here(host);
}

/* Off for that long, and up again. */
static void boot(void **state, int64_t seconds)
{
	struct host *host = *state;

	host_stop(host);
	set_clock(seconds);
	passed -= __wrap_clock_boot() - 20;
	boots++;
	host_start_here(host);
}

static int64_t length_of(const struct host *host, uint32_t access)
{
	return on_disk(host, "SELECT until - from_ FROM access WHERE id = %u", access);
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

/* Whoever asks now gets it now. */
static void expect_new_access(const struct host *host)
{
	(void)must_request(host, AS(GAMES), "sudo:man");
	expect_sudo(host, DECISION_ALLOW, "");
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

static void c1_another_boot_knows_nothing_of_the_last_ones_clock(void **state)
{
	const struct host *host = need_settled(state);
	int64_t length = length_of(host, must_request(host, AS(GAMES), "sudo:man"));

	boot(state, 60);
	passed += 1000 * DAY; /* far past what that clock said at the end */
	expect_sudo(host, DECISION_ALLOW, "");
	pass(length - 120);
	expect_sudo(host, DECISION_ALLOW, "");
	pass(60);
	expect_sudo(host, DECISION_DENY, "is over");
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
	pass(length_of(host, access));
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

static int begin(void **state)
{
	passed = 0;
	return people_begin(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(c1_a_grant_ends_by_the_clock_that_nobody_sets),
	        TEST(c1_a_token_ends_with_its_grant),
	        TEST(c1_a_session_ends_by_it_too),
	        TEST(c1_another_boot_knows_nothing_of_the_last_ones_clock),
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
	};
	people_come();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
