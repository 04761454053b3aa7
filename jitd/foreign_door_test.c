/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of another issuer, typed at a door: what a rule gives at once opens it in that message;
 * all else is refused, and spends nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/daemon/accounts.h"
#include "tests/daemon/logins.h"
#include "tests/daemon/ssh_keys.h"
#include "tests/daemon/trusting.h"

static const char rules[] =
        "defaults { approvals = 0 max = \"30m\" present = \"typed\" }\n"
        "rule \"door\" { who = {\"games\"} scope = {\"login:news\"} via = \"other\" uses = 3 }\n"
        "rule \"su\" { who = {\"games\", \"mail\", \"player\"} scope = {\"su:lp\"} via = \"other\" }\n"
        "rule \"held\" { who = {\"games\"} scope = {\"sudo:root\"} via = \"other\"\n"
        "present = \"held\" }\n"
        "rule \"ask\" { who = {\"games\"} scope = {\"login:lp\", \"sudo:lp\"} via = \"other\"\n"
        "approvals = 1 approvers = {\"man\"} }\n"
        "rule \"terms\" { who = {\"games\"} scope = {\"login:daemon\"} via = \"other\"\n"
        "reason = \"required\" }\n"
        "rule \"ssh\" { who = {\"games\"} scope = {\"ssh:games\"} via = \"other\" }\n"
        "rule \"bound\" { who = {\"games\"} scope = {\"ssh:news\"} via = \"other\"\n"
        "bind = {\"ssh-key\"} present = \"held\" }\n"
        "rule \"own\" { who = {\"games\"} scope = {\"su:mail\"} }\n";

static int begin(void **state)
{
	return trusting_begin(state, rules, "\"login:*\", \"su:*\", \"sudo:*\", \"ssh:*\"", "");
}

static char *token_with(const char *subject, const char *scope, const char *claim,
                        const char *header)
{
	static unsigned int number;
	text_owned claims = text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"test.example.org\","
	                            "\"sub\":\"%s\",\"scope\":\"%s\",\"iat\":NOW,\"exp\":NOW+300,"
	                            "\"jti\":\"%u\",\"access\":9%s}",
	                            subject, scope, ++number, claim);

	return provider_sign(trusting_provider(), claims, header, *people_ahead());
}

static char *token_of(const char *subject, const char *scope, const char *header)
{
	return token_with(subject, scope, "", header);
}

/* Bound to an ssh key. */
static char *bound_token(const char *scope, const struct ssh_key *key)
{
	text_owned cnf = text_of(",\"cnf\":{\"ssh\":\"%s\"}", key->fingerprint);

	return token_with("games", scope, cnf, "");
}

static struct message login(enum wire_phase phase, const char *user, uint64_t number)
{
	return typed_check("login", phase, user, number);
}

static int64_t spent(const struct host *host)
{
	return on_disk(host, "SELECT count(*) FROM token WHERE kind = 'foreign'");
}

static void it_becomes_an_access_and_opens_in_one_message(void **state)
{
	const struct host *host = need_people(state);
	const struct message auth = login(PHASE_AUTH, "news", 1),
	                     session = login(PHASE_OPEN_SESSION, "news", 1),
	                     again = login(PHASE_AUTH, "news", 2);
	text_owned token = token_of("games", "login:news", "");
	char code[SECRET_SIZE];
	struct talk talk;
	uint32_t access;

	if (type_in(host, &auth, token, &talk) != DECISION_ALLOW) {
		host_tell(host);
		fail_msg("it does not open: %s", talk.text);
	}
	access = talk.access;
	expect_state(host, access, "active");
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM access WHERE id = %u AND via = 'other' AND "
	                         "issuer = '" ISSUER "' AND foreign_ = 9 AND subject = 'games' AND "
	                         "present = 'typed' AND until = ends",
	                         access),
	                 1);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE event IN ('request', "
	                         "'grant') AND access = %u",
	                         access),
	                 2);
	assert_int_equal(type_in(host, &session, NULL, &talk), DECISION_ALLOW);
	assert_int_equal(on_disk(host, "SELECT uses_left FROM access WHERE id = %u", access), 2);
	must_not_open(host, &again, token, "token-used");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 1);
	/* it is an access like any other now */
	issue(host, AS(GAMES), access, true, code);
	assert_int_equal(type_in(host, &again, code, &talk), DECISION_ALLOW);
	assert_int_equal(talk.access, access);
}

