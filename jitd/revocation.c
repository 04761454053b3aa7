/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/revocation.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "jitd/ending.h"
#include "jitd/instant.h"
#include "jitd/lock.h"
#include "jitd/unwritten.h"
#include "policy/scope.h"

#define RETRY_MS    1000
#define RETRY_COUNT 16 /* commits in one turn of the loop */

/* ---- which accesses are meant ---- */

struct selection {
	unsigned int by;
	const char *value;
	char scope[SCOPES_SIZE];     /* canonical value, by scope */
	const struct identity *user; /* by user, where they still are one */
	uint32_t access;             /* the one, by access or token */
};

struct ids {
	uint32_t *items;
	size_t count;
};

static void cleanup_ids(const struct ids *ids)
{
	free(ids->items);
}

static int ids_add(struct ids *ids, uint32_t id)
{
	uint32_t *grown = realloc(ids->items, (ids->count + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	ids->items = grown;
	ids->items[ids->count++] = id;
	return 0;
}

static int is_of_key(struct store *store, const char *kid, uint32_t access, bool *ret_is)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_TOKEN_OF_KEY);
	int r;

	query_number(&query, ":access", access);
	query_text(&query, ":kid", kid);
	r = query_step(&query);
	*ret_is = r == QUERY_ROW;
	return r < 0 ? r : 0;
}

static int is_meant(struct store *store, const struct selection *selection,
                    const struct access *access, bool *ret_meant)
{
	switch ((enum revoke_by)selection->by) {
	case REVOKE_ACCESS:
	case REVOKE_TOKEN:
		*ret_meant = access->id == selection->access;
		return 0;
	case REVOKE_USER:
		*ret_meant = !strcmp(access->subject, selection->value) ||
		             (selection->user && access->uid == selection->user->uid);
		return 0;
	case REVOKE_SCOPE:
		*ret_meant = scope_contains(access->scope, selection->scope);
		return 0;
	case REVOKE_KEY:
		return is_of_key(store, selection->value, access->id, ret_meant);
	case REVOKE_ALL:
		*ret_meant = true;
		return 0;
	}
	return -EINVAL;
}

static int select_some(struct store *store, enum statement statement,
                       const struct selection *selection, uint32_t *after, struct ids *ids)
{
	cleanup(query_done) struct query query = store_query(store, statement);
	int r, rows = 0;

	query_number(&query, ":after", *after);
	while ((r = query_step(&query)) == QUERY_ROW) {
		cleanup(cleanup_access) struct access *access = NULL;
		bool meant = false;
		rows++;
		r = access_of_row(&query, &access);
		if (r == 0)
			r = is_meant(store, selection, access, &meant);
		if (r == 0 && meant)
			r = ids_add(ids, access->id);
		if (r < 0)
			return r;
		*after = access->id;
	}
	return r < 0 ? r : rows;
}

static int select_all(struct store *store, const struct selection *selection, struct ids *ids)
{
	static const enum statement statements[] = {STATEMENT_ACCESS_REVOCABLE,
	                                            STATEMENT_ACCESS_IN_USE};
	int r = 0;

	for (size_t i = 0; r == 0 && i < sizeof(statements) / sizeof(statements[0]); i++) {
		uint32_t after = 0;
		do
			r = select_some(store, statements[i], selection, &after, ids);
		while (r > 0);
	}
	return r;
}

static int access_of_token(struct store *store, const char *jti, uint32_t *ret_access)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_TOKEN_GET);
	int r;

	query_text(&query, ":jti", jti);
	r = query_step(&query);
	if (r < 0)
		return r;
	*ret_access = r == QUERY_ROW ? (uint32_t)query_column(&query, 0) : 0;
	return 0;
}

/* Reads what the command names; *ret_wrong says what is wrong with it. */
static int selection_of(struct store *store, const struct call *call, struct selection *out,
                        const char **ret_wrong)
{
	const char *value = call->in.revoke.value;
	struct fault fault;
	uint64_t number = 0;

	*out = (struct selection){
	        .by = call->in.revoke.by, .value = value, .user = call->named[0].identity};
	*ret_wrong = NULL;
	if (out->by == REVOKE_ACCESS) {
		if (parse_number(value, UINT32_MAX, &number) < 0 || !number)
			*ret_wrong = "an access is a number";
		out->access = (uint32_t)number;
	}
	if (out->by == REVOKE_SCOPE &&
	    (scope_canonical(value, out->scope, &fault) < 0 || strchr(out->scope, ' ')))
		*ret_wrong = "a scope is SERVICE:ACCOUNT, one of them";
	if (out->by == REVOKE_USER && !text_is_name(value))
		*ret_wrong = "that is no user name";
	return out->by == REVOKE_TOKEN ? access_of_token(store, value, &out->access) : 0;
}

