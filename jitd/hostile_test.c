/* SPDX-License-Identifier: Apache-2.0 */
/* Clients that mean harm, or are broken: nothing opens, nothing stays, and others are served. */
#include "tests/daemon/siege.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- what is seen ---- */

static unsigned int descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(directory);
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static int64_t bad_packets(const struct host *host)
{
	return on_disk(host,
	               "SELECT coalesce(sum(count), 0) FROM event WHERE event = 'bad-packet'");
}

/* These bytes as the first thing that is said there: hung up on, with an event. */
static void expect_bad(const struct host *host, const char *socket, const void *bytes,
                       size_t length)
{
	int64_t before = bad_packets(host);
	struct link link;

	link_open(host, socket, SELF, &link);
	send_bytes(&link, bytes, length);
	expect_hang_up(&link);
	link_close(&link);
	assert_int_equal(bad_packets(host), before + 1);
}

static void expect_bad_message(const struct host *host, const char *socket,
                               const struct message *message)
{
	uint8_t packet[WIRE_PACKET];
	size_t length;

	assert_int_equal(message_encode(message, packet, &length, NULL), 0);
	expect_bad(host, socket, packet, length);
}

/* ---- packets ---- */

static void d7_garbage_is_hung_up_on(void **state)
{
	static const char *const sockets[] = {PAM_SOCKET, CLIENT_SOCKET};
	const struct host *host = need_siege(state);
	uint8_t bytes[2048];
	unsigned int before;

	expect_service(host);
	(void)bad_packets(host); /* SQLite keeps one of ours open */
	settle(host);
	before = descriptors();
	srand(4711);
	for (size_t i = 0; i < 64; i++) {
		size_t length = 1 + (size_t)rand() % sizeof(bytes);
		for (size_t k = 0; k < length; k++)
			bytes[k] = (uint8_t)rand();
		/* every other one begins like one of ours */
		if (i % 4 == 1 && length > 4)
			memcpy(bytes, "\1\0\1\0", 4);
		if (i % 4 == 3 && length > 4)
			memcpy(bytes, "\1\0\x14\0", 4);
		if (!memcmp(bytes, "\1\0", 2) || length < 4)
			expect_bad(host, sockets[i % 2], bytes, length);
	}
	settle(host);
	assert_int_equal(descriptors(), before);
	expect_service(host);
}

static void d7_lengths_that_no_message_has(void **state)
{
	const struct host *host = need_siege(state);
	char *bytes = calloc(1, 150000);
	struct link link;

	assert_non_null(bytes);
	memcpy(bytes, "\1\0\x22\0", 4); /* status, and more */
	for (size_t length = 1; length < 4; length++)
		expect_bad(host, CLIENT_SOCKET, bytes, length);
	expect_bad(host, CLIENT_SOCKET, bytes, 5);
	expect_bad(host, CLIENT_SOCKET, bytes, WIRE_PACKET);
	expect_bad(host, CLIENT_SOCKET, bytes, WIRE_PACKET + 1);
	expect_bad(host, CLIENT_SOCKET, bytes, 150000);
	free(bytes);
	/* nothing at all looks like a hang-up, and is taken for one */
	link_open(host, CLIENT_SOCKET, SELF, &link);
	send_bytes(&link, "", 0);
	expect_hang_up(&link);
	link_close(&link);
	expect_service(host);
}

/* Cut anywhere, and with any byte changed: an answer or a hang-up, and never an allow. */
static void d7_messages_cut_or_changed_anywhere(void **state)
{
	const struct host *host = need_siege(state);
	const struct message messages[] = {check_of(PHASE_OPEN_SESSION, "root", 1),
	                                   request_of("sudo:mail", 60, "why")};
	uint8_t packet[WIRE_PACKET];
	struct message answer;
	struct link link;
	size_t length;

	for (size_t i = 0; i < 2; i++) {
		const char *socket = i ? CLIENT_SOCKET : PAM_SOCKET;
		assert_int_equal(message_encode(&messages[i], packet, &length, NULL), 0);
		for (size_t cut = 1; cut < length; cut++) {
			link_open(host, socket, SELF, &link);
			send_bytes(&link, packet, cut);
			expect_hang_up(&link);
			link_close(&link);
		}
		for (size_t at = 0; at < length; at++) {
			packet[at] ^= (uint8_t)(1 + rand() % 255);
			link_open(host, socket, SELF, &link);
			send_bytes(&link, packet, length);
			if (link_receive(&link, &answer))
				assert_true(answer.id == MESSAGE_refused ||
				            (answer.id == MESSAGE_verdict &&
				             answer.verdict.decision == DECISION_DENY));
			link_close(&link);
			assert_int_equal(message_encode(&messages[i], packet, &length, NULL), 0);
		}
	}
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
	expect_service(host);
}

