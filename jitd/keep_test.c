/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions that a rule keeps when their access expires: they go on until keep-max is over, and end
 * at once by all that ends a session otherwise. There is no reaper here: that one is asked is seen
 * from the event that it could not be.
 */
#include "tests/daemon/clocks.h"
#include "tests/daemon/locksmith.h"
#include "tests/daemon/ssh_keys.h"

#include <stdio.h>
#include <string.h>

#include "jitd/ending.h"
#include "jitd/grant.h"

#define RULES                                                                                      \
	"defaults { approvals = 0 max = \"1h\" default = \"1h\" }\n"                               \
	"rule \"kept\" { who = {\"games\"} scope = {\"sudo:root\"}\n"                              \
	"at-end = \"keep\" keep-max = \"30m\" }\n"                                                 \
	"rule \"once\" { who = {\"games\"} scope = {\"sudo:news\"} uses = 1 at-end = \"keep\" }\n" \
	"rule \"hands\" { who = {\"games\"} scope = {\"sudo:man\"}\n"                              \
	"at-end = \"keep\" keep-max = \"5h\" }\n"                                                  \
	"rule \"asked\" { who = {\"games\"} scope = {\"su:root\"} approvals = 1\n"                 \
	"approvers = {\"%deciders\"} }\n"                                                          \
	"rule \"login\" { who = {\"games\"} scope = {\"ssh:games\"} }\n"
#define HOUR 3600

static int begin(void **state)
{
	return people_begin_with(state, RULES, "max-grant = \"2h\"\nadmins = {\"lp\"}\n");
}

static uint32_t opened(const struct host *host, const char *scope)
{
	static uint64_t handles;
	const struct message open = check_of(PHASE_OPEN_SESSION, strchr(scope, ':') + 1, ++handles);
	uint32_t access = must_request(host, AS(GAMES), scope);
	struct message answer;

	assert_int_equal(check(host, &open, &answer), DECISION_ALLOW);
	assert_int_equal(answer.verdict.access, access);
	return access;
}

/* What jitd does when its timers say so. */
static void later(const struct host *host, int64_t seconds)
{
	pass(seconds);
	grant_look(host->jitd);
	endings_look(host->jitd);
	for (int i = 0; i < 5; i++)
		host_turn(host, false);
}

static int64_t asked_to_end(const struct host *host, uint32_t access)
{
	return on_disk(host, "SELECT count(*) FROM event WHERE event = 'not-ended' AND access = %u",
	               access);
}

static int64_t doomed(const struct host *host, uint32_t access, const char *like)
{
	return on_disk(host, "SELECT count(*) FROM session WHERE access = %u AND doomed LIKE '%s'",
	               access, like);
}

/* An access that is over, whose session is kept. */
static uint32_t kept(const struct host *host)
{
	uint32_t access;

	access = opened(host, "sudo:root");
	later(host, HOUR + 1);
	expect_state(host, access, "expired");
	assert_int_equal(doomed(host, access, "%"), 0);
	return access;
}

/* ---- time ---- */

static void a_session_goes_on_until_keep_max_is_over(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = opened(host, "sudo:root");

	assert_int_equal(on_disk(host,
	                         "SELECT s.until - a.until FROM session s JOIN access a ON a.id = "
	                         "s.access WHERE a.id = %u",
	                         access),
	                 1800);
	later(host, HOUR + 1);
	expect_state(host, access, "expired");
	expect_sudo(host, DECISION_DENY, "is over");
	later(host, 1790);
	assert_int_equal(asked_to_end(host, access), 0);
	later(host, 15);
	assert_int_equal(asked_to_end(host, access), 1);
}

static void what_was_granted_counts_not_the_rule_of_today(void **state)
{
	const struct host *host = need_people(state);
	const struct message reload = {.id = MESSAGE_reload};
	uint32_t access = opened(host, "sudo:root");

	host_rules(host, "rule \"kept\" { who = {\"games\"} scope = {\"sudo:root\"}\n"
	                 "approvals = 0 max = \"1h\" default = \"1h\" }\n");
	must_do(host, ROOT, &reload);
	later(host, HOUR + 1);
	assert_int_equal(asked_to_end(host, access), 0);
	access = opened(host, "sudo:root"); /* asked under the new one */
	later(host, HOUR + 1);
	assert_int_equal(doomed(host, access, "expired"), 1);
	assert_int_equal(asked_to_end(host, access), 1);
}

/* No rule keeps a login; an access that says so all the same does not either. */
static void a_login_is_never_kept(void **state)
{
	struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "ssh:games");

	host_stop(host);
	on_disk_do(host, "UPDATE access SET keep = 7200");
	host_start_here(host);
	assert_null(by_key(host, "games", key_a.line));
	/* the two clocks begin their seconds at different times */
	assert_int_equal(
	        on_disk(host,
	                "SELECT s.until BETWEEN a.until - 1 AND a.until FROM session s JOIN access a ON a.id = "
	                "s.access WHERE a.id = %u",
	                access),
	        1);
}

/* ---- what ends it at once ---- */

