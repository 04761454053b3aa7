/* SPDX-License-Identifier: Apache-2.0 */
/* The built module, through libpam, against a jitd that answers well: what it hands over, relays,
 * remembers and returns. What it does when jitd does not: refusal_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <malloc.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/decision.h"
#include "pam_jit/pam_jit.h"
#include "pam_jit/stage.h"

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

static void allow_all(void)
{
	script_verdict(DECISION_ALLOW, 42, 60, "");
	server_start();
}

/* ---- who the subject is ---- */

static void test_root_passes_without_jitd(void **state)
{
	static const char *const services[] = {"sudo", "sudo-i", "su", "su-l"};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (int first = PHASE_AUTH; first <= PHASE_ACCOUNT; first++) {
			pam_handle_t *pamh = stage_begin(services[i], "root", "");
			watch.uid = 0;
			assert_int_equal(stage_hook(pamh, first), PAM_SUCCESS);
			assert_int_equal(stage_hook(pamh, PHASE_ACCOUNT), PAM_SUCCESS);
			assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
			assert_int_equal(stage_hook(pamh, PHASE_OPEN_SESSION), PAM_SUCCESS);
			assert_int_equal(stage_hook(pamh, PHASE_CLOSE_SESSION), PAM_SUCCESS);
			pam_end(pamh, 0);
		}
}

/* sudoedit after `Defaults !pam_acct_mgmt`: real uid 0 from setcred on, whoever calls. */
static void test_session_alone_is_not_roots(void **state)
{
	pam_handle_t *pamh;

	(void)state;
	allow_all();
	pamh = stage_begin("sudo", "root", "");
	watch.uid = 0;
	assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	assert_int_equal(stage_hook(pamh, PHASE_OPEN_SESSION), PAM_ABORT);
	assert_int_equal(stage_hook(pamh, PHASE_ACCOUNT), PAM_ABORT); /* not marked later either */
	assert_int_equal(seen->checks, 0);
	assert_int_equal(watch.denials, 2);
	pam_end(pamh, 0);
}

/* Any other uid there goes to jitd, which makes account's whole check first. */
static void test_session_alone_of_a_caller_goes_to_jitd(void **state)
{
	(void)state;
	allow_all();
	assert_int_equal(stage_once("sudo", PHASE_OPEN_SESSION, ""), PAM_SUCCESS);
	assert_int_equal(seen->check.phase, PHASE_OPEN_SESSION);
	assert_int_equal(seen->check.uid, 1000);
}

static void test_root_is_not_exempt_at_other_doors(void **state)
{
	static const char *const services[] = {"sshd", "login"};

	(void)state;
	for (size_t i = 0; i < 2; i++)
		for (int phase = PHASE_AUTH; phase <= PHASE_CLOSE_SESSION; phase++) {
			server_stop();
			watch.uid = 0;
			assert_int_not_equal(stage_once(services[i], phase, ""), PAM_SUCCESS);
			script_clear();
			allow_all();
			assert_int_equal(stage_once(services[i], phase, ""), PAM_SUCCESS);
			assert_int_equal(seen->checks, 1);
		}
}

/* Root's mark is for sudo and su; a handle that began at another door never has it. */
static void test_root_mark_is_not_carried_to_another_service(void **state)
{
	pam_handle_t *pamh;

	(void)state;
	allow_all();
	pam_end(stage_begin("sudo", "root", ""), 0); /* its stack */
	pamh = stage_begin("login", "root", "");
	watch.uid = 0;
	assert_int_equal(stage_hook(pamh, PHASE_AUTH), PAM_SUCCESS);
	pam_set_item(pamh, PAM_SERVICE, "sudo");
	assert_int_equal(stage_hook(pamh, PHASE_ACCOUNT), PAM_ABORT);
	assert_int_equal(seen->checks, 1);
	pam_end(pamh, 0);
}

static void test_uid_of_the_first_hook_counts(void **state)
{
	pam_handle_t *pamh;
	struct wire_id id;

	(void)state;
	allow_all();
	pamh = stage_begin("sudo", "alice", "");
	assert_int_equal(stage_hook(pamh, PHASE_ACCOUNT), PAM_SUCCESS);
	id = seen->check.handle;
	watch.uid = 0; /* sudoedit */
	assert_int_equal(stage_hook(pamh, PHASE_OPEN_SESSION), PAM_SUCCESS);
	assert_int_equal(seen->checks, 2);
	assert_int_equal(seen->check.uid, 1000);
	assert_memory_equal(&seen->check.handle, &id, sizeof(id));
	pam_end(pamh, 0);
	watch.uid = 1000;
	assert_int_equal(stage_once("sudo", PHASE_ACCOUNT, ""), PAM_SUCCESS);
	assert_memory_not_equal(&seen->check.handle, &id, sizeof(id));
}

/* ---- what jitd is told ---- */

