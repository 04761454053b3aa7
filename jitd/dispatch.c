/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/dispatch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/call.h"
#include "jitd/check.h"
#include "jitd/ending.h"
#include "jitd/explain.h"
#include "jitd/foreign_token.h"
#include "jitd/grant.h"
#include "jitd/instant.h"
#include "jitd/issue.h"
#include "jitd/listing.h"
#include "jitd/reload.h"
#include "jitd/revocation.h"
#include "jitd/rotation.h"

#define EVERYBODY 0U

struct route {
	enum message_id id;
	unsigned int roles;               /* any of them; EVERYBODY: no role is needed */
	int (*handle)(struct call *call); /* inside a message; NULL: it answers by rows */
	call_names *names;
	void (*begin)(struct call *call); /* of those, and of what takes a look at the pool first */
	bool requester; /* who asked for the access that it names is looked up anew */
	bool gives;     /* not by a clock that is behind */
};

static void begin_listing(struct call *call);
static void begin_explanation(struct call *call);
static void begin_presenting(struct call *call);

/* approve and deny are for persons; their handlers say so with the rule at hand, so that the line
 * can name who decides */
static const struct route routes[] = {
        {MESSAGE_request, ROLE_PERSON, handle_request, request_names, NULL, false, true},
        {MESSAGE_cancel, ROLE_PERSON, handle_cancel, NULL, NULL, false, false},
        {MESSAGE_approve, EVERYBODY, handle_approve, NULL, NULL, true, true},
        {MESSAGE_deny, EVERYBODY, handle_deny, NULL, NULL, false, false},
        {MESSAGE_revoke, ROLE_PERSON | ROLE_ADMIN, handle_revoke, revoke_names, NULL, false, false},
        {MESSAGE_lock, ROLE_ADMIN, handle_lock, lock_names, NULL, false, false},
        {MESSAGE_unlock, ROLE_ADMIN, handle_unlock, unlock_names, NULL, false, false},
        {MESSAGE_end_session, EVERYBODY, handle_end_session, NULL, NULL, false, false},
        {MESSAGE_reload, ROLE_ADMIN, handle_reload, NULL, NULL, false, false},
        {MESSAGE_key_change, ROLE_ADMIN, handle_key_change, NULL, NULL, false, false},
        {MESSAGE_clock_accept, ROLE_ADMIN, handle_clock_accept, NULL, NULL, false, false},
        {MESSAGE_token, ROLE_PERSON, handle_token, NULL, NULL, false, true},
        {MESSAGE_present, ROLE_PERSON, handle_present, NULL, begin_presenting, false, true},
        {MESSAGE_list, EVERYBODY, NULL, NULL, begin_listing, false, false},
        {MESSAGE_show, EVERYBODY, NULL, NULL, begin_listing, false, false},
        {MESSAGE_watch, EVERYBODY, NULL, NULL, begin_listing, false, false},
        {MESSAGE_sessions, EVERYBODY, NULL, NULL, begin_listing, false, false},
        {MESSAGE_audit, ROLE_AUDITOR, NULL, NULL, begin_listing, false, false},
        {MESSAGE_status, EVERYBODY, NULL, NULL, begin_listing, false, false},
        {MESSAGE_keys, EVERYBODY, NULL, NULL, begin_listing, false, false},
        {MESSAGE_explain, ROLE_ADMIN, NULL, explain_names, begin_explanation, false, false},
};

static const struct route *find_route(enum message_id id)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (routes[i].id == id)
			return &routes[i];
	return NULL;
}

/* ---- the answer ---- */

static void call_free(struct call *call)
{
	identity_free(call->caller);
	identity_free(call->requester);
	foreign_token_free(call->foreign);
	for (size_t i = 0; i < call->named_count; i++)
		identity_free(call->named[i].identity);
	peer_release(call->peer);
	message_wipe(&call->in);
	message_wipe(&call->out);
	free(call);
}

static void answer(struct call *call)
{
	call->peer->state = WIRE_IDLE;
	peer_send(call->peer, &call->out);
	call_free(call);
}

static void answer_refusal(struct call *call, const char *text)
{
	memset(&call->out.refused, 0, sizeof(call->out.refused));
	call->out.id = MESSAGE_refused;
	text_sanitize(call->out.refused.text, sizeof(call->out.refused.text), text);
	answer(call);
}

static void not_on_disk(struct call *call)
{
	if (call->in.id == MESSAGE_clock_accept)
		instants_take_back(call->jitd);
	if (revocation_remember(call))
		answer(call);
	else
		answer_refusal(call, call->sweep ? RELOAD_NOT_ON_DISK
		                                 : "nothing was changed: jitd cannot write its "
		                                   "database (is the disk full?)");
}

static void settle(struct txn_result *result, bool committed)
{
	struct call *call = (struct call *)(void *)result;

	if (committed)
		answer(call);
	else
		not_on_disk(call);
}

/* What came while the token was signed was faster: a denial, the end of its time, another rule. */
static void not_active(struct call *call)
{
	cleanup(cleanup_access) struct access *access = NULL;
	char text[128] = "the access did not become active: jitd's log says why";

	if (access_get(call->jitd->store, call->activate, &access) == 0 &&
	    access->state != STATE_PENDING)
		best_effort(text_format(text, sizeof(text),
		                        "access %u did not become active: it is %s", access->id,
		                        access_state_word(access->state)));
	answer_refusal(call, text);
}

static void activated(void *context, bool active)
{
	struct call *call = context;

	if (active)
		txn_wait(call->jitd->txn, &call->result);
	else
		not_active(call);
}

static void fail(struct call *call, int error)
{
	audit_log(call->jitd->audit, "%s of %s failed: %s", wire_info(call->in.id)->name,
	          call->caller->name, strerror(-error));
	not_on_disk(call);
}

