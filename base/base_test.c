/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/buffer.h"
#include "base/civil.h"
#include "base/cleanup.h"
#include "base/decision.h"
#include "base/file.h"
#include "base/identity.h"
#include "base/parse.h"
#include "base/process.h"
#include "base/secret.h"
#include "base/session.h"
#include "base/text.h"

static void numbers_are_read_whole_or_refused(void **state)
{
	static const char *const bad[] = {"", " 1", "+1", "-1", "01", "1 ", "0x1", "1a", "١"};
	uint64_t number = 7;

	(void)state;
	assert_int_equal(parse_number("0", 9, &number), 0);
	assert_int_equal(number, 0);
	assert_int_equal(parse_number("18446744073709551615", UINT64_MAX, &number), 0);
	assert_true(number == UINT64_MAX);
	assert_int_equal(parse_number("18446744073709551616", UINT64_MAX, &number), -ERANGE);
	assert_int_equal(parse_number("10", 9, &number), -ERANGE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_number(bad[i], 100, &number), -EINVAL);
	assert_true(number == UINT64_MAX); /* untouched on failure */
}

static void sessions_have_one_spelling(void **state)
{
	static const char *const bad[] = {
	        "",      "42",    "-",      "-1",           "42-",          "042-1",
	        "42-01", "+42-1", "42-+1",  " 42-1",        "42- 1",        "42 -1",
	        "42-1 ", "42--1", "42-1-",  "42-1-1",       "0-1",          "42-0",
	        "0-0",   "0x2-1", "42-1\n", "4294967296-1", "42-4294967296"};
	char id[SESSION_ID_SIZE];
	uint32_t access = 7, number = 7;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (session_parse(bad[i], &access, &number) != -EINVAL)
			fail_msg("'%s' is taken for %u-%u", bad[i], access, number);
	assert_int_equal(access + number, 14); /* untouched on failure */
	session_id(UINT32_MAX, 42, id);
	assert_string_equal(id, "4294967295-42");
	assert_int_equal(session_parse(id, &access, &number), 0);
	assert_true(access == UINT32_MAX && number == 42);
}

static void durations_have_units(void **state)
{
	static const struct {
		const char *text;
		int result;
		int64_t seconds;
	} rows[] = {
	        {"15m", 0, 900},        {"1h30m", 0, 5400},   {"1w2d3h4m5s", 0, 788645},
	        {"0s", 0, 0},           {"-5m", 0, -300},     {"90", -EINVAL, 0},
	        {"", -EINVAL, 0},       {"-", -EINVAL, 0},    {"1m1h", -EINVAL, 0},
	        {"1h1h", -EINVAL, 0},   {"1.5h", -EINVAL, 0}, {"1 h", -EINVAL, 0},
	        {"99999w", -ERANGE, 0}, {"h", -EINVAL, 0},    {"99999999999999999999s", -ERANGE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t seconds = 0;
		assert_int_equal(parse_duration(rows[i].text, &seconds), rows[i].result);
		assert_true(seconds == rows[i].seconds);
	}
}

static void durations_and_times_are_written(void **state)
{
	char text[DURATION_SIZE], time[TIME_SIZE];

	(void)state;
	format_duration(5400, text);
	assert_string_equal(text, "1h30m");
	format_duration(-61, text);
	assert_string_equal(text, "-1m1s");
	format_duration(0, text);
	assert_string_equal(text, "0s");
	format_time(INT64_C(4102444800), time);
	assert_string_equal(time, "2100-01-01T00:00:00Z");
}

static void times_are_rfc3339_or_relative(void **state)
{
	static const char *const bad[] = {"",
	                                  "now",
	                                  "2026-11-23",
	                                  "2026-11-23T16:05:00",
	                                  "2026-06-31T00:00:00Z",
	                                  "2026-11-23T24:00:00Z",
	                                  "2026-11-23 16:05:00Z",
	                                  "2026-11-23T16:05:00+1:00",
	                                  "2026-11-23T16:05:00Zx",
	                                  "-2"};
	int64_t at = 0;

	(void)state;
	assert_int_equal(parse_time("2026-11-23T16:05:00Z", 0, &at), 0);
	assert_true(at == INT64_C(1795449900));
	assert_int_equal(parse_time("2026-11-23T17:05:00+01:00", 0, &at), 0);
	assert_true(at == INT64_C(1795449900));
	assert_int_equal(parse_time("-2h", 10000, &at), 0);
	assert_true(at == 2800);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse_time(bad[i], 0, &at), -EINVAL);
}