static void of_two_at_once_one_opens(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = token_of("games", "login:news", "");
	struct message message;
	struct link links[4];
	unsigned int allowed = 0;

	for (size_t i = 0; i < COUNT(links); i++) {
		const struct message auth = login(PHASE_AUTH, "news", i);
		link_open(host, PAM_SOCKET, SELF, &links[i]);
		assert_true(until_asked(&links[i], &auth, &message));
	}
	for (size_t i = 0; i < COUNT(links); i++)
		give(&links[i], token);
	for (size_t i = 0; i < COUNT(links); i++) {
		assert_true(link_receive(&links[i], &message));
		allowed += message.verdict.decision == DECISION_ALLOW;
		link_close(&links[i]);
	}
	assert_int_equal(allowed, 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 1);
	assert_int_equal(checks(host, "deny", "token-used"), 3);
}

/* What other issuers put into their headers is no reason to take them for broken ones of ours. */
static void their_headers_are_theirs(void **state)
{
	const struct host *host = need_people(state);
	const struct message auth = login(PHASE_AUTH, "news", 1);
	text_owned token = token_of("games", "login:news", "\"x5t\":\"hash\"");
	struct talk talk;

	assert_int_equal(type_in(host, &auth, token, &talk), DECISION_ALLOW);
}

static void what_must_be_decided_first_is_not_opened_by_typing(void **state)
{
	const struct host *host = need_people(state);
	static const struct {
		const char *door, *scope, *subject, *reason;
	} doors[] = {
	        {"lp", "login:lp", "games", "needs-approval"},
	        {"daemon", "login:daemon", "games", "terms"},
	        {"news", "login:lp", "games", "foreign-scope"},
	        {"news", "su:news", "games", "foreign-scope"},
	        {"news", "ssh:news", "games", "foreign-scope"},
	        {"news", "login:news login:games2", "games", "foreign-account"},
	        {"news", "login:news", "mail", "no-rule"},
	        {"news", "login:news", "root", "foreign-subject"},
	        {"news", "login:news", "nosuch", "unknown-user"},
	};

	for (size_t i = 0; i < COUNT(doors); i++) {
		const struct message auth = login(PHASE_AUTH, doors[i].door, i);
		text_owned token = token_of(doors[i].subject, doors[i].scope, "");
		must_not_open(host, &auth, token, doors[i].reason);
	}
	assert_int_equal(spent(host), 0);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
}

static void who_is_locked_comes_in_by_no_issuer(void **state)
{
	const struct host *host = need_people(state);
	const struct message auth = login(PHASE_AUTH, "news", 1), lock = lock_of("games");
	text_owned token = token_of("games", "login:news", "");

	must_do(host, ROOT, &lock);
	must_not_open(host, &auth, token, "locked");
	assert_int_equal(spent(host), 0);
}