static void messages_at_the_wrong_door_or_time(void **state)
{
	const struct host *host = need_siege(state);
	const struct message answer = {.id = MESSAGE_answer, .answer = {.given = 1, .text = "yes"}};
	const struct message status = {.id = MESSAGE_status}, end = {.id = MESSAGE_end};
	const struct message message = check_of(PHASE_ACCOUNT, "games", 1);
	const struct message allow = {.id = MESSAGE_verdict,
	                              .verdict = {.decision = DECISION_ALLOW}};

	expect_bad_message(host, PAM_SOCKET, &answer); /* which nobody asked for */
	expect_bad_message(host, CLIENT_SOCKET, &answer);
	expect_bad_message(host, CLIENT_SOCKET, &message);
	expect_bad_message(host, PAM_SOCKET, &status);
	expect_bad_message(host, CLIENT_SOCKET, &end); /* jitd's own words */
	expect_bad_message(host, PAM_SOCKET, &allow);
	expect_service(host);
}

/* The second comes while the first is on its way. */
static void two_commands_at_once_are_one_too_many(void **state)
{
	const struct host *host = need_siege(state);
	const struct message message = request_of("sudo:root", WIRE_DEFAULT, "");
	struct message answer;
	struct link link;
	int dones = 0;

	link_open(host, CLIENT_SOCKET, GAMER, &link);
	link_send(&link, &message);
	link_send(&link, &message);
	while (link_receive(&link, &answer))
		dones += answer.id == MESSAGE_done;
	link_close(&link);
	assert_true(dones <= 1);
	assert_true(on_disk(host, "SELECT count(*) FROM access") <= 1);
	assert_int_equal(bad_packets(host), 1);
	expect_service(host);
}

static void another_version_is_answered_with_both_numbers(void **state)
{
	static const char bytes[] = "\2\0\x22\0 and what version 2 may say";
	const struct host *host = need_siege(state);
	struct message answer;
	struct link link;

	link_open(host, CLIENT_SOCKET, SELF, &link);
	send_bytes(&link, bytes, sizeof(bytes));
	assert_true(link_receive(&link, &answer));
	assert_int_equal(answer.id, MESSAGE_refused);
	assert_non_null(strstr(answer.refused.text, "2"));
	assert_non_null(strstr(answer.refused.text, "1"));
	expect_hang_up(&link);
	link_close(&link);
	link_open(host, PAM_SOCKET, SELF, &link);
	send_bytes(&link, bytes, sizeof(bytes));
	assert_true(link_receive(&link, &answer));
	assert_int_equal(answer.id, MESSAGE_verdict);
	assert_int_equal(answer.verdict.decision, DECISION_DENY);
	assert_non_null(strstr(answer.verdict.text, "2"));
	assert_non_null(strstr(answer.verdict.text, "1"));
	link_close(&link);
}

/* ---- descriptors ---- */

union rights {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(16 * sizeof(int))];
};

static void send_with_descriptors(const struct link *link, void *bytes, size_t length)
{
	union rights rights = {.header = {.cmsg_len = CMSG_LEN(16 * sizeof(int)),
	                                  .cmsg_level = SOL_SOCKET,
	                                  .cmsg_type = SCM_RIGHTS}};
	struct iovec part = {bytes, length};
	struct msghdr message = {.msg_iov = &part,
	                         .msg_iovlen = 1,
	                         .msg_control = &rights,
	                         .msg_controllen = sizeof(rights.bytes)};
	int fds[16];

	for (size_t i = 0; i < 16; i++)
		fds[i] = STDIN_FILENO;
	memcpy(CMSG_DATA(&rights.header), fds, sizeof(fds));
	assert_int_equal(sendmsg(link->client.fd, &message, MSG_NOSIGNAL), (ssize_t)length);
}

