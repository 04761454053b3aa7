/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
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

static void refused_file(void *context, const char *line)
{
	review(context, POLICY_ERROR, line);
}

static enum exit_code check(const struct invocation *in, const struct policy_place *place,
                            const struct policy_site *site, struct review *so_far)
{
	cleanup(cleanup_folder) struct folder *folder = NULL;
	cleanup(cleanup_policy) struct policy *policy = NULL;
	struct fault fault = {{0}};
	/* jitd takes all or nothing; here one refused file hides nothing that is wrong with others
	 */
	int r = folder_survey(place->directory, place->owner, refused_file, so_far, &folder,
	                      &fault);

	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s", fault.text);
	/* that no file is left is no empty directory, of which policy_parse() would tell */
	if (so_far->errors && !folder->count)
		return count_errors(so_far);
	r = policy_parse_folder(folder, site, review, so_far, &policy);
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
	site = settings_site(settings);
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
