/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/reaper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "wire/client.h"

#define PATH_SIZE 128
#define SCOPE_MS  3000 /* the module waits for 5 s in all */
#define READY_MS  100  /* what the loop says is there is there */

struct reaper {
	struct loop *loop;
	struct question *first;
	char path[PATH_SIZE];
	char trouble[REAPER_TEXT]; /* of the last question; empty: it was answered */
	bool seen;
};

/* One question on its way. */
struct question {
	struct reaper *reaper;
	struct question *next, *previous;
	struct client client;
	struct watch *watch;
	struct timer *timer;
	reaper_done *done;
	void *context;
};

int reaper_new(struct loop *loop, const char *socket_dir, struct reaper **ret_reaper)
{
	cleanup(cleanup_free) struct reaper *reaper = calloc(1, sizeof(*reaper));
	int r;

	if (!reaper)
		return -ENOMEM;
	reaper->loop = loop;
	r = text_format(reaper->path, sizeof(reaper->path), "%s/" WIRE_REAPER_SOCKET, socket_dir);
	if (r < 0)
		return r;
	*ret_reaper = take_ptr(reaper);
	return 0;
}

static void question_free(struct question *question)
{
	if (question->next)
		question->next->previous = question->previous;
	if (question->previous)
		question->previous->next = question->next;
	else
		question->reaper->first = question->next;
	watch_free(question->watch);
	timer_free(question->timer);
	client_close(&question->client);
	free(question);
}

static void tell(struct question *question, enum wire_result result, const char *text)
{
	struct reaper *reaper = question->reaper;
	reaper_done *done = question->done;
	void *context = question->context;

	if (result == RESULT_NONE)
		text_sanitize(reaper->trouble, sizeof(reaper->trouble), text);
	else
		reaper->trouble[0] = '\0';
	question_free(question);
	done(context, result, text);
}

struct reaper *reaper_free(struct reaper *reaper)
{
	while (reaper && reaper->first)
		tell(reaper->first, RESULT_NONE, "jitd stops");
	free(reaper);
	return NULL;
}

bool reaper_is_there(const struct reaper *reaper)
{
	struct stat found;

	return lstat(reaper->path, &found) == 0 && S_ISSOCK(found.st_mode);
}

bool reaper_is_due(struct reaper *reaper)
{
	struct stat found;

	reaper->seen = reaper->seen || lstat(reaper->path, &found) == 0 || errno != ENOENT;
	return reaper->seen;
}

void reaper_describe(const struct reaper *reaper, char ret_text[static REAPER_TEXT])
{
	const char *text = reaper->trouble[0] ? reaper->trouble : "there";

	text_sanitize(ret_text, REAPER_TEXT, reaper_is_there(reaper) ? text : "absent");
}

/* ---- the answer ---- */

static void answered(void *context, int events)
{
	struct question *question = context;
	struct message answer = {.id = MESSAGE_NONE};
	struct fault fault;
	int r;

	(void)events;
	question->client.deadline = client_now() + READY_MS;
	r = client_receive(&question->client, NULL, NULL, &answer, &fault);
	if (r < 0)
		tell(question, RESULT_NONE,
		     r == -ECONNRESET ? "jit-reaper does not answer: it hung up" : fault.text);
	else if (answer.id != MESSAGE_reaped)
		tell(question, RESULT_NONE, "jit-reaper does not answer: it says something else");
	else
		tell(question, (enum wire_result)answer.reaped.result, answer.reaped.text);
}

static void too_late(void *context)
{
	tell(context, RESULT_NONE, "jit-reaper does not answer in time");
}

/* ---- the question ---- */

static int begin(struct question *question, const struct message *message, struct fault *fault)
{
	struct reaper *reaper = question->reaper;
	/* no time to wait: it is there, or it is not */
	int r = client_connect(&question->client, reaper->path, client_now(), fault);

	if (r == 0)
		r = client_send(&question->client, message, fault);
	if (r < 0)
		return r;
	r = loop_watch(reaper->loop, question->client.fd, WATCH_READ, answered, question,
	               &question->watch);
	if (r == 0)
		r = loop_timer(reaper->loop, too_late, question, &question->timer);
	return r < 0 ? fault_set(fault, r, "%s: %s", reaper->path, strerror(-r)) : 0;
}

void reaper_ask(struct reaper *reaper, const struct message *message, uint64_t patience_ms,
                reaper_done *done, void *context)
{
	struct question *question = calloc(1, sizeof(*question));
	struct fault fault = {.text = ""};

	if (!question) {
		done(context, RESULT_NONE, "no memory");
		return;
	}
	*question = (struct question){.reaper = reaper,
	                              .next = reaper->first,
	                              .client = CLIENT_CLOSED,
	                              .done = done,
	                              .context = context};
	if (reaper->first)
		reaper->first->previous = question;
	reaper->first = question;
	if (begin(question, message, &fault) < 0)
		tell(question, RESULT_NONE, fault.text);
	else
		timer_start(question->timer, patience_ms);
}

void reaper_scope(struct reaper *reaper, const char *session, const struct process_id *opener,
                  int64_t seconds, reaper_done *done, void *context)
{
	struct message message = {.id = MESSAGE_scope};

	text_sanitize(message.scope.session, sizeof(message.scope.session), session);
	message.scope.pid = (uint32_t)opener->pid;
	message.scope.start_time = (int64_t)opener->start_time;
	message.scope.seconds = seconds > 1 ? (uint32_t)seconds : 1;
	reaper_ask(reaper, &message, SCOPE_MS, done, context);
}
