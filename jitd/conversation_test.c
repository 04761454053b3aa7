/* SPDX-License-Identifier: Apache-2.0 */
/* A check that asks: answered twice or never, hung up on at each moment, left open by the
 * thousand, and jitd stopping meanwhile. */
#include "tests/daemon/logins.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "jitd/loop.h"
#include "jitd/peer.h"
#include "jitd/readings.h"
#include "tests/daemon/siege.h"

static const struct message answer = {.id = MESSAGE_answer, .answer = {.given = 1, .text = "x"}};

static int begin(void **state)
{
	*siege_ahead() = 0;
	return logins_begin(state);
}

/* Until every PAM client is gone. */
static void let_go(const struct host *host)
{
	while (peers_count(host->jitd->peers, PEER_PAM))
		host_turn(host, true);
}

static int64_t events(const struct host *host)
{
	host_turn(host, false);
	return on_disk(host, "SELECT coalesce(sum(count), 0) FROM event WHERE event = 'check'");
}

/* `number` makes the handle, by which jitd finds what it has reserved. */
static struct message ask_at_login(uint64_t number)
{
	return typed_check("login", PHASE_AUTH, "news", number);
}

/* Opens and asks; jitd waits for an answer. */
static void begin_talk(const struct host *host, uint64_t number, struct link *link)
{
	const struct message check = ask_at_login(number);
	struct message message;

	link_open(host, PAM_SOCKET, SELF, link);
	assert_true(until_asked(link, &check, &message));
}

/* ---- out of turn ---- */

static void an_answer_without_a_question_is_hung_up_on(void **state)
{
	const struct host *host = need_logins(state);
	const struct message check = typed_check("su", PHASE_OPEN_SESSION, "lp", 1);
	struct message verdict;
	struct link link;

	link_open(host, PAM_SOCKET, SELF, &link);
	link_send(&link, &answer);
	expect_hang_up(&link);
	link_close(&link);
	/* nor after a verdict that asked nothing */
	link_open(host, PAM_SOCKET, SELF, &link);
	link_send(&link, &check);
	assert_true(link_receive(&link, &verdict));
	assert_int_equal(verdict.id, MESSAGE_verdict);
	link_send(&link, &answer);
	expect_hang_up(&link);
	link_close(&link);
	let_go(host);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'bad-packet'"), 2);
	assert_int_equal(events(host), 1);
}

static void a_second_answer_opens_nothing(void **state)
{
	const struct host *host = need_logins(state);
	char good[SECRET_SIZE];
	struct talk talk;
	struct link link;
	const struct message again = ask_at_login(2);

	must_issue(host, AS(GAMES), "login:news", false, good);
	begin_talk(host, 1, &link);
	link_send(&link, &answer);
	give(&link, good);
	let_go(host);
	link_close(&link);
	assert_int_equal(checks(host, "deny", "not-a-token"), 1);
	assert_int_equal(checks(host, "allow", ""), 0);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE burned IS NOT NULL"), 0);
	assert_int_equal(type_in(host, &again, good, &talk), DECISION_ALLOW);
}

static void another_check_instead_of_an_answer_is_hung_up_on(void **state)
{
	const struct host *host = need_logins(state);
	const struct message check = ask_at_login(1);
	struct link link;

	begin_talk(host, 1, &link);
	link_send(&link, &check);
	expect_hang_up(&link);
	link_close(&link);
	let_go(host);
	assert_int_equal(checks(host, "deny", "no-answer"), 1);
	assert_int_equal(events(host), 1);
}

/* ---- hung up on ---- */

static size_t descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	size_t count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void hang_up_when_asked(const struct host *host)
{
	struct link link;

	begin_talk(host, 1, &link);
	link_close(&link);
	let_go(host);
}

