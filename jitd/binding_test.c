/* SPDX-License-Identifier: Apache-2.0 */
/* What is bound to an ssh key opens for that key alone, at each door and in each phase; and the key
 * tells who comes into an account that is shared. */
#include <stdio.h>
#include <string.h>

#include "tests/daemon/crew.h"
#include "tests/daemon/ssh_keys.h"

static void expect_session(const struct host *host, const char *wanted)
{
	char text[256];

	last_session(host, text, sizeof(text));
	assert_string_equal(text, wanted);
}

static void expect(const char *reason, const char *wanted)
{
	if (!reason || !wanted || strcmp(reason, wanted) != 0)
		fail_msg("%s, not %s", reason ? reason : "it opens", wanted ? wanted : "open");
}

static void expect_open(const char *reason)
{
	if (reason)
		fail_msg("it does not open: %s", reason);
}

static int64_t burned(const struct host *host)
{
	return on_disk(host, "SELECT count(*) FROM token WHERE burned IS NOT NULL");
}

/* ---- one's own account ---- */

static void by_key_alone_it_opens_for_that_key_alone(void **state)
{
	const struct host *host = need_ssh_keys(state);
	char remark[512];

	must_bind(host, AS(GAMES), "ssh:games", &key_a);
	expect_open(by_key(host, "games", key_a.line));
	last_remark(host, remark, sizeof(remark));
	assert_string_equal(
	        remark,
	        "ssh key SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8 from 192.0.2.1");
	expect_session(host, "games games SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8");
	expect(by_key(host, "games", key_b.line), "wrong-key");
	last_remark(host, remark, sizeof(remark));
	assert_non_null(strstr(remark, key_b.fingerprint)); /* the one that came */
	assert_int_equal(on_disk(host, "SELECT count(*) FROM session"), 1);
}

static void where_no_key_is_seen_it_does_not_open_and_says_what_is_missing(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message account = ssh_check(PHASE_ACCOUNT, "games");
	static const char *const unseen[] = {"", "keyboard-interactive/pam\n", "publickey\n",
	                                     "publickey ssh-ed25519 AAAA\n",
	                                     "hostbased ssh-ed25519 AAAA\n"};
	struct talk talk;

	must_bind(host, AS(GAMES), "ssh:games", &key_a);
	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++) {
		struct message session = ssh_check(PHASE_OPEN_SESSION, "games");
		struct sshd sshd;
		sshd_begin(&sshd);
		strcpy(session.check.auth_info, unseen[i]);
		assert_int_equal(hook(host, sshd.monitor, &account, NULL, &talk), DECISION_ALLOW);
		assert_int_equal(hook(host, sshd.monitor, &session, NULL, &talk), DECISION_DENY);
		assert_non_null(strstr(talk.text, "AuthenticationMethods publickey"));
		assert_non_null(strstr(talk.text, "pam_env.so"));
		assert_int_equal(checks(host, "deny", "no-key"), (int64_t)i + 1);
		sshd_end(&sshd);
	}
	assert_int_equal(on_disk(host, "SELECT count(*) FROM session"), 0);
}

/* Who had to show two keys has shown both. */
static void one_of_several_keys_is_enough(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message both = keyed_check(PHASE_AUTH, "games", key_b.line, key_a.line),
	                     account = keyed_check(PHASE_ACCOUNT, "games", key_b.line, key_a.line),
	                     others = keyed_check(PHASE_AUTH, "games", key_b.line, key_c.line);
	struct message session = keyed_check(PHASE_OPEN_SESSION, "games", key_b.line, key_a.line),
	               odd = keyed_check(PHASE_AUTH, "games", key_a.line, "ssh-ed25519 AAAA"),
	               many = both;
	struct sshd sshd;
	struct talk talk;

	for (size_t i = 0; i < 2; i++)
		strcat(many.check.auth_info, both.check.auth_info);
	must_bind(host, AS(GAMES), "ssh:games", &key_a);
	sshd_begin(&sshd);
	assert_int_equal(hook(host, sshd.child, &others, "", &talk), DECISION_DENY);
	assert_non_null(strstr(talk.said, "bound to another ssh key"));
	/* what is not wholly read tells nothing */
	assert_int_equal(hook(host, sshd.child, &odd, "", &talk), DECISION_DENY);
	assert_int_equal(hook(host, sshd.child, &many, "", &talk), DECISION_DENY);
	assert_int_equal(hook(host, sshd.child, &both, "", &talk), DECISION_ALLOW);
	assert_false(talk.asked);
	assert_int_equal(hook(host, sshd.child, &account, NULL, &talk), DECISION_ALLOW);
	assert_int_equal(hook(host, sshd.monitor, &session, NULL, &talk), DECISION_ALLOW);
	sshd_end(&sshd);
	expect_session(host, "games games "); /* of two nobody can say which is theirs */
}

