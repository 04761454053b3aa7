/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that can go wrong around the built module, each time a refusal, in time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/decision.h"
#include "pam_jit/pam_jit.h"
#include "pam_jit/stage.h"

#define NOT_REACHABLE                                                                              \
	"pam_jit: access service not reachable; ask an administrator (the log says why)"

static int fresh(void **state)
{
	(void)state;
	watch_clear();
	script_clear();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	server_stop();
	return 0;
}

static void start_allowing(void)
{
	script_clear();
	script_verdict(DECISION_ALLOW, 42, 60, "");
	server_start();
}

/* A refusal of `sudo` account, with one line in the log that begins with `log`. */
static void assert_refused(int code, const char *log)
{
	assert_int_equal(code, PAM_ABORT);
	assert_int_equal(watch.denials, 1);
	if (strncmp(watch.log, log, strlen(log)) != 0)
		fail_msg("logged \"%s\", not \"%s...\"", watch.log, log);
}

static void refuses(const char *options, const char *log)
{
	watch_clear();
	assert_refused(stage_once("sudo", PHASE_ACCOUNT, options), log);
}

/* ---- options ---- */

static void test_bad_options_refuse(void **state)
{
	static const char *const bad[] = {
	        "unknown",    "timeout=",   "timeout=0", "timeout=6", "timeout=55",
	        "timeout=-1", "timeout=1s", "timeout",   "socket=",   "socket=relative/path",
	        "debug=1",    "Debug",      "fail_open", "nullok",    "timeout=5x"};

	(void)state;
	start_allowing();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char log[128];

		snprintf(log, sizeof(log), "denied: option %s: not ", bad[i]);
		refuses(bad[i], log);
		assert_string_equal(person.text, "pam_jit: cannot check; ask an administrator (the "
		                                 "log says why)");
	}
	assert_int_equal(seen->checks, 0);
	assert_int_equal(stage_once("sudo", PHASE_ACCOUNT, "debug timeout=5"), PAM_SUCCESS);
}

static void test_too_long_items_refuse(void **state)
{
	char text[300];
	pam_handle_t *pamh;

	(void)state;
	start_allowing();
	memset(text, 'x', sizeof(text));
	text[256] = '\0';
	pamh = stage_begin("sudo", text, "");
	assert_int_equal(stage_hook(pamh, PHASE_ACCOUNT), PAM_SUCCESS);
	pam_end(pamh, 0);
	text[256] = 'x';
	text[257] = '\0';
	pamh = stage_begin("sudo", text, "");
	assert_refused(stage_hook(pamh, PHASE_ACCOUNT), "denied: PAM_USER: ");
	pam_end(pamh, 0);
	assert_int_equal(seen->checks, 1);
}

/* ---- jitd absent, hung, lying ---- */

static void test_no_server(void **state)
{
	char socket[128], log[256];

	(void)state;
	snprintf(socket, sizeof(socket), "%s/" SOCKET_NAME, stage_directory);
	unlink(socket);
	snprintf(log, sizeof(log), "denied: no answer from jitd: %s: No such file", socket);
	refuses("", log);
	assert_string_equal(person.text, NOT_REACHABLE);
	assert_int_equal(person.style, PAM_ERROR_MSG);
	start_allowing();
	server_stop(); /* the socket stays, nobody listens */
	snprintf(log, sizeof(log), "denied: no answer from jitd: %s: Connection refused", socket);
	refuses("", log);
}

static void test_other_things_in_the_sockets_place(void **state)
{
	char path[256], link[128];

	(void)state;
	server_stop();
	snprintf(path, sizeof(path), "%s/" SOCKET_NAME, stage_directory);
	unlink(path);
	close(open(path, O_CREAT | O_WRONLY, 0644));
	refuses("", "denied: no answer from jitd: ");
	unlink(path);
	assert_int_equal(symlink("/nonexistent", path), 0);
	refuses("", "denied: no answer from jitd: ");
	unlink(path);
	start_allowing();
	snprintf(path, sizeof(path), "%s/run", stage_directory);
	snprintf(link, sizeof(link), "%s/link", stage_directory);
	assert_int_equal(symlink(path, link), 0);
	snprintf(path, sizeof(path), "socket=%s/pam.sock", link);
	watch_clear();
	{
		pam_handle_t *pamh = stage_begin_with("sudo", "alice", path);
		assert_refused(stage_hook(pamh, PHASE_ACCOUNT), "denied: no answer from jitd: ");
		pam_end(pamh, 0);
	}
	unlink(link);
	assert_int_equal(seen->checks, 0);
}

