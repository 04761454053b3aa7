/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"

#define PEM_MAX      4096
#define PATH_SIZE    4096
#define SUFFIX       ".pem"
#define NEW_NAME     ".new" /* a key before its rename; one left behind by a crash is removed */
#define FILE_NAME    (KID_SIZE - 1 + sizeof(SUFFIX))
#define PRIVATE_MODE 077

struct keys {
	struct keyset *set;
	char kid[KID_SIZE];
	char *pem; /* of the current key */
	struct timespec modified;
};

static void cleanup_keys(struct keys **where)
{
	keys_free(*where);
}

static struct file_rule rule(void)
{
	return (struct file_rule){
	        .owner = geteuid(), .forbidden = PRIVATE_MODE, .size_max = PEM_MAX};
}

static int folder_sync(const char *path, struct fault *fault)
{
	cleanup(cleanup_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0) {
		int error = errno;
		return fault_set(fault, -error, "%s: cannot sync: %s", path, strerror(error));
	}
	return 0;
}

static int folder_make(const char *state_dir, const char *folder, struct fault *fault)
{
	struct file_rule folder_rule = rule();

	if (mkdir(folder, 0700) == 0)
		return folder_sync(state_dir, fault);
	if (errno != EEXIST) {
		int error = errno;
		return fault_set(fault, -error, "%s: cannot make it: %s", folder, strerror(error));
	}
	return directory_check(folder, &folder_rule, fault);
}

/* ---- a new key ---- */

static int write_new(int folder_fd, const char *pem, const char *kid)
{
	char name[FILE_NAME];
	int r = text_format(name, sizeof(name), "%s%s", kid, SUFFIX);

	return r < 0 ? r : file_write_new(folder_fd, NEW_NAME, name, pem);
}

static int make_key(int folder_fd, const char *folder, struct fault *fault)
{
	cleanup(cleanup_secret) char *pem = NULL;
	cleanup(cleanup_key) struct key *key = NULL;
	int r = key_generate(KEY_ES256, &pem, fault);

	if (r < 0)
		return r;
	r = key_from_private_pem(pem, &key, fault);
	if (r < 0)
		return r;
	r = write_new(folder_fd, pem, key_kid(key));
	if (r < 0)
		return fault_set(fault, r, "%s: cannot write a new key: %s", folder, strerror(-r));
	return 0;
}

/* ---- the keys that are there ---- */

static bool newer(const struct keys *keys, const struct timespec *modified, const char *kid)
{
	if (!keys->pem || modified->tv_sec != keys->modified.tv_sec)
		return !keys->pem || modified->tv_sec > keys->modified.tv_sec;
	if (modified->tv_nsec != keys->modified.tv_nsec)
		return modified->tv_nsec > keys->modified.tv_nsec;
	return strcmp(kid, keys->kid) > 0;
}

static void keep_current(struct keys *keys, char **pem, const char *kid,
                         const struct timespec *modified)
{
	if (!newer(keys, modified, kid))
		return;
	cleanup_secret(&keys->pem);
	keys->pem = take_ptr(*pem);
	keys->modified = *modified;
	memcpy(keys->kid, kid, sizeof(keys->kid));
}

/* "KID.pem" and nothing else: a forgotten copy must not sign or verify */
static bool name_fits(const char *name, const char *kid)
{
	size_t length = strlen(kid);

	return !strncmp(name, kid, length) && !strcmp(name + length, SUFFIX);
}

static int load_file(struct keys *keys, int folder_fd, const char *path, const char *name,
                     struct fault *fault)
{
	const struct file_rule file_rule = rule();
	cleanup(cleanup_secret) char *pem = NULL;
	cleanup(cleanup_key) struct key *key = NULL;
	struct fault cause = {""};
	const char *kid;
	struct stat found;
	size_t length;
	int r = file_read(path, &file_rule, &pem, &length, fault);