static void a_certificate_stands_for_its_key(void **state)
{
	const struct host *host = need_ssh_keys(state);
	struct talk talk;

	must_bind(host, AS(GAMES), "ssh:games", &key_a);
	expect_open(by_key(host, "games", key_a_certificate));
	expect_open(by_key_and_prompt(host, "games", key_a_certificate, NULL, &talk));
	assert_false(talk.asked);
	expect_session(host, "games games SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8");
}

/* ---- after a key, with a prompt ---- */

static void at_the_prompt_the_key_is_looked_at(void **state)
{
	const struct host *host = need_ssh_keys(state);
	uint32_t access = must_bind(host, AS(GAMES), "ssh:games", &key_a);
	char token[SECRET_SIZE], code[SECRET_SIZE];
	struct talk talk;

	expect_open(by_key_and_prompt(host, "games", key_a.line, NULL, &talk));
	assert_false(talk.asked);
	issue(host, AS(GAMES), access, false, token);
	issue(host, AS(GAMES), access, true, code);
	expect(by_key_and_prompt(host, "games", key_b.line, token, &talk), "wrong-key");
	assert_true(talk.asked);
	assert_non_null(strstr(talk.said, "is bound to another ssh key"));
	expect(by_key_and_prompt(host, "games", key_b.line, code, &talk), "wrong-key");
	assert_int_equal(burned(host), 0); /* a thief spends nothing */
	expect_open(by_key_and_prompt(host, "games", key_a.line, token, &talk));
}

/* `auth` let it in by key_a; open_session, for whatever reason, sees another key. */
static void the_key_is_looked_at_again_when_the_session_opens(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const char *const later[] = {key_b.line, NULL};
	char token[SECRET_SIZE];
	uint32_t access = must_bind(host, AS(GAMES), "ssh:lp", &key_a);
	struct talk talk;

	for (size_t i = 0; i < 2; i++) {
		const struct message auth = keyed_check(PHASE_AUTH, "lp", key_a.line, NULL),
		                     account = ssh_check(PHASE_ACCOUNT, "lp"),
		                     open = keyed_check(PHASE_OPEN_SESSION, "lp", later[i], NULL);
		struct sshd sshd;
		sshd_begin(&sshd);
		issue(host, AS(GAMES), access, false, token);
		assert_int_equal(hook(host, sshd.child, &auth, token, &talk), DECISION_ALLOW);
		assert_int_equal(hook(host, sshd.child, &account, NULL, &talk), DECISION_ALLOW);
		assert_int_equal(hook(host, sshd.monitor, &open, NULL, &talk), DECISION_DENY);
		assert_int_equal(checks(host, "deny", i ? "no-key" : "wrong-key"), 1);
		sshd_end(&sshd);
	}
}

static void typed_without_a_key_it_opens_nothing(void **state)
{
	const struct host *host = need_ssh_keys(state);
	char secret[SECRET_SIZE];
	uint32_t access = must_bind(host, AS(GAMES), "ssh:lp", &key_a);
	struct talk talk;

	for (int code = 0; code < 2; code++) {
		issue(host, AS(GAMES), access, code, secret);
		expect(by_key_and_prompt(host, "lp", NULL, secret, &talk), "no-key");
		assert_string_equal(talk.text,
		                    "pam-jit: that opens nothing here. A token or code is "
		                    "good once: jit token ID --code");
		expect(by_key_and_prompt(host, "lp", key_b.line, secret, &talk), "wrong-key");
		assert_int_equal(burned(host), code);
		expect_open(by_key_and_prompt(host, "lp", key_a.line, secret, &talk));
		expect_session(host, "games lp SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8");
	}
}

