/* SPDX-License-Identifier: Apache-2.0 */
/* The signing keys of a running jitd: who may change them, what opens afterwards, until when. */
#include "tests/daemon/locksmith.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/secret.h"
#include "jitd/mint.h"
#include "jitd/rekey.h"
#include "jitd/txn.h"

#define HOUR 3600

/* ---- states ---- */

static void the_first_start_makes_a_current_and_a_next_key(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key current = key_in(host, "current"), next = key_in(host, "next"), again;

	assert_int_equal(key_files(host), 2);
	assert_string_equal(current.algorithm, "ES256");
	assert_int_equal(current.not_before, current.made);
	assert_int_equal(current.not_after, 0);
	assert_int_equal(next.not_before, 0);
	assert_int_equal(key_events(host, "% current: made"), 1);
	assert_int_equal(key_events(host, "% next: made"), 1);
	host_stop(host);
	host_start_here(host);
	again = key_in(host, "current");
	assert_string_equal(again.kid, current.kid);
	again = key_in(host, "next");
	assert_string_equal(again.kid, next.kid);
	assert_int_equal(key_files(host), 2);
}

static void a_rotation_loses_no_live_token(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key old = key_in(host, "current"), next = key_in(host, "next"), now;
	const struct message auth = typed_check("login", PHASE_AUTH, "news", 7);
	struct message other = auth;
	uint32_t access = must_request(host, AS(GAMES), "sudo:root"), later;
	char token[SECRET_SIZE], code[SECRET_SIZE];
	struct talk talk;

	must_issue(host, AS(GAMES), "login:news", false, token);
	must_issue(host, AS(GAMES), "login:news", true, code);
	rotate_keys(host);
	now = key_in(host, "current");
	assert_string_equal(now.kid, next.kid);
	assert_true(now.not_before >= now.made && now.not_before > 0);
	expect_key(host, old.kid, "retiring");
	assert_int_equal(tokens_by(host, access, old.kid), 1);
	assert_int_equal(key_in(host, "retiring").not_after,
	                 on_disk(host, "SELECT max(exp) FROM token WHERE kid = '%s'", old.kid));
	sudo_opens(host);
	assert_int_equal(type_in(host, &auth, token, &talk), DECISION_ALLOW);
	other.check.handle.bytes[9] = 1;
	assert_int_equal(type_in(host, &other, code, &talk), DECISION_ALLOW);
	later = must_request(host, AS(MAIL), "su:root");
	assert_int_equal(tokens_by(host, later, next.kid), 1);
	assert_int_equal(key_files(host), 3);
	assert_int_equal(key_events(host, "% retiring: its last token ends at 20%Z"), 1);
	assert_int_equal(key_events(host, "% current: signs from now on"), 1);
}

static void a_restart_changes_nothing(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key before[3];

	must_request(host, AS(GAMES), "sudo:root");
	rotate_keys(host);
	before[0] = key_in(host, "current");
	before[1] = key_in(host, "next");
	before[2] = key_in(host, "retiring");
	host_stop(host);
	host_start_here(host);
	for (size_t i = 0; i < 3; i++) {
		struct wire_key now = key_in(host, before[i].state);
		assert_string_equal(now.kid, before[i].kid);
		assert_int_equal(now.not_before, before[i].not_before);
		assert_int_equal(now.not_after, before[i].not_after);
		assert_string_equal(now.jwk, before[i].jwk);
	}
	sudo_opens(host);
}

static void turn_until_gone(const struct host *host, const char *kid)
{
	for (int i = 0; keys_in(host, "retiring") && i < 1000; i++)
		host_turn(host, true);
	expect_key(host, kid, "gone");
	assert_false(key_file_is_there(host, kid, ".pem"));
}

static void a_retiring_key_goes_when_its_last_token_is_over(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key old = key_in(host, "current");

	must_request(host, AS(MAIL), "su:root"); /* 10 minutes */
	rotate_keys(host);
	host_stop(host);
	*people_ahead() = 599;
	host_start_here(host);
	expect_key(host, old.kid, "retiring");
	host_stop(host);
	*people_ahead() = HOUR;
	host_start_here(host);
	expect_key(host, old.kid, "gone");
	assert_false(key_file_is_there(host, old.kid, ".pem"));
	assert_int_equal(key_events(host, "% gone: its last token is over"), 1);
	assert_int_equal(on_disk(host,
	                         "SELECT retired IS NULL AND not_after < %lld FROM key "
	                         "WHERE kid = '%s'",
	                         (long long)old.made + HOUR, old.kid),
	                 1);
}

