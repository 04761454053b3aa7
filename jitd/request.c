/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for an access, and taking it back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "jitd/binding.h"
#include "jitd/call.h"
#include "jitd/lock.h"
#include "jitd/question.h"
#include "policy/scope.h"
#include "policy/ticket.h"

struct wish {
	char scopes[SCOPES_SIZE];
	const struct rule *rule;
	int64_t seconds;
	char user_key[FINGERPRINT_SIZE];
};

static int join(const struct strings *list, char **ret_text)
{
	size_t size = 1;
	cleanup(cleanup_free) char *text = NULL;

	for (size_t i = 0; i < list->count; i++)
		size += strlen(list->items[i]) + 1;
	text = calloc(1, size);
	if (!text)
		return -ENOMEM;
	for (size_t i = 0, at = 0; i < list->count; i++) {
		size_t length = strlen(list->items[i]);
		if (i)
			text[at++] = ' ';
		memcpy(text + at, list->items[i], length);
		at += length;
	}
	*ret_text = take_ptr(text);
	return 0;
}

static int check_length(struct call *call, struct wish *wish, bool *ret_refused)
{
	const struct rule *rule = wish->rule;
	char max[DURATION_SIZE], asked[DURATION_SIZE];

	wish->seconds = call->in.request.seconds;
	if (wish->seconds == WIRE_DEFAULT)
		wish->seconds = rule->default_for;
	if (wish->seconds > 0 && wish->seconds <= rule->max)
		return 0;
	*ret_refused = true;
	format_duration(rule->max, max);
	format_duration(wish->seconds, asked);
	return call_refuse(call, "duration", "--for %s: rule %s gives more than 0s and at most %s",
	                   asked, rule->title, max);
}

/* What the rule wants besides. */
static int check_terms(struct call *call, struct wish *wish, bool *ret_refused)
{
	const struct rule *rule = wish->rule;
	int r;

	*ret_refused = true;
	if (rule->reason == REASON_REQUIRED && !call->in.request.reason[0])
		return call_refuse(call, "reason-missing",
		                   "rule %s wants a reason: add --reason \"why\"", rule->title);
	if (!rule_takes_ticket(rule, call->in.request.ticket))
		return call_refuse(call, "ticket", "rule %s wants --ticket that looks like %s",
		                   rule->title, rule->ticket);
	*ret_refused = false;
	r = check_length(call, wish, ret_refused);
	if (r < 0 || *ret_refused)
		return r;
	return binding_of_request(call, rule, wish->scopes, wish->user_key, ret_refused);
}

static int check_rule(struct call *call, struct wish *wish, bool *ret_refused)
{
	const struct question question =
	        question_of(call->jitd, call->caller, wish->scopes, call->jitd->host_id, call->now);
	struct answer answer = policy_evaluate(call->jitd->policy, &question);

	wish->rule = answer.rule;
	if (answer.effect == DECISION_ALLOW && answer.rule)
		return check_terms(call, wish, ret_refused);
	*ret_refused = true;
	if (answer.rule)
		return call_refuse(call, "rule-denies", "rule %s denies %s to %s",
		                   answer.rule->title, wish->scopes, call->caller->name);
	return call_refuse(call, "no-rule",
	                   "no rule lets %s ask for %s: an administrator writes rules in %s",
	                   call->caller->name, wish->scopes, call->jitd->settings->policy_dir);
}

static int count_pending(struct call *call, int64_t *ret_count)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_ACCESS_OPEN_OF);
	int r;

	query_number(&query, ":uid", call->caller->uid);
	r = query_step(&query);
	if (r == QUERY_ROW)
		*ret_count = query_column(&query, 0);
	return r == QUERY_ROW ? 0 : r < 0 ? r : -EIO;
}

/* Were there `most` requests within so many seconds? Only those count that became a row. */
static int asked_too_often(struct call *call, int64_t most, int64_t seconds, bool *ret_often)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_ACCESS_NTH_OF);
	int r;

	query_number(&query, ":uid", call->caller->uid);
	query_number(&query, ":n", most - 1);
	r = query_step(&query);
	if (r < 0)
		return r;
	*ret_often = r == QUERY_ROW && query_column(&query, 0) > call->now - seconds;
	return 0;
}

