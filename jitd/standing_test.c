/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked at anew at each approval: who asked, the rules, and the hour. */
#include "tests/daemon/accounts.h"
#include "tests/daemon/people.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "jitd/reload.h"

#define ROOT_RULE PEOPLE_RULE_ROOT
#define HOURS                                                                                         \
	"rule \"hours\" { who = {\"%friends\"} scope = {\"sudo:root\"} approvers = {\"%deciders\"}\n" \
	"when = {\"mon-fri 08:00-18:00\", \"sat 10:00-12:00\"} pending = \"7d\" }\n"

static bool names_fail, commits_fail;

void __real_names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                         names_answer *answer, void *context);
void __wrap_names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                         names_answer *answer, void *context);
void __wrap_names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                         names_answer *answer, void *context)
{
	if (names_fail && key->uid == GAMES && !key->name[0])
		answer(context, NAMES_FAILED, NULL);
	else
		__real_names_lookup(names, lane, key, answer, context);
}

int __real_store_run(struct store *store, enum statement statement);
int __wrap_store_run(struct store *store, enum statement statement);
int __wrap_store_run(struct store *store, enum statement statement)
{
	if (commits_fail && statement == STATEMENT_COMMIT)
		return -EIO;
	return __real_store_run(store, statement);
}

static int begin(void **state)
{
	names_fail = commits_fail = false;
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	return people_begin(state);
}

static void rules(const struct host *host, const char *text)
{
	const struct message message = {.id = MESSAGE_reload};

	host_rules(host, text);
	must_do(host, ROOT, &message);
}

/* jitd's clock shows this hour of the next such day. */
static void set_clock(int day, int hour)
{
	int64_t now = (int64_t)time(NULL), today = now / 86400;
	int64_t wanted = today + (day - (today + 3) % 7 + 7) % 7 + 7;

	*people_ahead() = wanted * 86400 + hour * 3600 - now;
}

static void refused_and_lapsed(const struct host *host, uint32_t access, const char *word,
                               const char *reason, const char *ended)
{
	const struct message yes = approve_of(access, WIRE_DEFAULT);

	expect_refusal(host, AS(MAN), &yes, word, reason);
	expect_state(host, access, "lapsed");
	if (on_disk(host, "SELECT count(*) FROM access WHERE id = %u AND ended = 'lapsed: %s'",
	            access, ended) != 1)
		fail_msg("access %u did not end by \"%s\"", access, ended);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE event = 'lapsed' AND "
	                         "access = %u",
	                         access),
	                 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM decision"), 0);
}

/* ---- who asked ---- */

static void who_left_the_group_is_not_approved(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");

	accounts_group(PEOPLE_GROUPS "friends:x:300:lp\ndeciders:x:301:man,lp,mail\n");
	refused_and_lapsed(host, access, "rule root no longer names games; games must ask again",
	                   "not-a-member", "rule root no longer names games");
	/* it does not come back with the group */
	accounts_group(people_groups);
	access = must_request(host, AS(GAMES), "sudo:root");
	must_approve(host, AS(MAN), access);
	expect_state(host, access, "active");
}

static void who_is_gone_or_somebody_else_is_not_approved(void **state)
{
	const struct host *host = need_people(state);
	uint32_t gone = must_request(host, AS(GAMES), "sudo:root");
	uint32_t renamed = must_request(host, AS(GAMES), "sudo:root");

	accounts_passwd("root:x:0:0::/root:/bin/sh\nman:x:6:12::/:/bin/sh\n");
	refused_and_lapsed(host, gone, "no longer knows games", "unknown-user",
	                   "this host no longer knows games");
	accounts_passwd("root:x:0:0::/root:/bin/sh\nman:x:6:12::/:/bin/sh\n"
	                "player:x:5:60::/:/bin/sh\n");
	refused_and_lapsed(host, renamed, "who was games is player now", "unknown-user",
	                   "who was games is player now");
}

static void where_nss_does_not_say_it_waits(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	const struct message yes = approve_of(access, WIRE_DEFAULT);

	names_fail = true;
	expect_refusal(host, AS(MAN), &yes, "cannot tell who games is right now",
	               "names-undecided");
	expect_state(host, access, "pending");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM decision"), 0);
	names_fail = false;
	must_approve(host, AS(MAN), access);
	expect_state(host, access, "active");
}

/* ---- the rules ---- */

static void a_rule_that_denies_by_now_is_heard(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");

	rules(host,
	      "rule \"no\" { effect = \"deny\" who = {\"games\"} scope = {\"sudo:root\"} }\n" ROOT_RULE
	              PEOPLE_RULES);
	expect_state(host, access, "pending"); /* its own rule is what it was */
	refused_and_lapsed(host, access, "rule no denies it to games", "rule-denies",
	                   "rule no denies it to games");
}

static void a_rule_that_denies_after_its_own_is_not(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");

	rules(host, ROOT_RULE PEOPLE_RULES
	      "rule \"no\" { effect = \"deny\" who = {\"games\"} scope = {\"sudo:root\"} }\n");
	must_approve(host, AS(MAN), access);
	expect_state(host, access, "active");
	expect_sudo(host, DECISION_ALLOW, "");
}

static void another_rule_that_decides_by_now_is_heard(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");

	rules(host, "rule \"first\" { who = {\"games\"} scope = {\"sudo:root\"}\n"
	            "approvers = {\"mail\"} approvals = 1 }\n" ROOT_RULE PEOPLE_RULES);
	refused_and_lapsed(host, access, "rule first comes before its rule now", "rule-changed",
	                   "rule first comes before its rule now");
}

