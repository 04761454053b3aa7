/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit token: the secret alone on stdout, the rest beside it. jit present: a token from stdin.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "cli/cli_test_rows.h"

#define CODE "7KQ4M-2XP9D"

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

static void a_token_is_alone_on_stdout(void **state)
{
	(void)state;
	play_start(play, false, "jit", "token", "42", NULL);
	play_expect(play, MESSAGE_token);
	assert_int_equal(play->in.token.access, 42);
	assert_int_equal(play->in.token.code, 0);
	send_minted(play, 42, false, "eyJ.eyJ.c2ln", "");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out, "eyJ.eyJ.c2ln\n");
	assert_string_equal(play->err, "");
}

static void a_code_in_place_of_a_token_says_why_on_stderr(void **state)
{
	(void)state;
	play_start(play, false, "jit", "token", "42", NULL);
	play_expect(play, MESSAGE_token);
	send_minted(play, 42, true, CODE, "a token would be longer than a prompt takes");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out, CODE "\n");
	assert_string_equal(play->err, "a token would be longer than a prompt takes\n");
}

static void people_read_how_long_it_is_good(void **state)
{
	(void)state;
	play_start(play, true, "jit", "token", "--code", "42", NULL);
	play_expect(play, MESSAGE_token);
	assert_int_equal(play->in.token.code, 1);
	send_minted(play, 42, true, CODE, "");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out, CODE "\r\n");
	assert_string_equal(play->err, "good once, until 2025-11-23 16:10\n");
}

static void what_was_not_asked_for_is_not_printed(void **state)
{
	(void)state;
	play_start(play, false, "jit", "token", "42", "--code", NULL);
	play_expect(play, MESSAGE_token);
	send_minted(play, 41, true, CODE, "");
	finish_with(play, 1, NULL, "gave something else");
	play_start(play, false, "jit", "token", "42", "--code", NULL);
	play_expect(play, MESSAGE_token);
	send_minted(play, 42, false, "eyJ.eyJ.c2ln", "");
	finish_with(play, 1, NULL, "gave something else");
	play_start(play, false, "jit", "token", "42", NULL);
	play_expect(play, MESSAGE_token);
	send_done(play, 42, "done");
	finish_with(play, 1, NULL, "'done'");
	play_start(play, false, "jit", "token", "42", NULL);
	play_expect(play, MESSAGE_token);
	send_refused(play, "access 42 is pending: wait for it");
	finish_with(play, 1, NULL, "jit: access 42 is pending: wait for it\n");
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_minted(play, 42, true, CODE, "");
	finish_with(play, 1, NULL, "'minted'");
	assert_null(strstr(play->err, CODE));
}

static void a_token_that_reaches_nobody_is_not_done(void **state)
{
	(void)state;
	play->out_path = "/dev/full";
	play_start(play, false, "jit", "token", "42", NULL);
	play_expect(play, MESSAGE_token);
	send_minted(play, 42, false, "eyJ.eyJ.c2ln", "");
	finish_with(play, 1, NULL, "jit: cannot write: No space left on device\n");
}

/* ---- present ---- */

static void give_stdin(const char *text)
{
	play->typed = text;
	play->typed_length = strlen(text);
}

static void a_token_on_stdin_is_brought_in(void **state)
{
	static const char *const ends[] = {"", "\n", "\r\n"};
	char typed[64];

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(typed, sizeof(typed), "eyJ.eyJ.c2ln%s", ends[i]);
		give_stdin(typed);
		play_start(play, false, "jit", "present", "--reason", "why", "--ticket", "INC-1",
		           NULL);
		play_expect(play, MESSAGE_present);
		assert_string_equal(play->in.present.text, "eyJ.eyJ.c2ln");
		assert_string_equal(play->in.present.reason, "why");
		assert_string_equal(play->in.present.ticket, "INC-1");
		send_done(play, 42, "access 42 is active: ssh:alice for 10m");
		finish_with(play, 0, "access 42 is active: ssh:alice for 10m\n", NULL);
	}
}

static void what_it_became_is_told_as_json(void **state)
{
	(void)state;
	give_stdin("eyJ.eyJ.c2ln\n");
	play_start(play, false, "jit", "present", "--json", NULL);
	play_expect(play, MESSAGE_present);
	send_done(play, 42, "access 42 waits");
	play_expect(play, MESSAGE_show);
	send_pending(play);
	play_send_end(play);
	finish_with(play, 0, "\"state\": \"pending\"", NULL);
	give_stdin("eyJ.eyJ.c2ln\n");
	play_start(play, false, "jit", "present", NULL);
	play_expect(play, MESSAGE_present);
	send_refused(play, "that was used already, and is good once");
	finish_with(play, 1, NULL, "jit: that was used already, and is good once\n");
}

static void what_is_no_token_is_not_sent(void **state)
{
	char long_text[4200];

	(void)state;
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	play_deafen(play);
	play_start(play, false, "jit", "present", NULL);
	finish_with(play, 2, NULL, "nothing on standard input");
	give_stdin("eyJ.eyJ.c2ln\nmore\n");
	play_start(play, false, "jit", "present", NULL);
	finish_with(play, 2, NULL, "more than one line");
	give_stdin(long_text);
	play_start(play, false, "jit", "present", NULL);
	finish_with(play, 2, NULL, "more than 4096 bytes");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(a_token_is_alone_on_stdout),
	        EACH(a_code_in_place_of_a_token_says_why_on_stderr),
	        EACH(people_read_how_long_it_is_good),
	        EACH(what_was_not_asked_for_is_not_printed),
	        EACH(a_token_that_reaches_nobody_is_not_done),
	        EACH(a_token_on_stdin_is_brought_in),
	        EACH(what_it_became_is_told_as_json),
	        EACH(what_is_no_token_is_not_sent),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
