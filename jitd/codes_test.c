/* SPDX-License-Identifier: Apache-2.0 */
/* Guesses at codes: who is slowed down, and who is not; and the secret's file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jitd/codes.h"

static char folder[] = "/tmp/codes.XXXXXX";
static char file[64];

static struct codes *load(void)
{
	struct codes *codes = NULL;
	struct fault fault = {""};

	if (codes_load(folder, &codes, &fault) < 0)
		fail_msg("%s", fault.text);
	return codes;
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(file, sizeof(file), "%s/codes.key", folder);
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(file, sizeof(file), "%s/codes.key", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(file);
	return rmdir(folder);
}

/* How many of `tries` wrong codes in `seconds` are looked at. */
static unsigned int looked_at(struct codes *codes, const char *account, const char *source,
                              unsigned int tries, int64_t from, int64_t seconds)
{
	unsigned int looked = 0;

	for (unsigned int i = 0; i < tries; i++) {
		int64_t now = from + seconds * i / tries;
		if (!codes_may_guess(codes, account, source, now))
			continue;
		looked++;
		codes_guessed_wrong(codes, account, source, now);
	}
	return looked;
}

static void ten_thousand_guesses_in_a_minute_are_six(void **state)
{
	struct codes *codes = load();

	(void)state;
	assert_int_equal(looked_at(codes, "alice", "10.0.0.1", 10000, 1000, 60),
	                 GUESSES + 60 / GUESS_SECONDS - 1);
	assert_false(codes_may_guess(codes, "alice", "10.0.0.1", 1059));
	/* nobody else waits for that */
	assert_true(codes_may_guess(codes, "alice", "10.0.0.2", 1060));
	assert_true(codes_may_guess(codes, "bob", "10.0.0.1", 1059));
	assert_true(codes_may_guess(codes, "alice", "", 1060));
	/* and half a minute later it goes on, slowly */
	assert_int_equal(looked_at(codes, "alice", "10.0.0.1", 10, 1089, 1), 1);
	assert_int_equal(looked_at(codes, "alice", "10.0.0.1", 10000, 100000, 1), GUESSES);
	codes_free(codes);
}

static void ipv6_is_slowed_down_by_network(void **state)
{
	struct codes *codes = load();

	(void)state;
	looked_at(codes, "alice", "2001:db8:1:2::1", 100, 1000, 1);
	assert_false(codes_may_guess(codes, "alice", "2001:db8:1:2:3:4:5:6", 1001));
	assert_false(codes_may_guess(codes, "alice", "2001:0db8:0001:0002::ffff", 1001));
	assert_true(codes_may_guess(codes, "alice", "2001:db8:1:3::1", 1001));
	looked_at(codes, "alice", "::ffff:10.0.0.1", 100, 1000, 1);
	assert_true(codes_may_guess(codes, "alice", "::ffff:10.0.0.2", 1001));
	codes_free(codes);
}

/* Two fields that run into one another would slow down somebody else. */
static void account_and_source_are_kept_apart(void **state)
{
	struct codes *codes = load();

	(void)state;
	looked_at(codes, "ab", "c", 100, 1000, 1);
	assert_false(codes_may_guess(codes, "ab", "c", 1001));
	assert_true(codes_may_guess(codes, "a", "bc", 1001));
	codes_free(codes);
}

static void more_sources_than_places_are_taken_in(void **state)
{
	struct codes *codes = load();
	char source[32];

	(void)state;
	for (int i = 0; i < SOURCES_MAX + 100; i++) {
		(void)snprintf(source, sizeof(source), "10.1.%d.%d", i / 256, i % 256);
		codes_guessed_wrong(codes, "alice", source, 1000 + i);
	}
	assert_int_equal(looked_at(codes, "alice", source, 10, 1000 + SOURCES_MAX + 100, 1),
	                 GUESSES - 1);
	codes_free(codes);
}

static void a_code_digests_alike_after_a_restart_and_under_its_own_secret(void **state)
{
	struct codes *codes = load();
	char digest[3][CODE_DIGEST_SIZE];
	struct stat found;

	(void)state;
	assert_int_equal(codes_digest(codes, "7KQ4M-2XP9D", digest[0]), 0);
	codes_free(codes);
	assert_int_equal(stat(file, &found), 0);
	assert_int_equal(found.st_mode & 0777, 0600);
	codes = load();
	assert_int_equal(codes_digest(codes, "7KQ4M-2XP9D", digest[1]), 0);
	codes_free(codes);
	unlink(file);
	codes = load();
	assert_int_equal(codes_digest(codes, "7KQ4M-2XP9D", digest[2]), 0);
	codes_free(codes);
	assert_string_equal(digest[0], digest[1]);
	assert_string_not_equal(digest[0], digest[2]);
}

static void a_bad_secret_file_refuses_with_its_path(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
	} bad[] = {{"", 0600},
	           {"abc\n", 0600},
	           {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n", 0640},
	           {"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 0600},
	           {"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef\n", 0600}};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct codes *codes = NULL;
		struct fault fault = {""};
		FILE *out = fopen(file, "w");
		assert_non_null(out);
		fputs(bad[i].text, out);
		fclose(out);
		assert_int_equal(chmod(file, bad[i].mode), 0);
		assert_true(codes_load(folder, &codes, &fault) < 0);
		assert_null(codes);
		assert_non_null(strstr(fault.text, file));
	}
	unlink(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(ten_thousand_guesses_in_a_minute_are_six),
	        cmocka_unit_test(ipv6_is_slowed_down_by_network),
	        cmocka_unit_test(account_and_source_are_kept_apart),
	        cmocka_unit_test(more_sources_than_places_are_taken_in),
	        cmocka_unit_test(a_code_digests_alike_after_a_restart_and_under_its_own_secret),
	        cmocka_unit_test(a_bad_secret_file_refuses_with_its_path),
	};
	return cmocka_run_group_tests_name("codes", tests, make_folder, remove_folder);
}