/* ---- the commands ---- */

/* An admin may end anything; a person whom the rule names as approver, that access. */
static bool may_revoke(const struct call *call, const struct selection *selection,
                       const struct access *access)
{
	if (call->roles & ROLE_ADMIN)
		return true;
	return selection->by == REVOKE_ACCESS && access && call->roles & ROLE_PERSON &&
	       names_include(access->approvers, call->caller);
}

static int check_right(struct call *call, const struct selection *selection, bool *ret_refused)
{
	cleanup(cleanup_access) struct access *access = NULL;
	int r = 0;

	if (selection->by == REVOKE_ACCESS)
		r = access_get(call->jitd->store, selection->access, &access);
	if (r < 0)
		return r;
	*ret_refused = true;
	if (selection->by == REVOKE_ACCESS &&
	    (!access || (!call_may_see(call, access) && !may_revoke(call, selection, access))))
		return call_refuse(call, "unknown-access", "no such access: %u", selection->access);
	if (!may_revoke(call, selection, access))
		return call_refuse(
		        call, "not-allowed",
		        selection->by == REVOKE_ACCESS
		                ? "only approvers of access %u and administrators revoke it; its subject cancels it"
		                : "only administrators revoke more than one access",
		        selection->access);
	if (access)
		r = access_may_move(call->jitd, access, ON_REVOKE);
	if (r < 0)
		return r;
	if (r == ACCESS_WRONG_STATE)
		return call_refuse(call, "state", "access %u is %s already", access->id,
		                   access_state_word(access->state));
	*ret_refused = false;
	return 0;
}

static int revoke_one(struct jitd *jitd, uint32_t id, const struct act *act)
{
	cleanup(cleanup_access) struct access *access = NULL;
	int r = access_get(jitd->store, id, &access);

	if (r == 0)
		r = access_move(jitd, access, ON_REVOKE, act);
	return r < 0 ? r : 0; /* over already is as good */
}

/* Nothing is meant: a name mistyped in haste must not look like one that is rid of its access. */
static int revoke_nothing(struct call *call, const struct selection *what)
{
	if (what->by == REVOKE_USER && call->named[0].result == NAMES_UNKNOWN)
		return call_refuse(call, "unknown-user", "no such user here: %.64s", what->value);
	if (what->by == REVOKE_TOKEN && !what->access)
		return call_refuse(call, "unknown-token", "no such token: %.64s", what->value);
	call_done(call, 0, "nothing to revoke: none such is pending or active");
	return 0;
}

int handle_revoke(struct call *call)
{
	const struct act act = {.now = call->now, .actor = call->caller->name};
	cleanup(cleanup_ids) struct ids ids = {0};
	struct selection selection;
	bool refused = false;
	const char *wrong;
	int r = selection_of(call->jitd->store, call, &selection, &wrong);

	if (r == 0 && wrong)
		return call_refuse(call, "value", "revoke: %s", wrong);
	if (r == 0)
		r = check_right(call, &selection, &refused);
	if (r < 0 || refused)
		return r;
	r = select_all(call->jitd->store, &selection, &ids);
	for (size_t i = 0; r == 0 && i < ids.count; i++)
		r = revoke_one(call->jitd, ids.items[i], &act);
	if (r < 0)
		return r;
	if (!ids.count)
		return revoke_nothing(call, &selection);
	if (selection.by == REVOKE_ACCESS)
		call_done(call, selection.access, "revoked: access %u", selection.access);
	else
		call_done(call, 0, "revoked: %zu access%s", ids.count, ids.count == 1 ? "" : "es");
	return 0;
}

bool revoke_names(const struct call *call, size_t index, char ret_name[static NAME_SIZE])
{
	return call->in.revoke.by == REVOKE_USER &&
	       lock_name_of(call->in.revoke.value, index, ret_name);
}

/* ---- with their key ---- */

