/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tools against a jitd that the test plays: what they send, what they print, how they end.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/cli_test_jitd.h"
#include "cli/command.h"

#define ASKED 1763913912 /* 2025-11-23T16:05:12Z */

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

/* ---- rows ---- */

static struct message access_row(const char *state)
{
	struct message row = {.id = MESSAGE_access};
	struct wire_access *access = &row.access;

	access->id = 42;
	access->approvals_needed = 1;
	access->seconds = 900;
	access->requested = ASKED;
	access->uses_left = -1;
	snprintf(access->state, sizeof(access->state), "%s", state);
	snprintf(access->subject, sizeof(access->subject), "alice");
	snprintf(access->scope, sizeof(access->scope), "sudo:root su:postgres");
	snprintf(access->host, sizeof(access->host), "web1");
	snprintf(access->rule, sizeof(access->rule), "ops");
	snprintf(access->approvers, sizeof(access->approvers), "bob %%dba-leads");
	return row;
}

static void send_pending(void)
{
	struct message row = access_row("pending");

	row.access.requested = (int64_t)time(NULL);
	row.access.lapses = row.access.requested + 10800;
	play_send(play, &row);
}

static void send_active(void)
{
	struct message row = access_row("active");

	row.access.until = (int64_t)time(NULL) + 905;
	play_send(play, &row);
}

static void send_ended(const char *state, const char *why)
{
	struct message row = access_row(state);

	snprintf(row.access.ended, sizeof(row.access.ended), "%s", why);
	play_send(play, &row);
}

static void send_decision(const char *verdict, const char *comment)
{
	struct message row = {.id = MESSAGE_decision, .decision.at = ASKED + 60};

	snprintf(row.decision.by, sizeof(row.decision.by), "bob");
	snprintf(row.decision.verdict, sizeof(row.decision.verdict), "%s", verdict);
	snprintf(row.decision.comment, sizeof(row.decision.comment), "%s", comment);
	play_send(play, &row);
}

static void send_session(void)
{
	struct message row = {.id = MESSAGE_session};

	row.session.access = 42;
	row.session.pid = 1234;
	row.session.since = ASKED + 70;
	snprintf(row.session.id, sizeof(row.session.id), "42-1");
	snprintf(row.session.subject, sizeof(row.session.subject), "alice");
	snprintf(row.session.service, sizeof(row.session.service), "sudo");
	snprintf(row.session.account, sizeof(row.session.account), "root");
	play_send(play, &row);
}

static void send_done(uint32_t access, const char *text)
{
	struct message row = {.id = MESSAGE_done, .done.access = access};

	snprintf(row.done.text, sizeof(row.done.text), "%s", text);
	play_send(play, &row);
}

static void send_refused(const char *text)
{
	struct message row = {.id = MESSAGE_refused};

	snprintf(row.refused.text, sizeof(row.refused.text), "%s", text);
	play_send(play, &row);
}

static void send_counter(const char *name, const char *value)
{
	struct message row = {.id = MESSAGE_counter};

	snprintf(row.counter.name, sizeof(row.counter.name), "%s", name);
	snprintf(row.counter.value, sizeof(row.counter.value), "%s", value);
	play_send(play, &row);
}

static void finish_with(int code, const char *out, const char *err)
{
	int got = play_finish(play);

	if (got != code)
		fail_msg("exit code %d instead of %d: %s%s", got, code, play->out, play->err);
	if (out && !strstr(play->out, out))
		fail_msg("stdout: '%s' is not in: %s", out, play->out);
	if (err && !strstr(play->err, err))
		fail_msg("stderr: '%s' is not in: %s", err, play->err);
	if (!out)
		assert_string_equal(play->out, "");
	if (!err)
		assert_string_equal(play->err, "");
}

/* ---- listings ---- */

#define BARE_JSON                                                                                  \
	"{\"id\":42,\"state\":\"expired\",\"subject\":\"alice\",\"scopes\":[\"sudo:root\","        \
	"\"su:postgres\"],\"host\":\"web1\",\"rule\":\"ops\",\"reason\":null,\"ticket\":null,"     \
	"\"requested\":\"2025-11-23T16:05:12Z\",\"decided\":null,\"from\":null,\"until\":null,"    \
	"\"approvals_needed\":1,"
#define FULL_REST                                                                                  \
	"\"decisions\":[{\"by\":\"bob\",\"verdict\":\"approve\",\"at\":\"2025-11-23T16:06:12Z\","  \
	"\"comment\":null}],\"uses_left\":null,\"sessions\":[{\"id\":\"42-1\",\"access\":42,"      \
	"\"subject\":\"alice\",\"service\":\"sudo\",\"account\":\"root\",\"tty\":null,"            \
	"\"rhost\":null,\"pid\":1234,\"since\":\"2025-11-23T16:06:22Z\",\"until\":null,"           \
	"\"ended\":null}]}"

