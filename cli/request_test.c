/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit request and jit wait: on a terminal and without, with Ctrl-C.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "cli/cli_test_rows.h"

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

static void request_without_terminal_prints_the_number(void **state)
{
	(void)state;
	play_start(play, false, "jit", "request", "sudo:root", "--for", "0s", NULL);
	play_expect(play, MESSAGE_request);
	assert_string_equal(play->in.request.scope, "sudo:root");
	assert_int_equal(play->in.request.seconds, 0);
	send_done(play, 42, "waits for 1 approval");
	finish_with(play, 0, "access 42: waits for 1 approval\n", NULL);
	play_start(play, true, "jit", "request", "sudo:root", "--no-wait", NULL);
	play_expect(play, MESSAGE_request);
	assert_true(play->in.request.seconds == WIRE_DEFAULT);
	send_done(play, 42, "access 42 waits for 1 approval");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out, "access 42 waits for 1 approval\r\n");
}

#define FINGERPRINT "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8"

static void a_key_is_named_by_its_fingerprint(void **state)
{
	static const char *const wrong[] = {"", "x", FINGERPRINT "=", FINGERPRINT " a@b (RSA)",
	                                    "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48"};

	(void)state;
	play_start(play, false, "jit", "request", "ssh:alice", "--user-key", FINGERPRINT, NULL);
	play_expect(play, MESSAGE_request);
	assert_string_equal(play->in.request.user_key, FINGERPRINT);
	send_done(play, 42, "access 42 waits");
	finish_with(play, 0, "access 42 waits\n", NULL);
	play_start(play, false, "jit", "request", "ssh:alice", NULL);
	play_expect(play, MESSAGE_request);
	assert_string_equal(play->in.request.user_key, "");
	send_done(play, 42, "access 42 waits");
	finish_with(play, 0, "access 42 waits\n", NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		play_start(play, false, "jit", "request", "ssh:alice", "--user-key", wrong[i],
		           NULL);
		finish_with(play, 2, NULL,
		            "right is SHA256: and 43 characters, as ssh-keygen -lf FILE");
	}
}

static void request_json_prints_the_access(void **state)
{
	(void)state;
	play_start(play, false, "jit", "request", "sudo:root", "--json", NULL);
	play_expect(play, MESSAGE_request);
	send_done(play, 42, "access 42 waits");
	play_expect(play, MESSAGE_show);
	assert_int_equal(play->in.show.access, 42);
	assert_int_equal(play->in.show.mine, 1);
	send_pending(play);
	play_send_end(play);
	finish_with(play, 0, "\"state\": \"pending\"", NULL);
	assert_int_equal(play->out[0], '{');
}

/* A request on a terminal, up to where it waits. */
static void start_waiting(void)
{
	play_start(play, true, "jit", "request", "sudo:root su:postgres", NULL);
	play_expect(play, MESSAGE_request);
	send_done(play, 42, "access 42 waits");
	play_expect(play, MESSAGE_watch);
	assert_int_equal(play->in.watch.access, 42);
	send_pending(play);
	play_see(play, "access 42 requested: sudo:root su:postgres for 15m (rule ops)\r\n");
	play_see(play, "bob %dba-leads");
	play_see(play, "waiting for ");
}

static void request_on_a_terminal_waits_for_approval(void **state)
{
	(void)state;
	start_waiting();
	play_see(play, "waiting for 2s"); /* the clock goes on by itself */
	send_pending(play);
	send_decision(play, "approve", "fine by me");
	play_see(play, "bob: approve: fine by me\r\n");
	send_pending(play);
	send_decision(play, "approve", "fine by me");
	send_active(play);
	play_expect(play, MESSAGE_show); /* the last words come after the state */
	send_active(play);
	send_decision(play, "approve", "fine by me");
	send_decision(play, "approve", "by me too");
	play_send_end(play);
	finish_with(play, 0, "bob: approve: by me too\r\naccess 42 active until ", NULL);
	assert_null(strstr(strstr(play->out, "fine by me") + 1, "fine by me")); /* told once */
}

