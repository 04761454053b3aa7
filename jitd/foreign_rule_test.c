/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of another issuer: what the rule has to say, and whose keys count when. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "jitd/clock.h"
#include "tests/daemon/arrivals.h"
#include "tests/daemon/logins.h"

/* ---- the rule ---- */

static void a_rule_must_name_the_trust(void **state)
{
	struct host *host = need_people(state);
	const struct message message = request_of("sudo:root", WIRE_DEFAULT, "");
	text_owned token = fresh();

	/* those with via are for nobody else */
	expect_refusal(host, AS(GAMES), &message, "no rule lets games", "no-rule");
	must_present(host, token);
}

static void a_rule_without_via_is_not_for_it(void **state)
{
	struct host *host = need_people(state);
	text_owned token = fresh();

	must_request(host, AS(GAMES), "sudo:root");
	must_not_present(host, AS(GAMES), token, "no rule with via = \"other\"", "no-rule");
}

static void what_it_asks_must_be_given_by_the_trust_and_known_here(void **state)
{
	static const struct {
		const char *scope, *reason;
	} scopes[] = {{"login:news", "foreign-scope"},
	              {"sudo:root login:news", "foreign-scope"},
	              {"sudo:*", "foreign-scope"},
	              {"root", "foreign-scope"},
	              {"su:nosuch", "foreign-account"},
	              {"su:man2", "foreign-account"}, /* a second name */
	              {"su:news", "rule-denies"},
	              {"su:daemon su:news", "rule-denies"},
	              {"su:games", "no-rule"}};
	const struct host *host = need_people(state);

	for (size_t i = 0; i < COUNT(scopes); i++) {
		text_owned token = token_for(scopes[i].scope);
		must_not_present(host, AS(GAMES), token, "", scopes[i].reason);
	}
}

static void an_approval_is_waited_for_and_the_end_stays(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = token_for("su:lp");
	uint32_t access = must_present(host, token);

	expect_state(host, access, "pending");
	must_not_present(host, AS(GAMES), token, "used already", "token-used");
	/* it waits no longer than the token says */
	assert_int_equal(on_disk(host, "SELECT lapses = ends FROM access WHERE id = %u", access),
	                 1);
	*people_ahead() = 200;
	must_approve(host, AS(MAN), access);
	expect_state(host, access, "active");
	assert_int_equal(on_disk(host,
	                         "SELECT until = ends AND until - from_ BETWEEN 95 AND 100 FROM "
	                         "access WHERE id = %u",
	                         access),
	                 1);
	/* by the clock that nobody sets, too */
	assert_true(on_disk(host, "SELECT boot_until FROM access WHERE id = %u", access) <=
	            clock_boot() + 100);
}

static void what_is_not_approved_before_its_end_lapses(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = token_for("su:lp");
	uint32_t access = must_present(host, token);
	const struct message yes = approve_of(access, WIRE_DEFAULT);

	*people_ahead() = 300;
	must_refuse(host, AS(MAN), &yes, "has waited too long");
}

static void what_the_rule_demands_is_said_beside_it(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = token_for("su:mail");
	struct message message = present_of(token, "", "");
	struct message answer;

	expect_refusal(host, AS(GAMES), &message, "wants a reason", "reason-missing");
	message = present_of(token, "disk full", "X");
	expect_refusal(host, AS(GAMES), &message, "wants --ticket", "ticket");
	message = present_of(token, "a\nb", "INC-1");
	expect_refusal(host, AS(GAMES), &message, "control characters", "reason");
	message = present_of(token, "disk full", "INC-1");
	say(host, AS(GAMES), &message, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access WHERE reason = 'disk full' AND "
	                               "ticket = 'INC-1'"),
	                 1);
}

static void lock_and_limits_hold(void **state)
{
	struct host *host = need_people(state);
	const struct message lock = lock_of("games"), unlock = unlock_of("games");
	text_owned token = fresh();
	text_owned next = fresh();

	must_do(host, ROOT, &lock);
	must_not_present(host, AS(GAMES), token, "is locked", "locked");
	must_do(host, ROOT, &unlock);
	must_present(host, token);
	host->jitd->settings->requests_per_minute = 1;
	must_not_present(host, AS(GAMES), next, "within a minute", "too-many");
	*people_ahead() = 61;
	must_present(host, next);
}

