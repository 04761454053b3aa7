/* SPDX-License-Identifier: Apache-2.0 */
/* Logins whose hooks run in several processes: what ties auth, account and open_session together,
 * and that nobody else comes in by it. */
#include "tests/daemon/clocks.h"
#include "tests/daemon/logins.h"

#include <string.h>

#include "jitd/reservation.h"

static void expect_hook(const struct host *host, int process, enum wire_phase phase,
                        enum decision decision, const char *reason)
{
	const struct message check = ssh_check(phase, "news");
	int64_t before = checks(host, decision == DECISION_ALLOW ? "allow" : "deny", reason);
	struct talk talk;

	if (hook(host, process, &check, NULL, &talk) != decision) {
		host_tell(host);
		fail_msg("phase %d: not %s %s", (int)phase,
		         decision == DECISION_ALLOW ? "allowed" : "refused", reason);
	}
	assert_false(talk.asked);
	assert_int_equal(checks(host, decision == DECISION_ALLOW ? "allow" : "deny", reason),
	                 before + 1);
}

/* games types something for ssh:news; returns the access. */
static uint32_t type_at(const struct host *host, const struct sshd *sshd, bool code)
{
	const struct message auth = ssh_check(PHASE_AUTH, "news");
	char secret[SECRET_SIZE];
	uint32_t access = must_issue(host, AS(GAMES), "ssh:news", code, secret);
	struct talk talk;

	assert_int_equal(hook(host, sshd->child, &auth, secret, &talk), DECISION_ALLOW);
	assert_true(talk.asked);
	assert_string_equal(talk.said, ""); /* nobody is vouched for */
	assert_int_equal(talk.access, access);
	return access;
}

static void a_typed_login_goes_through_three_phases(void **state)
{
	const struct host *host = need_logins(state);

	for (int code = 0; code < 2; code++) {
		struct sshd sshd;
		uint32_t access;
		sshd_begin(&sshd);
		access = type_at(host, &sshd, code);
		assert_int_equal(on_disk(host,
		                         "SELECT count(*) FROM token WHERE access = %u AND "
		                         "burned IS NOT NULL",
		                         access),
		                 1);
		expect_hook(host, sshd.child, PHASE_ACCOUNT, DECISION_ALLOW, "");
		expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_ALLOW, "");
		assert_int_equal(on_disk(host,
		                         "SELECT pid FROM session WHERE access = %u AND subject = "
		                         "'games' AND account = 'news' AND ended IS NULL",
		                         access),
		                 sshd.pid);
		sshd_end(&sshd);
	}
}

/* The password method: sshd's monitor does all by itself. */
static void a_token_given_as_the_password_is_a_typed_one(void **state)
{
	const struct host *host = need_logins(state);
	const struct message auth = ssh_check(PHASE_AUTH, "news");
	char token[SECRET_SIZE];
	struct talk talk;
	struct sshd sshd;

	must_issue(host, AS(GAMES), "ssh:news", false, token);
	sshd_begin(&sshd);
	assert_int_equal(hook(host, sshd.monitor, &auth, "password of news", &talk), DECISION_DENY);
	assert_int_equal(checks(host, "deny", "not-a-token"), 1);
	assert_int_equal(hook(host, sshd.monitor, &auth, token, &talk), DECISION_ALLOW);
	expect_hook(host, sshd.monitor, PHASE_ACCOUNT, DECISION_ALLOW, "");
	expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_ALLOW, "");
	sshd_end(&sshd);
}

static void another_connection_never_passes(void **state)
{
	const struct host *host = need_logins(state);
	struct sshd mine, other;

	sshd_begin(&mine);
	sshd_begin(&other);
	type_at(host, &mine, false);
	for (int i = 0; i < 2; i++) {
		expect_hook(host, other.child, PHASE_ACCOUNT, DECISION_DENY, "not-vouched");
		expect_hook(host, other.monitor, PHASE_ACCOUNT, DECISION_DENY, "no-access");
		expect_hook(host, other.monitor, PHASE_OPEN_SESSION, DECISION_DENY, "not-vouched");
		/* a session is opened by the leader, or not at all */
		expect_hook(host, other.child, PHASE_OPEN_SESSION, DECISION_DENY, "process");
		expect_hook(host, mine.child, PHASE_OPEN_SESSION, DECISION_DENY, "process");
		expect_hook(host, mine.child, PHASE_ACCOUNT, DECISION_ALLOW, "");
	}
	expect_hook(host, mine.monitor, PHASE_OPEN_SESSION, DECISION_ALLOW, "");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM session"), 1);
	sshd_end(&mine);
	sshd_end(&other);
}

