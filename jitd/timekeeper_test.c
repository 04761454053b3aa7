/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a clock that is set, glitches, or comes up wrong after a boot. */
#include "jitd/timekeeper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "jitd/clock.h"

#define START          1790000000 /* 2026 */
#define MINUTE         60
#define HOUR           3600
#define DAY            86400
#define YEAR           (365 * DAY)
#define SINCE_1970(at) (-(START + (int64_t)(at)))

enum act { END = 0, READ, BOOT, RESTART, ACCEPT };

/* At that true time, with a clock that is wrong by so much; what must come of it. */
struct step {
	enum act act;
	int64_t at, wrong;
	enum clock_verdict verdict;
	enum clock_change change;
	int64_t behind;
};

#define STEPS 10
struct story {
	const char *name;
	struct step steps[STEPS];
};

#define SETTLED                                                                                    \
	{READ, 0, 0, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0},                                         \
	{                                                                                          \
		READ, 600, 0, CLOCK_CONFIRMED, CLOCK_BECAME_RIGHT, 0                               \
	}

static const struct story stories[] = {
        {"the first ten minutes",
         {{READ, 0, 0, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 599, 0, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 600, 0, CLOCK_CONFIRMED, CLOCK_BECAME_RIGHT, 0},
          {READ, 30 * DAY, 0, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0}}},
        {"back a day, and waited for",
         {SETTLED,
          {READ, 1000, -DAY, CLOCK_BEHIND, CLOCK_STEPPED_BACK, DAY},
          {READ, 1000 + DAY - 61, -DAY, CLOCK_BEHIND, CLOCK_WENT_ON, 61},
          {READ, 1000 + DAY - 60, -DAY, CLOCK_CONFIRMED, CLOCK_CAUGHT_UP, 0},
          {READ, 1000 + DAY, -DAY, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0}}},
        {"back a day, and set right",
         {SETTLED,
          {READ, 1000, -DAY, CLOCK_BEHIND, CLOCK_STEPPED_BACK, DAY},
          {READ, 2000, 0, CLOCK_CONFIRMED, CLOCK_STEPPED_FORTH, 0}}},
        {"back a day, and accepted",
         {SETTLED,
          {READ, 1000, -DAY, CLOCK_BEHIND, CLOCK_STEPPED_BACK, DAY},
          {ACCEPT, 1000, -DAY, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 2000, -DAY, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 2000, 0, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0}}},
        {"back while nobody looked, and a day after",
         {SETTLED, {READ, 600 + DAY, -DAY, CLOCK_BEHIND, CLOCK_STEPPED_BACK, DAY}}},
        {"back while jitd did not run",
         {SETTLED,
          {RESTART, 5000, 0, 0, 0, 0},
          {READ, 5000, -DAY, CLOCK_BEHIND, CLOCK_STEPPED_BACK, DAY}}},
        {"jitd started again",
         {SETTLED,
          {RESTART, 5000, 0, 0, 0, 0},
          {READ, 5000, 0, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0}}},
        {"forth a day, for less than ten minutes",
         {SETTLED,
          {READ, 1000, DAY, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0},
          {READ, 1599, DAY, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1599, 0, CLOCK_CONFIRMED, CLOCK_STEPPED_BACK, 0}}},
        {"forth a day, for ten minutes",
         {SETTLED,
          {READ, 1000, DAY, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0},
          {READ, 1600, DAY, CLOCK_CONFIRMED, CLOCK_BECAME_RIGHT, 0},
          {READ, 1600, 0, CLOCK_BEHIND, CLOCK_STEPPED_BACK, DAY},
          {ACCEPT, 1601, 0, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1602, 0, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0}}},
        {"forth a day, and accepted",
         {SETTLED,
          {READ, 1000, DAY, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0},
          {ACCEPT, 1000, DAY, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1001, 0, CLOCK_BEHIND, CLOCK_STEPPED_BACK, DAY}}},
        {"forth again, within the ten minutes",
         {SETTLED,
          {READ, 1000, DAY, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0},
          {READ, 1599, 2 * DAY, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0},
          {READ, 1600, 2 * DAY, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1700, 0, CLOCK_CONFIRMED, CLOCK_STEPPED_BACK, 0}}},
        {"1970 at boot, until NTP came",
         {SETTLED,
          {BOOT, 5000, 0, 0, 0, 0},
          {READ, 5000, SINCE_1970(4990), CLOCK_BEHIND, CLOCK_FELL_BEHIND, START + 590},
          {READ, 7000, SINCE_1970(4990), CLOCK_BEHIND, CLOCK_WENT_ON, START - 1410},
          {READ, 7001, 0, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0},
          {READ, 7601, 0, CLOCK_CONFIRMED, CLOCK_BECAME_RIGHT, 0}}},
        {"2036, for half a minute",
         {SETTLED,
          {READ, 1000, 10 * YEAR, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0},
          {READ, 1030, 0, CLOCK_CONFIRMED, CLOCK_STEPPED_BACK, 0}}},
        {"2036 at boot, until NTP came",
         {SETTLED,
          {BOOT, 5000, 0, 0, 0, 0},
          {READ, 5000, 10 * YEAR, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 5030, 0, CLOCK_UNCONFIRMED, CLOCK_STEPPED_BACK, 0},
          {READ, 5630, 0, CLOCK_CONFIRMED, CLOCK_BECAME_RIGHT, 0}}},
        {"2036 at boot, for more than ten minutes",
         {SETTLED,
          {BOOT, 5000, 0, 0, 0, 0},
          {READ, 5000, 10 * YEAR, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 5600, 10 * YEAR, CLOCK_CONFIRMED, CLOCK_BECAME_RIGHT, 0},
          {READ, 5700, 0, CLOCK_BEHIND, CLOCK_STEPPED_BACK, 10 * YEAR},
          {ACCEPT, 5700, 0, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0}}},
        {"off for a minute",
         {SETTLED,
          {BOOT, 600 + MINUTE, 0, 0, 0, 0},
          {READ, 600 + MINUTE, 0, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0}}},
        {"off for twelve hours",
         {SETTLED,
          {BOOT, 600 + 12 * HOUR, 0, 0, 0, 0},
          {READ, 600 + 12 * HOUR, 0, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0}}},
        {"off for thirty days, and the next ten minutes",
         {SETTLED,
          {BOOT, 600 + 30 * DAY, 0, 0, 0, 0},
          {READ, 600 + 30 * DAY, 0, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1199 + 30 * DAY, 0, CLOCK_UNCONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1200 + 30 * DAY, 0, CLOCK_CONFIRMED, CLOCK_BECAME_RIGHT, 0}}},
        {"a minute is none",
         {SETTLED,
          {READ, 1000, 0, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1000, -60, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1000, 0, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1000, 60, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0}}},
        {"a minute and a second is one",
         {SETTLED,
          {READ, 1000, 0, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1000, -61, CLOCK_BEHIND, CLOCK_STEPPED_BACK, 61},
          {READ, 1000, 61, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0}}},
        {"small steps forth are one",
         {SETTLED,
          {READ, 1000, 40, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1001, 80, CLOCK_UNCONFIRMED, CLOCK_STEPPED_FORTH, 0}}},
        {"small steps back are one",
         {SETTLED,
          {READ, 1000, 0, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1000, -40, CLOCK_CONFIRMED, CLOCK_WENT_ON, 0},
          {READ, 1000, -80, CLOCK_BEHIND, CLOCK_FELL_BEHIND, 80}}},
};