static void list_prints_a_json_array(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", "--json", NULL);
	play_expect(play, MESSAGE_list);
	assert_int_equal(play->in.list.view, VIEW_MINE);
	send_ended("expired", "");
	send_decision("approve", "");
	send_session();
	send_ended("expired", "");
	play_send_end(play);
	finish_with(0, "[\n", NULL);
	assert_string_equal(play->out, "[\n" BARE_JSON FULL_REST ",\n" BARE_JSON
	                               "\"decisions\":[],\"uses_left\":null,\"sessions\":[]}\n]\n");
}

static void an_empty_list_is_an_empty_array(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "list", "--json", NULL);
	play_expect(play, MESSAGE_list);
	assert_int_equal(play->in.list.view, VIEW_OPEN);
	play_send_end(play);
	finish_with(0, "[]\n", NULL);
	play_start(play, false, "jitd-admin", "list", "--all", NULL);
	play_expect(play, MESSAGE_list);
	assert_int_equal(play->in.list.view, VIEW_ALL);
	play_send_end(play);
	finish_with(0, "there is none for you to see\n", NULL);
}

static void list_prints_a_table(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_active();
	send_ended("revoked", "by bob: enough");
	play_send_end(play);
	finish_with(0, " left\n", NULL);
	assert_non_null(strstr(play->out, "ID  STATE    SCOPE                  FOR  REQUESTED"
	                                  "         NOTE\n"));
	assert_non_null(strstr(play->out, "42  revoked  sudo:root su:postgres  15m  2025-11-23 "
	                                  "16:05  by bob: enough\n"));
}

static void show_prints_everything(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "show", "42", NULL);
	play_expect(play, MESSAGE_show);
	assert_int_equal(play->in.show.access, 42);
	assert_int_equal(play->in.show.mine, 0);
	send_ended("denied", "by bob: no");
	send_decision("deny", "no");
	send_session();
	play_send_end(play);
	finish_with(0, "access 42 denied: by bob: no\n", NULL);
	assert_non_null(strstr(play->out, "  approvers  bob %dba-leads\n"));
	assert_non_null(strstr(play->out, "  deny       bob at 2025-11-23 16:06: no\n"));
	assert_non_null(strstr(play->out, "  session    42-1: sudo as root, pid 1234, "));
}

static void show_of_my_own_says_so(void **state)
{
	(void)state;
	play_start(play, false, "jit", "show", "42", "--json", NULL);
	play_expect(play, MESSAGE_show);
	assert_int_equal(play->in.show.mine, 1);
	send_ended("lapsed", "");
	play_send_end(play);
	finish_with(0, "{\n  \"id\": 42,\n  \"state\": \"lapsed\",\n", NULL);
}

static void pending_wait_waits(void **state)
{
	struct message sign = {.id = MESSAGE_wait, .wait.seconds = 2};

	(void)state;
	play_start(play, false, "jitd-admin", "pending", "--wait", NULL);
	play_expect(play, MESSAGE_watch);
	assert_int_equal(play->in.watch.access, 0);
	play_send(play, &sign);
	send_pending();
	play_send_end(play);
	finish_with(0, "lapses in ", NULL);
	play_start(play, false, "jitd-admin", "pending", NULL);
	play_expect(play, MESSAGE_list);
	assert_int_equal(play->in.list.view, VIEW_PENDING);
	play_send_end(play);
	finish_with(0, "nothing waits for your decision\n", NULL);
}

static void sessions_as_table_and_json(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "sessions", NULL);
	play_expect(play, MESSAGE_sessions);
	send_session();
	play_send_end(play);
	finish_with(0, "42-1     alice    sudo     root     -    1234  2025-11-23 16:06  -\n",
	            NULL);
	play_start(play, false, "jitd-admin", "sessions", "--json", NULL);
	play_expect(play, MESSAGE_sessions);
	send_session();
	play_send_end(play);
	finish_with(0, "[\n{\"id\":\"42-1\",\"access\":42,\"subject\":\"alice\",", NULL);
}

