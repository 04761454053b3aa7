/* SPDX-License-Identifier: Apache-2.0 */
/* What can go wrong around the built module: its options, jitd, the system. Each time a refusal, in
 * time. What jitd says wrong: relay_test.c. */
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
	assert_in_range(took, 900, 2500);
	took = timed_refusal("");
	assert_in_range(took, 4900, 6000);
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
	assert_in_range(took, 900, 2500);
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
	pam_end(pamh, 0);
	assert_int_equal(stage_once("sudo", PHASE_AUTH, "timeout=1"), PAM_ABORT);
	assert_int_equal(seen->checks, 2); /* jitd was not asked in vain in between */
}

static void test_silence_while_waiting(void **state)
{
	int64_t took;

	(void)state;
	script_wait();
	script_hang();
	server_start();
	took = timed_refusal("timeout=1");
	assert_in_range(took, 4900, 6000);
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
	        TEST(test_each_failing_call_refuses),
	        TEST(test_closed_standard_descriptors),
	};
	int failed;

	stage_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	stage_close();
	return failed;
}
