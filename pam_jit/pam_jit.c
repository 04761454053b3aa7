/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pam_jit.so, the guard at the door. It tells jitd what PAM knows, relays what jitd wants said and
 * asked, and returns jitd's verdict. It decides nothing but that root's own sudo and su are root's
 * already. It runs inside sudo, su, sshd and login, as root: so no thread, signal handler, child,
 * global, environment variable or file of a user, and whatever goes wrong refuses.
 */
#include <errno.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/decision.h"
#include "base/text.h"
#include "pam_jit/facts.h"
#include "pam_jit/handle.h"
#include "pam_jit/options.h"
#include "pam_jit/outcome.h"
#include "pam_jit/relay.h"

#define HOOK __attribute__((visibility("default")))

struct call {
	enum wire_phase phase;
	enum service service;
	enum outcome outcome; /* why it is not allowed */
	struct options options;
	struct relay relay;
	struct message message; /* the check, then the verdict */
	struct fault fault;     /* for the log */
};

static bool can_converse(const struct call *call)
{
	const void *item = NULL;
	const struct pam_conv *conversation;

	if (call->phase != PHASE_AUTH &&
	    !(call->phase == PHASE_ACCOUNT && call->service == SERVICE_SUDO))
		return false;
	if (pam_get_item(call->relay.pamh, PAM_CONV, &item) != PAM_SUCCESS || !item)
		return false;
	conversation = item;
	return conversation->conv != NULL;
}

static int prepare(struct call *call, int argc, const char **argv)
{
	struct wire_check *check = &call->message.check;
	struct relay *relay = &call->relay;
	int r = options_parse(argc, argv, &call->options, &call->fault);

	call->message.id = MESSAGE_check;
	if (r == 0)
		r = facts_collect(relay->pamh, check, &call->fault);
	if (r < 0)
		return r;
	call->service = service_by_name(check->service);
	r = handle_get(relay->pamh, call->service, call->phase, &relay->handle, &call->fault);
	if (r < 0)
		return r;
	relay->timeout_ms = call->options.timeout_ms;
	relay->patient = call->phase == PHASE_CLOSE_SESSION;
	relay->converse = can_converse(call);
	check->phase = (uint8_t)call->phase;
	check->uid = relay->handle->uid;
	check->handle = relay->handle->id;
	check->converse = relay->converse;
	return 0;
}

static void release(pam_handle_t *pamh, void *data, int status)
{
	(void)pamh;
	(void)status;
	free(data);
}

/* pam_systemd reads this of PAM data and ends the login's scope by itself. */
static int limit_login(struct call *call)
{
	cleanup(cleanup_free) char *seconds = calloc(1, 16);
	int code;

	if (!seconds || text_format(seconds, 16, "%u", call->message.verdict.remaining) < 0)
		return PAM_BUF_ERR;
	code = pam_set_data(call->relay.pamh, "systemd.runtime_max_sec", seconds, release);
	if (code == PAM_SUCCESS)
		take_ptr(seconds);
	return code;
}

/* What an opened session takes along; one that cannot take it does not open. */
static int equip(struct call *call)
{
	const struct wire_verdict *verdict = &call->message.verdict;
	char access[32];
	int code = PAM_SUCCESS;

	if (call->phase != PHASE_OPEN_SESSION)
		return 0;
	if (verdict->access &&
	    text_format(access, sizeof(access), "JIT_ACCESS=%u", verdict->access) == 0)
		code = pam_putenv(call->relay.pamh, access);
	if (code == PAM_SUCCESS && verdict->remaining && !service_has_caller(call->service))
		code = limit_login(call);
	return code == PAM_SUCCESS ? 0
	                           : fault_set(&call->fault, -EIO, "cannot equip the session: %s",
	                                       pam_strerror(call->relay.pamh, code));
}

static enum outcome outcome_of_failure(int r)
{
	return r == -EINTR ? OUTCOME_INTERRUPTED : OUTCOME_NO_ANSWER;
}

static enum outcome outcome_of_verdict(struct call *call)
{
	const struct wire_verdict *verdict = &call->message.verdict;

	if (verdict->decision == DECISION_EXEMPT)
		return OUTCOME_EXEMPT;
	fault_set(&call->fault, 0, "%s", verdict->text[0] ? verdict->text : "jitd gave no reason");
	return call->relay.asked ? OUTCOME_REJECTED : OUTCOME_DENIED;
}

/* Allows only by jitd's word, or as root's own sudo and su; else leaves the outcome in `call`. */
static enum decision decide(struct call *call, int argc, const char **argv)
{
	int r = prepare(call, argc, argv);

	if (r < 0)
		return DECISION_NONE;
	if (service_has_caller(call->service) && call->relay.handle->root)
		return DECISION_ALLOW;
	if (service_has_caller(call->service) && call->relay.handle->uid == 0) {
		fault_set(&call->fault, 0,
		          "real uid 0, but the account hook was not called before the session's "
		          "(Defaults !pam_acct_mgmt?)");
		return DECISION_NONE;
	}
	r = relay_run(&call->relay, call->options.socket, &call->message, &call->fault);
	if (r < 0) {
		call->outcome = outcome_of_failure(r);
		return DECISION_NONE;
	}
	if (call->message.verdict.decision != DECISION_ALLOW) {
		call->outcome = outcome_of_verdict(call);
		return DECISION_NONE;
	}
	return equip(call) < 0 ? DECISION_NONE : DECISION_ALLOW;
}

/* One line for the log, one for the person: PAM_SILENT or not, a refusal says what to do next. */
static void report(struct call *call)
{
	const bool denied = call->outcome == OUTCOME_DENIED || call->outcome == OUTCOME_REJECTED;
	const bool exempt = call->outcome == OUTCOME_EXEMPT;

	if (!exempt)
		pam_syslog(call->relay.pamh, denied ? LOG_NOTICE : LOG_ERR, "denied: %s%s",
		           outcome_log(call->outcome), call->fault.text);
	else if (call->options.debug)
		pam_syslog(call->relay.pamh, LOG_DEBUG, "exempt");
	if (exempt || call->phase == PHASE_CLOSE_SESSION)
		return;
	relay_show(&call->relay, PAM_ERROR_MSG,
	           denied ? call->message.verdict.text : outcome_person(call->outcome));
}

static int hook(pam_handle_t *pamh, enum wire_phase phase, int argc, const char **argv)
{
	struct call call = {.phase = phase, .relay.pamh = pamh};
	enum decision decision = decide(&call, argc, argv);
	int code = PAM_ABORT;

	if (decision == DECISION_ALLOW)
		code = PAM_SUCCESS;
	else
		code = outcome_code(call.outcome, call.service, phase);
	if (decision != DECISION_ALLOW)
		report(&call);
	else if (call.options.debug)
		pam_syslog(pamh, LOG_DEBUG, "allowed: %s",
		           call.message.id == MESSAGE_verdict ? "by jitd" : "root's own");
	return code;
}

HOOK int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return hook(pamh, PHASE_AUTH, argc, argv);
}

HOOK int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return hook(pamh, PHASE_ACCOUNT, argc, argv);
}

HOOK int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return hook(pamh, PHASE_OPEN_SESSION, argc, argv);
}

HOOK int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)flags;
	return hook(pamh, PHASE_CLOSE_SESSION, argc, argv);
}

/* Touches nothing: after it sudoedit has another real uid, which must not become the handle's. */
HOOK int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SUCCESS;
}

HOOK int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	(void)pamh;
	(void)flags;
	(void)argc;
	(void)argv;
	return PAM_SERVICE_ERR;
}
