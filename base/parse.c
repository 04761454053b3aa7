/* SPDX-License-Identifier: Apache-2.0 */
#include "base/parse.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TEN_YEARS (INT64_C(10) * 366 * 86400)

static const struct unit {
	char letter;
	int64_t seconds;
} units[] = {{'w', 604800}, {'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}};
#define UNITS (sizeof(units) / sizeof(units[0]))

/* Reads digits from *text on; -EINVAL when there are none or a zero leads others. */
static int read_digits(const char **text, uint64_t max, uint64_t *ret_number)
{
	const char *at = *text;
	uint64_t number = 0;

	if (!isdigit((unsigned char)*at) || (*at == '0' && isdigit((unsigned char)at[1])))
		return -EINVAL;
	for (; isdigit((unsigned char)*at); at++) {
		uint64_t digit = (uint64_t)(*at - '0');
		if (number > max / 10 || number * 10 > max - digit)
			return -ERANGE;
		number = number * 10 + digit;
	}
	*text = at;
	*ret_number = number;
	return 0;
}

int parse_number(const char *text, uint64_t max, uint64_t *ret_number)
{
	uint64_t number;
	int r = read_digits(&text, max, &number);

	if (r < 0)
		return r;
	if (*text)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

int parse_duration(const char *text, int64_t *ret_seconds)
{
	int64_t total = 0, sign = 1;
	size_t next = 0;

	if (*text == '-') {
		sign = -1;
		text++;
	}
	if (!*text)
		return -EINVAL;
	while (*text) {
		uint64_t number;
		int r = read_digits(&text, TEN_YEARS, &number);
		if (r < 0)
			return r;
		while (next < UNITS && units[next].letter != *text)
			next++;
		if (next == UNITS)
			return -EINVAL;
		if ((int64_t)number > (TEN_YEARS - total) / units[next].seconds)
			return -ERANGE;
		total += (int64_t)number * units[next++].seconds;
		text++;
	}
	*ret_seconds = sign * total;
	return 0;
}

/* The number that `count` digits make; the caller has seen that they are digits. */
static int digits(const char *text, size_t count)
{
	int number = 0;

	for (size_t i = 0; i < count; i++)
		number = number * 10 + (text[i] - '0');
	return number;
}

/* Does the text begin with this shape, in which 'd' stands for a digit? */
static bool has_shape(const char *text, const char *shape)
{
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
			return false;
	return true;
}

/* The zone at the end of an RFC 3339 time, as seconds east of UTC. */
static int parse_zone(const char *text, int64_t *ret_offset)
{
	int hours, minutes;

	if (!strcmp(text, "Z")) {
		*ret_offset = 0;
		return 0;
	}
	if ((text[0] != '+' && text[0] != '-') || !has_shape(text + 1, "dd:dd") || text[6])
		return -EINVAL;
	hours = digits(text + 1, 2);
	minutes = digits(text + 4, 2);
	if (hours > 23 || minutes > 59)
		return -EINVAL;
	*ret_offset = (text[0] == '-' ? -1 : 1) * (hours * INT64_C(3600) + minutes * INT64_C(60));
	return 0;
}

static int parse_instant(const char *text, int64_t *ret_time)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	struct tm parts = {0}, back;
	int64_t offset;
	time_t at;
	int r;

	if (!has_shape(text, shape))
		return -EINVAL;
	r = parse_zone(text + sizeof(shape) - 1, &offset);
	if (r < 0)
		return r;
	parts.tm_year = digits(text, 4) - 1900;
	parts.tm_mon = digits(text + 5, 2) - 1;
	parts.tm_mday = digits(text + 8, 2);
	parts.tm_hour = digits(text + 11, 2);
	parts.tm_min = digits(text + 14, 2);
	parts.tm_sec = digits(text + 17, 2);
	back = parts;
	at = timegm(&back);
	/* timegm() normalises: the 31st of June would come back as another date */
	if (back.tm_mday != parts.tm_mday || back.tm_mon != parts.tm_mon ||
	    back.tm_hour != parts.tm_hour || back.tm_min != parts.tm_min ||
	    back.tm_sec != parts.tm_sec)
		return -EINVAL;
	*ret_time = (int64_t)at - offset;
	return 0;
}

int parse_time(const char *text, int64_t now, int64_t *ret_time)
{
	int64_t before;
	int r;

	if (text[0] != '-')
		return parse_instant(text, ret_time);
	r = parse_duration(text, &before);
	if (r < 0)
		return r;
	*ret_time = now + before;
	return 0;
}

void format_duration(int64_t seconds, char ret_text[static DURATION_SIZE])
{
	size_t used = 0;
	int64_t left = seconds < 0 ? -seconds : seconds;

	ret_text[0] = '\0';
	if (seconds < 0)
		used += (size_t)snprintf(ret_text, DURATION_SIZE, "-");
	for (size_t i = 0; i < UNITS; i++) {
		if (left / units[i].seconds)
			used += (size_t)snprintf(ret_text + used, DURATION_SIZE - used, "%lld%c",
			                         (long long)(left / units[i].seconds),
			                         units[i].letter);
		left %= units[i].seconds;
	}
	if (!seconds)
		(void)snprintf(ret_text, DURATION_SIZE, "0s");
}

void format_time(int64_t time, char ret_text[static TIME_SIZE])
{
	time_t at = (time_t)time;
	struct tm parts;

	if (!gmtime_r(&at, &parts) || !strftime(ret_text, TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts))
		(void)snprintf(ret_text, TIME_SIZE, "-");
}
