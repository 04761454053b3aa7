/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/admin/admin.h"
#include "cli/admin/explanation.h"
#include "cli/admin/policy_files.h"
#include "policy/expect.h"

#define FILE_MAX     ((size_t)1 << 20) /* bytes */
#define UID_INVENTED 65533             /* of somebody who need not have an account */

enum { OPTION_POLICY };

static const struct option_row options[] = {
        [OPTION_POLICY] = {"policy", "DIR", "a directory of *.conf files (else that of jitd.conf)"},
};

/* One expectation at a time; its head is printed before its first difference. */
struct tester {
	const char *file;
	const struct policy_files *files;
	const struct expectation *expectation;
	bool head_printed;
};

static void print_head(struct tester *tester)
{
	char file[PATH_MAX], title[FAULT_SIZE];

	text_sanitize(file, sizeof(file), tester->file);
	text_sanitize(title, sizeof(title), tester->expectation->title);
	if (!tester->head_printed)
		printf("%s:%u: expect \"%s\"\n", file, tester->expectation->line, title);
	tester->head_printed = true;
}

static void differs(void *context, const char *key, const char *expected, const char *is)
{
	struct tester *tester = context;
	char clean[FAULT_SIZE];

	print_head(tester);
	text_sanitize(clean, sizeof(clean), is); /* it may name a file */
	if (expected)
		printf("  - %s = %s\n  + %s = %s\n", key, expected, key, clean);
	else
		printf("  %s is not given, and %s\n", key, clean);
}

static int explain(const struct tester *tester, const struct identity *subject)
{
	const struct question question =
	        expectation_question(tester->expectation, subject, tester->files->here);
	cleanup(explanation_done) struct explanation explanation = {0};
	int r = explanation_make(tester->files->policy, &question, &explanation);

	return r < 0 || !explanation.rule_count
	               ? r
	               : explanation_print_rules(stdout, &explanation, "    ");
}

/* Somebody of the groups that the expectation gives, on whatever host it is tested. */
static int invent_subject(const struct expectation *expectation, struct identity **ret_subject)
{
	cleanup(cleanup_identity) struct identity *subject = calloc(1, sizeof(*subject));
	size_t count = expectation->groups.count;
	int r;

	if (!subject)
		return -ENOMEM;
	subject->uid = UID_INVENTED;
	subject->gid = UID_INVENTED;
	subject->groups = calloc(count ? count : 1, sizeof(*subject->groups));
	r = subject->groups ? text_copy(subject->name, NAME_SIZE, expectation->user) : -ENOMEM;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = text_copy(subject->groups[subject->group_count++], NAME_SIZE,
		              expectation->groups.items[i]);
	if (r == 0)
		*ret_subject = take_ptr(subject);
	return r;
}

/* 0, or 1 when the expectation could not be asked, which was printed; -errno. */
static int find_subject(struct tester *tester, struct identity **ret_subject)
{
	const struct expectation *expectation = tester->expectation;
	int r;

	if (expectation->groups_given)
		return invent_subject(expectation, ret_subject);
	r = identity_by_name(expectation->user, ret_subject);
	if (r == 0 || r == -ENOMEM)
		return r;
	print_head(tester);
	if (r == IDENTITY_UNKNOWN)
		printf("  no user \"%s\" on this host; write groups = {...} to test without "
		       "accounts\n",
		       expectation->user);
	else
		printf("  user \"%s\" cannot be looked up: %s\n", expectation->user, strerror(-r));
	return 1;
}

static int try(struct tester *tester, bool *ret_met)
{
	cleanup(cleanup_identity) struct identity *subject = NULL;
	int r = find_subject(tester, &subject);

	if (r == 1)
		*ret_met = false;
	if (r)
		return r < 0 ? r : 0;
	r = expectation_check(tester->expectation, tester->files->policy, subject,
	                      tester->files->here, differs, tester, ret_met);
	return r < 0 || *ret_met ? r : explain(tester, subject);
}

static enum exit_code try_all(const struct invocation *in, const struct policy_files *files,
                              const struct expectations *expectations)
{
	struct tester tester = {.file = in->arguments[0], .files = files};
	size_t failed = 0;

	for (size_t i = 0; i < expectations->count; i++) {
		bool met = false;
		int r;
		tester.expectation = &expectations->items[i];
		tester.head_printed = false;
		r = try(&tester, &met);
		if (r < 0)
			return give_up(in, EXIT_REFUSED, "internal error: %s", strerror(-r));
		failed += !met;
	}
	printf("%zu expectation%s, %zu failed\n", expectations->count,
	       expectations->count == 1 ? "" : "s", failed);
	return failed ? EXIT_REFUSED : EXIT_DONE;
}

/* ---- the file ---- */

static void complain(void *context, enum policy_severity severity, const char *line)
{
	size_t *errors = context;

	*errors += severity == POLICY_ERROR;
	policy_line_print(stderr, severity, line);
}

static enum exit_code read_file(const struct invocation *in, struct expectations **ret_expectations)
{
	struct file_rule rule = {.owner = geteuid(), .size_max = FILE_MAX};
	struct policy_source source = {.name = in->arguments[0]};
	cleanup(cleanup_free) char *text = NULL;
	struct fault fault = {{0}};
	struct stat found;
	size_t length, errors = 0;
	int r;

	/* whose it is does not matter: it allows nothing */
	if (stat(source.name, &found) == 0)
		rule.owner = found.st_uid;
	r = file_read(source.name, &rule, &text, &length, &fault);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s", fault.text);
	source.text = text;
	r = expectations_parse(&source, complain, &errors, ret_expectations);
	if (r < 0 && errors)
		return give_up(in, EXIT_REFUSED, "%s: %zu error%s", source.name, errors,
		               errors == 1 ? "" : "s");
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s: %s", source.name, strerror(-r));
	return EXIT_DONE;
}

static enum exit_code run(const struct invocation *in)
{
	cleanup(cleanup_expectations) struct expectations *expectations = NULL;
	cleanup(policy_files_done) struct policy_files files = {0};
	enum exit_code code = read_file(in, &expectations);

	if (code == EXIT_DONE)
		code = policy_files_read(in, in->options[OPTION_POLICY], &files);
	if (code == EXIT_DONE)
		code = try_all(in, &files, expectations);
	return code;
}

const struct command admin_policy_test = {
        .name = "policy test",
        .arguments = "FILE",
        .arguments_min = 1,
        .arguments_max = 1,
        .summary = "hold the rules against what FILE expects of them; needs no jitd",
        .details = "FILE holds blocks such as\n"
                   "  expect \"dba gets postgres\" {\n"
                   "    user = \"alice\"  groups = {\"dba\"}  scope = \"sudo:postgres\"\n"
                   "    rule = \"db-maintenance\"  effect = \"allow\"  approvals = 1\n"
                   "  }\n"
                   "Only what fails is printed; the exit code is 1 where anything does.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
