/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/folder.h"
#include "base/text.h"
#include "cli/admin/admin.h"
#include "policy/policy.h"
#include "policy/settings.h"

#define SETTINGS_PATH SYSCONFDIR "/jitd/jitd.conf"
#define SETTINGS_MAX  ((size_t)1 << 20) /* bytes */

struct review {
	size_t errors;
};

static void review(void *context, enum policy_severity severity, const char *line)
{
	struct review *so_far = context;
	char clean[FAULT_SIZE * 2];

	text_sanitize(clean, sizeof(clean), line);
	printf("%s%s\n", severity == POLICY_ERROR ? "" : "warning: ", clean);
	so_far->errors += severity == POLICY_ERROR;
}

/* Without a jitd.conf, its defaults; with one that is wrong, an error: the cap would be a guess. */
static int read_settings(struct review *so_far, struct settings **ret_settings)
{
	const struct file_rule rule = {.owner = 0, .forbidden = 022, .size_max = SETTINGS_MAX};
	struct policy_source source = {.name = SETTINGS_PATH, .text = ""};
	cleanup(cleanup_free) char *text = NULL;
	struct fault fault = {{0}};
	size_t length;
	int r = file_read(SETTINGS_PATH, &rule, &text, &length, &fault);

	if (r == 0)
		source.text = text;
	else if (r == -EACCES)
		review(so_far, POLICY_WARNING, fault.text);
	else if (r != -ENOENT)
		review(so_far, POLICY_ERROR, fault.text);
	return settings_parse(&source, review, so_far, ret_settings);
}

static enum exit_code count_errors(const struct review *so_far)
{
	printf("%zu error%s\n", so_far->errors, so_far->errors == 1 ? "" : "s");
	return EXIT_REFUSED;
}

static enum exit_code check(const struct invocation *in, const char *directory, uid_t owner,
                            int64_t max_grant, struct review *so_far)
{
	const struct policy_site site = {.max_grant = max_grant};
	struct policy_source sources[FOLDER_FILES_MAX];
	cleanup(cleanup_folder) struct folder *folder = NULL;
	cleanup(cleanup_policy) struct policy *policy = NULL;
	struct fault fault = {{0}};
	int r = folder_read(directory, owner, &folder, &fault);

	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s", fault.text);
	for (size_t i = 0; i < folder->count; i++)
		sources[i] = (struct policy_source){folder->paths[i], folder->texts[i]};
	r = policy_parse(sources, folder->count, &site, review, so_far, &policy);
	if (so_far->errors)
		return count_errors(so_far);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s: %s", directory, strerror(-r));
	printf("%zu rule%s, no error\n", policy_rule_count(policy),
	       policy_rule_count(policy) == 1 ? "" : "s");
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	cleanup(cleanup_settings) struct settings *settings = NULL;
	const char *directory = in->arguments[0];
	struct review so_far = {0};
	int r = read_settings(&so_far, &settings);

	if (r < 0 && so_far.errors)
		return count_errors(&so_far);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s: %s", SETTINGS_PATH, strerror(-r));
	/* a draft of one's own is no root's file */
	return check(in, directory ? directory : settings->policy_dir, directory ? geteuid() : 0,
	             settings->max_grant, &so_far);
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
