/* SPDX-License-Identifier: Apache-2.0 */
/* token explain: all that a login looks at, in its order, each with what was found; and nothing
 * changes by it. */
#include <stdio.h>
#include <string.h>

#include "tests/daemon/ssh_keys.h"
#include "tests/daemon/trusting.h"

static const char rules[] =
        "defaults { approvals = 0 max = \"1h\" default = \"1h\" present = \"typed\" }\n"
        "rule \"foreign\" { who = {\"games\"} scope = {\"ssh:news\"} via = \"other\" }\n"
        "rule \"ask\" { who = {\"games\"} scope = {\"ssh:man\"} via = \"other\" approvals = 1\n"
        "approvers = {\"daemon\"} }\n"
        "rule \"bound\" { who = {\"games\", \"mail\"} scope = {\"ssh:lp\"} bind = {\"ssh-key\"} }\n"
        "rule \"once\" { who = {\"games\"} scope = {\"login:lp\"} uses = 1 }\n"
        "rule \"typed\" { who = {\"games\", \"mail\"} scope = {\"login:news\", \"su:lp\"} }\n";

static int begin(void **state)
{
	return trusting_begin(state, rules, "\"ssh:*\"", "subject-map = {\"ci-*=games\"}");
}

/* ---- what is told ---- */

#define ROWS_MAX 64
struct told {
	struct wire_step rows[ROWS_MAX];
	size_t count;
};

static void explain(const struct host *host, const char *service, const char *user,
                    const char *text, const char *key, struct told *told)
{
	struct message ask = {.id = MESSAGE_explain}, row;
	struct link link;

	snprintf(ask.explain.service, sizeof(ask.explain.service), "%s", service);
	snprintf(ask.explain.user, sizeof(ask.explain.user), "%s", user);
	snprintf(ask.explain.ruser, sizeof(ask.explain.ruser), "games");
	snprintf(ask.explain.text, sizeof(ask.explain.text), "%s", text);
	snprintf(ask.explain.user_key, sizeof(ask.explain.user_key), "%s", key);
	told->count = 0;
	link_open(host, CLIENT_SOCKET, ROOT, &link);
	link_send(&link, &ask);
	while (link_receive(&link, &row) && row.id == MESSAGE_step) {
		assert_true(told->count < ROWS_MAX);
		told->rows[told->count++] = row.step;
		assert_null(strstr(row.step.text, text[0] ? text : "\n")); /* the secret */
	}
	assert_int_equal(row.id, MESSAGE_end);
	link_close(&link);
}

static void print(const struct told *told)
{
	for (size_t i = 0; i < told->count; i++)
		fprintf(stderr, "%-12s %-12s %s\n", told->rows[i].name, told->rows[i].verdict,
		        told->rows[i].text);
}

static const struct wire_step *row_of(const struct told *told, const char *name)
{
	for (size_t i = 0; i < ROWS_MAX && i < told->count; i++)
		if (!strcmp(told->rows[i].name, name))
			return &told->rows[i];
	print(told);
	fail_msg("no step %s", name);
	abort(); /* fail_msg() does not come back, which gcc cannot know */
}

static void expect_row(const struct told *told, const char *name, const char *verdict,
                       const char *begins)
{
	const struct wire_step *row = row_of(told, name);

	if (strcmp(row->verdict, verdict) != 0 || strncmp(row->text, begins, strlen(begins)) != 0) {
		print(told);
		fail_msg("%s is %s \"%s\", not %s \"%s\"", name, row->verdict, row->text, verdict,
		         begins);
	}
}

static void expect_yes(const struct told *told)
{
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->rows[i].verdict, "yes") != 0) {
			print(told);
			fail_msg("%s is %s", told->rows[i].name, told->rows[i].verdict);
		}
	assert_true(told->count > 0);
	expect_row(told, "answer", "yes", "allow until 20");
}

/* It falls at this step alone, for that reason; yes before it, and nothing reached after it. */
static void expect_no(const struct told *told, const char *name, const char *reason)
{
	bool fell = false;

	for (size_t i = 0; i < told->count; i++) {
		bool here = !strcmp(told->rows[i].name, name);
		const char *wanted = here ? "no" : fell ? "not-reached" : "yes";
		if (strcmp(told->rows[i].verdict, wanted) != 0) {
			print(told);
			fail_msg("%s is %s, not %s", told->rows[i].name, told->rows[i].verdict,
			         wanted);
		}
		fell |= here;
	}
	expect_row(told, name, "no", reason);
	expect_row(told, "answer", strcmp(name, "answer") ? "not-reached" : "no",
	           "deny: pam-jit: ");
}

static void fall(const struct host *host, const char *service, const char *user, const char *text,
                 const char *key, const char *name, const char *reason)
{
	struct told told;

	explain(host, service, user, text, key, &told);
	expect_no(&told, name, reason);
}

