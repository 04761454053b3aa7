/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule wants of a request besides being named in it, and what this version cannot check. */
#include "tests/daemon/people.h"

#include <stdio.h>
#include <string.h>

static void rules(const struct host *host, const char *text)
{
	const struct message message = {.id = MESSAGE_reload};

	host_rules(host, text);
	must_do(host, ROOT, &message);
}

static struct message ask_with(const char *ticket)
{
	struct message message = request_of("sudo:root", WIRE_DEFAULT, "");

	strcpy(message.request.ticket, ticket);
	return message;
}

/* ---- tickets ---- */

#define TICKETS                                                                                    \
	"rule \"t\" { who = {\"games\"} scope = {\"sudo:root\"} approvers = {\"man\"}\n"           \
	"ticket = \"^INC-[0-9]+$\" }\n"

static void a_rule_may_want_a_ticket(void **state)
{
	static const char *const wrong[] = {"",       "INC",    "INC-",  "inc-7",
	                                    "INC-7x", "xINC-7", " INC-7"};
	const struct host *host = need_people(state);
	struct message message;

	rules(host, TICKETS);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		message = ask_with(wrong[i]);
		expect_refusal(host, AS(GAMES), &message,
		               "rule t wants --ticket that looks like ^INC-[0-9]+$", "ticket");
	}
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
	message = ask_with("INC-7");
	must_do(host, AS(GAMES), &message);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access WHERE ticket = 'INC-7'"), 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'request' AND "
	                               "text LIKE '%%ticket INC-7%%'"),
	                 1);
}

static void d14_a_ticket_is_short_and_clean(void **state)
{
	const struct host *host = need_people(state);
	struct message message;
	char ticket[130] = "";

	message = ask_with("INC-7\nINC-8");
	expect_refusal(host, AS(GAMES), &message, "control characters", "ticket");
	message = ask_with("\x1b[2J");
	expect_refusal(host, AS(GAMES), &message, "control characters", "ticket");
	memset(ticket, '7', 129);
	message = ask_with(ticket);
	expect_refusal(host, AS(GAMES), &message, "longer than 128 bytes", "ticket");
	ticket[128] = '\0';
	message = ask_with(ticket); /* where no rule wants one it is kept as it is */
	must_do(host, AS(GAMES), &message);
	assert_int_equal(on_disk(host, "SELECT length(ticket) FROM access"), 128);
}

static void the_approver_sees_the_ticket(void **state)
{
	const struct host *host = need_people(state);
	struct message message = ask_with("INC-7"), row;
	const struct message show = {.id = MESSAGE_show, .show = {.access = 1}};

	must_do(host, AS(GAMES), &message);
	say(host, AS(MAN), &show, &row);
	assert_int_equal(row.id, MESSAGE_access);
	assert_string_equal(row.access.ticket, "INC-7");
	assert_int_equal(row.access.denials_needed, 1);
}

/* ---- comments ---- */

static void d14_a_comment_is_short_and_clean(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:root");
	struct message yes = approve_of(access, WIRE_DEFAULT), no = deny_of(access);

	memset(yes.approve.comment, 'c', 513);
	expect_refusal(host, AS(MAN), &yes, "longer than 512 bytes", "comment");
	memset(no.deny.comment, 'c', 513);
	expect_refusal(host, AS(MAN), &no, "longer than 512 bytes", "comment");
	strcpy(no.deny.comment, "a\nb");
	expect_refusal(host, AS(MAN), &no, "control characters", "comment");
	expect_state(host, access, "pending");
	yes.approve.comment[512] = '\0';
	must_do(host, AS(MAN), &yes);
	expect_state(host, access, "active");
}

/* ---- denials ---- */

#define TWO_DENIALS                                                                                \
	"rule \"d\" { who = {\"games\"} scope = {\"sudo:root\"} approvers = {\"%deciders\"}\n"     \
	"approvals = 2 denials = 2 }\n"

static void as_many_denials_as_the_rule_says_end_it(void **state)
{
	const struct host *host = need_people(state);
	struct message no, answer;
	uint32_t access;

	rules(host, TWO_DENIALS);
	access = must_request(host, AS(GAMES), "sudo:root");
	no = deny_of(access);
	say(host, AS(MAN), &no, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	assert_non_null(strstr(answer.done.text, "1 more"));
	expect_state(host, access, "pending");
	/* one says one word only, whatever it is */
	expect_refusal(host, AS(MAN), &no, "decided on 1 already", "decided");
	expect_refusal(host, (struct person){MAN, UNSET}, &no, "decided on 1 already", "decided");
	no = approve_of(access, WIRE_DEFAULT);
	expect_refusal(host, AS(MAN), &no, "decided on 1 already", "decided");
	expect_state(host, access, "pending");
	must_approve(host, AS(MAIL), access);
	no = deny_of(access);
	must_do(host, AS(LP), &no);
	expect_state(host, access, "denied");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'denied'"), 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'deny'"), 2);
}

static void fewer_denials_do_not(void **state)
{
	const struct host *host = need_people(state);
	struct message no;
	uint32_t access;

	rules(host, TWO_DENIALS);
	access = must_request(host, AS(GAMES), "sudo:root");
	no = deny_of(access);
	must_approve(host, AS(MAN), access);
	must_do(host, AS(LP), &no);
	expect_state(host, access, "pending");
	must_approve(host, AS(MAIL), access);
	expect_state(host, access, "active");
}

/* ---- rules for less ---- */

/* jitd asks for all that a scope allows, for its own tokens, on this host. */
static void rules_for_less_do_not_match(void **state)
{
	static const char *const less[] = {"commands = {\"/usr/bin/id\"}", "via = \"gitlab\"",
	                                   "hosts = {\"other.example.org\"}"};
	const struct host *host = need_people(state);
	struct message message = ask_with("");
	char text[256];

	for (size_t i = 0; i < sizeof(less) / sizeof(less[0]); i++) {
		snprintf(text, sizeof(text),
		         "rule \"l\" { who = {\"games\"} scope = {\"sudo:root\"} "
		         "approvers = {\"man\"} %s }\n",
		         less[i]);
		rules(host, text);
		expect_refusal(host, AS(GAMES), &message, "no rule lets games ask", "no-rule");
	}
	rules(host, "rule \"h\" { who = {\"games\"} scope = {\"sudo:root\"} approvers = {\"man\"} "
	            "hosts = {\"test.*.org\"} }\n");
	must_do(host, AS(GAMES), &message);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, people_begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(a_rule_may_want_a_ticket),
	        TEST(d14_a_ticket_is_short_and_clean),
	        TEST(the_approver_sees_the_ticket),
	        TEST(d14_a_comment_is_short_and_clean),
	        TEST(as_many_denials_as_the_rule_says_end_it),
	        TEST(fewer_denials_do_not),
	        TEST(rules_for_less_do_not_match),
	};

	people_come();
	return cmocka_run_group_tests_name("terms", tests, NULL, NULL);
}
