/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of another issuer, brought in by the person they stand for: once, by a rule that names the
 * trust, for as long as both say. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/daemon/logins.h"
#include "tests/daemon/provider.h"

#define ISSUER "https://issuer.example.org"

static struct provider provider;

static const char rules[] =
        "defaults { approvals = 0 max = \"30m\" default = \"5m\" via = \"other\" }\n"
        "rule \"held\" { who = {\"games\", \"root\"} scope = {\"sudo:root\"} uses = 2 }\n"
        "rule \"ask\" { who = {\"games\"} scope = {\"su:lp\"} approvals = 1\n"
        "approvers = {\"man\"} pending = \"3h\" }\n"
        "rule \"terms\" { who = {\"games\"} scope = {\"su:mail\"} reason = \"required\"\n"
        "ticket = \"^INC-[0-9]+$\" }\n"
        "rule \"no\" { who = {\"games\"} scope = {\"su:news\"} effect = \"deny\" }\n"
        "rule \"all\" { who = {\"games\"} scope = {\"su:news\", \"su:daemon\", \"su:man2\"} }\n";
static const char own_rules[] =
        "rule \"own\" { who = {\"games\"} scope = {\"sudo:root\"} approvals = 0 }\n";

static char *settings_with(const char *more)
{
	return text_of("max-grant = \"2h\"\ntrust \"other\" { issuer = \"" ISSUER "\"\n"
	               "audience = {\"test.example.org\", \"test\"} jwks = \"%s\"\n"
	               "algorithms = {\"ES256\"} scope-claim = \"scope\"\n"
	               "scope = {\"sudo:*\", \"su:*\"} %s }\n",
	               provider.jwks, more);
}

static int begin_with(void **state, const char *rule_text, const char *more)
{
	text_owned settings = NULL;

	provider_make(&provider, KEY_ES256);
	settings = settings_with(more);
	return people_begin_with(state, rule_text, settings);
}

static int begin(void **state)
{
	return begin_with(state, rules, "");
}

static int begin_own(void **state)
{
	return begin_with(state, own_rules, "");
}

static int begin_mapped(void **state)
{
	return begin_with(state, rules,
	                  "subject-claim = \"who\" require = {\"ref=main\"}\n"
	                  "subject-map = {\"ci-*=games\", \"zero=games2\", \"gone=nosuch\"}");
}

static int end(void **state)
{
	provider_remove(&provider);
	return people_end(state);
}

/* ---- tokens ---- */

/* A good one for sudo:root, with one claim replaced, added, or left out (`json` NULL). */
static char *token_with(const char *name, const char *json)
{
	static unsigned int number;
	text_owned jti = text_of("\"jti-%u\"", ++number);
	const char *const claims[][2] = {
	        {"iss", "\"" ISSUER "\""},
	        {"aud", "\"test.example.org\""},
	        {"sub", "\"games\""},
	        {"scope", "\"sudo:root\""},
	        {"iat", "NOW"},
	        {"exp", "NOW+300"},
	        {"jti", jti},
	};
	text_owned text = text_of("{\"x\":1");
	bool known = false;

	for (size_t i = 0; i < COUNT(claims); i++) {
		bool is_it = !strcmp(claims[i][0], name);
		const char *value = is_it ? json : claims[i][1];
		char *longer = value ? text_of("%s,\"%s\":%s", text, claims[i][0], value) : NULL;
		known |= is_it;
		if (!longer)
			continue;
		free(text);
		text = longer;
	}
	text_owned whole =
	        *name && !known ? text_of("%s,\"%s\":%s}", text, name, json) : text_of("%s}", text);
	return provider_sign(&provider, whole, "", *people_ahead());
}

#define fresh() token_with("", NULL)

static char *token_for(const char *scope)
{
	text_owned json = text_of("\"%s\"", scope);

	return token_with("scope", json);
}

static uint32_t must_present(const struct host *host, const char *token)
{
	const struct message message = present_of(token, "", "");
	struct message answer;

	say(host, AS(GAMES), &message, &answer);
	if (answer.id != MESSAGE_done) {
		host_tell(host);
		fail_msg("not taken: %s", answer.refused.text);
	}
	return answer.done.access;
}

static int64_t rows(const struct host *host)
{
	return on_disk(host, "SELECT count(*) FROM access");
}