static int select_of_key(struct store *store, const char *kid, int64_t now, struct ids *ids)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_TOKEN_LIVE_OF_KEY);
	int r;

	query_text(&query, ":kid", kid);
	query_number(&query, ":now", now);
	while ((r = query_step(&query)) == QUERY_ROW) {
		r = ids_add(ids, (uint32_t)query_column(&query, 0));
		if (r < 0)
			return r;
	}
	return r;
}

int revocation_of_key(struct jitd *jitd, const char *kid, const struct act *act, size_t *ret_count)
{
	cleanup(cleanup_ids) struct ids ids = {0};
	int r = select_of_key(jitd->store, kid, act->now, &ids);

	for (size_t i = 0; r == 0 && i < ids.count; i++)
		r = revoke_one(jitd, ids.items[i], act);
	*ret_count += ids.count;
	return r;
}

/* ---- in force, not on disk ---- */

static bool remember(struct jitd *jitd, const char *actor, uint32_t access,
                     const struct identity *locked)
{
	struct unwritten_order order = {.access = access};

	text_sanitize(order.actor, sizeof(order.actor), actor);
	if (locked) {
		order.uid = locked->uid;
		text_sanitize(order.name, sizeof(order.name), locked->name);
	}
	endings_look(jitd);
	return unwritten_add(jitd->unwritten, &order);
}

bool revocation_of_key_remember(struct jitd *jitd, const char *kid, const char *actor)
{
	cleanup(cleanup_ids) struct ids ids = {0};

	if (select_of_key(jitd->reader, kid, instant_now(jitd).now, &ids) < 0)
		return false;
	for (size_t i = 0; i < ids.count; i++)
		if (!remember(jitd, actor, ids.items[i], NULL))
			return false;
	return true;
}

/* The right was not decided where the store failed first: asked again of what is committed. */
static bool remember_accesses(struct call *call)
{
	cleanup(cleanup_ids) struct ids ids = {0};
	cleanup(cleanup_access) struct access *access = NULL;
	struct selection selection;
	const char *wrong;

	if (selection_of(call->jitd->reader, call, &selection, &wrong) < 0 || wrong)
		return false;
	if (selection.by == REVOKE_ACCESS &&
	    access_get(call->jitd->reader, selection.access, &access) != 0)
		return false;
	if (!may_revoke(call, &selection, access) ||
	    select_all(call->jitd->reader, &selection, &ids) < 0)
		return false;
	for (size_t i = 0; i < ids.count; i++)
		if (!remember(call->jitd, call->caller->name, ids.items[i], NULL))
			return false;
	return ids.count > 0;
}

bool revocation_remember(struct call *call)
{
	bool kept = false;

	if (call->in.id == MESSAGE_revoke)
		kept = remember_accesses(call);
	if (call->in.id == MESSAGE_lock && call->roles & ROLE_ADMIN && call->named[0].identity &&
	    call->named[0].identity->uid != 0)
		kept = remember(call->jitd, call->caller->name, 0, call->named[0].identity);
	if (kept)
		call_done(call, 0,
		          "in force, not yet on disk: jitd cannot write its database; make room");
	return kept;
}

static int write_one(struct jitd *jitd, const struct unwritten_order *one)
{
	const struct act act = {.now = instant_now(jitd).now, .actor = one->actor};
	int r = txn_enter(jitd->txn);

	if (r < 0)
		return r;
	r = one->access ? revoke_one(jitd, one->access, &act)
	                : lock_row(jitd, one->uid, one->name, one->actor, act.now);
	r = txn_leave(jitd->txn, r);
	if (r < 0)
		return r;
	txn_flush(jitd->txn); /* forgotten here only once it is on disk */
	return 0;
}

static void retry(void *context)
{
	struct jitd *jitd = context;

	for (int i = 0; unwritten_first(jitd->unwritten) && i < RETRY_COUNT; i++) {
		uint64_t failures = txn_counters(jitd->txn).failures;
		if (write_one(jitd, unwritten_first(jitd->unwritten)) < 0 ||
		    txn_counters(jitd->txn).failures != failures) {
			unwritten_later(jitd->unwritten, RETRY_MS);
			return;
		}
		unwritten_drop_first(jitd->unwritten);
	}
	if (unwritten_first(jitd->unwritten))
		unwritten_later(jitd->unwritten, 1);
	else
		audit_log(jitd->audit,
		          "revocations that were in force from memory are on disk now");
}

int revocation_prepare(struct jitd *jitd)
{
	return unwritten_new(jitd->loop, retry, jitd, &jitd->unwritten);
}
