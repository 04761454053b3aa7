/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/listing_parts.h"

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/session.h"

/* ---- one access with what belongs to it ---- */

static int send_row(struct peer *peer, const struct access *access)
{
	struct message out = {.id = MESSAGE_access};
	int r = access_describe(peer->jitd, access, &out.access);

	if (r == 0)
		peer_send(peer, &out);
	return r;
}

static int send_decisions(struct peer *peer, uint32_t access)
{
	cleanup(query_done) struct query query =
	        store_query(peer->jitd->reader, STATEMENT_DECISION_OF);
	int r;

	query_number(&query, ":access", access);
	while ((r = query_step(&query)) == QUERY_ROW) {
		struct message out = {.id = MESSAGE_decision};
		text_sanitize(out.decision.by, sizeof(out.decision.by),
		              query_column_text(&query, 1));
		text_sanitize(out.decision.verdict, sizeof(out.decision.verdict),
		              query_column_text(&query, 2));
		out.decision.at = query_column(&query, 3);
		text_sanitize(out.decision.comment, sizeof(out.decision.comment),
		              query_column_text(&query, 4));
		peer_send(peer, &out);
	}
	return r;
}

int listing_send_access(struct peer *peer, const struct access *access)
{
	int r = send_row(peer, access);

	return r < 0 ? r : send_decisions(peer, access->id);
}

int listing_owed(struct peer *peer, struct listing *listing)
{
	cleanup(query_done) struct query query =
	        store_query(peer->jitd->reader, STATEMENT_SESSION_OF);
	int r = QUERY_ROW, rows = 0;

	query_number(&query, ":access", listing->owed);
	query_number(&query, ":after", listing->after_number);
	while (listing_goes_on(peer, listing, rows) && (r = query_step(&query)) == QUERY_ROW) {
		struct message out = {.id = MESSAGE_session};
		session_describe(&query, &out.session);
		listing->after_number = query_column(&query, 1);
		peer_send(peer, &out);
		rows++;
	}
	if (r == 0)
		listing->owed = 0;
	return r;
}

static int send_whole(struct peer *peer, struct listing *listing, const struct access *access)
{
	int r;

	if (listing->view == VIEW_ACTIVE)
		return send_row(peer, access);
	r = listing_send_access(peer, access);
	if (r < 0)
		return r;
	listing->owed = access->id;
	listing->after_number = 0;
	return listing_owed(peer, listing);
}

/* ---- which accesses ---- */

static int said_already(struct jitd *jitd, uint32_t access, uid_t uid, bool *ret_said)
{
	cleanup(query_done) struct query query = store_query(jitd->reader, STATEMENT_DECISION_BY);
	int r;

	query_number(&query, ":access", access);
	query_number(&query, ":uid", uid);
	r = query_step(&query);
	*ret_said = r == QUERY_ROW;
	return r < 0 ? r : 0;
}

/* Does this access wait for a word of this person? */
static bool waits_for(struct jitd *jitd, const struct listing *listing, const struct access *access)
{
	bool said = true;

	if (access->state != STATE_PENDING || access->uid == listing->person->uid ||
	    !(listing->roles & ROLE_PERSON) || !names_include(access->approvers, listing->person))
		return false;
	return said_already(jitd, access->id, listing->person->uid, &said) == 0 && !said;
}

static const struct {
	enum statement statement;
	bool own;
} views[] = {
        [VIEW_MINE] = {STATEMENT_ACCESS_LIST_OF, true},
        [VIEW_PENDING] = {STATEMENT_ACCESS_LIST_PENDING, false},
        [VIEW_OPEN] = {STATEMENT_ACCESS_LIST_OPEN, false},
        [VIEW_ALL] = {STATEMENT_ACCESS_LIST, false},
        [VIEW_ACTIVE] = {STATEMENT_ACCESS_LIST_ACTIVE_OF, true},
};

static bool belongs(struct jitd *jitd, const struct listing *listing, const struct access *access)
{
	if (listing->view == VIEW_PENDING)
		return waits_for(jitd, listing, access);
	if (views[listing->view].own)
		return access->uid == listing->person->uid;
	return may_see(listing->roles, listing->person, access);
}

static int next_accesses(struct peer *peer, struct listing *listing, int rows)
{
	cleanup(query_done) struct query query =
	        store_query(peer->jitd->reader, views[listing->view].statement);
	int r = 0;

	query_number(&query, ":after", listing->after);
	if (views[listing->view].own)
		query_number(&query, ":uid", listing->person->uid);
	while (!listing->owed && listing_goes_on(peer, listing, rows) &&
	       (r = query_step(&query)) == QUERY_ROW) {
		cleanup(cleanup_access) struct access *access = NULL;
		r = access_of_row(&query, &access);
		if (r < 0)
			return r;
		listing->after = access->id;
		if (belongs(peer->jitd, listing, access))
			r = send_whole(peer, listing, access);
		if (r < 0)
			return r;
		rows++;
	}
	return r < 0 ? r : rows;
}

int listing_accesses(struct peer *peer, struct listing *listing)
{
	bool owed = listing->owed != 0;
	int r = owed ? listing_owed(peer, listing) : 0;

	if (r < 0 || listing->owed)
		return r;
	return next_accesses(peer, listing, owed);
}

bool listing_something_waits(const struct peer *peer)
{
	cleanup(query_done) struct query query =
	        store_query(peer->jitd->reader, STATEMENT_ACCESS_LIST_PENDING);
	uint32_t after = 0;
	bool more = true;

	while (more) {
		more = false;
		query_done(&query);
		query_number(&query, ":after", after);
		while (query_step(&query) == QUERY_ROW) {
			cleanup(cleanup_access) struct access *access = NULL;
			if (access_of_row(&query, &access) < 0)
				return false;
			if (waits_for(peer->jitd, peer->listing, access))
				return true;
			after = access->id;
			more = true;
		}
	}
	return false;
}
