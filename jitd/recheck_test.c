/* SPDX-License-Identifier: Apache-2.0 */
/* Open sessions whose subject left the group, or whom a rule denies: they end before the next
 * check.
 */
#include "tests/daemon/accounts.h"
#include "tests/daemon/clocks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "jitd/clock.h"
#include "jitd/recheck.h"
#include "jitd/unwritten.h"

#define RULES                                                                                      \
	"defaults { approvals = 0 max = \"1h\" default = \"1h\" }\n"                               \
	"rule \"root\" { who = {\"%friends\"} scope = {\"sudo:root\", \"su:news\"} }\n"
#define DENY(scope) "rule \"no\" { effect = \"deny\" who = {\"games\"} scope = {\"" scope "\"} }\n"
#define LEFT        PEOPLE_GROUPS "friends:x:300:lp\ndeciders:x:301:man,lp,mail\n"
#define MINUTE      INT64_C(60000000000) /* ticks */
#define MANY        100

/* What is wrapped hands no context over. */
static struct {
	enum names_result names;    /* of games, where it is set */
	bool commits_fail, no_wait; /* a minute is over at once */
	int64_t ticks;              /* ahead */
	unsigned int rounds;        /* that armed the next */
	const struct timer *grants; /* looked at once a minute as well */
} play;

void __real_names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                         names_answer *answer, void *context);
void __wrap_names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                         names_answer *answer, void *context);
void __wrap_names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                         names_answer *answer, void *context)
{
	static char friends[][NAME_SIZE] = {"games", "friends"};
	const struct identity games = {
	        .uid = GAMES, .name = "games", .group_count = 2, .groups = friends};

	if (play.names == NAMES_FOUND || key->uid != GAMES || key->name[0])
		__real_names_lookup(names, lane, key, answer, context);
	else
		answer(context, play.names, play.names == NAMES_STALE ? &games : NULL);
}

int __real_store_run(struct store *store, enum statement statement);
int __wrap_store_run(struct store *store, enum statement statement);
int __wrap_store_run(struct store *store, enum statement statement)
{
	if (play.commits_fail && statement == STATEMENT_COMMIT)
		return -EIO;
	return __real_store_run(store, statement);
}

int64_t __real_clock_ticks(void);
int64_t __wrap_clock_ticks(void);
int64_t __wrap_clock_ticks(void)
{
	return __real_clock_ticks() + play.ticks;
}

void __real_timer_start(struct timer *timer, uint64_t milliseconds);
void __wrap_timer_start(struct timer *timer, uint64_t milliseconds);
void __wrap_timer_start(struct timer *timer, uint64_t milliseconds)
{
	bool armed = milliseconds == RECHECK_MS && timer != play.grants;

	play.rounds += armed;
	__real_timer_start(timer, play.no_wait && armed ? 1 : milliseconds);
}

static int begin(void **state)
{
	memset(&play, 0, sizeof(play));
	play.names = NAMES_FOUND;
	alarm(60); /* what is waited for does not come */
	return people_begin_with(state, RULES, "");
}

static struct host *here(void **state)
{
	struct host *host = need_people(state);

	play.grants = host->jitd->deadline;
	return host;
}

static void open_one(const struct host *host, const char *account)
{
	static uint64_t handles;
	struct message open = check_of(PHASE_OPEN_SESSION, account, ++handles), answer;

	assert_int_equal(check(host, &open, &answer), DECISION_ALLOW);
}

/* All were asked about, since this began. */
static void rounded(const struct host *host)
{
	unsigned int before = play.rounds;

	recheck_soon(host->jitd);
	while (play.rounds == before)
		host_turn(host, true);
}

static uint32_t opened(const struct host *host)
{
	uint32_t access = must_request(host, AS(GAMES), "sudo:root su:news");

	open_one(host, "root");
	rounded(host);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM session WHERE doomed IS NULL"), 1);
	return access;
}

static int64_t doomed(const struct host *host)
{
	return on_disk(host, "SELECT count(*) FROM session WHERE doomed IS NOT NULL");
}

static void until_doomed(const struct host *host, int64_t count)
{
	while (doomed(host) < count)
		host_turn(host, true);
}

static void expect_end(const struct host *host, const char *reason, const char *why)
{
	until_doomed(host, 1);
	if (on_disk(host, "SELECT count(*) FROM session WHERE doomed = '%s'", why) != 1 ||
	    on_disk(host,
	            "SELECT count(*) FROM event WHERE event = 'session-end' AND reason = '%s' AND "
	            "session = access || '-1' AND subject = 'games' AND text = '%s'",
	            reason, why) != 1)
		fail_msg("it does not end since %s", why);
}

static void reload(const struct host *host, const char *rules)
{
	const struct message message = {.id = MESSAGE_reload};

	host_rules(host, rules);
	must_do(host, ROOT, &message);
}

/* ---- the group ---- */

static void who_left_the_group_loses_the_session(void **state)
{
	const struct host *host = here(state);
	uint32_t access = opened(host);

	accounts_group(LEFT);
	rounded(host);
	expect_end(host, "not-a-member", "its rule no longer names its subject");
	while (!on_disk(host, "SELECT count(*) FROM event WHERE event = 'not-ended'"))
		host_turn(host, true); /* there is no reaper to ask */
	/* as at every check: who is back has the access */
	expect_state(host, access, "active");
	expect_sudo(host, DECISION_DENY, "no longer names you");
	accounts_group(people_groups);
	expect_sudo(host, DECISION_ALLOW, "");
}

static void it_is_asked_once_a_minute(void **state)
{
	const struct host *host = here(state);

	(void)opened(host);
	play.no_wait = true;
	rounded(host);
	accounts_group(LEFT);
	expect_end(host, "not-a-member", "its rule no longer names its subject");
}