static void must_not_present(const struct host *host, struct person person, const char *token,
                             const char *word, const char *reason)
{
	const struct message message = present_of(token, "", "");
	int64_t before = rows(host),
	        spent = on_disk(host, "SELECT count(*) FROM token WHERE kind = 'foreign'");

	expect_refusal(host, person, &message, word, reason);
	assert_int_equal(rows(host), before);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE kind = 'foreign'"), spent);
}

static void expect_reason(const struct host *host, const char *name, const char *json,
                          const char *reason)
{
	text_owned token = token_with(name, json);

	must_not_present(host, AS(GAMES), token, "", reason);
}

/* ---- what it becomes ---- */

static void it_becomes_an_access_of_this_host(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = token_with("access", "7");
	uint32_t access = must_present(host, token);

	expect_state(host, access, "active");
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM access WHERE id = %u AND uid = 5 AND via = "
	                         "'other' AND issuer = '" ISSUER "' AND foreign_ = 7 AND rule = "
	                         "'held' AND scope = 'sudo:root' AND host = 'test.example.org' AND "
	                         "uses = 2 AND until = ends",
	                         access),
	                 1);
	assert_int_equal(
	        on_disk(host,
	                "SELECT count(*) FROM token WHERE access = %u AND kind = 'foreign' "
	                "AND burned IS NOT NULL AND length(jti) = 64",
	                access),
	        1);
	expect_sudo(host, DECISION_ALLOW, ""); /* held, as the rule says */
	*people_ahead() = 301;
	expect_sudo(host, DECISION_DENY, "is over");
}

static void it_ends_by_the_token_or_by_the_rule_whichever_is_first(void **state)
{
	static const struct {
		const char *until;
		int64_t seconds;
	} ends[] = {{"NOW+600", 600}, {"NOW+1800", 1800}, {"NOW+36000", 1800}, {"NOW+60", 60}};
	const struct host *host = need_people(state);

	for (size_t i = 0; i < COUNT(ends); i++) {
		text_owned token = token_with("until", ends[i].until);
		uint32_t access = must_present(host, token);
		int64_t lasts =
		        on_disk(host, "SELECT until - from_ FROM access WHERE id = %u", access);
		if (lasts > ends[i].seconds || lasts < ends[i].seconds - 5)
			fail_msg("%s: %" PRId64, ends[i].until, lasts);
		assert_int_equal(on_disk(host,
		                         "SELECT max(exp) <= (SELECT until FROM access WHERE id = "
		                         "%u) FROM token WHERE access = %u AND kind = 'held'",
		                         access, access),
		                 1);
	}
}

static void a_token_is_good_once_however_it_is_spelled(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = token_with("jti", "\"x\"");
	text_owned same = token_with("jti", "\"x\""); /* another signature, the same jti */
	text_owned later = token_with("exp", "NOW+301");

	must_present(host, token);
	must_not_present(host, AS(GAMES), token, "used already", "token-used");
	assert_string_not_equal(token, same);
	must_not_present(host, AS(GAMES), same, "used already", "token-used");
	must_present(host, later);
}

/* ECDSA gives another signature each time: what was signed is what counts. */
static void without_a_jti_what_was_signed_is_good_once(void **state)
{
	static const char claims[] = "{\"iss\":\"" ISSUER "\",\"aud\":\"test\",\"sub\":\"games\","
	                             "\"scope\":\"sudo:root\",\"iat\":NOW,\"exp\":%s}";
	const struct host *host = need_people(state);
	text_owned first = text_of(claims, "NOW+100");
	text_owned second = text_of(claims, "NOW+101");
	/* the same second for both */
	int64_t ahead = 0, begun = time(NULL);
	text_owned token = provider_sign(&provider, first, "", ahead);
	text_owned again = provider_sign(&provider, first, "", begun - time(NULL));
	text_owned other = provider_sign(&provider, second, "", ahead);

	assert_string_not_equal(token, again);
	assert_int_equal(strncmp(token, again, (size_t)(strrchr(token, '.') - token)), 0);
	must_present(host, token);
	must_not_present(host, AS(GAMES), again, "used already", "token-used");
	must_present(host, other);
}