/* ---- nothing changes ---- */

/* All that is written anywhere, in one number. */
static int64_t everything(const struct host *host)
{
	return on_disk(
	        host,
	        "SELECT (SELECT count(*) FROM event) * 1000000 + (SELECT count(*) FROM token) * "
	        "10000 + (SELECT count(*) FROM token WHERE burned IS NOT NULL) * 1000 + "
	        "(SELECT count(*) FROM access) * 100 + (SELECT count(*) FROM session) * 10 + "
	        "(SELECT coalesce(sum(uses_left), 0) FROM access) + "
	        "(SELECT coalesce(sum(seq), 0) FROM sqlite_sequence) * 100000000");
}

/* ---- our own ---- */

static void each_step_says_what_it_found(void **state)
{
	static const char *const names[] = {
	        "form",     "header", "key",   "signature", "claims",  "iss",  "aud",
	        "subject",  "scope",  "jti",   "access",    "iat",     "nbf",  "exp",
	        "lifetime", "until",  "cnf",   "require",   "replay",  "door", "user",
	        "lock",     "grant",  "opens", "uses",      "binding", "rule", "issued",
	        "revoked",  "spent",  "answer"};
	const struct host *host = need_people(state);
	char secrets[2][SECRET_SIZE];
	struct told told;

	must_issue(host, AS(GAMES), "login:news", false, secrets[0]);
	issue(host, AS(GAMES), 1, true, secrets[1]);
	for (int code = 0; code < 2; code++) {
		explain(host, "login", "news", secrets[code], "", &told);
		expect_yes(&told);
		assert_int_equal(told.count, COUNT(names));
		for (size_t i = 0; i < COUNT(names); i++)
			assert_string_equal(told.rows[i].name, names[i]);
		expect_row(&told, "iss", "yes", "\"test.example.org\"");
		expect_row(&told, "subject", "yes", "\"games\"");
		expect_row(&told, "scope", "yes", "\"login:news\"");
		expect_row(&told, "access", "yes", "1");
		expect_row(&told, "door", "yes", "login:news, nobody vouches");
		expect_row(&told, "user", "yes", "games, uid 5");
		expect_row(&told, "grant", "yes", "access 1, active until 20");
		expect_row(&told, "opens", "yes", "login:news");
		expect_row(&told, "uses", "yes", "any number");
		expect_row(&told, "binding", "yes", "to no ssh key");
		expect_row(&told, "rule", "yes", "typed");
		expect_row(&told, "issued", "yes", code ? "as a code" : "as a token");
	}
}

static void where_it_falls_it_says_why(void **state)
{
	const struct host *host = need_people(state);
	const struct message lock = lock_of("games"), unlock = unlock_of("games"),
	                     auth = typed_check("login", PHASE_AUTH, "news", 1);
	char token[SECRET_SIZE], broken[SECRET_SIZE], mails[SECRET_SIZE];
	struct told told;
	struct talk talk;

	must_issue(host, AS(GAMES), "login:news", false, token);
	fall(host, "login", "news", "", "", "form", "nothing-typed: 0 bytes");
	fall(host, "login", "news", "pw of news", "", "form", "not-a-token: 10 bytes");
	fall(host, "login", "news", "0000000000", "", "form", "wrong-code: code, 10 bytes");
	snprintf(broken, sizeof(broken), "%s", token);
	broken[strlen(broken) - 9] = broken[strlen(broken) - 9] == 'A' ? 'B' : 'A';
	fall(host, "login", "news", broken, "", "signature", "token-signature: 64 bytes");
	fall(host, "cron", "news", token, "", "door", "unknown-service: cron:news");
	fall(host, "login", "root", token, "", "opens", "wrong-account: login:news");
	fall(host, "sshd", "news", token, "", "opens", "wrong-account: login:news");
	must_issue(host, AS(MAIL), "su:lp", false, mails);
	fall(host, "su", "lp", mails, "", "user", "subject-mismatch: mail, uid 8");
	must_do(host, ROOT, &lock);
	fall(host, "login", "news", token, "", "lock", "locked");
	must_do(host, ROOT, &unlock);
	explain(host, "login", "news", token, "", &told);
	expect_yes(&told);
	assert_int_equal(type_in(host, &auth, token, &talk), DECISION_ALLOW);
	fall(host, "login", "news", token, "", "spent", "token-used: at 20");
}

