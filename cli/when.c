/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/when.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "base/civil.h"
#include "base/parse.h"

/* The formats are in the calls, where the compiler checks them. */
#define LOCAL(at, format, text)                                                                    \
	do {                                                                                       \
		time_t instant_ = (time_t)(at);                                                    \
		struct tm parts_;                                                                  \
		if (!localtime_r(&instant_, &parts_) ||                                            \
		    !strftime((text), WHEN_SIZE, (format), &parts_))                               \
			(void)snprintf((text), WHEN_SIZE, "?");                                    \
	} while (0)

static int same_day(int64_t a, int64_t b)
{
	time_t one = (time_t)a, other = (time_t)b;
	struct tm first, second;

	if (!localtime_r(&one, &first) || !localtime_r(&other, &second))
		return 0;
	return first.tm_yday == second.tm_yday && first.tm_year == second.tm_year;
}

void when_clock(int64_t at, int64_t now, char ret_text[static WHEN_SIZE])
{
	if (!at)
		ret_text[0] = '\0';
	else if (same_day(at, now))
		LOCAL(at, "%H:%M:%S", ret_text);
	else
		LOCAL(at, "%Y-%m-%d %H:%M", ret_text);
}

void when_log(int64_t at, char ret_text[static WHEN_SIZE])
{
	LOCAL(at, "%Y-%m-%d %H:%M:%S", ret_text);
}

void when_span(int64_t seconds, char ret_text[static WHEN_SIZE])
{
	static const int64_t units[] = {604800, 86400, 3600, 60, 1};
	int64_t unit = 1;

	if (seconds < 0)
		seconds = 0;
	for (size_t i = 0; i + 1 < sizeof(units) / sizeof(units[0]); i++)
		if (seconds >= units[i]) {
			unit = units[i + 1];
			break;
		}
	_Static_assert(WHEN_SIZE >= DURATION_SIZE, "format_duration() fills it");
	format_duration(seconds - seconds % unit, ret_text);
}

int when_moment(int64_t at, struct moment *ret_moment)
{
	struct civil civil;
	int r = civil_of(at, &civil);

	if (r == 0)
		*ret_moment = (struct moment){true, civil.day, civil.minute};
	return r;
}
