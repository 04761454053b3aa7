/* SPDX-License-Identifier: Apache-2.0 */
/* What jitd asks a reaper, and what it makes of each answer and of none. The reaper is this test.
 */
#include "tests/daemon/harness.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/listener.h"
#include "jitd/loop.h"

#define RULES                                                                                      \
	"rule \"own\" { who = {\"games\"} scope = {\"sudo:root\"} approvals = 0 max = \"1h\" }\n"  \
	"rule \"kept\" { who = {\"games\"} scope = {\"sudo:news\"} approvals = 0 max = \"1h\"\n"   \
	"at-end = \"keep\" keep-max = \"2h\" }\n"
#define GAMES_SELF ((struct person){GAMES, LOGIN_UID_NONE})

struct stage {
	struct host host;
	int listener; /* reaper.sock; -1: there is none */
	struct link pam;
	uint32_t access;
};

static int begin_with(void **state, const char *rules)
{
	static struct stage stage; /* of one test at a time */

	stage = (struct stage){.listener = -1};
	host_make(&stage.host, rules, "");
	*state = &stage;
	return 0;
}

static int begin(void **state)
{
	return begin_with(state, RULES);
}

static int begin_warned(void **state)
{
	return begin_with(state, "defaults { warn = \"30m\" }\n" RULES);
}

static int end(void **state)
{
	struct stage *stage = *state;

	cleanup_close(&stage->listener);
	host_remove(&stage->host);
	return 0;
}

static void reaper_begin(struct stage *stage)
{
	struct fault fault;
	char path[128];

	snprintf(path, sizeof(path), "%s/sockets/reaper.sock", stage->host.directory);
	unlink(path);
	assert_int_equal(listener_make(path, 0600, &stage->listener, &fault), 0);
}

/* The next question; the connection to answer it on. */
static int asked(struct stage *stage, struct message *ret_question)
{
	uint8_t packet[WIRE_PACKET];
	struct fault fault;
	ssize_t n;
	int fd;

	host_wait(&stage->host, &stage->listener, 1);
	fd = accept4(stage->listener, NULL, NULL, SOCK_CLOEXEC);
	assert_true(fd >= 0);
	n = recv(fd, packet, sizeof(packet), 0);
	assert_true(n > 0);
	assert_int_equal(message_decode(packet, (size_t)n, ret_question, &fault), 0);
	return fd;
}

static void answer(int fd, enum wire_result result, const char *text)
{
	struct message message = {.id = MESSAGE_reaped, .reaped = {.result = (uint8_t)result}};
	uint8_t packet[WIRE_PACKET];
	struct fault fault;
	size_t length;

	snprintf(message.reaped.text, sizeof(message.reaped.text), "%s", text);
	assert_int_equal(message_encode(&message, packet, &length, &fault), 0);
	assert_int_equal(send(fd, packet, length, MSG_NOSIGNAL), length);
	close(fd);
}

/* As sudo does; this process is the opener. */
static void ask_to_open_as(struct stage *stage, const char *account)
{
	const struct message message = check_of(PHASE_OPEN_SESSION, account, 1);
	char scope[64];

	need_root("it asks as another user");
	if (!stage->host.jitd)
		host_start_here(&stage->host);
	snprintf(scope, sizeof(scope), "sudo:%s", account);
	stage->access = must_request(&stage->host, GAMES_SELF, scope);
	link_open(&stage->host, PAM_SOCKET, SELF, &stage->pam);
	link_send(&stage->pam, &message);
}

static void ask_to_open(struct stage *stage)
{
	ask_to_open_as(stage, "root");
}

static enum decision verdict(struct stage *stage, struct message *ret_verdict)
{
	assert_true(link_receive(&stage->pam, ret_verdict));
	link_close(&stage->pam);
	assert_int_equal(ret_verdict->id, MESSAGE_verdict);
	return (enum decision)ret_verdict->verdict.decision;
}

static int64_t open_sessions(const struct stage *stage)
{
	return on_disk(&stage->host, "SELECT count(*) FROM session WHERE ended IS NULL");
}

static int64_t events(const struct stage *stage, const char *word)
{
	host_turn(&stage->host, false);
	host_turn(&stage->host, false);
	return on_disk(&stage->host, "SELECT coalesce(sum(count), 0) FROM event WHERE event = '%s'",
	               word);
}

/* ---- opening ---- */

