/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/recheck.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/clock.h"
#include "jitd/instant.h"
#include "jitd/ending.h"
#include "jitd/judge.h"
#include "jitd/unwritten.h"

#define BATCH   32 /* sessions in one turn of the loop */
#define NEXT_MS 1  /* not 0: a timer that is due runs in the same turn */
#define ACTOR   "jitd"

/* When NSS last told who this is. */
struct told {
	struct told *next;
	uid_t uid;
	int64_t at; /* ticks */
	bool seen;  /* in this round: a session of theirs is open */
};

/* The session that is being asked about. */
struct asked {
	uint32_t access, number; /* 0: the round has not begun */
	char scope[SCOPE_SIZE];  /* what it is, as its door */
	char id[SESSION_ID_SIZE];
};

struct recheck {
	struct jitd *jitd;
	struct timer *timer; /* the next round, or the rest of this one */
	struct watch *watch;
	int inotify;
	uint64_t generation; /* of the files that names come from */
	int64_t changed;     /* CLOCK_BOOTTIME: the last time that something did */
	struct asked asked;
	struct told *told;
	size_t batch, ended;
	uint64_t failures; /* of commits, before this round */
	int64_t due;       /* ticks that the timer waits for; 0: it does not run */
	bool running;      /* a round is under way */
	bool waiting;      /* ... and NSS has the word */
	bool again;        /* something changed meanwhile */
	bool open;         /* this round has found an open session */
	bool from_memory; /* the database cannot be written: what does not stand is revoked there */
};

/* The sooner one stands, unless it is late. */
static void look_in(struct recheck *recheck, uint64_t milliseconds)
{
	int64_t now = clock_ticks(), due = now + (int64_t)milliseconds * 1000000;

	if (recheck->due > now && recheck->due <= due)
		return;
	recheck->due = due;
	timer_start(recheck->timer, milliseconds);
}

/* ---- what does not stand ---- */

static const char *why_of(enum reason reason)
{
	static const struct {
		enum reason reason;
		const char *text;
	} texts[] = {
	        {REASON_NOT_A_MEMBER, "its rule no longer names its subject"},
	        {REASON_RULE_DENIES, "a rule denies it"},
	        {REASON_TRUST_GONE, "its issuer is not trusted any more"},
	        {REASON_UNKNOWN_USER, "this host no longer knows its subject"},
	        {REASON_NAMES, "this host could not tell for 15 minutes who its subject is"},
	        {REASON_SUBJECT, "its subject goes by another name"},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].reason == reason)
			return texts[i].text;
	return reason_word(reason);
}

static int doom(struct recheck *recheck, const struct access *access, enum reason reason)
{
	const char *why = why_of(reason);
	int r = ending_of_session(recheck->jitd, recheck->asked.access, recheck->asked.number, why);

	if (r != 0)
		return r < 0 ? r : 0;
	recheck->ended++;
	return audit_append(recheck->jitd, instant_now(recheck->jitd).now,
	                    &(struct event){.event = EVENT_SESSION_END,
	                                    .reason = reason_word(reason),
	                                    .access = access->id,
	                                    .session = recheck->asked.id,
	                                    .subject = access->subject,
	                                    .text = why});
}

/* As with any revocation that cannot be written: the access goes, and with it its sessions. */
static void revoke_from_memory(struct recheck *recheck)
{
	const struct unwritten_order order = {.access = recheck->asked.access, .actor = ACTOR};

	if (!unwritten_add(recheck->jitd->unwritten, &order))
		audit_log(recheck->jitd->audit, "session %s is not ended: no memory",
		          recheck->asked.id);
	endings_look(recheck->jitd);
}

static struct told *told_of(struct recheck *recheck, uid_t uid)
{
	struct told *told = recheck->told;

	while (told && told->uid != uid)
		told = told->next;
	if (told)
		return told;
	told = calloc(1, sizeof(*told));
	if (!told)
		return NULL;
	/* a check, or a jitd before this one, was told before it opened */
	*told = (struct told){.next = recheck->told, .uid = uid, .at = clock_ticks()};
	recheck->told = told;
	return told;
}

