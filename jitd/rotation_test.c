/* SPDX-License-Identifier: Apache-2.0 */
/* The signing keys of a running jitd: who may change them, what opens afterwards, and until when.
 */
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

static void rotate(const struct host *host)
{
	const struct message message = rotate_now();

	must_do(host, ROOT, &message);
}

static void retire(const struct host *host, const char *kid)
{
	const struct message message = retire_of(kid);

	must_do(host, ROOT, &message);
}

static void opens(const struct host *host)
{
	struct message answer;

	if (sudo_check(host, &answer) != DECISION_ALLOW)
		fail_msg("refused: %s", answer.verdict.text);
}

static void refused(const struct host *host, const char *word)
{
	struct message answer;

	assert_int_equal(sudo_check(host, &answer), DECISION_DENY);
	if (!strstr(answer.verdict.text, word))
		fail_msg("not \"%s\": %s", word, answer.verdict.text);
}

static int64_t key_events(const struct host *host, const char *like)
{
	return on_disk(host, "SELECT count(*) FROM event WHERE event = 'key' AND text LIKE '%s'",
	               like);
}

static int64_t signed_by(const struct host *host, uint32_t access, const char *kid)
{
	return on_disk(host, "SELECT count(*) FROM token WHERE access = %u AND kid = '%s'", access,
	               kid);
}

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
	rotate(host);
	now = key_in(host, "current");
	assert_string_equal(now.kid, next.kid);
	assert_true(now.not_before >= now.made && now.not_before > 0);
	expect_key(host, old.kid, "retiring");
	assert_int_equal(signed_by(host, access, old.kid), 1);
	assert_int_equal(key_in(host, "retiring").not_after,
	                 on_disk(host, "SELECT max(exp) FROM token WHERE kid = '%s'", old.kid));
	opens(host);
	assert_int_equal(type_in(host, &auth, token, &talk), DECISION_ALLOW);
	other.check.handle.bytes[9] = 1;
	assert_int_equal(type_in(host, &other, code, &talk), DECISION_ALLOW);
	later = must_request(host, AS(MAIL), "su:root");
	assert_int_equal(signed_by(host, later, next.kid), 1);
	assert_int_equal(key_files(host), 3);
	assert_int_equal(key_events(host, "% retiring: its last token ends at 20%Z"), 1);
	assert_int_equal(key_events(host, "% current: signs from now on"), 1);
}

