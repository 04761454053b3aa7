/* SPDX-License-Identifier: Apache-2.0 */
/* Who may ask, what may be asked, and about whom. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/text.h"
#include "reaper/serve.h"
#include "reaper/tree_test_family.h"
#include "wire/message.h"

#define NEVER_STARTED 1000000000000000000 /* no process has this start time */
#define FUZZ_ROUNDS   20000

/* One packet in; the length of what came back, 0: it hung up. */
static size_t ask_bytes(const uint8_t *packet, size_t length, uid_t jitd, uint8_t *ret_answer)
{
	int pair[2];
	ssize_t n;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(send(pair[0], packet, length, 0), length);
	serve(pair[1], jitd);
	close(pair[1]);
	n = recv(pair[0], ret_answer, WIRE_PACKET, 0);
	close(pair[0]);
	return n > 0 ? (size_t)n : 0;
}

static enum wire_result ask(const struct message *question, uid_t jitd)
{
	uint8_t packet[WIRE_PACKET], answer[WIRE_PACKET];
	struct message message;
	struct fault fault;
	size_t length;

	assert_int_equal(message_encode(question, packet, &length, &fault), 0);
	length = ask_bytes(packet, length, jitd, answer);
	if (!length)
		return RESULT_NONE;
	assert_int_equal(message_decode(answer, length, &message, &fault), 0);
	assert_int_equal(message.id, MESSAGE_reaped);
	assert_int_equal(message.reaped.text[0] == '\0', message.reaped.result == RESULT_DONE);
	return message.reaped.result;
}

static struct message reap_of(const struct process_id *opener)
{
	struct message message = {.id = MESSAGE_reap,
	                          .reap = {.pid = opener->pid, .start_time = opener->start_time}};

	strcpy(message.reap.session, "42-1");
	return message;
}

static void jitd_is_obeyed(void **state)
{
	struct family *family = family_new(KIND_GRANDCHILD);
	const struct message message = reap_of(&family->opener);

	(void)state;
	assert_int_equal(ask(&message, geteuid()), RESULT_DONE);
	assert_false(member_alive(&family->member));
	assert_int_equal(ask(&message, geteuid()), RESULT_GONE);
	family_free(family);
}

static void a_login_without_a_session_ends(void **state)
{
	struct family *family = family_new(KIND_GRANDCHILD);
	struct message message = {.id = MESSAGE_dismiss,
	                          .dismiss = {.pid = family->opener.pid,
	                                      .start_time = family->opener.start_time + 1}};

	(void)state;
	assert_int_equal(ask(&message, geteuid()), RESULT_GONE); /* another one of that number */
	assert_true(member_alive(&family->opener));
	message.dismiss.start_time--;
	assert_int_equal(ask(&message, geteuid()), RESULT_DONE);
	assert_false(member_alive(&family->member));
	family_free(family);
}

/* Stays in a session of its own, with that as its terminal. */
static pid_t live_on(const char *terminal)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setsid() < 0 || open(terminal, O_RDWR) < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_true(pid > 0);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void its_terminal_is_told(void **state)
{
	struct message message = {.id = MESSAGE_warn, .warn = {.session = "42-1"}};
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	struct process_id opener;
	char text[256] = "";
	pid_t pid;

	(void)state;
	assert_true(fd >= 0 && grantpt(fd) == 0 && unlockpt(fd) == 0);
	pid = live_on(ptsname(fd));
	opener = identity_of(pid);
	message.warn.pid = (uint32_t)opener.pid;
	strcpy(message.warn.text, "it ends");
	message.warn.start_time = opener.start_time + 1;
	assert_int_equal(ask(&message, geteuid()), RESULT_GONE);
	assert_true(read(fd, text, sizeof(text)) < 0);
	message.warn.start_time--;
	assert_int_equal(ask(&message, geteuid() + 1), RESULT_NONE);
	assert_true(read(fd, text, sizeof(text)) < 0);
	assert_int_equal(ask(&message, geteuid()), RESULT_DONE);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "\nit ends\r"));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(fd);
}

static void nobody_else_is_answered(void **state)
{
	const uid_t uids[] = {geteuid() + 1, 65534, (uid_t)-1};
	struct family *family = family_new(KIND_CHILD);
	const struct message message = reap_of(&family->opener);

	(void)state;
	for (size_t i = 0; i < sizeof(uids) / sizeof(uids[0]); i++)
		assert_int_equal(ask(&message, uids[i]), RESULT_NONE);
	assert_true(member_alive(&family->opener));
	family_free(family);
}

