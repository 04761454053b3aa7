/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cli/admin/admin.h"
#include "cli/admin/policy_become.h"
#include "cli/admin/policy_files.h"
#include "cli/admin/policy_names.h"
#include "policy/advise.h"

struct review {
	size_t errors;
};

static void review(void *context, enum policy_severity severity, const char *line)
{
	struct review *so_far = context;

	policy_line_print(stdout, severity, line);
	so_far->errors += severity == POLICY_ERROR;
}

static enum exit_code count_errors(const struct review *so_far)
{
	printf("%zu error%s\n", so_far->errors, so_far->errors == 1 ? "" : "s");
	return EXIT_REFUSED;
}

/* ---- a directory with a file that is refused ---- */

static int is_conf(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".conf");
}

static int read_one(const struct policy_place *place, const char *name, struct review *so_far,
                    struct folder *folder)
{
	const struct file_rule rule = {
	        .owner = place->owner, .forbidden = 022, .size_max = FOLDER_FILE_MAX};
	cleanup(cleanup_free) char *path = NULL;
	struct fault fault = {{0}};
	size_t length;
	char *text;

	if (asprintf(&path, "%s/%s", place->directory, name) < 0) {
		path = NULL;
		return -ENOMEM;
	}
	if (file_read(path, &rule, &text, &length, &fault) < 0) {
		review(so_far, POLICY_ERROR, fault.text);
		return 0;
	}
	folder->paths[folder->count] = take_ptr(path);
	folder->texts[folder->count++] = text;
	return 0;
}

/* folder_read() takes all or nothing, as jitd must; here one refused file hides nothing that is
 * wrong with the others. Without an error reported the directory as a whole is at fault. */
static int read_rest(const struct policy_place *place, struct review *so_far,
                     struct folder **ret_folder)
{
	const struct file_rule rule = {.owner = place->owner, .forbidden = 022};
	cleanup(cleanup_folder) struct folder *folder = calloc(1, sizeof(*folder));
	struct dirent **entries = NULL;
	int count, r = folder ? 0 : -ENOMEM;

	if (r < 0 || directory_check(place->directory, &rule, NULL) < 0)
		return r;
	count = scandir(place->directory, &entries, is_conf, alphasort);
	for (int i = 0; i < count; i++) {
		if (r == 0 && count <= FOLDER_FILES_MAX)
			r = read_one(place, entries[i]->d_name, so_far, folder);
		free(entries[i]);
	}
	free(entries);
	if (r == 0)
		*ret_folder = take_ptr(folder);
	return r;
}

static enum exit_code read_folder(const struct invocation *in, const struct policy_place *place,
                                  struct review *so_far, struct folder **ret_folder)
{
	struct fault fault = {{0}};
	size_t before = so_far->errors;
	int r = folder_read(place->directory, place->owner, ret_folder, &fault);

	if (r == 0)
		return EXIT_DONE;
	if (r == -ENOMEM || read_rest(place, so_far, ret_folder) < 0 || so_far->errors == before)
		return give_up(in, EXIT_REFUSED, "%s", fault.text);
	return EXIT_DONE;
}

/* ---- the command ---- */

static enum exit_code check(const struct invocation *in, const struct policy_place *place,
                            const struct policy_site *site, struct review *so_far)
{
	struct policy_source sources[FOLDER_FILES_MAX];
	cleanup(cleanup_folder) struct folder *folder = NULL;
	cleanup(cleanup_policy) struct policy *policy = NULL;
	enum exit_code code = read_folder(in, place, so_far, &folder);
	int r;

	if (code != EXIT_DONE)
		return code;
	for (size_t i = 0; i < folder->count; i++)
		sources[i] = (struct policy_source){folder->paths[i], folder->texts[i]};
	/* that no file is left is no empty directory, of which policy_parse() would tell */
	if (so_far->errors && !folder->count)
		return count_errors(so_far);
	r = policy_parse(sources, folder->count, site, review, so_far, &policy);
	if (r == 0)
		r = policy_advise(policy, site, review, so_far);
	if (r == 0)
		r = policy_names_check(policy, &policy_names_here, review, so_far);
	if (r == 0)
		r = policy_become_check(policy, &policy_names_here, review, so_far);
	if (so_far->errors)
		return count_errors(so_far);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s: %s", place->directory, strerror(-r));
	printf("%zu rule%s, no error\n", policy_rule_count(policy),
	       policy_rule_count(policy) == 1 ? "" : "s");
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	cleanup(cleanup_settings) struct settings *settings = NULL;
	struct review so_far = {0};
	struct policy_place place;
	struct policy_site site;
	int r = policy_settings_read(review, &so_far, &settings);

	if (r < 0 && so_far.errors)
		return count_errors(&so_far);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s: %s", SETTINGS_PATH, strerror(-r));
	place = policy_place_of(settings, in->arguments[0]);
	site = policy_site_of(settings);
	return check(in, &place, &site, &so_far);
}

const struct command admin_policy_check = {
        .name = "policy check",
        .arguments = "[DIR]",
        .arguments_max = 1,
        .summary = "check rules as jitd would read them; needs no jitd",
        .details = "DIR is a directory of *.conf files; without it, the one that jitd.conf names.\n"
                   "Every error and warning is a line that names file, line and key.\n",
        .run = run,
};
