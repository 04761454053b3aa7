/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/call.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "jitd/instant.h"

static bool named_in(const struct identity *person, const struct strings *names)
{
	return identity_named_in(person, names->items, names->count);
}

unsigned int roles_of(const struct jitd *jitd, const struct peer_process *process,
                      const struct identity *person)
{
	bool own_login = process->login_uid_known && (process->login_uid == LOGIN_UID_NONE ||
	                                              process->login_uid == person->uid);

	/* a setuid file of somebody's, run by another, is not that somebody */
	bool own_process = process->real_uid == person->uid;

	if (person->uid == 0)
		return ROLE_ADMIN | ROLE_AUDITOR;
	if (!own_login || !own_process)
		return 0;
	if (named_in(person, &jitd->settings->admins))
		return ROLE_PERSON | ROLE_ADMIN | ROLE_AUDITOR;
	return ROLE_PERSON | (named_in(person, &jitd->settings->auditors) ? ROLE_AUDITOR : 0U);
}

bool may_see(unsigned int roles, const struct identity *person, const struct access *access)
{
	if (roles & ROLE_AUDITOR || access->uid == person->uid)
		return true;
	return roles & ROLE_PERSON && names_include(access->approvers, person);
}

bool call_may_see(const struct call *call, const struct access *access)
{
	return may_see(call->roles, call->caller, access);
}

bool call_is_requester(const struct call *call, const struct access *access)
{
	const struct peer_process *process = &call->peer->process;
	uid_t uid = call->caller->uid;

	return uid == access->uid || uid == access->login_uid ||
	       process->login_uid == access->uid || process->real_uid == access->uid;
}

void call_read_clock(struct call *call)
{
	const struct instant instant = instant_now(call->jitd);

	call->now = instant.now;
	call->boot = instant.boot;
	call->clock = instant.clock;
}

void call_done(struct call *call, uint32_t access, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	memset(&call->out.done, 0, sizeof(call->out.done));
	call->out.id = MESSAGE_done;
	call->out.done.access = access;
	text_sanitize(call->out.done.text, sizeof(call->out.done.text), text);
}

#define ACCESS_OF(name)                                                                            \
	{                                                                                          \
		MESSAGE_##name, offsetof(struct message, name.access)                              \
	}

uint32_t call_access(const struct message *in)
{
	static const struct {
		enum message_id id;
		size_t offset;
	} places[] = {ACCESS_OF(cancel), ACCESS_OF(approve), ACCESS_OF(deny), ACCESS_OF(token)};
	uint64_t number = 0;
	uint32_t access = 0;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (places[i].id == in->id)
			memcpy(&access, (const char *)in + places[i].offset, sizeof(access));
	if (in->id == MESSAGE_revoke && in->revoke.by == REVOKE_ACCESS &&
	    parse_number(in->revoke.value, UINT32_MAX, &number) == 0)
		access = (uint32_t)number;
	return access;
}

int call_refuse(struct call *call, const char *reason, const char *format, ...)
{
	char text[2048];
	va_list arguments;
	struct event event = {.event = EVENT_REFUSED,
	                      .verdict = "deny",
	                      .reason = reason,
	                      .access = call_access(&call->in), /* it is found by its number */
	                      .actor = call->caller->name,
	                      .actor_uid = call->caller->uid,
	                      .pid = call->peer->process.pid,
	                      .text = text};

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	call_say_no(call, "%s", text);
	return audit_append(call->jitd, call->now, &event);
}

void call_say_no(struct call *call, const char *format, ...)
{
	char text[2048];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	memset(&call->out.refused, 0, sizeof(call->out.refused));
	call->out.id = MESSAGE_refused;
	text_sanitize(call->out.refused.text, sizeof(call->out.refused.text), text);
}

int call_check_text(struct call *call, const char *field, const char *text, size_t max,
                    bool *ret_refused)
{
	size_t length = strlen(text);

	*ret_refused = true;
	if (length > max)
		return call_refuse(call, field, "the %s is longer than %zu bytes: shorten it",
		                   field, max);
	if (!text_is_clean(text, length))
		return call_refuse(
		        call, field,
		        "the %s holds control characters or is not UTF-8: write plain text", field);
	*ret_refused = false;
	return 0;
}

int call_check_named(struct call *call, const struct named *named, bool *ret_refused)
{
	*ret_refused = true;
	if (!named->name[0])
		return call_refuse(call, "unknown-user", "that is no user name");
	if (named->result == NAMES_UNKNOWN)
		return call_refuse(call, "unknown-user", "no such user here: %s", named->name);
	if (named->result != NAMES_FOUND || !named->identity)
		return call_refuse(call, "names-undecided",
		                   "this host cannot tell who %s is right now: try again soon",
		                   named->name);
	if (strcmp(named->name, named->identity->name) != 0)
		return call_refuse(call, "second-name", "%s is another name of %s: write %s",
		                   named->name, named->identity->name, named->identity->name);
	*ret_refused = false;
	return 0;
}
