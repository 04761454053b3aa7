/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What commands send, and a jitd that misbehaves.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "cli/cli_test_rows.h"
#include "cli/connection.h"

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

/* ---- commands ---- */

/* What the approver is about to say yes to. */
static void show_before_yes(void)
{
	play_expect(play, MESSAGE_show);
	assert_int_equal(play->in.show.access, 42);
	assert_int_equal(play->in.show.mine, 0);
	send_pending(play);
	play_send_end(play);
}

static void commands_carry_what_was_typed(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "approve", "42", "--for", "-5m", "--comment", "ok",
	           NULL);
	show_before_yes();
	play_expect(play, MESSAGE_approve);
	assert_int_equal(play->in.approve.access, 42);
	assert_int_equal(play->in.approve.seconds, -300); /* jitd refuses it, with an event */
	assert_string_equal(play->in.approve.comment, "ok");
	send_refused(play, "--for -5m: no");
	finish_with(play, 1, NULL, "jitd-admin: --for -5m: no\n");
	play_start(play, false, "jitd-admin", "deny", "42", NULL);
	play_expect(play, MESSAGE_deny);
	assert_string_equal(play->in.deny.comment, "");
	send_done(play, 42, "denied: access 42");
	finish_with(play, 0, "denied: access 42\n", NULL);
	play_start(play, false, "jit", "cancel", "42", NULL);
	play_expect(play, MESSAGE_cancel);
	assert_int_equal(play->in.cancel.access, 42);
	send_done(play, 42, "");
	finish_with(play, 0, "done\n", NULL);
	play_start(play, false, "jitd-admin", "lock", "--", "-eve", NULL);
	play_expect(play, MESSAGE_lock);
	assert_string_equal(play->in.lock.user, "-eve");
	send_refused(play, "no such user");
	finish_with(play, 1, NULL, "no such user\n");
	play_start(play, false, "jitd-admin", "policy", "reload", NULL);
	play_expect(play, MESSAGE_reload);
	assert_int_equal(play->in.reload.revoke, 0);
	send_done(play, 0, "5 rules");
	finish_with(play, 0, "5 rules\n", NULL);
}

/* On the connection on which it was shown. */
static void a_yes_is_for_what_was_shown(void **state)
{
	int connection;

	(void)state;
	play_start(play, false, "jitd-admin", "approve", "42", NULL);
	show_before_yes();
	connection = play->peer;
	play_expect(play, MESSAGE_approve);
	assert_int_equal(play->peer, connection);
	assert_string_equal(play->in.approve.digest, DIGEST_SHOWN);
	send_done(play, 42, "approved");
	finish_with(play, 0, "approved\n", NULL);
	play_start(play, false, "jitd-admin", "approve", "42", NULL);
	play_expect(play, MESSAGE_show);
	send_refused(play, "no such access: 42");
	finish_with(play, 1, NULL, "jitd-admin: no such access: 42\n");
}

static void a_yes_on_a_terminal_says_what_it_is_for(void **state)
{
	(void)state;
	play->one_screen = true;
	play_start(play, true, "jitd-admin", "approve", "42", NULL);
	play_expect(play, MESSAGE_show);
	send_ticket(play, "INC-7");
	play_send_end(play);
	play_see(play, "access 42: alice asks for sudo:root su:postgres on web1, 15m (rule ops)");
	play_see(play, "reason: disk full; ticket: INC-7");
	play_expect(play, MESSAGE_approve);
	send_done(play, 42, "approved");
	assert_int_equal(play_finish(play), 0);
}