static void what_is_over_falls_where_it_is_over(void **state)
{
	struct host *host = need_people(state);
	const struct message reload = {.id = MESSAGE_reload},
	                     auth = typed_check("login", PHASE_AUTH, "lp", 1),
	                     session = typed_check("login", PHASE_OPEN_SESSION, "lp", 1);
	char tokens[3][SECRET_SIZE], once[2][SECRET_SIZE];
	struct message message;
	struct talk talk;
	uint32_t access = must_issue(host, AS(GAMES), "login:news", false, tokens[0]),
	         used = must_issue(host, AS(GAMES), "login:lp", false, once[0]);

	issue(host, AS(GAMES), used, false, once[1]);
	assert_int_equal(type_in(host, &auth, once[0], &talk), DECISION_ALLOW);
	fall(host, "login", "lp", once[0], "", "spent", "token-used");
	assert_int_equal(type_in(host, &session, NULL, &talk), DECISION_ALLOW);
	fall(host, "login", "lp", once[1], "", "grant", "used-up: access 2, used-up");
	issue(host, AS(GAMES), access, false, tokens[1]);
	host_stop(host);
	on_disk_do(host, "UPDATE token SET revoked = 1 WHERE access = 1 AND kind = 'token'");
	host_start_here(host);
	fall(host, "login", "news", tokens[1], "", "revoked", "revoked");
	issue(host, AS(GAMES), access, false, tokens[2]);
	host_rules(
	        host,
	        "rule \"other\" { who = {\"mail\"} scope = {\"login:news\"} effect = \"deny\" }\n"
	        "rule \"no\" { who = {\"games\"} scope = {\"login:news\"} effect = \"deny\" }\n");
	must_do(host, ROOT, &reload);
	fall(host, "login", "news", tokens[2], "", "rule", "rule-denies: typed");
	host_rules(host, rules);
	must_do(host, ROOT, &reload);
	*people_ahead() = 301;
	fall(host, "login", "news", tokens[2], "", "exp", "token-expired: 20");
	*people_ahead() = 0;
	message = revoke_of(access);
	must_do(host, ROOT, &message);
	fall(host, "login", "news", tokens[2], "", "grant", "revoked: access 1, revoked by root");
	host_stop(host);
	on_disk_do(host,
	           "UPDATE access SET state = 'active'; UPDATE token SET revoked = NULL, kind "
	           "= 'code' WHERE access = 1");
	host_start_here(host);
	fall(host, "login", "news", tokens[2], "", "issued", "token-mismatch");
}

static void a_binding_is_held_against_the_key_that_is_said(void **state)
{
	const struct host *host = need_people(state);
	char token[SECRET_SIZE], other[SECRET_SIZE];
	struct told told;

	issue(host, AS(GAMES), must_bind(host, AS(GAMES), "ssh:lp", &key_a), false, token);
	explain(host, "sshd", "lp", token, key_a.fingerprint, &told);
	expect_yes(&told);
	expect_row(&told, "door", "yes", "ssh:lp, sshd vouches");
	expect_row(&told, "cnf", "yes",
	           "{\"ssh\":\"SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8\"}");
	expect_row(&told, "binding", "yes",
	           "to SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8, the door shows");
	fall(host, "sshd", "lp", token, key_b.fingerprint, "binding",
	     "wrong-key: to SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8, the door shows "
	     "SHA256:P0S8qvS94H0CgLfo1rVvNzVlliwiKPWQEO4N3miP53E");
	fall(host, "sshd", "lp", token, "", "binding", "no-key: to SHA256:6fXR");
	must_issue(host, AS(GAMES), "login:news", false, other);
	/* only ssh shows keys */
	explain(host, "login", "news", other, key_a.fingerprint, &told);
	expect_row(&told, "binding", "yes", "to no ssh key");
	assert_null(strstr(row_of(&told, "binding")->text, "shows"));
}

/* ---- of another issuer ---- */

static char *foreign_token(const char *scope, const char *more)
{
	static unsigned int number;
	text_owned claims = text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"test.example.org\","
	                            "\"sub\":\"ci-7\",\"scope\":\"%s\",\"iat\":NOW,\"exp\":NOW+300,"
	                            "\"jti\":\"%u\"%s}",
	                            scope, ++number, more);

	return provider_sign(trusting_provider(), claims, "", *people_ahead());
}

static void a_foreign_token_is_told_with_its_trust_user_and_rule(void **state)
{
	static const char *const names[] = {"user", "opens",   "door",  "lock",  "spent",
	                                    "rule", "binding", "grant", "answer"};
	const struct host *host = need_people(state);
	text_owned token = foreign_token("ssh:news", "");
	struct told told;

	explain(host, "sshd", "news", token, "", &told);
	expect_yes(&told);
	for (size_t i = 0; i < COUNT(names); i++)
		assert_string_equal(told.rows[told.count - COUNT(names) + i].name, names[i]);
	expect_row(&told, "iss", "yes", "\"" ISSUER "\"");
	expect_row(&told, "subject", "yes", "\"ci-7\"");
	expect_row(&told, "user", "yes", "games, uid 5, by trust other, subject ci-7");
	expect_row(&told, "opens", "yes", "ssh:news");
	expect_row(&told, "rule", "yes", "foreign");
	expect_row(&told, "grant", "yes", "it becomes an access of its own");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
}

