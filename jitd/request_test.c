/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a request: how long, under which rule, until when, and what must not be asked. */
#include "tests/daemon/accounts.h"
#include "tests/daemon/people.h"

#include <stdio.h>
#include <string.h>

static int64_t length_of(const struct host *host, uint32_t access)
{
	return on_disk(host, "SELECT until - from_ FROM access WHERE id = %u", access);
}

static void reload(const struct host *host)
{
	const struct message message = {.id = MESSAGE_reload};

	must_do(host, ROOT, &message);
}

/* ---- how long ---- */

static void an_approver_shortens_and_never_widens(void **state)
{
	static const int64_t wrong[] = {0, -1, INT64_MIN + 1, 1801, 3600, INT64_MAX};
	const struct host *host = need_people(state);
	struct message message = request_of("sudo:root", 1800, "half an hour"), answer;
	uint32_t access;

	say(host, AS(GAMES), &message, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	access = answer.done.access;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		message = approve_of(access, wrong[i]);
		expect_refusal(host, AS(MAN), &message, "never widen", "duration");
		expect_state(host, access, "pending");
	}
	message = approve_of(access, 600);
	must_do(host, AS(MAN), &message);
	expect_state(host, access, "active");
	assert_int_equal(length_of(host, access), 600);
}

static void the_second_approver_does_not_widen_what_the_first_shortened(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:root");
	struct message message = approve_of(access, 600);

	must_do(host, AS(MAN), &message);
	message = approve_of(access, 601);
	expect_refusal(host, AS(MAIL), &message, "never widen", "duration");
	message = approve_of(access, 300);
	must_do(host, AS(MAIL), &message);
	assert_int_equal(length_of(host, access), 300);
}

static void a_request_keeps_to_its_rule(void **state)
{
	static const int64_t wrong[] = {0, -1, INT64_MIN + 1, 3601, INT64_MAX};
	const struct host *host = need_people(state);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct message message = request_of("sudo:root", wrong[i], "");
		expect_refusal(host, AS(GAMES), &message, "at most 1h", "duration");
	}
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
}

/* ---- what must not be asked ---- */

static void what_is_no_request_changes_nothing(void **state)
{
	static const struct {
		const char *scope, *word, *reason;
	} rows[] = {
	        {"", "no scope", "scope"},
	        {"sudo", "is no scope", "scope"},
	        {":root", "is no scope", "scope"},
	        {"sudo:", "is no scope", "scope"},
	        {"sudo:ro ot", "is no scope", "scope"},
	        {"sudo:root  su:root", "empty scope", "scope"},
	        {"sudo:root\nsu:root", "is no scope", "scope"},
	        {"sudo:../root", "is no scope", "scope"},
	        {"sudo:*", "is no scope", "scope"},
	        {"all:root", "is no scope", "scope"},
	        {"SUDO:root", "is no scope", "scope"},
	        {"sudo:nobody-here", "no such user here: nobody-here", "unknown-user"},
	        {"sudo:mail", "no rule lets games ask for sudo:mail", "no-rule"},
	        {"ssh:root", "no rule lets games ask for ssh:root", "no-rule"},
	};
	const struct host *host = need_people(state);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct message message = request_of(rows[i].scope, WIRE_DEFAULT, "");
		expect_refusal(host, AS(GAMES), &message, rows[i].word, rows[i].reason);
	}
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
}

static void d14_a_reason_is_short_and_clean(void **state)
{
	static const char *const dirty[] = {"a\nb",     "\x1b[2J", "bell\a",          "\x7f",
	                                    "\xc2\x9b", "\xff",    "\xe2\x80\xaetxet"};
	const struct host *host = need_people(state);
	char reason[514] = "";
	struct message message;

	for (size_t i = 0; i < sizeof(dirty) / sizeof(dirty[0]); i++) {
		message = request_of("sudo:root", WIRE_DEFAULT, dirty[i]);
		expect_refusal(host, AS(GAMES), &message, "control characters", "reason");
	}
	memset(reason, 'r', 513);
	message = request_of("sudo:root", WIRE_DEFAULT, reason);
	expect_refusal(host, AS(GAMES), &message, "longer than 512 bytes", "reason");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
	reason[512] = '\0';
	message = request_of("sudo:root", WIRE_DEFAULT, reason);
	must_do(host, AS(GAMES), &message);
	assert_int_equal(on_disk(host, "SELECT length(reason) FROM access"), 512);
	message = approve_of(1, WIRE_DEFAULT);
	memcpy(message.approve.comment, "a\nb", 4);
	expect_refusal(host, AS(MAN), &message, "control characters", "comment");
	expect_state(host, 1, "pending");
}