static void a_name_that_is_no_session_is_refused(void **state)
{
	static const char *const names[] = {"42",    "42-",    "-1",     "42-0",  "0-1",
	                                    "042-1", "42-01",  "42-1 ",  "42-1x", "42--1",
	                                    "x",     "42-1-1", "../4-1", "+4-1",  "4294967296-1"};
	struct family *family = family_new(KIND_CHILD);
	struct message message = reap_of(&family->opener);

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strcpy(message.reap.session, names[i]);
		if (ask(&message, geteuid()) != RESULT_REFUSED)
			fail_msg("\"%s\" is taken for a session", names[i]);
	}
	assert_true(member_alive(&family->opener));
	family_free(family);
}

static void a_wrong_start_time_is_nobody(void **state)
{
	struct family *family = family_new(KIND_CHILD);
	struct message message = reap_of(&family->opener);

	(void)state;
	message.reap.start_time++;
	assert_int_equal(ask(&message, geteuid()), RESULT_GONE);
	assert_true(member_alive(&family->opener));
	message = (struct message){.id = MESSAGE_scope,
	                           .scope = {.session = "42-1",
	                                     .pid = (uint32_t)family->opener.pid,
	                                     .start_time = family->opener.start_time + 1,
	                                     .seconds = 1}};
	assert_int_equal(ask(&message, geteuid()), RESULT_GONE);
	family_free(family);
}

static void who_opens_no_session_is_refused(void **state)
{
	const pid_t pids[] = {1, getpid(), getppid()};

	(void)state;
	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		const struct process_id opener = identity_of(pids[i]);
		const struct message message = reap_of(&opener);
		assert_int_equal(ask(&message, geteuid()), RESULT_REFUSED);
	}
}

/* What runs as somebody else is no sshd, sudo, su or login. */
static void a_process_of_another_is_refused(void **state)
{
	struct process_id opener;
	struct message message;
	int ready[2];
	pid_t pid;
	char byte;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		if (setresuid(65534, 65534, 65534) < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	opener = identity_of(pid);
	message = reap_of(&opener);
	assert_int_equal(ask(&message, geteuid()), RESULT_REFUSED);
	assert_true(member_alive(&opener));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
}

static void other_messages_are_refused(void **state)
{
	const struct message message = {.id = MESSAGE_status};

	(void)state;
	assert_int_equal(ask(&message, geteuid()), RESULT_REFUSED);
}

static void rubbish_is_not_answered(void **state)
{
	static const uint8_t packets[][6] = {{0}, {1, 0}, {1, 0, 61, 0}, {2, 0, 61, 0, 0, 0}};
	uint8_t answer[WIRE_PACKET];

	(void)state;
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++)
		assert_int_equal(ask_bytes(packets[i], sizeof(packets[i]), geteuid(), answer), 0);
}

/* Changed in every place, cut and drawn out; of a process that cannot be. */
static void fuzzed_it_ends_nobody(void **state)
{
	const struct process_id nobody = {.pid = getppid(), .start_time = NEVER_STARTED};
	const struct message message = reap_of(&nobody);
	uint8_t good[WIRE_PACKET], packet[WIRE_PACKET], answer[WIRE_PACKET];
	struct message reply;
	struct fault fault;
	size_t length;

	(void)state;
	assert_int_equal(message_encode(&message, good, &length, &fault), 0);
	srandom(1);
	for (int round = 0; round < FUZZ_ROUNDS; round++) {
		size_t size = round % 4 ? length : (size_t)random() % (length + 8) + 1, n;
		memset(packet, 0, sizeof(packet));
		memcpy(packet, good, length);
		for (long i = random() % 4; i >= 0; i--) /* the start time stays */
			packet[(size_t)random() % (length - 8)] = (uint8_t)random();
		n = ask_bytes(packet, size, geteuid(), answer);
		if (!n)
			continue;
		assert_int_equal(message_decode(answer, n, &reply, &fault), 0);
		assert_int_not_equal(reply.reaped.result, RESULT_DONE);
	}
}

/* What it logs is not wanted here. */
static int hush(void **state)
{
	(void)state;
	return freopen("/dev/null", "w", stderr) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(jitd_is_obeyed),
	        cmocka_unit_test(its_terminal_is_told),
	        cmocka_unit_test(nobody_else_is_answered),
	        cmocka_unit_test(a_login_without_a_session_ends),
	        cmocka_unit_test(a_name_that_is_no_session_is_refused),
	        cmocka_unit_test(a_wrong_start_time_is_nobody),
	        cmocka_unit_test(who_opens_no_session_is_refused),
	        cmocka_unit_test(a_process_of_another_is_refused),
	        cmocka_unit_test(other_messages_are_refused),
	        cmocka_unit_test(rubbish_is_not_answered),
	        cmocka_unit_test(fuzzed_it_ends_nobody),
	};
	return cmocka_run_group_tests(tests, hush, NULL);
}