static void d5_passed_descriptors_are_dropped(void **state)
{
	const struct host *host = need_siege(state);
	const struct message message = request_of("sudo:root", WIRE_DEFAULT, "");
	uint8_t packet[WIRE_PACKET];
	struct message answer;
	struct link link;
	unsigned int before;
	size_t length;

	expect_service(host);
	(void)bad_packets(host); /* SQLite keeps one of ours open */
	settle(host);
	before = descriptors();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(message_encode(&message, packet, &length, NULL), 0);
		link_open(host, CLIENT_SOCKET, GAMER, &link);
		send_with_descriptors(&link, packet, length);
		assert_true(link_receive(&link, &answer));
		link_close(&link);
		link_open(host, CLIENT_SOCKET, GAMER, &link);
		send_with_descriptors(&link, packet, 3);
		expect_hang_up(&link);
		link_close(&link);
	}
	settle(host);
	assert_int_equal(descriptors(), before);
}

/* ---- believed, and not ---- */

static void only_root_speaks_at_the_pam_socket(void **state)
{
	const struct host *host = need_siege(state);
	char path[128];
	struct link link;

	/* as if somebody had opened it */
	snprintf(path, sizeof(path), "%s/sockets/" PAM_SOCKET, host->directory);
	assert_int_equal(chmod(path, 0666), 0);
	link_open(host, PAM_SOCKET, GAMER, &link);
	expect_hang_up(&link);
	link_close(&link);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'refused' AND "
	                               "reason = 'connection'"),
	                 1);
	expect_service(host);
}

static void a_check_that_names_odd_things_is_denied(void **state)
{
	static const char *const odd[] = {"",     "..",        "../root",  "root\n", "\x1b[2J",
	                                  "%s%n", "root:root", "\xff\xfe", "ROOT",   " root"};
	const struct host *host = need_siege(state);
	struct message message, answer;

	must_request(host, GAMER, "sudo:root");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		message = check_of(PHASE_OPEN_SESSION, odd[i], i);
		assert_int_equal(check(host, &message, &answer), DECISION_DENY);
		message = check_of(PHASE_OPEN_SESSION, "root", i);
		memcpy(message.check.service, odd[i], strlen(odd[i]) + 1);
		assert_int_equal(check(host, &message, &answer), DECISION_DENY);
		message = check_of(PHASE_OPEN_SESSION, "root", i);
		memcpy(message.check.ruser, odd[i], strlen(odd[i]) + 1);
		assert_int_equal(check(host, &message, &answer), DECISION_DENY);
	}
	message = check_of(PHASE_OPEN_SESSION, "root", 1);
	message.check.uid = MAN; /* another uid with the name of games */
	assert_int_equal(check(host, &message, &answer), DECISION_DENY);
	message = check_of(PHASE_OPEN_SESSION, "root", 1);
	assert_int_equal(check(host, &message, &answer), DECISION_ALLOW);
	/* A5: what is written down is clean */
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE account || service || "
	                               "subject || actor GLOB '*[' || char(1) || '-' || char(31) "
	                               "|| char(127) || ']*'"),
	                 0);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'check' AND "
	                               "verdict = 'deny'"),
	                 31);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, siege_begin, siege_end)
	const struct CMUnitTest tests[] = {
	        TEST(d7_garbage_is_hung_up_on),
	        TEST(d7_lengths_that_no_message_has),
	        TEST(d7_messages_cut_or_changed_anywhere),
	        TEST(messages_at_the_wrong_door_or_time),
	        TEST(two_commands_at_once_are_one_too_many),
	        TEST(another_version_is_answered_with_both_numbers),
	        TEST(d5_passed_descriptors_are_dropped),
	        TEST(only_root_speaks_at_the_pam_socket),
	        TEST(a_check_that_names_odd_things_is_denied),
	};

	return cmocka_run_group_tests_name("hostile", tests, NULL, NULL);
}