/* sudo, su and login show none, whatever stands in their environment. */
static void at_other_doors_no_key_is_seen(void **state)
{
	struct host *host = need_ssh_keys(state);
	struct message sudo = check_of(PHASE_ACCOUNT, "games", 1), answer;

	must_request(host, AS(GAMES), "sudo:lp");
	assert_int_equal(check(host, &sudo, &answer), DECISION_ALLOW);
	host_stop(host);
	on_disk_do(host, "UPDATE access SET user_key = "
	                 "'SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8'");
	host_start_here(host);
	snprintf(sudo.check.auth_info, sizeof(sudo.check.auth_info), "publickey %s\n", key_a.line);
	assert_int_equal(check(host, &sudo, &answer), DECISION_DENY);
	assert_non_null(strstr(answer.verdict.text, "bound to an ssh key, and none is seen here"));
	assert_int_equal(checks(host, "deny", "no-key"), 1);
}

/* ---- the token says what the access says ---- */

static void a_token_for_another_binding_is_refused(void **state)
{
#define KEY_OF_ALL                                                                                 \
	"UPDATE access SET user_key = 'SHA256:P0S8qvS94H0CgLfo1rVvNzVlliwiKPWQEO4N3miP53E'"
	static const char *const changes[] = {KEY_OF_ALL, "UPDATE access SET user_key = ''",
	                                      KEY_OF_ALL " WHERE subject = 'news'"};
	static const struct {
		const char *user;
		const struct ssh_key *key;
		bool opens;
	} rows[][2] = {{{"games", &key_b, false}, {"news", &key_b, false}},
	               {{"games", &key_b, false}, {"news", &key_b, true}},
	               {{"games", &key_a, true}, {"news", &key_b, false}}};

	for (size_t i = 0; i < 3; i++) {
		struct host *host = need_ssh_keys(state);
		must_bind(host, AS(GAMES), "ssh:games", &key_a);
		must_request(host, AS(NEWS), "ssh:news"); /* its token has no cnf */
		host_stop(host);
		on_disk_do(host, changes[i]);
		host_start_here(host);
		for (size_t k = 0; k < 2; k++) {
			const char *reason = by_key(host, rows[i][k].user, rows[i][k].key->line);
			if (rows[i][k].opens)
				expect_open(reason);
			else if (!reason)
				fail_msg("%s opens for %s", changes[i], rows[i][k].user);
		}
		host_stop(host);
		on_disk_do(host, "DELETE FROM token; DELETE FROM session; DELETE FROM access");
		host_start_here(host);
	}
	assert_true(checks(*state, "deny", "token-mismatch") > 0);
}

/* ---- another's account ---- */

static void a_shared_account_opens_for_each_by_their_own_key(void **state)
{
	const struct host *host = need_ssh_keys(state);
	struct talk talk;

	must_bind(host, AS(GAMES), "ssh:news", &key_a);
	must_bind(host, AS(MAIL), "ssh:news", &key_b);
	expect_open(by_key(host, "news", key_a.line));
	expect_session(host, "games news SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8");
	expect_open(by_key(host, "news", key_b.line));
	expect_session(host, "mail news SHA256:P0S8qvS94H0CgLfo1rVvNzVlliwiKPWQEO4N3miP53E");
	expect_open(by_key_and_prompt(host, "news", key_b.line, NULL, &talk));
	assert_false(talk.asked);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM session WHERE subject = 'mail'"), 2);
	expect(by_key(host, "news", key_c.line), "no-access");
	expect(by_key_and_prompt(host, "news", key_c.line, "", &talk), "nothing-typed");
	assert_non_null(strstr(talk.said, "you hold no access"));
	expect(by_key(host, "news", NULL), "not-vouched");
	expect(by_key(host, "lp", key_a.line), "account"); /* nobody holds one for that */
}

/* `account` sees no key: it lets by whoever comes while anybody's access waits, and that is all. */
static void what_passes_account_unseen_opens_nothing_by_itself(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message account = ssh_check(PHASE_ACCOUNT, "news"),
	                     session = ssh_check(PHASE_OPEN_SESSION, "news"),
	                     in_child = ssh_check(PHASE_ACCOUNT, "news");
	char remark[512];
	struct sshd sshd;
	struct talk talk;

	sshd_begin(&sshd);
	assert_int_equal(hook(host, sshd.monitor, &account, NULL, &talk), DECISION_DENY);
	must_bind(host, AS(GAMES), "ssh:news", &key_a);
	/* after a prompt it is not a key's */
	assert_int_equal(hook(host, sshd.child, &in_child, NULL, &talk), DECISION_DENY);
	assert_int_equal(hook(host, sshd.monitor, &account, NULL, &talk), DECISION_ALLOW);
	assert_int_equal(talk.access, 0);
	last_remark(host, remark, sizeof(remark));
	assert_string_equal(remark, "until its ssh key is seen from 192.0.2.1");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'check' AND "
	                               "verdict = 'allow' AND access IS NULL AND subject = ''"),
	                 1);
	assert_int_equal(hook(host, sshd.child, &in_child, NULL, &talk), DECISION_DENY);
	assert_int_equal(hook(host, sshd.monitor, &session, NULL, &talk), DECISION_DENY);
	assert_int_equal(checks(host, "deny", "not-vouched"), 3);
	sshd_end(&sshd);
	*people_ahead() = 3600;
	expect(by_key(host, "news", key_a.line), "account"); /* it is over */
	assert_int_equal(on_disk(host, "SELECT count(*) FROM session"), 0);
}

