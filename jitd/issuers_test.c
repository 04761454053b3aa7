/* SPDX-License-Identifier: Apache-2.0 */
/* The files of other issuers' keys: read when they change, all or nothing, and believed only where
 * nobody else could have written them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "jitd/issuers.h"
#include "tests/daemon/provider.h"

#define KID "aaaaaaaa"

struct scene {
	struct provider provider;
	struct settings *settings;
	struct issuers *issuers;
	char told[4096]; /* one line each: news and text */
	int result;      /* what the listener answers */
};

static struct scene scene;

/* Seconds that the clock is ahead of what files are stamped with, and how often one was read:
 * neither function hands a context over. */
static time_t ahead;
static unsigned int reads;

int __real_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_time)
{
	int r = __real_clock_gettime(clock, ret_time);

	ret_time->tv_sec += ahead;
	return r;
}

int __real_file_read(const char *path, const struct file_rule *rule, char **ret_text,
                     size_t *ret_length, struct fault *fault);
int __wrap_file_read(const char *path, const struct file_rule *rule, char **ret_text,
                     size_t *ret_length, struct fault *fault);
int __wrap_file_read(const char *path, const struct file_rule *rule, char **ret_text,
                     size_t *ret_length, struct fault *fault)
{
	reads++;
	return __real_file_read(path, rule, ret_text, ret_length, fault);
}

static int hear(void *context, enum issuer_news news, const char *line)
{
	static const char *const words[] = {
	        [ISSUER_READ] = "read", [ISSUER_REFUSED] = "refused", [ISSUER_REMARK] = "remark"};
	size_t used = strlen(scene.told);

	(void)context;
	snprintf(scene.told + used, sizeof(scene.told) - used, "%s %s\n", words[news], line);
	return scene.result;
}

static void look(bool all)
{
	scene.told[0] = '\0';
	assert_int_equal(issuers_look(scene.issuers, all, hear, NULL), 0);
}

static void expect_told(const char *begin, const char *end)
{
	size_t length = strlen(scene.told), last = strlen(end);

	if (strncmp(scene.told, begin, strlen(begin)) || length < last ||
	    strcmp(scene.told + length - last, end))
		fail_msg("\"%s\", and not \"%s...%s\"", scene.told, begin, end);
}

static void expect_silence(void)
{
	assert_string_equal(scene.told, "");
}

static bool knows(const char *kid)
{
	struct issuer_keys *keys = issuers_hold(scene.issuers, 0, kid);
	bool known = keys != NULL;

	issuer_keys_release(keys);
	return known;
}

static int begin_with(const char *algorithms)
{
	text_owned text = NULL;
	struct policy_source source = {.name = "jitd.conf"};

	memset(&scene, 0, sizeof(scene));
	ahead = 0;
	reads = 0;
	provider_make(&scene.provider, KEY_ES256);
	text = text_of("trust \"other\" { issuer = \"i\" audience = {\"a\"} jwks = \"%s\"\n"
	               "algorithms = {%s} scope = {\"ssh:~\"} }\n",
	               scene.provider.jwks, algorithms);
	source.text = text;
	assert_int_equal(settings_parse(&source, NULL, NULL, &scene.settings), 0);
	scene.settings->owner = geteuid();
	assert_int_equal(issuers_new(scene.settings, &scene.issuers), 0);
	return 0;
}

static int begin(void **state)
{
	(void)state;
	return begin_with("\"ES256\"");
}

static int begin_rsa(void **state)
{
	(void)state;
	return begin_with("\"RS256\"");
}

static int end(void **state)
{
	(void)state;
	issuers_free(scene.issuers);
	settings_free(scene.settings);
	chmod(scene.provider.directory, 0755);
	provider_remove(&scene.provider);
	return 0;
}

static void keys_are_read_and_told_once(void **state)
{
	(void)state;
	assert_false(knows(scene.provider.bench->kid));
	look(false);
	expect_told("read other: 1 key of /tmp/", "keys.jwks\n");
	assert_true(knows(scene.provider.bench->kid));
	assert_false(knows(KID));
	for (int i = 0; i < 3; i++) {
		look(i == 1);
		expect_silence();
	}
}

