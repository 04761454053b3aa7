/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit askpass: which access a prompt gets a code of, what is asked at the terminal, what nobody
 * answers. Without a terminal a prompt that is not understood must never reach jitd.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_test_rows.h"

#define CODE     "7KQ4M-2XP9D"
#define OURS     "JIT token or code: "
#define HOST_KEY "Are you sure you want to continue connecting (yes/no/[fingerprint])? "

static struct play *play;

static int set_up(void **state)
{
	(void)state;
	unsetenv("SSH_ASKPASS_PROMPT");
	play = play_new();
	play->apart = true;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	play_free(play);
	return 0;
}

/* Up to the listing of what alice holds. */
static void start(bool terminal, const char *prompt)
{
	play_start(play, terminal, "jit-askpass", prompt, NULL);
	play_expect(play, MESSAGE_list);
	assert_int_equal(play->in.list.view, VIEW_ACTIVE);
}

static void send_mine(void)
{
	send_access(play, 3, "ssh:alice", "web1");
	send_access(play, 9, "ssh:alice sudo:root", "web2.example.org");
	send_access(play, 7, "sudo:postgres", "web1");
	send_access(play, 5, "ssh:postgres", "web1");
	send_access(play, 4, "ssh:alice", "WEB1.example.org");
	send_ended(play, "expired", ""); /* 42 */
	play_send_end(play);
}

static void expect_code_of(uint32_t access)
{
	play_expect(play, MESSAGE_token);
	assert_int_equal(play->in.token.access, access);
	assert_int_equal(play->in.token.code, 1);
	send_minted(play, access, true, CODE, "");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out, CODE "\n");
	assert_string_equal(play->err, "");
}

static void a_prompt_gets_a_code_of_the_newest_access_for_it(void **state)
{
	static const struct {
		const char *prompt;
		uint32_t access;
	} rows[] = {
	        {"(alice@web1) " OURS, 4},      {"(alice@web1.example.org) " OURS, 4},
	        {"(alice@web2) " OURS, 9},      {"(postgres@web1) " OURS, 5},
	        {"alice@web1's password: ", 4}, {"postgres@WEB1's password: ", 5},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		start(false, rows[i].prompt);
		send_mine();
		expect_code_of(rows[i].access);
	}
	play_start(play, false, "jit", "askpass", "(alice@web1) " OURS, NULL);
	play_expect(play, MESSAGE_list);
	send_mine();
	expect_code_of(4);
}

static void for_another_host_it_is_the_token_itself(void **state)
{
	char long_token[1025];

	(void)state;
	start(false, "(alice@web1) " OURS);
	send_elsewhere_for(play, "ssh:alice");
	play_send_end(play);
	play_expect(play, MESSAGE_token);
	assert_int_equal(play->in.token.code, 0);
	send_minted(play, 42, false, "aa.bb.cc", "");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out, "aa.bb.cc\n");
	/* ssh would cut it */
	memset(long_token, 'a', sizeof(long_token) - 1);
	long_token[sizeof(long_token) - 1] = '\0';
	start(false, "(alice@web1) " OURS);
	send_elsewhere_for(play, "ssh:alice");
	play_send_end(play);
	play_expect(play, MESSAGE_token);
	send_minted(play, 42, false, long_token, "bring it in with 'jit present'");
	finish_with(play, 1, NULL, "bring it in with 'jit present'\n");
}

/* The test is the parent: its owner decides whether it could be sudo. */
static void the_bare_prompt_is_sudos_where_root_asks(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		play_start(play, false, "jit-askpass", OURS, NULL);
		finish_with(play, 1, NULL, "it is not sudo that asks");
		return;
	}
	start(false, OURS);
	send_mine();
	expect_code_of(9);
	start(false, OURS);
	send_access(play, 3, "ssh:alice su:root", "web1");
	send_elsewhere_for(play, "sudo:root"); /* sudo asks here */
	play_send_end(play);
	finish_with(play, 1, NULL, "jit request sudo:root\n");
}

