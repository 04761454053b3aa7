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
static int taken(const struct call *call, const char *key, const char *scopes, bool *ret_taken)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_ACCESS_ACTIVE_BY_KEY);
	int r;

	query_text(&query, ":key", key);
	query_number(&query, ":now", call->now);
	while ((r = query_step(&query)) == QUERY_ROW) {
		cleanup(cleanup_access) struct access *access = NULL;
		r = access_of_row(&query, &access);
		if (r < 0)
			return r;
		if (access->uid != call->caller->uid && meet(scopes, access->scope))
			*ret_taken = true;
	}
	return r;
}

static int find_key(struct call *call, const struct rule *rule,
                    char ret_key[static FINGERPRINT_SIZE], bool *ret_refused)
{
	int r;

	if (call->in.request.user_key[0]) {
		if (fingerprint_is_good(call->in.request.user_key))
			return text_copy(ret_key, FINGERPRINT_SIZE, call->in.request.user_key);
		*ret_refused = true;
		return call_refuse(call, "user-key",
		                   "--user-key: not the fingerprint of an ssh key: SHA256: and 43 "
		                   "characters, as ssh-keygen -lf FILE prints it");
	}
	r = session_key_of(call->jitd, &call->peer->process, call->caller->uid, ret_key);
	if (r < 0 || ret_key[0])
		return r;
	*ret_refused = true;
	return call_refuse(call, "user-key-missing",
	                   "rule %s binds to your ssh key, and you did not come here by one: "
	                   "--user-key names it (ssh-keygen -lf ~/.ssh/id_ed25519.pub prints it)",
	                   rule->title);
}

int binding_of_request(struct call *call, const struct rule *rule, const char *scopes,
                       char ret_key[static FINGERPRINT_SIZE], bool *ret_refused)
{
	bool others = false;
	int r;

	ret_key[0] = '\0';
	if (!rule->bind_ssh_key && !call->in.request.user_key[0])
		return 0;
	if (!all_ssh(scopes)) {
		*ret_refused = true;
		return call_refuse(call, "no-key",
		                   "%s binds to an ssh key, which is seen at ssh alone: ask for "
		                   "scopes such as ssh:alice, and for others apart",
		                   rule->bind_ssh_key ? "the rule" : "--user-key");
	}
	r = find_key(call, rule, ret_key, ret_refused);
	if (r == 0 && !*ret_refused)
		r = taken(call, ret_key, scopes, &others);
	if (r < 0 || !others)
		return r;
	*ret_refused = true;
	return call_refuse(call, "key-of-several",
	                   "ssh key %s is bound to an access of somebody else for the same: each "
	                   "needs a key of their own",
	                   ret_key);
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