static void text_without_control_characters_is_clean(void **state)
{
	static const char *const good[] = {"", "plain", "gr\xc3\xbc\xc3\x9f", "\xf0\x9f\x94\x91"};
	static const char *const bad[] = {
	        "a\nb",         "\x1b[31m",         "\x7f",
	        "\xc2\x85",                                     /* C1 */
	        "\xe2\x80\xae", "\xe2\x80\xa8",     "\xc0\x80", /* bidi, line separator, overlong */
	        "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x80",
	        "\xff", /* surrogate, too large, cut, no lead */
	};
	char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_is_clean(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_clean(bad[i], strlen(bad[i])));
	text_sanitize(out, sizeof(out), "a\nb\x1b[1m\xc3\xbc");
	assert_string_equal(out, "a?b?[1m\xc3\xbc");
	text_sanitize(out, 4, "abcdef");
	assert_string_equal(out, "abc");
}

static void names_are_never_paths(void **state)
{
	static const char *const bad[] = {"",    ".",   "..",  "../x", "-x",  "a b",
	                                  "a/b", "a\n", "a$b", "$",    "a:b", "%a"};
	char long_name[67];

	(void)state;
	memset(long_name, 'a', sizeof(long_name));
	long_name[66] = '\0';
	assert_false(text_is_name(long_name));
	long_name[64] = '\0';
	assert_true(text_is_name(long_name));
	assert_true(text_is_name("alice"));
	assert_true(text_is_name("alice.b@example.org"));
	assert_true(text_is_name("host$"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_name(bad[i]));
}

static void copies_are_whole_or_refused(void **state)
{
	char out[4] = "xyz";

	(void)state;
	assert_int_equal(text_copy(out, sizeof(out), "four"), -ENAMETOOLONG);
	assert_string_equal(out, "xyz");
	assert_int_equal(text_copy(out, sizeof(out), "abc"), 0);
	assert_string_equal(out, "abc");
	assert_int_equal(text_format(out, sizeof(out), "%d", 1234), -ENAMETOOLONG);
	assert_string_equal(out, "");
}

static void buffers_never_pass_their_bounds(void **state)
{
	uint8_t memory[6];
	struct buffer out, in;
	uint64_t value = 0;

	(void)state;
	buffer_init_write(&out, memory, sizeof(memory));
	assert_int_equal(buffer_put_number(&out, 0x0102, 2), 0);
	assert_int_equal(buffer_put_number(&out, 1, 8), -ENOBUFS);
	assert_int_equal(buffer_put_bytes(&out, "abcd", 4), 0);
	assert_int_equal(buffer_put_bytes(&out, "e", 1), -ENOBUFS);
	assert_int_equal(memory[0], 2);
	buffer_init_read(&in, memory, out.used);
	assert_int_equal(buffer_get_number(&in, 2, &value), 0);
	assert_int_equal(value, 0x0102);
	assert_int_equal(buffer_get_number(&in, 8, &value), -EBADMSG);
	assert_int_equal(buffer_left(&in), 4);
}

static void verdicts_lie_far_apart(void **state)
{
	static const unsigned int values[] = {DECISION_NONE, DECISION_ALLOW, DECISION_DENY,
	                                      DECISION_EXEMPT};

	(void)state;
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < i; j++)
			assert_true(__builtin_popcount(values[i] ^ values[j]) >= 12);
}