/* As where the sweep of a reload has not come to it yet. */
static void a_changed_rule_is_seen_without_a_sweep(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	struct fault fault;

	host_rules(host, "rule \"root\" { who = {\"%friends\"} scope = {\"sudo:root\"}\n"
	                 "approvers = {\"%deciders\"} max = \"2h\" }\n" PEOPLE_RULES);
	assert_int_equal(reload_rules(host->jitd, &fault), 0);
	expect_state(host, access, "pending");
	refused_and_lapsed(host, access, "its rule has changed; games must ask again",
	                   "rule-changed", "its rule has changed");
}

/* ---- the hour ---- */

static void a_closed_rule_is_approved_when_it_is_open(void **state)
{
	const struct host *host = need_people(state);
	struct message yes, ask = request_of("sudo:root", WIRE_DEFAULT, "");
	uint32_t access;

	rules(host, HOURS);
	set_clock(0, 7);
	expect_refusal(host, AS(GAMES), &ask, "no rule lets games ask", "no-rule");
	set_clock(0, 10);
	access = must_request(host, AS(GAMES), "sudo:root");
	yes = approve_of(access, WIRE_DEFAULT);
	set_clock(0, 18);
	expect_refusal(host, AS(MAN), &yes,
	               "rule hours is open mon-fri 08:00-18:00, sat 10:00-12:00: decide then",
	               "closed");
	expect_state(host, access, "pending");
	set_clock(1, 9);
	must_approve(host, AS(MAN), access);
	expect_state(host, access, "active");
}

/* A rule behind it, or none, is not what it was asked under. */
static void a_closed_rule_is_not_stood_in_for(void **state)
{
	const struct host *host = need_people(state);
	struct message yes;
	uint32_t access;

	set_clock(0, 10);
	rules(host, HOURS ROOT_RULE);
	access = must_request(host, AS(GAMES), "sudo:root");
	yes = approve_of(access, WIRE_DEFAULT);
	set_clock(0, 19);
	expect_refusal(host, AS(MAN), &yes, "rule hours is open", "closed");
	rules(host, HOURS
	      "rule \"no\" { effect = \"deny\" who = {\"games\"} scope = {\"sudo:root\"} }\n");
	expect_refusal(host, AS(MAN), &yes, "rule hours is open", "closed");
	expect_state(host, access, "pending");
}

static void a_grant_outlives_the_hours_of_its_rule(void **state)
{
	const struct host *host = need_people(state);
	struct message ask = request_of("sudo:root", 3600, ""), answer;

	rules(host, HOURS
	      "rule \"no\" { effect = \"deny\" who = {\"games\"} scope = {\"sudo:root\"} }\n");
	set_clock(4, 17);
	*people_ahead() += 1800;
	say(host, AS(GAMES), &ask, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	must_approve(host, AS(MAN), answer.done.access);
	expect_sudo(host, DECISION_ALLOW, "");
	*people_ahead() += 2400; /* ten past six */
	expect_sudo(host, DECISION_ALLOW, "");
}

static void a_deny_rule_ends_use_at_its_hour(void **state)
{
	const struct host *host = need_people(state);
	struct message ask = request_of("sudo:root", 3600, ""), answer;

	rules(host,
	      "rule \"night\" { effect = \"deny\" who = {\"%friends\"} scope = {\"sudo:root\"}\n"
	      "when = {\"22:00-06:00\"} }\n" ROOT_RULE);
	set_clock(2, 21);
	*people_ahead() += 1800;
	say(host, AS(GAMES), &ask, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	must_approve(host, AS(MAN), answer.done.access);
	expect_sudo(host, DECISION_ALLOW, "");
	*people_ahead() += 2400; /* ten past ten */
	expect_sudo(host, DECISION_DENY, "a rule denies this to you");
	expect_refusal(host, AS(GAMES), &ask, "rule night denies sudo:root to games",
	               "rule-denies");
}

/* ---- what is told is on disk ---- */

static void a_lapse_that_is_not_on_disk_is_not_told(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	const struct message yes = approve_of(access, WIRE_DEFAULT);

	accounts_group(PEOPLE_GROUPS "friends:x:300:lp\ndeciders:x:301:man,lp,mail\n");
	commits_fail = true;
	must_refuse(host, AS(MAN), &yes, "nothing was changed");
	commits_fail = false;
	expect_state(host, access, "pending");
	refused_and_lapsed(host, access, "no longer names games", "not-a-member",
	                   "rule root no longer names games");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(who_left_the_group_is_not_approved),
	        TEST(who_is_gone_or_somebody_else_is_not_approved),
	        TEST(where_nss_does_not_say_it_waits),
	        TEST(a_rule_that_denies_by_now_is_heard),
	        TEST(a_rule_that_denies_after_its_own_is_not),
	        TEST(another_rule_that_decides_by_now_is_heard),
	        TEST(a_changed_rule_is_seen_without_a_sweep),
	        TEST(a_closed_rule_is_approved_when_it_is_open),
	        TEST(a_closed_rule_is_not_stood_in_for),
	        TEST(a_grant_outlives_the_hours_of_its_rule),
	        TEST(a_deny_rule_ends_use_at_its_hour),
	        TEST(a_lapse_that_is_not_on_disk_is_not_told),
	};

	people_come();
	return cmocka_run_group_tests_name("standing", tests, NULL, NULL);
}
