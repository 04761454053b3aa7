/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/warning.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/session.h"
#include "base/text.h"
#include "jitd/audit.h"
#include "jitd/clock.h"
#include "jitd/instant.h"
#include "jitd/reaper.h"

#define PAGE        64 /* as many as SESSION_WARN takes */
#define PATIENCE_MS 5000
#define RETRY_MS    60000

struct warnings {
	struct jitd *jitd;
	struct timer *timer;
	bool wanted; /* a session was opened that is to be told; it is not on disk yet */
};

/* Nobody waits for it: the session goes on, told or not. */
static void told(void *context, enum wire_result result, const char *text)
{
	struct jitd *jitd = context;

	if (result != RESULT_DONE && result != RESULT_GONE && !jitd->stopping)
		audit_log(jitd->audit, "a session is not warned of its end: %s", text);
}

/* A renewal is an access of its own: what is open keeps its end. */
static void line_of(const struct query *row, char *ret_text, size_t size)
{
	const char *service = query_column_text(row, 2), *account = query_column_text(row, 3);
	char left[DURATION_SIZE];

	format_duration(query_column(row, 6), left);
	best_effort(text_format(ret_text, size,
	                        "pam-jit: this session ends in %s, with all that runs in it. For "
	                        "a new one: jit request %s:%s",
	                        left, service, account));
}

static void question_of(const struct query *row, struct message *ret_question)
{
	*ret_question = (struct message){.id = MESSAGE_warn};
	session_id((uint32_t)query_column(row, 0), (uint32_t)query_column(row, 1),
	           ret_question->warn.session);
	ret_question->warn.pid = (uint32_t)query_column(row, 4);
	ret_question->warn.start_time = query_column(row, 5);
	line_of(row, ret_question->warn.text, sizeof(ret_question->warn.text));
}

/* Within a message. */
static int take_due(struct jitd *jitd, const struct instant *instant, struct message *ret_questions,
                    size_t *ret_count)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_SESSION_WARN);
	int r;

	query_number(&query, ":now", instant->now);
	query_number(&query, ":boot", instant->boot);
	query_text(&query, ":boot_id", jitd->boot_id);
	while ((r = query_step(&query)) == QUERY_ROW)
		if (query_column(&query, 6) > 0 && !query_column(&query, 7) && *ret_count < PAGE)
			question_of(&query, &ret_questions[(*ret_count)++]);
	return r;
}

static int tell_all(struct jitd *jitd, const struct instant *instant)
{
	cleanup(cleanup_free) struct message *questions = calloc(PAGE, sizeof(*questions));
	size_t count = 0;
	uint64_t failures;
	int r = questions ? txn_enter(jitd->txn) : -ENOMEM;

	if (r < 0)
		return r;
	failures = txn_counters(jitd->txn).failures;
	r = take_due(jitd, instant, questions, &count);
	r = txn_leave(jitd->txn, r);
	if (r == 0)
		txn_flush(jitd->txn); /* told once: first it is on disk */
	if (r == 0 && txn_counters(jitd->txn).failures != failures)
		r = -EIO;
	for (size_t i = 0; r == 0 && i < count; i++)
		reaper_ask(jitd->reaper, &questions[i], PATIENCE_MS, told, jitd);
	return r;
}

static int next_at(struct jitd *jitd, int64_t *ret_at)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->reader, STATEMENT_SESSION_NEXT_WARN);
	int r;

	query_text(&query, ":boot_id", jitd->boot_id);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	*ret_at = query_column(&query, 0);
	return 0;
}

static void look(void *context)
{
	struct warnings *warnings = context;
	struct jitd *jitd = warnings->jitd;
	const struct instant instant = instant_now(jitd);
	int64_t at = 0;
	int r = next_at(jitd, &at);

	if (r == 0 && at && at <= instant.boot)
		r = tell_all(jitd, &instant);
	if (r < 0)
		audit_log(jitd->audit, "no session is warned of its end: %s", strerror(-r));
	if (r < 0)
		timer_start(warnings->timer, RETRY_MS);
	else if (at)
		timer_start(warnings->timer, clock_wait(at, instant.boot, instant.into.boot));
}

void warnings_look(struct jitd *jitd)
{
	timer_start(jitd->warnings->timer, 0);
}

void warnings_want(struct jitd *jitd)
{
	jitd->warnings->wanted = true;
}

void warnings_committed(struct jitd *jitd)
{
	if (!jitd->warnings->wanted)
		return;
	jitd->warnings->wanted = false;
	warnings_look(jitd);
}

int warnings_new(struct jitd *jitd, struct warnings **ret_warnings)
{
	struct warnings *warnings = calloc(1, sizeof(*warnings));
	int r;

	if (!warnings)
		return -ENOMEM;
	warnings->jitd = jitd;
	r = loop_alarm(jitd->loop, look, warnings, &warnings->timer);
	if (r < 0) {
		free(warnings);
		return r;
	}
	*ret_warnings = warnings;
	return 0;
}

struct warnings *warnings_free(struct warnings *warnings)
{
	if (warnings)
		timer_free(warnings->timer);
	free(warnings);
	return NULL;
}