static void secrets_compare_whole(void **state)
{
	(void)state;
	assert_true(secret_equal("abc", "abc", 3));
	assert_false(secret_equal("abc", "abd", 3));
	assert_false(secret_equal("xbc", "abc", 3));
	assert_true(secret_equal("", "", 0));
}

static void identities_come_from_nss(void **state)
{
	cleanup(cleanup_identity) struct identity *root = NULL;
	struct identity *none = NULL;
	char group[] = "%root", user[] = "daemon", daemons[] = "%daemon";
	char *const named[] = {group}, *const other[] = {user, daemons};

	(void)state;
	assert_int_equal(identity_by_name("root", &root), 0);
	assert_int_equal(root->uid, 0);
	assert_true(identity_in_group(root, "root"));
	assert_true(identity_named_in(root, named, 1));
	assert_false(identity_named_in(root, other, 2));
	assert_int_equal(identity_by_name("no-such-user-here", &none), IDENTITY_UNKNOWN);
	assert_int_equal(identity_by_name("../root", &none), IDENTITY_UNKNOWN);
	assert_int_equal(identity_by_uid(3999999999U, &none), IDENTITY_UNKNOWN);
	assert_null(none);
}

static void unsafe_files_are_refused_by_name(void **state)
{
	char directory[] = "/tmp/jit-base-XXXXXX", path[64], link[64];
	struct file_rule rule = {.owner = geteuid(), .forbidden = 022, .size_max = 8};
	cleanup(cleanup_free) char *text = NULL;
	struct fault fault;
	size_t length;
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(text_format(path, sizeof(path), "%s/f", directory), 0);
	assert_int_equal(text_format(link, sizeof(link), "%s/l", directory), 0);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs("12345678", file);
	fclose(file);
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(file_read(path, &rule, &text, &length, &fault), 0);
	assert_string_equal(text, "12345678");
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(file_open(link, &rule, &fault), -ELOOP);
	assert_non_null(strstr(fault.text, link));
	assert_int_equal(chmod(path, 0664), 0);
	assert_int_equal(file_open(path, &rule, &fault), -EPERM);
	assert_non_null(strstr(fault.text, path));
	assert_int_equal(chmod(path, 0600), 0);
	rule.size_max = 7;
	assert_int_equal(file_open(path, &rule, &fault), -EFBIG);
	assert_int_equal(file_open(directory, &rule, &fault), -EINVAL);
	assert_int_equal(directory_check(path, &rule, &fault), -ENOTDIR);
	unlink(link);
	unlink(path);
	rmdir(directory);
}

static void civil_times_are_those_of_the_clock_on_the_wall(void **state)
{
	static const struct {
		const char *at;
		unsigned int day, hour, minute;
	} rows[] = {
	        {"2026-11-23T08:00:00Z", 0, 9, 0},  {"2026-11-22T22:59:59Z", 6, 23, 59},
	        {"2026-11-22T23:00:00Z", 0, 0, 0},  {"2026-07-04T12:30:00Z", 5, 14, 30},
	        {"2026-03-29T00:59:59Z", 6, 1, 59}, /* no hour from two to three */
	        {"2026-03-29T01:00:00Z", 6, 3, 0},  {"2026-10-25T00:30:00Z", 6, 2, 30},
	        {"2026-10-25T01:30:00Z", 6, 2, 30}, /* the same once more */
	        {"2026-10-25T02:00:00Z", 6, 3, 0},
	};
	/* the second is the first in full, for hosts without zone files */
	static const char *const zones[] = {"Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"};
	struct civil civil = {9, 9};
	int64_t at;

	(void)state;
	for (size_t i = access("/usr/share/zoneinfo/Europe/Berlin", R_OK) < 0; i < 2; i++) {
		assert_int_equal(setenv("TZ", zones[i], 1), 0);
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
			assert_int_equal(parse_time(rows[k].at, 0, &at), 0);
			assert_int_equal(civil_of(at, &civil), 0);
			assert_int_equal(civil.day, rows[k].day);
			assert_int_equal(civil.minute, rows[k].hour * 60 + rows[k].minute);
		}
	}
	/* the zone in force now */
	assert_int_equal(setenv("TZ", "UTC0", 1), 0);
	assert_int_equal(civil_of(at, &civil), 0);
	assert_int_equal(civil.minute, 2 * 60);
	assert_int_equal(civil_of(-1, &civil), 0);
	assert_int_equal(civil.day, 2);
	assert_int_equal(civil.minute, 1439);
	assert_int_equal(civil_of(INT64_MAX, &civil), -EOVERFLOW);
	assert_int_equal(civil.minute, 1439);
	assert_int_equal(unsetenv("TZ"), 0);
}

