/* SPDX-License-Identifier: Apache-2.0 */
/* Linked with --wrap=cleanup_secret, which shows that private keys are wiped. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
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

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "jitd/keys.h"

static struct {
	char state[64], folder[80];
	unsigned int wiped;
} place;

void __real_cleanup_secret(char **where);
void __wrap_cleanup_secret(char **where);

void __wrap_cleanup_secret(char **where)
{
	if (*where && !strncmp(*where, "-----BEGIN PRIVATE KEY", 22))
		place.wiped++;
	__real_cleanup_secret(where);
}

static int place_make(void **state)
{
	(void)state;
	strncpy(place.state, "/tmp/keys_test.XXXXXX", sizeof(place.state) - 1);
	return mkdtemp(place.state) && text_format(place.folder, sizeof(place.folder), "%s/keys",
	                                           place.state) == 0
	               ? 0
	               : -1;
}

static int place_drop(void **state)
{
	DIR *listing = opendir(place.folder);

	(void)state;
	for (struct dirent *entry; listing && (entry = readdir(listing));)
		(void)unlinkat(dirfd(listing), entry->d_name, 0);
	if (listing)
		closedir(listing);
	(void)rmdir(place.folder);
	return rmdir(place.state);
}

struct path {
	char text[PATH_MAX];
};

static struct path in_folder(const char *name)
{
	struct path path;

	assert_int_equal(text_format(path.text, sizeof(path.text), "%s/%s", place.folder, name), 0);
	return path;
}

static struct path key_path(const char *kid)
{
	char name[64];

	assert_int_equal(text_format(name, sizeof(name), "%s.pem", kid), 0);
	return in_folder(name);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void modified_at(const char *path, time_t seconds, long nanoseconds)
{
	const struct timespec times[2] = {{seconds, nanoseconds}, {seconds, nanoseconds}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static struct keys *load(void)
{
	struct keys *keys = NULL;
	struct fault fault = {""};

	if (keys_load(place.state, &keys, &fault) != 0)
		fail_msg("%s", fault.text);
	return keys;
}

/* Adds a key with this age beside those that are there. */
static void add_key(time_t seconds, long nanoseconds, char ret_kid[static KID_SIZE])
{
	cleanup(cleanup_secret) char *pem = NULL;
	struct key *key = NULL;
	struct path path;

	assert_int_equal(key_generate(KEY_ES256, &pem, NULL), 0);
	assert_int_equal(key_from_private_pem(pem, &key, NULL), 0);
	memcpy(ret_kid, key_kid(key), KID_SIZE);
	key_free(key);
	path = key_path(ret_kid);
	write_file(path.text, pem);
	modified_at(path.text, seconds, nanoseconds);
}

static void refused(int result, const char *name, const char *word)
{
	struct keys *keys = NULL;
	struct fault fault = {""};

	assert_int_equal(keys_load(place.state, &keys, &fault), result);
	assert_null(keys);
	if (!strstr(fault.text, name) || !strstr(fault.text, word))
		fail_msg("\"%s\" names neither %s nor %s", fault.text, name, word);
}

static mode_t mode_of(const char *path)
{
	struct stat found;

	assert_int_equal(lstat(path, &found), 0);
	return found.st_mode & 07777;
}

static void first_start_makes_one_private_key(void **state)
{
	struct keys *keys = load(), *again;
	struct key *key = NULL;
	struct path path = key_path(keys_current_kid(keys));

	(void)state;
	assert_int_equal(mode_of(place.folder), 0700);
	assert_int_equal(mode_of(path.text), 0600);
	assert_int_equal(key_from_private_pem(keys_current_pem(keys), &key, NULL), 0);
	assert_string_equal(key_kid(key), keys_current_kid(keys));
	assert_non_null(keyset_find(keys_set(keys), key_kid(key), strlen(key_kid(key))));
	again = load();
	assert_string_equal(keys_current_kid(again), keys_current_kid(keys));
	assert_string_equal(keys_current_pem(again), keys_current_pem(keys));
	key_free(key);
	keys_free(again);
	keys_free(keys);
}

