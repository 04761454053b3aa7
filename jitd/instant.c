/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/instant.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "jitd/clock.h"
#include "jitd/redate.h"

#define NOTICE_SIZE 256

struct instants {
	struct jitd *jitd;
	struct timekeeper keeper;
	struct noted {
		int64_t highest, base;
	} noted, on_disk;    /* by the commit to come, by those that were */
	struct timer *steps; /* somebody set the wall clock */
	struct timer *trial; /* an unconfirmed clock has stood long enough */
	struct timer *teller;
	void (*stepped)(void *);
	struct timekeeper before; /* clock accept, until that is on disk */
	bool accepted;
	bool waited;              /* the clock was behind */
	char notice[NOTICE_SIZE]; /* of an event to be written; empty: none */
};

/* ---- what is on disk ---- */

static int read_row(struct instants *instants)
{
	struct jitd *jitd = instants->jitd;
	cleanup(query_done) struct query query = store_query(jitd->reader, STATEMENT_CLOCK_GET);
	int r = query_step(&query);

	if (r < 0)
		return r;
	instants->keeper = (struct timekeeper){0};
	if (r == QUERY_ROW) {
		instants->keeper.highest = query_column(&query, 0);
		instants->keeper.base = query_column(&query, 1);
		instants->keeper.witnessed = !strcmp(query_column_text(&query, 2), jitd->boot_id);
	}
	instants->noted.highest = instants->keeper.highest;
	instants->noted.base = instants->keeper.base;
	instants->on_disk = instants->noted;
	return 0;
}

/* With what is committed anyway. Until this boot has had a confirmed reading the highest time is
 * that of another, and stands. */
static int write_row(void *context)
{
	struct instants *instants = context;
	const struct timekeeper *keeper = &instants->keeper;
	struct jitd *jitd = instants->jitd;
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_CLOCK_SET);

	if (!keeper->witnessed || (keeper->highest == instants->on_disk.highest &&
	                           keeper->base == instants->on_disk.base))
		return 0;
	query_number(&query, ":highest", keeper->highest);
	query_number(&query, ":base", keeper->base);
	query_text(&query, ":boot_id", jitd->boot_id);
	instants->noted.highest = keeper->highest;
	instants->noted.base = keeper->base;
	return query_finish(&query);
}

int instants_keep(struct jitd *jitd)
{
	struct instants *instants = jitd->instants;
	bool old = instants->keeper.highest - instants->on_disk.highest >= INSTANT_KEEP_MS / 1000;

	return old ? write_row(instants) : 0;
}

void instants_committed(struct jitd *jitd)
{
	jitd->instants->on_disk = jitd->instants->noted;
	jitd->instants->accepted = false;
}

void instants_take_back(struct jitd *jitd)
{
	struct instants *instants = jitd->instants;

	if (instants->accepted)
		instants->keeper = instants->before;
	instants->accepted = false;
}

/* ---- what is told ---- */

static const char *hint_of(enum clock_verdict verdict)
{
	return verdict == CLOCK_BEHIND ? "; nothing opens until it has passed the highest time "
	                                 "seen, or jitd-admin clock accept"
	                               : "";
}

/* An event of its own, and a look at what ends, after the message that noticed. */
static void notice(struct instants *instants, const struct timing *timing)
{
	static const char *const words[] = {
	        [CLOCK_STEPPED_FORTH] = "the clock was set forth",
	        [CLOCK_STEPPED_BACK] = "the clock was set back",
	        [CLOCK_FELL_BEHIND] = "the clock is behind",
	        [CLOCK_CAUGHT_UP] = "the clock has passed the highest time seen",
	        [CLOCK_BECAME_RIGHT] = "the clock counts as right",
	};
	char by[DURATION_SIZE], text[NOTICE_SIZE];

	if (timing->change == CLOCK_WENT_ON)
		return;
	by[0] = '\0';
	if (timing->by > 0 && timing->change != CLOCK_CAUGHT_UP &&
	    timing->change != CLOCK_BECAME_RIGHT)
		format_duration(timing->by, by);
	if (text_format(text, sizeof(text), "%s%s%s%s%s%s", instants->notice,
	                *instants->notice ? "; then " : "", words[timing->change],
	                *by ? " by " : "", by, hint_of(timing->verdict)) == 0)
		memcpy(instants->notice, text, sizeof(text));
	timer_start(instants->teller, 0);
}

static void tell(void *context)
{
	struct instants *instants = context;
	struct jitd *jitd = instants->jitd;
	char text[NOTICE_SIZE];

	memcpy(text, instants->notice, sizeof(text));
	instants->notice[0] = '\0';
	if (!*text)
		return;
	audit_alone(jitd, instant_now(jitd).now,
	            &(struct event){.event = EVENT_CLOCK, .text = text});
	instants->stepped(jitd); /* what is over by now stays over, should the clock go back */
}

