/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/access.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/ending.h"
#include "jitd/shown.h"

static const char *const state_words[] = {
        [STATE_NONE] = "",           [STATE_PENDING] = "pending", [STATE_ACTIVE] = "active",
        [STATE_USED_UP] = "used-up", [STATE_EXPIRED] = "expired", [STATE_RETURNED] = "returned",
        [STATE_REVOKED] = "revoked", [STATE_DENIED] = "denied",   [STATE_CANCELLED] = "cancelled",
        [STATE_LAPSED] = "lapsed",
};
#define STATES (sizeof(state_words) / sizeof(state_words[0]))

/* state × event → state. What is not said here may not happen. */
static const enum access_state transitions[STATES][ACCESS_EVENTS] = {
        [STATE_PENDING] = {[ON_APPROVED] = STATE_ACTIVE,
                           [ON_DENIED] = STATE_DENIED,
                           [ON_CANCEL] = STATE_CANCELLED,
                           [ON_LAPSE] = STATE_LAPSED,
                           [ON_REVOKE] = STATE_DENIED},
        [STATE_ACTIVE] = {[ON_CANCEL] = STATE_RETURNED,
                          [ON_USED_UP] = STATE_USED_UP,
                          [ON_EXPIRE] = STATE_EXPIRED,
                          [ON_REVOKE] = STATE_REVOKED},
        /* while a session of it is open */
        [STATE_USED_UP] = {[ON_CANCEL] = STATE_RETURNED, [ON_REVOKE] = STATE_REVOKED},
        [STATE_EXPIRED] = {[ON_CANCEL] = STATE_RETURNED, [ON_REVOKE] = STATE_REVOKED},
};

static const enum event_word event_of_state[STATES] = {
        [STATE_ACTIVE] = EVENT_GRANT,        [STATE_USED_UP] = EVENT_USED_UP,
        [STATE_EXPIRED] = EVENT_EXPIRED,     [STATE_RETURNED] = EVENT_RETURNED,
        [STATE_REVOKED] = EVENT_REVOKED,     [STATE_DENIED] = EVENT_DENIED,
        [STATE_CANCELLED] = EVENT_CANCELLED, [STATE_LAPSED] = EVENT_LAPSED,
};

const char *access_state_word(enum access_state state)
{
	return state_words[state];
}

static enum access_state state_of_word(const char *word)
{
	for (size_t i = 1; i < STATES; i++)
		if (!strcmp(state_words[i], word))
			return (enum access_state)i;
	return STATE_NONE;
}

enum access_state access_next(enum access_state state, enum access_event event)
{
	return transitions[state][event];
}

/* ---- rows ---- */

struct access *access_free(struct access *access)
{
	if (!access)
		return NULL;
	free(access->subject);
	free(access->scope);
	free(access->host);
	free(access->rule);
	free(access->rule_text);
	free(access->who);
	free(access->approvers);
	free(access->reason);
	free(access->ticket);
	free(access->ended);
	free(access->via);
	free(access->issuer);
	free(access);
	return NULL;
}

int access_of_row(const struct query *query, struct access **ret_access)
{
	cleanup(cleanup_access) struct access *access = calloc(1, sizeof(*access));
	int column = 0;

	if (!access)
		return -ENOMEM;
	access->id = (uint32_t)query_column(query, column++);
	access->uid = (uid_t)query_column(query, column++);
	access->login_uid =
	        query_is_null(query, column) ? LOGIN_UID_NONE : (uid_t)query_column(query, column);
	column++;
	access->subject = strdup(query_column_text(query, column++));
	access->scope = strdup(query_column_text(query, column++));
	access->host = strdup(query_column_text(query, column++));
	access->rule = strdup(query_column_text(query, column++));
	access->rule_text = strdup(query_column_text(query, column++));
	access->who = strdup(query_column_text(query, column++));
	access->approvers = strdup(query_column_text(query, column++));
	access->approvals = (unsigned int)query_column(query, column++);
	access->denials = (unsigned int)query_column(query, column++);
	access->reason = strdup(query_column_text(query, column++));
	access->ticket = strdup(query_column_text(query, column++));
	access->asked = query_column(query, column++);
	access->seconds = query_column(query, column++);
	access->uses = query_column(query, column++);
	access->uses_left = query_is_null(query, column) ? -1 : query_column(query, column);
	column++;
	access->state = state_of_word(query_column_text(query, column++));
	access->requested = query_column(query, column++);
	access->lapses = query_column(query, column++);
	access->decided = query_column(query, column++);
	access->from = query_column(query, column++);
	access->until = query_column(query, column++);
	access->boot_until = query_column(query, column++);
	if (text_copy(access->boot_id, sizeof(access->boot_id),
	              query_column_text(query, column++)) < 0)
		return -EIO;
	access->ended = strdup(query_column_text(query, column++));
	access->typed = strcmp(query_column_text(query, column++), "held") != 0;
	access->token_ttl = query_column(query, column++);
	access->warn = query_column(query, column++);
	access->keep = query_column(query, column++);
	access->via = strdup(query_column_text(query, column++));
	access->issuer = strdup(query_column_text(query, column++));
	access->foreign = (uint32_t)query_column(query, column++);
	access->ends = query_column(query, column++);
	if (text_copy(access->user_key, sizeof(access->user_key),
	              query_column_text(query, column++)) < 0)
		return -EIO;
	if (!access->subject || !access->scope || !access->host || !access->rule ||
	    !access->rule_text || !access->who || !access->approvers || !access->reason ||
	    !access->ticket || !access->ended || !access->via || !access->issuer)
		return -ENOMEM;
	*ret_access = take_ptr(access);
	return 0;
}

