/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions of a whole daemon: many messages share a commit, and no allow leaves before it. */
#include "tests/daemon/harness.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "jitd/peer.h"
#include "tests/daemon/disk.h"

#define CLIENTS 64
#define SLOW_MS 50 /* a commit: longer than all signatures take, also under sanitizers */

static const char rules[] = "rule \"play\" { who = {\"games\"} scope = {\"sudo:root\"}\n"
                            "approvals = 0 max = \"1h\" }\n";

struct crowd {
	struct host host;
	struct disk disk;
	struct link links[CLIENTS];
	struct link refused;    /* a check that nothing allows */
	sqlite3 *reader;        /* somebody else's connection to the same database */
	int64_t allows_sent;    /* by jitd, in this test */
	int64_t early;          /* of them, those whose event was not on disk yet */
	int64_t readable_early; /* answers that could be read before the sync had returned */
	bool refusal_seen;      /* and the refusal among them, which need not wait */
	int64_t since_sync;     /* allows sent since the last sync: they shared it */
	int64_t most;           /* that shared one */
	bool watching;
};

/* For what has no context: the crowd of the running test. */
static struct crowd *current;

/* ---- the moment in which an answer leaves ---- */

static int64_t allows_on_disk(const struct crowd *crowd)
{
	return reader_number(crowd->reader, "SELECT count(*) FROM event WHERE event = 'check' "
	                                    "AND verdict = 'allow'");
}

static bool is_allow(const void *bytes, size_t length)
{
	uint8_t packet[WIRE_PACKET];
	struct message message;

	if (length > sizeof(packet))
		return false;
	memcpy(packet, bytes, length);
	return message_decode(packet, length, &message, NULL) == 0 &&
	       message.id == MESSAGE_verdict && message.verdict.decision == DECISION_ALLOW;
}

ssize_t __real_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags);
ssize_t __wrap_send(int fd, const void *bytes, size_t length, int flags)
{
	if (current && current->watching && is_allow(bytes, length)) {
		current->early += allows_on_disk(current) < ++current->allows_sent;
		if (++current->since_sync > current->most)
			current->most = current->since_sync;
	}
	return __real_send(fd, bytes, length, flags);
}

/* The sync of the log is done, and SQLite does not know it yet. */
static void look_at_sockets(void *context)
{
	struct crowd *crowd = context;
	int64_t answers = 0;

	if (!crowd->watching)
		return;
	for (size_t i = 0; i < CLIENTS; i++)
		answers += readable(crowd->links[i].client.fd);
	if (answers > allows_on_disk(crowd))
		crowd->readable_early += answers - allows_on_disk(crowd);
	crowd->refusal_seen |= readable(crowd->refused.client.fd);
	crowd->since_sync = 0;
}

/* ---- the crowd ---- */

static int gather(void **state)
{
	static struct crowd crowd;

	if (geteuid() != 0)
		return 0;
	if (!crowd.disk.synced)
		disk_put_under(&crowd.disk);
	crowd = (struct crowd){.disk = {.synced = look_at_sockets, .context = &crowd}};
	crowd.refused.client = CLIENT_CLOSED;
	for (size_t i = 0; i < CLIENTS; i++)
		crowd.links[i].client = CLIENT_CLOSED;
	host_make(&crowd.host, rules, NULL);
	host_start_here(&crowd.host);
	crowd.reader = reader_open(&crowd.host);
	current = *state = &crowd;
	return 0;
}

static int scatter(void **state)
{
	struct crowd *crowd = *state;

	if (!crowd)
		return 0;
	current = NULL;
	reader_close(crowd->reader);
	for (size_t i = 0; i < CLIENTS; i++)
		client_close(&crowd->links[i].client);
	client_close(&crowd->refused.client);
	host_remove(&crowd->host);
	return 0;
}

/* All are accepted before any speaks. */
static void connect_all(struct crowd *crowd)
{
	for (size_t i = 0; i < CLIENTS; i++)
		link_open(&crowd->host, PAM_SOCKET, SELF, &crowd->links[i]);
	link_open(&crowd->host, PAM_SOCKET, SELF, &crowd->refused);
	while (peers_count(crowd->host.jitd->peers, PEER_PAM) < CLIENTS + 1)
		host_turn(&crowd->host, true);
}

