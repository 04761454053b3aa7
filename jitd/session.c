/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/ending.h"
#include "jitd/instant.h"
#include "jitd/parent.h"
#include "jitd/reaper.h"
#include "jitd/warning.h"

#define ANCESTORS_MAX 64 /* of a process, that are looked at */
#define TERMINAL_S    1  /* sshd and sudo make one after they opened the session */

/* One live session whose process is watched. */
struct live {
	struct sessions *sessions;
	struct live *next, *previous;
	uint32_t access, number;
	struct process_id process;
	int pidfd;
	struct watch *watch;
};

struct sessions {
	struct jitd *jitd;
	struct live *first;
};

/* ---- watching ---- */

static void live_free(struct live *live)
{
	if (live->next)
		live->next->previous = live->previous;
	if (live->previous)
		live->previous->next = live->next;
	else
		live->sessions->first = live->next;
	watch_free(live->watch);
	close(live->pidfd);
	free(live);
}

/* What was opened in it ends with it, once this is on disk. */
static int end_children(struct jitd *jitd, uint32_t access, uint32_t number)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_SESSION_CHILD);
	int r;

	query_number(&query, ":access", access);
	query_number(&query, ":n", number);
	r = query_step(&query);
	if (r == QUERY_ROW)
		endings_want(jitd);
	return r < 0 ? r : 0;
}

static int end_row(struct jitd *jitd, uint32_t access, uint32_t number, int64_t now, int64_t boot,
                   const char *why)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_SESSION_END);
	char id[SESSION_ID_SIZE];
	int r;

	query_number(&query, ":access", access);
	query_number(&query, ":n", number);
	query_number(&query, ":now", now);
	query_number(&query, ":boot", boot);
	query_text(&query, ":boot_id", jitd->boot_id);
	query_text(&query, ":why", why);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r; /* closed already */
	r = end_children(jitd, access, number);
	if (r < 0)
		return r;
	session_id(access, number, id);
	return audit_append(jitd, now,
	                    &(struct event){.event = EVENT_SESSION_CLOSE,
	                                    .access = access,
	                                    .session = id,
	                                    .text = query_column_text(&query, 0)});
}

static void end_alone(struct jitd *jitd, uint32_t access, uint32_t number, const char *why)
{
	const struct instant instant = instant_now(jitd);
	int r = txn_enter(jitd->txn);

	if (r == 0) {
		r = end_row(jitd, access, number, instant.now, instant.boot, why);
		r = txn_leave(jitd->txn, r);
	}
	if (r < 0)
		audit_log(jitd->audit, "the end of session %u-%u is not on disk: %s", access,
		          number, strerror(-r));
}

static void process_gone(void *context, int events)
{
	struct live *live = context;

	(void)events;
	end_alone(live->sessions->jitd, live->access, live->number, "its process ended");
	live_free(live);
}

static int watch(struct jitd *jitd, uint32_t access, uint32_t number,
                 const struct process_id *process, int pidfd)
{
	struct sessions *sessions = jitd->sessions;
	struct live *live = calloc(1, sizeof(*live));
	int r;

	if (!live)
		return -ENOMEM;
	*live = (struct live){.sessions = sessions,
	                      .access = access,
	                      .number = number,
	                      .process = *process,
	                      .pidfd = pidfd};
	r = loop_watch(jitd->loop, pidfd, WATCH_READ, process_gone, live, &live->watch);
	if (r < 0) {
		free(live);
		return r;
	}
	live->next = sessions->first;
	if (sessions->first)
		sessions->first->previous = live;
	sessions->first = live;
	return 0;
}

void session_watch(struct jitd *jitd, uint32_t access, uint32_t number,
                   const struct peer_process *process)
{
	const struct process_id id = {.pid = process->pid, .start_time = process->start_time};
	int pidfd = -1, r = process_reopen(id.pid, id.start_time, &pidfd);

	if (r == 0)
		r = watch(jitd, access, number, &id, pidfd);
	if (r == 0)
		return;
	if (pidfd >= 0)
		close(pidfd);
	if (r == -ESRCH)
		end_alone(jitd, access, number, "its process ended");
	else
		audit_log(jitd->audit, "session %u-%u is not watched: %s", access, number,
		          strerror(-r));
}

int sessions_new(struct jitd *jitd, struct sessions **ret_sessions)
{
	struct sessions *sessions = calloc(1, sizeof(*sessions));

	if (!sessions)
		return -ENOMEM;
	sessions->jitd = jitd;
	*ret_sessions = sessions;
	return 0;
}

struct sessions *sessions_free(struct sessions *sessions)
{
	while (sessions && sessions->first)
		live_free(sessions->first);
	free(sessions);
	return NULL;
}

/* ---- opening and closing ---- */

