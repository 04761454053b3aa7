/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Listings, one in full, the log and the status: as tables and as JSON.
 */
#include <setjmp.h>
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

#define BARE_JSON                                                                                  \
	"{\"id\":42,\"state\":\"expired\",\"subject\":\"alice\",\"scopes\":[\"sudo:root\","        \
	"\"su:postgres\"],\"host\":\"web1\",\"rule\":\"ops\",\"reason\":null,\"ticket\":null,"     \
	"\"requested\":\"2025-11-23T16:05:12Z\",\"decided\":null,\"from\":null,\"until\":null,"    \
	"\"approvals_needed\":1,\"denials_needed\":1,\"asked\":900,"
#define NO_ORIGIN "\"via\":null,\"issuer\":null,\"foreign\":null,\"ends\":null,\"keep\":null"
#define FULL_REST                                                                                  \
	"\"decisions\":[{\"by\":\"bob\",\"verdict\":\"approve\",\"at\":\"2025-11-23T16:06:12Z\","  \
	"\"comment\":null}],\"uses_left\":null,\"present\":\"held\",\"digest\":\"" DIGEST_SHOWN    \
	"\",\"user_key\":null,\"sessions\":[{\"id\":\"42-1\",\"access\":42,"                       \
	"\"subject\":\"alice\",\"service\":\"sudo\",\"account\":\"root\",\"tty\":null,"            \
	"\"rhost\":null,\"pid\":1234,\"since\":\"2025-11-23T16:06:22Z\",\"until\":null,"           \
	"\"ended\":null,\"ending\":null}]," NO_ORIGIN "}"

static void list_prints_a_json_array(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", "--json", NULL);
	play_expect(play, MESSAGE_list);
	assert_int_equal(play->in.list.view, VIEW_MINE);
	send_ended(play, "expired", "");
	send_decision(play, "approve", "");
	send_session(play);
	send_ended(play, "expired", "");
	play_send_end(play);
	finish_with(play, 0, "[\n", NULL);
	assert_string_equal(
	        play->out,
	        "[\n" BARE_JSON FULL_REST ",\n" BARE_JSON
	        "\"decisions\":[],\"uses_left\":null,\"present\":\"held\",\"digest\":\"" DIGEST_SHOWN
	        "\",\"user_key\":null,\"sessions\":[]," NO_ORIGIN "}\n]\n");
}

static void an_empty_list_is_an_empty_array(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "list", "--json", NULL);
	play_expect(play, MESSAGE_list);
	assert_int_equal(play->in.list.view, VIEW_OPEN);
	play_send_end(play);
	finish_with(play, 0, "[]\n", NULL);
	play_start(play, false, "jitd-admin", "list", "--all", NULL);
	play_expect(play, MESSAGE_list);
	assert_int_equal(play->in.list.view, VIEW_ALL);
	play_send_end(play);
	finish_with(play, 0, "there is none for you to see\n", NULL);
}

static void list_prints_a_table(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_active(play);
	send_ended(play, "revoked", "by bob: enough");
	play_send_end(play);
	finish_with(play, 0, " left\n", NULL);
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
	send_ended(play, "denied", "by bob: no");
	send_decision(play, "deny", "no");
	send_session(play);
	play_send_end(play);
	finish_with(play, 0, "access 42 denied: by bob: no\n", NULL);
	assert_non_null(strstr(play->out, "  approvers  bob %dba-leads\n"));
	assert_non_null(strstr(play->out, "  digest     " DIGEST_SHOWN "\n"));
	assert_non_null(strstr(play->out, "  deny       bob at 2025-11-23 16:06: no\n"));
	assert_non_null(strstr(play->out, "  session    42-1: sudo as root, pid 1234, "));
}