static void a_reservation_is_taken_once(void **state)
{
	const struct host *host = need_logins(state);
	struct sshd sshd;

	sshd_begin(&sshd);
	type_at(host, &sshd, true);
	expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_ALLOW, "");
	expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_DENY, "not-vouched");
	expect_hook(host, sshd.child, PHASE_ACCOUNT, DECISION_DENY, "not-vouched");
	sshd_end(&sshd);
}

/* After another module's refusal the person is not asked for a second token. */
static void a_retry_in_the_same_connection_is_not_asked_again(void **state)
{
	const struct host *host = need_logins(state);
	struct sshd sshd;

	sshd_begin(&sshd);
	type_at(host, &sshd, false);
	expect_hook(host, sshd.child, PHASE_AUTH, DECISION_ALLOW, "");
	expect_hook(host, sshd.child, PHASE_ACCOUNT, DECISION_ALLOW, "");
	expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_ALLOW, "");
	sshd_end(&sshd);
}

static void a_reservation_is_for_one_account_and_one_service(void **state)
{
	const struct host *host = need_logins(state);
	const struct message others[] = {
	        ssh_check(PHASE_ACCOUNT, "lp"), ssh_check(PHASE_ACCOUNT, "games2"),
	        ssh_check(PHASE_OPEN_SESSION, "lp"), typed_check("login", PHASE_ACCOUNT, "news", 0),
	        typed_check("login", PHASE_OPEN_SESSION, "news", 0)};
	struct talk talk;
	struct sshd sshd;

	sshd_begin(&sshd);
	type_at(host, &sshd, false);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (hook(host, sshd.monitor, &others[i], NULL, &talk) == DECISION_ALLOW)
			fail_msg("other door %zu opens", i);
	expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_ALLOW, "");
	sshd_end(&sshd);
}

static void a_reservation_lasts_a_minute(void **state)
{
	const struct host *host = need_logins(state);
	struct sshd sshd[2];

	for (int i = 0; i < 2; i++) {
		sshd_begin(&sshd[i]);
		type_at(host, &sshd[i], false);
	}
	pass(RESERVATION_SECONDS - 5);
	expect_hook(host, sshd[0].monitor, PHASE_OPEN_SESSION, DECISION_ALLOW, "");
	pass(6);
	expect_hook(host, sshd[1].monitor, PHASE_OPEN_SESSION, DECISION_DENY, "not-vouched");
	for (int i = 0; i < 2; i++)
		sshd_end(&sshd[i]);
}

static void c1_nor_longer_by_a_clock_that_is_set_back(void **state)
{
	const struct host *host = need_logins(state);
	struct sshd sshd;

	set_clock(3600);
	sshd_begin(&sshd);
	type_at(host, &sshd, false);
	set_clock(-3600);
	pass(RESERVATION_SECONDS + 1);
	expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_DENY, "not-vouched");
	sshd_end(&sshd);
}

/* Reservations are in memory; nothing of the token is left to come in by. */
static void a_restart_before_the_session_refuses_it(void **state)
{
	struct host *host = need_logins(state);
	struct sshd sshd;

	sshd_begin(&sshd);
	type_at(host, &sshd, true);
	host_stop(host);
	host_start_here(host);
	expect_hook(host, sshd.child, PHASE_ACCOUNT, DECISION_DENY, "not-vouched");
	expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_DENY, "not-vouched");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE burned IS NOT NULL"), 1);
	sshd_end(&sshd);
}

static void what_ends_between_auth_and_session_ends_it(void **state)
{
	const struct host *host = need_logins(state);
	const struct message lock = lock_of("games"), unlock = unlock_of("games");
	struct message message;
	uint32_t access;
	struct sshd sshd;

	sshd_begin(&sshd);
	access = type_at(host, &sshd, false);
	must_do(host, ROOT, &lock);
	expect_hook(host, sshd.child, PHASE_ACCOUNT, DECISION_DENY, "locked");
	must_do(host, ROOT, &unlock);
	expect_hook(host, sshd.child, PHASE_ACCOUNT, DECISION_ALLOW, "");
	message = revoke_of(access);
	must_do(host, ROOT, &message);
	expect_hook(host, sshd.child, PHASE_ACCOUNT, DECISION_DENY, "revoked");
	expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_DENY, "revoked");
	sshd_end(&sshd);
	sshd_begin(&sshd);
	access = type_at(host, &sshd, true);
	message = cancel_of(access);
	must_do(host, AS(GAMES), &message);
	expect_hook(host, sshd.monitor, PHASE_OPEN_SESSION, DECISION_DENY, "returned");
	sshd_end(&sshd);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM session"), 0);
}