static void hang_up_while_asked_writes_one_event_and_frees(void **state)
{
	const struct host *host = need_logins(state);
	size_t before;

	hang_up_when_asked(host);
	assert_int_equal(events(host), 1); /* SQLite keeps one of ours open */
	before = descriptors();
	for (int i = 1; i <= 20; i++) {
		hang_up_when_asked(host);
		assert_int_equal(checks(host, "deny", "no-answer"), 1 + i);
		assert_int_equal(events(host), 1 + i);
	}
	assert_int_equal(descriptors(), before);
	assert_int_equal(peers_count(host->jitd->peers, PEER_PAM), 0);
}

/* The question has not left yet: jitd meets a closed socket where it would ask. */
static void hang_up_before_the_question_leaves(void **state)
{
	const struct host *host = need_logins(state);
	const struct message check = ask_at_login(1);

	for (int i = 1; i <= 5; i++) {
		struct link link;
		link_open(host, PAM_SOCKET, SELF, &link);
		link_send(&link, &check);
		link_close(&link);
		do
			host_turn(host, true);
		while (events(host) < i || peers_count(host->jitd->peers, PEER_PAM));
		assert_int_equal(events(host), i);
	}
	assert_int_equal(checks(host, "deny", "no-answer"), 5);
}

/* Nobody hears the allow; it is written, and what was typed is spent. */
static void hang_up_while_the_pool_works_leaves_an_event(void **state)
{
	const struct host *host = need_logins(state);
	char token[SECRET_SIZE];
	struct link link, beside;

	link_beside(host, &beside);
	must_issue(host, AS(GAMES), "login:news", false, token);
	begin_talk(host, 1, &link);
	give(&link, token);
	until_on_the_pool(host);
	link_close(&link);
	let_go(host);
	while (!checks(host, "allow", ""))
		host_turn(host, true);
	assert_int_equal(events(host), 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE burned IS NOT NULL"), 1);
	link_close(&beside);
}

/* ---- stopping ---- */

static void jitd_stops_with_prompts_open(void **state)
{
	struct host *host = need_logins(state);
	struct link links[8];

	for (size_t i = 0; i < 8; i++)
		begin_talk(host, i, &links[i]);
	host_stop(host);
	for (size_t i = 0; i < 8; i++) {
		assert_true(readable(links[i].client.fd));
		link_close(&links[i]);
	}
	host_start_here(host);
	assert_int_equal(events(host), 0);
}

static void jitd_stops_while_the_pool_reads_what_was_typed(void **state)
{
	struct host *host = need_logins(state);
	char secrets[2][SECRET_SIZE];
	struct link links[2];

	for (int code = 0; code < 2; code++) {
		must_issue(host, AS(GAMES), "login:news", code, secrets[code]);
		begin_talk(host, (uint64_t)code, &links[code]);
		give(&links[code], secrets[code]);
	}
	until_on_the_pool(host);
	host_stop(host);
	for (int code = 0; code < 2; code++)
		link_close(&links[code]);
	host_start_here(host);
	/* an allow has burned, or there is none */
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE burned IS NOT NULL"),
	                 checks(host, "allow", ""));
}

static void note(void *context)
{
	unsigned int *count = context;

	++*count;
}

/* It came in the turn in which the signal did: no other turn followed. */
static void jitd_stops_with_a_token_still_to_be_read(void **state)
{
	struct host *host = need_logins(state);
	unsigned int noted = 0;
	struct reading_job job = {.tokens = 1, .read = note, .done = note, .context = &noted};

	readings_add(host->jitd->readings, &job);
	host_stop(host);
	assert_int_equal(noted, 2);
	host_start_here(host);
}

static void jitd_stops_while_a_token_is_signed(void **state)
{
	struct host *host = need_logins(state);
	struct message message = {.id = MESSAGE_token};
	struct link link;

	message.token.access = must_request(host, AS(GAMES), "login:news");
	link_open(host, CLIENT_SOCKET, AS(GAMES), &link);
	link_send(&link, &message);
	until_on_the_pool(host);
	host_stop(host);
	link_close(&link);
	host_start_here(host);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE kind = 'token'"),
	                 on_disk(host, "SELECT count(*) FROM event WHERE event = 'token'"));
}