static int next_number(struct jitd *jitd, uint32_t access, uint32_t *ret_number)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_SESSION_NEXT);
	int r;

	query_number(&query, ":access", access);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	*ret_number = (uint32_t)query_column(&query, 0);
	return 0;
}

/* Seconds. A login ends with its grant: what pam_systemd ends it by knows no more. What a token of
 * another issuer opens ends when that says, kept or not. */
static int64_t left_of(struct jitd *jitd, const struct access *access,
                       const struct session_facts *facts)
{
	bool may_be_kept = !strcmp(facts->service, "sudo") || !strcmp(facts->service, "su");
	int64_t left = access_left(jitd, access, facts->now, facts->boot) +
	               (may_be_kept ? access->keep : 0);

	return access->ends && access->ends - facts->now < left ? access->ends - facts->now : left;
}

static void end_within(struct opened *opened, const struct session_facts *facts, int64_t left)
{
	if (facts->now + left >= opened->until)
		return;
	opened->until = facts->now + left;
	opened->boot_until = facts->boot + left;
}

/* Within the session that it is opened in, and no longer than that. */
static int find_parent(struct jitd *jitd, const struct session_facts *facts, struct opened *opened)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_SESSION_UNTIL);
	int r;

	if (!parent_find(jitd, facts->process, &opened->parent_access, &opened->parent_number))
		return 0;
	query_number(&query, ":access", opened->parent_access);
	query_number(&query, ":n", opened->parent_number);
	r = query_step(&query);
	if (r == QUERY_ROW) {
		end_within(opened, facts, query_column(&query, 0) - facts->now);
		end_within(opened, facts, query_column(&query, 1) - facts->boot);
	}
	return r < 0 ? r : 0;
}

/* On CLOCK_BOOTTIME; 0: never. */
static int64_t warn_at(struct jitd *jitd, const struct access *access, int64_t boot, int64_t until)
{
	int64_t at = until - access->warn;

	if (!access->warn)
		return 0;
	warnings_want(jitd);
	return at > boot + TERMINAL_S ? at : boot + TERMINAL_S;
}

static int insert(struct jitd *jitd, const struct access *access, const struct session_facts *facts,
                  const struct opened *opened)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_SESSION_INSERT);

	query_number(&query, ":access", access->id);
	query_number(&query, ":n", opened->number);
	query_text(&query, ":subject", access->subject);
	query_text(&query, ":service", facts->service);
	query_text(&query, ":account", facts->account);
	query_text(&query, ":tty", facts->tty);
	query_text(&query, ":rhost", facts->rhost);
	query_number(&query, ":pid", facts->process->pid);
	query_number(&query, ":start_time", (int64_t)facts->process->start_time);
	query_text(&query, ":boot_id", jitd->boot_id);
	query_text(&query, ":handle", facts->handle);
	query_number(&query, ":now", facts->now);
	query_number(&query, ":until", opened->until);
	query_number(&query, ":boot_until", opened->boot_until);
	query_number(&query, ":parent_access", opened->parent_access);
	query_number(&query, ":parent_n", opened->parent_number);
	query_text(&query, ":user_key", facts->user_key);
	query_number(&query, ":warn_at", warn_at(jitd, access, facts->boot, opened->boot_until));
	return query_finish(&query);
}

int session_open(struct jitd *jitd, const struct access *access, const struct session_facts *facts,
                 struct opened *ret_opened)
{
	int64_t left = left_of(jitd, access, facts);
	struct opened opened = {.until = facts->now + left, .boot_until = facts->boot + left};
	char id[SESSION_ID_SIZE];
	int r = next_number(jitd, access->id, &opened.number);

	if (r == 0)
		r = find_parent(jitd, facts, &opened);
	if (r == 0)
		r = insert(jitd, access, facts, &opened);
	if (r < 0)
		return r;
	session_id(access->id, opened.number, id);
	*ret_opened = opened;
	return audit_append(jitd, facts->now,
	                    &(struct event){.event = EVENT_SESSION_OPEN,
	                                    .access = access->id,
	                                    .session = id,
	                                    .subject = access->subject,
	                                    .service = facts->service,
	                                    .account = facts->account,
	                                    .pid = facts->process->pid,
	                                    .text = facts->tty});
}

static struct live *find_live(struct sessions *sessions, uint32_t access, uint32_t number)
{
	struct live *live = sessions->first;

	while (live && (live->access != access || live->number != number))
		live = live->next;
	return live;
}

bool session_find(const struct jitd *jitd, session_match *match, const void *context,
                  uint32_t *ret_access, uint32_t *ret_number)
{
	for (const struct live *live = jitd->sessions->first; live; live = live->next)
		if (match(&live->process, context) && process_alive(live->pidfd)) {
			*ret_access = live->access;
			*ret_number = live->number;
			return true;
		}
	return false;
}

