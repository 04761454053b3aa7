/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jit askpass: what ssh and sudo run to have a prompt answered. A prompt that is not surely one of
 * pam-jit's gets no code, whatever it says: a person answers it at the terminal, or nobody.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/accesses.h"
#include "cli/subject/jit.h"
#include "cli/subject/mint.h"
#include "cli/subject/prompt.h"
#include "cli/subject/terminal.h"

#define SHOWN_PROMPT 128  /* bytes of a prompt in a line about it */
#define SSH_TAKES    1023 /* bytes of an answer; the rest is cut off silently */

/* ---- a person answers ---- */

static enum exit_code nobody_to_ask(const struct invocation *in, const char *text, const char *why)
{
	char clean[SHOWN_PROMPT];

	text_sanitize(clean, sizeof(clean), text);
	return give_up(in, EXIT_REFUSED,
	               "'%s' is not answered: %s; and there is no terminal to ask at", clean, why);
}

static enum exit_code pass_on(const struct invocation *in, const struct prompt *prompt,
                              const char *answer)
{
	bool yes = !strcasecmp(answer, "yes") || !strcasecmp(answer, "y");

	/* ssh takes an empty answer for a yes */
	if (prompt->answer == ANSWER_CONFIRM)
		return yes ? secret_print(in, "yes") : EXIT_REFUSED;
	return secret_print(in, answer);
}

static enum exit_code ask_person(const struct invocation *in, const char *text,
                                 const struct prompt *prompt, const char *why)
{
	bool shown = prompt->answer == ANSWER_SHOWN || prompt->answer == ANSWER_CONFIRM;
	char answer[TERMINAL_ANSWER];
	enum exit_code code;
	int r;

	if (prompt->answer == ANSWER_NONE)
		return terminal_tell(text) == 0 ? EXIT_DONE : nobody_to_ask(in, text, why);
	r = terminal_ask(text, shown, answer);
	if (r == -EINTR)
		return EXIT_INTERRUPTED;
	if (r == TERMINAL_END)
		return give_up(in, EXIT_REFUSED, "no answer");
	if (r < 0)
		return nobody_to_ask(in, text, why);
	code = pass_on(in, prompt, answer);
	explicit_bzero(answer, sizeof(answer));
	return code;
}

/* ---- jitd answers ---- */

/* Without a prefix a prompt may be anybody's text: an older ssh shows what the server sends. sudo
 * is known by its process, which is root's, and /proc says so. */
static bool asked_by_root(void)
{
	struct stat status;
	char path[32];
	pid_t parent = getppid();

	return parent > 1 && text_format(path, sizeof(path), "/proc/%d", (int)parent) == 0 &&
	       stat(path, &status) == 0 && status.st_uid == 0;
}

static bool fits(const struct wire_access *access, const struct prompt *prompt)
{
	if (strcmp(access->state, "active") != 0)
		return false;
	if (prompt->kind == PROMPT_BARE)
		return !access->elsewhere && scope_list_has(access->scope, "sudo", NULL);
	return scope_list_has(access->scope, "ssh", prompt->user) &&
	       host_is(prompt->host, access->host);
}

/* The newest access that the prompt is for; NULL: none. */
static const struct wire_access *choose(const struct access_list *list, const struct prompt *prompt)
{
	const struct wire_access *chosen = NULL;

	for (size_t i = 0; i < list->count; i++)
		if (fits(&list->items[i].access, prompt) &&
		    (!chosen || list->items[i].access.id > chosen->id))
			chosen = &list->items[i].access;
	return chosen;
}

/* NULL: there is no such access at all. */
static const char *other_host_of(const struct access_list *list, const struct prompt *prompt)
{
	for (size_t i = 0; prompt->kind == PROMPT_SSH && i < list->count; i++)
		if (!strcmp(list->items[i].access.state, "active") &&
		    scope_list_has(list->items[i].access.scope, "ssh", prompt->user))
			return list->items[i].access.host;
	return NULL;
}

static enum exit_code ask_for_other_host(const struct invocation *in, const char *text,
                                         const struct prompt *prompt, const char *host)
{
	char why[HOST_SIZE + 40];

	if (text_format(why, sizeof(why), "your access is for another host, %s", host) < 0)
		return EXIT_REFUSED;
	return ask_person(in, text, prompt, why);
}

static enum exit_code no_access(const struct invocation *in, const struct prompt *prompt)
{
	if (prompt->kind == PROMPT_BARE)
		return give_up(in, EXIT_REFUSED,
		               "no active access of yours is for sudo; ask for one: "
		               "jit request sudo:root");
	return give_up(in, EXIT_REFUSED,
	               "no active access of yours is for ssh:%s; ask for one: jit request ssh:%s",
	               prompt->user, prompt->user);
}

/* A code; of an access for another host the token, since a code counts only where the token is. */
static enum exit_code print_secret(const struct invocation *in, const struct wire_access *access)
{
	cleanup(message_wipe) struct message message = {.id = MESSAGE_NONE};
	enum exit_code code = mint(in, access->id, !access->elsewhere, &message);

	if (code == EXIT_DONE && strlen(message.minted.secret) > SSH_TAKES)
		return give_up(in, EXIT_REFUSED, "%s", message.minted.text);
	if (code == EXIT_DONE)
		code = secret_print(in, message.minted.secret);
	if (code == EXIT_DONE && *message.minted.text)
		fprintf(stderr, "%s\n", message.minted.text);
	return code;
}

static enum exit_code answer(const struct invocation *in, const char *text,
                             const struct prompt *prompt)
{
	const struct message question = {.id = MESSAGE_list, .list.view = VIEW_ACTIVE};
	cleanup(access_list_done) struct access_list list = {0};
	enum exit_code code = access_list_fetch(in, &question, NULL, &list);
	const struct wire_access *access = choose(&list, prompt);
	const char *host;

	if (access)
		return print_secret(in, access);
	/* a password is asked for at many hosts that know nothing of pam-jit */
	if (prompt->kind == PROMPT_SSH_PASSWORD)
		return ask_person(in, text, prompt, "no active access of yours is for it");
	if (code != EXIT_DONE)
		return code;
	host = other_host_of(&list, prompt);
	if (host)
		return ask_for_other_host(in, text, prompt, host);
	return no_access(in, prompt);
}

static enum exit_code run(const struct invocation *in)
{
	const char *text = in->arguments[0] ? in->arguments[0] : "";
	struct prompt prompt;

	prompt_read(text, getenv("SSH_ASKPASS_PROMPT"), &prompt);
	if (prompt.kind == PROMPT_OTHER)
		return ask_person(in, text, &prompt, "it is no prompt of pam-jit");
	if (prompt.kind == PROMPT_BARE && !asked_by_root())
		return ask_person(in, text, &prompt,
		                  "it names no host, and it is not sudo that asks");
	return answer(in, text, &prompt);
}

const struct command jit_askpass = {
        .name = "askpass",
        .arguments = "[PROMPT]",
        .arguments_max = 1,
        .summary = "answer a prompt of ssh or sudo with a fresh code or token",
        .details = "For SSH_ASKPASS, and for SUDO_ASKPASS or 'Path askpass' of sudo.conf, by its\n"
                   "other name jit-askpass. Prompts that are not pam-jit's are asked at the\n"
                   "terminal.\n",
        .run = run,
};