static void request_on_a_terminal_ends_1_when_denied(void **state)
{
	(void)state;
	start_waiting();
	send_ended(play, "denied", "by bob: not today");
	finish_with(play, 1, "access 42 requested", "jit: access 42 denied: by bob: not today\n");
}

static void a_jitd_that_goes_is_said_on_a_line_of_its_own(void **state)
{
	(void)state;
	play->one_screen = true;
	start_waiting();
	play_hang_up(play);
	finish_with(play, 3, " \rjit: jitd not reachable: jitd: closed the connection\r\n", NULL);
}

static void ctrl_c_leaves_the_request_pending(void **state)
{
	(void)state;
	start_waiting();
	play_type(play, "\003");
	finish_with(play, 130, "access 42 requested", "go on waiting with 'jit wait 42'");
}

static void ctrl_c_before_the_answer_ends_130(void **state)
{
	(void)state;
	play_start(play, true, "jit", "request", "sudo:root", NULL);
	play_expect(play, MESSAGE_request);
	play_type(play, "\003");
	assert_int_equal(play_finish(play), 130);
	assert_non_null(strstr(play->err, "jit list"));
}

static void granted_at_once_needs_no_waiting(void **state)
{
	(void)state;
	play_start(play, true, "jit", "request", "sudo:root", NULL);
	play_expect(play, MESSAGE_request);
	send_done(play, 42, "access 42 is active");
	play_expect(play, MESSAGE_watch);
	send_active(play);
	play_expect(play, MESSAGE_show);
	send_active(play);
	play_send_end(play);
	finish_with(play, 0, "access 42 active until ", NULL);
	assert_null(strstr(play->out, "waiting"));
}

static void what_must_be_typed_is_said_when_it_is_active(void **state)
{
	(void)state;
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_pending(play);
	send_typed(play);
	finish_with(play, 0, " left\nget a code: jit token 42 --code\n", NULL);
	start_waiting();
	send_typed(play);
	play_expect(play, MESSAGE_show);
	send_typed(play);
	play_send_end(play);
	finish_with(play, 0, " left\r\nget a code: jit token 42 --code\r\n", NULL);
}

static void json_on_a_terminal_comes_after_the_decision(void **state)
{
	(void)state;
	play_start(play, true, "jit", "request", "sudo:root", "--json", NULL);
	play_expect(play, MESSAGE_request);
	send_done(play, 42, "access 42 waits");
	play_expect(play, MESSAGE_watch);
	send_pending(play);
	send_ended(play, "denied", "by bob");
	play_expect(play, MESSAGE_show);
	send_ended(play, "denied", "by bob");
	send_decision(play, "deny", "no");
	play_send_end(play);
	assert_int_equal(play_finish(play), 1);
	assert_int_equal(play->out[0], '{');
	assert_non_null(strstr(play->out, "\"verdict\": \"deny\""));
	assert_non_null(strstr(play->err, "access 42 requested"));
}

static void wait_ends_with_the_decision(void **state)
{
	(void)state;
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_pending(play);
	send_decision(play, "approve", "");
	send_active(play);
	finish_with(play, 0, "access 42 active until ", NULL);
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_pending(play);
	send_ended(play, "lapsed", "nobody decided in time");
	finish_with(play, 1, NULL, "jit: access 42 lapsed: nobody decided in time\n");
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_refused(play, "no such access of yours: 42");
	finish_with(play, 1, NULL, "jit: no such access of yours: 42\n");
}

/* States that came up later, or that nobody thought of, are no access. */
static void wait_takes_only_active_for_access(void **state)
{
	static const char *const states[] = {"used-up", "returned", "revoked",
	                                     "Active",  "active ",  "activ"};

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		play_start(play, false, "jit", "wait", "42", NULL);
		play_expect(play, MESSAGE_watch);
		send_ended(play, states[i], "");
		finish_with(play, 1, NULL, states[i]);
	}
}

static void ctrl_c_ends_wait_with_130(void **state)
{
	(void)state;
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_pending(play);
	kill(play->tool, SIGINT);
	finish_with(play, 130, NULL, "jit wait 42");
	play_start(play, false, "jitd-admin", "pending", "--wait", NULL);
	play_expect(play, MESSAGE_watch);
	kill(play->tool, SIGINT);
	finish_with(play, 130, NULL, NULL);
}

