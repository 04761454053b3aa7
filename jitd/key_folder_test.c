/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the private keys. Linked with --wrap=cleanup_secret, which shows that they are
 * wiped. */
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
#include "jitd/key_folder.h"

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
	strncpy(place.state, "/tmp/key_folder_test.XXXXXX", sizeof(place.state) - 1);
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

static struct key_folder *open_folder(void)
{
	struct key_folder *folder = NULL;
	struct fault fault = {""};

	if (key_folder_open(place.state, &folder, &fault) != 0)
		fail_msg("%s", fault.text);
	return folder;
}

/* A key as it is once its row is on disk. */
static struct path add_key(const struct key_folder *folder, char ret_kid[static KID_SIZE])
{
	cleanup(key_file_done) struct key_file file = {.pem = NULL};

	assert_int_equal(key_folder_stage(folder, KEY_ES256, &file, NULL), 0);
	assert_int_equal(key_folder_keep(folder, file.kid, NULL), 0);
	memcpy(ret_kid, file.kid, KID_SIZE);
	return key_path(ret_kid);
}

static void must_name(const struct fault *fault, const char *name, const char *word)
{
	if (!strstr(fault->text, name) || !strstr(fault->text, word))
		fail_msg("\"%s\" names neither %s nor %s", fault->text, name, word);
}

static void read_refused(const struct key_folder *folder, const char *kid, int result,
                         const char *name, const char *word)
{
	struct key_file file = {.pem = NULL};
	struct fault fault = {""};

	assert_int_equal(key_folder_read(folder, kid, &file, &fault), result);
	assert_null(file.pem);
	assert_null(file.key);
	must_name(&fault, name, word);
}

static mode_t mode_of(const char *path)
{
	struct stat found;

	assert_int_equal(lstat(path, &found), 0);
	return found.st_mode & 07777;
}

static void a_key_is_staged_and_kept_private(void **state)
{
	struct key_folder *folder = open_folder();
	cleanup(key_file_done) struct key_file file = {.pem = NULL}, again = {.pem = NULL};
	struct path path, staged;
	char name[64];

	(void)state;
	assert_int_equal(mode_of(place.folder), 0700);
	assert_int_equal(key_folder_stage(folder, KEY_ES256, &file, NULL), 0);
	assert_int_equal(text_format(name, sizeof(name), "%s.new", file.kid), 0);
	path = key_path(file.kid);
	staged = in_folder(name);
	assert_int_equal(mode_of(staged.text), 0600);
	assert_int_equal(access(path.text, F_OK), -1);
	assert_int_equal(key_folder_read(folder, file.kid, &again, NULL), 0);
	assert_string_equal(again.pem, file.pem);
	key_file_done(&again);
	assert_int_equal(key_folder_keep(folder, file.kid, NULL), 0);
	assert_int_equal(access(staged.text, F_OK), -1);
	assert_int_equal(mode_of(path.text), 0600);
	assert_int_equal(key_folder_read(folder, file.kid, &again, NULL), 0);
	assert_string_equal(again.pem, file.pem);
	assert_string_equal(key_kid(again.key), file.kid);
	assert_int_equal(key_folder_erase(folder, file.kid, NULL), 0);
	assert_int_equal(access(path.text, F_OK), -1);
	assert_int_equal(key_folder_erase(folder, file.kid, NULL), 0);
	key_folder_free(folder);
}

static void both_algorithms_are_made(void **state)
{
	static const enum key_algorithm algorithms[] = {KEY_ES256, KEY_RS256};
	struct key_folder *folder = open_folder();

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		cleanup(key_file_done) struct key_file file = {.pem = NULL}, again = {.pem = NULL};
		assert_int_equal(key_folder_stage(folder, algorithms[i], &file, NULL), 0);
		assert_int_equal(key_folder_read(folder, file.kid, &again, NULL), 0);
		assert_int_equal(key_algorithm(again.key), algorithms[i]);
	}
	key_folder_free(folder);
}