/* By key sshd vouches in its monitor, and a held token opens; without one nobody is vouched for,
 * whoever holds what. */
static void a_held_token_opens_by_key_alone(void **state)
{
	const struct host *host = need_logins(state);
	struct message check = ssh_check(PHASE_ACCOUNT, "games");
	struct sshd sshd;
	struct talk talk;

	must_request(host, AS(GAMES), "ssh:games");
	sshd_begin(&sshd);
	assert_int_equal(hook(host, sshd.child, &check, NULL, &talk), DECISION_DENY);
	check.check.phase = PHASE_OPEN_SESSION;
	assert_int_equal(hook(host, sshd.monitor, &check, NULL, &talk), DECISION_DENY);
	assert_int_equal(checks(host, "deny", "not-vouched"), 2);
	check.check.phase = PHASE_AUTH;
	assert_int_equal(hook(host, sshd.child, &check, "", &talk), DECISION_DENY);
	assert_true(talk.asked);
	assert_int_equal(checks(host, "deny", "nothing-typed"), 1);
	check.check.phase = PHASE_ACCOUNT;
	assert_int_equal(hook(host, sshd.monitor, &check, NULL, &talk), DECISION_ALLOW);
	check.check.phase = PHASE_OPEN_SESSION;
	assert_int_equal(hook(host, sshd.monitor, &check, NULL, &talk), DECISION_ALLOW);
	sshd_end(&sshd);
}

/* sudo: the account is known at the end; one use, though two tokens were typed for it. */
static void a_use_is_spent_by_a_session_not_by_a_token(void **state)
{
	const struct host *host = need_logins(state);
	struct message auth = typed_check("sudo", PHASE_AUTH, "games", 1),
	               account = typed_check("sudo", PHASE_ACCOUNT, "games", 1),
	               open = typed_check("sudo", PHASE_OPEN_SESSION, "news", 1);
	char tokens[2][SECRET_SIZE];
	uint32_t access = must_issue(host, AS(GAMES), "sudo:news", false, tokens[0]);
	struct talk talk;

	issue(host, AS(GAMES), access, false, tokens[1]);
	for (int i = 0; i < 2; i++) {
		auth.check.handle.bytes[9] = (uint8_t)i;
		assert_int_equal(type_in(host, &auth, tokens[i], &talk), DECISION_ALLOW);
		assert_non_null(strstr(talk.said, "wants its token or code typed"));
	}
	assert_int_equal(type_in(host, &account, NULL, &talk), DECISION_ALLOW);
	assert_false(talk.asked);
	open.check.handle.bytes[9] = 2; /* for which nothing was typed */
	must_not_open(host, &open, NULL, "to-be-typed");
	open.check.handle.bytes[9] = 0;
	strcpy(open.check.user, "mail");
	must_not_open(host, &open, NULL, "wrong-account");
	open.check.handle.bytes[9] = 1;
	strcpy(open.check.user, "news");
	assert_int_equal(type_in(host, &open, NULL, &talk), DECISION_ALLOW);
	must_not_open(host, &open, NULL, "used-up");
	expect_state(host, access, "used-up");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, logins_begin, logins_end)
	const struct CMUnitTest tests[] = {
	        TEST(a_typed_login_goes_through_three_phases),
	        TEST(a_token_given_as_the_password_is_a_typed_one),
	        TEST(another_connection_never_passes),
	        TEST(a_reservation_is_taken_once),
	        TEST(a_retry_in_the_same_connection_is_not_asked_again),
	        TEST(a_reservation_is_for_one_account_and_one_service),
	        TEST(a_reservation_lasts_a_minute),
	        TEST(c1_nor_longer_by_a_clock_that_is_set_back),
	        TEST(a_restart_before_the_session_refuses_it),
	        TEST(what_ends_between_auth_and_session_ends_it),
	        TEST(a_held_token_opens_by_key_alone),
	        TEST(a_use_is_spent_by_a_session_not_by_a_token),
	};

	people_come();
	return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