static void the_verdict_waits_for_the_scope(void **state)
{
	struct stage *stage = *state;
	struct message question, said;
	char id[32];
	int fd;

	reaper_begin(stage);
	ask_to_open(stage);
	fd = asked(stage, &question);
	snprintf(id, sizeof(id), "%u-1", stage->access);
	assert_int_equal(question.id, MESSAGE_scope);
	assert_string_equal(question.scope.session, id);
	assert_int_equal(question.scope.pid, getpid());
	assert_true(question.scope.seconds > 0 && question.scope.seconds <= 3600);
	assert_false(readable(stage->pam.client.fd));
	answer(fd, RESULT_DONE, "");
	assert_int_equal(verdict(stage, &said), DECISION_ALLOW);
	assert_int_equal(open_sessions(stage), 1);
}

/* systemd ends it when it must end, which is later than its access does. */
static void the_scope_of_what_is_kept_lasts_longer(void **state)
{
	struct stage *stage = *state;
	struct message question, said;
	int64_t left;

	reaper_begin(stage);
	ask_to_open_as(stage, "news");
	answer(asked(stage, &question), RESULT_DONE, "");
	assert_int_equal(verdict(stage, &said), DECISION_ALLOW);
	left = on_disk(&stage->host, "SELECT s.until - s.since FROM session s");
	assert_int_equal(question.scope.seconds, left);
	assert_true(left > 7200 && left <= 7200 + 3600);
}

static void without_systemd_it_opens(void **state)
{
	struct stage *stage = *state;
	struct message question, said;

	reaper_begin(stage);
	ask_to_open(stage);
	answer(asked(stage, &question), RESULT_ABSENT, "there is no systemd here");
	assert_int_equal(verdict(stage, &said), DECISION_ALLOW);
}

static void without_a_scope_nothing_opens(void **state)
{
	static const enum wire_result results[] = {RESULT_GONE, RESULT_REFUSED, RESULT_FAILED};
	struct stage *stage = *state;
	struct message question, said;

	reaper_begin(stage);
	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
		ask_to_open(stage);
		answer(asked(stage, &question), results[i], "as told");
		assert_int_equal(verdict(stage, &said), DECISION_DENY);
		assert_non_null(strstr(said.verdict.text, "could not be ended"));
		assert_int_equal(open_sessions(stage), 0);
	}
	ask_to_open(stage);
	close(asked(stage, &question)); /* it hangs up */
	assert_int_equal(verdict(stage, &said), DECISION_DENY);
	assert_int_equal(open_sessions(stage), 0);
}

/* One that was there and is gone is no host that never had one. */
static void a_dead_reaper_opens_nothing(void **state)
{
	struct stage *stage = *state;
	struct message said;

	reaper_begin(stage);
	close(take_fd(&stage->listener));
	ask_to_open(stage);
	assert_int_equal(verdict(stage, &said), DECISION_DENY);
	assert_int_equal(open_sessions(stage), 0);
}

/* Nor one whose socket went too. */
static void a_vanished_reaper_opens_nothing(void **state)
{
	struct stage *stage = *state;
	struct message question, said;
	char path[128];

	reaper_begin(stage);
	ask_to_open(stage);
	answer(asked(stage, &question), RESULT_DONE, "");
	assert_int_equal(verdict(stage, &said), DECISION_ALLOW);
	snprintf(path, sizeof(path), "%s/sockets/reaper.sock", stage->host.directory);
	assert_int_equal(unlink(path), 0);
	ask_to_open(stage);
	assert_int_equal(verdict(stage, &said), DECISION_DENY);
	assert_int_equal(open_sessions(stage), 1);
}

static void without_a_reaper_it_opens(void **state)
{
	struct stage *stage = *state;
	struct message said;

	ask_to_open(stage);
	assert_int_equal(verdict(stage, &said), DECISION_ALLOW);
}

/* ---- ending ---- */

static void opened(struct stage *stage)
{
	struct message said;

	ask_to_open(stage);
	assert_int_equal(verdict(stage, &said), DECISION_ALLOW);
	reaper_begin(stage);
}

static void revoke_it(struct stage *stage)
{
	const struct message message = revoke_of(stage->access);

	must_do(&stage->host, ROOT, &message);
}

