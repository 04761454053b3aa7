/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit token: the secret alone on stdout, the rest beside it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
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

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(a_token_is_alone_on_stdout),
	        EACH(a_code_in_place_of_a_token_says_why_on_stderr),
	        EACH(people_read_how_long_it_is_good),
	        EACH(what_was_not_asked_for_is_not_printed),
	        EACH(a_token_that_reaches_nobody_is_not_done),
	};

	return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
