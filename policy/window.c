/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/window.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAYS     7
#define ALL_DAYS 0x7fU
#define MIDNIGHT 1440
#define SHOWN    64 /* bytes of a refused window that its message shows */

static const char *const names[DAYS] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

static int refuse(struct fault *fault, const char *text, const char *why)
{
	return fault_set(fault, -EINVAL, "\"%.*s\" %s", SHOWN, text, why);
}

/* ---- reading ---- */

static int read_day(const char **at, unsigned int *ret_day)
{
	for (unsigned int i = 0; i < DAYS; i++)
		if (!strncmp(*at, names[i], 3)) {
			*at += 3;
			*ret_day = i;
			return 0;
		}
	return -EINVAL;
}

/* "mon", or "fri-mon", which goes over the end of the week. */
static int read_span(const char **at, unsigned int *days)
{
	unsigned int first, last;

	if (read_day(at, &first) < 0)
		return -EINVAL;
	last = first;
	if (**at == '-') {
		++*at;
		if (read_day(at, &last) < 0 || last == first)
			return -EINVAL;
	}
	for (unsigned int day = first;; day = (day + 1) % DAYS) {
		if (*days & 1U << day)
			return -EINVAL;
		*days |= 1U << day;
		if (day == last)
			return 0;
	}
}

static int read_days(const char **at, unsigned int *ret_days)
{
	unsigned int days = 0;
	int r = read_span(at, &days);

	while (r == 0 && **at == ',') {
		++*at;
		r = read_span(at, &days);
	}
	if (r == 0)
		*ret_days = days;
	return r;
}

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

/* "08:00"; "24:00" is the end of a day. */
static int read_clock(const char **at, unsigned int *ret_minute)
{
	const char *text = *at;
	unsigned int hours, minutes;

	if (!is_digit(text[0]) || !is_digit(text[1]) || text[2] != ':' || !is_digit(text[3]) ||
	    !is_digit(text[4]))
		return -EINVAL;
	hours = (unsigned int)(text[0] - '0') * 10 + (unsigned int)(text[1] - '0');
	minutes = (unsigned int)(text[3] - '0') * 10 + (unsigned int)(text[4] - '0');
	if (minutes > 59 || hours * 60 + minutes > MIDNIGHT)
		return -EINVAL;
	*at += 5;
	*ret_minute = hours * 60 + minutes;
	return 0;
}

static int read_times(const char **at, struct window *window)
{
	if (read_clock(at, &window->begin) < 0 || **at != '-')
		return -EINVAL;
	++*at;
	if (read_clock(at, &window->end) < 0 || window->begin == MIDNIGHT)
		return -EINVAL;
	return 0;
}

int window_read(const char *text, struct window *ret_window, struct fault *fault)
{
	struct window window = {.days = ALL_DAYS, .end = MIDNIGHT};
	const char *at = text;
	bool timed;

	if (*at && !is_digit(*at) && read_days(&at, &window.days) < 0)
		return refuse(fault, text,
		              "names no days; write mon tue wed thu fri sat sun, such as "
		              "\"mon-fri\" or \"sat,sun\", each day once");
	timed = at == text || *at;
	if (at > text && timed && *at == ' ')
		at++;
	else if (at > text && timed)
		at = "";
	if (timed && read_times(&at, &window) < 0)
		return refuse(fault, text,
		              "holds no times of the day; write for example "
		              "\"mon-fri 08:00-18:00\" or \"22:00-06:00\"");
	if (*at)
		return refuse(fault, text,
		              "goes on after its times; write each window as a string of its own");
	if (window.begin == window.end)
		return refuse(fault, text,
		              "ends where it begins; leave the times out for the whole day");
	if (!window.end)
		window.end = MIDNIGHT;
	*ret_window = window;
	return 0;
}

/* ---- writing ---- */

/* Three days and more in a row as a range. */
static size_t write_days(unsigned int days, char *text, size_t size)
{
	size_t used = 0;

	for (unsigned int first = 0; first < DAYS; first++) {
		unsigned int last = first;
		if (!(days & 1U << first))
			continue;
		while (last + 1 < DAYS && days & 1U << (last + 1))
			last++;
		if (last < first + 2)
			last = first;
		used += (size_t)snprintf(text + used, size - used, "%s%s%s%s", used ? "," : "",
		                         names[first], last > first ? "-" : "",
		                         last > first ? names[last] : "");
		first = last;
	}
	return used;
}

void window_write(const struct window *window, char ret_text[static WINDOW_SIZE])
{
	bool whole = window->begin == 0 && window->end == MIDNIGHT;
	size_t used = 0;

	ret_text[0] = '\0';
	if (window->days != ALL_DAYS || whole)
		used = write_days(window->days, ret_text, WINDOW_SIZE);
	if (!whole)
		(void)snprintf(ret_text + used, WINDOW_SIZE - used, "%s%02u:%02u-%02u:%02u",
		               used ? " " : "", window->begin / 60 % 100, window->begin % 60,
		               window->end / 60 % 100, window->end % 60);
}

/* ---- lists ---- */

int windows_add(struct windows *windows, const struct window *window)
{
	struct window *grown = reallocarray(windows->items, windows->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	windows->items = grown;
	grown[windows->count++] = *window;
	return 0;
}

void windows_done(struct windows *windows)
{
	free(windows->items);
	*windows = (struct windows){0};
}

/* ---- moments ---- */

static bool holds(const struct window *window, const struct moment *moment)
{
	unsigned int today = 1U << moment->day, yesterday = 1U << (moment->day + DAYS - 1) % DAYS;

	if (window->end > window->begin)
		return window->days & today && moment->minute >= window->begin &&
		       moment->minute < window->end;
	return (window->days & today && moment->minute >= window->begin) ||
	       (window->days & yesterday && moment->minute < window->end);
}

bool windows_hold(const struct windows *windows, const struct moment *moment)
{
	if (!windows->count)
		return true;
	if (!moment->known || moment->day >= DAYS || moment->minute >= MIDNIGHT)
		return false;
	for (size_t i = 0; i < windows->count; i++)
		if (holds(&windows->items[i], moment))
			return true;
	return false;
}

int moment_read(const char *text, struct moment *ret_moment)
{
	struct moment moment = {.known = true};
	const char *at = text;

	if (read_day(&at, &moment.day) < 0 || *at != ' ')
		return -EINVAL;
	at++;
	if (read_clock(&at, &moment.minute) < 0 || *at || moment.minute == MIDNIGHT)
		return -EINVAL;
	*ret_moment = moment;
	return 0;
}

void moment_write(const struct moment *moment, char ret_text[static MOMENT_SIZE])
{
	if (!moment->known || moment->day >= DAYS)
		(void)snprintf(ret_text, MOMENT_SIZE, "no time");
	else
		(void)snprintf(ret_text, MOMENT_SIZE, "%s %02u:%02u", names[moment->day],
		               moment->minute / 60 % 100, moment->minute % 60);
}