int access_get(struct store *store, uint32_t id, struct access **ret_access)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_ACCESS_GET);
	int r;

	query_number(&query, ":id", id);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : ACCESS_UNKNOWN;
	return access_of_row(&query, ret_access);
}

bool access_is_elsewhere(const struct jitd *jitd, const struct access *access)
{
	return strcmp(access->host, jitd->host_id) != 0;
}

int64_t access_left(const struct jitd *jitd, const struct access *access, int64_t now, int64_t boot)
{
	int64_t left = access->until - now, boot_left = access->boot_until - boot;

	return boot_left < left && !strcmp(access->boot_id, jitd->boot_id) ? boot_left : left;
}

/* ---- changes ---- */

int access_use(struct jitd *jitd, uint32_t id, int64_t *ret_left)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_ACCESS_USE);
	int r;

	query_number(&query, ":id", id);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : ACCESS_WRONG_STATE;
	*ret_left = query_column(&query, 0);
	return query_finish(&query);
}

static int forget_token(struct jitd *jitd, uint32_t id, int64_t now)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_TOKEN_FORGET);

	query_number(&query, ":access", id);
	query_number(&query, ":now", now);
	return query_finish(&query);
}

static int write_state(struct jitd *jitd, const struct access *access, enum access_state next,
                       const char *ended, int64_t now)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_ACCESS_STATE);
	int r;

	query_number(&query, ":id", access->id);
	query_text(&query, ":state", state_words[next]);
	query_text(&query, ":from_state", state_words[access->state]);
	query_text(&query, ":ended", ended);
	query_number(&query, ":decided", now);
	r = query_step(&query);
	if (r == QUERY_ROW)
		return 0;
	return r < 0 ? r : ACCESS_WRONG_STATE;
}

int access_may_move(struct jitd *jitd, const struct access *access, enum access_event event)
{
	bool over = access->state != STATE_PENDING && access->state != STATE_ACTIVE, open = true;
	int r = 0;

	if (access_next(access->state, event) == STATE_NONE)
		return ACCESS_WRONG_STATE;
	if (over)
		r = ending_is_due(jitd->store, access->id, &open);
	if (r < 0)
		return r;
	return open ? 0 : ACCESS_WRONG_STATE;
}

/* Sessions that are kept end at a time of their own, and so do all where time alone ends them. */
static bool ends_sessions(const struct access *access, enum access_event event)
{
	if (access->state == STATE_PENDING || event == ON_USED_UP)
		return false;
	return event != ON_EXPIRE || !access->keep;
}

int access_move(struct jitd *jitd, struct access *access, enum access_event event,
                const struct act *act)
{
	enum access_state next = access_next(access->state, event);
	char ended[REASON_MAX + NAME_SIZE + 16];
	int r;

	if (next == STATE_ACTIVE)
		return ACCESS_WRONG_STATE;
	r = access_may_move(jitd, access, event);
	if (r)
		return r;
	(void)snprintf(ended, sizeof(ended), "%s%s%s%s", state_words[next],
	               act->actor ? " by " : "", act->actor ? act->actor : "",
	               act->text && *act->text ? ": " : "");
	(void)snprintf(ended + strlen(ended), sizeof(ended) - strlen(ended), "%s",
	               act->text ? act->text : "");
	r = write_state(jitd, access, next, ended, act->now);
	if (r == 0 && access->state == STATE_ACTIVE)
		r = forget_token(jitd, access->id, act->now);
	if (r == 0 && ends_sessions(access, event))
		r = ending_of_access(jitd, access->id, ended);
	if (r)
		return r;
	access->state = next;
	jitd->accesses_changed = true;
	return audit_append(jitd, act->now,
	                    &(struct event){.event = event_of_state[next],
	                                    .access = access->id,
	                                    .subject = access->subject,
	                                    .actor = act->actor,
	                                    .text = act->text});
}

/* ---- who ---- */

bool names_include(const char *names, const struct identity *person)
{
	while (*names) {
		size_t length = strcspn(names, " ");
		char name[NAME_SIZE + 1];
		char *one[] = {name};

		if (text_format(name, sizeof(name), "%.*s", (int)length, names) == 0 &&
		    identity_named_in(person, one, 1))
			return true;
		names += length;
		names += *names == ' ';
	}
	return false;
}

static void show(char *out, size_t size, const char *text)
{
	text_sanitize(out, size, text);
}

int access_describe(const struct jitd *jitd, const struct access *access, struct wire_access *row)
{
	memset(row, 0, sizeof(*row));
	row->id = access->id;
	show(row->state, sizeof(row->state), state_words[access->state]);
	show(row->subject, sizeof(row->subject), access->subject);
	show(row->scope, sizeof(row->scope), access->scope);
	show(row->host, sizeof(row->host), access->host);
	show(row->rule, sizeof(row->rule), access->rule);
	show(row->reason, sizeof(row->reason), access->reason);
	show(row->ticket, sizeof(row->ticket), access->ticket);
	show(row->approvers, sizeof(row->approvers), access->approvers);
	row->approvals_needed = access->approvals;
	row->denials_needed = access->denials;
	row->seconds = access->seconds;
	row->asked = access->asked;
	row->requested = access->requested;
	row->lapses = access->lapses;
	row->decided = access->decided;
	row->from = access->from;
	row->until = access->until;
	row->uses_left = access->uses_left;
	show(row->present, sizeof(row->present), access->typed ? "typed" : "held");
	show(row->ended, sizeof(row->ended), access->ended);
	row->elsewhere = access_is_elsewhere(jitd, access);
	show(row->via, sizeof(row->via), access->via);
	show(row->issuer, sizeof(row->issuer), access->issuer);
	row->foreign = access->foreign;
	row->ends = access->ends;
	show(row->user_key, sizeof(row->user_key), access->user_key);
	row->keep = access->keep;
	return shown_digest(access, row->digest);
}