static void umask_does_not_widen_or_break(void **state)
{
	mode_t before = umask(0);
	struct key_folder *folder = open_folder();
	char kid[KID_SIZE];
	struct path path = add_key(folder, kid);

	(void)state;
	umask(before);
	assert_int_equal(mode_of(place.folder), 0700);
	assert_int_equal(mode_of(path.text), 0600);
	key_folder_free(folder);
}

static void folder_refused(int result, const char *word)
{
	struct key_folder *folder = NULL;
	struct fault fault = {""};

	assert_int_equal(key_folder_open(place.state, &folder, &fault), result);
	assert_null(folder);
	must_name(&fault, place.folder, word);
}

static void modes_and_owners_are_refused_by_name(void **state)
{
	struct key_folder *folder = open_folder();
	char kid[KID_SIZE];
	struct path path = add_key(folder, kid);

	(void)state;
	assert_int_equal(chmod(path.text, 0640), 0);
	read_refused(folder, kid, -EPERM, path.text, "0640");
	assert_int_equal(chmod(path.text, 0604), 0);
	read_refused(folder, kid, -EPERM, path.text, "0604");
	assert_int_equal(chmod(path.text, 0600), 0);
	assert_int_equal(chmod(place.folder, 0750), 0);
	folder_refused(-EPERM, "0750");
	assert_int_equal(chmod(place.folder, 0700), 0);
	if (geteuid() == 0) { /* only root can give files away */
		assert_int_equal(chown(path.text, 1, 0), 0);
		read_refused(folder, kid, -EPERM, path.text, "uid 1");
		assert_int_equal(chown(place.folder, 1, 0), 0);
		folder_refused(-EPERM, "uid 1");
		assert_int_equal(chown(place.folder, 0, 0), 0);
	}
	key_folder_free(folder);
}

static void symlinks_and_folders_are_refused_by_name(void **state)
{
	struct key_folder *folder = open_folder();
	char kid[KID_SIZE];
	struct path path = add_key(folder, kid), moved;

	(void)state;
	assert_int_equal(text_format(moved.text, sizeof(moved.text), "%s/aside", place.state), 0);
	assert_int_equal(rename(path.text, moved.text), 0);
	assert_int_equal(symlink(moved.text, path.text), 0);
	read_refused(folder, kid, -ELOOP, path.text, "symbolic link");
	assert_int_equal(unlink(path.text), 0);
	assert_int_equal(mkdir(path.text, 0700), 0);
	read_refused(folder, kid, -EINVAL, path.text, "regular file");
	assert_int_equal(rmdir(path.text), 0);
	assert_int_equal(rename(moved.text, path.text), 0);
	assert_int_equal(rename(place.folder, moved.text), 0);
	assert_int_equal(symlink(moved.text, place.folder), 0);
	folder_refused(-ELOOP, "symbolic link");
	assert_int_equal(unlink(place.folder), 0);
	assert_int_equal(rename(moved.text, place.folder), 0);
	key_folder_free(folder);
}

static void a_file_holds_the_key_that_its_name_says(void **state)
{
	struct key_folder *folder = open_folder();
	char kid[KID_SIZE], other[KID_SIZE];
	struct path path = add_key(folder, kid), others = add_key(folder, other);

	(void)state;
	assert_int_equal(rename(path.text, others.text), 0);
	read_refused(folder, other, -EINVAL, others.text, "move it away");
	read_refused(folder, kid, -ENOENT, kid, "");
	key_folder_free(folder);
}

static void files_that_are_no_such_key_are_refused(void **state)
{
	static const char *const texts[] = {
	        "", "no key\n", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
	        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"};
	struct key_folder *folder = open_folder();
	struct path path = in_folder("AAAAAAAA.pem");

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_file(path.text, texts[i]);
		read_refused(folder, "AAAAAAAA", -EINVAL, path.text, "");
		assert_int_equal(unlink(path.text), 0);
	}
	write_file(path.text, "x");
	assert_int_equal(truncate(path.text, 1 << 20), 0);
	read_refused(folder, "AAAAAAAA", -EFBIG, path.text, "bytes");
	key_folder_free(folder);
}

/* ---- what stands there ---- */

struct seen {
	unsigned int kept, staged;
	int result;
};