static struct clocks clocks_at(const struct step *step, int64_t booted)
{
	return (struct clocks){.wall = START + step->at + step->wrong,
	                       .boot = 50 + step->at - booted};
}

/* As what is on disk has it. */
static void start_again(struct timekeeper *keeper, bool boot)
{
	*keeper = (struct timekeeper){.highest = keeper->highest,
	                              .base = keeper->base,
	                              .witnessed = keeper->witnessed && !boot};
}

static void expect(const struct story *story, const struct step *step, struct clocks clocks,
                   const struct timekeeper *keeper, const struct timing *timing)
{
	if (timing->verdict != step->verdict || timing->change != step->change ||
	    timing->behind != step->behind)
		fail_msg("%s, at %lld: verdict %d, change %d, behind %lld", story->name,
		         (long long)step->at, timing->verdict, timing->change,
		         (long long)timing->behind);
	assert_true(timing->now >= keeper->highest && timing->now >= clocks.wall);
	assert_true(timing->now <= keeper->highest + CLOCK_SLACK ||
	            timing->now <= clocks.wall + CLOCK_SLACK);
	assert_int_equal(clock_gives(timing->verdict), timing->verdict != CLOCK_BEHIND);
	assert_int_equal(timing->left > 0, timing->verdict == CLOCK_UNCONFIRMED);
	assert_true(timing->left <= CLOCK_TRIAL);
}

static void play(const struct story *story)
{
	struct timekeeper keeper = {0};
	int64_t booted = 0;

	for (const struct step *step = story->steps; step->act != END; step++) {
		struct clocks clocks;
		struct timing timing;
		if (step->act == BOOT)
			booted = step->at;
		clocks = clocks_at(step, booted);
		if (step->act == BOOT || step->act == RESTART) {
			start_again(&keeper, step->act == BOOT);
			continue;
		}
		if (step->act == ACCEPT)
			assert_true(timekeeper_accept(&keeper, clocks));
		timing = timekeeper_read(&keeper, clocks);
		expect(story, step, clocks, &keeper, &timing);
	}
}

static void c1_c2_c3_each_story_ends_as_it_must(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stories) / sizeof(stories[0]); i++)
		play(&stories[i]);
}