/* The account's owner comes in as before, and whoever's key is bound is not taken for the owner. */
static void the_owner_of_a_shared_account_is_one_among_others(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message lock = lock_of("games"), unlock = unlock_of("games");
	struct message revoke;
	uint32_t access;

	must_request(host, AS(NEWS), "ssh:news");
	access = must_bind(host, AS(GAMES), "ssh:news", &key_a);
	expect_open(by_key(host, "news", key_c.line));
	expect_session(host, "news news SHA256:zTu95WedhoaOYTG8ts9uIgEGW6wg/d8sVkZRNn5J6Hs");
	expect_open(by_key(host, "news", key_a.line));
	expect_session(host, "games news SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8");
	must_do(host, ROOT, &lock);
	expect(by_key(host, "news", key_a.line), "locked");
	must_do(host, ROOT, &unlock);
	revoke = revoke_of(access);
	must_do(host, ROOT, &revoke);
	/* a key that is in the account's own authorized_keys, and nobody else's any more */
	expect_open(by_key(host, "news", key_a.line));
	assert_int_equal(on_disk(host, "SELECT count(*) FROM session WHERE subject = 'news'"), 2);
}

static void what_holds_for_the_subject_holds_there(void **state)
{
	struct host *host = need_ssh_keys(state);
	const struct message reload = {.id = MESSAGE_reload}, lock = lock_of("games"),
	                     lock_news = lock_of("news"), unlock = unlock_of("games");
	struct message message;
	char rules[2048];
	struct talk talk;
	uint32_t access = must_bind(host, AS(GAMES), "ssh:news", &key_a);

	must_do(host, ROOT, &lock_news); /* it is not news who comes */
	expect_open(by_key(host, "news", key_a.line));
	must_do(host, ROOT, &lock);
	expect(by_key(host, "news", key_a.line), "locked");
	expect(by_key_and_prompt(host, "news", key_a.line, "", &talk), "nothing-typed");
	assert_non_null(strstr(talk.said, "you are locked"));
	must_do(host, ROOT, &unlock);
	snprintf(rules, sizeof(rules),
	         "rule \"no\" { who = {\"games\"} scope = {\"ssh:news\"} effect = \"deny\" }\n%s",
	         ssh_keys_rules);
	host_rules(host, rules);
	must_do(host, ROOT, &reload);
	expect(by_key(host, "news", key_a.line), "rule-denies");
	host_rules(host, ssh_keys_rules);
	must_do(host, ROOT, &reload);
	expect_open(by_key(host, "news", key_a.line));
	message = revoke_of(access);
	must_do(host, ROOT, &message);
	expect(by_key(host, "news", key_a.line), "account");
}

static void what_is_for_another_host_names_nobody(void **state)
{
	struct host *host = need_ssh_keys(state);
	struct talk talk;

	must_bind(host, AS(GAMES), "ssh:news", &key_a);
	host_stop(host);
	on_disk_do(host, "UPDATE access SET host = 'other.example.org'");
	host_start_here(host);
	expect(by_key(host, "news", key_a.line), "account");
	expect(by_key_and_prompt(host, "news", key_a.line, "", &talk), "nothing-typed");
	assert_non_null(strstr(talk.said, "you hold no access for this"));
}

/* ---- one key, several people ---- */

