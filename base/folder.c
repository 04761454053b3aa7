/* SPDX-License-Identifier: Apache-2.0 */
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

static int is_conf(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".conf");
}

/* alphasort() would follow the caller's locale: two programs would see two orders */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_one(struct folder *folder, const char *path, const char *name, uid_t owner,
                    struct fault *fault)
{
	const struct file_rule rule = {
	        .owner = owner, .forbidden = 022, .size_max = FOLDER_FILE_MAX};
	cleanup(cleanup_free) char *whole = NULL;
	char *text;
	size_t length;
	int r;

	if (asprintf(&whole, "%s/%s", path, name) < 0) {
		whole = NULL;
		return fault_set(fault, -ENOMEM, "%s: no memory", path);
	}
	r = file_read(whole, &rule, &text, &length, fault);
	if (r < 0)
		return r;
	folder->paths[folder->count] = take_ptr(whole);
	folder->texts[folder->count++] = text;
	return 0;
}

static int read_all(struct folder *folder, const char *path, uid_t owner, struct fault *fault)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_conf, by_bytes), r = 0;

	if (count < 0)
		return fault_set(fault, -errno, "%s: %s", path, strerror(errno));
	if (count > FOLDER_FILES_MAX)
		r = fault_set(fault, -E2BIG, "%s: %d files; at most %d are read", path, count,
		              FOLDER_FILES_MAX);
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = read_one(folder, path, entries[i]->d_name, owner, fault);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int folder_read(const char *path, uid_t owner, struct folder **ret_folder, struct fault *fault)
{
	const struct file_rule rule = {.owner = owner, .forbidden = 022};
	cleanup(cleanup_folder) struct folder *folder = calloc(1, sizeof(*folder));
	int r;

	if (!folder)
		return fault_set(fault, -ENOMEM, "%s: no memory", path);
	r = directory_check(path, &rule, fault);
	if (r == 0)
		r = read_all(folder, path, owner, fault);
	if (r < 0)
		return r;
	*ret_folder = take_ptr(folder);
	return 0;
}

struct folder *folder_free(struct folder *folder)
{
	for (size_t i = 0; folder && i < folder->count; i++) {
		free(folder->paths[i]);
		free(folder->texts[i]);
	}
	free(folder);
	return NULL;
}
