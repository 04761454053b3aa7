/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/listing_parts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/audit.h"
#include "jitd/clock.h"
#include "jitd/key_rows.h"
#include "jitd/session.h"
#include "jitd/status.h"

/* Of the loop: as long as a check waits for a listing at each of its steps. */
#define TURN_NS  100000
#define ALIVE_NS INT64_C(1000000000) /* without a word, while there is nothing to tell */

struct listing *listing_free(struct listing *listing)
{
	if (listing)
		identity_free(listing->person);
	free(listing);
	return NULL;
}

bool listing_goes_on(const struct peer *peer, const struct listing *listing, int rows)
{
	return peer_open(peer) && !peer->first &&
	       (!rows || clock_ticks() - listing->turn < TURN_NS);
}

static void send_end(struct peer *peer)
{
	struct message end = {.id = MESSAGE_end};

	peer->listing = listing_free(peer->listing);
	peer->state = WIRE_IDLE;
	peer_send(peer, &end);
}

static void send_refusal(struct peer *peer, const char *text)
{
	struct message out = {.id = MESSAGE_refused};

	text_sanitize(out.refused.text, sizeof(out.refused.text), text);
	peer->listing = listing_free(peer->listing);
	peer->state = WIRE_IDLE;
	peer_send(peer, &out);
}

/* ---- sessions and events ---- */

static int list_sessions(struct peer *peer, struct listing *listing)
{
	cleanup(query_done) struct query query =
	        store_query(peer->jitd->reader, STATEMENT_SESSION_LIVE);
	int r = 0, rows = 0;

	query_number(&query, ":access", listing->after);
	query_number(&query, ":n", listing->after_number);
	while (listing_goes_on(peer, listing, rows) && (r = query_step(&query)) == QUERY_ROW) {
		cleanup(cleanup_access) struct access *access = NULL;
		struct message out = {.id = MESSAGE_session};
		session_describe(&query, &out.session);
		r = access_get(peer->jitd->reader, out.session.access, &access);
		if (r < 0)
			return r;
		if (r == 0 && may_see(listing->roles, listing->person, access))
			peer_send(peer, &out);
		listing->after = out.session.access;
		listing->after_number = query_column(&query, 1);
		rows++;
	}
	return r < 0 ? r : rows;
}

/* The public half of those that are not gone. */
static int put_jwk(const struct jitd *jitd, struct wire_key *row)
{
	const struct keyset_entry *entry =
	        keyset_find(keys_set(jitd->keys), row->kid, strlen(row->kid));
	cleanup(cleanup_free) char *jwk = NULL;
	int r = entry ? key_public_jwk(entry->key, &jwk) : 0;

	return r < 0 || !jwk ? r : text_copy(row->jwk, sizeof(row->jwk), jwk);
}

static int list_keys(struct peer *peer, struct listing *listing)
{
	cleanup(query_done) struct query query =
	        store_query(peer->jitd->reader, STATEMENT_KEY_LIST);
	int r = 0, rows = 0;

	query_number(&query, ":after", listing->after);
	while (listing_goes_on(peer, listing, rows) && (r = query_step(&query)) == QUERY_ROW) {
		struct message out = {.id = MESSAGE_key};
		key_row_describe(&query, &out.key);
		r = put_jwk(peer->jitd, &out.key);
		if (r < 0)
			return r;
		listing->after = query_column(&query, 0);
		peer_send(peer, &out);
		rows++;
	}
	return r < 0 ? r : rows;
}

static void event_of_row(const struct query *query, struct wire_event *row)
{
	row->id = query_column(query, 0);
	row->at = query_column(query, 1);
	text_sanitize(row->event, sizeof(row->event), query_column_text(query, 2));
	text_sanitize(row->verdict, sizeof(row->verdict), query_column_text(query, 3));
	text_sanitize(row->reason, sizeof(row->reason), query_column_text(query, 4));
	row->access = (uint32_t)query_column(query, 5);
	text_sanitize(row->session, sizeof(row->session), query_column_text(query, 6));
	text_sanitize(row->subject, sizeof(row->subject), query_column_text(query, 7));
	text_sanitize(row->actor, sizeof(row->actor), query_column_text(query, 8));
	text_sanitize(row->service, sizeof(row->service), query_column_text(query, 9));
	text_sanitize(row->phase, sizeof(row->phase), query_column_text(query, 10));
	text_sanitize(row->account, sizeof(row->account), query_column_text(query, 11));
	row->pid = (uint32_t)query_column(query, 12);
	row->count = query_column(query, 13);
	text_sanitize(row->text, sizeof(row->text), query_column_text(query, 14));
	text_sanitize(row->policy, sizeof(row->policy), query_column_text(query, 15));
}

static void send_event(struct peer *peer, const struct query *query)
{
	struct message out = {.id = MESSAGE_event};

	event_of_row(query, &out.event);
	peer_send(peer, &out);
}

static int list_events(struct peer *peer, struct listing *listing)
{
	cleanup(query_done) struct query query =
	        store_query(peer->jitd->reader,
	                    listing->access ? STATEMENT_EVENT_LIST_OF : STATEMENT_EVENT_LIST);
	int r = 0, rows = 0;

	query_number(&query, ":after", listing->after);
	query_number(&query, ":until", listing->until);
	if (listing->access)
		query_number(&query, ":access", listing->access);
	while (listing_goes_on(peer, listing, rows) && (r = query_step(&query)) == QUERY_ROW) {
		listing->after = query_column(&query, 0);
		rows++;
		/* not the statement's to leave out: it would walk over all that is older at once */
		if (query_column(&query, 1) >= listing->since)
			send_event(peer, &query);
	}
	return r < 0 ? r : rows;
}

