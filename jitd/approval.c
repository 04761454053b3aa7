/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One approver's word. Who may say it: a person (never uid 0, never through somebody else's login)
 * whom the rule names, who is not locked and not the requester by any road. A yes besides: nobody
 * who asked or approved before holds, or lately held, an access to the other's account.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "jitd/call.h"
#include "jitd/lock.h"

/* Does this person hold, or did they lately hold, an access to that account? */
static int held_account(struct call *call, uid_t uid, const char *account, bool *ret_held)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_ACCESS_HELD_SINCE);
	int r;

	query_number(&query, ":uid", uid);
	query_text(&query, ":account", account);
	query_number(&query, ":since", call->now - call->jitd->settings->max_grant);
	r = query_step(&query);
	if (r < 0)
		return r;
	*ret_held = r == QUERY_ROW;
	return 0;
}

/* Two names that could be one person's doing: who had an account can leave a job behind there that
 * runs with its login uid. So it counts both ways, and among the approvers too. */
static int check_hands(struct call *call, uint32_t access, uid_t uid, const char *name,
                       bool *ret_refused)
{
	bool theirs = true, mine = true;
	int r = held_account(call, uid, call->caller->name, &theirs);

	if (r == 0)
		r = held_account(call, call->caller->uid, name, &mine);
	*ret_refused = theirs || mine;
	if (r < 0 || !*ret_refused)
		return r;
	if (theirs)
		return call_refuse(call, "self-approval",
		                   "%s holds, or lately held, an access to your account: "
		                   "somebody else decides on %u",
		                   name, access);
	return call_refuse(call, "self-approval",
	                   "you hold, or lately held, an access to the account of %s: "
	                   "somebody else decides on %u",
	                   name, access);
}

static int check_all_hands(struct call *call, const struct access *access, bool *ret_refused)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_DECISION_OF);
	int r = check_hands(call, access->id, access->uid, access->subject, ret_refused);

	if (r < 0 || *ret_refused)
		return r;
	query_number(&query, ":access", access->id);
	while (!*ret_refused && (r = query_step(&query)) == QUERY_ROW) {
		r = check_hands(call, access->id, (uid_t)query_column(&query, 0),
		                query_column_text(&query, 1), ret_refused);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 0;
}

static bool is_requester(const struct call *call, const struct access *access)
{
	uid_t uid = call->caller->uid;

	return uid == access->uid || uid == access->login_uid ||
	       call->peer->process.login_uid == access->uid;
}

static int already_said(struct call *call, const struct access *access, bool *ret_said)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_DECISION_BY);
	int r;

	query_number(&query, ":access", access->id);
	query_number(&query, ":uid", call->caller->uid);
	r = query_step(&query);
	if (r < 0)
		return r;
	*ret_said = r == QUERY_ROW;
	return 0;
}

/* The rules about who, in the order in which they are explained. */
static int check_approver(struct call *call, const struct access *access, bool *ret_refused)
{
	bool locked = true, said = true;
	int r;

	*ret_refused = true;
	if (is_requester(call, access))
		return call_refuse(call, "self-approval",
		                   "access %u is your own request: somebody else decides (%s)",
		                   access->id, access->approvers);
	if (!(call->roles & ROLE_PERSON))
		return call_refuse(
		        call, "not-a-person",
		        call->caller->uid == 0
		                ? "root is nobody in particular: decide on %u as yourself, without sudo"
		                : "you came here through another login: decide on %u from a login of your own",
		        access->id);
	if (!names_include(access->approvers, call->caller))
		return call_refuse(call, "not-an-approver", "rule %s lets %s decide, not %s",
		                   access->rule, access->approvers, call->caller->name);
	r = lock_is_set(call->jitd, call->caller->uid, &locked);
	if (r < 0)
		return r;
	if (locked)
		return call_refuse(call, "locked", "you are locked: somebody else decides (%s)",
		                   access->approvers);
	r = already_said(call, access, &said);
	if (r < 0)
		return r;
	if (said)
		return call_refuse(call, "decided", "you have decided on %u already", access->id);
	*ret_refused = false;
	return 0;
}

/* What is approved must still be what was shown: the request never changes, its rule may have. */
static int check_rule_unchanged(struct call *call, struct access *access, bool *ret_refused)
{
	const struct rule *rule = policy_rule(call->jitd->policy, access->rule);
	int r;

	if (rule && !strcmp(rule->text, access->rule_text))
		return 0;
	*ret_refused = true;
	r = access_move(call->jitd, access, ON_LAPSE,
	                &(struct act){.now = call->now, .text = "its rule has changed"});
	if (r)
		return r < 0 ? r : -EIO;
	return call_refuse(call, "rule-changed",
	                   "rule %s has changed since %s asked: %s must ask again", access->rule,
	                   access->subject, access->subject);
}