static void by_number(const struct host *host, uint32_t access)
{
	const struct message message = revoke_of(access);

	must_do(host, ROOT, &message);
	must_refuse(host, ROOT, &message, "is revoked already");
}

static void by_return(const struct host *host, uint32_t access)
{
	const struct message message = cancel_of(access);

	must_do(host, AS(GAMES), &message);
	expect_state(host, access, "returned");
}

static void revoke_by(const struct host *host, enum revoke_by by, const char *value)
{
	struct message message = {.id = MESSAGE_revoke, .revoke.by = (uint8_t)by};

	snprintf(message.revoke.value, sizeof(message.revoke.value), "%s", value);
	must_do(host, ROOT, &message);
}

static void by_user(const struct host *host, uint32_t access)
{
	(void)access;
	revoke_by(host, REVOKE_USER, "games");
}

static void by_scope(const struct host *host, uint32_t access)
{
	(void)access;
	revoke_by(host, REVOKE_SCOPE, "sudo:root");
}

static void by_all(const struct host *host, uint32_t access)
{
	(void)access;
	revoke_by(host, REVOKE_ALL, "");
}

static void by_key_of_token(const struct host *host, uint32_t access)
{
	(void)access;
	revoke_by(host, REVOKE_KEY, key_in(host, "current").kid);
}

static void by_retirement(const struct host *host, uint32_t access)
{
	(void)access;
	retire_key(host, key_in(host, "current").kid);
}

static void by_lock(const struct host *host, uint32_t access)
{
	const struct message lock = lock_of("games"), unlock = unlock_of("games");

	(void)access;
	must_do(host, ROOT, &lock);
	must_do(host, ROOT, &unlock);
}

static void by_end(const struct host *host, uint32_t access)
{
	struct message message = {.id = MESSAGE_end_session};

	snprintf(message.end_session.session, sizeof(message.end_session.session), "%u-1", access);
	must_do(host, ROOT, &message);
}

static void by_reload(const struct host *host, uint32_t access)
{
	const struct message message = {.id = MESSAGE_reload, .reload.revoke = 1};

	(void)access;
	host_rules(host, "rule \"other\" { who = {\"games\"} scope = {\"sudo:root\"}\n"
	                 "approvals = 0 max = \"1h\" default = \"1h\" }\n");
	must_do(host, ROOT, &message);
}

static void whatever_ends_sessions_ends_a_kept_one_at_once(void **state)
{
	static const struct {
		void (*end)(const struct host *, uint32_t);
		const char *why;
	} ways[] = {
	        {by_number, "revoked by root"},
	        {by_return, "returned by games"},
	        {by_user, "revoked by root"},
	        {by_scope, "revoked by root"},
	        {by_all, "revoked by root"},
	        {by_key_of_token, "revoked by root"},
	        {by_lock, "locked by root"},
	        {by_end, "ended by root"},
	        {by_retirement, "revoked by root: the key %"},
	        {by_reload, "revoked by root: its rule has changed"},
	};
	const struct host *host = need_people(state);

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		uint32_t access = kept(host);
		ways[i].end(host, access);
		if (doomed(host, access, ways[i].why) != 1)
			fail_msg("it is not to end since %s", ways[i].why);
		later(host, 0);
		assert_int_equal(asked_to_end(host, access), 1);
	}
}

static void one_that_is_used_up_is_kept_too(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = opened(host, "sudo:news");

	expect_state(host, access, "used-up");
	later(host, HOUR + 1);
	assert_int_equal(asked_to_end(host, access), 0);
	by_number(host, access);
	assert_int_equal(doomed(host, access, "revoked by root"), 1);
}

/* With nothing open there is nothing to end. */
static void without_a_session_it_is_over(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	const struct message revoke = revoke_of(access), cancel = cancel_of(access);

	later(host, HOUR + 1);
	expect_state(host, access, "expired");
	must_refuse(host, ROOT, &revoke, "is expired already");
	must_refuse(host, AS(GAMES), &cancel, "is expired already");
}

/* ---- what is held meanwhile ---- */

/* Longer than max-grant after its end games may still be man. */
static void whose_session_is_kept_holds_the_account(void **state)
{
	const struct host *host = need_people(state);
	struct message yes;
	uint32_t access;

	(void)opened(host, "sudo:man");
	later(host, 5 * HOUR);
	access = must_request(host, AS(GAMES), "su:root");
	yes = approve_of(access, WIRE_DEFAULT);
	must_refuse(host, AS(MAN), &yes, "lately held, an access to your account");
	later(host, 4 * HOUR);
	access = must_request(host, AS(GAMES), "su:root");
	must_approve(host, AS(MAN), access);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(a_session_goes_on_until_keep_max_is_over),
	        TEST(what_was_granted_counts_not_the_rule_of_today),
	        TEST(a_login_is_never_kept),
	        TEST(whatever_ends_sessions_ends_a_kept_one_at_once),
	        TEST(one_that_is_used_up_is_kept_too),
	        TEST(without_a_session_it_is_over),
	        TEST(whose_session_is_kept_holds_the_account),
	};

	people_come();
	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
