/* SPDX-License-Identifier: Apache-2.0 */
/* Tokens of another issuer, brought in by the person they stand for: once, by a rule that names the
 * trust, for as long as both say. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/daemon/arrivals.h"
#include "tests/daemon/logins.h"

static int64_t rows(const struct host *host)
{
	return on_disk(host, "SELECT count(*) FROM access");
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
	text_owned token = provider_sign(trusting_provider(), first, "", ahead);
	text_owned again = provider_sign(trusting_provider(), first, "", begun - time(NULL));
	text_owned other = provider_sign(trusting_provider(), second, "", ahead);

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
	text_owned token = fresh();

	need_people(state);
	arrivals_make(&child);
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
		text_owned token = provider_sign(trusting_provider(), text, "", 0);
		text_owned wrong_text = text_of(claims, subjects[i].who, "Main");
		text_owned wrong = provider_sign(trusting_provider(), wrong_text, "", 0);
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
	struct provider *provider = trusting_provider(), stranger = *provider;
	text_owned forged = NULL;

	provider->bench = NULL;
	bench_setup((void **)&provider->bench);
	text_owned strange = fresh();
	/* under the kid that is known */
	memcpy(provider->bench->kid, stranger.bench->kid, sizeof(provider->bench->kid));
	forged = token_with("jti", "\"of the victim\"");
	bench_teardown((void **)&provider->bench);
	*provider = stranger;
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
int main(void)
{
#define WITH(name, setup) cmocka_unit_test_setup_teardown(name, setup, trusting_end)
#define TEST(name)        WITH(name, arrivals_begin)
	const struct CMUnitTest tests[] = {
	        TEST(it_becomes_an_access_of_this_host),
	        TEST(it_ends_by_the_token_or_by_the_rule_whichever_is_first),
	        TEST(a_token_is_good_once_however_it_is_spelled),
	        TEST(without_a_jti_what_was_signed_is_good_once),
	        TEST(of_many_at_once_one_becomes_an_access),
	        TEST(burned_stays_burned_after_kill_and_restart),
	        TEST(only_whom_it_stands_for_brings_it_in),
	        TEST(it_stands_for_nobody_who_is_not_known_here_by_that_name),
	        WITH(a_map_says_who_and_what_must_be_so_is_required, arrivals_begin_mapped),
	        TEST(what_it_says_is_held_against_the_trust),
	        TEST(one_of_several_audiences_is_enough),
	        TEST(a_key_that_no_trust_has_is_nobodys),
	        WITH(our_own_tokens_go_our_own_road, arrivals_begin_own),
	};

	people_come();
	return cmocka_run_group_tests_name("foreign", tests, NULL, NULL);
}