static void a_digest_that_was_seen_is_sent_as_it_is(void **state)
{
	static const char *const wrong[] = {"", "1", "A" DIGEST_REST, DIGEST_SHOWN "0"};
	static const char seen[] = "b" DIGEST_REST;

	(void)state;
	play_start(play, false, "jitd-admin", "approve", "42", "--digest", seen, NULL);
	play_expect(play, MESSAGE_approve);
	assert_string_equal(play->in.approve.digest, seen);
	send_refused(play, "access 42 is not what you were shown");
	finish_with(play, 1, NULL, "not what you were shown\n");
	play_start(play, false, "jitd-admin", "deny", "42", "--digest", seen, NULL);
	play_expect(play, MESSAGE_deny);
	assert_string_equal(play->in.deny.digest, seen);
	send_done(play, 42, "denied");
	finish_with(play, 0, "denied\n", NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		play_start(play, false, "jitd-admin", "approve", "42", "--digest", wrong[i], NULL);
		finish_with(play, 2, NULL, "not a digest, which is 64 hex digits");
	}
}

static void reload_says_whether_it_revokes(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "policy", "reload", "--revoke", NULL);
	play_expect(play, MESSAGE_reload);
	assert_int_equal(play->in.reload.revoke, 1);
	send_done(play, 0, "5 rules");
	finish_with(play, 0, "5 rules\n", NULL);
}

static void revoke_names_what_is_revoked(void **state)
{
	static const struct {
		const char *argv[5];
		enum revoke_by by;
		const char *value;
	} rows[] = {
	        {{"jitd-admin", "revoke", "42"}, REVOKE_ACCESS, "42"},
	        {{"jitd-admin", "revoke", "--token", "j"}, REVOKE_TOKEN, "j"},
	        {{"jitd-admin", "revoke", "--user", "u"}, REVOKE_USER, "u"},
	        {{"jitd-admin", "revoke", "--scope", "s"}, REVOKE_SCOPE, "s"},
	        {{"jitd-admin", "revoke", "--key", "k"}, REVOKE_KEY, "k"},
	        {{"jitd-admin", "revoke", "--all"}, REVOKE_ALL, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		play_start_list(play, false, (char *const *)rows[i].argv);
		play_expect(play, MESSAGE_revoke);
		assert_int_equal(play->in.revoke.by, rows[i].by);
		assert_string_equal(play->in.revoke.value, rows[i].value);
		send_done(play, 0, "revoked");
		finish_with(play, 0, "revoked\n", NULL);
	}
}

static void what_is_too_long_reaches_jitd_as_too_long(void **state)
{
	static char reason[60001], scope[2001];

	(void)state;
	memset(reason, 'x', sizeof(reason) - 1);
	memset(scope, 's', sizeof(scope) - 1);
	play_start(play, false, "jit", "request", scope, "--reason", reason, "--for", "999999w",
	           "--ticket", reason, NULL);
	play_expect(play, MESSAGE_request);
	assert_int_equal(strlen(play->in.request.ticket), 4096);
	assert_int_equal(strlen(play->in.request.reason), 4096);
	assert_int_equal(strlen(play->in.request.scope), 1024);
	assert_int_equal(play->in.request.scope[1023], '~');
	assert_true(play->in.request.seconds > INT64_C(3650) * 86400);
	send_refused(play, "reason: 4096 bytes; at most 512");
	finish_with(play, 1, NULL, "at most 512\n");
}

/* ---- a jitd that misbehaves ---- */

static void garbage_and_hanging_up_are_unreachable(void **state)
{
	uint8_t other_version[] = {WIRE_VERSION + 1, 0, 47, 0};

	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	play_send_bytes(play, "nonsense", 8);
	finish_with(play, 3, NULL, "jitd not reachable: ");
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	play_send_bytes(play, other_version, sizeof(other_version));
	finish_with(play, 3, NULL, "version");
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_ended(play, "expired", "");
	play_hang_up(play); /* half a list is none */
	finish_with(play, 3, NULL, "closed the connection");
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_pending(play);
	play_hang_up(play);
	finish_with(play, 3, NULL, "closed the connection");
}

static void an_answer_to_another_question_is_an_error(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_counter(play, "state", "ready");
	finish_with(play, 1, NULL, "'counter'");
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_decision(play, "approve", ""); /* of no access */
	finish_with(play, 1, NULL, "'decision'");
	play_start(play, false, "jit", "show", "41", NULL);
	play_expect(play, MESSAGE_show);
	send_active(play);
	play_send_end(play);
	finish_with(play, 1, NULL, "another");
	play_start(play, false, "jitd-admin", "approve", "42", NULL);
	show_before_yes();
	play_expect(play, MESSAGE_approve);
	play_send_end(play);
	finish_with(play, 1, NULL, "'end'");
	play_start(play, false, "jit", "wait", "41", NULL);
	play_expect(play, MESSAGE_watch);
	send_active(play);
	finish_with(play, 1, NULL, "'access'");
}

static void a_refusal_before_the_question_is_heard(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_accept(play);
	send_refused(play, "too many connections of yours");
	finish_with(play, 1, NULL, "too many connections of yours\n");
}

/* We play the one end, and hold the other. */
static void join(struct connection *connection)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	connection->client.fd = pair[0];
	connection->client.deadline = client_now() + 2000;
	play->peer = pair[1];
}

