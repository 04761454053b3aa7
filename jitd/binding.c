/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/binding.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/session.h"

/* ---- a request ---- */

/* sshd alone shows keys. */
static bool all_ssh(const char *scopes)
{
	for (const char *at = scopes; *at; at += *at == ' ') {
		if (strncmp(at, "ssh:", 4) != 0)
			return false;
		at += strcspn(at, " ");
	}
	return true;
}

/* One scope in both lists: a door that both open. */
static bool meet(const char *scopes, const char *others)
{
	char scope[SCOPE_SIZE];

	for (const char *at = scopes; *at; at += *at == ' ') {
		size_t length = strcspn(at, " ");
		if (text_format(scope, sizeof(scope), "%.*s", (int)length, at) < 0 ||
		    scope_contains(others, scope))
			return true;
		at += length;
	}
	return false;
}

/* Is the key bound to somebody else's access for one of these scopes? It would tell neither from
 * the other. */
static int is_taken(struct jitd *jitd, const struct wish *wish, bool *ret_taken)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->store, STATEMENT_ACCESS_ACTIVE_BY_KEY);
	int r;

	query_text(&query, ":key", wish->user_key);
	query_number(&query, ":now", wish->now);
	while ((r = query_step(&query)) == QUERY_ROW) {
		cleanup(cleanup_access) struct access *access = NULL;
		r = access_of_row(&query, &access);
		if (r < 0)
			return r;
		if (access->uid != wish->subject->uid && !strcmp(access->host, wish->host) &&
		    meet(wish->scopes, access->scope))
			*ret_taken = true;
	}
	return r;
}

int binding_of_wish(struct jitd *jitd, struct wish *wish)
{
	bool taken = false;
	int r = 0;

	if (!wish->rule->bind_ssh_key && !wish->user_key[0])
		return WISH_GOOD;
	if (!all_ssh(wish->scopes))
		return WISH_KEY_UNSEEN;
	if (!wish->user_key[0] && wish->process)
		r = session_key_of(jitd, wish->process, wish->subject->uid, wish->user_key);
	if (r == 0 && !wish->user_key[0])
		return WISH_KEY_MISSING;
	if (r == 0)
		r = is_taken(jitd, wish, &taken);
	if (r < 0)
		return r;
	return taken ? WISH_KEY_TAKEN : WISH_GOOD;
}

/* ---- a door ---- */

static int owner_of_key(const struct jitd *jitd, struct store *store, const struct door *door,
                        const char *key, int found, uid_t *ret_uid)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_ACCESS_ACTIVE_BY_KEY);
	int r;

	query_text(&query, ":key", key);
	query_number(&query, ":now", door->now);
	while ((r = query_step(&query)) == QUERY_ROW) {
		cleanup(cleanup_access) struct access *access = NULL;
		r = access_of_row(&query, &access);
		if (r < 0)
			return r;
		if (!door_fits(door, access->scope) || strcmp(access->host, jitd->host_id) != 0)
			continue;
		if (found != BINDING_NOBODYS && access->uid != *ret_uid)
			found = BINDING_SEVERALS;
		else if (found == BINDING_NOBODYS)
			found = BINDING_ONES;
		*ret_uid = access->uid;
	}
	return r < 0 ? r : found;
}

int binding_owner(const struct jitd *jitd, struct store *store, const struct door *door,
                  uid_t *ret_uid)
{
	int found = BINDING_NOBODYS;

	for (size_t i = 0; i < door->keys.count && found >= 0; i++)
		found = owner_of_key(jitd, store, door, door->keys.fingerprints[i], found, ret_uid);
	return found;
}

int binding_waits(const struct jitd *jitd, const struct door *door, bool *ret_waits)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->store, STATEMENT_ACCESS_ACTIVE_BOUND);
	char scope[SCOPE_SIZE];
	int r = door_scope(door, scope);

	*ret_waits = false;
	if (r < 0)
		return 0; /* no account's name: nothing opens it */
	query_text(&query, ":scope", scope);
	query_text(&query, ":host", jitd->host_id);
	query_number(&query, ":now", door->now);
	r = query_step(&query);
	*ret_waits = r == QUERY_ROW;
	return r < 0 ? r : 0;
}