static void d14_five_requests_may_wait(void **state)
{
	const struct host *host = need_people(state);
	struct message message = request_of("sudo:root", WIRE_DEFAULT, "");

	for (int i = 0; i < 5; i++)
		must_do(host, AS(GAMES), &message);
	expect_refusal(host, AS(GAMES), &message, "5 requests of yours wait already", "too-many");
	must_do(host, AS(LP), &message); /* others are not concerned */
	message = cancel_of(3);
	must_do(host, AS(GAMES), &message);
	message = request_of("sudo:root", WIRE_DEFAULT, "");
	must_do(host, AS(GAMES), &message);
}

/* Requests that were refused are none. */
static void d14_so_many_requests_a_minute(void **state)
{
	struct message message = request_of("sudo:daemon", WIRE_DEFAULT, "");
	struct message wrong = request_of("sudo:mail", WIRE_DEFAULT, "");
	struct host host;

	need_people(state);
	host_make(&host, PEOPLE_RULES, "requests-per-minute = 3\n");
	host_start_here(&host);
	for (int i = 0; i < 3; i++) {
		expect_refusal(&host, AS(GAMES), &wrong, "no rule lets games", "no-rule");
		must_do(&host, AS(GAMES), &message);
	}
	expect_refusal(&host, AS(GAMES), &message, "you asked 3 times within a minute: wait",
	               "too-many");
	must_request(&host, AS(MAIL), "sudo:man"); /* others are not concerned */
	*people_ahead() = 61;
	must_do(&host, AS(GAMES), &message);
	host_remove(&host);
}

static void nobody_asks_for_somebody_else(void **state)
{
	const struct host *host = need_people(state);
	const struct message message = request_of("sudo:root", WIRE_DEFAULT, "");

	expect_refusal(host, ROOT, &message, "root is nobody in particular", "not-a-person");
	expect_refusal(host, (struct person){0, GAMES}, &message, "root is nobody in particular",
	               "not-a-person");
	expect_refusal(host, (struct person){GAMES, MAN}, &message, "through another login",
	               "not-a-person");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
}

/* ---- the rule ---- */

static void i2_a_changed_rule_voids_what_was_asked(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root"), other;
	struct message message = approve_of(access, WIRE_DEFAULT);

	host_rules(host, "rule \"root\" { who = {\"%friends\"} scope = {\"sudo:root\"}\n"
	                 "approvers = {\"%deciders\"} max = \"2h\" }\n" PEOPLE_RULES);
	reload(host);
	expect_state(host, access, "lapsed");
	expect_refusal(host, AS(MAN), &message, "lapsed already", "state");
	expect_sudo(host, DECISION_DENY, "lapsed before it was decided");
	other = must_request(host, AS(GAMES), "sudo:root");
	host_rules(host, PEOPLE_RULES); /* and now it is not there */
	reload(host);
	expect_state(host, other, "lapsed");
	message = approve_of(other, WIRE_DEFAULT);
	expect_refusal(host, AS(MAN), &message, "lapsed already", "state");
}

static void the_same_rule_in_other_words_is_the_same(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");

	host_rules(host,
	           "# a comment\nrule \"root\" {\n  max = \"60m\"  who = {\"%friends\"}\n"
	           "  approvers = { \"%deciders\" }\n  scope = {\"sudo:root\"}\n}\n" PEOPLE_RULES);
	reload(host);
	must_approve(host, AS(MAN), access);
	expect_state(host, access, "active");
}

