/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one pam_authenticate() costs, from pam_start() to pam_end(), by whatever stack lies in a
 * folder of one's own: nothing of /etc is looked at but by the modules themselves.
 *
 *     pam --confdir DIR --service NAME --user NAME [--mode warm|cold|exec] ...
 *
 * warm  a long-lived process; libpam still loads the modules each time
 * cold  a process freshly forked for each, as sshd does
 * exec  a program of its own for each, as sudo is
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/load.h"

enum mode { WARM, COLD, EXEC, MODES };

struct plan {
	const char *confdir, *service, *user, *ruser, *tty, *mode;
	const char *answers, *answer; /* a file with a line for each try, or one for all */
	const char *workers, *count, *seconds, *real_uid;
	struct lines lines;
	char **argv; /* of this program, to run it again */
};

/* What a program of its own says of its try. */
struct told {
	uint32_t inner;
	int32_t code;
};

#define ENV_TOLD   "BENCH_TOLD"
#define ENV_USER   "BENCH_USER"
#define ENV_ANSWER "BENCH_ANSWER"

/* ---- one try ---- */

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
	struct pam_response *made = calloc((size_t)count, sizeof(*made));

	if (!made)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++)
		if (messages[i]->msg_style == PAM_PROMPT_ECHO_OFF ||
		    messages[i]->msg_style == PAM_PROMPT_ECHO_ON)
			made[i].resp = strdup(data);
	*responses = made;
	return PAM_SUCCESS;
}

static void no_delay(int code, unsigned int microseconds, void *data)
{
	(void)code;
	(void)microseconds;
	(void)data;
}

static int set_items(pam_handle_t *pamh, const struct plan *plan)
{
	void (*delay)(int, unsigned int, void *) = no_delay;
	const void *as_item;
	int code;

	memcpy(&as_item, &delay, sizeof(as_item));
	code = pam_set_item(pamh, PAM_FAIL_DELAY, as_item);
	if (code == PAM_SUCCESS && plan->ruser)
		code = pam_set_item(pamh, PAM_RUSER, plan->ruser);
	if (code == PAM_SUCCESS && plan->tty)
		code = pam_set_item(pamh, PAM_TTY, plan->tty);
	return code;
}

static struct told transaction(const struct plan *plan, const char *user, char *answer)
{
	const struct pam_conv conversation = {.conv = converse, .appdata_ptr = answer};
	pam_handle_t *pamh = NULL;
	uint64_t begun = load_now();
	int code = pam_start_confdir(plan->service, user, &conversation, plan->confdir, &pamh);

	if (code == PAM_SUCCESS)
		code = set_items(pamh, plan);
	if (code == PAM_SUCCESS)
		code = pam_authenticate(pamh, 0);
	if (pamh)
		pam_end(pamh, code);
	return (struct told){.inner = load_since(begun), .code = code};
}

/* ---- who does it ---- */

static char *answer_of(const struct plan *plan, size_t number)
{
	return plan->lines.count ? plan->lines.items[number] : strdup(plan->answer);
}

/* "%" in the user's name is the worker's number. */
static const char *user_of(const struct plan *plan, unsigned int worker)
{
	static char name[64];
	int before = (int)strcspn(plan->user, "%");

	if (!plan->user[before])
		return plan->user;
	(void)snprintf(name, sizeof(name), "%.*s%u%s", before, plan->user, worker,
	               plan->user + before + 1);
	return name;
}

static void try_here(void *context, unsigned int worker, size_t number, struct sample *sample)
{
	const struct plan *plan = context;
	struct told told = transaction(plan, user_of(plan, worker), answer_of(plan, number));

	sample->inner = told.inner;
	sample->code = told.code;
}