static void audit_prints_events(void **state)
{
	struct message row = {.id = MESSAGE_event, .event = {.id = 7, .at = ASKED, .count = 3}};

	(void)state;
	snprintf(row.event.event, sizeof(row.event.event), "check");
	snprintf(row.event.verdict, sizeof(row.event.verdict), "deny");
	snprintf(row.event.reason, sizeof(row.event.reason), "no-access");
	snprintf(row.event.subject, sizeof(row.event.subject), "alice");
	snprintf(row.event.text, sizeof(row.event.text), "you \"hold\" none");
	play_start(play, false, "jitd-admin", "audit", "list", "--access", "42", "--since=-2h",
	           NULL);
	play_expect(play, MESSAGE_audit);
	assert_int_equal(play->in.audit.access, 42);
	assert_in_range(time(NULL) - play->in.audit.since, 7200, 7210);
	play_send(play, &row);
	play_send_end(play);
	finish_with(0,
	            "2025-11-23 16:05:12 check      subject=alice verdict=deny "
	            "reason=no-access times=3: you \"hold\" none\n",
	            NULL);
	play_start(play, false, "jitd-admin", "audit", "list", "--json", NULL);
	play_expect(play, MESSAGE_audit);
	assert_true(play->in.audit.since == WIRE_DEFAULT);
	play_send(play, &row);
	play_send(play, &row);
	play_send_end(play);
	finish_with(0,
	            "[\n{\"id\":7,\"at\":\"2025-11-23T16:05:12Z\",\"event\":\"check\","
	            "\"verdict\":\"deny\",\"reason\":\"no-access\",\"access\":null,"
	            "\"session\":null,\"subject\":\"alice\",\"actor\":null,\"service\":null,"
	            "\"phase\":null,\"account\":null,\"pid\":null,\"count\":3,"
	            "\"text\":\"you \\\"hold\\\" none\"},\n{",
	            NULL);
}

static void nothing_is_nothing(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	play_send_end(play);
	finish_with(0, "you have asked for nothing\n", NULL);
	play_start(play, false, "jitd-admin", "sessions", NULL);
	play_expect(play, MESSAGE_sessions);
	play_send_end(play);
	finish_with(0, "no session is open\n", NULL);
}

static void status_as_table_and_json(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "status", NULL);
	play_expect(play, MESSAGE_status);
	send_counter("state", "ready");
	send_counter("pending", "3");
	play_send_end(play);
	finish_with(0, "NAME     VALUE\nstate    ready\npending  3\n", NULL);
	play_start(play, false, "jitd-admin", "status", "--json", NULL);
	play_expect(play, MESSAGE_status);
	send_counter("state", "ready");
	send_counter("pending", "3");
	send_counter("key", "007");
	play_send_end(play);
	finish_with(0, "{\n  \"state\": \"ready\",\n  \"pending\": 3,\n  \"key\": \"007\"\n}\n",
	            NULL);
}

static void ready_waits_for_jitd_to_come(void **state)
{
	(void)state;
	play_deafen(play);
	play_start(play, false, "jitd-admin", "status", "--ready", NULL);
	play_listen(play);
	play_expect(play, MESSAGE_status);
	play_hang_up(play); /* starting over */
	play_expect(play, MESSAGE_status);
	send_counter("state", "ready");
	play_send_end(play);
	finish_with(0, NULL, NULL);
}

/* ---- commands ---- */

static void commands_carry_what_was_typed(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "approve", "42", "--for", "-5m", "--comment", "ok",
	           NULL);
	play_expect(play, MESSAGE_approve);
	assert_int_equal(play->in.approve.access, 42);
	assert_int_equal(play->in.approve.seconds, -300); /* jitd refuses it, with an event */
	assert_string_equal(play->in.approve.comment, "ok");
	send_refused("--for -5m: no");
	finish_with(1, NULL, "jitd-admin: --for -5m: no\n");
	play_start(play, false, "jitd-admin", "deny", "42", NULL);
	play_expect(play, MESSAGE_deny);
	assert_string_equal(play->in.deny.comment, "");
	send_done(42, "denied: access 42");
	finish_with(0, "denied: access 42\n", NULL);
	play_start(play, false, "jit", "cancel", "42", NULL);
	play_expect(play, MESSAGE_cancel);
	assert_int_equal(play->in.cancel.access, 42);
	send_done(42, "");
	finish_with(0, "done\n", NULL);
	play_start(play, false, "jitd-admin", "lock", "--", "-eve", NULL);
	play_expect(play, MESSAGE_lock);
	assert_string_equal(play->in.lock.user, "-eve");
	send_refused("no such user");
	finish_with(1, NULL, "no such user\n");
	play_start(play, false, "jitd-admin", "policy", "reload", NULL);
	play_expect(play, MESSAGE_reload);
	send_done(0, "5 rules");
	finish_with(0, "5 rules\n", NULL);
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
		send_done(0, "revoked");
		finish_with(0, "revoked\n", NULL);
	}
}

