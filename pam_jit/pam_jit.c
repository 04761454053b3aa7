/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pam_jit.so, the guard at the door. It tells jitd what PAM knows, relays what jitd wants said and
 * asked, and returns jitd's verdict. It decides nothing but that root's own sudo and su are root's
 * already. It runs inside sudo, su, sshd and login, as root: so no thread, signal handler, child,
 * global, environment variable or file of a user, and whatever goes wrong refuses.
 */
#include "pam_jit/pam_jit.h"

#include <errno.h>
#include <security/pam_ext.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/decision.h"
#include "base/text.h"

/* pam_systemd finds this in PAM data and ends the login's scope by itself. */
static int limit_login(struct call *call)
{
	cleanup(cleanup_free) char *seconds = calloc(1, 16);
	int code;

	if (!seconds || text_format(seconds, 16, "%u", call->message.verdict.remaining) < 0)
		return PAM_BUF_ERR;
	code = pam_set_data(call->pamh, "systemd.runtime_max_sec", seconds, call_release);
	if (code == PAM_SUCCESS)
		take_ptr(seconds);
	return code;
}

/* What an opened session takes along; one that cannot take it does not open. */
static enum decision equip(struct call *call)
{
	const struct wire_verdict *verdict = &call->message.verdict;
	int code = PAM_SUCCESS;
	char access[32];

	if (verdict->access &&
	    text_format(access, sizeof(access), "JIT_ACCESS=%u", verdict->access) == 0)
		code = pam_putenv(call->pamh, access);
	if (code == PAM_SUCCESS && verdict->remaining && !call->by_caller)
		code = limit_login(call);
	if (code == PAM_SUCCESS)
		return DECISION_ALLOW;
	fault_set(&call->fault, 0, "cannot equip it: %s", pam_strerror(call->pamh, code));
	return DECISION_NONE;
}

static enum decision consult(struct call *call)
{
	const struct wire_verdict *verdict = &call->message.verdict;
	int r = relay_run(call);

	if (r < 0) {
		call->outcome = r == -EINTR ? OUTCOME_INTERRUPTED : OUTCOME_NO_ANSWER;
		return DECISION_NONE;
	}
	if (verdict->decision == DECISION_ALLOW)
		return call->phase == PHASE_OPEN_SESSION ? equip(call) : DECISION_ALLOW;
	call->outcome = call->asked ? OUTCOME_REJECTED : OUTCOME_DENIED;
	if (verdict->decision == DECISION_EXEMPT)
		call->outcome = OUTCOME_EXEMPT;
	fault_set(&call->fault, 0, "%s", verdict->text[0] ? verdict->text : "no reason given");
	return DECISION_NONE;
}

static enum decision decide(struct call *call, int argc, const char **argv)
{
	if (call_prepare(call, argc, argv) < 0)
		return DECISION_NONE;
	if (!call->by_caller || call->handle->uid != 0)
		return consult(call);
	if (call->handle->root)
		return DECISION_ALLOW;
	fault_set(&call->fault, 0, "real uid 0 in a session, but no auth or account before it");
	return DECISION_NONE;
}

/* One line for the log and one for the person, PAM_SILENT or not: it says what to do next. */
static int report(struct call *call)
{
#define ADMINISTRATOR "; ask an administrator (the log says why)"
	static const char *const texts[OUTCOME_COUNT][2] = {
	        [OUTCOME_ERROR] = {"", "pam_jit: cannot check" ADMINISTRATOR},
	        [OUTCOME_NO_ANSWER] = {"no answer from jitd: ",
	                               "pam_jit: access service not reachable" ADMINISTRATOR},
	        [OUTCOME_INTERRUPTED] = {"interrupted: ", ""},
	        [OUTCOME_DENIED... OUTCOME_EXEMPT] = {"", NULL}, /* jitd's own */
	};
	const char *line = texts[call->outcome][1];

	if (call->outcome != OUTCOME_EXEMPT)
		pam_syslog(call->pamh, LOG_NOTICE, "denied: %s%s", texts[call->outcome][0],
		           call->fault.text);
	if (call->phase != PHASE_CLOSE_SESSION)
		relay_show(call, PAM_ERROR_MSG, line ? line : call->message.verdict.text);
	return outcome_code(call->outcome, call->service, call->phase);
}

/* Every hook that checks leaves here, and an allow nowhere else. */
static int hook(pam_handle_t *pamh, enum wire_phase phase, int argc, const char **argv)
{
	struct call call = {.pamh = pamh, .phase = phase};
	enum decision decision = decide(&call, argc, argv);
	int code = PAM_ABORT;

	if (decision == DECISION_ALLOW)
		code = PAM_SUCCESS;
	else
		code = report(&call);
	if (call.debug)
		pam_syslog(pamh, LOG_DEBUG, "answers: %s", pam_strerror(pamh, code));
	return code;
}

#define HOOK(name, result)                                                                         \
	__attribute__((visibility("default"))) int pam_sm_##name(                                  \
	        __attribute__((unused)) pam_handle_t *pamh, __attribute__((unused)) int flags,     \
	        __attribute__((unused)) int argc, __attribute__((unused)) const char **argv)       \
	{                                                                                          \
		return result;                                                                     \
	}
HOOK(authenticate, hook(pamh, PHASE_AUTH, argc, argv))
HOOK(acct_mgmt, hook(pamh, PHASE_ACCOUNT, argc, argv))
HOOK(open_session, hook(pamh, PHASE_OPEN_SESSION, argc, argv))
HOOK(close_session, hook(pamh, PHASE_CLOSE_SESSION, argc, argv))
HOOK(setcred, PAM_SUCCESS) /* remembers nothing: sudoedit's real uid is no longer the caller's */
HOOK(chauthtok, PAM_SERVICE_ERR)
