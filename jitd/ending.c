/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/ending.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/clock.h"
#include "jitd/instant.h"
#include "jitd/reaper.h"
#include "jitd/session.h"
#include "jitd/unwritten.h"

#define ASKED_MAX   64    /* questions on their way at once */
#define PATIENCE_MS 15000 /* longer than the reaper takes: TERM, 5 s, KILL */
#define RETRY_MS    2000

/* A session that the reaper is asked about, or could not end. */
struct ending {
	struct endings *endings;
	struct ending *next;
	uint32_t access, number;
	bool asked;    /* its answer is to come */
	bool open;     /* in the look that is under way: it is not over yet */
	int64_t again; /* ticks; of one that could not be ended */
	char trouble[REAPER_TEXT];
};

struct endings {
	struct jitd *jitd;
	struct ending *first;
	struct timer *timer;
	int64_t due;  /* ticks that the timer waits for; 0: it does not run */
	int64_t next; /* CLOCK_BOOTTIME at which the next session's time is up; 0: none */
	bool wanted;  /* what the message wrote is to be looked at once it is on disk */
	unsigned int asked;
};

/* The sooner one stands. */
static void look_in(struct endings *endings, uint64_t milliseconds)
{
	int64_t due = clock_ticks() + (int64_t)milliseconds * 1000000;

	if (endings->due && endings->due <= due)
		return;
	endings->due = due;
	timer_start(endings->timer, milliseconds);
}

void endings_look(struct jitd *jitd)
{
	look_in(jitd->endings, 0);
}

void endings_want(struct jitd *jitd)
{
	jitd->endings->wanted = true;
}

void endings_committed(struct jitd *jitd)
{
	if (!jitd->endings->wanted)
		return;
	jitd->endings->wanted = false;
	endings_look(jitd);
}

void endings_expect(struct jitd *jitd, int64_t boot_until)
{
	struct endings *endings = jitd->endings;

	if (!endings->next || boot_until < endings->next)
		endings_look(jitd);
}

/* ---- which are to end ---- */

static int doom(struct jitd *jitd, enum statement statement, const char *of, int64_t value,
                const char *why)
{
	cleanup(query_done) struct query query = store_query(jitd->store, statement);

	query_number(&query, of, value);
	query_text(&query, ":why", why);
	endings_want(jitd);
	return query_finish(&query);
}

int ending_of_access(struct jitd *jitd, uint32_t access, const char *why)
{
	return doom(jitd, STATEMENT_SESSION_DOOM_ACCESS, ":access", access, why);
}

int ending_of_session(struct jitd *jitd, uint32_t access, uint32_t number, const char *why)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_SESSION_DOOM);
	int r;

	query_number(&query, ":access", access);
	query_number(&query, ":n", number);
	query_text(&query, ":why", why);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : ENDING_OVER;
	endings_want(jitd);
	return query_finish(&query);
}

int ending_of_subject(struct jitd *jitd, uid_t uid, const char *why)
{
	return doom(jitd, STATEMENT_SESSION_DOOM_SUBJECT, ":uid", uid, why);
}

int ending_is_due(struct store *store, uint32_t access, bool *ret_due)
{
	cleanup(query_done) struct query query = store_query(store, STATEMENT_SESSION_OPEN_OF);
	int r;

	query_number(&query, ":access", access);
	r = query_step(&query);
	if (r < 0)
		return r;
	*ret_due = r == QUERY_ROW;
	return 0;
}

/* ---- asking ---- */

static struct ending *find(struct endings *endings, uint32_t access, uint32_t number)
{
	for (struct ending *ending = endings->first; ending; ending = ending->next)
		if (ending->access == access && ending->number == number)
			return ending;
	return NULL;
}

static void drop(struct ending *ending)
{
	struct ending **where = &ending->endings->first;

	while (*where != ending)
		where = &(*where)->next;
	*where = ending->next;
	free(ending);
}