/* ---- left open ---- */

#define PROMPTS 1000

/* How long it takes to log in with what is typed, from the check to the open session; ms. */
static int64_t log_in(const struct host *host, bool code)
{
	const struct message auth = ask_at_login(PROMPTS),
	                     session = typed_check("login", PHASE_OPEN_SESSION, "news", PROMPTS);
	char secret[SECRET_SIZE];
	struct talk talk;
	int64_t start;

	must_issue(host, AS(GAMES), "login:news", code, secret);
	start = client_now();
	assert_int_equal(type_in(host, &auth, secret, &talk), DECISION_ALLOW);
	assert_int_equal(type_in(host, &session, NULL, &talk), DECISION_ALLOW);
	return client_now() - start;
}

static void a_thousand_open_prompts_keep_nobody_out(void **state)
{
	struct host *host = need_logins(state);
	struct link *links = calloc(PROMPTS, sizeof(*links));
	int64_t longest = 0;

	assert_non_null(links);
	for (size_t i = 0; i < PROMPTS; i++)
		begin_talk(host, i, &links[i]);
	for (int i = 0; i < 4; i++) {
		int64_t took = log_in(host, i % 2);
		longest = took > longest ? took : longest;
	}
	print_message("%d prompts open: the slowest login took %d ms\n", PROMPTS, (int)longest);
	assert_true(longest < 2000);
	for (size_t i = 0; i < PROMPTS; i++)
		link_close(&links[i]);
	let_go(host);
	host_stop(host); /* writes what was counted */
	assert_int_equal(checks(host, "deny", "no-answer"), PROMPTS);
	free(links);
}

static void who_does_not_answer_in_ten_minutes_is_let_go(void **state)
{
	const struct host *host = need_logins(state);
	struct link link;

	begin_talk(host, 1, &link);
	*siege_ahead() = (PEER_ASKED_MS - 10000) * INT64_C(1000000);
	*people_ahead() = PEER_ASKED_MS / 1000 - 10;
	must_request(host, AS(GAMES), "login:news"); /* a sweep has passed */
	assert_int_equal(peers_count(host->jitd->peers, PEER_PAM), 1);
	assert_false(readable(link.client.fd));
	*siege_ahead() = (PEER_ASKED_MS + 100) * INT64_C(1000000);
	*people_ahead() = PEER_ASKED_MS / 1000;
	expect_hang_up(&link);
	link_close(&link);
	assert_int_equal(checks(host, "deny", "no-answer"), 1);
	/* its event is of now, not of when it was asked */
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event e WHERE event = 'check' AND at < "
	                         "(SELECT max(at) FROM event WHERE id < e.id)"),
	                 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, logins_end)
	const struct CMUnitTest tests[] = {
	        TEST(an_answer_without_a_question_is_hung_up_on),
	        TEST(a_second_answer_opens_nothing),
	        TEST(another_check_instead_of_an_answer_is_hung_up_on),
	        TEST(hang_up_while_asked_writes_one_event_and_frees),
	        TEST(hang_up_before_the_question_leaves),
	        TEST(hang_up_while_the_pool_works_leaves_an_event),
	        TEST(jitd_stops_with_prompts_open),
	        TEST(jitd_stops_while_the_pool_reads_what_was_typed),
	        TEST(jitd_stops_with_a_token_still_to_be_read),
	        TEST(jitd_stops_while_a_token_is_signed),
	        TEST(a_thousand_open_prompts_keep_nobody_out),
	        TEST(who_does_not_answer_in_ten_minutes_is_let_go),
	};

	people_come();
	return cmocka_run_group_tests_name("conversation", tests, NULL, NULL);
}