static void what_came_by_a_key_can_be_revoked_by_it(void **state)
{
	const struct host *host = need_people(state);
	struct message revoke = {.id = MESSAGE_revoke, .revoke = {.by = REVOKE_KEY}};
	text_owned token = fresh();
	uint32_t access = must_present(host, token);

	snprintf(revoke.revoke.value, sizeof(revoke.revoke.value), "%s",
	         trusting_provider()->bench->kid);
	must_do(host, ROOT, &revoke);
	expect_state(host, access, "revoked");
	expect_sudo(host, DECISION_DENY, "was revoked");
}

/* ---- whose keys ---- */

static int64_t events(const struct host *host, const char *verdict)
{
	return on_disk(host,
	               "SELECT count(*) FROM event WHERE event = 'trust' AND verdict = '%s' AND "
	               "text LIKE 'other: %%'",
	               verdict);
}

static void new_keys_count_at_the_next_token_and_old_ones_no_more(void **state)
{
	const struct host *host = need_people(state);
	text_owned old = fresh();
	text_owned new = NULL;

	assert_int_equal(events(host, "allow"), 1);
	provider_rekey(trusting_provider());
	new = fresh();
	must_not_present(host, AS(GAMES), new, "has the key", "token-key-unknown");
	provider_publish(trusting_provider(), NULL);
	must_present(host, new);
	must_not_present(host, AS(GAMES), old, "has the key", "token-key-unknown");
	assert_int_equal(events(host, "allow"), 2);
}

static void a_bad_file_is_an_event_and_the_old_keys_stay(void **state)
{
	const struct message reload = {.id = MESSAGE_reload};
	struct host *host = need_people(state);
	text_owned token = fresh();
	text_owned other = fresh();
	struct message answer;

	provider_publish(trusting_provider(), "{\"keys\":[]}");
	must_present(host, token);
	assert_int_equal(events(host, "deny"), 1);
	say(host, ROOT, &reload, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	assert_non_null(strstr(answer.done.text, "; 1 trust without a good file of keys"));
	assert_int_equal(events(host, "deny"), 2);
	/* a start is not put off by it: whoever shall mend it must get in */
	host_stop(host);
	host_start_here(host);
	assert_int_equal(events(host, "deny"), 3);
	must_not_present(host, AS(GAMES), other, "has the key", "token-key-unknown");
	provider_publish(trusting_provider(), NULL);
	must_present(host, other);
}

/* ---- at its end ---- */

static int begin_kept(void **state)
{
	return trusting_begin(state,
	                      "rule \"kept\" { who = {\"games\"} scope = {\"sudo:root\"}\n"
	                      "approvals = 0 via = \"other\" at-end = \"keep\" }\n",
	                      "\"sudo:*\"", "");
}

/* The issuer says until when what its token opens lives, and no rule here says otherwise. */
static void what_a_rule_keeps_ends_with_the_token_all_the_same(void **state)
{
	const struct host *host = need_people(state);
	const struct message open = check_of(PHASE_OPEN_SESSION, "root", 1);
	text_owned token = fresh();
	struct message answer;

	must_present(host, token);
	assert_int_equal(check(host, &open, &answer), DECISION_ALLOW);
	assert_int_equal(on_disk(host, "SELECT s.until = a.ends AND a.keep = 3600 FROM session s "
	                               "JOIN access a ON a.id = s.access"),
	                 1);
}

int main(void)
{
#define WITH(name, setup) cmocka_unit_test_setup_teardown(name, setup, trusting_end)
#define TEST(name)        WITH(name, arrivals_begin)
	const struct CMUnitTest tests[] = {
	        TEST(a_rule_must_name_the_trust),
	        WITH(a_rule_without_via_is_not_for_it, arrivals_begin_own),
	        TEST(what_it_asks_must_be_given_by_the_trust_and_known_here),
	        TEST(an_approval_is_waited_for_and_the_end_stays),
	        TEST(what_is_not_approved_before_its_end_lapses),
	        TEST(what_the_rule_demands_is_said_beside_it),
	        TEST(lock_and_limits_hold),
	        TEST(what_came_by_a_key_can_be_revoked_by_it),
	        TEST(new_keys_count_at_the_next_token_and_old_ones_no_more),
	        TEST(a_bad_file_is_an_event_and_the_old_keys_stay),
	        WITH(what_a_rule_keeps_ends_with_the_token_all_the_same, begin_kept),
	};

	people_come();
	return cmocka_run_group_tests_name("foreign_rule", tests, NULL, NULL);
}