static void send_all(struct crowd *crowd, enum wire_phase phase)
{
	struct message message = check_of(phase, "root", 0);

	message.check.uid = MAN; /* who holds nothing */
	memcpy(message.check.ruser, "man", sizeof("man"));
	link_send(&crowd->refused, &message);
	for (size_t i = 0; i < CLIENTS; i++) {
		message = check_of(phase, "root", i + 1);
		snprintf(message.check.tty, sizeof(message.check.tty), "/dev/pts/%zu", i);
		if (phase == PHASE_ACCOUNT) /* under sudo it is not the target there */
			snprintf(message.check.user, sizeof(message.check.user), "c%zu", i);
		link_send(&crowd->links[i], &message);
	}
}

static void wait_for_all(const struct crowd *crowd)
{
	int fds[CLIENTS + 1];

	for (size_t i = 0; i < CLIENTS; i++)
		fds[i] = crowd->links[i].client.fd;
	fds[CLIENTS] = crowd->refused.client.fd;
	host_wait(&crowd->host, fds, CLIENTS + 1);
}

static void expect_allow(struct link *link)
{
	struct message answer;

	assert_true(link_receive(link, &answer));
	assert_int_equal(answer.id, MESSAGE_verdict);
	assert_int_equal(answer.verdict.decision, DECISION_ALLOW);
	assert_int_equal(answer.verdict.access, 1);
}

static void expect_answers(struct crowd *crowd, enum wire_phase phase)
{
	struct message answer;

	for (size_t i = 0; i < CLIENTS; i++) {
		expect_allow(&crowd->links[i]);
		if (phase == PHASE_ACCOUNT)
			assert_int_equal(
			        reader_number(
			                crowd->reader,
			                "SELECT count(*) FROM event WHERE event = 'check' AND "
			                "verdict = 'allow' AND phase = 'account' AND account = 'c%zu'",
			                i),
			        1);
		else
			assert_int_equal(
			        reader_number(
			                crowd->reader,
			                "SELECT count(*) FROM session WHERE tty = '/dev/pts/%zu' "
			                "AND access = 1 AND ended IS NULL",
			                i),
			        1);
	}
	assert_true(link_receive(&crowd->refused, &answer));
	assert_int_equal(answer.verdict.decision, DECISION_DENY);
}

static void check_at_once(struct crowd *crowd, enum wire_phase phase)
{
	struct txn_counters before, after;

	must_request(&crowd->host, (struct person){GAMES, LOGIN_UID_NONE}, "sudo:root");
	connect_all(crowd);
	send_all(crowd, phase);
	before = txn_counters(crowd->host.jitd->txn);
	crowd->watching = true;
	wait_for_all(crowd);
	crowd->watching = false;
	after = txn_counters(crowd->host.jitd->txn);
	expect_answers(crowd, phase);
	assert_int_equal(after.failures, before.failures);
	assert_int_equal(crowd->allows_sent, CLIENTS);
	assert_int_equal(crowd->early, 0);
	assert_int_equal(crowd->readable_early, 0);
	assert_true(crowd->refusal_seen); /* so the eye sees what can be seen */
	print_message("%lld messages in %lld commits, %lld allows in one\n",
	              (long long)(after.messages - before.messages),
	              (long long)(after.commits - before.commits), (long long)crowd->most);
	assert_true(after.messages - before.messages >= CLIENTS);
	assert_true(after.rows - before.rows >= after.messages - before.messages);
	assert_true(after.messages - before.messages > after.commits - before.commits);
}

/* ---- tests ---- */

static void share_a_slow_commit(void **state, enum wire_phase phase)
{
	struct crowd *crowd = *state;

	need_root("it asks as another user");
	crowd->disk.sync_ms = SLOW_MS;
	check_at_once(crowd, phase);
	assert_true(crowd->most >= CLIENTS / 2);
}

static void account_checks_share_a_commit(void **state)
{
	share_a_slow_commit(state, PHASE_ACCOUNT);
}

static void sessions_share_a_commit(void **state)
{
	share_a_slow_commit(state, PHASE_OPEN_SESSION);
}

static void checks_share_commits_on_the_disk_that_is_here(void **state)
{
	need_root("it asks as another user");
	check_at_once(*state, PHASE_ACCOUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(account_checks_share_a_commit, gather, scatter),
	        cmocka_unit_test_setup_teardown(sessions_share_a_commit, gather, scatter),
	        cmocka_unit_test_setup_teardown(checks_share_commits_on_the_disk_that_is_here,
	                                        gather, scatter),
	};

	return cmocka_run_group_tests_name("txn", tests, NULL, NULL);
}
