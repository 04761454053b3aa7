/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/audit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/clock.h"
#include "jitd/instant.h"

#define KINDS        64        /* kinds of refusal told apart at a time */
#define BURST        128       /* written one by one before counting begins */
#define REFILL_NS    100000000 /* one more after each 0.1 s */
#define FLUSH_MS     5000
#define TEXT_SIZE    1025
#define WORD_SIZE    65
#define LINE_SIZE    4096 /* each byte of a text may be two */
#define LINES_SIZE   (16 * LINE_SIZE)
#define POLICY_SHOWN 16 /* hex digits: no two policies of a host share them by chance */

struct kind {
	uid_t uid;
	enum event_word event;
	char reason[WORD_SIZE];
	int64_t tokens, filled; /* filled: ticks */
	int64_t waiting;        /* counted, not written yet */
};

struct audit {
	struct jitd *jitd;
	struct kind kinds[KINDS];
	size_t next; /* the slot that the next new kind takes */
	struct timer *flush;
	size_t used;
	uint8_t lines[LINES_SIZE]; /* of events, not printed yet */
};

static const char *const event_words[] = {
#define E(name, word) [EVENT_##name] = (word),
        EVENTS(E)
#undef E
};

/* What events say is in the database too, or will never be: it may leave when the answers have. */
static void print_lines(void *context)
{
	struct audit *audit = context;

	if (audit->used)
		(void)fwrite(audit->lines, 1, audit->used, stderr);
	audit->used = 0;
}

void audit_log(struct audit *audit, const char *format, ...)
{
	char line[TEXT_SIZE], clean[TEXT_SIZE];
	va_list arguments;

	if (audit)
		print_lines(audit);
	va_start(arguments, format);
	(void)vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	text_sanitize(clean, sizeof(clean), line);
	(void)fprintf(stderr, "jitd: %s\n", clean);
}

/* ---- one event ---- */

struct clean_event {
	char session[WORD_SIZE], subject[WORD_SIZE], actor[WORD_SIZE], service[WORD_SIZE],
	        phase[WORD_SIZE], account[WORD_SIZE], reason[WORD_SIZE], text[TEXT_SIZE];
};

static void clean(char *out, size_t size, const char *text)
{
	text_sanitize(out, size, text ? text : "");
}

static void clean_all(struct clean_event *out, const struct event *event)
{
	clean(out->session, sizeof(out->session), event->session);
	clean(out->subject, sizeof(out->subject), event->subject);
	clean(out->actor, sizeof(out->actor), event->actor);
	clean(out->service, sizeof(out->service), event->service);
	clean(out->phase, sizeof(out->phase), event->phase);
	clean(out->account, sizeof(out->account), event->account);
	clean(out->reason, sizeof(out->reason), event->reason);
	clean(out->text, sizeof(out->text), event->text);
	if (!event->actor && !event->subject && event->pid)
		(void)snprintf(out->actor, sizeof(out->actor), "uid:%u", event->actor_uid);
}

static void put_text(struct buffer *line, const char *text)
{
	best_effort(buffer_put_bytes(line, text, strlen(text)));
}

static void put_number(struct buffer *line, const char *name, int64_t number)
{
	char text[32];

	(void)snprintf(text, sizeof(text), " %s=%lld", name, (long long)number);
	put_text(line, text);
}

/* Texts come from outside: none may look like a member of the line that it is not. */
static void put_quoted(struct buffer *line, const char *name, const char *value)
{
	if (!*value)
		return;
	put_text(line, " ");
	put_text(line, name);
	put_text(line, "=\"");
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			put_text(line, "\\");
		best_effort(buffer_put_bytes(line, value, 1));
	}
	put_text(line, "\"");
}

static void put_word(struct buffer *line, const char *name, const char *value)
{
	if (strpbrk(value, " \"\\=")) {
		put_quoted(line, name, value);
	} else if (*value) {
		put_text(line, " ");
		put_text(line, name);
		put_text(line, "=");
		put_text(line, value);
	}
}

/* There is room for all, with each byte of a text as two. No stdio: thirty calls of its formats a
 * line, and a write for each, stood out in the profile of a check. */
static void print(struct audit *audit, const struct event *event, const struct clean_event *text,
                  int64_t count)
{
	struct buffer line;

	if (sizeof(audit->lines) - audit->used < LINE_SIZE)
		print_lines(audit);
	buffer_init_write(&line, audit->lines + audit->used, LINE_SIZE);
	put_text(&line, "jitd: event=");
	put_text(&line, event_words[event->event]);
	put_word(&line, "verdict", event->verdict ? event->verdict : "");
	put_word(&line, "reason", text->reason);
	if (event->access)
		put_number(&line, "access", event->access);
	put_word(&line, "session", text->session);
	put_word(&line, "subject", text->subject);
	put_word(&line, "actor", text->actor);
	put_word(&line, "service", text->service);
	put_word(&line, "phase", text->phase);
	put_word(&line, "account", text->account);
	if (event->pid)
		put_number(&line, "pid", event->pid);
	if (count != 1)
		put_number(&line, "count", count);
	put_quoted(&line, "text", text->text);
	put_text(&line, "\n");
	audit->used += line.used;
}