static bool is_told(struct recheck *recheck, uid_t uid, enum names_result result)
{
	struct told *told = told_of(recheck, uid);

	if (!told)
		return true; /* the next round asks again */
	told->seen = true;
	if (result == NAMES_FOUND || result == NAMES_UNKNOWN)
		told->at = clock_ticks();
	return result != NAMES_FAILED ||
	       clock_ticks() - told->at < (int64_t)NAMES_STALE_MS * 1000000;
}

static enum reason judge_one(struct recheck *recheck, const struct access *access,
                             enum names_result result, const struct identity *subject)
{
	if (!is_told(recheck, access->uid, result))
		return REASON_NAMES;
	if (result == NAMES_UNKNOWN)
		return REASON_UNKNOWN_USER;
	if (result == NAMES_FAILED || !subject)
		return REASON_NONE; /* undecided: it stands for now */
	if (subject->uid != access->uid || strcmp(subject->name, access->subject) != 0)
		return REASON_SUBJECT;
	return judge_rules(recheck->jitd, access, recheck->asked.scope, subject,
	                   instant_now(recheck->jitd).now);
}

static int hold_against(struct recheck *recheck, enum names_result result,
                        const struct identity *subject)
{
	cleanup(cleanup_access) struct access *access = NULL;
	enum reason reason;
	int r;

	if (unwritten_covers(recheck->jitd->unwritten, recheck->asked.access))
		return 0;
	r = access_get(recheck->jitd->store, recheck->asked.access, &access);
	if (r)
		return r < 0 ? r : -EIO;
	reason = judge_one(recheck, access, result, subject);
	if (reason == REASON_NONE)
		return 0;
	if (!recheck->from_memory)
		return doom(recheck, access, reason);
	revoke_from_memory(recheck);
	return 0;
}

/* ---- from session to session ---- */

static void forget_told(struct recheck *recheck, bool all)
{
	for (struct told **where = &recheck->told, *told; (told = *where);) {
		if (told->seen && !all) {
			told->seen = false;
			where = &told->next;
			continue;
		}
		*where = told->next;
		free(told);
	}
}

static void end_round(struct recheck *recheck, int result)
{
	struct txn *txn = recheck->jitd->txn;
	bool failed = result < 0;

	if (recheck->ended)
		txn_flush(txn); /* what could not be written is ended from memory, and now */
	/* of others it is none of ours */
	failed |= recheck->ended && txn_counters(txn).failures != recheck->failures;
	if (failed)
		audit_log(recheck->jitd->audit, "open sessions cannot be written to end");
	recheck->running = false;
	if ((failed && !recheck->from_memory) || recheck->again)
		look_in(recheck, NEXT_MS);
	else if (failed || recheck->open)
		look_in(recheck, RECHECK_MS);
	recheck->from_memory = failed && !recheck->from_memory;
	forget_told(recheck, false);
}

/* The next open session that is not to end already; 0: there is none. */
static int next_session(struct recheck *recheck, uid_t *ret_uid)
{
	struct jitd *jitd = recheck->jitd;
	struct asked *asked = &recheck->asked;
	cleanup(query_done) struct query query =
	        store_query(jitd->reader, STATEMENT_SESSION_STANDING);
	int r;

	query_number(&query, ":access", asked->access);
	query_number(&query, ":n", asked->number);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r;
	asked->access = (uint32_t)query_column(&query, 0);
	asked->number = (uint32_t)query_column(&query, 1);
	session_id(asked->access, asked->number, asked->id);
	*ret_uid = (uid_t)query_column(&query, 4);
	r = text_format(asked->scope, sizeof(asked->scope), "%s:%s", query_column_text(&query, 2),
	                query_column_text(&query, 3));
	return r < 0 ? r : QUERY_ROW;
}

static void subject_known(void *context, enum names_result result, const struct identity *subject);