static void what_is_too_long_reaches_jitd_as_too_long(void **state)
{
	static char reason[60001], scope[2001];

	(void)state;
	memset(reason, 'x', sizeof(reason) - 1);
	memset(scope, 's', sizeof(scope) - 1);
	play_start(play, false, "jit", "request", scope, "--reason", reason, "--for", "999999w",
	           NULL);
	play_expect(play, MESSAGE_request);
	assert_int_equal(strlen(play->in.request.reason), 4096);
	assert_int_equal(strlen(play->in.request.scope), 1024);
	assert_int_equal(play->in.request.scope[1023], '~');
	assert_true(play->in.request.seconds > INT64_C(3650) * 86400);
	send_refused("reason: 4096 bytes; at most 512");
	finish_with(1, NULL, "at most 512\n");
}

/* ---- jit request and jit wait ---- */

static void request_without_terminal_prints_the_number(void **state)
{
	(void)state;
	play_start(play, false, "jit", "request", "sudo:root", "--for", "0s", NULL);
	play_expect(play, MESSAGE_request);
	assert_string_equal(play->in.request.scope, "sudo:root");
	assert_int_equal(play->in.request.seconds, 0);
	send_done(42, "waits for 1 approval");
	finish_with(0, "access 42: waits for 1 approval\n", NULL);
	play_start(play, true, "jit", "request", "sudo:root", "--no-wait", NULL);
	play_expect(play, MESSAGE_request);
	assert_true(play->in.request.seconds == WIRE_DEFAULT);
	send_done(42, "access 42 waits for 1 approval");
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out, "access 42 waits for 1 approval\r\n");
}

static void request_json_prints_the_access(void **state)
{
	(void)state;
	play_start(play, false, "jit", "request", "sudo:root", "--json", NULL);
	play_expect(play, MESSAGE_request);
	send_done(42, "access 42 waits");
	play_expect(play, MESSAGE_show);
	assert_int_equal(play->in.show.access, 42);
	assert_int_equal(play->in.show.mine, 1);
	send_pending();
	play_send_end(play);
	finish_with(0, "\"state\": \"pending\"", NULL);
	assert_int_equal(play->out[0], '{');
}

/* A request on a terminal, up to where it waits. */
static void start_waiting(void)
{
	play_start(play, true, "jit", "request", "sudo:root su:postgres", NULL);
	play_expect(play, MESSAGE_request);
	send_done(42, "access 42 waits");
	play_expect(play, MESSAGE_watch);
	assert_int_equal(play->in.watch.access, 42);
	send_pending();
	play_see(play, "access 42 requested: sudo:root su:postgres for 15m (rule ops)\r\n");
	play_see(play, "bob %dba-leads");
	play_see(play, "waiting for 0s, lapses in 3h");
}

static void request_on_a_terminal_waits_for_approval(void **state)
{
	(void)state;
	start_waiting();
	play_see(play, "waiting for 1s"); /* the clock goes on by itself */
	send_pending();
	send_decision("approve", "fine by me");
	play_see(play, "bob: approve: fine by me\r\n");
	send_pending();
	send_decision("approve", "fine by me");
	send_active();
	finish_with(0, "access 42 active until ", NULL);
	assert_null(strstr(strstr(play->out, "fine by me") + 1, "fine by me")); /* told once */
}

static void request_on_a_terminal_ends_1_when_denied(void **state)
{
	(void)state;
	start_waiting();
	send_ended("denied", "by bob: not today");
	finish_with(1, "access 42 requested", "jit: access 42 denied: by bob: not today\n");
}

static void ctrl_c_leaves_the_request_pending(void **state)
{
	(void)state;
	start_waiting();
	play_type(play, "\003");
	finish_with(130, "access 42 requested", "go on waiting with 'jit wait 42'");
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
	send_done(42, "access 42 is active");
	play_expect(play, MESSAGE_watch);
	send_active();
	finish_with(0, "access 42 active until ", NULL);
	assert_null(strstr(play->out, "waiting"));
}

static void json_on_a_terminal_comes_after_the_decision(void **state)
{
	(void)state;
	play_start(play, true, "jit", "request", "sudo:root", "--json", NULL);
	play_expect(play, MESSAGE_request);
	send_done(42, "access 42 waits");
	play_expect(play, MESSAGE_watch);
	send_pending();
	send_ended("denied", "by bob");
	play_expect(play, MESSAGE_show);
	send_ended("denied", "by bob");
	send_decision("deny", "no");
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
	send_pending();
	send_decision("approve", "");
	send_active();
	finish_with(0, "access 42 active until ", NULL);
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_pending();
	send_ended("lapsed", "nobody decided in time");
	finish_with(1, NULL, "jit: access 42 lapsed: nobody decided in time\n");
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_refused("no such access of yours: 42");
	finish_with(1, NULL, "jit: no such access of yours: 42\n");
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
		send_ended(states[i], "");
		finish_with(1, NULL, states[i]);
	}
}

