/* SPDX-License-Identifier: Apache-2.0 */
/* Keys that are ended before their time, and what ends with them. */
#include "tests/daemon/locksmith.h"

#include <stdio.h>
#include <string.h>

static void a_retired_key_is_refused_at_the_next_check(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key old = key_in(host, "current"), next = key_in(host, "next");
	uint32_t access = must_request(host, AS(GAMES), "sudo:root"), other;
	struct message answer;
	char token[SECRET_SIZE];

	must_issue(host, AS(GAMES), "login:news", false, token);
	rotate_keys(host);
	other = must_request(host, AS(MAIL), "su:root");
	sudo_opens(host);
	retire_key(host, old.kid);
	sudo_is_refused(host, "was revoked");
	typed_is_refused(host, token, "token-key-unknown");
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

/* Tokens that were used, or are over, need no key any more. */
static void a_retired_key_ends_what_lives_of_it_alone(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key old = key_in(host, "current");
	const struct message auth = typed_check("login", PHASE_AUTH, "news", 7);
	uint32_t used, over, out;
	char secret[SECRET_SIZE];
	struct talk talk;

	over = must_issue(host, AS(GAMES), "login:news", true, secret);
	*people_ahead() = 301;
	used = must_issue(host, AS(GAMES), "login:news", false, secret);
	assert_int_equal(type_in(host, &auth, secret, &talk), DECISION_ALLOW);
	out = must_issue(host, AS(GAMES), "login:news", true, secret);
	retire_key(host, old.kid);
	expect_state(host, over, "active");
	expect_state(host, used, "active");
	expect_state(host, out, "revoked");
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
	sudo_is_refused(host, "was revoked");
	assert_string_equal(key_in(host, "current").kid, next.kid);
	assert_int_equal(keys_in(host, "next"), 1);
	assert_int_equal(key_files(host), 2);
	must_request(host, AS(GAMES), "sudo:root");
	sudo_opens(host);
}

static void a_next_key_is_retired_and_another_made(void **state)
{
	struct host *host = need_locksmith(state);
	struct wire_key current = key_in(host, "current"), next = key_in(host, "next");

	must_request(host, AS(GAMES), "sudo:root");
	retire_key(host, next.kid);
	sudo_opens(host);
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

	rotate_keys(host);
	second = must_request(host, AS(MAIL), "su:root");
	snprintf(message.revoke.value, sizeof(message.revoke.value), "%s", current.kid);
	must_do(host, ROOT, &message);
	expect_state(host, first, "revoked");
	expect_state(host, second, "active");
	expect_key(host, current.kid, "retiring");
	sudo_is_refused(host, "was revoked");
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
	retire_key(host, current.kid);
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

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, locksmith_begin, locksmith_end)
	const struct CMUnitTest tests[] = {
	        TEST(a_retired_key_is_refused_at_the_next_check),
	        TEST(a_retired_key_ends_what_lives_of_it_alone),
	        TEST(retiring_the_current_one_rotates_first),
	        TEST(a_next_key_is_retired_and_another_made),
	        TEST(revoking_by_key_leaves_the_key),
	        TEST(what_is_no_live_key_is_not_retired),
	        TEST(changes_come_one_after_the_other),
	};

	people_come();
	return cmocka_run_group_tests_name("retirement", tests, NULL, NULL);
}