static void a_restart_changes_nothing(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key before[3];

	must_request(host, AS(GAMES), "sudo:root");
	rotate(host);
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
	opens(host);
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
	rotate(host);
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

	rotate(host);
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

static void must_be_told(const struct host *host, const char *secret, const char *reason)
{
	const struct message auth = typed_check("login", PHASE_AUTH, "news", 8);

	must_not_open(host, &auth, secret, reason);
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
	must_be_told(host, secret, "token-key-time");
	forge(host, pem, old.kid, access, old.made, secret);
	must_be_told(host, secret, "token-mismatch"); /* genuine, but not one that jitd gave out */
	brief = must_request(host, AS(MAIL), "su:root");
	assert_int_equal(signed_by(host, brief, old.kid), 1);
	rotate(host);
	*people_ahead() = 590;
	forge(host, pem, old.kid, access, old.made + 590, secret);
	must_be_told(host, secret, "token-mismatch");
	/* whatever its rows say by now */
	*people_ahead() = 602;
	forge(host, pem, old.kid, access, old.made + 602, secret);
	must_be_told(host, secret, "token-key-time");
	host_stop(host);
	host_start_here(host);
	must_be_told(host, secret, "token-key-unknown");
}

/* ---- retired at once ---- */

static void a_retired_key_is_refused_at_the_next_check(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key old = key_in(host, "current"), next = key_in(host, "next");
	uint32_t access = must_request(host, AS(GAMES), "sudo:root"), other;
	struct message answer;
	char token[SECRET_SIZE];

	must_issue(host, AS(GAMES), "login:news", false, token);
	rotate(host);
	other = must_request(host, AS(MAIL), "su:root");
	opens(host);
	retire(host, old.kid);
	refused(host, "was revoked");
	must_be_told(host, token, "token-key-unknown");
	expect_state(host, access, "revoked");
	expect_key(host, old.kid, "gone");
	assert_false(key_file_is_there(host, old.kid, ".pem"));
	expect_state(host, other, "active");
	assert_int_equal(su_check(host, &answer), DECISION_ALLOW);
	assert_string_equal(key_in(host, "current").kid, next.kid);
	assert_int_equal(key_events(host, "% gone: retired"), 1);
	assert_int_equal(on_disk(host,
	                         "SELECT ended LIKE 'revoked by root: the key %%' FROM access "
	                         "WHERE id = %u",
	                         access),
	                 1);
}

static void retiring_the_current_one_rotates_first(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key old = key_in(host, "current"), next = key_in(host, "next");
	struct message message = retire_of(old.kid), answer;

	must_request(host, AS(GAMES), "sudo:root");
	say(host, ROOT, &message, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	assert_non_null(strstr(answer.done.text, "1 access revoked"));
	assert_non_null(strstr(answer.done.text, next.kid));
	refused(host, "was revoked");
	assert_string_equal(key_in(host, "current").kid, next.kid);
	assert_int_equal(keys_in(host, "next"), 1);
	assert_int_equal(key_files(host), 2);
	must_request(host, AS(GAMES), "sudo:root");
	opens(host);
}

static void a_next_key_is_retired_and_another_made(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key current = key_in(host, "current"), next = key_in(host, "next");

	must_request(host, AS(GAMES), "sudo:root");
	retire(host, next.kid);
	opens(host);
	assert_string_equal(key_in(host, "current").kid, current.kid);
	assert_string_not_equal(key_in(host, "next").kid, next.kid);
	expect_key(host, next.kid, "gone");
	assert_false(key_file_is_there(host, next.kid, ".pem"));
	assert_int_equal(key_files(host), 2);
}

/* `revoke --key` ends what it signed, and leaves the key. */
static void revoking_by_key_leaves_the_key(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key current = key_in(host, "current");
	struct message message = {.id = MESSAGE_revoke, .revoke = {.by = REVOKE_KEY}};
	uint32_t first = must_request(host, AS(GAMES), "sudo:root"), second;

	rotate(host);
	second = must_request(host, AS(MAIL), "su:root");
	snprintf(message.revoke.value, sizeof(message.revoke.value), "%s", current.kid);
	must_do(host, ROOT, &message);
	expect_state(host, first, "revoked");
	expect_state(host, second, "active");
	expect_key(host, current.kid, "retiring");
	refused(host, "was revoked");
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

static void what_is_no_live_key_is_not_retired(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key current = key_in(host, "current");
	struct message message = retire_of("AAAAAAAA");

	expect_refusal(host, ROOT, &message, "no such key: AAAAAAAA", "unknown-key");
	message = retire_of("");
	expect_refusal(host, ROOT, &message, "no such key", "unknown-key");
	message = retire_of("'; DROP TABLE key; --");
	expect_refusal(host, ROOT, &message, "no such key", "unknown-key");
	retire(host, current.kid);
	message = retire_of(current.kid);
	expect_refusal(host, ROOT, &message, "gone already", "state");
	assert_int_equal(keys_in(host, "current"), 1);
}

/* Two retire the same key at once: the second hears that it is gone. */
static void changes_come_one_after_the_other(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key current = key_in(host, "current");
	const struct message messages[] = {retire_of(current.kid), rotate_now(), rotate_now(),
	                                   retire_of(current.kid)};
	struct link links[4];
	unsigned int done = 0, gone = 0;

	for (size_t i = 0; i < 4; i++)
		link_open(host, CLIENT_SOCKET, ROOT, &links[i]);
	for (size_t i = 0; i < 4; i++)
		link_send(&links[i], &messages[i]);
	for (size_t i = 0; i < 4; i++) {
		struct message answer;
		assert_true(link_receive(&links[i], &answer));
		done += answer.id == MESSAGE_done;
		gone += answer.id == MESSAGE_refused &&
		        strstr(answer.refused.text, "gone already") != NULL;
		link_close(&links[i]);
	}
	assert_int_equal(done, 3);
	assert_int_equal(gone, 1);
	assert_int_equal(keys_in(host, "current"), 1);
	assert_int_equal(keys_in(host, "next"), 1);
}

static void too_many_at_a_time_are_refused(void **state)
{
	struct host *host = need_locksmith(state);
	const struct message rotation = rotate_now();
	struct wire_key current, first = key_in(host, "current");

	for (int i = 0; i < REKEY_RETIRING_MAX; i++) {
		must_request(host, AS(GAMES), "sudo:root");
		rotate(host);
	}
	must_request(host, AS(GAMES), "sudo:root");
	current = key_in(host, "current");
	must_refuse(host, ROOT, &rotation, "32 keys are retiring");
	expect_key(host, current.kid, "current");
	assert_int_equal(key_files(host), REKEY_RETIRING_MAX + 2);
	retire(host, first.kid);
	must_do(host, ROOT, &rotation);
	expect_key(host, current.kid, "retiring");
	opens(host);
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
	retire(host, old.kid);
	rotate(host);
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
	opens(host);
	must_request(host, AS(MAIL), "su:root");
	assert_int_equal(su_check(host, &answer), DECISION_ALLOW);
	/* no prompt takes such a token */
	say(host, AS(GAMES), &token, &answer);
	assert_int_equal(answer.id, MESSAGE_minted);
	assert_int_equal(answer.minted.code, 1);
	assert_non_null(strstr(answer.minted.text, "a prompt takes 511: this is a code"));
	assert_int_equal(type_in(host, &auth, answer.minted.secret, &talk), DECISION_ALLOW);
	rotate(host);
	assert_int_equal(su_check(host, &answer), DECISION_ALLOW);
	host_stop(host);
	host_settings(host, LOCKSMITH_SETTINGS);
	host_start_here(host);
	assert_string_equal(key_in(host, "current").algorithm, "ES256");
	opens(host);
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
	        TEST(a_retired_key_is_refused_at_the_next_check),
	        TEST(retiring_the_current_one_rotates_first),
	        TEST(a_next_key_is_retired_and_another_made),
	        TEST(revoking_by_key_leaves_the_key),
	        TEST(only_administrators_change_keys),
	        TEST(what_is_no_live_key_is_not_retired),
	        TEST(changes_come_one_after_the_other),
	        TEST(too_many_at_a_time_are_refused),
	        TEST(the_public_halves_are_told_to_everybody),
	        TEST(another_algorithm_is_a_rotation),
	};

	people_come();
	return cmocka_run_group_tests_name("rotation", tests, NULL, NULL);
}