static void p23_start_time_is_read_after_the_last_parenthesis(void **state)
{
#define FIELDS_3_TO_21 " S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18"
	static const struct {
		const char *text;
		int result;
		uint64_t start; /* parent is 1 and session 3 in all of them */
	} rows[] = {
	        {"1 (a)" FIELDS_3_TO_21 " 4711 9\n", 0, 4711},
	        {"1 (a)" FIELDS_3_TO_21 " 18446744073709551615 9", 0, UINT64_MAX},
	        {"1 () R 1 ()" FIELDS_3_TO_21 " 4711 9", 0, 4711},
	        {"1 (x) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 99 1)" FIELDS_3_TO_21
	         " 4711\n",
	         0, 4711},
	        {"1 (a)" FIELDS_3_TO_21 " 47", -EINVAL, 0}, /* may be cut */
	        {"1 (a)" FIELDS_3_TO_21 " ", -EINVAL, 0},
	        {"1 (a)" FIELDS_3_TO_21, -EINVAL, 0},
	        {"1 (a)" FIELDS_3_TO_21 " -5 9", -EINVAL, 0},
	        {"1 (a)" FIELDS_3_TO_21 " 18446744073709551616 9", -EINVAL, 0},
	        {"1 (a)" FIELDS_3_TO_21 " 111111111111111111111111111111 9", -EINVAL, 0},
	        {"1 (a) S 1 2\n", -EINVAL, 0},
	        {"1 (a)", -EINVAL, 0},
	        {"1 a S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23", -EINVAL, 0},
	        {"", -EINVAL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct process_stat stat = {0};
		assert_int_equal(process_parse_stat(rows[i].text, &stat), rows[i].result);
		assert_true(stat.start_time == rows[i].start);
		assert_int_equal(stat.parent, rows[i].result ? 0 : 1);
		assert_int_equal(stat.session, rows[i].result ? 0 : 3);
		assert_int_equal(stat.terminal, rows[i].result ? 0 : 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(p23_start_time_is_read_after_the_last_parenthesis),
	        cmocka_unit_test(numbers_are_read_whole_or_refused),
	        cmocka_unit_test(sessions_have_one_spelling),
	        cmocka_unit_test(durations_have_units),
	        cmocka_unit_test(durations_and_times_are_written),
	        cmocka_unit_test(times_are_rfc3339_or_relative),
	        cmocka_unit_test(text_without_control_characters_is_clean),
	        cmocka_unit_test(names_are_never_paths),
	        cmocka_unit_test(copies_are_whole_or_refused),
	        cmocka_unit_test(buffers_never_pass_their_bounds),
	        cmocka_unit_test(verdicts_lie_far_apart),
	        cmocka_unit_test(secrets_compare_whole),
	        cmocka_unit_test(identities_come_from_nss),
	        cmocka_unit_test(unsafe_files_are_refused_by_name),
	        cmocka_unit_test(civil_times_are_those_of_the_clock_on_the_wall),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
