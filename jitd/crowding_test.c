/* SPDX-License-Identifier: Apache-2.0 */
/* Too many, too slow, too often, gone too soon: others are served, and nothing is kept for good. */
#include "tests/daemon/siege.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "jitd/peer.h"

static bool is_open(const struct link *link)
{
	struct pollfd poll_fd = {.fd = link->client.fd, .events = POLLIN | POLLRDHUP};

	return poll(&poll_fd, 1, 0) == 0;
}

static void d6_one_user_does_not_keep_others_out(void **state)
{
	enum { MANY = 200 };
	const struct host *host = need_siege(state);
	struct link *links = calloc(MANY, sizeof(*links));
	const struct message message = request_of("sudo:root", WIRE_DEFAULT, "");
	unsigned int open = 0;

	assert_non_null(links);
	for (size_t i = 0; i < MANY; i++)
		link_open(host, CLIENT_SOCKET, GAMER, &links[i]);
	expect_service(host);
	for (size_t i = 0; i < MANY; i++)
		open += is_open(&links[i]);
	print_message("of %d connections of one uid %u stay\n", MANY, open);
	assert_int_equal(open, PEERS_PER_UID);
	assert_int_equal(on_disk(host, "SELECT sum(count) FROM event WHERE event = 'refused' AND "
	                               "reason = 'connection'") > 0,
	                 true);
	for (size_t i = 0; i < MANY; i++)
		link_close(&links[i]);
	free(links);
	must_do(host, GAMER, &message);
}

static void d6_who_says_nothing_is_let_go(void **state)
{
	const struct host *host = need_siege(state);
	struct link quiet[3];

	for (size_t i = 0; i < 3; i++)
		link_open(host, i ? CLIENT_SOCKET : PAM_SOCKET, i == 2 ? GAMER : SELF, &quiet[i]);
	expect_service(host);
	for (size_t i = 0; i < 3; i++)
		assert_true(is_open(&quiet[i]));
	*siege_ahead() = (PEER_IDLE_MS + 100) * INT64_C(1000000);
	for (size_t i = 0; i < 3; i++) {
		expect_hang_up(&quiet[i]);
		link_close(&quiet[i]);
	}
	expect_service(host);
}

#define ROWS 20000

static int first_free_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	close(fd);
	return fd;
}

static void d6_who_finds_no_descriptor_left_is_served_later(void **state)
{
	const struct message message = {.id = MESSAGE_status};
	const struct host *host = need_siege(state);
	struct rlimit before, none;
	struct message answer;
	struct link link;

	link_open(host, CLIENT_SOCKET, SELF, &link);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = (rlim_t)first_free_descriptor();
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	for (int i = 0; i < 5; i++)
		host_turn(host, false);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	link_send(&link, &message);
	host_wait(host, &link.client.fd, 1);
	assert_true(link_receive(&link, &answer));
	link_close(&link);
}

static void fill_log(struct host *host)
{
	host_stop(host);
	on_disk_do(host,
	           "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
	           "20000) INSERT INTO event (at, event, verdict, reason, session, subject, "
	           "actor, service, phase, account, pid, count, text, policy) SELECT i, 'check', "
	           "'deny', 'no-access', '', 'games', '', 'sudo', 'account', 'root', 0, 1, "
	           "hex(randomblob(400)), '' FROM n");
	host_start_here(host);
}

static void d8_who_does_not_read_is_dropped(void **state)
{
	struct host *host = need_siege(state);
	const struct message audit = {.id = MESSAGE_audit, .audit = {.since = WIRE_DEFAULT}};
	unsigned int before;
	struct link link;
	struct message row;

	fill_log(host);
	before = peers_count(host->jitd->peers, PEER_CLIENT);
	link_open(host, CLIENT_SOCKET, ROOT, &link);
	link_send(&link, &audit);
	for (int i = 0; i < 20; i++)
		expect_service(host);
	assert_int_equal(peers_count(host->jitd->peers, PEER_CLIENT), before + 1);
	*siege_ahead() = (PEER_IDLE_MS + 100) * INT64_C(1000000);
	while (peers_count(host->jitd->peers, PEER_CLIENT) > before)
		host_turn(host, true);
	/* what had been sent can be read, and then it is over without an end */
	while (link_receive(&link, &row))
		assert_int_equal(row.id, MESSAGE_event);
	link_close(&link);
	expect_service(host);
}

static void a_long_listing_is_whole(void **state)
{
	struct host *host = need_siege(state);
	const struct message audit = {.id = MESSAGE_audit, .audit = {.since = WIRE_DEFAULT}};
	int64_t last = 0, rows = 0;
	struct link link;
	struct message row;

	fill_log(host);
	link_open(host, CLIENT_SOCKET, ROOT, &link);
	link_send(&link, &audit);
	while (link_receive(&link, &row) && row.id == MESSAGE_event) {
		assert_true(row.event.id > last);
		last = row.event.id;
		rows++;
	}
	assert_int_equal(row.id, MESSAGE_end);
	assert_true(rows >= ROWS);
	link_close(&link);
}

static void d8_who_goes_before_the_answer(void **state)
{
	const struct host *host = need_siege(state);

	must_request(host, GAMER, "sudo:root");
	for (uint64_t i = 0; i < 64; i++) {
		const struct message message = check_of(i % 2 ? PHASE_OPEN_SESSION : PHASE_ACCOUNT,
		                                        i % 2 ? "root" : "games", i);
		struct link link;
		link_open(host, PAM_SOCKET, SELF, &link);
		link_send(&link, &message);
		for (uint64_t turns = 0; turns < i / 8; turns++)
			host_turn(host, false);
		link_close(&link);
	}
	expect_service(host);
	settle(host);
}

static void d12_a_flood_of_refusals_is_counted(void **state)
{
	struct host *host = need_siege(state);
	const struct message message = cancel_of(4711);
	struct message answer;
	struct link link;
	int64_t rows;

	link_open(host, CLIENT_SOCKET, GAMER, &link);
	for (int i = 0; i < 1000; i++) {
		link_send(&link, &message);
		assert_true(link_receive(&link, &answer));
		assert_int_equal(answer.id, MESSAGE_refused);
	}
	link_close(&link);
	host_stop(host);
	rows = on_disk(host, "SELECT count(*) FROM event WHERE event = 'refused'");
	print_message("1000 refusals are %lld rows\n", (long long)rows);
	assert_true(rows < 250);
	assert_int_equal(on_disk(host, "SELECT sum(count) FROM event WHERE event = 'refused'"),
	                 1000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, siege_begin, siege_end)
	const struct CMUnitTest tests[] = {
	        TEST(d6_one_user_does_not_keep_others_out),
	        TEST(d6_who_says_nothing_is_let_go),
	        TEST(d6_who_finds_no_descriptor_left_is_served_later),
	        TEST(d8_who_does_not_read_is_dropped),
	        TEST(a_long_listing_is_whole),
	        TEST(d8_who_goes_before_the_answer),
	        TEST(d12_a_flood_of_refusals_is_counted),
	};

	return cmocka_run_group_tests_name("crowding", tests, NULL, NULL);
}
