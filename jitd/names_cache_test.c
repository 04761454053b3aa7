/* SPDX-License-Identifier: Apache-2.0 */
/* Linked with --wrap=stat, so that the files of /etc change when a test says so. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "base/text.h"
#include "jitd/names_cache.h"

#define SECOND 1000

static struct stat etc[3];
static int etc_error[3];

int __wrap_stat(const char *path, struct stat *ret_found);

int __wrap_stat(const char *path, struct stat *ret_found)
{
	static const char *const paths[] = {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf"};

	for (size_t i = 0; i < 3; i++) {
		if (strcmp(path, paths[i]) != 0)
			continue;
		*ret_found = etc[i];
		errno = etc_error[i];
		return errno ? -1 : 0;
	}
	fail_msg("%s is none of the three", path);
	return -1;
}

static struct names_cache *cache;

static int cache_make(void **state)
{
	(void)state;
	memset(etc, 0, sizeof(etc));
	memset(etc_error, 0, sizeof(etc_error));
	return names_cache_new(&cache);
}

static int cache_drop(void **state)
{
	(void)state;
	cache = names_cache_free(cache);
	return 0;
}

static struct names_key named(const char *name)
{
	struct names_key key = {.uid = 0};

	assert_int_equal(text_copy(key.name, sizeof(key.name), name), 0);
	return key;
}

static struct names_key numbered(uid_t uid)
{
	return (struct names_key){.uid = uid};
}

static struct identity person(const char *name, uid_t uid)
{
	struct identity identity = {.uid = uid};

	assert_int_equal(text_copy(identity.name, sizeof(identity.name), name), 0);
	return identity;
}

static void keep(struct names_key key, int64_t asked, const struct identity *identity)
{
	names_cache_keep(cache, names_cache_check(cache), &key, asked, identity);
}

static enum names_result find(struct names_key key, int64_t now, int64_t age_max)
{
	const struct identity *identity = NULL;
	enum names_result result = names_cache_find(cache, &key, now, age_max, &identity);

	assert_true((result == NAMES_FOUND) == (identity != NULL));
	return result;
}

static void an_answer_is_as_old_as_its_question(void **state)
{
	const struct identity alice = person("alice", 1000);

	(void)state;
	keep(numbered(1000), 5000, &alice);
	assert_int_equal(find(numbered(1000), 5000, SECOND), NAMES_FOUND);
	assert_int_equal(find(numbered(1000), 5999, SECOND), NAMES_FOUND);
	assert_int_equal(find(numbered(1000), 6000, SECOND), NAMES_FAILED);
	assert_int_equal(find(numbered(1000), 4999, SECOND), NAMES_FAILED);
	assert_int_equal(find(numbered(1001), 5000, SECOND), NAMES_FAILED);
	assert_int_equal(find(named("alice"), 5000, SECOND), NAMES_FAILED);
}

static void a_name_leads_to_the_newest_about_its_person(void **state)
{
	const struct identity alice = person("alice", 1000), renamed = person("alicia", 1000);
	const struct names_key key = named("alice");
	const struct identity *identity = NULL;

	(void)state;
	keep(key, 5000, &alice);
	assert_int_equal(find(numbered(1000), 5000, SECOND), NAMES_FOUND);
	keep(numbered(1000), 5500, &renamed);
	assert_int_equal(names_cache_find(cache, &key, 5600, SECOND, &identity), NAMES_FOUND);
	assert_string_equal(identity->name, "alicia");
	assert_int_equal(find(key, 6000, SECOND), NAMES_FAILED); /* the name's own age */
}

static void whoever_is_gone_is_gone_by_every_road(void **state)
{
	const struct identity alice = person("alice", 1000);

	(void)state;
	keep(named("alice"), 5000, &alice);
	keep(numbered(1000), 5100, NULL);
	assert_int_equal(find(numbered(1000), 5200, NAMES_STALE_MS), NAMES_UNKNOWN);
	assert_int_equal(find(named("alice"), 5200, NAMES_STALE_MS), NAMES_FAILED);
	keep(named("alice"), 5300, &alice);
	assert_int_equal(find(numbered(1000), 5400, NAMES_STALE_MS), NAMES_FOUND);
	keep(named("alice"), 5500, NULL);
	assert_int_equal(find(named("alice"), 5600, NAMES_STALE_MS), NAMES_UNKNOWN);
	assert_int_equal(find(numbered(1000), 5600, NAMES_STALE_MS), NAMES_FAILED);
}