void instant_describe(struct jitd *jitd, char *ret_text, size_t size)
{
	const struct clocks clocks = {.wall = clock_wall(), .boot = clock_boot()};
	struct timekeeper copy = jitd->instants->keeper;
	const struct timing timing = timekeeper_read(&copy, clocks);
	char length[DURATION_SIZE];

	format_duration(timing.behind ? timing.behind : timing.left, length);
	switch (timing.verdict) {
	case CLOCK_CONFIRMED:
		best_effort(text_format(ret_text, size, "confirmed"));
		return;
	case CLOCK_UNCONFIRMED:
		best_effort(text_format(ret_text, size,
		                        "unconfirmed for %s, or until jitd-admin clock accept",
		                        length));
		return;
	case CLOCK_BEHIND:
		best_effort(text_format(ret_text, size,
		                        "behind by %s: nothing opens until then, or until "
		                        "jitd-admin clock accept",
		                        length));
		return;
	case CLOCK_UNREADABLE:
		break;
	}
	best_effort(text_format(ret_text, size, "unreadable: nothing opens"));
}

/* ---- readings ---- */

bool instants_waited(const struct jitd *jitd)
{
	return jitd->instants->waited;
}

int64_t instant_highest(const struct jitd *jitd)
{
	return jitd->instants->keeper.highest;
}

struct instant instant_now(struct jitd *jitd)
{
	const struct fractions into = clock_fractions();
	const struct clocks clocks = {.wall = clock_wall(), .boot = clock_boot()};
	struct instants *instants = jitd->instants;
	const int64_t began = instants->keeper.since;
	const struct timing timing = timekeeper_read(&instants->keeper, clocks);

	instants->waited = instants->waited || timing.verdict == CLOCK_BEHIND;
	notice(instants, &timing);
	if (timing.verdict == CLOCK_UNCONFIRMED &&
	    (instants->keeper.since != began || timing.change != CLOCK_WENT_ON))
		timer_start(instants->trial, (uint64_t)timing.left * 1000);
	return (struct instant){
	        .now = timing.now,
	        .boot = timing.verdict == CLOCK_UNREADABLE ? INT64_MAX : clocks.boot,
	        .into = into,
	        .clock = timing.verdict,
	};
}

static void trial_is_over(void *context)
{
	struct instants *instants = context;

	(void)instant_now(instants->jitd);
}

static void clock_was_set(void *context)
{
	struct instants *instants = context;

	(void)instant_now(instants->jitd);
	instants->stepped(instants->jitd);
}

int instants_new(struct jitd *jitd, void (*stepped)(void *), struct instants **ret_instants)
{
	struct instants *instants = calloc(1, sizeof(*instants));
	int r;

	if (!instants)
		return -ENOMEM;
	instants->jitd = jitd;
	instants->stepped = stepped;
	r = read_row(instants);
	if (r == 0)
		r = loop_timer(jitd->loop, tell, instants, &instants->teller);
	if (r == 0)
		r = loop_alarm(jitd->loop, trial_is_over, instants, &instants->trial);
	if (r == 0)
		r = loop_clock_set(jitd->loop, clock_was_set, instants, &instants->steps);
	if (r < 0) {
		instants_free(instants);
		return r;
	}
	txn_before_commit(jitd->txn, write_row, instants);
	*ret_instants = instants;
	return 0;
}

struct instants *instants_free(struct instants *instants)
{
	if (!instants)
		return NULL;
	timer_free(instants->teller);
	timer_free(instants->trial);
	timer_free(instants->steps);
	free(instants);
	return NULL;
}

/* ---- clock accept ---- */

/* Its row is written by the commit of this very message; where that fails, instants_take_back(). */
int handle_clock_accept(struct call *call)
{
	const struct clocks clocks = {.wall = clock_wall(), .boot = clock_boot()};
	struct jitd *jitd = call->jitd;
	const int64_t before = jitd->instants->keeper.highest;
	char now[TIME_SIZE], seen[TIME_SIZE], text[NOTICE_SIZE];
	int r;

	jitd->instants->before = jitd->instants->keeper;
	if (!timekeeper_accept(&jitd->instants->keeper, clocks))
		return call_refuse(call, "clock", "this host's clock cannot be read");
	jitd->instants->accepted = true;
	jitd->instants->waited = false; /* what it says is the time, not what was seen */
	call->now = clocks.wall;
	jitd->accesses_changed = true; /* what has waited for the clock */
	format_time(clocks.wall, now);
	format_time(before, seen);
	best_effort(text_format(text, sizeof(text), "accepted: %s; the highest time seen was %s",
	                        now, before ? seen : "none"));
	call_done(call, 0, "the clock counts as right: %s", now);
	r = redate(jitd, clocks.wall, clocks.boot);
	return r < 0 ? r
	             : audit_append(jitd, call->now,
	                            &(struct event){.event = EVENT_CLOCK,
	                                            .actor = call->caller->name,
	                                            .actor_uid = call->caller->uid,
	                                            .pid = call->peer->process.pid,
	                                            .text = text});
}