static void what_must_be_typed_says_so(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_typed(play);
	play_send_end(play);
	finish_with(play, 0, " left; get a code: jit token 42 --code\n", NULL);
	play_start(play, false, "jitd-admin", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_typed(play);
	play_send_end(play);
	finish_with(play, 0, " left\n", NULL); /* it is not theirs */
	play_start(play, false, "jit", "show", "42", NULL);
	play_expect(play, MESSAGE_show);
	send_typed(play);
	play_send_end(play);
	finish_with(play, 0, "  present    typed; get a code: jit token 42 --code\n", NULL);
	play_start(play, false, "jit", "show", "42", NULL);
	play_expect(play, MESSAGE_show);
	send_active(play);
	play_send_end(play);
	finish_with(play, 0, "  present    held\n", NULL);
}

static void show_tells_by_whose_token_it_came(void **state)
{
	(void)state;
	play_start(play, false, "jit", "show", "42", NULL);
	play_expect(play, MESSAGE_show);
	send_foreign(play);
	play_send_end(play);
	finish_with(play, 0,
	            "  via        bastion, by a token of bastion.example.org, access 7 there\n"
	            "  ends       2025-11-23 16:20\n",
	            NULL);
	play_start(play, false, "jit", "show", "42", "--json", NULL);
	play_expect(play, MESSAGE_show);
	send_foreign(play);
	play_send_end(play);
	finish_with(play, 0,
	            "  \"via\": \"bastion\",\n  \"issuer\": \"bastion.example.org\",\n"
	            "  \"foreign\": 7,\n  \"ends\": \"2025-11-23T16:20:12Z\"",
	            NULL);
}

static void what_is_for_another_host_has_a_token_and_no_code(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	send_elsewhere_for(play, "ssh:alice");
	play_send_end(play);
	finish_with(play, 0, " left; get a token: jit token 42\n", NULL);
}

static void a_ticket_is_shown(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "show", "42", NULL);
	play_expect(play, MESSAGE_show);
	send_ticket(play, "INC-7");
	play_send_end(play);
	finish_with(play, 0, "  ticket     INC-7\n", NULL);
	play_start(play, false, "jitd-admin", "show", "42", "--json", NULL);
	play_expect(play, MESSAGE_show);
	send_ticket(play, "INC-7");
	play_send_end(play);
	finish_with(play, 0, "\"ticket\": \"INC-7\"", NULL);
	assert_non_null(strstr(play->out, "\"digest\": \"" DIGEST_SHOWN "\""));
	assert_non_null(strstr(play->out, "\"denials_needed\": 1"));
}

#define FINGERPRINT "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8"

static void the_ssh_key_and_what_is_kept_are_shown(void **state)
{
	static const char *const commands[][3] = {{"show", "42", NULL},    {"show", "42", "--json"},
	                                          {"show", "42", NULL},    {"show", "42", "--json"},
	                                          {"pending", NULL, NULL}, {"list", NULL, NULL}};
	static const char *const wanted[] = {"  ssh key    " FINGERPRINT "\n",
	                                     "\"user_key\": \"" FINGERPRINT "\"",
	                                     "  at end     its sessions go on for 1h30m at most\n",
	                                     "\"keep\": 5400",
	                                     ", ssh key " FINGERPRINT,
	                                     ", ssh key " FINGERPRINT};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		play_start(play, false, "jitd-admin", commands[i][0], commands[i][1],
		           commands[i][2], NULL);
		play_expect(play, i < 4 ? MESSAGE_show : MESSAGE_list);
		send_bound(play, FINGERPRINT);
		play_send_end(play);
		finish_with(play, 0, wanted[i], NULL);
	}
}

static void show_of_my_own_says_so(void **state)
{
	(void)state;
	play_start(play, false, "jit", "show", "42", "--json", NULL);
	play_expect(play, MESSAGE_show);
	assert_int_equal(play->in.show.mine, 1);
	send_ended(play, "lapsed", "");
	play_send_end(play);
	finish_with(play, 0, "{\n  \"id\": 42,\n  \"state\": \"lapsed\",\n", NULL);
}

static void pending_wait_waits(void **state)
{
	struct message sign = {.id = MESSAGE_wait, .wait.seconds = 2};

	(void)state;
	play_start(play, false, "jitd-admin", "pending", "--wait", NULL);
	play_expect(play, MESSAGE_watch);
	assert_int_equal(play->in.watch.access, 0);
	play_send(play, &sign);
	send_pending(play);
	play_send_end(play);
	finish_with(play, 0, "lapses in ", NULL);
	play_start(play, false, "jitd-admin", "pending", NULL);
	play_expect(play, MESSAGE_list);
	assert_int_equal(play->in.list.view, VIEW_PENDING);
	play_send_end(play);
	finish_with(play, 0, "nothing waits for your decision\n", NULL);
}

static void sessions_as_table_and_json(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "sessions", NULL);
	play_expect(play, MESSAGE_sessions);
	send_session(play);
	play_send_end(play);
	finish_with(play, 0, "42-1     alice    sudo     root     -    1234  2025-11-23 16:06  -\n",
	            NULL);
	play_start(play, false, "jitd-admin", "sessions", "--json", NULL);
	play_expect(play, MESSAGE_sessions);
	send_session(play);
	play_send_end(play);
	finish_with(play, 0, "[\n{\"id\":\"42-1\",\"access\":42,\"subject\":\"alice\",", NULL);
}

