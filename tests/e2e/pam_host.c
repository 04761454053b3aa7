/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logins as sshd makes them for keyboard-interactive, without the network: many a second, and many
 * at the same instant. usage: pam_host SERVICE [AT-A-TIME]
 *
 * Each line of standard input is a login: USER, SOURCE, ANSWER, with a tab between; \xHH in ANSWER
 * is that byte. A login is a process that leads its session and a child of it: the child, with a
 * PAM handle of its own, asks auth and account, and the leader opens the session (jitd/door.h says
 * why that matters). Without AT-A-TIME all begin at once, and the first answer is given when every
 * one waits at its prompt.
 *
 * A line for each is printed as it ends: number of the line, pid of leader and child, PAM codes of
 * auth, account and open_session (-1: not reached), number of prompts, the prompt, the last line
 * that was shown; with tabs between.
 */
#include <errno.h>
#include <security/pam_appl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOT_REACHED (-1)
#define LOGINS_MAX  20000

struct login {
	char *user, *source, *answer; /* into the line */
};

struct outcome {
	pid_t child;
	int auth, account, opened, prompts;
	char prompt[64], said[256];
};

static struct {
	const char *service;
	struct login logins[LOGINS_MAX];
	size_t count;
	int gate[2];    /* open for reading at its end only when the answers may go */
	int waiting[2]; /* a byte from each that is there */
	bool told;
} host;

static void give_up(const char *what)
{
	fprintf(stderr, "pam_host: %s: %s\n", what, strerror(errno));
	_exit(70);
}

/* ---- the person ---- */

static void wait_for_the_others(void)
{
	char byte = 0;

	if (!host.told && write(host.waiting[1], &byte, 1) != 1)
		give_up("waiting");
	host.told = true;
	while (read(host.gate[0], &byte, 1) < 0 && errno == EINTR)
		;
}

struct person {
	const struct login *login;
	struct outcome *outcome;
};

static char *answer_to(const struct person *person, const struct pam_message *message)
{
	struct outcome *outcome = person->outcome;

	if (message->msg_style == PAM_ERROR_MSG || message->msg_style == PAM_TEXT_INFO) {
		snprintf(outcome->said, sizeof(outcome->said), "%.*s",
		         (int)strcspn(message->msg, "\t\r\n"), message->msg);
		return NULL;
	}
	snprintf(outcome->prompt, sizeof(outcome->prompt), "%s", message->msg);
	outcome->prompts++;
	wait_for_the_others();
	return strdup(person->login->answer);
}

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
	struct pam_response *made = calloc((size_t)count, sizeof(*made));

	if (!made)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++)
		made[i].resp = answer_to(data, messages[i]);
	*responses = made;
	return PAM_SUCCESS;
}

/* ---- one login ---- */

static pam_handle_t *begin(const struct pam_conv *conversation, const struct login *login)
{
	pam_handle_t *pamh = NULL;
	char connection[128];

	snprintf(connection, sizeof(connection), "SSH_CONNECTION=%s 50000 127.0.0.1 22",
	         login->source);
	if (pam_start(host.service, login->user, conversation, &pamh) != PAM_SUCCESS ||
	    pam_set_item(pamh, PAM_RHOST, login->source) != PAM_SUCCESS ||
	    pam_set_item(pamh, PAM_TTY, "ssh") != PAM_SUCCESS ||
	    pam_putenv(pamh, connection) != PAM_SUCCESS)
		give_up("pam_start");
	return pamh;
}

static void ask(const struct login *login, int report)
{
	struct outcome outcome = {.child = getpid(), .account = NOT_REACHED, .opened = NOT_REACHED};
	struct person person = {login, &outcome};
	struct pam_conv conversation = {converse, &person};
	pam_handle_t *pamh = begin(&conversation, login);

	outcome.auth = pam_authenticate(pamh, 0);
	if (outcome.auth == PAM_SUCCESS)
		outcome.account = pam_acct_mgmt(pamh, 0);
	if (!outcome.prompts)
		wait_for_the_others();
	if (write(report, &outcome, sizeof(outcome)) != (ssize_t)sizeof(outcome))
		give_up("report");
	_exit(0); /* as sshd's: no pam_end() */
}