static void without_access_it_says_what_to_type(void **state)
{
	(void)state;
	start(false, "(alice@web1) " OURS);
	play_send_end(play);
	finish_with(play, 1, NULL,
	            "jit: no active access of yours is for ssh:alice; ask for one: "
	            "jit request ssh:alice\n");
	start(true, "(bob@web1) " OURS);
	send_mine();
	finish_with(play, 1, NULL, "jit request ssh:bob\n");
}

static void what_is_not_active_gets_no_code(void **state)
{
	static const char *const states[] = {"pending", "expired", "revoked", "Active", "active "};
	struct message row = {.id = MESSAGE_access};

	(void)state;
	row.access.id = 42;
	snprintf(row.access.subject, sizeof(row.access.subject), "alice");
	snprintf(row.access.scope, sizeof(row.access.scope), "ssh:alice");
	snprintf(row.access.host, sizeof(row.access.host), "web1");
	snprintf(row.access.present, sizeof(row.access.present), "typed");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		snprintf(row.access.state, sizeof(row.access.state), "%s", states[i]);
		start(false, "(alice@web1) " OURS);
		play_send(play, &row);
		play_send_end(play);
		finish_with(play, 1, NULL, "no active access");
	}
}

static void another_hosts_prompt_gets_no_code(void **state)
{
	static const char *const hosts[] = {"evil",          "web10",    "web1.evil.org",
	                                    "web2.evil.org", "10.0.0.1", "::1"};
	char prompt[256];

	(void)state;
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		snprintf(prompt, sizeof(prompt), "(alice@%s) " OURS, hosts[i]);
		start(false, prompt);
		send_mine();
		finish_with(play, 1, NULL,
		            "your access is for another host, web1; and there is no terminal");
		snprintf(prompt, sizeof(prompt), "alice@%s's password: ", hosts[i]);
		start(false, prompt);
		send_mine();
		finish_with(play, 1, NULL, "no active access of yours is for it");
	}
}

/* There is none: it would be exit code 3. */
static void what_is_not_understood_does_not_reach_jitd(void **state)
{
	static const char *const prompts[] = {
	        "",
	        "--json",
	        "Password: ",
	        "[sudo] password for alice: ",
	        ("(alice@evil) (alice@web1) " OURS),
	        "(alice@evil) alice@web1's password: ",
	        "Enter passphrase for key '/home/alice/.ssh/id_ed25519': ",
	        HOST_KEY,
	};

	(void)state;
	play_deafen(play);
	for (size_t i = 0; i < sizeof(prompts) / sizeof(prompts[0]); i++) {
		play_start(play, false, "jit-askpass", prompts[i], NULL);
		finish_with(play, 1, NULL, "it is no prompt of pam-jit; and there is no terminal");
	}
	setenv("SSH_ASKPASS_PROMPT", "confirm", 1);
	play_start(play, false, "jit-askpass", "(alice@web1) " OURS, NULL);
	finish_with(play, 1, NULL, "is not answered");
	play_start(play, false, "jit-askpass", "x\033[2J\ny", NULL);
	finish_with(play, 1, NULL, "'x?[2J?y' is not answered");
}

/* ---- at the terminal ---- */

static bool terminal_echoes(void)
{
	struct termios now;

	assert_int_equal(tcgetattr(play->terminal, &now), 0);
	return now.c_lflag & ECHO;
}

static void a_passphrase_is_asked_without_echo_and_passed_on(void **state)
{
	(void)state;
	play_start(play, true, "jit-askpass", "Enter passphrase for key\033 'x': ", NULL);
	play_see(play, "Enter passphrase for key? 'x': ");
	assert_false(terminal_echoes());
	play_type(play, "correct horse\n");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->answer, "correct horse\n");
	assert_null(strstr(play->out, "horse"));
	assert_string_equal(play->err, "");
}

static void a_host_key_question_is_asked_with_echo(void **state)
{
	(void)state;
	play_start(play, true, "jit-askpass", "The authenticity of host 'web1'\n" HOST_KEY, NULL);
	play_see(play, "'web1'\r\n" HOST_KEY);
	assert_true(terminal_echoes());
	play_type(play, "yes\n");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->answer, "yes\n");
	assert_non_null(strstr(play->out, "yes\r\n"));
}