static void test_path_too_long_for_a_socket(void **state)
{
	char options[512] = "socket=/";
	pam_handle_t *pamh;

	(void)state;
	memset(options + 8, 'a', 200);
	pamh = stage_begin_with("sudo", "alice", options);
	assert_refused(stage_hook(pamh, PHASE_ACCOUNT), "denied: no answer from jitd: /aaa");
	pam_end(pamh, 0);
}

/* An impostor, or a place where one could stand (P21). */
static void test_wrong_owner_of_socket_or_directory(void **state)
{
	char path[128];

	(void)state;
	start_allowing();
	watch_clear();
	watch.server_uid = 12345;
	assert_refused(stage_once("sudo", PHASE_ACCOUNT, ""), "denied: no answer from jitd: ");
	watch_clear();
	watch.owner_uid = 12345;
	assert_refused(stage_once("sudo", PHASE_ACCOUNT, ""), "denied: no answer from jitd: ");
	snprintf(path, sizeof(path), "%s/run", stage_directory);
	for (mode_t bit = 02; bit <= 020; bit <<= 3) {
		chmod(path, 0755 | bit);
		refuses("", "denied: no answer from jitd: ");
	}
	chmod(path, 0755);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 65534, 65534), 0);
		refuses("", "denied: no answer from jitd: ");
		assert_int_equal(chown(path, 0, 0), 0);
	}
	assert_int_equal(seen->checks, 0);
	assert_int_equal(stage_once("sudo", PHASE_ACCOUNT, ""), PAM_SUCCESS);
}

static int64_t timed_refusal(const char *options)
{
	int64_t begun = stage_ms();

	refuses(options, "denied: no answer from jitd: ");
	return stage_ms() - begun;
}

static void test_hung_server_is_refused_in_time(void **state)
{
	int64_t took;

	(void)state;
	script_hang();
	server_start();
	took = timed_refusal("timeout=1");
	assert_in_range(took, 900, 1500);
	took = timed_refusal("");
	assert_in_range(took, 4900, 5500);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Signals neither lengthen the wait nor end it (P5, P8). */
static void test_hung_server_under_alarms(void **state)
{
	const struct itimerval often = {{0, 10000}, {0, 10000}}, never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = on_alarm}, before;
	int64_t took;

	(void)state;
	script_hang();
	server_start();
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &often, NULL);
	took = timed_refusal("timeout=1");
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	assert_in_range(took, 900, 1500);
}

/* The account of time is the handle's: a second hook does not start anew. */
static void test_time_is_the_handles(void **state)
{
	pam_handle_t *pamh;
	int64_t begun;

	(void)state;
	script_hang();
	server_start();
	pamh = stage_begin("sudo", "alice", "timeout=1");
	assert_int_equal(stage_hook(pamh, PHASE_AUTH), PAM_ABORT);
	begun = stage_ms();
	assert_int_equal(stage_hook(pamh, PHASE_ACCOUNT), PAM_ABORT);
	assert_true(stage_ms() - begun < 500);
	assert_int_equal(seen->checks, 1); /* and jitd is not asked in vain */
	pam_end(pamh, 0);
}

static void test_silence_while_waiting(void **state)
{
	int64_t took;

	(void)state;
	script_wait();
	script_hang();
	server_start();
	took = timed_refusal("timeout=1");
	assert_in_range(took, 4900, 5600);
}

static void test_ctrl_c_ends_the_wait_at_once(void **state)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};

	(void)state;
	script_hang();
	server_start();
	for (size_t i = 0; i < 4; i++) {
		const struct timespec none = {0};
		int64_t begun = stage_ms();
		sigset_t set;

		watch_clear();
		sigemptyset(&set);
		sigaddset(&set, signals[i]);
		sigprocmask(SIG_BLOCK, &set, NULL);
		raise(signals[i]);
		assert_refused(stage_once("sudo", PHASE_AUTH, ""), "denied: interrupted: ");
		assert_true(stage_ms() - begun < 1000);
		assert_int_equal(person.calls, 0);
		assert_int_equal(sigtimedwait(&set, NULL, &none), signals[i]); /* still theirs */
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
}