/* At su the kernel says who it is. */
static void where_the_kernel_vouches_it_must_be_the_callers(void **state)
{
	const struct host *host = need_people(state);
	const struct message su = typed_check("su", PHASE_AUTH, "lp", 1);
	const struct message mail = typed_check("su", PHASE_AUTH, "mail", 2);
	text_owned theirs = token_of("mail", "su:lp", "");
	text_owned mine = token_of("games", "su:lp", "");
	text_owned first = token_of("games", "su:lp", "");
	struct message present = present_of(first, "", "");
	struct message answer;
	struct talk talk;

	must_request(host, AS(GAMES), "su:mail");
	must_not_open(host, &mail, theirs, "subject-mismatch");
	assert_int_equal(type_in(host, &su, mine, &talk), DECISION_DENY);
	assert_false(
	        talk.asked); /* nothing is outstanding for this one: it is brought in instead */
	say(host, AS(GAMES), &present, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	assert_int_equal(type_in(host, &su, mine, &talk), DECISION_ALLOW);
	assert_true(talk.asked);
}

/* Who got another name while asked: the kernel's uid is still theirs, and su's name is not. */
static void who_is_renamed_while_asked_types_nothing_by_the_new_name(void **state)
{
	const struct host *host = need_people(state);
	const struct message su = typed_check("su", PHASE_AUTH, "lp", 1);
	text_owned first = token_of("games", "su:lp", "");
	text_owned renamed = token_of("player", "su:lp", "");
	const struct message present = present_of(first, "", "");
	struct message message;
	struct link link;

	must_do(host, AS(GAMES), &present);
	link_open(host, PAM_SOCKET, SELF, &link);
	assert_true(until_asked(&link, &su, &message));
	accounts_passwd("root:x:0:0::/root:/bin/sh\nlp:x:7:7::/:/bin/sh\n"
	                "player:x:5:60::/:/bin/sh\n");
	give(&link, renamed);
	assert_true(link_receive(&link, &message));
	link_close(&link);
	assert_int_equal(message.id, MESSAGE_verdict);
	assert_int_equal(message.verdict.decision, DECISION_DENY);
	assert_int_equal(checks(host, "deny", "subject-mismatch"), 1);
	assert_int_equal(spent(host), 1); /* what was brought in */
}

/* A cut one cannot be told from a forged one by its signature, but by its length. */
static void what_a_client_cut_off_is_said_to_be(void **state)
{
	const struct host *host = need_people(state);
	const struct message auth = login(PHASE_AUTH, "news", 1);
	char padding[900];
	text_owned claims = NULL;
	text_owned token = NULL;

	memset(padding, 'x', sizeof(padding) - 1);
	padding[sizeof(padding) - 1] = '\0';
	claims = text_of("{\"iss\":\"" ISSUER "\",\"aud\":\"test.example.org\",\"sub\":\"games\","
	                 "\"scope\":\"login:news\",\"iat\":NOW,\"exp\":NOW+300,\"x\":\"%s\"}",
	                 padding);
	token = provider_sign(trusting_provider(), claims, "", 0);
	assert_true(strlen(token) > 1023);
	token[1023] = '\0';
	must_not_open(host, &auth, token, "cut-off");
}

/* ---- bound to an ssh key ---- */

static void what_is_bound_opens_for_its_key_alone(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = bound_token("ssh:games", &key_a);
	const char *reason;
	struct talk talk;

	reason = by_key_and_prompt(host, "games", key_b.line, token, &talk);
	if (!reason || strcmp(reason, "wrong-key") != 0)
		fail_msg("%s", reason ? reason : "it opens");
	assert_non_null(strstr(talk.text, "that is bound to another ssh key"));
	assert_int_equal(spent(host), 0); /* a thief spends nothing */
	reason = by_key_and_prompt(host, "games", key_a.line, token, &talk);
	if (reason)
		fail_msg("%s", reason);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access WHERE user_key = '%s'",
	                         key_a.fingerprint),
	                 1);
}

static void what_is_bound_opens_no_door_that_shows_no_key(void **state)
{
	const struct host *host = need_people(state);
	const struct message auth = login(PHASE_AUTH, "news", 1);
	text_owned token = bound_token("login:news", &key_a);
	text_owned ssh = bound_token("ssh:games", &key_a);
	struct sshd sshd;
	struct talk talk;

	must_not_open(host, &auth, token, "foreign-bound");
	const struct message unseen = ssh_check(PHASE_AUTH, "games");
	sshd_begin(&sshd);
	assert_int_equal(hook(host, sshd.child, &unseen, ssh, &talk), DECISION_DENY);
	sshd_end(&sshd);
	assert_int_equal(checks(host, "deny", "no-key"), 1);
	assert_int_equal(spent(host), 0);
}

