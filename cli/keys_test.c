/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands for signing keys, against a jitd that the test plays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cli/cli_test_rows.h"

#define JWK(kid)                                                                                   \
	"{\"alg\":\"ES256\",\"crv\":\"P-256\",\"kid\":\"" kid                                      \
	"\",\"kty\":\"EC\",\"use\":\"sig\",\"x\":\"x\",\"y\":\"y\"}"

static struct play *play;

static int set_up(void **state)
{
	(void)state;
	play = play_new();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	play_free(play);
	return 0;
}

/* One that is gone, one that retires, the current and the next one. */
static void send_keys(struct play *to)
{
	static const struct wire_key keys[] = {
	        {.kid = "gonegone",
	         .algorithm = "ES256",
	         .state = "gone",
	         .made = ASKED - 9000,
	         .not_before = ASKED - 8000,
	         .not_after = ASKED,
	         .retired = ASKED},
	        {.kid = "oldoldol",
	         .algorithm = "ES256",
	         .state = "retiring",
	         .made = ASKED - 8000,
	         .not_before = ASKED - 3000,
	         .not_after = ASKED + 900,
	         .jwk = JWK("oldoldol")},
	        {.kid = "currentc",
	         .algorithm = "RS256",
	         .state = "current",
	         .made = ASKED - 3000,
	         .not_before = ASKED,
	         .jwk = JWK("currentc")},
	        {.kid = "nextnext",
	         .algorithm = "RS256",
	         .state = "next",
	         .made = ASKED,
	         .jwk = JWK("nextnext")},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const struct message message = {.id = MESSAGE_key, .key = keys[i]};
		play_send(to, &message);
	}
}

static void list_prints_a_table(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "keys", "list", NULL);
	play_expect(play, MESSAGE_keys);
	send_keys(play);
	play_send_end(play);
	finish_with(play, 0,
	            "KEY       ALGORITHM  STATE     MADE              SIGNS FROM        VERIFIES "
	            "UNTIL\n"
	            "gonegone  ES256      gone      2025-11-23 13:35  2025-11-23 13:51  2025-11-23 "
	            "16:05\n"
	            "oldoldol  ES256      retiring  2025-11-23 13:51  2025-11-23 15:15  2025-11-23 "
	            "16:20\n"
	            "currentc  RS256      current   2025-11-23 15:15  2025-11-23 16:05  -\n"
	            "nextnext  RS256      next      2025-11-23 16:05  -                 -\n",
	            NULL);
}

static void list_prints_a_json_array(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "keys", "list", "--json", NULL);
	play_expect(play, MESSAGE_keys);
	send_keys(play);
	play_send_end(play);
	finish_with(play, 0, "[\n", NULL);
	assert_non_null(strstr(play->out,
	                       "{\"kid\":\"gonegone\",\"algorithm\":\"ES256\",\"state\":\"gone\","
	                       "\"made\":\"2025-11-23T13:35:12Z\",\"not_before\":"
	                       "\"2025-11-23T13:51:52Z\",\"not_after\":\"2025-11-23T16:05:12Z\","
	                       "\"retired\":\"2025-11-23T16:05:12Z\"},\n"));
	assert_non_null(strstr(play->out,
	                       "{\"kid\":\"nextnext\",\"algorithm\":\"RS256\",\"state\":\"next\","
	                       "\"made\":\"2025-11-23T16:05:12Z\",\"not_before\":null,"
	                       "\"not_after\":null,\"retired\":null}\n]\n"));
}

static void export_prints_a_set_of_those_that_are_there(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "keys", "export", NULL);
	play_expect(play, MESSAGE_keys);
	send_keys(play);
	play_send_end(play);
	finish_with(play, 0, "", NULL);
	assert_string_equal(play->out, "{\"keys\": [\n" JWK("oldoldol") ",\n" JWK(
	                                       "currentc") ",\n" JWK("nextnext") "\n]}\n");
}

/* Half of a set would be taken for all of it. */
static void an_export_that_breaks_off_prints_nothing(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "keys", "export", NULL);
	play_expect(play, MESSAGE_keys);
	send_keys(play);
	play_hang_up(play);
	finish_with(play, 3, NULL, "jitd not reachable: ");
}

static void rows_of_another_kind_are_refused(void **state)
{
	static const char *const commands[] = {"list", "export"};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		play_start(play, false, "jitd-admin", "keys", commands[i], NULL);
		play_expect(play, MESSAGE_keys);
		send_counter(play, "key", "oldoldol");
		finish_with(play, 1, NULL, "jitd answered 'counter'");
	}
}

static void rotate_and_retire_say_what_was_done(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "keys", "rotate", NULL);
	play_expect(play, MESSAGE_key_change);
	assert_int_equal(play->in.key_change.change, REKEY_ROTATE);
	assert_string_equal(play->in.key_change.kid, "");
	send_done(play, 0, "rotated: nextnext signs now");
	finish_with(play, 0, "rotated: nextnext signs now\n", NULL);
	play_start(play, false, "jitd-admin", "keys", "retire", "oldoldol", NULL);
	play_expect(play, MESSAGE_key_change);
	assert_int_equal(play->in.key_change.change, REKEY_RETIRE);
	assert_string_equal(play->in.key_change.kid, "oldoldol");
	send_refused(play, "key oldoldol is gone already");
	finish_with(play, 1, NULL, "jitd-admin: key oldoldol is gone already\n");
}

static void what_is_typed_too_long_is_no_kid(void **state)
{
	char kid[100];

	(void)state;
	memset(kid, 'k', sizeof(kid) - 1);
	kid[sizeof(kid) - 1] = '\0';
	play_start(play, false, "jitd-admin", "keys", "retire", kid, NULL);
	play_expect(play, MESSAGE_key_change);
	assert_int_equal(strlen(play->in.key_change.kid), 64);
	assert_int_equal(play->in.key_change.kid[63], '~');
	send_refused(play, "no such key");
	finish_with(play, 1, NULL, "no such key\n");
}

static void a_retirement_names_one_key(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "keys", "retire", NULL);
	finish_with(play, 2, NULL, "KID");
	play_start(play, false, "jitd-admin", "keys", "rotate", "now", NULL);
	finish_with(play, 2, NULL, "now");
	play_start(play, false, "jitd-admin", "keys", NULL);
	finish_with(play, 2, NULL, "keys");
}

int main(void)
{
#define EACH(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(list_prints_a_table),
	        EACH(list_prints_a_json_array),
	        EACH(export_prints_a_set_of_those_that_are_there),
	        EACH(an_export_that_breaks_off_prints_nothing),
	        EACH(rows_of_another_kind_are_refused),
	        EACH(rotate_and_retire_say_what_was_done),
	        EACH(what_is_typed_too_long_is_no_kid),
	        EACH(a_retirement_names_one_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