	if (r < 0)
		return r;
	if (fstatat(folder_fd, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	r = key_from_private_pem(pem, &key, &cause);
	if (r < 0)
		return fault_set(fault, r, "%s: %s", path, cause.text);
	kid = key_kid(key);
	if (!name_fits(name, kid))
		return fault_set(fault, -EINVAL, "%s: holds key %s; rename it to %s%s or remove it",
		                 path, kid, kid, SUFFIX);
	r = keyset_add(keys->set, key, INT64_MIN, INT64_MAX, false);
	if (r < 0)
		return fault_set(fault, r, "%s: cannot keep the key: %s", path, strerror(-r));
	key = NULL; /* the set's now; `kid` lives with it */
	keep_current(keys, &pem, kid, &found.st_mtim);
	return 0;
}

static int load_entry(struct keys *keys, int folder_fd, const char *folder, const char *name,
                      struct fault *fault)
{
	char path[PATH_SIZE];

	if (!strcmp(name, ".") || !strcmp(name, ".."))
		return 0;
	if (text_format(path, sizeof(path), "%s/%s", folder, name) < 0)
		return fault_set(fault, -ENAMETOOLONG, "%s: path too long", folder);
	if (strcmp(name, NEW_NAME) != 0)
		return load_file(keys, folder_fd, path, name, fault);
	if (unlinkat(folder_fd, name, 0) < 0)
		return fault_set(fault, -errno, "%s: cannot remove what a crash left: %s", path,
		                 strerror(errno));
	return 0;
}

static int load_folder(struct keys *keys, int folder_fd, const char *folder, struct fault *fault)
{
	cleanup(cleanup_closedir) DIR *listing = NULL;
	int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		listing = fdopendir(fd);
	if (!listing) {
		int error = errno;
		if (fd >= 0)
			close(fd);
		return fault_set(fault, -error, "%s: %s", folder, strerror(error));
	}
	for (;;) {
		struct dirent *entry;
		int r;

		errno = 0;
		entry = readdir(listing);
		if (!entry)
			return errno ? fault_set(fault, -errno, "%s: %s", folder, strerror(errno))
			             : 0;
		r = load_entry(keys, folder_fd, folder, entry->d_name, fault);
		if (r < 0)
			return r;
	}
}

static int load(struct keys *keys, const char *folder, struct fault *fault)
{
	cleanup(cleanup_close) int fd =
	        open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (fd < 0)
		return fault_set(fault, -errno, "%s: %s", folder, strerror(errno));
	r = load_folder(keys, fd, folder, fault);
	if (r < 0 || keys->pem)
		return r;
	r = make_key(fd, folder, fault);
	return r < 0 ? r : load_folder(keys, fd, folder, fault);
}

int keys_load(const char *state_dir, struct keys **ret_keys, struct fault *fault)
{
	cleanup(cleanup_keys) struct keys *keys = calloc(1, sizeof(*keys));
	char folder[PATH_SIZE];
	int r;

	if (text_format(folder, sizeof(folder), "%s/keys", state_dir) < 0)
		return fault_set(fault, -ENAMETOOLONG, "%s: path too long", state_dir);
	if (keys)
		keys->set = keyset_new();
	if (!keys || !keys->set)
		return fault_set(fault, -ENOMEM, "%s: no memory", folder);
	r = folder_make(state_dir, folder, fault);
	if (r < 0)
		return r;
	r = load(keys, folder, fault);
	if (r < 0)
		return r;
	*ret_keys = take_ptr(keys);
	return 0;
}

struct keys *keys_free(struct keys *keys)
{
	if (!keys)
		return NULL;
	cleanup_secret(&keys->pem);
	keyset_free(keys->set);
	free(keys);
	return NULL;
}

const struct keyset *keys_set(const struct keys *keys)
{
	return keys->set;
}

const char *keys_current_kid(const struct keys *keys)
{
	return keys->kid;
}

const char *keys_current_pem(const struct keys *keys)
{
	return keys->pem;
}
