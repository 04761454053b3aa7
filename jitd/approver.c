/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/approver.h"

#include <string.h>

#include "base/cleanup.h"
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
	query_number(&query, ":latest", call->now + CLOCK_SLACK);
	query_number(&query, ":boot_since", call->boot - call->jitd->settings->max_grant);
	query_text(&query, ":boot_id", call->jitd->boot_id);
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

int approver_check_hands(struct call *call, const struct access *access, bool *ret_refused)
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
int approver_check(struct call *call, const struct access *access, bool *ret_refused)
{
	bool locked = true, said = true;
	int r;

	*ret_refused = true;
	if (call_is_requester(call, access))
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