static void a_foreign_token_falls_where_it_falls(void **state)
{
	const struct host *host = need_people(state);
	const struct message auth = ssh_check(PHASE_AUTH, "news"), lock = lock_of("games"),
	                     unlock = unlock_of("games");
	text_owned good = foreign_token("ssh:news", "");
	text_owned ask = foreign_token("ssh:man", "");
	text_owned none = foreign_token("ssh:mail", "");
	text_owned wide = foreign_token("sudo:root", "");
	text_owned late = foreign_token("ssh:news", ",\"until\":1");
	text_owned bound = foreign_token(
	        "ssh:news",
	        ",\"cnf\":{\"ssh\":\"SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8\"}");
	struct provider stranger = *trusting_provider();
	text_owned forged = NULL;
	struct told told;
	struct talk talk;
	struct sshd sshd;

	provider_make(&stranger, KEY_ES256);
	forged = provider_sign(&stranger, "{}", "", 0);
	provider_remove(&stranger);
	fall(host, "sshd", "news", forged, "", "key", "token-key-unknown");
	fall(host, "sshd", "news", late, "", "until", "token-expired");
	fall(host, "sshd", "news", wide, "", "opens", "foreign-scope");
	fall(host, "sshd", "lp", good, "", "opens", "foreign-scope: ssh:news");
	fall(host, "sshd", "mail", none, "", "rule", "no-rule");
	fall(host, "sshd", "man", ask, "", "rule", "needs-approval: ask");
	fall(host, "sshd", "news", bound, "", "binding", "no-key: to SHA256:6fXR");
	fall(host, "sshd", "news", bound, key_b.fingerprint, "binding",
	     "wrong-key: to SHA256:6fXR");
	explain(host, "sshd", "news", bound, key_a.fingerprint, &told);
	expect_yes(&told);
	must_do(host, ROOT, &lock);
	fall(host, "sshd", "news", good, "", "lock", "locked");
	must_do(host, ROOT, &unlock);
	sshd_begin(&sshd);
	assert_int_equal(hook(host, sshd.child, &auth, good, &talk), DECISION_ALLOW);
	sshd_end(&sshd);
	fall(host, "sshd", "news", good, "", "spent", "token-used: at 20");
}

/* ---- nothing changes ---- */

static void nothing_changes(void **state)
{
	const struct host *host = need_people(state);
	const struct message auth = typed_check("login", PHASE_AUTH, "news", 1),
	                     ssh = ssh_check(PHASE_AUTH, "news");
	char token[SECRET_SIZE], code[SECRET_SIZE];
	text_owned foreign = foreign_token("ssh:news", "");
	struct told told;
	struct talk talk;
	struct sshd sshd;
	int64_t before;

	must_issue(host, AS(GAMES), "login:news", false, token);
	issue(host, AS(GAMES), 1, true, code);
	before = everything(host);
	for (int i = 0; i < 20; i++) {
		explain(host, "login", "news", token, "", &told);
		explain(host, "login", "news", code, "", &told);
		assert_string_equal(told.rows[told.count - 1].verdict,
		                    "yes"); /* jitd would allow it */
		explain(host, "sshd", "news", foreign, "", &told);
		/* no guess: a login from there would wait by now */
		explain(host, "login", "news", "0000000000", "", &told);
	}
	assert_true(everything(host) == before);
	assert_int_equal(checks(host, "deny", "wrong-code"), 0);
	assert_int_equal(type_in(host, &auth, code, &talk), DECISION_ALLOW);
	sshd_begin(&sshd);
	assert_int_equal(hook(host, sshd.child, &ssh, foreign, &talk), DECISION_ALLOW);
	sshd_end(&sshd);
}

static void it_is_for_administrators(void **state)
{
	const struct host *host = need_people(state);
	struct message ask = {.id = MESSAGE_explain};

	snprintf(ask.explain.service, sizeof(ask.explain.service), "login");
	expect_refusal(host, AS(GAMES), &ask, "administrators", "not-allowed");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, trusting_end)
	const struct CMUnitTest tests[] = {
	        TEST(each_step_says_what_it_found),
	        TEST(where_it_falls_it_says_why),
	        TEST(what_is_over_falls_where_it_is_over),
	        TEST(a_binding_is_held_against_the_key_that_is_said),
	        TEST(a_foreign_token_is_told_with_its_trust_user_and_rule),
	        TEST(a_foreign_token_falls_where_it_falls),
	        TEST(nothing_changes),
	        TEST(it_is_for_administrators),
	};

	people_come();
	return cmocka_run_group_tests_name("token explain", tests, NULL, NULL);
}