static void in_child(const struct login *login, struct outcome *outcome)
{
	int report[2];
	pid_t child;

	if (pipe(report) < 0 || (child = fork()) < 0)
		give_up("fork");
	if (child == 0)
		ask(login, report[1]);
	close(report[1]);
	if (read(report[0], outcome, sizeof(*outcome)) != (ssize_t)sizeof(*outcome))
		give_up("the child ended early");
	close(report[0]);
	waitpid(child, NULL, 0);
}

static void open_session(const struct login *login, struct outcome *outcome)
{
	struct person person = {login, outcome};
	struct pam_conv conversation = {converse, &person};
	pam_handle_t *pamh = begin(&conversation, login);

	outcome->opened = pam_setcred(pamh, PAM_ESTABLISH_CRED);
	if (outcome->opened == PAM_SUCCESS)
		outcome->opened = pam_open_session(pamh, 0);
	if (outcome->opened == PAM_SUCCESS)
		pam_close_session(pamh, 0);
	pam_end(pamh, outcome->opened);
}

static void lead(size_t number)
{
	const struct login *login = &host.logins[number];
	struct outcome outcome;
	char line[512];
	int length;

	close(host.gate[1]);
	if (setsid() < 0)
		give_up("setsid");
	in_child(login, &outcome);
	if (outcome.account == PAM_SUCCESS)
		open_session(login, &outcome);
	length = snprintf(line, sizeof(line), "%zu\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", number,
	                  getpid(), outcome.child, outcome.auth, outcome.account, outcome.opened,
	                  outcome.prompts, outcome.prompt, outcome.said);
	if (write(STDOUT_FILENO, line, (size_t)length) != length)
		give_up("stdout");
	_exit(0);
}

/* ---- all of them ---- */

/* In place. */
static void unescape(char *text)
{
	char *out = text;

	while (*text) {
		char hex[3] = "";
		if (text[0] == '\\' && text[1] == 'x' && text[2] && text[3]) {
			memcpy(hex, text + 2, 2);
			text += 4;
			*out++ = (char)strtoul(hex, NULL, 16);
		} else {
			*out++ = *text++;
		}
	}
	*out = '\0';
}

static void read_logins(void)
{
	char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0 && host.count < LOGINS_MAX) {
		struct login *login = &host.logins[host.count++];
		char *at = strdup(line);

		if (!at)
			give_up("memory");
		at[strcspn(at, "\n")] = '\0';
		login->user = strsep(&at, "\t");
		login->source = strsep(&at, "\t");
		login->answer = at;
		if (!login->source || !login->answer) {
			errno = EINVAL;
			give_up("a line is not USER SOURCE ANSWER");
		}
		unescape(login->answer);
	}
	free(line);
}

static size_t start_from(size_t next, size_t at_a_time)
{
	for (size_t i = 0; i < at_a_time && next < host.count; i++, next++) {
		pid_t leader = fork();
		if (leader < 0)
			give_up("fork");
		if (leader == 0)
			lead(next);
	}
	return next;
}

static void open_gate_when_all_wait(void)
{
	char byte;

	for (size_t i = 0; i < host.count; i++)
		if (read(host.waiting[0], &byte, 1) != 1)
			give_up("waiting");
	close(host.gate[1]);
}

int main(int argc, char **argv)
{
	size_t at_a_time = argc > 2 ? strtoul(argv[2], NULL, 10) : 0, next;

	if (argc < 2 || pipe(host.gate) < 0 || pipe(host.waiting) < 0)
		give_up("usage: pam_host SERVICE [AT-A-TIME]");
	host.service = argv[1];
	read_logins();
	if (at_a_time)
		close(host.gate[1]);
	next = start_from(0, at_a_time ? at_a_time : host.count);
	if (!at_a_time)
		open_gate_when_all_wait();
	while (wait(NULL) > 0 || errno == EINTR)
		next = start_from(next, 1);
	return 0;
}
