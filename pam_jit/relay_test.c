/* SPDX-License-Identifier: Apache-2.0 */
/* What jitd sends and the person types, each time it is wrong: a refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

#if !defined(JIT_SANITIZED)
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
	char typed[2000 + CANARY_SIZE + 1] = "", masked[CANARY_SIZE];

	(void)state;
	memset(typed, '-', 2000); /* past what the next message overwrites anyway */
	for (int i = 0; i < CANARY_SIZE; i++) {
		masked[i] = (char)(('A' + i) ^ 0x55);
		typed[2000 + i] = (char)(masked[i] ^ 0x55);
	}
	start_asking();
	person.types = typed;
	assert_int_equal(count_in_memory(masked), 1); /* the search finds it */
	assert_int_equal(stage_once("sudo", PHASE_AUTH, "debug"), PAM_SUCCESS);
	explicit_bzero(typed, sizeof(typed));
	assert_int_equal(count_in_memory(masked), 0);
	assert_true(seen->answer.text[2000] == 'A');
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
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
#if !defined(JIT_SANITIZED)
		TEST(test_the_answer_is_wiped),
#endif
		TEST(test_nothing_typed_is_logged),
	};
	int failed;

	stage_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	stage_close();
	return failed;
}
