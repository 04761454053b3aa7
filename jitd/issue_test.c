/* SPDX-License-Identifier: Apache-2.0 */
/* Who is handed a token or code, how many, and what is kept of it. */
#include "tests/daemon/logins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "jitd/access.h"
#include "jitd/issue.h"
#include "jitd/loop.h"
#include "jitd/txn.h"
#include "token/token.h"

static struct message token_of(uint32_t access, bool code)
{
	return (struct message){.id = MESSAGE_token, .token = {.access = access, .code = code}};
}

static void must_not_issue(const struct host *host, struct person person, uint32_t access,
                           const char *word, const char *reason)
{
	for (int code = 0; code < 2; code++) {
		const struct message message = token_of(access, code);
		int64_t before = on_disk(host, "SELECT count(*) FROM token");
		expect_refusal(host, person, &message, word, reason);
		/* found by the number that was asked for */
		assert_int_equal(on_disk(host,
		                         "SELECT access = %u FROM event WHERE reason = '%s' "
		                         "ORDER BY id DESC LIMIT 1",
		                         access, reason),
		                 access != 0);
		assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), before);
	}
}

static void only_its_subject_gets_one_while_it_runs(void **state)
{
	struct host *host = need_logins(state);
	const struct message lock = lock_of("games"), unlock = unlock_of("games");
	uint32_t active = must_request(host, AS(GAMES), "login:news"),
	         waiting = must_request(host, AS(GAMES), "su:root");
	char secret[SECRET_SIZE];
	struct message message;

	must_not_issue(host, AS(MAIL), active, "no such access of yours", "unknown-access");
	must_not_issue(host, AS(MAN), waiting, "no such access of yours", "unknown-access");
	must_not_issue(host, ROOT, active, "root is nobody in particular", "not-a-person");
	must_not_issue(host, (struct person){GAMES, MAIL}, active, "through another login",
	               "not-a-person");
	must_not_issue(host, AS(GAMES), 4242, "no such access of yours", "unknown-access");
	must_not_issue(host, AS(GAMES), waiting, "waits for its approval", "pending");
	must_do(host, ROOT, &lock);
	must_not_issue(host, AS(GAMES), active, "is locked", "locked");
	must_do(host, ROOT, &unlock);
	issue(host, AS(GAMES), active, false, secret);
	assert_true(strlen(secret) <= TOKEN_TYPED_MAX);
	message = cancel_of(active);
	must_do(host, AS(GAMES), &message);
	must_not_issue(host, AS(GAMES), active, "is over", "state");
	active = must_request(host, AS(GAMES), "login:news");
	*people_ahead() = 3600;
	must_not_issue(host, AS(GAMES), active, "is over", "state");
}

static void sixteen_are_out_at_a_time(void **state)
{
	struct host *host = need_logins(state);
	uint32_t access = must_request(host, AS(GAMES), "login:news"),
	         other = must_request(host, AS(GAMES), "ssh:news");
	const struct message auth = typed_check("login", PHASE_AUTH, "news", 1);
	char secret[SECRET_SIZE];
	struct talk talk;

	for (int i = 0; i < OUTSTANDING_MAX; i++)
		issue(host, AS(GAMES), access, i % 2, secret);
	must_not_issue(host, AS(GAMES), access, "16 tokens and codes", "too-many");
	issue(host, AS(GAMES), other, true, secret + 0);
	*people_ahead() = 270;
	must_not_issue(host, AS(GAMES), access, "16 tokens and codes", "too-many");
	*people_ahead() = 301;
	for (int i = 0; i < OUTSTANDING_MAX; i++)
		issue(host, AS(GAMES), access, i % 2, secret);
	must_not_issue(host, AS(GAMES), access, "16 tokens and codes", "too-many");
	assert_int_equal(type_in(host, &auth, secret, &talk), DECISION_ALLOW);
	issue(host, AS(GAMES), access, false, secret);
	must_not_issue(host, AS(GAMES), access, "16 tokens and codes", "too-many");
}

/* Many at once do not pass by one another. */
static void sixteen_also_when_all_ask_at_once(void **state)
{
	enum { MANY = 40 };
	const struct host *host = need_logins(state);
	const struct message message = token_of(must_request(host, AS(GAMES), "login:news"), false);
	struct link links[MANY];
	struct message answer;
	unsigned int minted = 0;

	for (size_t i = 0; i < MANY; i++)
		link_open(host, CLIENT_SOCKET, AS(GAMES), &links[i]);
	for (size_t i = 0; i < MANY; i++)
		link_send(&links[i], &message);
	for (size_t i = 0; i < MANY; i++) {
		assert_true(link_receive(&links[i], &answer));
		minted += answer.id == MESSAGE_minted;
		link_close(&links[i]);
	}
	assert_int_equal(minted, OUTSTANDING_MAX);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), OUTSTANDING_MAX);
}