/* The question no longer gets through, but why is there to be read. */
static void a_refusal_by_a_closed_peer_is_heard(void **state)
{
	const struct tool tool = {.name = "(test) jit"};
	const struct invocation in = {.tool = &tool};
	const struct message question = {.id = MESSAGE_sessions};
	struct connection connection = CONNECTION(&in);
	struct message answer;

	(void)state;
	join(&connection);
	send_refused(play, "too many connections of yours");
	play_hang_up(play);
	assert_int_equal(connection_send(&connection, &question), EXIT_DONE);
	assert_int_equal(connection_receive(&connection, &answer), REPLY_NONE);
	assert_int_equal(connection.code, EXIT_REFUSED);
	connection_close(&connection);
}

/* A listing passes over much before its first row. */
static void a_sign_of_life_gives_time(void **state)
{
	const struct tool tool = {.name = "(test) jitd-admin"};
	const struct invocation in = {.tool = &tool};
	struct message answer, sign = {.id = MESSAGE_wait};
	struct connection connection = CONNECTION(&in);

	(void)state;
	join(&connection);
	play_send(play, &sign);
	play_send_end(play);
	assert_int_equal(connection_receive(&connection, &answer), REPLY_END);
	assert_true(connection.client.deadline > client_now() + ANSWER_MS / 2);
	connection_close(&connection);
}

static void a_directory_that_others_may_write_is_refused(void **state)
{
	(void)state;
	assert_int_equal(chmod(play->directory, 0777), 0);
	play_start(play, false, "jit", "list", NULL);
	finish_with(play, 3, NULL, "others may write there");
}

static void output_that_reaches_nobody_is_not_done(void **state)
{
	(void)state;
	play->out_path = "/dev/full";
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	play_send_end(play);
	finish_with(play, 1, NULL, "jit: cannot write: No space left on device\n");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(commands_carry_what_was_typed),
	        EACH(a_yes_is_for_what_was_shown),
	        EACH(a_yes_on_a_terminal_says_what_it_is_for),
	        EACH(a_digest_that_was_seen_is_sent_as_it_is),
	        EACH(reload_says_whether_it_revokes),
	        EACH(revoke_names_what_is_revoked),
	        EACH(what_is_too_long_reaches_jitd_as_too_long),
	        EACH(garbage_and_hanging_up_are_unreachable),
	        EACH(an_answer_to_another_question_is_an_error),
	        EACH(a_refusal_before_the_question_is_heard),
	        EACH(a_refusal_by_a_closed_peer_is_heard),
	        EACH(a_sign_of_life_gives_time),
	        EACH(a_directory_that_others_may_write_is_refused),
	        EACH(output_that_reaches_nobody_is_not_done),
	};

	return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