static void ctrl_c_ends_wait_with_130(void **state)
{
	(void)state;
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_pending();
	kill(play->tool, SIGINT);
	finish_with(130, NULL, "jit wait 42");
	play_start(play, false, "jitd-admin", "pending", "--wait", NULL);
	play_expect(play, MESSAGE_watch);
	kill(play->tool, SIGINT);
	finish_with(130, NULL, NULL);
}

/* ---- a jitd that misbehaves ---- */

static void garbage_and_hanging_up_are_unreachable(void **state)
{
	uint8_t other_version[] = {WIRE_VERSION + 1, 0, 47, 0};

	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	play_send_bytes(play, "nonsense", 8);
	finish_with(3, NULL, "jitd not reachable: ");
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	play_send_bytes(play, other_version, sizeof(other_version));
	finish_with(3, NULL, "version");
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_ended("expired", "");
	play_hang_up(play); /* half a list is none */
	finish_with(3, NULL, "closed the connection");
	play_start(play, false, "jit", "wait", "42", NULL);
	play_expect(play, MESSAGE_watch);
	send_pending();
	play_hang_up(play);
	finish_with(3, NULL, "closed the connection");
}

static void an_answer_to_another_question_is_an_error(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_counter("state", "ready");
	finish_with(1, NULL, "'counter'");
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_decision("approve", ""); /* of no access */
	finish_with(1, NULL, "'decision'");
	play_start(play, false, "jit", "show", "41", NULL);
	play_expect(play, MESSAGE_show);
	send_active();
	play_send_end(play);
	finish_with(1, NULL, "another");
	play_start(play, false, "jitd-admin", "approve", "42", NULL);
	play_expect(play, MESSAGE_approve);
	play_send_end(play);
	finish_with(1, NULL, "'end'");
	play_start(play, false, "jit", "wait", "41", NULL);
	play_expect(play, MESSAGE_watch);
	send_active();
	finish_with(1, NULL, "'access'");
}

static void a_refusal_before_the_question_is_heard(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_accept(play);
	send_refused("too many connections of yours");
	finish_with(1, NULL, "too many connections of yours\n");
}

static void a_directory_that_others_may_write_is_refused(void **state)
{
	(void)state;
	assert_int_equal(chmod(play->directory, 0777), 0);
	play_start(play, false, "jit", "list", NULL);
	finish_with(3, NULL, "others may write there");
}

static void output_that_reaches_nobody_is_not_done(void **state)
{
	(void)state;
	play->out_path = "/dev/full";
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	play_send_end(play);
	finish_with(1, NULL, "jit: cannot write: No space left on device\n");
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(list_prints_a_json_array),
	        EACH(an_empty_list_is_an_empty_array),
	        EACH(list_prints_a_table),
	        EACH(show_prints_everything),
	        EACH(show_of_my_own_says_so),
	        EACH(pending_wait_waits),
	        EACH(sessions_as_table_and_json),
	        EACH(audit_prints_events),
	        EACH(nothing_is_nothing),
	        EACH(status_as_table_and_json),
	        EACH(ready_waits_for_jitd_to_come),
	        EACH(commands_carry_what_was_typed),
	        EACH(revoke_names_what_is_revoked),
	        EACH(what_is_too_long_reaches_jitd_as_too_long),
	        EACH(request_without_terminal_prints_the_number),
	        EACH(request_json_prints_the_access),
	        EACH(request_on_a_terminal_waits_for_approval),
	        EACH(request_on_a_terminal_ends_1_when_denied),
	        EACH(ctrl_c_leaves_the_request_pending),
	        EACH(ctrl_c_before_the_answer_ends_130),
	        EACH(granted_at_once_needs_no_waiting),
	        EACH(json_on_a_terminal_comes_after_the_decision),
	        EACH(wait_ends_with_the_decision),
	        EACH(wait_takes_only_active_for_access),
	        EACH(ctrl_c_ends_wait_with_130),
	        EACH(garbage_and_hanging_up_are_unreachable),
	        EACH(an_answer_to_another_question_is_an_error),
	        EACH(a_refusal_before_the_question_is_heard),
	        EACH(a_directory_that_others_may_write_is_refused),
	        EACH(output_that_reaches_nobody_is_not_done),
	};

	return cmocka_run_group_tests_name("talk", tests, NULL, NULL);
}