static void c3_an_unconfirmed_time_does_not_count_as_seen(void **state)
{
	struct timekeeper keeper = {0};

	(void)state;
	(void)timekeeper_read(&keeper, (struct clocks){START, 50});
	assert_int_equal(keeper.highest, 0);
	(void)timekeeper_read(&keeper, (struct clocks){START + 600, 650});
	assert_int_equal(keeper.highest, START + 600);
	(void)timekeeper_read(&keeper, (struct clocks){START + DAY, 750});
	assert_int_equal(keeper.highest, START + 700); /* that far it went for sure */
	(void)timekeeper_read(&keeper, (struct clocks){START + DAY + 599, 1349});
	assert_int_equal(keeper.highest, START + 700);
	(void)timekeeper_read(&keeper, (struct clocks){START + DAY + 600, 1350});
	assert_int_equal(keeper.highest, START + DAY + 600);
}

static void c5_a_time_that_cannot_be_gives_nothing(void **state)
{
	static const struct clocks wrong[] = {
	        {INT64_MAX, 700}, {START, INT64_MAX},     {-1, 700},
	        {START, -1},      {INT64_MIN, INT64_MIN},
	};
	struct timekeeper keeper = {0};
	struct timing timing;

	(void)state;
	(void)timekeeper_read(&keeper, (struct clocks){START, 50});
	(void)timekeeper_read(&keeper, (struct clocks){START + 600, 650});
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		timing = timekeeper_read(&keeper, wrong[i]);
		assert_int_equal(timing.verdict, CLOCK_UNREADABLE);
		assert_false(clock_gives(timing.verdict));
		assert_int_equal(timing.now, INT64_MAX);
		assert_false(timekeeper_accept(&keeper, wrong[i]));
	}
	timing = timekeeper_read(&keeper, (struct clocks){START + 700, 750});
	assert_int_equal(timing.verdict, CLOCK_CONFIRMED);
	assert_false(clock_gives((enum clock_verdict)77));
}

/* NTP sets a clock right that has just come up. */
static void c4_a_small_step_back_takes_no_time_back(void **state)
{
	struct timekeeper keeper = {0};

	(void)state;
	(void)timekeeper_read(&keeper, (struct clocks){START, 50});
	assert_int_equal(timekeeper_read(&keeper, (struct clocks){START - 50, 55}).now, START);
	assert_int_equal(timekeeper_read(&keeper, (struct clocks){START - 60, 60}).now, START);
	assert_int_equal(timekeeper_read(&keeper, (struct clocks){START - 61, 65}).now, START - 61);
	assert_int_equal(timekeeper_read(&keeper, (struct clocks){START + 5, 70}).now, START + 5);
	assert_int_equal(keeper.highest, 0);
	assert_true(timekeeper_accept(&keeper, (struct clocks){START - 20, 75}));
	assert_int_equal(timekeeper_read(&keeper, (struct clocks){START - 20, 75}).now, START - 20);
}

/* Whoever sets the clock, and however often. */
static void c1_c3_what_was_seen_is_never_unseen(void **state)
{
	struct timekeeper keeper = {0};
	int64_t wrong = 0, told = 0;

	(void)state;
	srand(7);
	for (int64_t at = 0; at < 200000; at += rand() % 90) {
		const int64_t highest = keeper.highest;
		struct clocks clocks;
		struct timing timing;
		if (rand() % 20 == 0)
			wrong = rand() % 2 ? rand() % (2 * DAY) - DAY : rand() % 200 - 100;
		clocks = (struct clocks){START + at + wrong, 50 + at};
		timing = timekeeper_read(&keeper, clocks);
		assert_true(keeper.highest >= highest);
		assert_true(timing.now >= keeper.highest);
		assert_true(timing.now >= told || told - timing.now > CLOCK_SLACK);
		told = timing.now;
		assert_int_equal(clock_gives(timing.verdict),
		                 clocks.wall >= keeper.highest - CLOCK_SLACK);
	}
}

/* Not as much later as the clock was into its second. */
static void what_waits_for_a_second_comes_when_it_begins(void **state)
{
	static const struct {
		int64_t at, now;
		unsigned int into;
		uint64_t wait;
	} rows[] = {
	        {110, 100, 0, 10000},    {110, 100, 999, 9001}, {101, 100, 999, 1},
	        {100, 100, 500, 1000},   {99, 100, 0, 1000},    {INT64_MAX, 100, 5, 3600000},
	        {3700, 100, 1, 3599999},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(clock_wait(rows[i].at, rows[i].now, rows[i].into), rows[i].wait);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(c1_c2_c3_each_story_ends_as_it_must),
	        cmocka_unit_test(c3_an_unconfirmed_time_does_not_count_as_seen),
	        cmocka_unit_test(c5_a_time_that_cannot_be_gives_nothing),
	        cmocka_unit_test(c4_a_small_step_back_takes_no_time_back),
	        cmocka_unit_test(c1_c3_what_was_seen_is_never_unseen),
	        cmocka_unit_test(what_waits_for_a_second_comes_when_it_begins),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
