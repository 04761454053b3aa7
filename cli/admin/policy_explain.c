/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/admin/admin.h"
#include "cli/admin/explanation.h"
#include "cli/admin/policy_files.h"
#include "cli/json.h"
#include "cli/when.h"
#include "policy/expect.h"
#include "policy/scope.h"
#include "policy/window.h"

enum {
	OPTION_USER,
	OPTION_SCOPE,
	OPTION_COMMAND,
	OPTION_HOST,
	OPTION_AT,
	OPTION_POLICY,
	OPTION_JSON
};

static const struct option_row options[] = {
        [OPTION_USER] = {"user", "U", "who asks, an account of this host"},
        [OPTION_SCOPE] = {"scope", "S", "what for, such as sudo:root"},
        [OPTION_COMMAND] = {"command", "C", "what is to run, such as \"/usr/bin/id -u\""},
        [OPTION_HOST] = {"host", "H", "the host that it is for (else this one)"},
        [OPTION_AT] = {"at", "T", "when, such as \"fri 23:00\", -2h or RFC 3339 (else now)"},
        [OPTION_POLICY] = {"policy", "DIR", "a directory of *.conf files (else that of jitd.conf)"},
        [OPTION_JSON] = {"json", NULL, "print a JSON object"},
};

/* "fri 23:00" is a time of any week; an instant is told by this host's clock on the wall. */
static enum exit_code read_moment(const struct invocation *in, struct moment *ret_at)
{
	const char *typed = in->options[OPTION_AT];
	int64_t now = (int64_t)time(NULL), at = now;

	if (typed && moment_read(typed, ret_at) == 0)
		return EXIT_DONE;
	if (typed && parse_time(typed, now, &at) < 0)
		return usage_error(in,
		                   "--at '%s': not a time, which is a weekday and a time such as "
		                   "\"fri 23:00\", RFC 3339 with a zone, or -2h",
		                   typed);
	if (when_moment(at, ret_at) < 0)
		return give_up(in, EXIT_REFUSED, "--at: this time has no local time here");
	return EXIT_DONE;
}

static enum exit_code read_question(const struct invocation *in, char scopes[static SCOPES_SIZE],
                                    struct question *question)
{
	const char *scope = in->options[OPTION_SCOPE];
	struct fault fault = {{0}};

	if (!in->options[OPTION_USER] || !scope)
		return usage_error(in, "%s is missing; right is --user U --scope S",
		                   scope ? "--user" : "--scope");
	if (scope_canonical(scope, scopes, &fault) < 0)
		return usage_error(in, "--scope: %s", fault.text);
	question->scopes = scopes;
	question->command = in->options[OPTION_COMMAND];
	if (question->command && !question_command_is_good(question->command))
		return usage_error(in,
		                   "--command '%s': not a command, which is its path from / on and "
		                   "its arguments, with single blanks between",
		                   question->command);
	question->host = in->options[OPTION_HOST];
	if (question->host && !question_host_is_good(question->host))
		return usage_error(in,
		                   "--host '%s': not the name of a host, which is A-Z a-z 0-9 . -",
		                   question->host);
	return read_moment(in, &question->at);
}

static enum exit_code find_subject(const struct invocation *in, struct identity **ret_subject)
{
	const char *user = in->options[OPTION_USER];
	int r = identity_by_name(user, ret_subject);

	if (r == IDENTITY_UNKNOWN)
		return give_up(in, EXIT_REFUSED, "--user '%s': no such user on this host", user);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "--user '%s': cannot be looked up: %s", user,
		               strerror(-r));
	return EXIT_DONE;
}

static void print_head(const struct question *question, const struct policy_files *files)
{
	const struct identity *subject = question->subject;
	char at[MOMENT_SIZE], directory[PATH_MAX];

	printf("%s", subject->name);
	for (size_t i = 0; i < subject->group_count; i++)
		printf("%s%s%s", i ? ", " : " (", subject->groups[i],
		       i + 1 < subject->group_count ? "" : ")");
	printf(" asks for %s", question->scopes);
	if (question->command)
		printf(", command %s", question->command);
	moment_write(&question->at, at);
	printf(", on %s, %s\n", question->host ? question->host : question->here, at);
	text_sanitize(directory, sizeof(directory), files->place.directory);
	printf("%s, sha256 %s\n\n", directory, files->digest);
}

static int print_text(const struct explanation *explanation, const struct policy_files *files)
{
	int r = 0;

	print_head(explanation->question, files);
	if (explanation->rule_count)
		r = explanation_print_rules(stdout, explanation, "");
	if (r < 0)
		return r;
	printf("%s", explanation->rule_count ? "\n" : "");
	explanation_print_answer(stdout, explanation);
	if (explanation->term_count)
		putchar('\n');
	explanation_print_terms(stdout, explanation);
	return 0;
}

static enum exit_code explain(const struct invocation *in, const struct policy_files *files,
                              const struct question *question)
{
	cleanup(explanation_done) struct explanation explanation = {0};
	int r = explanation_make(files->policy, question, &explanation);

	if (r == 0 && in->options[OPTION_JSON])
		r = json_explanation(stdout, &explanation);
	else if (r == 0)
		r = print_text(&explanation, files);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "internal error: %s", strerror(-r));
	return explanation.answer.effect == DECISION_ALLOW ? EXIT_DONE : EXIT_REFUSED;
}

static enum exit_code run(const struct invocation *in)
{
	cleanup(policy_files_done) struct policy_files files = {0};
	cleanup(cleanup_identity) struct identity *subject = NULL;
	struct question question = {.here = files.here};
	char scopes[SCOPES_SIZE];
	enum exit_code code = read_question(in, scopes, &question);

	if (code == EXIT_DONE)
		code = find_subject(in, &subject);
	if (code == EXIT_DONE)
		code = policy_files_read(in, in->options[OPTION_POLICY], &files);
	if (code != EXIT_DONE)
		return code;
	question.subject = subject;
	return explain(in, &files, &question);
}

const struct command admin_policy_explain = {
        .name = "policy explain",
        .arguments = "",
        .summary = "say which rule would decide, why none before it, and what follows",
        .details = "Needs --user and --scope, but no jitd: it reads the rules itself.\n"
                   "The exit code is 0 where a rule allows, 1 where the request is denied.\n",
        COMMAND_OPTIONS(options),
        .run = run,
};