/* ---- going on ---- */

static int next_rows(struct peer *peer, struct listing *listing)
{
	if (listing->what == MESSAGE_sessions)
		return list_sessions(peer, listing);
	if (listing->what == MESSAGE_audit)
		return list_events(peer, listing);
	if (listing->what == MESSAGE_keys)
		return list_keys(peer, listing);
	if (listing->what == MESSAGE_show)
		return listing_owed(peer, listing);
	return listing_accesses(peer, listing);
}

/* It may look at much before it finds what it is to tell. */
static void come_back(struct peer *peer)
{
	if (clock_ticks() - peer->active > ALIVE_NS)
		peer_send(peer, &(struct message){.id = MESSAGE_wait});
	if (peer_open(peer))
		peer_come_back(peer);
}

/* A page at a time: who has many accesses to look through does not hold up the checks. */
void listing_continue(struct peer *peer)
{
	int r;

	if (!peer->listing || peer->first)
		return;
	peer->listing->turn = clock_ticks();
	r = next_rows(peer, peer->listing);
	if (!peer_open(peer))
		return;
	if (r < 0)
		send_refusal(peer, "jitd cannot read its database: the log says why");
	else if (r == 0)
		send_end(peer);
	else
		come_back(peer);
}

/* ---- watching ---- */

static bool send_if_watched(struct peer *peer)
{
	cleanup(cleanup_access) struct access *access = NULL;

	if (access_get(peer->jitd->reader, peer->watching, &access) != 0)
		return false;
	return listing_send_access(peer, access) == 0;
}

static void tell(struct peer *peer, void *context)
{
	(void)context;
	if (peer->watching && !send_if_watched(peer))
		peer_close(peer);
	if (peer_open(peer) && peer->watching_pending && listing_something_waits(peer)) {
		peer->watching_pending = false;
		listing_continue(peer);
	}
}

void listing_tell_watchers(struct jitd *jitd)
{
	peers_each(jitd->peers, tell, NULL);
}

/* ---- the beginning ---- */

/* Trying numbers leaves its trace. */
static void refuse_number(const struct call *call, uint32_t id, bool mine)
{
	char text[64];

	best_effort(text_format(text, sizeof(text), "no such access%s: %u", mine ? " of yours" : "",
	                        id));
	audit_alone(call->jitd, call->now,
	            &(struct event){.event = EVENT_REFUSED,
	                            .verdict = "deny",
	                            .reason = "unknown-access",
	                            .access = id,
	                            .actor = call->caller->name,
	                            .actor_uid = call->caller->uid,
	                            .pid = call->peer->process.pid,
	                            .text = text});
	send_refusal(call->peer, text);
}

/* Who tries to decide on a request of their own, through whatever login, is told that it is. */
static bool may_show(const struct call *call, const struct access *access)
{
	return call_may_see(call, access) || call_is_requester(call, access);
}

static int64_t last_event(struct jitd *jitd)
{
	cleanup(query_done) struct query query = store_query(jitd->reader, STATEMENT_EVENT_LAST);

	return query_step(&query) == QUERY_ROW ? query_column(&query, 0) : INT64_MAX;
}

static int listing_new(struct call *call)
{
	struct listing *listing = calloc(1, sizeof(*listing));

	if (!listing)
		return -ENOMEM;
	listing->person = identity_copy(call->caller);
	if (!listing->person) {
		free(listing);
		return -ENOMEM;
	}
	listing->roles = call->roles;
	listing->what = call->in.id;
	listing->view =
	        call->in.id == MESSAGE_list ? (enum wire_view)call->in.list.view : VIEW_PENDING;
	if (call->in.id == MESSAGE_audit) {
		listing->access = call->in.audit.access;
		listing->since = call->in.audit.since;
		listing->until = last_event(call->jitd);
	}
	call->peer->listing = listing_free(call->peer->listing);
	call->peer->listing = listing;
	return 0;
}

static void show(struct call *call, uint32_t id, bool mine)
{
	cleanup(cleanup_access) struct access *access = NULL;
	struct peer *peer = call->peer;
	int r = access_get(call->jitd->reader, id, &access);

	if (r == 0 && (mine ? access->uid != call->caller->uid : !may_show(call, access)))
		r = ACCESS_UNKNOWN;
	if (r == ACCESS_UNKNOWN) {
		refuse_number(call, id, mine);
		return;
	}
	if (r == 0)
		r = listing_send_access(peer, access);
	if (r < 0) {
		send_refusal(peer, "jitd cannot read its database: the log says why");
	} else if (call->in.id == MESSAGE_show && listing_new(call) < 0) {
		send_refusal(peer, "jitd has no memory left");
	} else if (call->in.id == MESSAGE_watch) {
		peer->watching = id;
	} else {
		peer->listing->owed = id;
		listing_continue(peer);
	}
}

void listing_begin(struct call *call)
{
	struct peer *peer = call->peer;

	if (call->in.id == MESSAGE_show) {
		show(call, call->in.show.access, call->in.show.mine);
		return;
	}
	if (call->in.id == MESSAGE_watch && call->in.watch.access) {
		show(call, call->in.watch.access, true);
		return;
	}
	if (call->in.id == MESSAGE_status) {
		status_send(peer);
		send_end(peer);
		return;
	}
	if (listing_new(call) < 0) {
		send_refusal(peer, "jitd has no memory left");
		return;
	}
	if (call->in.id == MESSAGE_watch && !listing_something_waits(peer)) {
		peer->watching_pending = true;
		peer_send(peer, &(struct message){.id = MESSAGE_wait}); /* heard, and alive */
	} else {
		listing_continue(peer);
	}
}