static int find(struct call *call, uint32_t id, struct access **ret_access, bool *ret_refused)
{
	cleanup(cleanup_access) struct access *access = NULL;
	int r = access_get(call->jitd->store, id, &access);

	if (r < 0)
		return r;
	*ret_refused = true;
	if (r == ACCESS_UNKNOWN || (!call_may_see(call, access) && !is_requester(call, access)))
		return call_refuse(call, "unknown-access", "no such access: %u", id);
	if (access->state != STATE_PENDING)
		return call_refuse(call, "state", "access %u is %s already", id,
		                   access_state_word(access->state));
	if (access->lapses <= call->now)
		return call_refuse(call, "state",
		                   "access %u has waited too long: %s must ask again", id,
		                   access->subject);
	*ret_refused = false;
	*ret_access = take_ptr(access);
	return 0;
}

static int insert_decision(struct call *call, uint32_t access, const char *verdict,
                           const char *comment)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_DECISION_INSERT);

	query_number(&query, ":access", access);
	query_number(&query, ":uid", call->caller->uid);
	query_text(&query, ":name", call->caller->name);
	query_text(&query, ":verdict", verdict);
	query_number(&query, ":now", call->now);
	query_text(&query, ":comment", comment);
	return query_finish(&query);
}

static int shorten(struct call *call, struct access *access, bool *ret_refused)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_ACCESS_SHORTEN);
	int64_t seconds = call->in.approve.seconds;
	char asked[DURATION_SIZE], wanted[DURATION_SIZE];

	if (seconds == WIRE_DEFAULT)
		return 0;
	format_duration(access->seconds, asked);
	format_duration(seconds, wanted);
	*ret_refused = seconds <= 0 || seconds > access->seconds;
	if (*ret_refused)
		return call_refuse(
		        call, "duration",
		        "--for %s: more than 0s and at most what was asked, %s: an approver may shorten, never widen",
		        wanted, asked);
	access->seconds = seconds;
	query_number(&query, ":id", access->id);
	query_number(&query, ":seconds", seconds);
	return query_finish(&query);
}

static int count_approvals(struct call *call, uint32_t access, int64_t *ret_count)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_DECISION_COUNT);
	int r;

	query_number(&query, ":access", access);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	*ret_count = query_column(&query, 0);
	return 0;
}

static int log_word(struct call *call, const struct access *access, enum event_word word,
                    const char *comment)
{
	return audit_append(call->jitd, call->now,
	                    &(struct event){.event = word,
	                                    .access = access->id,
	                                    .subject = access->subject,
	                                    .actor = call->caller->name,
	                                    .actor_uid = call->caller->uid,
	                                    .pid = call->peer->process.pid,
	                                    .text = comment});
}

/* Who may decide on what: the same for both words. */
static int prepare(struct call *call, uint32_t id, const char *comment, struct access **ret_access,
                   bool *ret_refused)
{
	int r = call_check_text(call, "comment", comment, REASON_MAX, ret_refused);

	if (r == 0 && !*ret_refused)
		r = find(call, id, ret_access, ret_refused);
	if (r == 0 && !*ret_refused)
		r = check_approver(call, *ret_access, ret_refused);
	return r;
}

static int say_yes(struct call *call, const struct access *access)
{
	const char *comment = call->in.approve.comment;
	int64_t count = 0;
	int r = insert_decision(call, access->id, "approve", comment);

	if (r == 0)
		r = log_word(call, access, EVENT_APPROVE, comment);
	if (r == 0)
		r = count_approvals(call, access->id, &count);
	if (r < 0)
		return r;
	if (count < access->approvals) {
		call->jitd->accesses_changed = true; /* who waits for it may see how far it is */
		call_done(call, access->id, "approved by you; access %u waits for %lld more",
		          access->id, (long long)(access->approvals - count));
		return 0;
	}
	call->activate = access->id;
	call_done(call, access->id, "approved: access %u is active: %s for %s", access->id,
	          access->scope, access->subject);
	return 0;
}

int handle_approve(struct call *call)
{
	cleanup(cleanup_access) struct access *access = NULL;
	bool refused = false;
	int r = prepare(call, call->in.approve.access, call->in.approve.comment, &access, &refused);

	if (r == 0 && !refused)
		r = check_all_hands(call, access, &refused);
	if (r == 0 && !refused)
		r = check_rule_unchanged(call, access, &refused);
	if (r == 0 && !refused)
		r = shorten(call, access, &refused);
	if (r < 0 || refused)
		return r;
	return access ? say_yes(call, access) : -EIO;
}

int handle_deny(struct call *call)
{
	cleanup(cleanup_access) struct access *access = NULL;
	const char *comment = call->in.deny.comment;
	bool refused = false;
	int r = prepare(call, call->in.deny.access, comment, &access, &refused);

	if (r < 0 || refused)
		return r;
	if (!access)
		return -EIO;
	r = insert_decision(call, access->id, "deny", comment);
	if (r == 0)
		r = log_word(call, access, EVENT_DENY, comment);
	if (r == 0)
		r = access_move(call->jitd, access, ON_DENIED,
		                &(struct act){.now = call->now,
		                              .actor = call->caller->name,
		                              .text = comment});
	if (r)
		return r < 0 ? r : -EIO;
	call_done(call, access->id, "denied: access %u of %s", access->id, access->subject);
	return 0;
}
