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

/* How a folder is read. */
struct reader {
	const char *path;
	uid_t owner;
	folder_refused *refused; /* NULL: a file that is refused refuses the folder */
	void *context;
	struct folder *folder;
	struct fault *fault;
};

static int read_one(const struct reader *reader, const char *name)
{
	const struct file_rule rule = {
	        .owner = reader->owner, .forbidden = 022, .size_max = FOLDER_FILE_MAX};
	cleanup(cleanup_free) char *whole = NULL;
	struct fault fault;
	char *text;
	size_t length;
	int r;

	if (asprintf(&whole, "%s/%s", reader->path, name) < 0) {
		whole = NULL;
		return fault_set(reader->fault, -ENOMEM, "%s: no memory", reader->path);
	}
	r = file_read(whole, &rule, &text, &length, &fault);
	if (r < 0 && r != -ENOMEM && reader->refused) {
		reader->refused(reader->context, fault.text);
		return 0;
	}
	if (r < 0)
		return fault_set(reader->fault, r, "%s", fault.text);
	reader->folder->paths[reader->folder->count] = take_ptr(whole);
	reader->folder->texts[reader->folder->count++] = text;
	return 0;
}

static int read_all(const struct reader *reader)
{
	struct dirent **entries = NULL;
	int count = scandir(reader->path, &entries, is_conf, by_bytes), r = 0;

	if (count < 0)
		return fault_set(reader->fault, -errno, "%s: %s", reader->path, strerror(errno));
	if (count > FOLDER_FILES_MAX)
		r = fault_set(reader->fault, -E2BIG, "%s: %d files; at most %d are read",
		              reader->path, count, FOLDER_FILES_MAX);
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = read_one(reader, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return r;
}

int folder_survey(const char *path, uid_t owner, folder_refused *refused, void *context,
                  struct folder **ret_folder, struct fault *fault)
{
	const struct file_rule rule = {.owner = owner, .forbidden = 022};
	cleanup(cleanup_folder) struct folder *folder = calloc(1, sizeof(*folder));
	const struct reader reader = {path, owner, refused, context, folder, fault};
	int r;

	if (!folder)
		return fault_set(fault, -ENOMEM, "%s: no memory", path);
	r = directory_check(path, &rule, fault);
	if (r == 0)
		r = read_all(&reader);
	if (r < 0)
		return r;
	*ret_folder = take_ptr(folder);
	return 0;
}

int folder_read(const char *path, uid_t owner, struct folder **ret_folder, struct fault *fault)
{
	return folder_survey(path, owner, NULL, NULL, ret_folder, fault);
}

int folder_text(const struct folder *folder, char **ret_text, size_t *ret_length)
{
	cleanup(cleanup_free) char *whole = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&whole, &size);

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < folder->count; i++)
		(void)fprintf(out, "%s\n%zu\n%s", folder->paths[i], strlen(folder->texts[i]),
		              folder->texts[i]);
	if (fclose(out) != 0)
		return -ENOMEM;
	*ret_text = take_ptr(whole);
	*ret_length = size;
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
