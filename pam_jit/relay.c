/* SPDX-License-Identifier: Apache-2.0 */
#include "pam_jit/relay.h"

#include <errno.h>
#include <security/pam_ext.h>
#include <signal.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "wire/client.h"

#define CALLS_MAX   6
#define SILENCE_MS  5000
#define APPROVAL_MS 60000
#define LINE_SIZE   513

/* sudo blocks SIGINT while it authenticates, so that Ctrl-C would have to wait for us. */
static int interrupted(void *context)
{
	static const int signals[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP};
	sigset_t pending;

	(void)context;
	if (sigpending(&pending) < 0)
		return 1;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (sigismember(&pending, signals[i]) == 1)
			return 1;
	return 0;
}

void relay_show(struct relay *relay, int style, const char *text)
{
	char line[LINE_SIZE];

	if (!text[0] || relay->calls >= CALLS_MAX)
		return;
	relay->calls++;
	text_sanitize(line, sizeof(line), text);
	/* A line that cannot be shown changes nothing about the verdict. */
	(void)pam_prompt(relay->pamh, style, NULL, "%s", line);
}

/* Gives up before it says a word more to jitd: a late allow would spend a use for nothing. */
static int set_deadline(struct client *client, int64_t spent, int64_t limit, int64_t *ret_now,
                        struct fault *fault)
{
	int64_t now = client_now(), left = limit - spent;

	if (now == INT64_MAX)
		return fault_set(fault, -EIO, "the monotonic clock cannot be read");
	if (left <= 0)
		return fault_set(fault, -ETIMEDOUT, "the %lld s for this handle are used up",
		                 (long long)limit / 1000);
	client->deadline = now + (left < SILENCE_MS ? left : SILENCE_MS);
	*ret_now = now;
	return 0;
}

static int start(struct relay *relay, struct client *client, const char *socket,
                 const struct message *check, struct fault *fault)
{
	int64_t begun;
	int r = set_deadline(client, relay->handle->answering, relay->timeout_ms, &begun, fault);

	if (r < 0)
		return r;
	r = client_connect(client, socket, client->deadline, fault);
	if (r == 0)
		r = client_send(client, check, fault);
	relay->handle->answering += client_now() - begun;
	return r;
}

static int receive(struct relay *relay, struct client *client, bool waiting,
                   struct message *ret_message, struct fault *fault)
{
	int64_t *spent = waiting ? &relay->handle->waiting : &relay->handle->answering, begun;
	int r = set_deadline(client, *spent, waiting ? APPROVAL_MS : relay->timeout_ms, &begun,
	                     fault);

	if (r < 0)
		return r;
	r = client_receive(client, relay->patient ? NULL : interrupted, NULL, ret_message, fault);
	*spent += client_now() - begun;
	return r;
}

/* The answer goes out and is forgotten; one that is missing or too long counts as none. */
static int ask(struct relay *relay, struct client *client, struct message *message,
               struct fault *fault)
{
	cleanup(cleanup_secret) char *typed = NULL;
	const int style = message->ask.echo ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF;
	int code = PAM_CONV_ERR, r;
	char line[LINE_SIZE];
	bool given;

	relay->calls++;
	text_sanitize(line, sizeof(line), message->ask.text);
	if (relay->converse)
		code = pam_prompt(relay->pamh, style, &typed, "%s", line);
	*message = (struct message){.id = MESSAGE_answer};
	given = code == PAM_SUCCESS && typed &&
	        text_copy(message->answer.text, sizeof(message->answer.text), typed) == 0;
	message->answer.given = given;
	relay->asked = relay->asked || given;
	r = client_send(client, message, fault);
	message_wipe(message);
	return r;
}

static int step(struct relay *relay, struct client *client, struct message *message,
                bool *ret_waiting, struct fault *fault)
{
	const enum message_id id = message->id;
	int r = 0;

	if (id != MESSAGE_say && id != MESSAGE_ask && id != MESSAGE_wait)
		return fault_set(fault, -EBADMSG, "message %u was not due", id);
	if (id != MESSAGE_wait && relay->calls >= CALLS_MAX)
		return fault_set(fault, -EBADMSG, "more than %d prompts and lines", CALLS_MAX);
	if (id == MESSAGE_say)
		relay_show(relay, PAM_TEXT_INFO, message->say.text);
	else if (id == MESSAGE_ask)
		r = ask(relay, client, message, fault);
	*ret_waiting = id == MESSAGE_wait;
	return r;
}

int relay_run(struct relay *relay, const char *socket, struct message *message, struct fault *fault)
{
	cleanup(client_close) struct client client = CLIENT_CLOSED;
	bool waiting = false;
	int r = start(relay, &client, socket, message, fault);

	while (r == 0) {
		r = receive(relay, &client, waiting, message, fault);
		if (r == 0 && message->id == MESSAGE_verdict)
			break;
		if (r == 0)
			r = step(relay, &client, message, &waiting, fault);
	}
	return r;
}