/* Said once, as long as the reason stays the same. */
static void tell_of_failure(struct ending *ending, const char *text)
{
	struct jitd *jitd = ending->endings->jitd;
	char id[SESSION_ID_SIZE];

	ending->again = clock_ticks() + (int64_t)RETRY_MS * 1000000;
	if (!strcmp(ending->trouble, text))
		return;
	text_sanitize(ending->trouble, sizeof(ending->trouble), text);
	session_id(ending->access, ending->number, id);
	audit_alone(jitd, instant_now(jitd).now,
	            &(struct event){.event = EVENT_NOT_ENDED,
	                            .access = ending->access,
	                            .session = id,
	                            .text = ending->trouble});
}

static void reaped(void *context, enum wire_result result, const char *text)
{
	struct ending *ending = context;
	struct endings *endings = ending->endings;
	struct jitd *jitd = endings->jitd;

	endings->asked--;
	ending->asked = false;
	if (jitd->stopping) {
		drop(ending);
		return;
	}
	if (result == RESULT_DONE || result == RESULT_GONE) {
		session_over(jitd, ending->access, ending->number);
		drop(ending);
	} else {
		tell_of_failure(ending, text[0] ? text : "jit-reaper gives no reason");
	}
	look_in(endings, endings->asked < ASKED_MAX - 1 ? RETRY_MS : 0);
}

static void bind_instant(const struct jitd *jitd, struct query *query,
                         const struct instant *instant)
{
	query_number(query, ":now", instant->now);
	query_number(query, ":boot", instant->boot);
	query_text(query, ":boot_id", jitd->boot_id);
}

/* The manager of a user serves all of their logins; another that may go on keeps it. */
static bool is_last_login(struct jitd *jitd, const struct query *row)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->reader, STATEMENT_SESSION_LOGINS_OF);
	const struct instant instant = instant_now(jitd);
	const char *service = query_column_text(row, 3);

	if (strcmp(service, "ssh") != 0 && strcmp(service, "login") != 0)
		return false;
	query_text(&query, ":account", query_column_text(row, 4));
	bind_instant(jitd, &query, &instant);
	return query_step(&query) != QUERY_ROW;
}

static void ask(struct ending *ending, const struct query *row)
{
	struct endings *endings = ending->endings;
	struct message message = {.id = MESSAGE_reap};

	session_id(ending->access, ending->number, message.reap.session);
	message.reap.pid = (uint32_t)query_column(row, 7);
	message.reap.start_time = query_column(row, 8);
	message.reap.last = is_last_login(endings->jitd, row);
	ending->asked = true;
	endings->asked++;
	reaper_ask(endings->jitd->reaper, &message, PATIENCE_MS, reaped, ending);
}

static void begin(struct endings *endings, const struct query *row)
{
	uint32_t access = (uint32_t)query_column(row, 0), number = (uint32_t)query_column(row, 1);
	struct ending *ending = find(endings, access, number);

	if (!ending) {
		ending = calloc(1, sizeof(*ending));
		if (!ending)
			return; /* the next look tries again */
		*ending = (struct ending){.endings = endings,
		                          .next = endings->first,
		                          .access = access,
		                          .number = number};
		endings->first = ending;
	}
	ending->open = true;
	if (!ending->asked && ending->again <= clock_ticks() && endings->asked < ASKED_MAX)
		ask(ending, row);
}

/* ---- looking ---- */

/* Revocations and locks that are in force but not on disk end sessions too. */
static bool is_unwritten(struct jitd *jitd, uint32_t access_id)
{
	cleanup(cleanup_access) struct access *access = NULL;

	if (unwritten_covers(jitd->unwritten, access_id))
		return true;
	return access_get(jitd->reader, access_id, &access) == 0 &&
	       unwritten_locks(jitd->unwritten, access->uid);
}

/* A page of open sessions after the one named; what is asked may close rows, so that the next page
 * is a query of its own. Returns the number of rows. */
static int look_at_page(struct endings *endings, enum statement statement,
                        const struct instant *instant, uint32_t *access, uint32_t *number)
{
	struct jitd *jitd = endings->jitd;
	cleanup(query_done) struct query query = store_query(jitd->reader, statement);
	int r, rows = 0;

	query_number(&query, ":access", *access);
	query_number(&query, ":n", *number);
	if (statement == STATEMENT_SESSION_DUE)
		bind_instant(jitd, &query, instant);
	while ((r = query_step(&query)) == QUERY_ROW) {
		*access = (uint32_t)query_column(&query, 0);
		*number = (uint32_t)query_column(&query, 1);
		if (statement == STATEMENT_SESSION_DUE || is_unwritten(jitd, *access))
			begin(endings, &query);
		rows++;
	}
	return r < 0 ? r : rows;
}