static void audit_prints_events(void **state)
{
	struct message row = {.id = MESSAGE_event, .event = {.id = 7, .at = ASKED, .count = 3}};

	(void)state;
	snprintf(row.event.event, sizeof(row.event.event), "check");
	snprintf(row.event.verdict, sizeof(row.event.verdict), "deny");
	snprintf(row.event.reason, sizeof(row.event.reason), "no-access");
	snprintf(row.event.subject, sizeof(row.event.subject), "alice");
	snprintf(row.event.policy, sizeof(row.event.policy), "00112233445566aa");
	snprintf(row.event.text, sizeof(row.event.text), "you \"hold\" none");
	play_start(play, false, "jitd-admin", "audit", "list", "--access", "42", "--since=-2h",
	           NULL);
	play_expect(play, MESSAGE_audit);
	assert_int_equal(play->in.audit.access, 42);
	assert_in_range(time(NULL) - play->in.audit.since, 7200, 7210);
	play_send(play, &row);
	play_send_end(play);
	finish_with(play, 0,
	            "2025-11-23 16:05:12 check      subject=alice verdict=deny "
	            "reason=no-access times=3: you \"hold\" none\n",
	            NULL);
	play_start(play, false, "jitd-admin", "audit", "list", "--json", NULL);
	play_expect(play, MESSAGE_audit);
	assert_true(play->in.audit.since == WIRE_DEFAULT);
	play_send(play, &row);
	play_send(play, &row);
	play_send_end(play);
	finish_with(play, 0,
	            "[\n{\"id\":7,\"at\":\"2025-11-23T16:05:12Z\",\"event\":\"check\","
	            "\"verdict\":\"deny\",\"reason\":\"no-access\",\"access\":null,"
	            "\"session\":null,\"subject\":\"alice\",\"actor\":null,\"service\":null,"
	            "\"phase\":null,\"account\":null,\"pid\":null,\"count\":3,"
	            "\"text\":\"you \\\"hold\\\" none\","
	            "\"policy\":\"00112233445566aa\"},\n{",
	            NULL);
}

static void nothing_is_nothing(void **state)
{
	(void)state;
	play_start(play, false, "jit", "list", NULL);
	play_expect(play, MESSAGE_list);
	play_send_end(play);
	finish_with(play, 0, "you have asked for nothing\n", NULL);
	play_start(play, false, "jitd-admin", "sessions", NULL);
	play_expect(play, MESSAGE_sessions);
	play_send_end(play);
	finish_with(play, 0, "no session is open\n", NULL);
}

static void status_as_table_and_json(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "status", NULL);
	play_expect(play, MESSAGE_status);
	send_counter(play, "state", "ready");
	send_counter(play, "pending", "3");
	play_send_end(play);
	finish_with(play, 0, "NAME     VALUE\nstate    ready\npending  3\n", NULL);
	play_start(play, false, "jitd-admin", "status", "--json", NULL);
	play_expect(play, MESSAGE_status);
	send_counter(play, "state", "ready");
	send_counter(play, "pending", "3");
	send_counter(play, "key", "007");
	play_send_end(play);
	finish_with(play, 0,
	            "{\n  \"state\": \"ready\",\n  \"pending\": 3,\n  \"key\": \"007\"\n}\n", NULL);
}

static void metrics_have_one_name_and_only_numbers(void **state)
{
	(void)state;
	play_start(play, false, "jitd-admin", "status", "--metrics", NULL);
	play_expect(play, MESSAGE_status);
	send_counter(play, "state", "ready");
	send_counter(play, "checks-denied", "2");
	send_counter(play, "checks-allowed", "41");
	send_counter(play, "commits", "many");
	send_counter(play, "rows-committed", "123");
	send_counter(play, "of-another-release", "1");
	play_send_end(play);
	finish_with(play, 0,
	            "# HELP jitd_checks_total Checks of PAM clients since the start, by verdict.\n"
	            "# TYPE jitd_checks_total counter\n"
	            "jitd_checks_total{verdict=\"allow\"} 41\n"
	            "jitd_checks_total{verdict=\"deny\"} 2\n"
	            "# HELP jitd_committed_rows_total Rows that these commits wrote.\n"
	            "# TYPE jitd_committed_rows_total counter\n"
	            "jitd_committed_rows_total 123\n",
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
	send_counter(play, "state", "ready");
	play_send_end(play);
	finish_with(play, 0, NULL, NULL);
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(list_prints_a_json_array),
	        EACH(an_empty_list_is_an_empty_array),
	        EACH(list_prints_a_table),
	        EACH(show_prints_everything),
	        EACH(what_must_be_typed_says_so),
	        EACH(a_ticket_is_shown),
	        EACH(the_ssh_key_and_what_is_kept_are_shown),
	        EACH(show_of_my_own_says_so),
	        EACH(pending_wait_waits),
	        EACH(sessions_as_table_and_json),
	        EACH(audit_prints_events),
	        EACH(nothing_is_nothing),
	        EACH(status_as_table_and_json),
	        EACH(metrics_have_one_name_and_only_numbers),
	        EACH(ready_waits_for_jitd_to_come),
	        EACH(show_tells_by_whose_token_it_came),
	        EACH(what_is_for_another_host_has_a_token_and_no_code),
	};

	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