static void end_access(const struct host *host, uint32_t id)
{
	struct access *access = NULL;

	assert_int_equal(txn_enter(host->jitd->txn), 0);
	assert_int_equal(access_get(host->jitd->store, id, &access), 0);
	assert_int_equal(access_move(host->jitd, access, ON_REVOKE, &(struct act){.now = 1}), 0);
	assert_int_equal(txn_leave(host->jitd->txn, 0), 0);
	access_free(access);
}

/* It is signed, and not yet written. */
static void an_access_that_ends_meanwhile_leaves_no_token(void **state)
{
	const struct host *host = need_logins(state);
	uint32_t access = must_request(host, AS(GAMES), "login:news");
	const struct message message = token_of(access, false);
	struct message answer;
	struct link link;

	link_open(host, CLIENT_SOCKET, AS(GAMES), &link);
	link_send(&link, &message);
	while (!loop_work_in_flight(host->jitd->loop))
		host_turn(host, true);
	end_access(host, access);
	assert_true(link_receive(&link, &answer));
	assert_int_equal(answer.id, MESSAGE_refused);
	assert_non_null(strstr(answer.refused.text, "is over"));
	link_close(&link);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), 0);
}

/* And what is with the pool to be read when its access ends opens nothing. */
static void an_access_that_ends_while_its_token_is_read_opens_nothing(void **state)
{
	const struct host *host = need_logins(state);
	const struct message auth = typed_check("login", PHASE_AUTH, "news", 1);
	struct message message;
	char secret[SECRET_SIZE];
	struct link link, beside;

	link_beside(host, &beside);
	for (int code = 0; code < 2; code++) {
		uint32_t access = must_issue(host, AS(GAMES), "login:news", code, secret);
		link_open(host, PAM_SOCKET, SELF, &link);
		assert_true(until_asked(&link, &auth, &message));
		give(&link, secret);
		until_on_the_pool(host);
		end_access(host, access);
		assert_true(link_receive(&link, &message));
		assert_int_equal(message.id, MESSAGE_verdict);
		assert_int_equal(message.verdict.decision, DECISION_DENY);
		link_close(&link);
	}
	link_close(&beside);
	assert_int_equal(checks(host, "deny", "revoked"), 2);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE burned IS NOT NULL"), 0);
}

/* ---- for another host ---- */

static struct message request_on(const char *scope, const char *host)
{
	struct message message = request_of(scope, WIRE_DEFAULT, "why");

	snprintf(message.request.host, sizeof(message.request.host), "%s", host);
	return message;
}

static const char elsewhere_rules[] =
        "defaults { approvals = 0 max = \"1h\" default = \"1h\" }\n"
        "rule \"web\" { who = {\"games\"} scope = {\"ssh:nobody-here\", \"ssh:news\"}\n"
        "hosts = {\"web*\"} present = \"typed\" }\n"
        "rule \"own\" { who = {\"games\"} scope = {\"ssh:games\", \"sudo:root\"}\n"
        "hosts = {\"web*\"} }\n"
        "rule \"once\" { who = {\"games\"} scope = {\"sudo:mail\"} hosts = {\"web*\"}\n"
        "uses = 2 }\n"
        "rule \"here\" { who = {\"games\"} scope = {\"ssh:games\", \"su:lp\"} }\n"
        "rule \"there\" { who = {\"games\"} scope = {\"sudo:root\"} }\n"
        "rule \"ask\" { who = {\"games\"} scope = {\"su:root\"} hosts = {\"web1\"}\n"
        "approvals = 1 approvers = {\"man\"} }\n";

static int elsewhere_begin(void **state)
{
	const struct message reload = {.id = MESSAGE_reload};
	int r = logins_begin(state);

	if (r < 0 || !*state)
		return r;
	host_rules(*state, elsewhere_rules);
	must_do(*state, ROOT, &reload);
	return 0;
}

static uint32_t must_request_on(const struct host *host, const char *scope, const char *on)
{
	const struct message message = request_on(scope, on);
	struct message answer;

	say(host, AS(GAMES), &message, &answer);
	if (answer.id != MESSAGE_done)
		fail_msg("%s on %s: %s", scope, on, answer.refused.text);
	return answer.done.access;
}

static void the_key_hosts_says_for_which_host_may_be_asked(void **state)
{
	const struct host *host = need_logins(state);
	struct message message = request_on("ssh:news", "db1");

	expect_refusal(host, AS(GAMES), &message, "no rule lets games ask", "no-rule");
	message = request_on("ssh:news", ""); /* the rule is for other hosts */
	expect_refusal(host, AS(GAMES), &message, "no rule lets games ask", "no-rule");
	message = request_on("su:lp", "web1"); /* and this one for this host */
	expect_refusal(host, AS(GAMES), &message, "no rule lets games ask", "no-rule");
	message = request_on("ssh:news", "web 1");
	expect_refusal(host, AS(GAMES), &message, "no name of a host", "host");
	must_request_on(host, "su:lp", "TEST.example.org"); /* this host, as names of hosts go */
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access WHERE host = "
	                               "'test.example.org' AND present = 'held'"),
	                 1);
}

