/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/policy_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"

static int is_rules_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".conf");
}

/* alphasort() would follow the caller's locale, jitd does not. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int read_file(struct policy_files *files, const char *directory, const char *name,
                     uid_t owner, struct fault *fault)
{
	const struct file_rule rule = {
	        .owner = owner, .forbidden = 022, .size_max = POLICY_FILE_MAX};
	cleanup(cleanup_free) char *path = NULL;
	char *text;
	size_t length;
	int r;

	if (asprintf(&path, "%s/%s", directory, name) < 0) {
		path = NULL;
		return fault_set(fault, -ENOMEM, "%s: no memory", directory);
	}
	r = file_read(path, &rule, &text, &length, fault);
	if (r < 0)
		return r;
	files->sources[files->count++] =
	        (struct policy_source){.name = take_ptr(path), .text = text};
	return 0;
}

int policy_files_read(const char *directory, uid_t owner, struct policy_files *files,
                      struct fault *fault)
{
	const struct file_rule rule = {.owner = owner, .forbidden = 022};
	struct dirent **entries = NULL;
	int count, r;

	files->count = 0;
	r = directory_check(directory, &rule, fault);
	if (r < 0)
		return r;
	count = scandir(directory, &entries, is_rules_file, by_bytes);
	if (count < 0)
		return fault_set(fault, -errno, "%s: %s", directory, strerror(errno));
	if (count > POLICY_FILES_MAX)
		r = fault_set(fault, -E2BIG, "%s: %d files; at most %d are read", directory, count,
		              POLICY_FILES_MAX);
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = read_file(files, directory, entries[i]->d_name, owner, fault);
		free(entries[i]);
	}
	free(entries);
	return r;
}

void policy_files_done(struct policy_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free((void *)(uintptr_t)files->sources[i].name);
		free((void *)(uintptr_t)files->sources[i].text);
	}
	files->count = 0;
}
