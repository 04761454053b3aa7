/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/key_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"

#define PEM_MAX      8192
#define KEPT         ".pem"
#define STAGED       ".new"
#define WRITING      ".new" /* a name of its own: what a crash left of it is removed */
#define NAME_SIZE    (KID_SIZE - 1 + sizeof(KEPT))
#define PRIVATE_MODE 077
#define KID_LETTERS  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

struct key_folder {
	char path[KEY_PATH_SIZE - NAME_SIZE - 1];
	int fd;
};

CLEANUP_DEFINE(key_folder, struct key_folder *, key_folder_free)

static struct file_rule rule(void)
{
	return (struct file_rule){
	        .owner = geteuid(), .forbidden = PRIVATE_MODE, .size_max = PEM_MAX};
}

/* ---- the folder ---- */

static int sync_path(const char *path, struct fault *fault)
{
	cleanup(cleanup_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0) {
		int error = errno;
		return fault_set(fault, -error, "%s: cannot sync: %s", path, strerror(error));
	}
	return 0;
}

static int make(const char *state_dir, const char *path, struct fault *fault)
{
	const struct file_rule folder_rule = rule();

	if (mkdir(path, 0700) == 0)
		return sync_path(state_dir, fault);
	if (errno != EEXIST) {
		int error = errno;
		return fault_set(fault, -error, "%s: cannot make it: %s", path, strerror(error));
	}
	return directory_check(path, &folder_rule, fault);
}

int key_folder_open(const char *state_dir, struct key_folder **ret_folder, struct fault *fault)
{
	cleanup(cleanup_key_folder) struct key_folder *folder = calloc(1, sizeof(*folder));
	int r;

	if (!folder)
		return fault_set(fault, -ENOMEM, "%s: no memory", state_dir);
	folder->fd = -1;
	if (text_format(folder->path, sizeof(folder->path), "%s/keys", state_dir) < 0)
		return fault_set(fault, -ENAMETOOLONG, "%s: path too long", state_dir);
	r = make(state_dir, folder->path, fault);
	if (r < 0)
		return r;
	folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder->fd < 0)
		return fault_set(fault, -errno, "%s: %s", folder->path, strerror(errno));
	*ret_folder = take_ptr(folder);
	return 0;
}

struct key_folder *key_folder_free(struct key_folder *folder)
{
	if (folder)
		cleanup_close(&folder->fd);
	free(folder);
	return NULL;
}

static void path_of(const struct key_folder *folder, const char *kid, const char *suffix,
                    char ret_path[static KEY_PATH_SIZE])
{
	(void)snprintf(ret_path, KEY_PATH_SIZE, "%s/%s%s", folder->path, kid, suffix);
}

void key_folder_path(const struct key_folder *folder, const char *kid,
                     char ret_path[static KEY_PATH_SIZE])
{
	path_of(folder, kid, KEPT, ret_path);
}

static int name_of(const char *kid, const char *suffix, char ret_name[static NAME_SIZE])
{
	return text_format(ret_name, NAME_SIZE, "%s%s", kid, suffix);
}

/* ---- what stands there ---- */

static int found_entry(const struct key_folder *folder, const char *name, key_found *found,
                       void *context, struct fault *fault)
{
	const char *suffix = name + strspn(name, KID_LETTERS);
	bool staged = !strcmp(suffix, STAGED);
	char kid[KID_SIZE] = "";

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (!strcmp(name, WRITING)) {
		if (unlinkat(folder->fd, name, 0) < 0)
			return fault_set(fault, -errno,
			                 "%s/%s: cannot remove what a crash left: %s", folder->path,
			                 name, strerror(errno));
		return 0;
	}
	if (suffix - name != KID_SIZE - 1 || (!staged && strcmp(suffix, KEPT) != 0))
		return fault_set(fault, -EINVAL,
		                 "%s/%s: not a key's file; only KID.pem may be there: move it away",
		                 folder->path, name);
	memcpy(kid, name, KID_SIZE - 1);
	return found(context, kid, staged, fault);
}

int key_folder_survey(const struct key_folder *folder, key_found *found, void *context,
                      struct fault *fault)
{
	cleanup(cleanup_closedir) DIR *listing = NULL;
	int fd = openat(folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		listing = fdopendir(fd);
	if (!listing) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		return fault_set(fault, -error, "%s: %s", folder->path, strerror(error));
	}
	for (;;) {
		struct dirent *entry;
		int r;

		errno = 0;
		entry = readdir(listing);
		if (!entry)
			return errno ? fault_set(fault, -errno, "%s: %s", folder->path,
			                         strerror(errno))
			             : 0;
		r = found_entry(folder, entry->d_name, found, context, fault);
		if (r < 0)
			return r;
	}
}