static void a_revocation_asks_for_the_end(void **state)
{
	struct stage *stage = *state;
	struct message question;
	char id[32];

	opened(stage);
	revoke_it(stage);
	close(asked(stage, &question));
	snprintf(id, sizeof(id), "%u-1", stage->access);
	assert_int_equal(question.id, MESSAGE_reap);
	assert_string_equal(question.reap.session, id);
	assert_int_equal(question.reap.pid, getpid());
	assert_int_equal(question.reap.last, 0); /* sudo is no login */
	assert_int_equal(on_disk(&stage->host, "SELECT count(*) FROM session WHERE doomed LIKE "
	                                       "'revoked by root%%'"),
	                 1);
}

/* What could not be ended is said once, and asked for again. */
static void what_is_not_ended_is_an_event(void **state)
{
	struct stage *stage = *state;
	struct message question;

	opened(stage);
	revoke_it(stage);
	for (int64_t round = 0; round < 2; round++) {
		answer(asked(stage, &question), RESULT_FAILED, "it lives on");
		assert_int_equal(question.id, MESSAGE_reap);
	}
	assert_int_equal(events(stage, "not-ended"), 1);
	assert_int_equal(open_sessions(stage), 1);
}

static void a_restart_does_not_forget(void **state)
{
	struct stage *stage = *state;
	struct message question;

	opened(stage);
	cleanup_close(&stage->listener);
	stage->listener = -1;
	revoke_it(stage);
	host_stop(&stage->host);
	host_start_here(&stage->host);
	reaper_begin(stage);
	close(asked(stage, &question));
	assert_int_equal(question.id, MESSAGE_reap);
}

static void its_terminal_is_told_once(void **state)
{
	struct stage *stage = *state;
	struct message question;
	char id[32];

	reaper_begin(stage);
	ask_to_open(stage); /* for 15 min, less than its rule's warn */
	answer(asked(stage, &question), RESULT_ABSENT, "there is no systemd here");
	answer(asked(stage, &question), RESULT_FAILED, "a terminal takes no line");
	snprintf(id, sizeof(id), "%u-1", stage->access);
	assert_int_equal(question.id, MESSAGE_warn);
	assert_string_equal(question.warn.session, id);
	assert_int_equal(question.warn.pid, getpid());
	assert_non_null(strstr(question.warn.text, "ends in 1"));
	assert_non_null(strstr(question.warn.text, "jit request sudo:root"));
	host_turn(&stage->host, false);
	assert_int_equal(
	        on_disk(&stage->host, "SELECT count(*) FROM session WHERE warn_at IS NULL"), 1);
	revoke_it(stage);
	close(asked(stage, &question));
	assert_int_equal(question.id, MESSAGE_reap);
	link_close(&stage->pam);
}

/* sshd leaves such a connection up. */
static void an_ssh_connection_without_a_session_is_dismissed(void **state)
{
	struct stage *stage = *state;
	struct message message = check_of(PHASE_OPEN_SESSION, "games", 1), question, said;

	need_root("it asks as another user");
	host_start_here(&stage->host);
	reaper_begin(stage);
	strcpy(message.check.service, "sshd");
	link_open(&stage->host, PAM_SOCKET, SELF, &stage->pam);
	link_send(&stage->pam, &message);
	assert_int_equal(verdict(stage, &said), DECISION_DENY);
	answer(asked(stage, &question), RESULT_FAILED, "it lives on"); /* and once more */
	answer(asked(stage, &question), RESULT_DONE, "");
	assert_int_equal(question.id, MESSAGE_dismiss);
	assert_int_equal(question.dismiss.pid, getpid());
	assert_int_equal(events(stage, "not-ended"), 0);
}

static void an_access_that_goes_on_ends_nothing(void **state)
{
	struct stage *stage = *state;

	opened(stage);
	(void)must_request(&stage->host, GAMES_SELF, "sudo:root");
	assert_int_equal(events(stage, "session-open"), 1);
	assert_false(readable(stage->listener));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(the_verdict_waits_for_the_scope),
	        TEST(the_scope_of_what_is_kept_lasts_longer),
	        TEST(without_systemd_it_opens),
	        TEST(without_a_scope_nothing_opens),
	        TEST(a_dead_reaper_opens_nothing),
	        TEST(a_vanished_reaper_opens_nothing),
	        TEST(without_a_reaper_it_opens),
	        TEST(a_revocation_asks_for_the_end),
	        TEST(what_is_not_ended_is_an_event),
	        TEST(a_restart_does_not_forget),
	        TEST(an_access_that_goes_on_ends_nothing),
	        cmocka_unit_test_setup_teardown(its_terminal_is_told_once, begin_warned, end),
	        TEST(an_ssh_connection_without_a_session_is_dismissed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