static void another_file_in_its_place_is_read_at_the_next_look(void **state)
{
	char old[KID_SIZE];

	(void)state;
	look(false);
	for (int i = 0; i < 8; i++) {
		memcpy(old, scene.provider.bench->kid, sizeof(old));
		provider_rekey(&scene.provider);
		provider_publish(&scene.provider, NULL);
		look(false);
		expect_told("read other: 1 key", "keys.jwks\n");
		assert_true(knows(scene.provider.bench->kid));
		assert_false(knows(old));
	}
}

/* In place, of the same size, within one tick of the file system's clock. */
static void a_change_that_no_time_shows_is_seen_all_the_same(void **state)
{
	char old[KID_SIZE];

	(void)state;
	look(false);
	for (int i = 0; i < 32; i++) {
		text_owned text = NULL;
		int fd = open(scene.provider.jwks, O_WRONLY | O_CLOEXEC);
		memcpy(old, scene.provider.bench->kid, sizeof(old));
		provider_rekey(&scene.provider);
		text = provider_jwks(&scene.provider);
		assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
		close(fd);
		look(false);
		assert_true(knows(scene.provider.bench->kid));
		assert_false(knows(old));
	}
}

/* Once it has lain still for longer than a file system's clock may, until it changes. */
static void what_lies_still_is_not_read_again(void **state)
{
	(void)state;
	ahead = 10;
	look(false);
	assert_int_equal(reads, 1);
	for (int i = 0; i < 5; i++)
		look(false);
	assert_int_equal(reads, 1);
	look(true);
	assert_int_equal(reads, 2);
	provider_rekey(&scene.provider);
	provider_publish(&scene.provider, NULL);
	look(false);
	assert_int_equal(reads, 3);
	assert_true(knows(scene.provider.bench->kid));
	ahead = 0; /* a clock that was set back tells nothing */
	provider_publish(&scene.provider, NULL);
	look(false);
	look(false);
	assert_int_equal(reads, 5);
}

static void a_bad_file_leaves_the_keys_and_is_told_once(void **state)
{
	static const char *const bad[] = {"", "{", "{\"keys\":[]}",
	                                  "{\"keys\":[{\"kty\":\"oct\"}]}"};

	(void)state;
	look(false);
	for (size_t i = 0; i < COUNT(bad); i++) {
		provider_publish(&scene.provider, bad[i]);
		look(false);
		assert_non_null(strstr(scene.told, "refused other: /tmp/"));
		assert_non_null(strstr(scene.told, "; the 1 key read before stay\n"));
		assert_true(knows(scene.provider.bench->kid));
		look(false);
		assert_null(strstr(scene.told, "refused"));
		look(true); /* whoever reloads wants to know */
		assert_non_null(strstr(scene.told, "refused"));
		provider_publish(&scene.provider, NULL);
		look(false);
		expect_told("read other: 1 key", "keys.jwks\n");
	}
}

static void a_bad_file_at_the_start_leaves_none(void **state)
{
	(void)state;
	provider_publish(&scene.provider, "{}");
	look(true);
	expect_told("refused other: /tmp/", "; it has no keys\n");
	assert_false(knows(scene.provider.bench->kid));
	provider_publish(&scene.provider, NULL);
	look(false);
	assert_true(knows(scene.provider.bench->kid));
}

static void a_file_that_is_gone_takes_its_keys_along(void **state)
{
	(void)state;
	look(false);
	assert_int_equal(unlink(scene.provider.jwks), 0);
	look(false);
	expect_told("refused other: /tmp/", "No such file or directory; it has no keys\n");
	assert_false(knows(scene.provider.bench->kid));
	look(false);
	expect_silence();
	provider_publish(&scene.provider, NULL);
	look(false);
	expect_told("read other: 1 key", "keys.jwks\n");
	assert_true(knows(scene.provider.bench->kid));
}