/* ---- what comes over the wire ---- */

static void test_closing_at_each_message(void **state)
{
	struct sigaction action;

	(void)state;
	sigaction(SIGPIPE, NULL, &action);
	assert_true(action.sa_handler == SIG_DFL); /* a SIGPIPE would end the test (P8) */
	server_start_deaf();
	refuses("", "denied: no answer from jitd: ");
	for (int kept = 0; kept < 4; kept++) {
		script_clear();
		if (kept > 0)
			script_say("hello");
		if (kept > 1)
			script_wait();
		if (kept > 2)
			script_ask(false, "code: ");
		server_start();
		refuses("", "denied: no answer from jitd: ");
	}
}

static void refuses_packet(const void *bytes, size_t length)
{
	script_clear();
	script_bytes(bytes, length);
	script_hang();
	server_start();
	refuses("timeout=1", "denied: no answer from jitd: ");
}

static void test_verdict_cut_at_each_byte(void **state)
{
	uint8_t packet[WIRE_PACKET + 1];
	size_t length = script_verdict_bytes(packet);

	(void)state;
	for (size_t cut = 0; cut < length; cut++) /* 0: the zero-length packet */
		refuses_packet(packet, cut);
	packet[length] = 0;
	refuses_packet(packet, length + 1);
	memset(packet + length, 0, sizeof(packet) - length);
	refuses_packet(packet, sizeof(packet)); /* over the cap */
}

static void test_damaged_heads(void **state)
{
	uint8_t packet[WIRE_PACKET];
	size_t length = script_verdict_bytes(packet);

	(void)state;
	for (size_t byte = 0; byte < 4; byte++) /* version, message */
		for (int bit = 0; bit < 8; bit++) {
			packet[byte] ^= (uint8_t)(1 << bit);
			refuses_packet(packet, length);
			packet[byte] ^= (uint8_t)(1 << bit);
		}
}

static void test_garbage(void **state)
{
	uint8_t packet[512];
	unsigned int random = 1;

	(void)state;
	for (int round = 0; round < 100; round++) {
		for (size_t i = 0; i < sizeof(packet); i++)
			packet[i] = (uint8_t)((random = random * 1103515245 + 12345) >> 16);
		if (round % 2) /* with a good head */
			memcpy(packet, (uint8_t[]){WIRE_VERSION, 0, MESSAGE_say + round % 5, 0}, 4);
		refuses_packet(packet, sizeof(packet));
	}
}

/* A check, an answer and the tools' messages are in the list, but not for us to get. */
static void test_messages_that_are_not_due(void **state)
{
	static const uint8_t check_of_nothing[] = {WIRE_VERSION, 0, MESSAGE_end, 0};
	static const uint8_t answer[] = {WIRE_VERSION, 0, MESSAGE_answer, 0, 1, 0, 0};

	(void)state;
	refuses_packet(check_of_nothing, sizeof(check_of_nothing));
	refuses_packet(answer, sizeof(answer));
}

/* CVE-2023-42465: no flipped bit makes an allow, nor an exemption of anything but itself (P22). */
static void test_flipped_bits_of_the_decision_deny(void **state)
{
	static const uint32_t words[] = {DECISION_ALLOW, DECISION_DENY, DECISION_EXEMPT, 0,
	                                 UINT32_MAX};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int bit = 0; bit < 32; bit++) {
			script_clear();
			script_verdict(words[i] ^ (1U << bit), 0, 0, "no");
			server_start();
			assert_int_equal(stage_once("sudo", PHASE_ACCOUNT, ""), PAM_PERM_DENIED);
		}
	script_clear();
	script_verdict(1, 0, 0, "no"); /* what a careless "true" would be */
	server_start();
	assert_int_equal(stage_once("sudo", PHASE_ACCOUNT, ""), PAM_PERM_DENIED);
}

static void test_control_characters_are_never_shown(void **state)
{
	/* say, 5 bytes: "a", ESC, "[2J"; the encoder would not write it */
	static const uint8_t say[] = {WIRE_VERSION, 0,  MESSAGE_say, 0,   5,  0,
	                              'a',          27, '[',         '2', 'J'};

	(void)state;
	refuses_packet(say, sizeof(say));
	assert_int_equal(person.calls, 1);
	assert_string_equal(person.text, NOT_REACHABLE);
}

