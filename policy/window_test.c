/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/window.h"

static struct moment at(const char *text)
{
	struct moment moment = {0};

	if (moment_read(text, &moment) < 0)
		fail_msg("\"%s\" is no moment", text);
	return moment;
}

static void a_window_holds_its_begin_and_not_its_end(void **state)
{
	static const struct {
		const char *window, *inside, *outside; /* moments, separated by commas */
	} rows[] = {
	        {"mon-fri 08:00-18:00", "mon 08:00,fri 17:59,wed 12:00",
	         "mon 07:59,fri 18:00,sat 12:00,sun 12:00"},
	        {"fri 22:00-02:00", "fri 22:00,fri 23:59,sat 00:00,sat 01:59",
	         "fri 21:59,sat 02:00,fri 01:00,sat 22:00,thu 23:00"},
	        {"sun 22:00-02:00", "sun 23:00,mon 01:59", "sun 01:00,mon 02:00,mon 23:00"},
	        {"22:00-06:00", "mon 22:00,tue 05:59,sun 23:00,mon 00:00", "mon 06:00,mon 21:59"},
	        {"sat,sun", "sat 00:00,sun 23:59", "fri 23:59,mon 00:00"},
	        {"fri-mon", "fri 00:00,sat 12:00,sun 12:00,mon 23:59", "tue 00:00,thu 23:59"},
	        {"mon 00:00-24:00", "mon 00:00,mon 23:59", "tue 00:00,sun 23:59"},
	        {"mon 22:00-00:00", "mon 22:00,mon 23:59", "tue 00:00,mon 21:59"},
	        {"mon 22:00-24:00", "mon 22:00,mon 23:59", "tue 00:00,mon 21:59"},
	        {"mon-sun", "mon 00:00,sun 23:59", ""},
	        {"wed 12:00-12:01", "wed 12:00", "wed 11:59,wed 12:01,thu 12:00"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct windows windows = {0};
		struct window window;
		struct fault fault;
		assert_int_equal(window_read(rows[i].window, &window, &fault), 0);
		assert_int_equal(windows_add(&windows, &window), 0);
		for (int inside = 0; inside < 2; inside++) {
			char list[128], *rest = list;
			(void)snprintf(list, sizeof(list), "%s",
			               inside ? rows[i].inside : rows[i].outside);
			for (const char *text; *list && (text = strsep(&rest, ","));) {
				struct moment moment = at(text);
				if (windows_hold(&windows, &moment) != inside)
					fail_msg("%s: %s", rows[i].window, text);
			}
		}
		windows_done(&windows);
	}
}

static void a_moment_that_nobody_knows_is_in_no_window(void **state)
{
	const struct window window = {.days = 0x7f, .end = 1440};
	struct windows windows = {0};

	(void)state;
	assert_true(windows_hold(&windows, &(struct moment){0}));
	assert_int_equal(windows_add(&windows, &window), 0);
	assert_false(windows_hold(&windows, &(struct moment){0}));
	assert_false(windows_hold(&windows, &(struct moment){true, 7, 0}));
	assert_false(windows_hold(&windows, &(struct moment){true, 0, 1440}));
	assert_true(windows_hold(&windows, &(struct moment){true, 6, 1439}));
	windows_done(&windows);
}

/* A day or minute that no clock shows is in none, also where midnight is within. */
static void what_is_no_moment_is_in_no_window(void **state)
{
	const struct window night = {.days = 1U << 6, .begin = 1320, .end = 120};
	struct windows windows = {0};

	(void)state;
	assert_int_equal(windows_add(&windows, &night), 0);
	assert_true(windows_hold(&windows, &(struct moment){true, 0, 60}));
	assert_false(windows_hold(&windows, &(struct moment){true, 7, 60}));
	assert_true(windows_hold(&windows, &(struct moment){true, 6, 1439}));
	assert_false(windows_hold(&windows, &(struct moment){true, 6, 1440}));
	windows_done(&windows);
}

static void what_is_not_of_the_form_is_no_window(void **state)
{
	static const char *const wrong[] = {
	        "",
	        "mon-mon",
	        "mon,mon",
	        "mon-xyz",
	        "mon-",
	        "mon,",
	        "monday",
	        "Mon",
	        "mon ",
	        "mon/08:00-18:00",
	        "mon08:00-18:00",
	        "mon  08:00-18:00",
	        "08:00",
	        "08:00-",
	        "08:00 18:00",
	        "0::00-18:00",
	        "08.00-18:00",
	        "08:0:-18:00",
	        "08:60-18:00",
	        "8:00-18:00",
	        "08:00-24:01",
	        "08:00-25:00",
	        "24:00-01:00",
	        "08:00-08:00",
	        "08:00-18:00 ",
	        "08:00-18:00,20:00-21:00",
	        "mon-fri 08:00-18:00 sat",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct window window;
		struct fault fault;
		if (window_read(wrong[i], &window, &fault) != -EINVAL)
			fail_msg("\"%s\" was taken", wrong[i]);
	}
}

static void the_same_window_has_one_text(void **state)
{
	static const char *const pairs[][2] = {
	        {"mon,tue,wed 08:00-18:00", "mon-wed 08:00-18:00"},
	        {"mon-tue", "mon,tue"},
	        {"mon-tue,thu-sat", "mon,tue,thu-sat"},
	        {"fri-mon", "mon,fri-sun"},
	        {"mon-sun 08:00-09:00", "08:00-09:00"},
	        {"mon-sun", "mon-sun"},
	        {"00:00-24:00", "mon-sun"},
	        {"sun 22:00-00:00", "sun 22:00-24:00"},
	        {"22:00-06:00", "22:00-06:00"},
	        {"mon,wed,fri,sun 08:00-18:00", "mon,wed,fri,sun 08:00-18:00"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct window window, again;
		char text[WINDOW_SIZE];
		struct fault fault;
		assert_int_equal(window_read(pairs[i][0], &window, &fault), 0);
		window_write(&window, text);
		assert_string_equal(text, pairs[i][1]);
		assert_int_equal(window_read(text, &again, &fault), 0);
		assert_int_equal(again.days, window.days);
		assert_int_equal(again.begin, window.begin);
		assert_int_equal(again.end, window.end);
	}
}

static void a_moment_is_a_day_and_a_time(void **state)
{
	static const char *const wrong[] = {"",          "mon",        "08:00",     "mon 24:00",
	                                    "mon 8:00",  "mon 08:00 ", "Mon 08:00", "mon  08:00",
	                                    "mon 08:60", "mon 08:00Z", "xxx 08:00", "mon/08:00"};
	struct moment moment = at("sun 23:59");
	char text[MOMENT_SIZE];

	(void)state;
	assert_int_equal(moment.day, 6);
	assert_int_equal(moment.minute, 1439);
	moment_write(&moment, text);
	assert_string_equal(text, "sun 23:59");
	moment_write(&(struct moment){0}, text);
	assert_string_equal(text, "no time");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (moment_read(wrong[i], &moment) != -EINVAL)
			fail_msg("\"%s\" was taken", wrong[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_window_holds_its_begin_and_not_its_end),
	        cmocka_unit_test(a_moment_that_nobody_knows_is_in_no_window),
	        cmocka_unit_test(what_is_no_moment_is_in_no_window),
	        cmocka_unit_test(what_is_not_of_the_form_is_no_window),
	        cmocka_unit_test(the_same_window_has_one_text),
	        cmocka_unit_test(a_moment_is_a_day_and_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
