/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of another issuer that are bound to an ssh key, and rules that want one: the binding comes
 * along, and what cannot be kept denies. */
#include <stdio.h>
#include <string.h>

#include "tests/daemon/ssh_keys.h"
#include "tests/daemon/trusting.h"

#define CNF_A ",\"cnf\":{\"ssh\":\"SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8\"}"

static const char rules[] =
        "defaults { approvals = 0 max = \"1h\" default = \"1h\" }\n"
        "rule \"bound\" { who = {\"games\", \"mail\"} scope = {\"ssh:news\"} via = \"other\"\n"
        "bind = {\"ssh-key\"} }\n"
        "rule \"free\" { who = {\"games\"} scope = {\"ssh:lp\", \"login:lp\"} via = \"other\"\n"
        "present = \"typed\" }\n"
        "rule \"own\" { who = {\"games\"} scope = {\"ssh:games\"} bind = {\"ssh-key\"} }\n";

static int begin(void **state)
{
	return trusting_begin(state, rules, "\"ssh:*\", \"login:*\"", "");
}

static char *token_of(const char *subject, const char *scope, const char *more)
{
	static unsigned int number;
	text_owned claims = text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"test.example.org\","
	                            "\"sub\":\"%s\",\"scope\":\"%s\",\"iat\":NOW,\"exp\":NOW+300,"
	                            "\"jti\":\"%u\"%s}",
	                            subject, scope, ++number, more);

	return provider_sign(trusting_provider(), claims, "", *people_ahead());
}

static int64_t spent(const struct host *host)
{
	return on_disk(host, "SELECT count(*) FROM token WHERE kind = 'foreign'");
}

static void expect(const char *reason, const char *wanted)
{
	if (!reason || strcmp(reason, wanted) != 0)
		fail_msg("%s, not %s", reason ? reason : "it opens", wanted);
}

/* ---- typed at a door ---- */

static void typed_it_opens_by_its_key_alone(void **state)
{
	static const char *const scopes[] = {"ssh:news", "ssh:lp"};
	const struct host *host = need_people(state);

	for (size_t i = 0; i < COUNT(scopes); i++) {
		const char *account = strchr(scopes[i], ':') + 1;
		text_owned token = token_of("games", scopes[i], CNF_A);
		struct talk talk;
		char text[256];
		expect(by_key_and_prompt(host, account, key_b.line, token, &talk), "wrong-key");
		expect(by_key_and_prompt(host, account, NULL, token, &talk), "no-key");
		assert_int_equal(spent(host), i);
		assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), i);
		if (by_key_and_prompt(host, account, key_a.line, token, &talk))
			fail_msg("it does not open: %s", talk.text);
		last_session(host, text, sizeof(text));
		assert_memory_equal(text, "games ", 6);
		assert_int_equal(spent(host), i + 1);
		expect(by_key_and_prompt(host, account, key_a.line, token, &talk), "token-used");
	}
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access WHERE user_key = '%s'",
	                         key_a.fingerprint),
	                 2);
}

static void what_cannot_be_kept_denies(void **state)
{
	const struct host *host = need_people(state);
	const struct message login = typed_check("login", PHASE_AUTH, "lp", 1);
	text_owned unbound = token_of("games", "ssh:news", "");
	text_owned wide = token_of("games", "login:lp", CNF_A);
	text_owned other = token_of("games", "ssh:news", ",\"cnf\":{\"jkt\":\"x\"}");
	text_owned empty = token_of("games", "ssh:news", ",\"cnf\":{}");
	struct talk talk;

	/* the thief's own key does not bind it */
	expect(by_key_and_prompt(host, "news", key_b.line, unbound, &talk), "foreign-bound");
	expect(by_key_and_prompt(host, "news", key_a.line, other, &talk), "token-binding");
	expect(by_key_and_prompt(host, "news", key_a.line, empty, &talk), "token-binding");
	must_not_open(host, &login, wide, "foreign-bound");
	assert_int_equal(spent(host), 0);
}

/* ---- brought in ---- */

static void brought_in_it_is_held_for_its_key(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = token_of("games", "ssh:news", CNF_A);
	const struct message present = present_of(token, "", "");
	char text[256];

	must_do(host, AS(GAMES), &present);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM access WHERE present = 'held' AND via = "
	                         "'other' AND user_key = '%s'",
	                         key_a.fingerprint),
	                 1);
	expect(by_key(host, "news", key_b.line), "no-access");
	if (by_key(host, "news", key_a.line))
		fail_msg("it does not open");
	last_session(host, text, sizeof(text));
	assert_string_equal(text, "games news SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8");
}

static void without_a_binding_of_its_own_it_takes_that_of_the_login(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = token_of("games", "ssh:news", "");
	const struct message present = present_of(token, "", ""),
	                     account = ssh_check(PHASE_ACCOUNT, "games"),
	                     session = keyed_check(PHASE_OPEN_SESSION, "games", key_b.line, NULL);
	struct message answer;
	struct sshd sshd;
	struct talk talk;

	expect_refusal(host, AS(GAMES), &present, "that token is bound to none",
	               "user-key-missing");
	assert_int_equal(spent(host), 0);
	must_bind(host, AS(GAMES), "ssh:games", &key_b);
	sshd_begin(&sshd);
	assert_int_equal(hook(host, sshd.monitor, &account, NULL, &talk), DECISION_ALLOW);
	assert_int_equal(hook(host, sshd.monitor, &session, NULL, &talk), DECISION_ALLOW);
	command_say(host, &sshd, &present, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM access WHERE id = %u AND user_key = '%s'",
	                         answer.done.access, key_b.fingerprint),
	                 1);
	sshd_end(&sshd);
}

static void one_key_is_not_brought_in_for_two_people(void **state)
{
	const struct host *host = need_people(state);
	text_owned mine = token_of("games", "ssh:news", CNF_A);
	text_owned theirs = token_of("mail", "ssh:news", CNF_A);
	const struct message present = present_of(mine, "", ""),
	                     second = present_of(theirs, "", "");

	must_do(host, AS(GAMES), &present);
	expect_refusal(host, AS(MAIL), &second, "a key of their own", "key-of-several");
	assert_int_equal(spent(host), 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, trusting_end)
	const struct CMUnitTest tests[] = {
	        TEST(typed_it_opens_by_its_key_alone),
	        TEST(what_cannot_be_kept_denies),
	        TEST(brought_in_it_is_held_for_its_key),
	        TEST(without_a_binding_of_its_own_it_takes_that_of_the_login),
	        TEST(one_key_is_not_brought_in_for_two_people),
	};

	people_come();
	return cmocka_run_group_tests_name("foreign binding", tests, NULL, NULL);
}
