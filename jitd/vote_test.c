/* SPDX-License-Identifier: Apache-2.0 */
/* What an approver's word counts for: a whole daemon, people with real uids. */
#include "tests/daemon/people.h"

#include <string.h>

/* As jitd-admin shows it. */
static void look(const struct host *host, struct person person, uint32_t access,
                 struct wire_access *ret_row)
{
	const struct message show = {.id = MESSAGE_show, .show = {.access = access}};
	struct message row;

	say(host, person, &show, &row);
	assert_int_equal(row.id, MESSAGE_access);
	*ret_row = row.access;
}

static int64_t yes_of(const struct host *host, uint32_t access, const char *digest)
{
	return on_disk(host,
	               "SELECT count(*) FROM decision WHERE access = %u AND digest = '%s' AND "
	               "verdict = 'approve'",
	               access, digest);
}

/* ---- what was shown ---- */

static void i2_an_approval_is_of_what_was_shown(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:root");
	struct message yes = approve_of(access, WIRE_DEFAULT);
	struct wire_access row;

	look(host, AS(MAN), access, &row);
	assert_int_equal(strlen(row.digest), SHOWN_DIGITS);
	memcpy(yes.approve.digest, row.digest, SHOWN_SIZE);
	yes.approve.digest[63] = row.digest[63] == '0' ? '1' : '0';
	expect_refusal(host, AS(MAN), &yes, "access 1 is not what you were shown", "digest");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM decision"), 0);
	memcpy(yes.approve.digest, row.digest, SHOWN_SIZE);
	must_do(host, AS(MAN), &yes);
	assert_int_equal(yes_of(host, access, row.digest), 1);
	must_approve(host, AS(MAIL), access);
	expect_state(host, access, "active");
}

/* What is on disk is another request by now: the first word was not for it. */
static void i2_an_approval_of_what_was_changed_does_not_count(void **state)
{
	struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:root");

	must_approve(host, AS(MAN), access);
	host_stop(host);
	on_disk_do(host, "UPDATE access SET reason = 'something else'");
	host_start_here(host);
	must_approve(host, AS(MAIL), access);
	expect_state(host, access, "pending");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token"), 0);
	must_approve(host, AS(LP), access);
	expect_state(host, access, "active");
}

/* An access that has its number of words, of which one was for something else. */
static void i2_nor_does_it_make_active_what_seems_ripe(void **state)
{
	struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:root");

	must_approve(host, AS(MAN), access);
	host_stop(host);
	on_disk_do(host, "UPDATE access SET approvals = 1");
	host_start_here(host); /* looks for what is ripe */
	must_request(host, AS(GAMES), "sudo:daemon");
	expect_state(host, access, "pending");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE access = %u", access), 0);
}

static void a_denial_is_never_refused_for_what_was_shown(void **state)
{
	static const char zeros[] =
	        "0000000000000000000000000000000000000000000000000000000000000000";
	const char *const digests[] = {"", "stale", zeros};
	const struct host *host = need_people(state);

	for (size_t i = 0; i < 3; i++) {
		uint32_t access = must_request(host, AS(GAMES), "sudo:root");
		struct message no = deny_of(access);
		memcpy(no.deny.digest, digests[i], strlen(digests[i]) + 1);
		must_do(host, AS(MAN), &no);
		expect_state(host, access, "denied");
		assert_int_equal(on_disk(host,
		                         "SELECT length(digest) FROM decision WHERE access = %u",
		                         access),
		                 i == 2 ? 64 : 0);
	}
}

static void a_shortened_access_is_still_what_was_asked(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:root");
	struct message yes = approve_of(access, 60);
	struct wire_access row;

	must_do(host, AS(MAN), &yes);
	look(host, AS(MAIL), access, &row);
	assert_int_equal(row.asked, 900);
	assert_int_equal(row.seconds, 60);
	must_approve(host, AS(MAIL), access);
	expect_state(host, access, "active");
}

/* ---- both sides see who decided ---- */

static void both_sides_see_who_decided(void **state)
{
	static const struct person people[] = {{GAMES, GAMES}, {MAN, MAN}, {LP, LP}};
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "su:root");
	struct message yes = approve_of(access, WIRE_DEFAULT), no = deny_of(access), row;
	struct link link;

	strcpy(yes.approve.comment, "go on");
	strcpy(no.deny.comment, "not today");
	must_do(host, AS(MAIL), &yes);
	must_do(host, AS(MAN), &no);
	for (size_t i = 0; i < 3; i++) {
		const struct message show = {
		        .id = MESSAGE_show,
		        .show = {.access = access, .mine = people[i].uid == GAMES}};
		link_open(host, CLIENT_SOCKET, people[i], &link);
		link_send(&link, &show);
		assert_true(link_receive(&link, &row) && row.id == MESSAGE_access);
		assert_string_equal(row.access.ended, "denied by man: not today");
		for (int k = 0; k < 2; k++) {
			assert_true(link_receive(&link, &row) && row.id == MESSAGE_decision);
			assert_int_not_equal(row.decision.at, 0);
			assert_string_equal(row.decision.comment,
			                    strcmp(row.decision.by, "man") ? "go on" : "not today");
			assert_string_equal(row.decision.verdict,
			                    strcmp(row.decision.by, "man") ? "approve" : "deny");
		}
		link_close(&link);
	}
}

static void what_needs_no_approval_says_so(void **state)
{
	const struct host *host = need_people(state);
	uint32_t access = must_request(host, AS(GAMES), "sudo:daemon");

	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE event = 'grant' AND access = %u "
	                         "AND text LIKE 'no approval needed (approvals = 0); jti %%'",
	                         access),
	                 1);
	access = must_request(host, AS(GAMES), "sudo:root");
	must_approve(host, AS(MAN), access);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE event = 'grant' AND access = %u "
	                         "AND text LIKE 'jti %%'",
	                         access),
	                 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, people_begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(i2_an_approval_is_of_what_was_shown),
	        TEST(i2_an_approval_of_what_was_changed_does_not_count),
	        TEST(i2_nor_does_it_make_active_what_seems_ripe),
	        TEST(a_denial_is_never_refused_for_what_was_shown),
	        TEST(a_shortened_access_is_still_what_was_asked),
	        TEST(both_sides_see_who_decided),
	        TEST(what_needs_no_approval_says_so),
	};

	people_come();
	return cmocka_run_group_tests_name("vote", tests, NULL, NULL);
}