/* ---- for another host ---- */

static void start_on(bool terminal, const char *option)
{
	play_start(play, terminal, "jit", "request", "ssh:alice", "--on", "web1", option, NULL);
	play_expect(play, MESSAGE_request);
	assert_string_equal(play->in.request.host, "web1");
}

static void send_token(const char *text)
{
	play_expect(play, MESSAGE_token);
	assert_int_equal(play->in.token.access, 42);
	assert_int_equal(play->in.token.code, 0);
	send_minted(play, 42, false, "aa.bb.cc", text);
}

static void granted_at_once_for_another_host_the_token_stands_alone(void **state)
{
	(void)state;
	start_on(false, NULL);
	send_done(play, 42, "access 42 is active: ssh:alice on web1 for 15m");
	play_expect(play, MESSAGE_show);
	send_elsewhere_for(play, "ssh:alice");
	play_send_end(play);
	send_token("long");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out, "aa.bb.cc\n");
	assert_string_equal(play->err, "access 42 is active: ssh:alice on web1 for 15m\nlong\n");
}

static void what_waits_for_another_host_is_told_as_ever(void **state)
{
	(void)state;
	start_on(false, NULL);
	send_done(play, 42, "access 42 waits");
	play_expect(play, MESSAGE_show);
	send_pending(play);
	play_send_end(play);
	finish_with(play, 0, "access 42 waits\n", NULL);
	start_on(false, "--json");
	send_done(play, 42, "access 42 is active");
	play_expect(play, MESSAGE_show);
	send_elsewhere_for(play, "ssh:alice");
	play_send_end(play);
	finish_with(play, 0, "{\n", NULL);
}

static void on_a_terminal_the_token_comes_after_the_decision(void **state)
{
	(void)state;
	start_on(true, NULL);
	send_done(play, 42, "access 42 waits");
	play_expect(play, MESSAGE_watch);
	send_pending(play);
	send_elsewhere_for(play, "ssh:alice");
	play_expect(play, MESSAGE_show);
	send_elsewhere_for(play, "ssh:alice");
	send_decision(play, "approve", "go");
	play_send_end(play);
	send_token("");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out, "aa.bb.cc\r\n");
	assert_non_null(strstr(play->err, "access 42 requested"));
	assert_non_null(strstr(play->err, "bob: approve: go"));
	start_on(true, NULL);
	send_done(play, 42, "access 42 waits");
	play_expect(play, MESSAGE_watch);
	send_pending(play);
	send_ended(play, "denied", "by bob");
	finish_with(play, 1, NULL, "access 42 denied");
}

/* --on with this host's own name is no other host. */
static void on_this_host_there_is_no_token(void **state)
{
	(void)state;
	start_on(false, NULL);
	send_done(play, 42, "access 42 is active");
	play_expect(play, MESSAGE_show);
	send_active(play);
	play_send_end(play);
	finish_with(play, 0, "access 42 is active\n", NULL);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(request_without_terminal_prints_the_number),
	        EACH(a_key_is_named_by_its_fingerprint),
	        EACH(request_json_prints_the_access),
	        EACH(request_on_a_terminal_waits_for_approval),
	        EACH(request_on_a_terminal_ends_1_when_denied),
	        EACH(a_jitd_that_goes_is_said_on_a_line_of_its_own),
	        EACH(ctrl_c_leaves_the_request_pending),
	        EACH(ctrl_c_before_the_answer_ends_130),
	        EACH(granted_at_once_needs_no_waiting),
	        EACH(what_must_be_typed_is_said_when_it_is_active),
	        EACH(json_on_a_terminal_comes_after_the_decision),
	        EACH(wait_ends_with_the_decision),
	        EACH(wait_takes_only_active_for_access),
	        EACH(ctrl_c_ends_wait_with_130),
	        EACH(granted_at_once_for_another_host_the_token_stands_alone),
	        EACH(what_waits_for_another_host_is_told_as_ever),
	        EACH(on_a_terminal_the_token_comes_after_the_decision),
	        EACH(on_this_host_there_is_no_token),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