/* A rule that binds takes what names a key, or comes from a login with one. */
static void a_rule_that_binds_holds_it_for_that_key(void **state)
{
	const struct host *host = need_people(state);
	text_owned without = token_of("games", "ssh:news", "");
	text_owned token = bound_token("ssh:news", &key_a);
	const struct message none = present_of(without, "", "");
	const struct message message = present_of(token, "", "");
	struct message answer;
	const char *reason;
	struct talk talk;

	expect_refusal(host, AS(GAMES), &none, "that token is bound to none", "user-key-missing");
	reason = by_key_and_prompt(host, "news", key_a.line, without, &talk);
	if (!reason || strcmp(reason, "foreign-bound") != 0)
		fail_msg("%s", reason ? reason : "it opens");
	say(host, AS(GAMES), &message, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	reason = by_key(host, "news", key_b.line);
	assert_non_null(reason);
	reason = by_key(host, "news", key_a.line);
	if (reason)
		fail_msg("%s", reason);
}

/* ---- what runs ---- */

/* The trust is taken out, and what came by it opens nothing any more. */
static void a_trust_that_is_gone_takes_its_accesses_along(void **state)
{
	struct host *host = need_people(state);
	text_owned token = token_of("games", "sudo:root", "");
	text_owned waiting = token_of("games", "sudo:lp", "");
	struct message present = present_of(token, "", "");
	struct message answer, yes;
	text_owned text = NULL;
	size_t size = 0;
	char path[128];
	FILE *conf;

	say(host, AS(GAMES), &present, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	expect_sudo(host, DECISION_ALLOW, "");
	present = present_of(waiting, "", "");
	say(host, AS(GAMES), &present, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	yes = approve_of(answer.done.access, WIRE_DEFAULT);
	host_stop(host);
	snprintf(path, sizeof(path), "%s/jitd.conf", host->directory);
	conf = fopen(path, "re");
	assert_non_null(conf);
	assert_true(getdelim(&text, &size, '\0', conf) > 0);
	fclose(conf);
	*strstr(text, "trust ") = '\0';
	conf = fopen(path, "we");
	assert_non_null(conf);
	assert_true(fputs(text, conf) >= 0);
	assert_int_equal(fclose(conf), 0);
	host_start_here(host);
	expect_sudo(host, DECISION_DENY, "does not trust any more");
	assert_int_equal(checks(host, "deny", "trust-gone"), 1);
	must_refuse(host, AS(MAN), &yes, "is not trusted any more");
}

/* ---- explained ---- */

/* The same road, and nothing is changed by it. */
static void an_explanation_changes_nothing(void **state)
{
	const struct host *host = need_people(state);
	struct message explain = {.id = MESSAGE_explain};
	const struct message auth = login(PHASE_AUTH, "news", 1);
	text_owned good = token_of("games", "login:news", "");
	text_owned bad = token_of("games", "login:lp", "");
	struct message row;
	struct link link;
	struct talk talk;

	snprintf(explain.explain.service, sizeof(explain.explain.service), "login");
	snprintf(explain.explain.user, sizeof(explain.explain.user), "news");
	for (int i = 0; i < 3; i++) {
		unsigned int no = 0;
		snprintf(explain.explain.text, sizeof(explain.explain.text), "%s",
		         i < 2 ? good : bad);
		link_open(host, CLIENT_SOCKET, ROOT, &link);
		link_send(&link, &explain);
		while (link_receive(&link, &row) && row.id == MESSAGE_step)
			no += strcmp(row.step.verdict, "yes") != 0;
		assert_int_equal(row.id, MESSAGE_end);
		link_close(&link);
		if ((no > 0) != (i == 2))
			fail_msg("round %d: %u", i, no);
	}
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
	assert_int_equal(spent(host), 0);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE event <> 'start' AND event "
	                         "<> 'key' AND event <> 'trust'"),
	                 0);
	assert_int_equal(type_in(host, &auth, good, &talk), DECISION_ALLOW);
	assert_int_equal(talk.access, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, trusting_end)
	const struct CMUnitTest tests[] = {
	        TEST(it_becomes_an_access_and_opens_in_one_message),
	        TEST(of_two_at_once_one_opens),
	        TEST(their_headers_are_theirs),
	        TEST(what_must_be_decided_first_is_not_opened_by_typing),
	        TEST(who_is_locked_comes_in_by_no_issuer),
	        TEST(where_the_kernel_vouches_it_must_be_the_callers),
	        TEST(who_is_renamed_while_asked_types_nothing_by_the_new_name),
	        TEST(what_a_client_cut_off_is_said_to_be),
	        TEST(what_is_bound_opens_for_its_key_alone),
	        TEST(what_is_bound_opens_no_door_that_shows_no_key),
	        TEST(a_rule_that_binds_holds_it_for_that_key),
	        TEST(a_trust_that_is_gone_takes_its_accesses_along),
	        TEST(an_explanation_changes_nothing),
	};

	people_come();
	return cmocka_run_group_tests_name("foreign door", tests, NULL, NULL);
}
