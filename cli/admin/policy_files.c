/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/policy_files.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "token/key.h"

#define SETTINGS_MAX ((size_t)1 << 20) /* bytes */

void policy_line_print(FILE *to, enum policy_severity severity, const char *line)
{
	char clean[FAULT_SIZE * 2];

	text_sanitize(clean, sizeof(clean), line);
	fprintf(to, "%s%s\n", severity == POLICY_ERROR ? "" : "warning: ", clean);
}

int policy_settings_read(policy_report *report, void *context, struct settings **ret_settings)
{
	const struct file_rule rule = {.owner = 0, .forbidden = 022, .size_max = SETTINGS_MAX};
	struct policy_source source = {.name = SETTINGS_PATH, .text = ""};
	cleanup(cleanup_free) char *text = NULL;
	struct fault fault = {{0}};
	size_t length;
	int r = file_read(SETTINGS_PATH, &rule, &text, &length, &fault);

	if (r == 0) {
		source.text = text;
	} else if (r == -EACCES) {
		report(context, POLICY_WARNING, fault.text);
	} else if (r != -ENOENT) {
		report(context, POLICY_ERROR, fault.text);
		return -EINVAL;
	}
	return settings_parse(&source, report, context, ret_settings);
}

struct policy_place policy_place_of(const struct settings *settings, const char *draft)
{
	/* a draft of one's own is no root's file */
	return (struct policy_place){draft ? draft : settings->policy_dir, draft ? geteuid() : 0};
}

/* ---- all of it, for commands that ask it something ---- */

static void complain(void *context, enum policy_severity severity, const char *line)
{
	size_t *errors = context;

	*errors += severity == POLICY_ERROR;
	/* of warnings about rules `policy check` tells */
	if (severity == POLICY_ERROR)
		policy_line_print(stderr, severity, line);
}

static void complain_of_settings(void *context, enum policy_severity severity, const char *line)
{
	size_t *errors = context;

	*errors += severity == POLICY_ERROR;
	policy_line_print(stderr, severity, line);
}

static int name_host(struct policy_files *files)
{
	char name[HOST_NAME_MAX + 1] = "";
	const char *given = files->settings->host_id;

	if (!given && (gethostname(name, sizeof(name) - 1) < 0 || !*name))
		return -ENOENT;
	return text_copy(files->here, sizeof(files->here), given ? given : name);
}

/* As jitd makes it (jitd/rules.c). */
static int make_digest(const struct folder *folder, char ret_digest[static KEY_HEX_SIZE])
{
	cleanup(cleanup_free) char *whole = NULL;
	size_t size = 0;
	int r = folder_text(folder, &whole, &size);

	return r < 0 ? r : key_sha256_hex(whole, size, ret_digest);
}

static enum exit_code give_up_on(const struct invocation *in, const char *what, size_t errors,
                                 int r)
{
	if (errors)
		return give_up(in, EXIT_REFUSED, "%s: %zu error%s", what, errors,
		               errors == 1 ? "" : "s");
	return give_up(in, EXIT_REFUSED, "%s: %s", what, strerror(-r));
}

enum exit_code policy_files_read(const struct invocation *in, const char *draft,
                                 struct policy_files *ret_files)
{
	struct fault fault = {{0}};
	struct policy_site site;
	size_t errors = 0;
	int r;

	*ret_files = (struct policy_files){0};
	r = policy_settings_read(complain_of_settings, &errors, &ret_files->settings);
	if (r < 0)
		return give_up_on(in, SETTINGS_PATH, errors, r);
	r = name_host(ret_files);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "this host has no name; write host-id in %s",
		               SETTINGS_PATH);
	ret_files->place = policy_place_of(ret_files->settings, draft);
	r = folder_read(ret_files->place.directory, ret_files->place.owner, &ret_files->folder,
	                &fault);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s", fault.text);
	site = settings_site(ret_files->settings);
	r = policy_parse_folder(ret_files->folder, &site, complain, &errors, &ret_files->policy);
	if (r == 0)
		r = make_digest(ret_files->folder, ret_files->digest);
	return r < 0 ? give_up_on(in, ret_files->place.directory, errors, r) : EXIT_DONE;
}

void policy_files_done(struct policy_files *files)
{
	policy_free(files->policy);
	folder_free(files->folder);
	settings_free(files->settings);
	*files = (struct policy_files){0};
}