static void umask_does_not_widen_or_break(void **state)
{
	mode_t before = umask(0);
	struct keys *keys = load();
	struct path path = key_path(keys_current_kid(keys));

	(void)state;
	umask(before);
	assert_int_equal(mode_of(place.folder), 0700);
	assert_int_equal(mode_of(path.text), 0600);
	keys_free(keys);
}

static void newest_signs_and_all_verify(void **state)
{
	char old[KID_SIZE], newest[KID_SIZE], middle[KID_SIZE];
	const struct keyset_entry *entry;
	struct keys *keys;

	(void)state;
	assert_int_equal(mkdir(place.folder, 0700), 0);
	add_key(1000, 5, old);
	add_key(2000, 7, newest);
	add_key(2000, 6, middle);
	keys = load();
	assert_string_equal(keys_current_kid(keys), newest);
	entry = keyset_find(keys_set(keys), old, strlen(old));
	assert_non_null(entry);
	assert_false(entry->revoked);
	assert_true(entry->not_before == INT64_MIN && entry->not_after == INT64_MAX);
	assert_non_null(keyset_find(keys_set(keys), middle, strlen(middle)));
	assert_non_null(keyset_find(keys_set(keys), newest, strlen(newest)));
	keys_free(keys);
}

static void same_age_goes_by_name(void **state)
{
	char a[KID_SIZE], b[KID_SIZE], c[KID_SIZE];
	const char *last;
	struct keys *keys;

	(void)state;
	assert_int_equal(mkdir(place.folder, 0700), 0);
	add_key(1000, 5, a);
	add_key(1000, 5, b);
	add_key(1000, 5, c);
	last = strcmp(a, b) > 0 ? a : b;
	last = strcmp(c, last) > 0 ? c : last;
	keys = load();
	assert_string_equal(keys_current_kid(keys), last);
	keys_free(keys);
}

static void modes_and_owners_are_refused_by_name(void **state)
{
	struct keys *keys = load();
	struct path path = key_path(keys_current_kid(keys));

	(void)state;
	keys_free(keys);
	assert_int_equal(chmod(path.text, 0640), 0);
	refused(-EPERM, path.text, "0640");
	assert_int_equal(chmod(path.text, 0604), 0);
	refused(-EPERM, path.text, "0604");
	assert_int_equal(chmod(path.text, 0600), 0);
	assert_int_equal(chmod(place.folder, 0750), 0);
	refused(-EPERM, place.folder, "0750");
	assert_int_equal(chmod(place.folder, 0700), 0);
	if (geteuid() != 0)
		return; /* only root can give files away */
	assert_int_equal(chown(path.text, 1, 0), 0);
	refused(-EPERM, path.text, "uid 1");
	assert_int_equal(chown(path.text, 0, 0), 0);
	assert_int_equal(chown(place.folder, 1, 0), 0);
	refused(-EPERM, place.folder, "uid 1");
	assert_int_equal(chown(place.folder, 0, 0), 0);
	keys_free(load());
}

static void symlinks_and_folders_are_refused_by_name(void **state)
{
	struct keys *keys = load();
	struct path path = key_path(keys_current_kid(keys)), moved;

	(void)state;
	assert_int_equal(text_format(moved.text, sizeof(moved.text), "%s/aside", place.state), 0);
	keys_free(keys);
	assert_int_equal(rename(path.text, moved.text), 0);
	assert_int_equal(symlink(moved.text, path.text), 0);
	refused(-ELOOP, path.text, "symbolic link");
	assert_int_equal(unlink(path.text), 0);
	assert_int_equal(mkdir(path.text, 0700), 0);
	refused(-EINVAL, path.text, "regular file");
	assert_int_equal(rmdir(path.text), 0);
	assert_int_equal(rename(moved.text, path.text), 0);
	assert_int_equal(rename(place.folder, moved.text), 0);
	assert_int_equal(symlink(moved.text, place.folder), 0);
	refused(-ELOOP, place.folder, "symbolic link");
	assert_int_equal(unlink(place.folder), 0);
	assert_int_equal(rename(moved.text, place.folder), 0);
}