static void a_late_answer_does_not_replace_a_newer_one(void **state)
{
	const struct identity before = person("before", 1000), after = person("after", 1000);
	const struct names_key key = numbered(1000);
	const struct identity *identity = NULL;

	(void)state;
	keep(key, 5100, &after);
	keep(key, 5000, &before);
	assert_int_equal(names_cache_find(cache, &key, 5200, SECOND, &identity), NAMES_FOUND);
	assert_string_equal(identity->name, "after");
	keep(key, 5000, NULL);
	assert_int_equal(find(key, 5200, SECOND), NAMES_FOUND);
}

static void any_change_of_any_file_forgets_all(void **state)
{
	const struct identity alice = person("alice", 1000);

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (int what = 0; what < 7; what++) {
			uint64_t before;

			keep(named("alice"), 5000, &alice);
			keep(named("nobody-here"), 5000, NULL);
			assert_int_equal(find(named("alice"), 5000, SECOND), NAMES_FOUND);
			etc_error[i] = what == 0 ? ENOENT : 0;
			etc[i].st_ino += what == 2;
			etc[i].st_size += what == 3;
			etc[i].st_mtim.tv_sec += what == 4;
			etc[i].st_mtim.tv_nsec += what == 5;
			etc[i].st_ctim.tv_nsec += what == 6;
			before = names_cache_check(cache);
			assert_int_equal(find(named("alice"), 5000, NAMES_STALE_MS), NAMES_FAILED);
			assert_int_equal(find(numbered(1000), 5000, NAMES_STALE_MS), NAMES_FAILED);
			assert_int_equal(find(named("nobody-here"), 5000, SECOND), NAMES_FAILED);
			assert_true(names_cache_check(cache) == before);
		}
	}
}

static void an_answer_from_before_a_change_is_not_kept(void **state)
{
	const struct identity alice = person("alice", 1000);
	const struct names_key key = numbered(1000);
	uint64_t before = names_cache_check(cache);

	(void)state;
	etc[1].st_size++;
	assert_true(names_cache_check(cache) != before);
	names_cache_keep(cache, before, &key, 5000, &alice);
	assert_int_equal(find(key, 5000, SECOND), NAMES_FAILED);
}

static void the_table_is_bounded_and_the_oldest_go(void **state)
{
	unsigned int found = 0;

	(void)state;
	for (uid_t uid = 1; uid <= 5000; uid++) {
		const struct identity someone = person("someone", uid);
		keep(numbered(uid), uid, &someone);
		assert_int_equal(find(numbered(uid), uid, SECOND), NAMES_FOUND);
	}
	for (uid_t uid = 1; uid <= 5000; uid++)
		found += find(numbered(uid), 5000, NAMES_STALE_MS) == NAMES_FOUND;
	assert_true(found <= NAMES_KEPT);
	assert_true(found > NAMES_KEPT * 9 / 10); /* spread evenly enough */
	assert_int_equal(find(numbered(1), 5000, NAMES_STALE_MS), NAMES_FAILED);
}

/* Unknown names are what anybody can make up by the thousand. */
static void unknown_names_push_out_nobody(void **state)
{
	unsigned int found = 0;
	char name[32];

	(void)state;
	for (uid_t uid = 1; uid <= 5000; uid++) {
		const struct identity someone = person("someone", uid);
		keep(numbered(uid), uid, &someone);
	}
	for (uid_t uid = 1; uid <= 5000; uid++)
		found += find(numbered(uid), 5000, NAMES_STALE_MS) == NAMES_FOUND;
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(text_format(name, sizeof(name), "madeup%d", i), 0);
		keep(named(name), 6000, NULL);
	}
	for (uid_t uid = 1; uid <= 5000; uid++)
		found -= find(numbered(uid), 6000, NAMES_STALE_MS) == NAMES_FOUND;
	assert_int_equal(found, 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, cache_make, cache_drop)
	const struct CMUnitTest tests[] = {
	        TEST(an_answer_is_as_old_as_its_question),
	        TEST(a_name_leads_to_the_newest_about_its_person),
	        TEST(whoever_is_gone_is_gone_by_every_road),
	        TEST(a_late_answer_does_not_replace_a_newer_one),
	        TEST(any_change_of_any_file_forgets_all),
	        TEST(an_answer_from_before_a_change_is_not_kept),
	        TEST(the_table_is_bounded_and_the_oldest_go),
	        TEST(unknown_names_push_out_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