/* ---- one key ---- */

void key_file_done(struct key_file *file)
{
	cleanup_secret(&file->pem);
	key_free(file->key);
	*file = (struct key_file){.pem = NULL};
}

static int parse(struct key_file *file, const char *path, struct fault *fault)
{
	struct fault cause = {""};
	int r = key_from_private_pem(file->pem, &file->key, &cause);

	if (r < 0)
		return fault_set(fault, r, "%s: %s", path, cause.text);
	memcpy(file->kid, key_kid(file->key), KID_SIZE);
	return 0;
}

static int read_file(const char *path, const char *kid, struct key_file *ret_file,
                     struct fault *fault)
{
	const struct file_rule file_rule = rule();
	cleanup(key_file_done) struct key_file file = {.pem = NULL};
	size_t length;
	int r = file_read(path, &file_rule, &file.pem, &length, fault);

	if (r == 0)
		r = parse(&file, path, fault);
	if (r < 0)
		return r;
	if (strcmp(file.kid, kid) != 0)
		return fault_set(fault, -EINVAL,
		                 "%s: holds key %s, not the one that its name says: move it away",
		                 path, file.kid);
	*ret_file = file;
	file = (struct key_file){.pem = NULL};
	return 0;
}

int key_folder_read(const struct key_folder *folder, const char *kid, struct key_file *ret_file,
                    struct fault *fault)
{
	char path[KEY_PATH_SIZE];
	int r;

	path_of(folder, kid, KEPT, path);
	r = read_file(path, kid, ret_file, fault);
	if (r != -ENOENT)
		return r;
	path_of(folder, kid, STAGED, path);
	return read_file(path, kid, ret_file, fault);
}

/* Another one where its kid, typed at a shell, would be taken for an option. */
static int make_key(const struct key_folder *folder, enum key_algorithm algorithm,
                    struct key_file *file, struct fault *fault)
{
	int r;

	do {
		key_file_done(file);
		*file = (struct key_file){.pem = NULL};
		r = key_generate(algorithm, &file->pem, fault);
		if (r == 0)
			r = parse(file, folder->path, fault);
	} while (r == 0 && file->kid[0] == '-');
	return r;
}

int key_folder_stage(const struct key_folder *folder, enum key_algorithm algorithm,
                     struct key_file *ret_file, struct fault *fault)
{
	cleanup(key_file_done) struct key_file file = {.pem = NULL};
	char name[NAME_SIZE];
	int r = make_key(folder, algorithm, &file, fault);

	if (r < 0)
		return r;
	r = name_of(file.kid, STAGED, name);
	if (r == 0)
		r = file_write_new(folder->fd, WRITING, name, file.pem);
	if (r < 0)
		return fault_set(fault, r, "%s: cannot write a new key: %s", folder->path,
		                 strerror(-r));
	*ret_file = file;
	file = (struct key_file){.pem = NULL};
	return 0;
}

int key_folder_keep(const struct key_folder *folder, const char *kid, struct fault *fault)
{
	char staged[NAME_SIZE], kept[NAME_SIZE];
	int r = name_of(kid, STAGED, staged);

	if (r == 0)
		r = name_of(kid, KEPT, kept);
	if (r == 0 && (renameat(folder->fd, staged, folder->fd, kept) < 0 || fsync(folder->fd) < 0))
		r = -errno;
	return r < 0 ? fault_set(fault, r, "%s/%s: cannot rename %s: %s", folder->path, kept,
	                         staged, strerror(-r))
	             : 0;
}

int key_folder_erase(const struct key_folder *folder, const char *kid, struct fault *fault)
{
	static const char *const suffixes[] = {KEPT, STAGED};

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		char name[NAME_SIZE];
		int r = name_of(kid, suffixes[i], name);
		if (r == 0 && unlinkat(folder->fd, name, 0) < 0 && errno != ENOENT)
			r = -errno;
		if (r < 0)
			return fault_set(fault, r, "%s/%s: cannot erase it: %s", folder->path, name,
			                 strerror(-r));
	}
	if (fsync(folder->fd) < 0)
		return fault_set(fault, -errno, "%s: cannot sync: %s", folder->path,
		                 strerror(errno));
	return 0;
}