static void test_the_seventh_line_refuses(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		script_clear();
		for (int i = 0; i < 7; i++)
			kind ? script_say("again") : script_ask(false, "again: ");
		script_verdict(DECISION_ALLOW, 0, 0, "");
		server_start();
		watch_clear();
		assert_refused(stage_once("sudo", PHASE_AUTH, ""), "denied: no answer from jitd: ");
		assert_int_equal(person.calls, 6);
	}
}

/* ---- the person ---- */

static void start_asking(void)
{
	script_clear();
	script_ask_or_deny("code: ");
	script_verdict(DECISION_ALLOW, 0, 0, "");
	server_start();
}

/* P16: what a conversation function can do wrong. No answer, no crash, no leak. */
static void test_odd_conversation_functions(void **state)
{
	static const int oddities[] = {PERSON_GIVES_NO_RESPONSE, PERSON_GIVES_NO_TEXT, PERSON_FAILS,
	                               PERSON_FAILS_WITH_TEXT};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		start_asking();
		watch_clear();
		person.does = oddities[i];
		person.types = "typed";
		assert_int_equal(stage_once("sudo", PHASE_AUTH, ""), PAM_ABORT);
		assert_int_equal(seen->answers, 1);
		assert_int_equal(seen->answer.given, 0);
		assert_string_equal(seen->answer.text, "");
	}
}

static void test_no_conversation_function(void **state)
{
	const struct pam_conv none = {NULL, NULL};
	pam_handle_t *pamh;

	(void)state;
	start_asking();
	pamh = stage_begin("sudo", "alice", "");
	pam_set_item(pamh, PAM_CONV, &none);
	assert_int_equal(stage_hook(pamh, PHASE_AUTH), PAM_ABORT);
	assert_int_equal(seen->check.converse, 0);
	assert_int_equal(seen->answer.given, 0);
	pam_end(pamh, 0);
}

static void test_no_prompt_where_none_can_be_answered(void **state)
{
	(void)state;
	start_asking();
	assert_int_equal(stage_once("sshd", PHASE_ACCOUNT, ""), PAM_PERM_DENIED);
	assert_int_equal(person.prompts, 0);
	assert_int_equal(seen->answer.given, 0);
}

static void test_answers_up_to_4096_bytes(void **state)
{
	static char text[4098];

	(void)state;
	start_asking();
	memset(text, 'a', 4096);
	person.types = text;
	assert_int_equal(stage_once("sudo", PHASE_AUTH, ""), PAM_SUCCESS);
	assert_int_equal(strlen(seen->answer.text), 4096);
	text[4096] = 'a';
	assert_int_equal(stage_once("sudo", PHASE_AUTH, ""), PAM_ABORT);
	assert_int_equal(seen->answer.given, 0);
}

/* P6: a long secret costs nothing. */
static void test_answer_of_1_MiB(void **state)
{
	char *text = malloc((1 << 20) + 1);
	int64_t begun;

	(void)state;
	start_asking();
	memset(text, 'a', 1 << 20);
	text[1 << 20] = '\0';
	person.types = text;
	begun = stage_ms();
	assert_int_equal(stage_once("sudo", PHASE_AUTH, ""), PAM_ABORT);
	assert_true(stage_ms() - begun < 100);
	assert_int_equal(seen->answer.given, 0);
	free(text);
}

#if !defined(__SANITIZE_ADDRESS__)
#define CANARY_SIZE 24

static unsigned int count_in(const volatile char *from, const volatile char *to, const char *masked)
{
	unsigned int found = 0;

	for (; from + CANARY_SIZE <= to; from++) {
		size_t same = 0;
		while (same < CANARY_SIZE && from[same] == (char)(masked[same] ^ 0x55))
			same++;
		found += same == CANARY_SIZE;
	}
	return found;
}

static unsigned int count_in_memory(const char *masked)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	unsigned int found = 0;
	char line[512], mode[5];

	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) == 3 && strcmp(mode, "rw-p") == 0)
			found += count_in((const char *)from, (const char *)to, masked);
	fclose(maps);
	return found;
}