static void of_many_at_once_one_becomes_an_access(void **state)
{
	enum { MANY = 16 };
	const struct host *host = need_people(state);
	text_owned token = fresh();
	const struct message message = present_of(token, "", "");
	struct link links[MANY];
	struct message answer;
	unsigned int done = 0;

	for (size_t i = 0; i < MANY; i++)
		link_open(host, CLIENT_SOCKET, AS(GAMES), &links[i]);
	for (size_t i = 0; i < MANY; i++)
		link_send(&links[i], &message);
	for (size_t i = 0; i < MANY; i++) {
		assert_true(link_receive(&links[i], &answer));
		done += answer.id == MESSAGE_done;
		link_close(&links[i]);
	}
	assert_int_equal(done, 1);
	assert_int_equal(rows(host), 1);
}

static void burned_stays_burned_after_kill_and_restart(void **state)
{
	static struct host child;
	text_owned settings = settings_with("");
	text_owned token = fresh();

	need_people(state);
	host_make(&child, rules, settings);
	host_start_child(&child);
	must_present(&child, token);
	host_kill(&child);
	host_start_child(&child);
	must_not_present(&child, AS(GAMES), token, "used already", "token-used");
	host_remove(&child);
}

/* ---- whose it is ---- */

static void only_whom_it_stands_for_brings_it_in(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = fresh();

	must_not_present(host, AS(MAN), token, "stands for games, and you are man",
	                 "subject-mismatch");
	must_not_present(host, ROOT, token, "root is nobody in particular", "not-a-person");
	must_not_present(host, (struct person){GAMES, MAIL}, token, "through another login",
	                 "not-a-person");
	must_present(host, token); /* and nobody has spent it */
}

static void it_stands_for_nobody_who_is_not_known_here_by_that_name(void **state)
{
	const struct host *host = need_people(state);

	expect_reason(host, "sub", "\"root\"", "foreign-subject");
	expect_reason(host, "sub", "\"no name\"", "foreign-subject");
	expect_reason(host, "sub", "\"nosuch\"", "unknown-user");
	/* a second name of games is looked up as games, who is not called so */
	expect_reason(host, "sub", "\"games2\"", "foreign-subject");
}

static void a_map_says_who_and_what_must_be_so_is_required(void **state)
{
	static const struct {
		const char *who, *reason;
	} subjects[] = {{"ci-web", ""},
	                {"games", "foreign-subject"},
	                {"ci/web", "foreign-subject"},
	                {"zero", "foreign-subject"},
	                {"gone", "unknown-user"}};
	static const char claims[] = "{\"iss\":\"" ISSUER "\",\"aud\":\"test\",\"sub\":\"games\","
	                             "\"who\":\"%s\",\"ref\":\"%s\",\"scope\":\"sudo:root\","
	                             "\"iat\":NOW,\"exp\":NOW+300}";
	const struct host *host = need_people(state);

	for (size_t i = 0; i < COUNT(subjects); i++) {
		text_owned text = text_of(claims, subjects[i].who, "main");
		text_owned token = provider_sign(&provider, text, "", 0);
		text_owned wrong_text = text_of(claims, subjects[i].who, "Main");
		text_owned wrong = provider_sign(&provider, wrong_text, "", 0);
		must_not_present(host, AS(GAMES), wrong, "token-require", "token-require");
		if (*subjects[i].reason)
			must_not_present(host, AS(GAMES), token, "", subjects[i].reason);
		else
			must_present(host, token);
	}
}

/* ---- what it must say ---- */

static void what_it_says_is_held_against_the_trust(void **state)
{
	static const struct {
		const char *name, *json, *reason;
	} rows_of[] = {
	        {"iss", "\"https://issuer.example.org/\"", "token-issuer"},
	        {"iss", NULL, "token-claim-missing"},
	        {"aud", "\"web1\"", "token-audience"},
	        {"aud", "[\"web1\",\"other\"]", "token-audience"},
	        {"sub", NULL, "token-claim-missing"},
	        {"scope", NULL, "token-claim-missing"},
	        {"exp", "NOW-1", "token-expired"},
	        {"exp", "NOW+601", "token-lifetime"},
	        {"exp", NULL, "token-claim-missing"},
	        {"iat", "NOW+100", "token-early"},
	        {"nbf", "NOW+100", "token-early"},
	        {"until", "NOW-1", "token-expired"},
	        {"until", "\"NOW\"", "token-claims"},
	        {"cnf", "{\"jkt\":\"x\"}", "token-binding"},
	};
	const struct host *host = need_people(state);

	for (size_t i = 0; i < COUNT(rows_of); i++)
		expect_reason(host, rows_of[i].name, rows_of[i].json, rows_of[i].reason);
}

