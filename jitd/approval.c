/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One approver's word. Who may say it is jitd/approver.h's; whether what they decide on still
 * stands, jitd/standing.h's; what it counts for, jitd/vote.h's.
 */
#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "jitd/approver.h"
#include "jitd/shown.h"
#include "jitd/standing.h"
#include "jitd/vote.h"

static int find(struct call *call, uint32_t id, struct access **ret_access, bool *ret_refused)
{
	cleanup(cleanup_access) struct access *access = NULL;
	int r = access_get(call->jitd->store, id, &access);

	if (r < 0)
		return r;
	*ret_refused = true;
	if (r == ACCESS_UNKNOWN ||
	    (!call_may_see(call, access) && !call_is_requester(call, access)))
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

/* Who may decide on what: the same for both words. */
static int prepare(struct call *call, uint32_t id, const char *comment, struct access **ret_access,
                   bool *ret_refused)
{
	int r = call_check_text(call, "comment", comment, REASON_MAX, ret_refused);

	if (r == 0 && !*ret_refused)
		r = find(call, id, ret_access, ret_refused);
	if (r == 0 && !*ret_refused)
		r = approver_check(call, *ret_access, ret_refused);
	return r;
}

/* ---- yes ---- */

static int check_shown(struct call *call, const struct access *access, bool *ret_refused)
{
	*ret_refused = !shown_is(access, call->in.approve.digest);
	if (!*ret_refused)
		return 0;
	return call_refuse(call, "digest",
	                   "access %u is not what you were shown: look again (jitd-admin show %u)",
	                   access->id, access->id);
}

static int check_standing(struct call *call, struct access *access, bool *ret_refused)
{
	struct stance stance;
	int r;

	standing_of(call->jitd, access, call->requester_result, call->requester, call->now,
	            &stance);
	*ret_refused = stance.standing != STANDING_GOOD;
	if (!*ret_refused)
		return 0;
	if (stance.standing != STANDING_LAPSED)
		return call_refuse(call, stance.word, "%s", stance.why);
	r = access_move(call->jitd, access, ON_LAPSE,
	                &(struct act){.now = call->now, .text = stance.why});
	if (r)
		return r < 0 ? r : -EIO;
	call->refused_after_commit = true;
	return call_refuse(call, stance.word, "access %u has lapsed: %s; %s must ask again",
	                   access->id, stance.why, access->subject);
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

static int say_yes(struct call *call, const struct access *access)
{
	struct votes votes = {.denials = INT64_MAX};
	int r = vote_write(call, access, VOTE_YES, call->in.approve.comment,
	                   call->in.approve.digest);

	if (r == 0)
		r = votes_of(call->jitd->store, access, &votes);
	if (r < 0)
		return r;
	if (votes.approvals < access->approvals) {
		call_done(call, access->id, "approved by you; access %u waits for %lld more",
		          access->id, (long long)(access->approvals - votes.approvals));
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
		r = approver_check_hands(call, access, &refused);
	if (r == 0 && !refused)
		r = check_shown(call, access, &refused);
	if (r == 0 && !refused)
		r = check_standing(call, access, &refused);
	if (r == 0 && !refused)
		r = shorten(call, access, &refused);
	if (r < 0 || refused)
		return r;
	return access ? say_yes(call, access) : -EIO;
}

/* ---- no ---- */

static int end_denied(struct call *call, struct access *access)
{
	int r = access_move(call->jitd, access, ON_DENIED,
	                    &(struct act){.now = call->now,
	                                  .actor = call->caller->name,
	                                  .text = call->in.deny.comment});

	if (r)
		return r < 0 ? r : -EIO;
	call_done(call, access->id, "denied: access %u of %s", access->id, access->subject);
	return 0;
}

static bool is_digest(const char *text)
{
	return strlen(text) == SHOWN_DIGITS && strspn(text, "0123456789abcdef") == SHOWN_DIGITS;
}

/* A no is never refused for what was shown: it is kept where it is a digest. */
static int say_no(struct call *call, struct access *access)
{
	const char *digest = call->in.deny.digest;
	struct votes votes = {.denials = INT64_MAX};
	int r = vote_write(call, access, VOTE_NO, call->in.deny.comment,
	                   is_digest(digest) ? digest : "");

	if (r == 0)
		r = votes_of(call->jitd->store, access, &votes);
	if (r < 0)
		return r;
	if (votes.denials >= access->denials)
		return end_denied(call, access);
	call_done(call, access->id, "denied by you; %lld more end access %u",
	          (long long)(access->denials - votes.denials), access->id);
	return 0;
}

int handle_deny(struct call *call)
{
	cleanup(cleanup_access) struct access *access = NULL;
	bool refused = false;
	int r = prepare(call, call->in.deny.access, call->in.deny.comment, &access, &refused);

	if (r < 0 || refused)
		return r;
	return access ? say_no(call, access) : -EIO;
}