static void test_check_carries_the_facts(void **state)
{
	pam_handle_t *pamh;

	(void)state;
	allow_all();
	setenv("SSH_AUTH_INFO_0", "publickey forged", 1); /* the process's: never read (P11) */
	setenv("SSH_CONNECTION", "forged", 1);
	pamh = stage_begin("sshd", "../x y\x1b", "");
	pam_set_item(pamh, PAM_RUSER, "ruser");
	pam_set_item(pamh, PAM_RHOST, "192.0.2.1");
	pam_set_item(pamh, PAM_TTY, "ssh");
	assert_int_equal(stage_hook(pamh, PHASE_AUTH), PAM_SUCCESS);
	assert_string_equal(seen->check.service, "sshd");
	assert_string_equal(seen->check.user, "../x y\x1b"); /* as it is; jitd judges (P13) */
	assert_string_equal(seen->check.ruser, "ruser");
	assert_string_equal(seen->check.rhost, "192.0.2.1");
	assert_string_equal(seen->check.tty, "ssh");
	assert_string_equal(seen->check.auth_info, "");
	assert_string_equal(seen->check.connection, "");
	assert_int_equal(seen->check.phase, PHASE_AUTH);
	pam_putenv(pamh, "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA");
	pam_putenv(pamh, "SSH_CONNECTION=192.0.2.1 5 192.0.2.2 22");
	assert_int_equal(stage_hook(pamh, PHASE_ACCOUNT), PAM_SUCCESS);
	assert_string_equal(seen->check.auth_info, "publickey ssh-ed25519 AAAA");
	assert_string_equal(seen->check.connection, "192.0.2.1 5 192.0.2.2 22");
	pam_end(pamh, 0);
	unsetenv("SSH_AUTH_INFO_0");
	unsetenv("SSH_CONNECTION");
}

static void test_missing_items_are_empty(void **state)
{
	pam_handle_t *pamh;

	(void)state;
	allow_all();
	pamh = stage_begin("sudo", NULL, "");
	assert_int_equal(stage_hook(pamh, PHASE_ACCOUNT), PAM_SUCCESS);
	assert_string_equal(seen->check.user, "");
	assert_string_equal(seen->check.tty, "");
	pam_end(pamh, 0);
}

static void test_converse_only_where_a_prompt_works(void **state)
{
	static const struct {
		const char *service;
		enum wire_phase phase;
		int converse;
	} cases[] = {{"sudo", PHASE_AUTH, 1},         {"sudo", PHASE_ACCOUNT, 1},
	             {"sudo-i", PHASE_ACCOUNT, 1},    {"su", PHASE_AUTH, 1},
	             {"su", PHASE_ACCOUNT, 0},        {"sshd", PHASE_AUTH, 1},
	             {"sshd", PHASE_ACCOUNT, 0},      {"login", PHASE_ACCOUNT, 0},
	             {"sudo", PHASE_OPEN_SESSION, 0}, {"sudo", PHASE_CLOSE_SESSION, 0}};

	(void)state;
	allow_all();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(stage_once(cases[i].service, cases[i].phase, ""), PAM_SUCCESS);
		assert_int_equal(seen->check.converse, cases[i].converse);
	}
}

/* ---- the conversation ---- */

static void test_says_asks_and_waits(void **state)
{
	(void)state;
	script_say("hello");
	script_wait();
	script_wait();
	script_ask(true, "name: ");
	script_ask_or_deny("code: ");
	script_verdict(DECISION_ALLOW, 0, 0, "");
	server_start();
	person.types = "7KQ4M-2XP9D";
	assert_int_equal(stage_once("sudo", PHASE_AUTH, ""), PAM_SUCCESS);
	assert_int_equal(person.calls, 3);
	assert_int_equal(person.prompts, 2);
	assert_int_equal(person.wrong, 0);
	assert_int_equal(person.style, PAM_PROMPT_ECHO_OFF);
	assert_string_equal(person.text, "code: ");
	assert_int_equal(seen->answers, 2);
	assert_string_equal(seen->answer.text, "7KQ4M-2XP9D");
}

/* Signs of life carry a wait past `timeout`: waiting for an approver has its own account. */
static void test_waiting_is_not_answering(void **state)
{
	(void)state;
	script_wait();
	script_pause(1300);
	script_wait();
	script_ask_or_deny("code: "); /* answering has its second still */
	script_verdict(DECISION_ALLOW, 0, 0, "");
	server_start();
	assert_int_equal(stage_once("sudo", PHASE_AUTH, "timeout=1"), PAM_SUCCESS);
}

static void test_denial_says_jitds_line_once(void **state)
{
	(void)state;
	script_verdict(DECISION_DENY, 0, 0, "no access: jit request sudo:root");
	server_start();
	for (int phase = PHASE_AUTH; phase <= PHASE_CLOSE_SESSION; phase++) {
		watch_clear();
		stage_once("sudo", phase, "");
		assert_int_equal(person.calls, phase != PHASE_CLOSE_SESSION);
		assert_int_equal(watch.denials, 1);
		assert_string_equal(watch.log, "denied: no access: jit request sudo:root");
	}
	stage_once("sudo", PHASE_ACCOUNT, "");
	assert_int_equal(person.style, PAM_ERROR_MSG);
	assert_string_equal(person.text, "no access: jit request sudo:root");
}