static void one_of_several_audiences_is_enough(void **state)
{
	const struct host *host = need_people(state);
	text_owned token = token_with("aud", "[\"web1\",\"test\"]");

	must_present(host, token);
}

static void a_key_that_no_trust_has_is_nobodys(void **state)
{
	const struct host *host = need_people(state);
	text_owned good = fresh();
	struct provider stranger = provider;
	text_owned forged = NULL;

	provider.bench = NULL;
	bench_setup((void **)&provider.bench);
	text_owned strange = fresh();
	/* under the kid that is known */
	memcpy(provider.bench->kid, stranger.bench->kid, sizeof(provider.bench->kid));
	forged = token_with("jti", "\"of the victim\"");
	bench_teardown((void **)&provider.bench);
	provider = stranger;
	must_not_present(host, AS(GAMES), strange, "has the key of that token",
	                 "token-key-unknown");
	/* T21: a forgery spends nothing */
	must_not_present(host, AS(GAMES), forged, "token-signature", "token-signature");
	text_owned victims = token_with("jti", "\"of the victim\"");
	must_present(host, victims);
	must_present(host, good);
	must_not_present(host, AS(GAMES), "", "", "token-length");
	must_not_present(host, AS(GAMES), "no token", "", "token-form");
}

static void our_own_tokens_go_our_own_road(void **state)
{
	const struct host *host = need_people(state);
	char own[SECRET_SIZE];
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");

	issue(host, AS(GAMES), access, false, own);
	must_not_present(host, AS(GAMES), own, "of this host's own", "own-token");
}

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

	snprintf(revoke.revoke.value, sizeof(revoke.revoke.value), "%s", provider.bench->kid);
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
	provider_rekey(&provider);
	new = fresh();
	must_not_present(host, AS(GAMES), new, "has the key", "token-key-unknown");
	provider_publish(&provider, NULL);
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

	provider_publish(&provider, "{\"keys\":[]}");
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
	provider_publish(&provider, NULL);
	must_present(host, other);
}

int main(void)
{
#define TEST(name)        cmocka_unit_test_setup_teardown(name, begin, end)
#define WITH(name, setup) cmocka_unit_test_setup_teardown(name, setup, end)
	const struct CMUnitTest tests[] = {
	        TEST(it_becomes_an_access_of_this_host),
	        TEST(it_ends_by_the_token_or_by_the_rule_whichever_is_first),
	        TEST(a_token_is_good_once_however_it_is_spelled),
	        TEST(without_a_jti_what_was_signed_is_good_once),
	        TEST(of_many_at_once_one_becomes_an_access),
	        TEST(burned_stays_burned_after_kill_and_restart),
	        TEST(only_whom_it_stands_for_brings_it_in),
	        TEST(it_stands_for_nobody_who_is_not_known_here_by_that_name),
	        WITH(a_map_says_who_and_what_must_be_so_is_required, begin_mapped),
	        TEST(what_it_says_is_held_against_the_trust),
	        TEST(one_of_several_audiences_is_enough),
	        TEST(a_key_that_no_trust_has_is_nobodys),
	        WITH(our_own_tokens_go_our_own_road, begin_own),
	        TEST(a_rule_must_name_the_trust),
	        WITH(a_rule_without_via_is_not_for_it, begin_own),
	        TEST(what_it_asks_must_be_given_by_the_trust_and_known_here),
	        TEST(an_approval_is_waited_for_and_the_end_stays),
	        TEST(what_is_not_approved_before_its_end_lapses),
	        TEST(what_the_rule_demands_is_said_beside_it),
	        TEST(lock_and_limits_hold),
	        TEST(what_came_by_a_key_can_be_revoked_by_it),
	        TEST(new_keys_count_at_the_next_token_and_old_ones_no_more),
	        TEST(a_bad_file_is_an_event_and_the_old_keys_stay),
	};

	people_come();
	return cmocka_run_group_tests_name("foreign", tests, NULL, NULL);
}