static void go_on(struct recheck *recheck)
{
	struct names_key key = {0};
	int r;

	if (++recheck->batch > BATCH) {
		recheck->batch = 0;
		look_in(recheck, NEXT_MS);
		return;
	}
	r = next_session(recheck, &key.uid);
	if (r != QUERY_ROW) {
		end_round(recheck, r);
		return;
	}
	recheck->open = recheck->waiting = true;
	names_lookup(recheck->jitd->names, LANE_PAM, &key, subject_known, recheck);
}

static void subject_known(void *context, enum names_result result, const struct identity *subject)
{
	struct recheck *recheck = context;
	struct txn *txn = recheck->jitd->txn;
	int r;

	recheck->waiting = false;
	if (recheck->jitd->stopping)
		return;
	r = txn_enter(txn);
	if (r == 0) {
		r = hold_against(recheck, result, subject);
		r = txn_leave(txn, r);
	}
	if (r < 0)
		end_round(recheck, r);
	else
		go_on(recheck);
}

static void begin_round(struct recheck *recheck)
{
	uint64_t generation = names_generation(recheck->jitd->names);

	/* found here before it is told of: who is being let in by what was known before is asked
	 * about after this round */
	if (generation != recheck->generation)
		recheck->changed = clock_boot();
	recheck->generation = generation;
	recheck->running = true;
	recheck->again = recheck->open = false;
	recheck->ended = recheck->batch = 0;
	recheck->asked = (struct asked){.access = 0};
	recheck->failures = txn_counters(recheck->jitd->txn).failures;
}

static void on_time(void *context)
{
	struct recheck *recheck = context;

	recheck->due = 0;
	if (recheck->waiting)
		return; /* the end of this round sees to the next */
	if (!recheck->running)
		begin_round(recheck);
	go_on(recheck);
}

/* ---- when ---- */

/* Editors and the tools of shadow put another file in the place of the old one. */
static void etc_changed(void *context, int events)
{
	struct recheck *recheck = context;
	char drained[4096];

	(void)events;
	while (read(recheck->inotify, drained, sizeof(drained)) > 0)
		;
	if (names_generation(recheck->jitd->names) != recheck->generation)
		recheck_soon(recheck->jitd);
}

static int watch_etc(struct recheck *recheck)
{
	recheck->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (recheck->inotify < 0 || inotify_add_watch(recheck->inotify, "/etc",
	                                              IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE) < 0)
		return -errno;
	return loop_watch(recheck->jitd->loop, recheck->inotify, WATCH_READ, etc_changed, recheck,
	                  &recheck->watch);
}

int recheck_new(struct jitd *jitd, struct recheck **ret_recheck)
{
	struct recheck *recheck = calloc(1, sizeof(*recheck));
	int r;

	if (!recheck)
		return -ENOMEM;
	*recheck = (struct recheck){.jitd = jitd, .inotify = -1};
	r = loop_timer(jitd->loop, on_time, recheck, &recheck->timer);
	if (r < 0) {
		free(recheck);
		return r;
	}
	r = watch_etc(recheck);
	if (r < 0)
		audit_log(jitd->audit, "changes in /etc are seen within a minute: %s",
		          strerror(-r));
	*ret_recheck = recheck;
	return 0;
}

struct recheck *recheck_free(struct recheck *recheck)
{
	if (!recheck)
		return NULL;
	watch_free(recheck->watch);
	timer_free(recheck->timer);
	if (recheck->inotify >= 0)
		close(recheck->inotify);
	forget_told(recheck, true);
	free(recheck);
	return NULL;
}

void recheck_soon(struct jitd *jitd)
{
	struct recheck *recheck = jitd->recheck;

	recheck->changed = clock_boot();
	recheck->again = true;
	if (!recheck->running)
		look_in(recheck, NEXT_MS);
}

void recheck_opened(struct jitd *jitd, int64_t since)
{
	struct recheck *recheck = jitd->recheck;

	if (since <= recheck->changed)
		recheck_soon(jitd);
	else
		look_in(recheck, RECHECK_MS);
}