void session_over(struct jitd *jitd, uint32_t access, uint32_t number)
{
	struct live *live = find_live(jitd->sessions, access, number);

	if (live && process_alive(live->pidfd))
		return; /* its own process closes it, when it ends */
	if (live)
		live_free(live);
	end_alone(jitd, access, number, "its process ended");
}

void session_refused(struct jitd *jitd, uint32_t access, uint32_t number, const char *why)
{
	char text[REAPER_TEXT + 32];
	struct live *live = find_live(jitd->sessions, access, number);

	if (live)
		live_free(live);
	(void)snprintf(text, sizeof(text), "not opened: %s", why);
	end_alone(jitd, access, number, text);
}

int session_close(struct jitd *jitd, const char *handle, int64_t now, int64_t boot, const char *why,
                  uint32_t *ret_access)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->store, STATEMENT_SESSION_BY_HANDLE);
	uint32_t access, number;
	struct live *live;
	int r;

	*ret_access = 0;
	query_text(&query, ":handle", handle);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r;
	access = (uint32_t)query_column(&query, 0);
	number = (uint32_t)query_column(&query, 1);
	live = find_live(jitd->sessions, access, number);
	if (live)
		live_free(live);
	*ret_access = access;
	return end_row(jitd, access, number, now, boot, why);
}

/* ---- whose key ---- */

/* Of the login that this very process opened, if that is this person's. */
static int key_of(struct jitd *jitd, const struct process_id *process, uid_t uid,
                  char ret_key[static FINGERPRINT_SIZE])
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_SESSION_KEY_OF);
	int r;

	query_number(&query, ":pid", process->pid);
	query_number(&query, ":start_time", (int64_t)process->start_time);
	query_text(&query, ":boot_id", jitd->boot_id);
	while ((r = query_step(&query)) == QUERY_ROW) {
		cleanup(cleanup_access) struct access *access = NULL;
		r = access_get(jitd->store, (uint32_t)query_column(&query, 0), &access);
		if (r < 0)
			return r;
		if (r == 0 && access->uid == uid)
			return text_copy(ret_key, FINGERPRINT_SIZE, query_column_text(&query, 1));
	}
	return r < 0 ? r : 0;
}

int session_key_of(struct jitd *jitd, const struct peer_process *process, uid_t uid,
                   char ret_key[static FINGERPRINT_SIZE])
{
	struct process_id at = {.pid = process->pid, .start_time = process->start_time};
	int r = 0;

	ret_key[0] = '\0';
	for (size_t i = 0; i < ANCESTORS_MAX && r == 0 && !ret_key[0]; i++) {
		r = key_of(jitd, &at, uid, ret_key);
		if (process_parent(&at, &at) < 0)
			break;
	}
	return r;
}

/* ---- after a restart ---- */

static void find_one(struct jitd *jitd, const struct query *query)
{
	struct peer_process process = {.pid = (pid_t)query_column(query, 7),
	                               .start_time = (uint64_t)query_column(query, 8)};
	uint32_t access = (uint32_t)query_column(query, 0),
	         number = (uint32_t)query_column(query, 1);

	if (strcmp(query_column_text(query, 9), jitd->boot_id))
		end_alone(jitd, access, number, "the machine was restarted");
	else
		session_watch(jitd, access, number, &process);
}

void sessions_find_again(struct jitd *jitd)
{
	uint32_t access = 0, number = 0;
	bool more = true;

	while (more) {
		/* the reader: closing one while the query stands would disturb the writer's */
		cleanup(query_done) struct query query =
		        store_query(jitd->reader, STATEMENT_SESSION_LIVE);
		more = false;
		query_number(&query, ":access", access);
		query_number(&query, ":n", number);
		while (query_step(&query) == QUERY_ROW) {
			access = (uint32_t)query_column(&query, 0);
			number = (uint32_t)query_column(&query, 1);
			find_one(jitd, &query);
			more = true;
		}
	}
}

void session_describe(const struct query *query, struct wire_session *row)
{
	memset(row, 0, sizeof(*row));
	row->access = (uint32_t)query_column(query, 0);
	session_id(row->access, (uint32_t)query_column(query, 1), row->id);
	text_sanitize(row->subject, sizeof(row->subject), query_column_text(query, 2));
	text_sanitize(row->service, sizeof(row->service), query_column_text(query, 3));
	text_sanitize(row->account, sizeof(row->account), query_column_text(query, 4));
	text_sanitize(row->tty, sizeof(row->tty), query_column_text(query, 5));
	text_sanitize(row->rhost, sizeof(row->rhost), query_column_text(query, 6));
	row->pid = (uint32_t)query_column(query, 7);
	row->since = query_column(query, 11);
	row->until = query_column(query, 12);
	row->ended = query_column(query, 13);
	text_sanitize(row->ending, sizeof(row->ending), query_column_text(query, 14));
}
