/* SPDX-License-Identifier: Apache-2.0 */
/* jitd-admin end: one session ends, its access stays as it is. */
#include "base/cleanup.h"
#include "base/session.h"
#include "jitd/ending.h"

/* An administrator, or a person whom the access's rule names as approver: as with revoke. */
static bool may_end(const struct call *call, const struct access *access)
{
	return call->roles & ROLE_ADMIN ||
	       (call->roles & ROLE_PERSON && names_include(access->approvers, call->caller));
}

static int end_one(struct call *call, const char *id, uint32_t access, uint32_t number)
{
	char why[NAME_SIZE + 16];
	int r;

	(void)snprintf(why, sizeof(why), "ended by %s", call->caller->name);
	r = ending_of_session(call->jitd, access, number, why);
	if (r == ENDING_OVER)
		return call_refuse(call, "state", "session %s is over already", id);
	if (r < 0)
		return r;
	call_done(call, access, "session %s ends", id);
	return audit_append(call->jitd, call->now,
	                    &(struct event){.event = EVENT_SESSION_END,
	                                    .access = access,
	                                    .session = id,
	                                    .actor = call->caller->name});
}

int handle_end_session(struct call *call)
{
	cleanup(cleanup_access) struct access *access = NULL;
	const char *id = call->in.end_session.session;
	uint32_t access_id = 0, number = 0;
	int r = session_parse(id, &access_id, &number);

	if (r < 0)
		return call_refuse(call, "value", "a session is ACCESS-NUMBER, 42-1 say");
	r = access_get(call->jitd->store, access_id, &access);
	if (r < 0)
		return r;
	if (!access || (!call_may_see(call, access) && !may_end(call, access)))
		return call_refuse(call, "unknown-session", "no such session: %s", id);
	if (!may_end(call, access))
		return call_refuse(call, "not-allowed",
		                   "only approvers of access %u and administrators end its "
		                   "sessions; its subject cancels it",
		                   access_id);
	return end_one(call, id, access_id, number);
}
