/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/lock.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/ending.h"
#include "jitd/unwritten.h"

int lock_is_set(struct jitd *jitd, uid_t uid, bool *ret_locked)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_LOCK_GET);
	int r;

	query_number(&query, ":uid", uid);
	r = query_step(&query);
	if (r < 0)
		return r;
	*ret_locked = r == QUERY_ROW || unwritten_locks(jitd->unwritten, uid);
	return 0;
}

int lock_row(struct jitd *jitd, uid_t uid, const char *name, const char *actor, int64_t now)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_LOCK_SET);
	char why[NAME_SIZE + 16];
	int r;

	query_number(&query, ":uid", uid);
	query_text(&query, ":name", name);
	query_number(&query, ":now", now);
	query_text(&query, ":by", actor);
	r = query_finish(&query);
	(void)snprintf(why, sizeof(why), "locked by %s", actor);
	if (r == 0)
		r = ending_of_subject(jitd, uid, why);
	if (r < 0)
		return r;
	return audit_append(jitd, now,
	                    &(struct event){.event = EVENT_LOCK, .subject = name, .actor = actor});
}

bool lock_name_of(const char *text, size_t index, char ret_name[static NAME_SIZE])
{
	if (index)
		return false;
	if (!text_is_name(text) || text_copy(ret_name, NAME_SIZE, text) < 0)
		ret_name[0] = '\0';
	return true;
}

bool lock_names(const struct call *call, size_t index, char ret_name[static NAME_SIZE])
{
	return lock_name_of(call->in.lock.user, index, ret_name);
}

bool unlock_names(const struct call *call, size_t index, char ret_name[static NAME_SIZE])
{
	return lock_name_of(call->in.unlock.user, index, ret_name);
}

int handle_lock(struct call *call)
{
	bool refused = false;
	int r = call_check_named(call, &call->named[0], &refused);

	if (r < 0 || refused)
		return r;
	if (call->named[0].identity->uid == 0)
		return call_refuse(call, "value", "root needs no access and cannot be locked");
	r = lock_row(call->jitd, call->named[0].identity->uid, call->named[0].identity->name,
	             call->caller->name, call->now);
	if (r == 0)
		call_done(call, 0, "locked: %s opens nothing until jitd-admin unlock %s",
		          call->named[0].identity->name, call->named[0].identity->name);
	return r;
}

int handle_unlock(struct call *call)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_LOCK_CLEAR);
	bool refused = false;
	int r = call_check_named(call, &call->named[0], &refused);

	if (r < 0 || refused)
		return r;
	query_number(&query, ":uid", call->named[0].identity->uid);
	r = query_step(&query);
	if (r < 0)
		return r;
	if (r != QUERY_ROW)
		return call_refuse(call, "state", "%s is not locked",
		                   call->named[0].identity->name);
	r = query_finish(&query);
	if (r < 0)
		return r;
	call_done(call, 0, "unlocked: %s", call->named[0].identity->name);
	return audit_append(call->jitd, call->now,
	                    &(struct event){.event = EVENT_UNLOCK,
	                                    .subject = call->named[0].identity->name,
	                                    .actor = call->caller->name});
}