static void with_nothing_open_nothing_is_asked(void **state)
{
	const struct host *host = here(state);

	must_request(host, AS(GAMES), "sudo:root");
	recheck_soon(host->jitd);
	expect_sudo(host, DECISION_ALLOW, "");
	expect_sudo(host, DECISION_ALLOW, "");
	assert_int_equal(play.rounds, 0);
	open_one(host, "root");
	while (!play.rounds)
		host_turn(host, true);
}

static void who_is_gone_or_somebody_else_loses_it(void **state)
{
	const struct host *host = here(state);

	(void)opened(host);
	accounts_passwd("root:x:0:0::/root:/bin/sh\nplayer:x:5:60::/:/bin/sh\n");
	accounts_group(PEOPLE_GROUPS "friends:x:300:player\n");
	rounded(host);
	expect_end(host, "subject-mismatch", "its subject goes by another name");
}

static void whom_the_host_does_not_know_any_more_loses_it(void **state)
{
	const struct host *host = here(state);

	(void)opened(host);
	accounts_passwd("root:x:0:0::/root:/bin/sh\n");
	rounded(host);
	expect_end(host, "unknown-user", "this host no longer knows its subject");
}

static void all_of_many_are_asked_about(void **state)
{
	const struct host *host = here(state);

	(void)opened(host);
	for (int i = 1; i < MANY; i++)
		open_one(host, "root");
	rounded(host);
	assert_int_equal(doomed(host), 0);
	accounts_group(LEFT);
	rounded(host);
	until_doomed(host, MANY);
}

/* ---- the rules ---- */

static void a_deny_rule_ends_it(void **state)
{
	const struct host *host = here(state);

	(void)opened(host);
	reload(host, DENY("sudo:root") RULES);
	expect_end(host, "rule-denies", "a rule denies it");
}

static void so_does_one_that_came_while_jitd_was_down(void **state)
{
	struct host *host = here(state);

	(void)opened(host);
	host_stop(host);
	host_rules(host, DENY("sudo:root") RULES);
	host_start_here(host);
	expect_end(host, "rule-denies", "a rule denies it");
}

static void what_a_rule_says_of_other_scopes_or_later_does_not(void **state)
{
	const struct host *host = here(state);

	(void)opened(host);
	reload(host, DENY("su:news") RULES);
	rounded(host);
	reload(host, RULES DENY("sudo:root"));
	rounded(host);
	reload(host, "rule \"other\" { who = {\"mail\"} scope = {\"su:root\"} approvals = 0 }\n");
	rounded(host);
	assert_int_equal(doomed(host), 0);
}

/* A check that began before a change has seen what was before it. */
static void what_opens_late_is_asked_about_too(void **state)
{
	const struct host *host = here(state);
	unsigned int before;

	(void)opened(host);
	pass(5);
	rounded(host);
	pass(-5);
	before = play.rounds;
	open_one(host, "root");
	while (play.rounds == before)
		host_turn(host, true);
	pass(10);
	before = play.rounds;
	open_one(host, "root");
	host_turn(host, false);
	assert_int_equal(play.rounds, before);
}

/* ---- what is not known ---- */

static void for_15_minutes_the_last_answer_counts(void **state)
{
	const struct host *host = here(state);

	(void)opened(host);
	play.names = NAMES_FAILED;
	rounded(host);
	play.ticks = 14 * MINUTE;
	rounded(host);
	assert_int_equal(doomed(host), 0);
	play.ticks = 15 * MINUTE;
	rounded(host);
	expect_end(host, "names-undecided",
	           "this host could not tell for 15 minutes who its subject is");
}

static void an_answer_begins_them_anew_and_an_old_one_does_not(void **state)
{
	const struct host *host = here(state);

	(void)opened(host);
	play.names = NAMES_FAILED;
	play.ticks = 14 * MINUTE;
	rounded(host);
	play.names = NAMES_FOUND;
	rounded(host);
	play.names = NAMES_STALE;
	play.ticks = 28 * MINUTE;
	rounded(host);
	assert_int_equal(doomed(host), 0);
	play.names = NAMES_FAILED;
	play.ticks = 30 * MINUTE;
	rounded(host);
	until_doomed(host, 1);
}

/* As a revocation does. */
static void what_cannot_be_written_acts_from_memory(void **state)
{
	const struct host *host = here(state);
	uint32_t access = opened(host);

	accounts_group(LEFT);
	play.commits_fail = true;
	recheck_soon(host->jitd);
	while (!unwritten_covers(host->jitd->unwritten, access))
		host_turn(host, true);
	assert_int_equal(doomed(host), 0);
	play.commits_fail = false;
	until_doomed(host, 1);
	expect_state(host, access, "revoked");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(who_left_the_group_loses_the_session),
	        TEST(it_is_asked_once_a_minute),
	        TEST(with_nothing_open_nothing_is_asked),
	        TEST(who_is_gone_or_somebody_else_loses_it),
	        TEST(whom_the_host_does_not_know_any_more_loses_it),
	        TEST(all_of_many_are_asked_about),
	        TEST(a_deny_rule_ends_it),
	        TEST(so_does_one_that_came_while_jitd_was_down),
	        TEST(what_a_rule_says_of_other_scopes_or_later_does_not),
	        TEST(what_opens_late_is_asked_about_too),
	        TEST(for_15_minutes_the_last_answer_counts),
	        TEST(an_answer_begins_them_anew_and_an_old_one_does_not),
	        TEST(what_cannot_be_written_acts_from_memory),
	};

	people_come();
	return cmocka_run_group_tests_name("recheck", tests, NULL, NULL);
}