static void try_forked(void *context, unsigned int worker, size_t number, struct sample *sample)
{
	uint64_t begun = load_now();
	pid_t pid = fork();

	if (pid == 0) {
		try_here(context, worker, number, sample);
		_exit(0);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	sample->outer = load_since(begun);
}

static void become_program(const struct plan *plan, unsigned int worker, size_t number, int out)
{
	char descriptor[16];

	(void)snprintf(descriptor, sizeof(descriptor), "%d", out);
	setenv(ENV_TOLD, descriptor, 1);
	setenv(ENV_USER, user_of(plan, worker), 1);
	setenv(ENV_ANSWER, answer_of(plan, number), 1);
	execv("/proc/self/exe", plan->argv);
	_exit(127);
}

static void try_program(void *context, unsigned int worker, size_t number, struct sample *sample)
{
	uint64_t begun = load_now();
	struct told told;
	int ends[2];
	pid_t pid;

	if (pipe(ends) < 0)
		load_fail("pipe");
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		become_program(context, worker, number, ends[1]);
	}
	close(ends[1]);
	if (read(ends[0], &told, sizeof(told)) == (ssize_t)sizeof(told)) {
		sample->inner = told.inner;
		sample->code = told.code;
	}
	close(ends[0]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	sample->outer = load_since(begun);
}

static int be_program(const struct plan *plan)
{
	int out = (int)load_number(getenv(ENV_TOLD), 0);
	char *answer = strdup(getenv(ENV_ANSWER));
	const char *user = getenv(ENV_USER);
	struct told told;

	(void)fcntl(out, F_SETFD, FD_CLOEXEC);
	told = transaction(plan, user, answer);
	return write(out, &told, sizeof(told)) == (ssize_t)sizeof(told) ? 0 : 2;
}

/* ---- the command line ---- */

static const struct option options[] = {{"confdir", required_argument, NULL, 'c'},
                                        {"service", required_argument, NULL, 's'},
                                        {"user", required_argument, NULL, 'u'},
                                        {"ruser", required_argument, NULL, 'r'},
                                        {"tty", required_argument, NULL, 't'},
                                        {"mode", required_argument, NULL, 'm'},
                                        {"answers", required_argument, NULL, 'f'},
                                        {"answer", required_argument, NULL, 'a'},
                                        {"workers", required_argument, NULL, 'w'},
                                        {"count", required_argument, NULL, 'n'},
                                        {"seconds", required_argument, NULL, 'd'},
                                        {"real-uid", required_argument, NULL, 'i'},
                                        {0}};

static const char **place_of(struct plan *plan, int option)
{
	const char **places[] = {
	        ['c'] = &plan->confdir, ['s'] = &plan->service, ['u'] = &plan->user,
	        ['r'] = &plan->ruser,   ['t'] = &plan->tty,     ['m'] = &plan->mode,
	        ['f'] = &plan->answers, ['a'] = &plan->answer,  ['w'] = &plan->workers,
	        ['n'] = &plan->count,   ['d'] = &plan->seconds, ['i'] = &plan->real_uid};

	return option > 0 && (size_t)option < sizeof(places) / sizeof(places[0]) ? places[option]
	                                                                         : NULL;
}

static void parse(int argc, char **argv, struct plan *plan)
{
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		const char **place = place_of(plan, option);
		if (!place)
			exit(2);
		*place = optarg;
	}
	if (optind != argc || !plan->confdir || !plan->service || !plan->user) {
		fprintf(stderr, "pam: --confdir, --service and --user are needed\n");
		exit(2);
	}
}

static enum mode mode_named(const char *name)
{
	static const char *const names[MODES] = {"warm", "cold", "exec"};

	for (int i = 0; i < MODES; i++)
		if (!strcmp(names[i], name))
			return (enum mode)i;
	fprintf(stderr, "pam: --mode %s: not warm, cold or exec\n", name);
	exit(2);
}

/* As sudo is: the caller's real uid, and its own effective one. */
static void take_real_uid(const char *text)
{
	if (text && setresuid((uid_t)load_number(text, 0), (uid_t)-1, (uid_t)-1) < 0)
		load_fail("setresuid");
}

int main(int argc, char **argv)
{
	static void (*const tries[MODES])(void *, unsigned int, size_t,
	                                  struct sample *) = {try_here, try_forked, try_program};
	struct plan plan = {.answer = "",
	                    .mode = "warm",
	                    .workers = "1",
	                    .count = "1000",
	                    .seconds = "0",
	                    .argv = argv};
	struct load load = {.context = &plan};

	parse(argc, argv, &plan);
	if (getenv(ENV_TOLD))
		return be_program(&plan);
	load.try = tries[mode_named(plan.mode)];
	load.workers = (unsigned int)load_number(plan.workers, 1);
	load.count = load_number(plan.count, 1);
	load.seconds = strtod(plan.seconds, NULL);
	if (plan.answers) {
		plan.lines = load_lines(plan.answers);
		if (plan.lines.count < load.count)
			load.count = plan.lines.count;
	}
	take_real_uid(plan.real_uid);
	load_run(&load);
	return 0;
}
