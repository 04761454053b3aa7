/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/timekeeper.h"

#define TIME_MAX ((int64_t)1 << 53) /* sums of a few of these do not overflow */

static bool may_be(struct clocks clocks)
{
	return clocks.wall >= 0 && clocks.wall <= TIME_MAX && clocks.boot >= 0 &&
	       clocks.boot <= TIME_MAX;
}

static void raise(struct timekeeper *keeper, int64_t wall)
{
	if (wall > keeper->highest)
		keeper->highest = wall;
}

static void doubt(struct timekeeper *keeper, int64_t boot)
{
	keeper->unconfirmed = true;
	keeper->since = boot;
}

static void believe(struct timekeeper *keeper, struct clocks clocks)
{
	keeper->unconfirmed = false;
	keeper->witnessed = true;
	keeper->base = clocks.wall - clocks.boot;
	raise(keeper, clocks.wall);
}

/* As it went on since a reading that was believed; also one that came back from where it should not
 * have been. */
static bool went_on(const struct timekeeper *keeper, int64_t offset)
{
	return keeper->witnessed && offset <= keeper->base + CLOCK_SLACK;
}

/* The base only falls while the clock goes on, so that many small steps forth are one large one. */
static void go_on(struct timekeeper *keeper, struct clocks clocks, int64_t step)
{
	int64_t offset = clocks.wall - clocks.boot;

	/* where it would be had nobody set it: that time has passed, whoever read it */
	if (step < -CLOCK_SLACK && !keeper->unconfirmed)
		raise(keeper, keeper->last + clocks.boot);
	keeper->unconfirmed = false;
	if (clocks.wall < keeper->highest)
		return;
	raise(keeper, clocks.wall);
	if (offset < keeper->base)
		keeper->base = offset;
}

static bool is_behind(const struct timekeeper *keeper, int64_t wall)
{
	return wall < keeper->highest - CLOCK_SLACK;
}

static void doubt_or_believe(struct timekeeper *keeper, struct clocks clocks, int64_t step)
{
	bool stepped = step > CLOCK_SLACK || step < -CLOCK_SLACK;

	if (keeper->witnessed && !keeper->unconfirmed)
		raise(keeper, keeper->base + clocks.boot);
	if (!keeper->unconfirmed || stepped || is_behind(keeper, clocks.wall))
		doubt(keeper, clocks.boot);
	else if (clocks.boot - keeper->since >= CLOCK_TRIAL)
		believe(keeper, clocks);
}

static int64_t distance(int64_t step)
{
	return step < 0 ? -step : step;
}

static void tell_change(struct timing *timing, const struct timekeeper *before,
                        const struct timekeeper *after, int64_t step)
{
	bool doubted = before->witnessed && after->unconfirmed && !before->unconfirmed;

	timing->by = distance(step);
	if (step < -CLOCK_SLACK) {
		timing->change = CLOCK_STEPPED_BACK;
	} else if (step > CLOCK_SLACK) {
		timing->change = CLOCK_STEPPED_FORTH;
	} else if (doubted) {
		timing->change = CLOCK_STEPPED_FORTH;
		timing->by = after->last - after->base;
	} else if (after->behind && !before->behind) {
		timing->change = CLOCK_FELL_BEHIND;
		timing->by = timing->behind;
	} else if (before->behind && !after->behind) {
		timing->change = CLOCK_CAUGHT_UP;
	} else if (before->unconfirmed && !after->unconfirmed) {
		timing->change = CLOCK_BECAME_RIGHT;
	}
}

/* Small steps of a clock that is being set right (NTP after a boot) do not undo what was given a
 * moment ago. */
static int64_t tell_time(struct timekeeper *keeper, int64_t wall)
{
	int64_t now = wall > keeper->highest ? wall : keeper->highest;

	if (keeper->told < now || keeper->told - now > CLOCK_SLACK)
		keeper->told = now;
	return keeper->told;
}

struct timing timekeeper_read(struct timekeeper *keeper, struct clocks clocks)
{
	struct timekeeper before = *keeper;
	struct timing timing = {.verdict = CLOCK_UNREADABLE, .now = INT64_MAX};
	int64_t offset, step = 0;

	if (!may_be(clocks))
		return timing;
	offset = clocks.wall - clocks.boot;
	if (!keeper->running && keeper->witnessed)
		keeper->last = keeper->base;
	if (keeper->running || keeper->witnessed)
		step = offset - keeper->last;
	if (went_on(keeper, offset))
		go_on(keeper, clocks, step);
	else
		doubt_or_believe(keeper, clocks, step);
	keeper->running = true;
	keeper->last = offset;
	keeper->behind = is_behind(keeper, clocks.wall);
	timing.now = tell_time(keeper, clocks.wall);
	if (keeper->behind) {
		timing.verdict = CLOCK_BEHIND;
		timing.behind = keeper->highest - clocks.wall;
	} else if (keeper->unconfirmed) {
		timing.verdict = CLOCK_UNCONFIRMED;
		timing.left = keeper->since + CLOCK_TRIAL - clocks.boot;
	} else {
		timing.verdict = CLOCK_CONFIRMED;
	}
	tell_change(&timing, &before, keeper, step);
	return timing;
}

bool timekeeper_accept(struct timekeeper *keeper, struct clocks clocks)
{
	if (!may_be(clocks))
		return false;
	keeper->highest = clocks.wall;
	believe(keeper, clocks);
	keeper->running = true;
	keeper->last = keeper->base;
	keeper->behind = false;
	keeper->told = clocks.wall;
	return true;
}

bool clock_gives(enum clock_verdict verdict)
{
	return verdict == CLOCK_UNCONFIRMED || verdict == CLOCK_CONFIRMED;
}