/* Accounts of another host are not known here. */
static void what_is_for_another_host_is_not_looked_up_and_not_held(void **state)
{
	const struct host *host = need_logins(state);
	uint32_t access = must_request_on(host, "ssh:nobody-here", "web1"),
	         own = must_request_on(host, "ssh:games", "web1"); /* by a rule with held tokens */

	expect_state(host, access, "active");
	expect_state(host, own, "active");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access WHERE host = 'web1' AND "
	                               "present = 'typed'"),
	                 2);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), 0);
}

static void its_token_is_for_that_host_and_says_until_when(void **state)
{
	const struct host *host = need_logins(state);
	uint32_t access = must_request_on(host, "ssh:news", "web1");
	const struct message code = token_of(access, true);
	struct expectation expectation = {.issuer = "test.example.org",
	                                  .audience = "web1",
	                                  .now = time(NULL),
	                                  .lifetime_max = 3600};
	char secret[SECRET_SIZE];
	struct token_result result;

	expect_refusal(host, AS(GAMES), &code, "codes work only where the token is", "elsewhere");
	issue(host, AS(GAMES), access, false, secret);
	token_read(secret, strlen(secret), keys_set(host->jitd->keys), &expectation, &result);
	assert_int_equal(result.decision, DECISION_ALLOW);
	assert_int_equal(result.claims.access, access);
	assert_int_equal(result.claims.until,
	                 on_disk(host, "SELECT until FROM access WHERE id = %u", access));
	assert_true(result.claims.exp - result.claims.iat <= 300);
	assert_true(result.claims.until > result.claims.exp);
}

/* Neither asks at a door for something that would open nothing. */
static void it_opens_nothing_here(void **state)
{
	const struct host *host = need_logins(state);
	const struct message sudo = typed_check("sudo", PHASE_AUTH, "games", 1),
	                     login = typed_check("login", PHASE_AUTH, "games", 2);
	uint32_t access = must_request_on(host, "sudo:root ssh:games", "web1");
	char secret[SECRET_SIZE];
	struct talk talk;

	issue(host, AS(GAMES), access, false, secret);
	must_not_open(host, &login, secret, "token-audience");
	assert_int_equal(type_in(host, &sudo, secret, &talk), DECISION_DENY);
	assert_false(talk.asked);
	assert_non_null(strstr(talk.text, "is for another host"));
	assert_int_equal(checks(host, "deny", "wrong-host"), 1);
	must_request(host, AS(GAMES), "sudo:root"); /* and this one is for here */
	assert_int_equal(type_in(host, &sudo, NULL, &talk), DECISION_ALLOW);
	assert_false(talk.asked);
}

static void there_uses_are_counted_by_tokens(void **state)
{
	const struct host *host = need_logins(state);
	uint32_t access = must_request_on(host, "sudo:mail", "web1");
	char secret[SECRET_SIZE];

	issue(host, AS(GAMES), access, false, secret);
	expect_state(host, access, "active");
	issue(host, AS(GAMES), access, false, secret);
	expect_state(host, access, "used-up");
	must_not_issue(host, AS(GAMES), access, "is over", "state");
}

static void it_waits_for_its_approval_like_all_others(void **state)
{
	const struct host *host = need_logins(state);
	uint32_t access = must_request_on(host, "su:root", "web1");
	char secret[SECRET_SIZE];

	must_not_issue(host, AS(GAMES), access, "waits for its approval", "pending");
	must_approve(host, AS(MAN), access);
	issue(host, AS(GAMES), access, false, secret);
}

int main(void)
{
#define ELSEWHERE(name) cmocka_unit_test_setup_teardown(name, elsewhere_begin, logins_end)
#define TEST(name)      cmocka_unit_test_setup_teardown(name, logins_begin, logins_end)
	const struct CMUnitTest tests[] = {
	        TEST(only_its_subject_gets_one_while_it_runs),
	        TEST(sixteen_are_out_at_a_time),
	        TEST(sixteen_also_when_all_ask_at_once),
	        TEST(an_access_that_ends_meanwhile_leaves_no_token),
	        TEST(an_access_that_ends_while_its_token_is_read_opens_nothing),
	        ELSEWHERE(the_key_hosts_says_for_which_host_may_be_asked),
	        ELSEWHERE(what_is_for_another_host_is_not_looked_up_and_not_held),
	        ELSEWHERE(its_token_is_for_that_host_and_says_until_when),
	        ELSEWHERE(it_opens_nothing_here),
	        ELSEWHERE(there_uses_are_counted_by_tokens),
	        ELSEWHERE(it_waits_for_its_approval_like_all_others),
	};

	people_come();
	return cmocka_run_group_tests_name("issue", tests, NULL, NULL);
}