static void names_that_are_not_the_kid_are_refused(void **state)
{
	static const char *const names[] = {"other.pem", "backup", "pem", ".hidden"};
	struct keys *keys = load();
	struct path path = key_path(keys_current_kid(keys));
	char longer[PATH_MAX];

	(void)state;
	keys_free(keys);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct path wrong = in_folder(names[i]);
		assert_int_equal(rename(path.text, wrong.text), 0);
		refused(-EINVAL, wrong.text, "rename it to");
		assert_int_equal(rename(wrong.text, path.text), 0);
	}
	assert_int_equal(text_format(longer, sizeof(longer), "%s.bak", path.text), 0);
	assert_int_equal(link(path.text, longer), 0);
	refused(-EINVAL, longer, "rename it to");
	assert_int_equal(unlink(longer), 0);
}

static void files_that_are_no_such_key_are_refused(void **state)
{
	static const char *const texts[] = {
	        "", "no key\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"};
	struct path path = in_folder("AAAAAAAA.pem");

	(void)state;
	assert_int_equal(mkdir(place.folder, 0700), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(path.text, texts[i]);
		refused(-EINVAL, path.text, "");
		assert_int_equal(unlink(path.text), 0);
	}
	write_file(path.text, "x");
	assert_int_equal(truncate(path.text, 1 << 20), 0);
	refused(-EFBIG, path.text, "bytes");
}

static void one_bad_file_refuses_all_and_makes_none(void **state)
{
	struct path bad = in_folder("notes.txt");
	unsigned int files = 0;
	DIR *listing;

	(void)state;
	assert_int_equal(mkdir(place.folder, 0700), 0);
	write_file(bad.text, "remember the milk\n");
	refused(-EINVAL, bad.text, "");
	listing = opendir(place.folder);
	assert_non_null(listing);
	while (readdir(listing))
		files++;
	closedir(listing);
	assert_int_equal(files, 3); /* . and .. and the one */
}

static void what_a_crash_left_is_removed(void **state)
{
	struct keys *keys;
	struct path left = in_folder(".new");

	(void)state;
	assert_int_equal(mkdir(place.folder, 0700), 0);
	write_file(left.text, "-----BEGIN PRIV");
	keys = load();
	assert_int_equal(access(left.text, F_OK), -1);
	assert_int_equal(strlen(keys_current_kid(keys)), KID_SIZE - 1);
	keys_free(keys);
}

static void a_missing_state_folder_is_named(void **state)
{
	struct keys *keys = NULL;
	struct fault fault = {""};

	(void)state;
	assert_int_equal(keys_load("/nowhere/at/all", &keys, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "/nowhere/at/all/keys"));
	assert_null(keys);
	assert_null(keys_free(NULL));
}

static void private_keys_are_wiped(void **state)
{
	char kid[KID_SIZE];
	struct keys *keys;

	(void)state;
	place.wiped = 0;
	keys = load();
	assert_int_equal(place.wiped, 1); /* the generated text; the current key is still held */
	keys_free(keys);
	assert_int_equal(place.wiped, 2);
	add_key(1000, 0, kid);
	place.wiped = 0;
	keys_free(load());
	assert_int_equal(place.wiped, 2); /* the current key and the other */
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_PLACE(first_start_makes_one_private_key),
	        IN_PLACE(umask_does_not_widen_or_break),
	        IN_PLACE(newest_signs_and_all_verify),
	        IN_PLACE(same_age_goes_by_name),
	        IN_PLACE(modes_and_owners_are_refused_by_name),
	        IN_PLACE(symlinks_and_folders_are_refused_by_name),
	        IN_PLACE(names_that_are_not_the_kid_are_refused),
	        IN_PLACE(files_that_are_no_such_key_are_refused),
	        IN_PLACE(one_bad_file_refuses_all_and_makes_none),
	        IN_PLACE(what_a_crash_left_is_removed),
	        cmocka_unit_test(a_missing_state_folder_is_named),
	        IN_PLACE(private_keys_are_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
