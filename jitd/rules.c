/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/rules.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/folder.h"
#include "base/text.h"
#include "token/key.h"

static int digest(const struct folder *folder, char ret_digest[static KEY_HEX_SIZE])
{
	cleanup(cleanup_free) char *whole = NULL;
	size_t size = 0;
	int r = folder_text(folder, &whole, &size);

	return r < 0 ? r : key_sha256_hex(whole, size, ret_digest);
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

static void count_others(const struct reporting *reporting)
{
	struct fault first = *reporting->fault;
	size_t others = reporting->errors - 1;

	if (reporting->errors > 1)
		fault_set(reporting->fault, 0,
		          "%.420s (and %zu more error%s, which jitd's log has)", first.text, others,
		          others == 1 ? "" : "s");
}

int rules_load(const struct settings *settings, struct policy **ret_policy,
               char ret_digest[static 65], struct fault *fault)
{
	const struct policy_site site = settings_site(settings);
	const char *directory = settings->policy_dir;
	cleanup(cleanup_folder) struct folder *folder = NULL;
	struct reporting reporting = {.fault = fault};
	char fresh[65];
	int r = folder_read(directory, settings->owner, &folder, fault);

	if (r < 0)
		return r;
	r = digest(folder, fresh);
	if (r < 0)
		return fault_set(fault, r, "%s: %s", directory, strerror(-r));
	fault_set(fault, 0, "%s: %s", directory, "not loaded");
	r = policy_parse_folder(folder, &site, report, &reporting, ret_policy);
	if (r == 0)
		memcpy(ret_digest, fresh, sizeof(fresh));
	else
		count_others(&reporting);
	return r;
}