static void issued(struct call *call, int result)
{
	if (result < 0)
		fail(call, result);
	else if (call->out.id == MESSAGE_refused)
		answer(call);
	else
		txn_wait(call->jitd->txn, &call->result);
}

/* What was changed is committed already. */
static void keys_changed(struct call *call, int result)
{
	if (result < 0)
		fail(call, result);
	else
		answer(call);
}

/* The new rules are in force. */
static void swept(void *context, const struct swept *swept)
{
	struct call *call = context;

	reload_tell(call, swept);
	if (call->out.id == MESSAGE_refused)
		answer(call);
	else
		txn_wait(call->jitd->txn, &call->result);
}

/* ---- the message ---- */

static int handle(struct call *call)
{
	if (call->route->gives && !clock_gives(call->clock))
		return call_refuse(call, "clock", INSTANT_NOTHING);
	return call->route->handle(call);
}

static int run_inside(struct call *call)
{
	unsigned int wanted = call->route->roles;

	if (!wanted || call->roles & wanted)
		return handle(call);
	if (call->caller->uid == 0)
		return call_refuse(
		        call, "not-a-person",
		        "root is nobody in particular: do this as yourself, without sudo");
	if (!call->roles)
		return call_refuse(
		        call, "not-a-person",
		        "you came here through another login: do this from a login of your own");
	return call_refuse(call, "not-allowed", "only %sadministrators do this",
	                   wanted & ROLE_AUDITOR ? "auditors and " : "");
}

static void run(struct call *call)
{
	struct txn *txn = call->jitd->txn;
	int r = txn_enter(txn);

	if (r == 0) {
		r = run_inside(call);
		r = txn_leave(txn, r);
	}
	if (r < 0)
		fail(call, r);
	else if (call->out.id == MESSAGE_refused && !call->refused_after_commit)
		answer(call);
	else if (call->activate)
		grant_activate(call->jitd, call->activate, activated, call);
	else if (call->sweep)
		sweep_begin(call->jitd, call->in.reload.revoke ? call->caller->name : NULL, swept,
		            call);
	else if (call->issue)
		issue_begin(call, issued);
	else if (call->rekey)
		rotation_begin(call, keys_changed);
	else
		txn_wait(txn, &call->result);
}

static void begin_listing(struct call *call)
{
	listing_begin(call);
	call_free(call);
}

static void begin_explanation(struct call *call)
{
	explain_begin(call, call_free);
}

static void begin_presenting(struct call *call)
{
	present_begin(call, run);
}

/* A refusal runs as a message, for its event. */
static void begin(struct call *call)
{
	if (!call->route->begin || (call->route->roles && !(call->roles & call->route->roles)))
		run(call);
	else
		call->route->begin(call);
}

static void look_up_named(struct call *call);

static void named_known(void *context, enum names_result result, const struct identity *identity)
{
	struct call *call = context;
	struct named *named = &call->named[call->named_count++];

	named->result = result;
	if (identity)
		named->identity = identity_copy(identity);
	look_up_named(call);
}

/* One after the other; when there are no more the command runs. */
static void look_up_named(struct call *call)
{
	struct names_key key = {0};

	if (call->named_count == SCOPES_MAX || !call->route->names ||
	    !call->route->names(call, call->named_count, key.name)) {
		begin(call);
		return;
	}
	best_effort(text_copy(call->named[call->named_count].name, NAME_SIZE, key.name));
	if (key.name[0])
		names_lookup(call->jitd->names, LANE_CLIENT, &key, named_known, call);
	else
		named_known(call, NAMES_UNKNOWN, NULL);
}

static void requester_known(void *context, enum names_result result,
                            const struct identity *identity)
{
	struct call *call = context;

	call->requester_result = result;
	if (identity)
		call->requester = identity_copy(identity);
	look_up_named(call);
}

/* Of an access that nobody can have been shown yet nobody is looked up: its number was guessed. */
static void look_up_requester(struct call *call)
{
	cleanup(cleanup_access) struct access *access = NULL;
	struct names_key key = {0};

	if (!call->route->requester ||
	    access_get(call->jitd->reader, call_access(&call->in), &access) != 0) {
		look_up_named(call);
		return;
	}
	key.uid = access->uid;
	names_lookup(call->jitd->names, LANE_CLIENT, &key, requester_known, call);
}

static void caller_known(void *context, enum names_result result, const struct identity *identity)
{
	struct call *call = context;

	if (result == NAMES_FOUND && identity)
		call->caller = identity_copy(identity);
	if (!call->caller) {
		answer_refusal(
		        call,
		        result == NAMES_UNKNOWN
		                ? "this host does not know your uid"
		                : "this host cannot tell who you are right now: try again soon");
		return;
	}
	call_read_clock(call);
	call->roles = roles_of(call->jitd, &call->peer->process, call->caller);
	look_up_requester(call);
}

void dispatch(struct peer *peer, const struct message *message)
{
	const struct route *route = find_route(message->id);
	struct names_key key = {.uid = peer->process.uid};
	struct call *call;

	if (message->id == MESSAGE_check) {
		check_begin(peer, &message->check);
		return;
	}
	if (message->id == MESSAGE_answer) {
		check_answer(peer, &message->answer);
		return;
	}
	call = route ? calloc(1, sizeof(*call)) : NULL;
	if (!call) {
		peer_close(peer); /* no handler, or no memory: no answer is a refusal */
		return;
	}
	call->result.settle = settle;
	call->jitd = peer->jitd;
	call->peer = peer_hold(peer);
	call->route = route;
	memcpy(&call->in, message, sizeof(call->in));
	peer->state = WIRE_BUSY;
	names_lookup(peer->jitd->names, LANE_CLIENT, &key, caller_known, call);
}
