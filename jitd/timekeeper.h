/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the wall clock is to be believed: a state, a reading of both clocks, and what follows
 * from them. Pure. CLOCK_BOOTTIME cannot be set and counts while the host sleeps, so within a boot
 * the difference of the two moves only when somebody sets the wall clock (what slews one slews the
 * other). Across a boot there is no such witness, only the highest time that was ever seen.
 *
 *   as it went on, give or take a minute     confirmed; the highest time goes along
 *   more than a minute ahead of that,        unconfirmed until it has stayed so for ten minutes of
 *   or the first reading of this boot        boot time, or is accepted: things go on by the new
 *                                            time, and the highest time stands still
 *   more than a minute below the highest     behind: nothing is given until it has passed it, or is
 *                                            accepted
 */
#ifndef JIT_JITD_TIMEKEEPER_H
#define JIT_JITD_TIMEKEEPER_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_SLACK 60 /* seconds */
#define CLOCK_TRIAL                                                                                \
	600 /* an unconfirmed clock counts as right after so many seconds of boot time */

struct clocks {
	int64_t wall; /* seconds since 1970 */
	int64_t boot; /* seconds on CLOCK_BOOTTIME */
};

struct timekeeper {
	int64_t highest; /* wall; 0: none was seen yet */
	bool witnessed;  /* this boot has had a confirmed reading: `base` is of it */
	int64_t base;    /* wall - boot: the lowest since the last step that was believed */
	/* of this process alone */
	bool running; /* there was a reading: `last` is its wall - boot */
	int64_t last;
	bool unconfirmed;
	int64_t since; /* boot time at which that began */
	bool behind;
	int64_t told; /* the last `now` of a timing */
};

enum clock_verdict {
	CLOCK_UNREADABLE = 0, /* nothing is given */
	CLOCK_BEHIND,         /* nothing is given */
	CLOCK_UNCONFIRMED,
	CLOCK_CONFIRMED,
};

enum clock_change {
	CLOCK_WENT_ON = 0,
	CLOCK_STEPPED_FORTH, /* by more than the slack, at once or by and by */
	CLOCK_STEPPED_BACK,
	CLOCK_FELL_BEHIND, /* it is, and did not step: a boot, or small steps */
	CLOCK_CAUGHT_UP,   /* it was behind, and did not step */
	CLOCK_BECAME_RIGHT,
};

struct timing {
	enum clock_verdict verdict;
	enum clock_change change; /* since the reading before */
	int64_t by;               /* seconds of a step; of FELL_BEHIND, how far */
	int64_t now;    /* what things are judged by: never below the highest time seen, and
	                   never a step of the slack or less below the one before */
	int64_t behind; /* seconds to the highest time; 0: not behind */
	int64_t left;   /* seconds of boot time until it is confirmed; 0: it is, or is behind */
};

/* Takes a reading: `keeper` becomes the new state. One that cannot be (a clock that failed, a time
 * before 1970) leaves it as it is. */
struct timing timekeeper_read(struct timekeeper *keeper, struct clocks clocks);

/* An administrator says that this is the time. False: it cannot be. */
bool timekeeper_accept(struct timekeeper *keeper, struct clocks clocks);

/* May anything be given? */
bool clock_gives(enum clock_verdict verdict);

#endif
