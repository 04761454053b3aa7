/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for an access, and taking it back. */
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "jitd/binding.h"
#include "jitd/wish.h"
#include "policy/ticket.h"

/* Is the request for another host's door? Names of hosts know no case (RFC 4343). */
static bool is_elsewhere(const struct call *call)
{
	const char *host = call->in.request.host;

	return *host && strcasecmp(host, call->jitd->host_id) != 0;
}

/* The accounts of what was asked, as written: the scopes themselves are judged by the handler. */
bool request_names(const struct call *call, size_t index, char ret_name[static NAME_SIZE])
{
	const char *at = call->in.request.scope;
	size_t length;

	if (is_elsewhere(call)) /* the accounts of another host are not known here */
		return false;
	for (size_t i = 0; i < index; i++) {
		at += strcspn(at, " ");
		at += *at == ' ';
	}
	if (!*at)
		return false;
	at += strcspn(at, ": ");
	at += *at == ':';
	length = strcspn(at, " ");
	if (text_format(ret_name, NAME_SIZE, "%.*s", (int)length, at) < 0 ||
	    !text_is_name(ret_name))
		ret_name[0] = '\0';
	return true;
}

static int check_accounts(struct call *call, bool *ret_refused)
{
	int r = 0;

	for (size_t i = 0; i < call->named_count && r == 0 && !*ret_refused; i++)
		r = call_check_named(call, &call->named[i], ret_refused);
	return r;
}

/* Everything that can be wrong with a wish, in the order in which a person would mend it. */
static int check_wish(struct call *call, struct wish *wish, bool *ret_refused)
{
	struct fault fault;
	int r = call_check_text(call, "reason", call->in.request.reason, REASON_MAX, ret_refused);

	if (r == 0 && !*ret_refused)
		r = call_check_text(call, "ticket", call->in.request.ticket, TICKET_MAX,
		                    ret_refused);
	if (r < 0 || *ret_refused)
		return r;
	if (scope_canonical(call->in.request.scope, wish->scopes, &fault) < 0) {
		*ret_refused = true;
		return call_refuse(call, "scope", "%s", fault.text);
	}
	if (is_elsewhere(call) && !host_name_is_good(wish->host)) {
		*ret_refused = true;
		return call_refuse(call, "host", "--on: that is no name of a host");
	}
	r = check_accounts(call, ret_refused);
	if (r < 0 || *ret_refused)
		return r;
	r = wish_judge(call->jitd, wish);
	*ret_refused = r != WISH_GOOD;
	if (r != WISH_GOOD)
		return r < 0 ? r : wish_refuse(call, wish, (enum wish_result)r);
	return binding_of_request(call, wish->rule, wish->scopes, wish->user_key, ret_refused);
}

static void answer(struct call *call, const struct wish *wish, uint32_t id)
{
	const char *on = is_elsewhere(call) ? " on " : "", *host = *on ? wish->host : "";
	const char *lead = wish->user_key[0] ? ", ssh key " : "", *key = wish->user_key;
	char length[DURATION_SIZE];

	format_duration(wish->seconds, length);
	if (!wish->rule->approvals) {
		call->activate = id;
		call_done(call, id, "access %u is active: %s%s%s for %s%s%s", id, wish->scopes, on,
		          host, length, lead, key);
		return;
	}
	call_done(call, id, "access %u waits for %u approval%s: %s%s%s for %s (rule %s%s%s)", id,
	          wish->rule->approvals, wish->rule->approvals == 1 ? "" : "s", wish->scopes, on,
	          host, length, wish->rule->title, lead, key);
}

int handle_request(struct call *call)
{
	const struct wire_request *in = &call->in.request;
	struct wish wish = {.subject = call->caller,
	                    .login_uid = call->peer->process.login_uid,
	                    .host = is_elsewhere(call) ? in->host : call->jitd->host_id,
	                    .via = "",
	                    .issuer = "",
	                    .reason = in->reason,
	                    .ticket = in->ticket,
	                    .now = call->now,
	                    .seconds = in->seconds};
	bool refused = false;
	char text[SCOPES_SIZE + REASON_MAX + TICKET_MAX + sizeof(in->host) + FINGERPRINT_SIZE +
	          128];
	uint32_t id;
	int r = check_wish(call, &wish, &refused);

	if (r < 0 || refused)
		return r;
	r = wish_insert(call->jitd, &wish, &id);
	if (r < 0)
		return r;
	answer(call, &wish, id);
	best_effort(text_format(
	        text, sizeof(text), "%s%s%s by rule %s%s%s%s%s%s%s", wish.scopes,
	        is_elsewhere(call) ? " on " : "", is_elsewhere(call) ? wish.host : "",
	        wish.rule->title, wish.user_key[0] ? ", ssh key " : "", wish.user_key,
	        *in->ticket ? ", ticket " : "", in->ticket, *in->reason ? ": " : "", in->reason));
	return audit_append(call->jitd, call->now,
	                    &(struct event){.event = EVENT_REQUEST,
	                                    .access = id,
	                                    .subject = call->caller->name,
	                                    .pid = call->peer->process.pid,
	                                    .text = text});
}

int handle_cancel(struct call *call)
{
	cleanup(cleanup_access) struct access *access = NULL;
	uint32_t id = call->in.cancel.access;
	int r = access_get(call->jitd->store, id, &access);

	if (r < 0)
		return r;
	if (r == ACCESS_UNKNOWN || access->uid != call->caller->uid)
		return call_refuse(call, "unknown-access", "no such access of yours: %u", id);
	r = access_move(call->jitd, access, ON_CANCEL,
	                &(struct act){.now = call->now, .actor = access->subject});
	if (r < 0)
		return r;
	if (r == ACCESS_WRONG_STATE)
		return call_refuse(call, "state", "access %u is %s already", id,
		                   access_state_word(access->state));
	call_done(call, id, "access %u is %s", id, access_state_word(access->state));
	return 0;
}
