/* SPDX-License-Identifier: Apache-2.0 */
/* New rules, and what they do to what was asked and given under the old ones. */
#include "tests/daemon/accounts.h"
#include "tests/daemon/people.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "jitd/reload.h"

#define MANY 10000
#define LONGER                                                                                     \
	"rule \"root\" { who = {\"%friends\"} scope = {\"sudo:root\"}\n"                           \
	"approvers = {\"%deciders\"} max = \"2h\" }\n"
#define DENY "rule \"no\" { effect = \"deny\" who = {\"lp\"} scope = {\"sudo:root\"} }\n"

static bool names_fail;

void __real_names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                         names_answer *answer, void *context);
void __wrap_names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                         names_answer *answer, void *context);
void __wrap_names_lookup(struct names *names, enum names_lane lane, const struct names_key *key,
                         names_answer *answer, void *context)
{
	if (names_fail && key->uid == LP && !key->name[0])
		answer(context, NAMES_FAILED, NULL);
	else
		__real_names_lookup(names, lane, key, answer, context);
}

static int begin(void **state)
{
	names_fail = false;
	return people_begin(state);
}

static void reload(const struct host *host, const char *rules, bool revoke, const char *says)
{
	const struct message message = {.id = MESSAGE_reload, .reload.revoke = revoke};
	struct message answer;

	host_rules(host, rules);
	say(host, ROOT, &message, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	if (strcmp(answer.done.text, says) != 0)
		fail_msg("not \"%s\": %s", says, answer.done.text);
}

static int64_t events(const struct host *host, const char *event)
{
	return on_disk(host, "SELECT count(*) FROM event WHERE event = '%s'", event);
}

/* ---- what waits ---- */

static void requests_of_a_changed_rule_lapse_at_once(void **state)
{
	const struct host *host = need_people(state);
	uint32_t changed = must_request(host, AS(GAMES), "sudo:root");
	uint32_t same = must_request(host, AS(GAMES), "su:root");
	uint32_t active = must_request(host, AS(LP), "sudo:root");

	must_approve(host, AS(MAN), active);
	reload(host, LONGER PEOPLE_RULES, false, "policy in force: 6 rules; 1 request lapsed");
	expect_state(host, changed, "lapsed");
	expect_state(host, same, "pending");
	expect_state(host, active, "active");
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM access WHERE id = %u AND "
	                         "ended = 'lapsed: its rule has changed'",
	                         changed),
	                 1);
	reload(host, LONGER, false, "policy in force: 1 rule; 1 request lapsed"); /* gone */
	expect_state(host, same, "lapsed");
	expect_state(host, active, "active");
	assert_int_equal(events(host, "lapsed"), 2);
}

/* Also where the rules changed while no jitd looked. */
static void they_lapse_at_the_start_too(void **state)
{
	struct host *host = need_people(state);
	uint32_t changed = must_request(host, AS(GAMES), "sudo:root");
	uint32_t same = must_request(host, AS(GAMES), "su:root");

	host_stop(host);
	host_rules(host, LONGER PEOPLE_RULES);
	host_start_here(host);
	expect_state(host, changed, "lapsed");
	expect_state(host, same, "pending");
}

/* Of this thread alone: the machine may be busy with something else. */
static int64_t busy(void)
{
	struct timespec used;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), 0);
	return (int64_t)used.tv_sec * 1000 + used.tv_nsec / 1000000;
}

/* Turns the loop until there is an answer. In ms: the most that one turn took, and all of them. */
static int64_t longest_turn(const struct host *host, const struct link *link, int64_t *ret_all)
{
	int64_t longest = 0, first = busy();

	while (!readable(link->client.fd)) {
		int64_t before = busy(), took;
		host_turn(host, true);
		took = busy() - before;
		longest = took > longest ? took : longest;
	}
	*ret_all = busy() - first;
	return longest;
}

static void ten_thousand_do_not_hold_up_the_loop(void **state)
{
	struct host *host = need_people(state);
	const struct message message = {.id = MESSAGE_reload};
	struct message answer;
	struct link link;
	int64_t longest, all;

	must_request(host, AS(GAMES), "sudo:root");
	host_stop(host);
	on_disk_do(host,
	           "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE "
	           "i < 10000) INSERT INTO access SELECT i, uid, login_uid, subject, scope, "
	           "host, rule, rule_text, who, approvers, approvals, denials, reason, ticket, "
	           "asked, seconds, uses, uses_left, state, requested, lapses, decided, from_, "
	           "until, boot_until, boot_id, ended, present, token_ttl, warn, keep, via, "
	           "issuer, foreign_, ends, user_key "
	           "FROM access, n");
	host_start_here(host);
	host_rules(host, LONGER);
	link_open(host, CLIENT_SOCKET, ROOT, &link);
	link_send(&link, &message);
	longest = longest_turn(host, &link, &all);
	assert_true(link_receive(&link, &answer));
	link_close(&link);
	assert_string_equal(answer.done.text, "policy in force: 1 rule; 10000 requests lapsed");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access WHERE state = 'lapsed'"), MANY);
	print_message("longest turn: %lld of %lld ms\n", (long long)longest, (long long)all);
	assert_true(longest * 10 < all);
}

/* ---- what runs ---- */