static int check_limits(struct call *call, bool *ret_refused)
{
	int64_t pending = 0, most = call->jitd->settings->requests_per_minute;
	bool locked = true, often = true, hasty = true;
	int r = lock_is_set(call->jitd, call->caller->uid, &locked);

	if (r == 0)
		r = count_pending(call, &pending);
	if (r == 0)
		r = asked_too_often(call, HOURLY_MAX, 3600, &often);
	if (r == 0)
		r = asked_too_often(call, most, 60, &hasty);
	if (r < 0)
		return r;
	*ret_refused = locked || often || hasty || pending >= PENDING_MAX;
	if (locked)
		return call_refuse(call, "locked",
		                   "%s is locked: an administrator unlocks (jitd-admin unlock %s)",
		                   call->caller->name, call->caller->name);
	if (often)
		return call_refuse(call, "too-many", "you asked %d times within an hour: wait",
		                   HOURLY_MAX);
	if (hasty)
		return call_refuse(call, "too-many", "you asked %lld times within a minute: wait",
		                   (long long)most);
	if (pending >= PENDING_MAX)
		return call_refuse(call, "too-many",
		                   "%d requests of yours wait already: cancel one (jit cancel ID)",
		                   PENDING_MAX);
	return 0;
}

/* The accounts of what was asked, as written: the scopes themselves are judged by the handler. */
bool request_names(const struct call *call, size_t index, char ret_name[static NAME_SIZE])
{
	const char *at = call->in.request.scope;
	size_t length;

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
	r = check_accounts(call, ret_refused);
	if (r < 0 || *ret_refused)
		return r;
	r = check_limits(call, ret_refused);
	if (r < 0 || *ret_refused)
		return r;
	return check_rule(call, wish, ret_refused);
}

static int insert(struct call *call, const struct wish *wish, uint32_t *ret_id)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_ACCESS_INSERT);
	cleanup(cleanup_free) char *who = NULL, *approvers = NULL;
	uid_t login_uid = call->peer->process.login_uid;
	const struct rule *rule = wish->rule;
	int r = join(&rule->who, &who);

	if (r == 0)
		r = join(&rule->approvers, &approvers);
	if (r < 0)
		return r;
	query_number(&query, ":uid", call->caller->uid);
	if (login_uid == LOGIN_UID_NONE)
		query_null(&query, ":login_uid");
	else
		query_number(&query, ":login_uid", login_uid);
	query_text(&query, ":subject", call->caller->name);
	query_text(&query, ":scope", wish->scopes);
	query_text(&query, ":host", call->jitd->host_id);
	query_text(&query, ":rule", rule->title);
	query_text(&query, ":rule_text", rule->text);
	query_text(&query, ":who", who);
	query_text(&query, ":approvers", approvers);
	query_number(&query, ":approvals", rule->approvals);
	query_number(&query, ":denials", rule->denials);
	query_text(&query, ":reason", call->in.request.reason);
	query_text(&query, ":ticket", call->in.request.ticket);
	query_number(&query, ":seconds", wish->seconds);
	query_number(&query, ":uses", rule->uses);
	query_text(&query, ":present", rule->present == PRESENT_HELD ? "held" : "typed");
	query_number(&query, ":token_ttl", rule->token_ttl);
	query_number(&query, ":now", call->now);
	query_number(&query, ":lapses", call->now + rule->pending);
	query_text(&query, ":user_key", wish->user_key);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	*ret_id = (uint32_t)query_column(&query, 0);
	call->jitd->accesses_changed = true;
	return query_finish(&query);
}

static void answer(struct call *call, const struct wish *wish, uint32_t id)
{
	const char *lead = wish->user_key[0] ? ", ssh key " : "", *key = wish->user_key;
	char length[DURATION_SIZE];

	format_duration(wish->seconds, length);
	if (!wish->rule->approvals) {
		call->activate = id;
		call_done(call, id, "access %u is active: %s for %s%s%s", id, wish->scopes, length,
		          lead, key);
		return;
	}
	call_done(call, id, "access %u waits for %u approval%s: %s for %s (rule %s%s%s)", id,
	          wish->rule->approvals, wish->rule->approvals == 1 ? "" : "s", wish->scopes,
	          length, wish->rule->title, lead, key);
}

int handle_request(struct call *call)
{
	const struct wire_request *in = &call->in.request;
	struct wish wish = {0};
	bool refused = false;
	char text[SCOPES_SIZE + REASON_MAX + TICKET_MAX + FINGERPRINT_SIZE + 128];
	uint32_t id;
	int r = check_wish(call, &wish, &refused);

	if (r < 0 || refused)
		return r;
	r = insert(call, &wish, &id);
	if (r < 0)
		return r;
	answer(call, &wish, id);
	best_effort(text_format(text, sizeof(text), "%s by rule %s%s%s%s%s%s%s", wish.scopes,
	                        wish.rule->title, wish.user_key[0] ? ", ssh key " : "",
	                        wish.user_key, *in->ticket ? ", ticket " : "", in->ticket,
	                        *in->reason ? ": " : "", in->reason));
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
