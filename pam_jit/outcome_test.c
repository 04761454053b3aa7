/* SPDX-License-Identifier: Apache-2.0 */
/* The table of pam_jit(8), row by row: what the built module really answers. */
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

/* ---- the table of pam_jit(8), row by row ---- */

static int code_by_name(const char *name)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {{"ABORT", PAM_ABORT},          {"AUTHINFO_UNAVAIL", PAM_AUTHINFO_UNAVAIL},
	             {"AUTH_ERR", PAM_AUTH_ERR},    {"IGNORE", PAM_IGNORE},
	             {"MAXTRIES", PAM_MAXTRIES},    {"PERM_DENIED", PAM_PERM_DENIED},
	             {"SYSTEM_ERR", PAM_SYSTEM_ERR}};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(name, codes[i].name) == 0)
			return codes[i].code;
	fail_msg("pam_jit(8): code %s must never be returned", name);
	return -1;
}

static const char *const outcomes[OUTCOME_COUNT] = {"error",  "no-answer", "interrupted",
                                                    "denied", "rejected",  "exempt"};

static enum outcome outcome_by_name(const char *name)
{
	for (int i = 0; i < OUTCOME_COUNT; i++)
		if (strcmp(name, outcomes[i]) == 0)
			return (enum outcome)i;
	fail_msg("pam_jit(8): unknown outcome %s", name);
	return OUTCOME_ERROR;
}

static void interrupt_by(int signal, int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (how == SIG_BLOCK) {
		raise(signal);
	} else {
		struct timespec none = {0};
		sigtimedwait(&set, NULL, &none);
		sigprocmask(SIG_UNBLOCK, &set, NULL);
	}
}

/* Makes that outcome come about in the module. */
static int bring_about(enum outcome outcome, const char *service, enum wire_phase phase)
{
	static const uint32_t decisions[OUTCOME_COUNT] = {[OUTCOME_DENIED] = DECISION_DENY,
	                                                  [OUTCOME_REJECTED] = DECISION_DENY,
	                                                  [OUTCOME_EXEMPT] = DECISION_EXEMPT};
	int code;

	watch_clear();
	script_clear();
	if (outcome == OUTCOME_ERROR)
		return stage_once(service, phase, "unknown");
	if (outcome == OUTCOME_NO_ANSWER)
		return stage_once(service, phase, "");
	if (outcome == OUTCOME_INTERRUPTED)
		script_hang();
	if (outcome == OUTCOME_REJECTED)
		script_ask(false, "code: ");
	if (decisions[outcome])
		script_verdict(decisions[outcome], 0, 0, "no");
	server_start();
	if (outcome == OUTCOME_INTERRUPTED)
		interrupt_by(SIGINT, SIG_BLOCK);
	code = stage_once(service, phase, "timeout=1");
	if (outcome == OUTCOME_INTERRUPTED)
		interrupt_by(SIGINT, SIG_UNBLOCK);
	server_stop();
	return code;
}

/* What comes of it in a phase where it cannot come about. */
static enum outcome possible(enum outcome outcome, const char *service, enum wire_phase phase)
{
	bool can_ask =
	        phase == PHASE_AUTH || (phase == PHASE_ACCOUNT && strcmp(service, "sudo") == 0);

	if (outcome == OUTCOME_REJECTED && !can_ask)
		return OUTCOME_DENIED;
	return outcome == OUTCOME_INTERRUPTED && phase == PHASE_CLOSE_SESSION ? OUTCOME_NO_ANSWER
	                                                                      : outcome;
}

static unsigned int check_row(const char *line)
{
	char outcome[32], service[32], codes[5][32];
	unsigned int checked = 0;

	if (sscanf(line, ".It %31s Ta %31s Ta %31s Ta %31s Ta %31s Ta %31s", outcome, service,
	           codes[PHASE_AUTH], codes[PHASE_ACCOUNT], codes[PHASE_OPEN_SESSION],
	           codes[PHASE_CLOSE_SESSION]) != 6 ||
	    strcmp(outcome, "Em") == 0)
		return 0;
	for (int phase = PHASE_AUTH; phase <= PHASE_CLOSE_SESSION; phase++) {
		enum outcome wanted = outcome_by_name(outcome);
		enum outcome comes = possible(wanted, service, phase);
		int code = bring_about(wanted, service, phase), listed = code_by_name(codes[phase]);

		assert_int_equal(outcome_code(wanted, service_by_name(service), phase), listed);
		if (comes == wanted && code != listed)
			fail_msg("%s %s phase %d: %d, pam_jit(8) says %s", outcome, service, phase,
			         code, codes[phase]);
		assert_int_equal(code, outcome_code(comes, service_by_name(service), phase));
		assert_int_not_equal(code, PAM_SUCCESS);
		assert_int_equal(watch.denials, wanted != OUTCOME_EXEMPT);
		checked++;
	}
	return checked;
}

static void test_outcome_table_is_the_man_page(void **state)
{
	const char *source = getenv("top_srcdir");
	char path[4096], line[1024];
	unsigned int checked = 0;
	FILE *page;

	(void)state;
	snprintf(path, sizeof(path), "%s/pam_jit/pam_jit.8", source ? source : ".");
	page = fopen(path, "r");
	assert_non_null(page);
	while (fgets(line, sizeof(line), page))
		checked += check_row(line);
	fclose(page);
	assert_int_equal(checked, OUTCOME_COUNT * SERVICE_COUNT * 4);
}

/* Codes on which sudo runs the command, or which the stack skips (P1, P2). */
static void test_no_code_that_is_forgiven(void **state)
{
	(void)state;
	for (int outcome = 0; outcome < OUTCOME_COUNT; outcome++)
		for (int service = 0; service < SERVICE_COUNT; service++)
			for (int phase = 0; phase <= PHASE_CLOSE_SESSION; phase++) {
				int code = outcome_code(outcome, service, phase);
				assert_int_not_equal(code, PAM_SUCCESS);
				assert_int_not_equal(code, PAM_SESSION_ERR);
				assert_int_not_equal(code, PAM_NEW_AUTHTOK_REQD);
				assert_int_not_equal(code, PAM_AUTHTOK_EXPIRED);
				if (outcome != OUTCOME_EXEMPT)
					assert_int_not_equal(code, PAM_IGNORE);
			}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, stop)

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        TEST(test_outcome_table_is_the_man_page),
	        TEST(test_no_code_that_is_forgiven),
	};
	int failed;

	stage_open();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	stage_close();
	return failed;
}