static void a_bad_rules_file_leaves_the_old_rules(void **state)
{
	const struct host *host = need_people(state);
	const struct message message = {.id = MESSAGE_reload};

	host_rules(host, "rule \"root\" { who = {\"%friends\"} frob = 1 }\n");
	must_refuse(host, ROOT, &message, "frob");
	expect_refusal(host, AS(GAMES), &message, "only administrators", "not-allowed");
	must_approve(host, AS(MAN), must_request(host, AS(GAMES), "sudo:root"));
	expect_sudo(host, DECISION_ALLOW, "");
}

/* ---- the end ---- */

/* Its subject watches: jitd tells at each change. */
static void watch_until(const struct host *host, uint32_t access, const char *word)
{
	const struct message watch = {.id = MESSAGE_watch, .watch = {.access = access}};
	struct message row = {.id = MESSAGE_NONE};
	struct link link;

	link_open(host, CLIENT_SOCKET, AS(GAMES), &link);
	link_send(&link, &watch);
	do
		assert_true(link_receive(&link, &row));
	while (row.id != MESSAGE_access || strcmp(row.access.state, word) != 0);
	link_close(&link);
}

static void a_request_lapses(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:news");
	const struct message message = approve_of(access, WIRE_DEFAULT);

	watch_until(host, access, "lapsed");
	expect_refusal(host, AS(MAIL), &message, "lapsed already", "state");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'lapsed'"), 1);
}

/* Whatever the timer does, the clock decides. */
static void a_request_is_over_when_its_time_is(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	const struct message message = approve_of(access, WIRE_DEFAULT);

	*people_ahead() = 3 * 3600;
	expect_refusal(host, AS(MAN), &message, "waited too long", "state");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), 0);
}

static void a_grant_expires(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:daemon");

	expect_sudo(host, DECISION_ALLOW, "");
	watch_until(host, access, "expired");
	expect_sudo(host, DECISION_DENY, "is over");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE held IS NOT NULL"), 0);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'expired'"), 1);
}

static void a_grant_is_over_when_its_time_is(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");

	must_approve(host, AS(MAN), access);
	*people_ahead() = 15 * 60 - 30; /* of real time, on a busy machine */
	expect_sudo(host, DECISION_ALLOW, "");
	*people_ahead() = 15 * 60 + 1;
	expect_sudo(host, DECISION_DENY, "is over");
}

static void its_subject_cancels_and_returns(void **state)
{
	const struct host *host = need_people(state);
	uint32_t pending = must_request(host, AS(GAMES), "sudo:root");
	uint32_t active = must_request(host, AS(GAMES), "sudo:root");
	struct message message = cancel_of(pending);

	must_approve(host, AS(MAN), active);
	expect_sudo(host, DECISION_ALLOW, "");
	must_do(host, AS(GAMES), &message);
	expect_state(host, pending, "cancelled");
	message = approve_of(pending, WIRE_DEFAULT);
	expect_refusal(host, AS(MAN), &message, "cancelled already", "state");
	message = cancel_of(active);
	must_do(host, AS(GAMES), &message);
	expect_state(host, active, "returned");
	expect_sudo(host, DECISION_DENY, "you gave access");
	expect_refusal(host, AS(GAMES), &message, "returned already", "state");
	message = revoke_of(active);
	expect_refusal(host, ROOT, &message, "returned already", "state");
}

/* ---- whose ---- */