static int write_event(struct jitd *jitd, int64_t now, const struct event *event, int64_t count)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_EVENT_INSERT);
	char policy[POLICY_SHOWN + 1];
	struct clean_event text;

	clean(policy, sizeof(policy), jitd->policy_digest);
	clean_all(&text, event);
	print(jitd->audit, event, &text, count);
	query_number(&query, ":now", now);
	query_text(&query, ":event", event_words[event->event]);
	query_text(&query, ":verdict", event->verdict ? event->verdict : "");
	query_text(&query, ":reason", text.reason);
	if (event->access)
		query_number(&query, ":access", event->access);
	else
		query_null(&query, ":access");
	query_text(&query, ":session", text.session);
	query_text(&query, ":subject", text.subject);
	query_text(&query, ":actor", text.actor);
	query_text(&query, ":service", text.service);
	query_text(&query, ":phase", text.phase);
	query_text(&query, ":account", text.account);
	query_number(&query, ":pid", event->pid);
	query_number(&query, ":count", count);
	query_text(&query, ":text", text.text);
	query_text(&query, ":policy", policy);
	return query_finish(&query);
}

/* ---- refusals in a flood ---- */

static struct kind *find_kind(struct audit *audit, const struct event *event)
{
	for (size_t i = 0; i < KINDS; i++) {
		struct kind *kind = &audit->kinds[i];
		if (kind->filled && kind->uid == event->actor_uid && kind->event == event->event &&
		    !strncmp(kind->reason, event->reason ? event->reason : "",
		             sizeof(kind->reason) - 1))
			return kind;
	}
	return NULL;
}

static int write_waiting(struct jitd *jitd, int64_t now, struct kind *kind)
{
	struct event event = {.event = kind->event,
	                      .verdict = "deny",
	                      .reason = kind->reason,
	                      .actor_uid = kind->uid,
	                      .text = "counted, not written one by one"};
	char actor[WORD_SIZE];
	int r;

	if (!kind->waiting)
		return 0;
	(void)snprintf(actor, sizeof(actor), "uid:%u", kind->uid);
	event.actor = actor;
	r = write_event(jitd, now, &event, kind->waiting);
	if (r == 0)
		kind->waiting = 0;
	return r;
}

static struct kind *new_kind(struct audit *audit, int64_t now, const struct event *event)
{
	struct kind *kind = &audit->kinds[audit->next];

	audit->next = (audit->next + 1) % KINDS;
	if (kind->filled && write_waiting(audit->jitd, now, kind) < 0)
		audit_log(audit, "%lld refusals of uid %u (%s) not on disk",
		          (long long)kind->waiting, kind->uid, kind->reason);
	*kind = (struct kind){.uid = event->actor_uid,
	                      .event = event->event,
	                      .tokens = BURST,
	                      .filled = clock_ticks()};
	clean(kind->reason, sizeof(kind->reason), event->reason);
	return kind;
}

/* May this refusal be written by itself? Else it is counted. */
static bool admit(struct audit *audit, int64_t now, const struct event *event)
{
	struct kind *kind = find_kind(audit, event);
	int64_t fresh;

	if (!kind)
		kind = new_kind(audit, now, event);
	fresh = (clock_ticks() - kind->filled) / REFILL_NS;
	kind->filled += fresh * REFILL_NS;
	kind->tokens = kind->tokens + fresh > BURST ? BURST : kind->tokens + fresh;
	if (kind->tokens > 0) {
		kind->tokens--;
		return true;
	}
	if (!kind->waiting++)
		timer_start(audit->flush, FLUSH_MS);
	return false;
}

static bool is_refusal(const struct event *event)
{
	if (event->event == EVENT_REFUSED || event->event == EVENT_BAD_PACKET)
		return true;
	return event->event == EVENT_CHECK && event->verdict && !strcmp(event->verdict, "deny");
}

int audit_append(struct jitd *jitd, int64_t now, const struct event *event)
{
	if (is_refusal(event) && !admit(jitd->audit, now, event))
		return 0;
	return write_event(jitd, now, event, 1);
}

void audit_alone(struct jitd *jitd, int64_t now, const struct event *event)
{
	int r = txn_enter(jitd->txn);

	if (r == 0) {
		r = audit_append(jitd, now, event);
		r = txn_leave(jitd->txn, r);
	}
	if (r < 0)
		audit_log(jitd->audit, "the event %s is not on disk: %s", event_words[event->event],
		          strerror(-r));
}

static void flush(void *context)
{
	struct audit *audit = context;
	struct jitd *jitd = audit->jitd;
	const int64_t now = instant_now(jitd).now;
	bool left = false;
	int r = txn_enter(jitd->txn);

	if (r == 0) {
		for (size_t i = 0; i < KINDS && r == 0; i++)
			r = write_waiting(jitd, now, &audit->kinds[i]);
		r = txn_leave(jitd->txn, r);
	}
	for (size_t i = 0; i < KINDS; i++)
		left |= audit->kinds[i].waiting > 0;
	if (left)
		timer_start(audit->flush, FLUSH_MS);
}

int audit_new(struct jitd *jitd, struct audit **ret_audit)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	int r;

	if (!audit)
		return -ENOMEM;
	audit->jitd = jitd;
	r = loop_timer(jitd->loop, flush, audit, &audit->flush);
	if (r == 0)
		r = loop_before_sleep(jitd->loop, print_lines, audit);
	if (r < 0) {
		timer_free(audit->flush);
		free(audit);
		return r;
	}
	*ret_audit = audit;
	return 0;
}

struct audit *audit_free(struct audit *audit)
{
	if (!audit)
		return NULL;
	flush(audit);
	txn_flush(audit->jitd->txn);
	print_lines(audit);
	timer_free(audit->flush);
	free(audit);
	return NULL;
}
