/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/rules.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/text.h"
#include "token/key.h"

#define RULES_FILES_MAX 256
#define RULES_FILE_MAX  ((size_t)1 << 20)

struct files {
	struct policy_source sources[RULES_FILES_MAX]; /* names and texts are owned */
	size_t count;
};

static void cleanup_files(struct files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		free((void *)(uintptr_t)files->sources[i].name);
		free((void *)(uintptr_t)files->sources[i].text);
	}
}

static int is_rules_file(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".conf");
}

static int read_one(struct files *files, const char *directory, const char *name,
                    struct fault *fault)
{
	const struct file_rule rule = {
	        .owner = geteuid(), .forbidden = 022, .size_max = RULES_FILE_MAX};
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

static int read_all(struct files *files, const char *directory, struct fault *fault)
{
	struct dirent **entries = NULL;
	int count = scandir(directory, &entries, is_rules_file, alphasort), r = 0;

	if (count < 0)
		return fault_set(fault, -errno, "%s: %s", directory, strerror(errno));
	if (count > RULES_FILES_MAX)
		r = fault_set(fault, -E2BIG, "%s: %d files; at most %d are read", directory, count,
		              RULES_FILES_MAX);
	for (int i = 0; i < count; i++) {
		if (r == 0)
			r = read_one(files, directory, entries[i]->d_name, fault);
		free(entries[i]);
	}
	free(entries);
	return r;
}

/* Texts with their names and lengths, so that moving a line between files shows. */
static int digest(const struct files *files, char ret_digest[static 65])
{
	cleanup(cleanup_free) char *whole = NULL;
	size_t size = 0;
	uint8_t hash[32];
	FILE *out = open_memstream(&whole, &size);
	int r;

	if (!out)
		return -ENOMEM;
	for (size_t i = 0; i < files->count; i++)
		(void)fprintf(out, "%s\n%zu\n%s", files->sources[i].name,
		              strlen(files->sources[i].text), files->sources[i].text);
	if (fclose(out) != 0)
		return -ENOMEM;
	r = key_sha256(whole, size, hash);
	if (r == 0)
		hex_encode(hash, sizeof(hash), ret_digest);
	return r;
}

struct reporting {
	struct fault *fault; /* the first error */
	size_t errors;
};

static void print(const char *severity, const char *line)
{
	(void)fprintf(stderr, "jitd: policy %s: %s\n", severity, line);
}

/* The first error goes to the caller, who prints or answers it; it is printed here only to lead
 * the others. */
static void report(void *context, enum policy_severity severity, const char *line)
{
	struct reporting *reporting = context;
	char clean[FAULT_SIZE];

	text_sanitize(clean, sizeof(clean), line);
	if (severity != POLICY_ERROR) {
		print("warning", clean);
		return;
	}
	if (!reporting->errors++) {
		fault_set(reporting->fault, 0, "%s", clean);
		return;
	}
	if (reporting->errors == 2)
		print("error", reporting->fault->text);
	print("error", clean);
}

int rules_load(const char *directory, int64_t max_grant, struct policy **ret_policy,
               char ret_digest[static 65], struct fault *fault)
{
	const struct file_rule rule = {.owner = geteuid(), .forbidden = 022};
	cleanup(cleanup_files) struct files files = {.count = 0};
	struct reporting reporting = {.fault = fault};
	char fresh[65];
	int r = directory_check(directory, &rule, fault);

	if (r == 0)
		r = read_all(&files, directory, fault);
	if (r < 0)
		return r;
	r = digest(&files, fresh);
	if (r < 0)
		return fault_set(fault, r, "%s: %s", directory, strerror(-r));
	fault_set(fault, 0, "%s: %s", directory, "not loaded");
	r = policy_parse(files.sources, files.count, max_grant, report, &reporting, ret_policy);
	if (r == 0)
		memcpy(ret_digest, fresh, sizeof(fresh));
	return r;
}