/* Whoever could write the file, or put another in its place, could be anybody. */
static void x7_what_others_may_write_is_not_believed(void **state)
{
	struct provider *provider = &scene.provider;
	char elsewhere[128];

	(void)state;
	assert_int_equal(chmod(provider->jwks, 0666), 0);
	look(true);
	assert_non_null(strstr(scene.told, "mode 0666 lets others in"));
	assert_int_equal(chmod(provider->jwks, 0644), 0);
	assert_int_equal(chmod(provider->directory, 0777), 0);
	look(true);
	assert_non_null(strstr(scene.told, "mode 0777 lets others in"));
	assert_int_equal(chmod(provider->directory, 0755), 0);
	snprintf(elsewhere, sizeof(elsewhere), "%s.other", provider->jwks);
	assert_int_equal(rename(provider->jwks, elsewhere), 0);
	assert_int_equal(symlink(elsewhere, provider->jwks), 0);
	look(true);
	assert_non_null(strstr(scene.told, "refused"));
	assert_int_equal(rename(elsewhere, provider->jwks), 0);
	if (geteuid() == 0) {
		assert_int_equal(chown(provider->jwks, 12345, 12345), 0);
		look(true);
		assert_non_null(strstr(scene.told, "refused"));
		assert_int_equal(chown(provider->jwks, 0, 0), 0);
	}
	assert_false(knows(provider->bench->kid));
	look(true);
	assert_true(knows(provider->bench->kid));
}

static void a_file_is_not_read_without_end(void **state)
{
	char *big = calloc(1, JWKS_MAX + 2);

	(void)state;
	assert_non_null(big);
	memset(big, ' ', JWKS_MAX + 1);
	big[0] = '{';
	provider_publish(&scene.provider, big);
	look(true);
	expect_told("refused other: ", "; it has no keys\n");
	free(big);
}

static void keys_of_another_algorithm_do_not_count(void **state)
{
	(void)state;
	look(true);
	assert_non_null(strstr(scene.told, "remark other: "));
	assert_non_null(strstr(scene.told, "refused other: "));
	assert_false(knows(scene.provider.bench->kid));
}

/* What is with the pool is read to the end by the keys that it began with. */
static void who_holds_keys_has_them_until_they_let_go(void **state)
{
	struct issuer_keys *held;
	char old[KID_SIZE];

	(void)state;
	look(true);
	memcpy(old, scene.provider.bench->kid, sizeof(old));
	held = issuers_hold(scene.issuers, 0, old);
	assert_non_null(held);
	provider_rekey(&scene.provider);
	provider_publish(&scene.provider, NULL);
	look(false);
	assert_false(knows(old));
	assert_non_null(keyset_find(issuer_keyset(held), old, strlen(old)));
	assert_int_equal(unlink(scene.provider.jwks), 0);
	look(false);
	assert_non_null(keyset_find(issuer_keyset(held), old, strlen(old)));
	assert_null(issuer_keys_release(held));
	assert_null(issuer_keys_release(NULL));
}

static void who_hears_of_it_can_break_off(void **state)
{
	(void)state;
	scene.result = -EIO;
	assert_int_equal(issuers_look(scene.issuers, true, hear, NULL), -EIO);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(keys_are_read_and_told_once),
	        TEST(another_file_in_its_place_is_read_at_the_next_look),
	        TEST(a_change_that_no_time_shows_is_seen_all_the_same),
	        TEST(what_lies_still_is_not_read_again),
	        TEST(a_bad_file_leaves_the_keys_and_is_told_once),
	        TEST(a_bad_file_at_the_start_leaves_none),
	        TEST(a_file_that_is_gone_takes_its_keys_along),
	        TEST(x7_what_others_may_write_is_not_believed),
	        TEST(a_file_is_not_read_without_end),
	        cmocka_unit_test_setup_teardown(keys_of_another_algorithm_do_not_count, begin_rsa,
	                                        end),
	        TEST(who_holds_keys_has_them_until_they_let_go),
	        TEST(who_hears_of_it_can_break_off),
	};

	return cmocka_run_group_tests_name("issuers", tests, NULL, NULL);
}