static int look_at_all(struct endings *endings, enum statement statement,
                       const struct instant *instant)
{
	uint32_t access = 0, number = 0;
	int r;

	do
		r = look_at_page(endings, statement, instant, &access, &number);
	while (r > 0);
	return r;
}

/* The sooner of this and *wait; 0: there is none. */
static void take_next(const struct query *query, int64_t now, unsigned int into, uint64_t *wait)
{
	uint64_t until;

	if (query_is_null(query, 0))
		return;
	until = clock_wait(query_column(query, 0), now, into);
	if (!*wait || until < *wait)
		*wait = until;
}

/* Milliseconds to the next end of one that is not due yet; 0: there is none. */
static int next_until(struct jitd *jitd, const struct instant *instant, uint64_t *ret_wait)
{
	cleanup(query_done) struct query wall =
	        store_query(jitd->reader, STATEMENT_SESSION_NEXT_UNTIL);
	cleanup(query_done) struct query boot =
	        store_query(jitd->reader, STATEMENT_SESSION_NEXT_BY_BOOT);
	uint64_t wait = 0;
	int r;

	query_number(&wall, ":now", instant->now);
	query_number(&boot, ":boot", instant->boot);
	query_text(&boot, ":boot_id", jitd->boot_id);
	r = query_step(&wall);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	take_next(&wall, instant->now, instant->into.wall, &wait);
	r = query_step(&boot);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	take_next(&boot, instant->boot, instant->into.boot, &wait);
	*ret_wait = wait;
	return 0;
}

/* What is not open any more needs no end. */
static bool forget_the_closed(struct endings *endings)
{
	bool left = false;

	for (struct ending *ending = endings->first, *next; ending; ending = next) {
		next = ending->next;
		if (ending->open || ending->asked)
			left = true;
		else
			drop(ending);
	}
	return left;
}

static void look(void *context)
{
	struct endings *endings = context;
	struct jitd *jitd = endings->jitd;
	const struct instant instant = instant_now(jitd);
	uint64_t wait = 0;
	int r;

	endings->due = 0;
	for (struct ending *ending = endings->first; ending; ending = ending->next)
		ending->open = false;
	r = look_at_all(endings, STATEMENT_SESSION_DUE, &instant);
	if (r == 0 && unwritten_first(jitd->unwritten))
		r = look_at_all(endings, STATEMENT_SESSION_LIVE, &instant);
	if (r == 0)
		r = next_until(jitd, &instant, &wait);
	if (r < 0)
		audit_log(jitd->audit, "sessions to end are not looked for: %s", strerror(-r));
	if (forget_the_closed(endings) || r < 0)
		look_in(endings, RETRY_MS);
	endings->next = wait ? instant.boot + (int64_t)((wait + 999) / 1000) : 0;
	if (wait)
		look_in(endings, wait);
}

int endings_new(struct jitd *jitd, struct endings **ret_endings)
{
	struct endings *endings = calloc(1, sizeof(*endings));
	int r;

	if (!endings)
		return -ENOMEM;
	endings->jitd = jitd;
	r = loop_alarm(jitd->loop, look, endings, &endings->timer);
	if (r < 0) {
		free(endings);
		return r;
	}
	*ret_endings = endings;
	return 0;
}

struct endings *endings_free(struct endings *endings)
{
	while (endings && endings->first)
		drop(endings->first);
	if (endings)
		timer_free(endings->timer);
	free(endings);
	return NULL;
}

bool endings_failed(const struct endings *endings, size_t index, char *ret_text, size_t size)
{
	for (const struct ending *ending = endings->first; ending; ending = ending->next) {
		char id[SESSION_ID_SIZE];
		if (!ending->trouble[0] || index--)
			continue;
		session_id(ending->access, ending->number, id);
		best_effort(text_format(ret_text, size, "%s: %s", id, ending->trouble));
		return true;
	}
	return false;
}