static void another_hosts_prompt_is_asked(void **state)
{
	(void)state;
	start(true, "(alice@evil) " OURS);
	send_mine();
	play_see(play, "(alice@evil) " OURS);
	play_type(play, "typed\n");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->answer, "typed\n");
	start(true, "alice@evil's password: ");
	send_refused(play, "too many connections of yours");
	play_see(play, "alice@evil's password: ");
	play_type(play, "pw\n");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->answer, "pw\n");
}

static void only_a_yes_confirms(void **state)
{
	static const struct {
		const char *typed, *answer;
		int code;
	} rows[] = {{"yes\n", "yes\n", 0}, {"Y\n", "yes\n", 0}, {"\n", "", 1}, {"no\n", "", 1}};

	(void)state;
	setenv("SSH_ASKPASS_PROMPT", "confirm", 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		play_start(play, true, "jit-askpass", "Allow use of key x?", NULL);
		play_see(play, "Allow use of key x?");
		play_type(play, rows[i].typed);
		assert_int_equal(play_finish(play), rows[i].code);
		assert_string_equal(play->answer, rows[i].answer);
	}
	setenv("SSH_ASKPASS_PROMPT", "none", 1);
	play_start(play, true, "jit-askpass", "Confirm user presence for key x", NULL);
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->answer, "");
	assert_non_null(strstr(play->out, "Confirm user presence for key x\r\n"));
}

static void end_of_input_is_no_answer(void **state)
{
	(void)state;
	play_start(play, true, "jit-askpass", "Password: ", NULL);
	play_see(play, "Password: ");
	play_type(play, "\004");
	assert_int_equal(play_finish(play), 1);
	assert_string_equal(play->answer, "");
	assert_string_equal(play->err, "jit: no answer\n");
}

static void the_terminal_is_restored_whatever_ends_it(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

	(void)state;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		(void)signal(signals[i], SIG_DFL); /* nohup and & have us ignore some */
		play_start(play, true, "jit-askpass", "Password: ", NULL);
		play_see(play, "Password: ");
		assert_false(terminal_echoes());
		kill(play->tool, signals[i]);
		assert_int_equal(play_finish(play), 128 + signals[i]);
		assert_true(terminal_echoes());
		assert_string_equal(play->answer, "");
	}
	play_start(play, true, "jit-askpass", "Password: ", NULL);
	play_see(play, "Password: ");
	play_type(play, "secr\003");
	assert_int_equal(play_finish(play), 128 + SIGINT);
	assert_true(terminal_echoes());
}

static void help_is_not_taken_for_a_prompt(void **state)
{
	(void)state;
	play_deafen(play);
	play_start(play, false, "jit-askpass", "--help", NULL);
	finish_with(play, 0, "usage: jit askpass [PROMPT]\n", NULL);
	play_start(play, false, "jit-askpass", "a", "b", NULL);
	finish_with(play, 2, NULL, "'b': one argument too many");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(a_prompt_gets_a_code_of_the_newest_access_for_it),
	        EACH(for_another_host_it_is_the_token_itself),
	        EACH(the_bare_prompt_is_sudos_where_root_asks),
	        EACH(without_access_it_says_what_to_type),
	        EACH(what_is_not_active_gets_no_code),
	        EACH(another_hosts_prompt_gets_no_code),
	        EACH(what_is_not_understood_does_not_reach_jitd),
	        EACH(a_passphrase_is_asked_without_echo_and_passed_on),
	        EACH(a_host_key_question_is_asked_with_echo),
	        EACH(another_hosts_prompt_is_asked),
	        EACH(only_a_yes_confirms),
	        EACH(end_of_input_is_no_answer),
	        EACH(the_terminal_is_restored_whatever_ends_it),
	        EACH(help_is_not_taken_for_a_prompt),
	};

	return cmocka_run_group_tests_name("askpass", tests, NULL, NULL);
}