/* P17: what was typed is gone from the process when the hook returns. */
static void test_the_answer_is_wiped(void **state)
{
	char typed[CANARY_SIZE + 1] = "", masked[CANARY_SIZE];

	(void)state;
	for (int i = 0; i < CANARY_SIZE; i++) {
		masked[i] = (char)(('A' + i) ^ 0x55);
		typed[i] = (char)(masked[i] ^ 0x55);
	}
	start_asking();
	person.types = typed;
	assert_int_equal(count_in_memory(masked), 1); /* the search finds it */
	assert_int_equal(stage_once("sudo", PHASE_AUTH, "debug"), PAM_SUCCESS);
	explicit_bzero(typed, sizeof(typed));
	assert_int_equal(count_in_memory(masked), 0);
	assert_true(seen->answer.text[0] == 'A');
}
#endif

static void test_nothing_typed_is_logged(void **state)
{
	(void)state;
	script_ask(false, "code: ");
	script_verdict(DECISION_DENY, 0, 0, "not that");
	server_start();
	person.types = "7KQ4M-2XP9D";
	assert_int_equal(stage_once("sudo", PHASE_AUTH, "debug"), PAM_AUTH_ERR);
	assert_non_null(strstr(watch.everything_logged, "denied: not that"));
	assert_null(strstr(watch.everything_logged, "7KQ4M"));
}

/* ---- the system ---- */

/* P1: each call of the module fails once; never an allow, never "ignore me". */
static void fail_each_call(const char *service, enum wire_phase phase, unsigned int at_least)
{
	unsigned int failed = 0;

	for (unsigned int n = 1; n < 200; n++) {
		pam_handle_t *pamh;
		int code;

		server_start();
		watch_clear();
		person.types = "typed";
		pamh = stage_begin(service, "alice", "");
		watch.reached = 0;
		watch.fail_at = n;
		code = stage_hook(pamh, phase);
		watch.fail_at = 0;
		pam_end(pamh, code);
		if (!watch.failed) {
			assert_int_equal(code, PAM_SUCCESS);
			break;
		}
		failed++;
		if (code == PAM_SUCCESS || code == PAM_IGNORE)
			fail_msg("%s failed (call %u), and the hook said %d", watch.failed, n,
			         code);
	}
	assert_in_range(failed, at_least, 198);
}

static void test_each_failing_call_refuses(void **state)
{
	(void)state;
	script_ask_or_deny("code: ");
	script_verdict(DECISION_ALLOW, 42, 60, "");
	fail_each_call("sudo", PHASE_AUTH, 15);
	script_clear();
	script_verdict(DECISION_ALLOW, 42, 60, "");
	fail_each_call("sshd", PHASE_OPEN_SESSION, 15);
}

/* P7: a host that has closed 0, 1 and 2. */
static void test_closed_standard_descriptors(void **state)
{
	int status;
	pid_t child;

	(void)state;
	start_allowing();
	child = fork();
	if (child == 0) {
		close(0);
		close(1);
		close(2);
		_exit(stage_once("sudo", PHASE_ACCOUNT, "") == PAM_SUCCESS && dup(0) < 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_bad_options_refuse),
		TEST(test_too_long_items_refuse),
		TEST(test_no_server),
		TEST(test_other_things_in_the_sockets_place),
		TEST(test_path_too_long_for_a_socket),
		TEST(test_wrong_owner_of_socket_or_directory),
		TEST(test_hung_server_is_refused_in_time),
		TEST(test_hung_server_under_alarms),
		TEST(test_time_is_the_handles),
		TEST(test_silence_while_waiting),
		TEST(test_ctrl_c_ends_the_wait_at_once),
		TEST(test_closing_at_each_message),
		TEST(test_verdict_cut_at_each_byte),
		TEST(test_damaged_heads),
		TEST(test_garbage),
		TEST(test_messages_that_are_not_due),
		TEST(test_flipped_bits_of_the_decision_deny),
		TEST(test_control_characters_are_never_shown),
		TEST(test_the_seventh_line_refuses),
		TEST(test_odd_conversation_functions),
		TEST(test_no_conversation_function),
		TEST(test_no_prompt_where_none_can_be_answered),
		TEST(test_answers_up_to_4096_bytes),
		TEST(test_answer_of_1_MiB),
#if !defined(__SANITIZE_ADDRESS__)
		TEST(test_the_answer_is_wiped),
#endif
		TEST(test_nothing_typed_is_logged),
		TEST(test_each_failing_call_refuses),
		TEST(test_closed_standard_descriptors),
	};
	int failed;

	stage_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	stage_close();
	return failed;
}