/* ---- what an opened session takes along ---- */

static void test_open_session_equips(void **state)
{
	static const struct {
		const char *service, *runtime;
	} cases[] = {{"sudo", ""}, {"su", ""}, {"sshd", "60"}, {"login", "60"}};

	(void)state;
	allow_all();
	for (size_t i = 0; i < 4; i++)
		for (int phase = PHASE_AUTH; phase <= PHASE_CLOSE_SESSION; phase++) {
			pam_handle_t *pamh = stage_begin(cases[i].service, "alice", "");
			bool open = phase == PHASE_OPEN_SESSION;
			char **environment;

			watch_clear();
			assert_int_equal(stage_hook(pamh, phase), PAM_SUCCESS);
			assert_string_equal(watch.runtime_max, open ? cases[i].runtime : "");
			environment = pam_getenvlist(pamh);
			if (open)
				assert_string_equal(environment[0], "JIT_ACCESS=42");
			assert_null(environment[open]);
			for (char **at = environment; *at; at++)
				free(*at);
			free(environment);
			pam_end(pamh, 0);
		}
}

static void test_no_access_number_no_variable(void **state)
{
	pam_handle_t *pamh;

	(void)state;
	script_verdict(DECISION_ALLOW, 0, 0, "");
	server_start();
	pamh = stage_begin("sshd", "alice", "");
	assert_int_equal(stage_hook(pamh, PHASE_OPEN_SESSION), PAM_SUCCESS);
	assert_null(pam_getenv(pamh, "JIT_ACCESS"));
	assert_string_equal(watch.runtime_max, "");
	pam_end(pamh, 0);
}

static void test_setcred_and_chauthtok(void **state)
{
	pam_handle_t *pamh = stage_begin("sudo", "alice", "unknown");

	(void)state;
	assert_int_equal(pam_setcred(pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	assert_int_equal(pam_chauthtok(pamh, 0), PAM_SERVICE_ERR);
	pam_end(pamh, 0);
}

/* ---- a guest's manners (P7 to P9) ---- */

static unsigned int entries(const char *path)
{
	DIR *folder = opendir(path);
	unsigned int count = 0;

	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}

struct condition {
	unsigned int fds, threads;
	size_t bytes;
	sigset_t mask;
	void (*handlers[64])(int);
};

static void take_condition(struct condition *ret)
{
	struct mallinfo2 heap = mallinfo2();

	memset(ret, 0, sizeof(*ret));
	ret->fds = entries("/proc/self/fd");
	ret->threads = entries("/proc/self/task") - 2; /* . and .. */
	ret->bytes = heap.uordblks + heap.hblkhd;
	sigprocmask(SIG_SETMASK, NULL, &ret->mask);
	for (int i = 1; i < 64; i++) {
		struct sigaction action;
		if (sigaction(i, NULL, &action) == 0)
			ret->handlers[i] = action.sa_handler;
	}
}

static void rounds(unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		pam_handle_t *pamh = stage_begin("sudo", "alice", "");

		for (int phase = PHASE_AUTH; phase <= PHASE_CLOSE_SESSION; phase++)
			assert_int_equal(stage_hook(pamh, phase), PAM_SUCCESS);
		pam_end(pamh, 0);
	}
}

static void test_1000_calls_of_each_hook_leave_nothing(void **state)
{
	static struct condition before, after;

	(void)state;
	allow_all();
	rounds(50); /* libpam's and libc's own */
	take_condition(&before);
	rounds(1000);
	take_condition(&after);
	assert_int_equal(before.fds, after.fds);
	assert_int_equal(before.bytes, after.bytes);
	assert_int_equal(after.threads, 1);
	assert_memory_equal(&before.mask, &after.mask, sizeof(before.mask));
	assert_memory_equal(before.handlers, after.handlers, sizeof(before.handlers));
	assert_int_equal(seen->checks, 1050 * 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        TEST(test_root_passes_without_jitd),
	        TEST(test_session_alone_is_not_roots),
	        TEST(test_session_alone_of_a_caller_goes_to_jitd),
	        TEST(test_root_is_not_exempt_at_other_doors),
	        TEST(test_root_mark_is_not_carried_to_another_service),
	        TEST(test_uid_of_the_first_hook_counts),
	        TEST(test_check_carries_the_facts),
	        TEST(test_missing_items_are_empty),
	        TEST(test_converse_only_where_a_prompt_works),
	        TEST(test_says_asks_and_waits),
	        TEST(test_waiting_is_not_answering),
	        TEST(test_denial_says_jitds_line_once),
	        TEST(test_open_session_equips),
	        TEST(test_no_access_number_no_variable),
	        TEST(test_setcred_and_chauthtok),
	        TEST(test_1000_calls_of_each_hook_leave_nothing),
	};
	int failed;

	stage_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	stage_close();
	return failed;
}