static uint32_t by_two(const struct host *host)
{
	const struct message asks = request_with("ssh:man", key_a.fingerprint);
	struct message answer;

	say(host, AS(MAIL), &asks, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	must_bind(host, AS(GAMES), "ssh:man", &key_a);
	must_approve(host, AS(DAEMON), answer.done.access);
	return answer.done.access;
}

static void a_key_of_several_people_tells_none(void **state)
{
	const struct host *host = need_ssh_keys(state);
	uint32_t access = by_two(host);
	const struct message cancel = cancel_of(access);
	char token[SECRET_SIZE];
	struct talk talk;

	expect(by_key(host, "man", key_a.line), "key-of-several");
	expect(by_key_and_prompt(host, "man", key_a.line, "", &talk), "nothing-typed");
	assert_non_null(strstr(talk.said, "of several people"));
	issue(host, AS(MAIL), access, false, token); /* which says whose it is */
	expect_open(by_key_and_prompt(host, "man", key_a.line, token, &talk));
	expect_session(host, "mail man SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8");
	must_do(host, AS(MAIL), &cancel);
	expect_open(by_key(host, "man", key_a.line));
	expect_session(host, "games man SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8");
}

static void whoever_comes_second_is_told_before(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message same = request_with("ssh:news", key_a.fingerprint),
	                     elsewhere = request_with("ssh:mail", key_a.fingerprint);

	must_bind(host, AS(GAMES), "ssh:news", &key_a);
	expect_refusal(host, AS(MAIL), &same, "each needs a key of their own", "key-of-several");
	must_do(host, AS(MAIL), &elsewhere);
	must_bind(host, AS(GAMES), "ssh:news", &key_a); /* a renewal */
}

/* What was found before the signatures were read is found again in the message. */
static void whose_key_it_is_is_asked_again_when_it_is_decided(void **state)
{
	static const struct {
		const char *change, *reason;
	} rows[] = {{"UPDATE access SET user_key = "
	             "'SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8' WHERE subject = 'mail'",
	             "key-of-several"},
	            {"UPDATE access SET uid = 8 WHERE subject = 'games'", "wrong-key"}};
	const struct host *host = need_ssh_keys(state);
	const struct message account = ssh_check(PHASE_ACCOUNT, "news"),
	                     session = keyed_check(PHASE_OPEN_SESSION, "news", key_a.line, NULL);

	must_bind(host, AS(GAMES), "ssh:news", &key_a);
	must_bind(host, AS(MAIL), "ssh:news", &key_b);
	for (size_t i = 0; i < 2; i++) {
		struct message answer;
		struct sshd sshd;
		struct talk talk;
		struct link link, beside;
		link_beside(host, &beside);
		sshd_begin(&sshd);
		assert_int_equal(hook(host, sshd.monitor, &account, NULL, &talk), DECISION_ALLOW);
		gate_shut();
		sshd_open(host, sshd.monitor, &link);
		link_send(&link, &session);
		while (!gate_holds())
			host_turn(host, false);
		on_disk_do(host, rows[i].change);
		gate_open();
		assert_true(link_receive(&link, &answer));
		assert_int_equal(answer.verdict.decision, DECISION_DENY);
		assert_int_equal(checks(host, "deny", rows[i].reason), 1);
		link_close(&link);
		link_close(&beside);
		sshd_end(&sshd);
		on_disk_do(host, "UPDATE access SET user_key = "
		                 "'SHA256:P0S8qvS94H0CgLfo1rVvNzVlliwiKPWQEO4N3miP53E' WHERE "
		                 "subject = 'mail'");
	}
}

/* jitd is not gone before what is behind the gate is done. */
static int end(void **state)
{
	gate_open();
	return people_end(state);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, ssh_keys_begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(by_key_alone_it_opens_for_that_key_alone),
	        TEST(where_no_key_is_seen_it_does_not_open_and_says_what_is_missing),
	        TEST(one_of_several_keys_is_enough),
	        TEST(a_certificate_stands_for_its_key),
	        TEST(at_the_prompt_the_key_is_looked_at),
	        TEST(the_key_is_looked_at_again_when_the_session_opens),
	        TEST(typed_without_a_key_it_opens_nothing),
	        TEST(at_other_doors_no_key_is_seen),
	        TEST(a_token_for_another_binding_is_refused),
	        TEST(a_shared_account_opens_for_each_by_their_own_key),
	        TEST(what_passes_account_unseen_opens_nothing_by_itself),
	        TEST(the_owner_of_a_shared_account_is_one_among_others),
	        TEST(what_holds_for_the_subject_holds_there),
	        TEST(what_is_for_another_host_names_nobody),
	        TEST(a_key_of_several_people_tells_none),
	        TEST(whoever_comes_second_is_told_before),
	        TEST(whose_key_it_is_is_asked_again_when_it_is_decided),
	};

	people_come();
	return cmocka_run_group_tests_name("binding", tests, NULL, NULL);
}