static void revoke_ends_what_the_rules_would_not_give(void **state)
{
	const struct host *host = need_people(state);
	uint32_t changed = must_request(host, AS(GAMES), "sudo:daemon"), denied, same;

	denied = must_request(host, AS(LP), "sudo:root");
	same = must_request(host, AS(GAMES), "sudo:root");
	must_approve(host, AS(MAN), denied);
	must_approve(host, AS(MAN), same);
	reload(host, DENY PEOPLE_RULE_ROOT, true, "policy in force: 2 rules; 2 accesses revoked");
	expect_state(host, changed, "revoked");
	expect_state(host, denied, "revoked");
	expect_state(host, same, "active");
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM access WHERE ended IN ('revoked by root: "
	                         "its rule has changed', 'revoked by root: the rules deny it by "
	                         "now')"),
	                 2);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE held IS NOT NULL"), 1);
	expect_sudo(host, DECISION_ALLOW, "");
	/* and who is out of the group */
	accounts_group(PEOPLE_GROUPS "friends:x:300:lp\ndeciders:x:301:man,lp,mail\n");
	reload(host, DENY PEOPLE_RULE_ROOT, true, "policy in force: 2 rules; 1 access revoked");
	expect_state(host, same, "revoked");
}

static void without_revoke_what_runs_goes_on(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");

	must_approve(host, AS(MAN), access);
	reload(host, PEOPLE_RULES, false, "policy in force: 5 rules");
	expect_state(host, access, "active");
	expect_sudo(host, DECISION_ALLOW, "");
}

static void whom_nss_does_not_tell_is_left_to_the_next_check(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(LP), "sudo:root");

	must_approve(host, AS(MAN), access);
	names_fail = true;
	reload(host, DENY PEOPLE_RULE_ROOT PEOPLE_RULES, true,
	       "policy in force: 7 rules; 1 access left to its next check, since NSS does not answer");
	expect_state(host, access, "active");
}

static void a_revoking_reload_looks_at_every_page(void **state)
{
	struct host *host = need_people(state);

	must_request(host, AS(GAMES), "sudo:daemon");
	host_stop(host);
	on_disk_do(host,
	           "WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE "
	           "i < 200) INSERT INTO access SELECT i, uid, login_uid, subject, "
	           "'sudo:root', host, 'root', (SELECT 'x'), who, approvers, approvals, "
	           "denials, reason, ticket, asked, seconds, uses, uses_left, 'active', "
	           "requested, lapses, decided, from_, until + 3600, boot_until + 3600, boot_id, "
	           "ended, present, token_ttl, warn, keep, "
	           "via, issuer, foreign_, ends, user_key FROM access, n");
	host_start_here(host);
	reload(host, PEOPLE_RULE_ROOT PEOPLE_RULES, true,
	       "policy in force: 6 rules; 199 accesses revoked");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access WHERE state = 'revoked'"), 199);
}

/* ---- rules that are wrong ---- */

static void the_first_error_is_told_with_how_many_more(void **state)
{
	static const char wrong[] = "rule \"a\" { who = {\"games\"} scope = {\"sudo\"}\n"
	                            "approvals = 99 }\nrule \"b\" { max = \"soon\" }\n";
	const struct host *host = need_people(state);
	const struct message message = {.id = MESSAGE_reload};
	struct message answer;
	char before[sizeof(host->jitd->policy_digest)];

	memcpy(before, host->jitd->policy_digest, sizeof(before));
	host_rules(host, wrong);
	say(host, ROOT, &message, &answer);
	assert_int_equal(answer.id, MESSAGE_refused);
	assert_non_null(strstr(answer.refused.text, "the old policy stays: "));
	assert_non_null(strstr(answer.refused.text, ":1: "));
	assert_non_null(strstr(answer.refused.text, " more errors, which jitd's log has)"));
	assert_string_equal(host->jitd->policy_digest, before);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE event = 'policy' AND "
	                         "verdict = 'deny' AND actor = 'root' AND text LIKE '%%:1: %%'"),
	                 1);
	reload_by_signal(host->jitd);
	host_turn(host, false);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'policy' AND "
	                               "verdict = 'deny'"),
	                 2);
	must_approve(host, AS(MAN), must_request(host, AS(GAMES), "sudo:root"));
	expect_sudo(host, DECISION_ALLOW, "");
}

static void a_signal_reloads_as_the_command_does(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");

	host_rules(host, LONGER PEOPLE_RULES);
	reload_by_signal(host->jitd);
	host_turn(host, false);
	expect_state(host, access, "lapsed");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'policy' AND "
	                               "verdict = 'allow'"),
	                 1);
}

/* ---- which policy it was ---- */

static void each_event_names_the_policy_in_force(void **state)
{
	const struct host *host = need_people(state);
	char first[17] = "", second[17] = "";

	memcpy(first, host->jitd->policy_digest, 16);
	must_request(host, AS(GAMES), "sudo:root");
	reload(host, LONGER, false, "policy in force: 1 rule; 1 request lapsed");
	memcpy(second, host->jitd->policy_digest, 16);
	assert_string_not_equal(first, second);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE policy = '%s' AND event IN "
	                         "('start', 'request')",
	                         first),
	                 2);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE policy = '%s' AND event IN "
	                         "('policy', 'lapsed')",
	                         second),
	                 2);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE policy NOT IN ('%s', '%s')",
	                         first, second),
	                 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(requests_of_a_changed_rule_lapse_at_once),
	        TEST(they_lapse_at_the_start_too),
	        TEST(ten_thousand_do_not_hold_up_the_loop),
	        TEST(revoke_ends_what_the_rules_would_not_give),
	        TEST(without_revoke_what_runs_goes_on),
	        TEST(whom_nss_does_not_tell_is_left_to_the_next_check),
	        TEST(a_revoking_reload_looks_at_every_page),
	        TEST(the_first_error_is_told_with_how_many_more),
	        TEST(a_signal_reloads_as_the_command_does),
	        TEST(each_event_names_the_policy_in_force),
	};

	people_come();
	return cmocka_run_group_tests_name("reload", tests, NULL, NULL);
}