static int see(void *context, const char *kid, bool staged, struct fault *fault)
{
	struct seen *seen = context;

	assert_int_equal(strlen(kid), KID_SIZE - 1);
	seen->kept += !staged;
	seen->staged += staged;
	return seen->result < 0 ? fault_set(fault, seen->result, "enough") : 0;
}

static void all_that_is_there_is_told(void **state)
{
	struct key_folder *folder = open_folder();
	cleanup(key_file_done) struct key_file file = {.pem = NULL};
	struct seen seen = {0}, stopped = {.result = -EIO};
	char kid[KID_SIZE];

	(void)state;
	add_key(folder, kid);
	add_key(folder, kid);
	assert_int_equal(key_folder_stage(folder, KEY_ES256, &file, NULL), 0);
	assert_int_equal(key_folder_survey(folder, see, &seen, NULL), 0);
	assert_int_equal(seen.kept, 2);
	assert_int_equal(seen.staged, 1);
	assert_int_equal(key_folder_survey(folder, see, &stopped, NULL), -EIO);
	assert_int_equal(stopped.kept + stopped.staged, 1);
	key_folder_free(folder);
}

static void any_other_name_is_refused(void **state)
{
	static const char *const names[] = {"other.pem",     "backup",       "pem",
	                                    ".hidden",       "AAAAAAAA",     "AAAAAAAA.pem.bak",
	                                    "AAAAAAAAA.pem", "AAAAAAA.pem",  "AAAA AAA.pem",
	                                    "AAAAAAAA.pem~", "AAAAAAAA.PEM", "notes.txt"};
	struct key_folder *folder = open_folder();
	struct seen seen = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct path wrong = in_folder(names[i]);
		struct fault fault = {""};
		write_file(wrong.text, "remember the milk\n");
		assert_int_equal(key_folder_survey(folder, see, &seen, &fault), -EINVAL);
		must_name(&fault, wrong.text, "move it away");
		assert_int_equal(unlink(wrong.text), 0);
	}
	key_folder_free(folder);
}

static void what_a_crash_left_of_writing_is_removed(void **state)
{
	struct key_folder *folder = open_folder();
	struct path left = in_folder(".new");
	struct seen seen = {0};

	(void)state;
	write_file(left.text, "-----BEGIN PRIV");
	assert_int_equal(key_folder_survey(folder, see, &seen, NULL), 0);
	assert_int_equal(access(left.text, F_OK), -1);
	assert_int_equal(seen.kept + seen.staged, 0);
	key_folder_free(folder);
}

static void a_missing_state_folder_is_named(void **state)
{
	struct key_folder *folder = NULL;
	struct fault fault = {""};

	(void)state;
	assert_int_equal(key_folder_open("/nowhere/at/all", &folder, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "/nowhere/at/all/keys"));
	assert_null(folder);
	assert_null(key_folder_free(NULL));
}

static void private_keys_are_wiped(void **state)
{
	struct key_folder *folder = open_folder();
	struct key_file file = {.pem = NULL};
	unsigned int before;

	(void)state;
	assert_int_equal(key_folder_stage(folder, KEY_ES256, &file, NULL), 0);
	before = place.wiped; /* one in 64 begins with '-', and is made again */
	key_file_done(&file);
	assert_int_equal(place.wiped, before + 1);
	key_file_done(&file);
	assert_int_equal(place.wiped, before + 1);
	key_folder_free(folder);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, place_make, place_drop)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        IN_PLACE(a_key_is_staged_and_kept_private),
	        IN_PLACE(both_algorithms_are_made),
	        IN_PLACE(umask_does_not_widen_or_break),
	        IN_PLACE(modes_and_owners_are_refused_by_name),
	        IN_PLACE(symlinks_and_folders_are_refused_by_name),
	        IN_PLACE(a_file_holds_the_key_that_its_name_says),
	        IN_PLACE(files_that_are_no_such_key_are_refused),
	        IN_PLACE(all_that_is_there_is_told),
	        IN_PLACE(any_other_name_is_refused),
	        IN_PLACE(what_a_crash_left_of_writing_is_removed),
	        cmocka_unit_test(a_missing_state_folder_is_named),
	        IN_PLACE(private_keys_are_wiped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