/* Nothing of it lives: it goes within seconds, by itself. */
static void a_key_without_tokens_goes_at_once(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key old = key_in(host, "current");

	rotate_keys(host);
	turn_until_gone(host, old.kid);
}

/* ---- no longer than said ---- */

/* Whoever still has its private half: a token for that access, to that time. */
static void forge(const struct host *host, const char *pem, const char *kid, uint32_t access,
                  int64_t iat, char secret[static SECRET_SIZE])
{
	struct mint_order order = {.iss = "test.example.org",
	                           .aud = "test.example.org",
	                           .sub = "games",
	                           .scope = "login:news",
	                           .iat = iat,
	                           .exp = iat + 300,
	                           .access = access,
	                           .algorithm = KEY_ES256};
	char *text = NULL;

	(void)host;
	snprintf(order.kid, sizeof(order.kid), "%s", kid);
	assert_int_equal(mint_jti(order.jti), 0);
	assert_int_equal(mint_token(&order, pem, &text), 0);
	snprintf(secret, SECRET_SIZE, "%s", text);
	cleanup_secret(&text);
}

static char *private_half(const struct host *host, const char *kid)
{
	const struct file_rule rule = {.owner = 0, .forbidden = 077};
	struct key_path path = key_path(host, kid, ".pem");
	char *text = NULL;
	size_t length;

	assert_int_equal(file_read(path.text, &rule, &text, &length, NULL), 0);
	return text;
}

static void a_key_verifies_no_longer_than_it_says(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key old = key_in(host, "current"), next = key_in(host, "next");
	cleanup(cleanup_secret) char *pem = private_half(host, old.kid),
	                             *early = private_half(host, next.kid);
	uint32_t access = must_request(host, AS(GAMES), "login:news"), brief;
	char secret[SECRET_SIZE];

	/* a key that does not sign yet verifies nothing */
	forge(host, early, next.kid, access, next.made, secret);
	typed_is_refused(host, secret, "token-key-time");
	forge(host, pem, old.kid, access, old.made, secret);
	typed_is_refused(host, secret,
	                 "token-mismatch"); /* genuine, but not one that jitd gave out */
	brief = must_request(host, AS(MAIL), "su:root");
	assert_int_equal(tokens_by(host, brief, old.kid), 1);
	rotate_keys(host);
	*people_ahead() = 590;
	forge(host, pem, old.kid, access, old.made + 590, secret);
	typed_is_refused(host, secret, "token-mismatch");
	/* whatever its rows say by now */
	*people_ahead() = 602;
	forge(host, pem, old.kid, access, old.made + 602, secret);
	typed_is_refused(host, secret, "token-key-time");
	host_stop(host);
	host_start_here(host);
	typed_is_refused(host, secret, "token-key-unknown");
}

/* ---- who may ---- */

static void only_administrators_change_keys(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key current = key_in(host, "current");
	const struct message rotation = rotate_now(), retirement = retire_of(current.kid);

	expect_refusal(host, AS(GAMES), &rotation, "only administrators", "not-allowed");
	expect_refusal(host, AS(LP), &rotation, "only administrators", "not-allowed");
	expect_refusal(host, AS(LP), &retirement, "only administrators", "not-allowed");
	expect_refusal(host, (struct person){MAN, GAMES}, &rotation, "through another login",
	               "not-a-person");
	expect_key(host, current.kid, "current");
	must_do(host, AS(MAN), &rotation);
	expect_key(host, current.kid, "retiring");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'key' AND "
	                               "actor = 'man'"),
	                 3);
}

static void too_many_at_a_time_are_refused(void **state)
{
	struct host *host = need_locksmith(state);
	const struct message rotation = rotate_now();
	struct wire_key current, first = key_in(host, "current");

	for (int i = 0; i < REKEY_RETIRING_MAX; i++) {
		must_request(host, AS(GAMES), "sudo:root");
		rotate_keys(host);
	}
	must_request(host, AS(GAMES), "sudo:root");
	current = key_in(host, "current");
	must_refuse(host, ROOT, &rotation, "32 keys are retiring");
	expect_key(host, current.kid, "current");
	assert_int_equal(key_files(host), REKEY_RETIRING_MAX + 2);
	retire_key(host, first.kid);
	must_do(host, ROOT, &rotation);
	expect_key(host, current.kid, "retiring");
	sudo_opens(host);
}