static void anothers_number_is_no_such_access(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:news");
	const struct message show = {.id = MESSAGE_show, .show = {.access = access}};
	const struct message own = {.id = MESSAGE_show, .show = {.access = access, .mine = 1}};
	const struct message watch = {.id = MESSAGE_watch, .watch = {.access = access}};
	struct message message = cancel_of(access);

	expect_refusal(host, AS(LP), &message, "no such access of yours", "unknown-access");
	expect_refusal(host, AS(MAIL), &message, "no such access of yours", "unknown-access");
	message = approve_of(access, WIRE_DEFAULT);
	expect_refusal(host, AS(LP), &message, "no such access", "unknown-access");
	message = deny_of(access);
	expect_refusal(host, AS(LP), &message, "no such access", "unknown-access");
	message = revoke_of(access);
	expect_refusal(host, AS(LP), &message, "no such access", "unknown-access");
	must_refuse(host, AS(LP), &show, "no such access");
	must_refuse(host, AS(MAIL), &own, "no such access");
	must_refuse(host, AS(LP), &watch, "no such access");
	message = approve_of(4711, WIRE_DEFAULT);
	expect_refusal(host, AS(MAIL), &message, "no such access", "unknown-access");
	expect_state(host, access, "pending");
}

static void who_is_locked_neither_asks_nor_opens_nor_decides(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	uint32_t other = must_request(host, AS(LP), "sudo:root");
	struct message message = lock_of("games");

	must_approve(host, AS(MAN), access);
	must_do(host, ROOT, &message);
	expect_sudo(host, DECISION_DENY, "locked");
	message = request_of("sudo:root", WIRE_DEFAULT, "");
	expect_refusal(host, AS(GAMES), &message, "games is locked", "locked");
	message = unlock_of("games");
	expect_refusal(host, AS(GAMES), &message, "only administrators", "not-allowed");
	must_do(host, ROOT, &message);
	expect_sudo(host, DECISION_ALLOW, "");
	message = lock_of("man");
	must_do(host, ROOT, &message);
	message = approve_of(other, WIRE_DEFAULT);
	expect_refusal(host, AS(MAN), &message, "locked", "locked");
	message = lock_of("nobody-here");
	expect_refusal(host, ROOT, &message, "no such user", "unknown-user");
	message = lock_of("root");
	expect_refusal(host, ROOT, &message, "cannot be locked", "value");
}

/* Who leaves a group loses what came by it, at the next check. */
static void a_group_that_is_lost_counts_at_once(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	struct message message;

	must_approve(host, AS(MAN), access);
	expect_sudo(host, DECISION_ALLOW, "");
	accounts_group(PEOPLE_GROUPS "friends:x:300:lp\ndeciders:x:301:lp,mail\n");
	expect_sudo(host, DECISION_DENY, "no longer names you");
	message = request_of("sudo:root", WIRE_DEFAULT, "");
	expect_refusal(host, AS(GAMES), &message, "no rule lets games", "no-rule");
	accounts_group(people_groups);
	expect_sudo(host, DECISION_ALLOW, "");
	access = must_request(host, AS(GAMES), "sudo:root");
	accounts_group(PEOPLE_GROUPS "friends:x:300:games\ndeciders:x:301:lp,mail\n");
	message = approve_of(access, WIRE_DEFAULT);
	expect_refusal(host, AS(MAN), &message, "no such access", "unknown-access");
	expect_state(host, access, "pending");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, people_begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(an_approver_shortens_and_never_widens),
	        TEST(the_second_approver_does_not_widen_what_the_first_shortened),
	        TEST(a_request_keeps_to_its_rule),
	        TEST(what_is_no_request_changes_nothing),
	        TEST(d14_a_reason_is_short_and_clean),
	        TEST(d14_five_requests_may_wait),
	        TEST(d14_so_many_requests_a_minute),
	        TEST(nobody_asks_for_somebody_else),
	        TEST(i2_a_changed_rule_voids_what_was_asked),
	        TEST(the_same_rule_in_other_words_is_the_same),
	        TEST(a_bad_rules_file_leaves_the_old_rules),
	        TEST(a_request_lapses),
	        TEST(a_request_is_over_when_its_time_is),
	        TEST(a_grant_expires),
	        TEST(a_grant_is_over_when_its_time_is),
	        TEST(its_subject_cancels_and_returns),
	        TEST(anothers_number_is_no_such_access),
	        TEST(who_is_locked_neither_asks_nor_opens_nor_decides),
	        TEST(a_group_that_is_lost_counts_at_once),
	};

	people_come();
	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
