/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <security/pam_ext.h>
#include <signal.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "pam_jit/pam_jit.h"
#include "wire/client.h"

#define LINES_MAX   6 /* conversation calls in one hook */
#define LINE_SIZE   513
#define SILENCE_MS  5000
#define APPROVAL_MS 60000

/* sudo blocks SIGINT while it authenticates, so that Ctrl-C would have to wait for us. The end of a
 * session has to arrive in spite of signals. */
static int interrupted(void *context)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
	const struct call *call = context;
	sigset_t pending;

	if (call->phase == PHASE_CLOSE_SESSION)
		return 0;
	if (sigpending(&pending) < 0)
		return 1;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigismember(&pending, signals[i]) == 1)
			return 1;
	return 0;
}

void relay_show(struct call *call, int style, const char *text)
{
	char line[LINE_SIZE];

	if (!text[0] || call->lines >= LINES_MAX)
		return;
	call->lines++;
	text_sanitize(line, sizeof(line), text);
	/* A line that cannot be shown changes nothing about the verdict. */
	(void)pam_prompt(call->pamh, style, NULL, "%s", line);
}

/* The next message of jitd; the first time the check goes out before it. */
static int receive(struct call *call, struct client *client, bool waiting)
{
	int64_t *spent = waiting ? &call->handle->waiting : &call->handle->answering;
	const int64_t left = (waiting ? APPROVAL_MS : call->timeout_ms) - *spent;
	const int64_t begun = client_now();
	int r = 0;

	/* Not another word to jitd once time is up: a late allow would spend a use in vain. */
	if (left <= 0 || begun == INT64_MAX)
		return fault_set(&call->fault, -ETIMEDOUT, "the time for its answers is used up");
	client->deadline = begun + (left < SILENCE_MS ? left : SILENCE_MS);
	if (client->fd < 0) {
		r = client_connect(client, call->socket, client->deadline, &call->fault);
		if (r == 0)
			r = client_send(client, &call->message, &call->fault);
	}
	if (r == 0)
		r = client_receive(client, interrupted, call, &call->message, &call->fault);
	*spent += client_now() - begun;
	return r;
}

/* The answer goes out and is forgotten; one that is missing or too long counts as none. */
static int ask(struct call *call, struct client *client)
{
	const int style = call->message.ask.echo ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF;
	cleanup(cleanup_secret) char *typed = NULL;
	struct wire_answer *answer = &call->message.answer;
	char line[LINE_SIZE];
	int code = PAM_CONV_ERR, r;

	call->lines++;
	text_sanitize(line, sizeof(line), call->message.ask.text);
	if (call->converse)
		code = pam_prompt(call->pamh, style, &typed, "%s", line);
	call->message = (struct message){.id = MESSAGE_answer};
	answer->given = code == PAM_SUCCESS && typed &&
	                text_copy(answer->text, sizeof(answer->text), typed) == 0;
	call->asked = call->asked || answer->given;
	r = client_send(client, &call->message, &call->fault);
	message_wipe(&call->message);
	return r;
}

static int step(struct call *call, struct client *client)
{
	const enum message_id id = call->message.id;

	if (id == MESSAGE_wait)
		return 0;
	if ((id != MESSAGE_say && id != MESSAGE_ask) || call->lines >= LINES_MAX)
		return fault_set(&call->fault, -EBADMSG, "message %u was not due", id);
	if (id == MESSAGE_ask)
		return ask(call, client);
	/* not PAM_TEXT_INFO: sudo writes that to the command's standard output */
	relay_show(call, PAM_ERROR_MSG, call->message.say.text);
	return 0;
}

int relay_run(struct call *call)
{
	cleanup(client_close) struct client client = CLIENT_CLOSED;
	int r = receive(call, &client, false);

	while (r == 0 && call->message.id != MESSAGE_verdict) {
		const bool waiting = call->message.id == MESSAGE_wait;

		r = step(call, &client);
		if (r == 0)
			r = receive(call, &client, waiting);
	}
	return r;
}