/* ---- told to others ---- */

static void the_public_halves_are_told_to_everybody(void **state)
{
	struct host *host = need_locksmith(state);
	static struct wire_key rows[LISTED_MAX];
	char set[8192] = "{\"keys\":[";
	struct keyset *keys = NULL;
	struct wire_key old = key_in(host, "next");
	size_t count, told = 0;

	must_request(host, AS(GAMES), "sudo:root");
	retire_key(host, old.kid);
	rotate_keys(host);
	count = keys_listed(host, rows);
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(set);
		assert_int_equal(rows[i].jwk[0] == '\0', !strcmp(rows[i].state, "gone"));
		assert_null(strstr(rows[i].jwk, "\"d\""));
		if (rows[i].jwk[0])
			snprintf(set + used, sizeof(set) - used, "%s%s", told++ ? "," : "",
			         rows[i].jwk);
	}
	snprintf(set + strlen(set), sizeof(set) - strlen(set), "]}");
	assert_int_equal(told, 3);
	assert_int_equal(keyset_read_jwks(set, strlen(set), KEY_BIT(KEY_ES256), NULL, &keys, NULL),
	                 0);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(keyset_find(keys, rows[i].kid, strlen(rows[i].kid)) != NULL,
		                 rows[i].jwk[0] != '\0');
	keyset_free(keys);
}

/* ---- another algorithm ---- */

static void another_algorithm_is_a_rotation(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key old = key_in(host, "current"), next = key_in(host, "next");
	const struct message token = {
	        .id = MESSAGE_token,
	        .token = {.access = must_request(host, AS(GAMES), "login:news")}};
	const struct message auth = typed_check("login", PHASE_AUTH, "news", 9);
	struct message answer;
	struct talk talk;

	must_request(host, AS(GAMES), "sudo:root");
	host_stop(host);
	host_settings(host, LOCKSMITH_SETTINGS "algorithm = \"RS256\"\n");
	host_start_here(host);
	assert_string_equal(key_in(host, "current").algorithm, "RS256");
	assert_string_equal(key_in(host, "next").algorithm, "RS256");
	expect_key(host, old.kid, "retiring");
	expect_key(host, next.kid, "gone");
	assert_int_equal(key_files(host), 3);
	sudo_opens(host);
	must_request(host, AS(MAIL), "su:root");
	assert_int_equal(su_check(host, &answer), DECISION_ALLOW);
	/* no prompt takes such a token */
	say(host, AS(GAMES), &token, &answer);
	assert_int_equal(answer.id, MESSAGE_minted);
	assert_int_equal(answer.minted.code, 1);
	assert_non_null(strstr(answer.minted.text, "a prompt takes 511: this is a code"));
	assert_int_equal(type_in(host, &auth, answer.minted.secret, &talk), DECISION_ALLOW);
	rotate_keys(host);
	assert_int_equal(su_check(host, &answer), DECISION_ALLOW);
	host_stop(host);
	host_settings(host, LOCKSMITH_SETTINGS);
	host_start_here(host);
	assert_string_equal(key_in(host, "current").algorithm, "ES256");
	sudo_opens(host);
	assert_int_equal(su_check(host, &answer), DECISION_ALLOW);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, locksmith_begin, locksmith_end)
	const struct CMUnitTest tests[] = {
	        TEST(the_first_start_makes_a_current_and_a_next_key),
	        TEST(a_rotation_loses_no_live_token),
	        TEST(a_restart_changes_nothing),
	        TEST(a_retiring_key_goes_when_its_last_token_is_over),
	        TEST(a_key_without_tokens_goes_at_once),
	        TEST(a_key_verifies_no_longer_than_it_says),
	        TEST(only_administrators_change_keys),
	        TEST(too_many_at_a_time_are_refused),
	        TEST(the_public_halves_are_told_to_everybody),
	        TEST(another_algorithm_is_a_rotation),
	};

	people_come();
	return cmocka_run_group_tests_name("rotation", tests, NULL, NULL);
}
