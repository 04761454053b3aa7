/* SPDX-License-Identifier: Apache-2.0 */
#include "pam_jit/stage.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/decision.h"

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s: %m\n", __FILE__, __LINE__, #condition);        \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define STEPS_MAX 128

static struct {
	struct step steps[STEPS_MAX];
	size_t count;
} script;

static struct report *report;
const struct report *seen;
static pid_t server;
struct person person;
static char directory[64];
const char *stage_directory = directory;

/* ---- script ---- */

static struct step *add(int what)
{
	must(script.count < STEPS_MAX);
	script.steps[script.count].what = what;
	return &script.steps[script.count++];
}

static void add_message(const struct message *message)
{
	struct fault fault;
	struct step *step = add(STEP_PACKET);

	must(message_encode(message, step->packet, &step->length, &fault) == 0);
}

void script_clear(void)
{
	script.count = 0;
}

void script_say(const char *text)
{
	struct message message = {.id = MESSAGE_say};

	snprintf(message.say.text, sizeof(message.say.text), "%s", text);
	add_message(&message);
}

void script_ask(bool echo, const char *text)
{
	struct message message = {.id = MESSAGE_ask, .ask = {.echo = echo}};

	snprintf(message.ask.text, sizeof(message.ask.text), "%s", text);
	add_message(&message);
	add(STEP_ANSWER);
}

void script_ask_or_deny(const char *text)
{
	script_ask(false, text);
	add(STEP_IF_GIVEN);
}

void script_wait(void)
{
	add_message(&(struct message){.id = MESSAGE_wait, .wait = {.seconds = 30}});
}

void script_verdict(uint32_t decision, uint32_t access, uint32_t remaining, const char *text)
{
	struct message message = {
	        .id = MESSAGE_verdict,
	        .verdict = {.decision = decision, .access = access, .remaining = remaining}};

	snprintf(message.verdict.text, sizeof(message.verdict.text), "%s", text);
	add_message(&message);
}

void script_bytes(const void *bytes, size_t length)
{
	struct step *step = add(STEP_PACKET);

	must(length <= sizeof(step->packet));
	memcpy(step->packet, bytes, length);
	step->length = length;
}

void script_pause(size_t ms)
{
	add(STEP_PAUSE)->length = ms;
}

void script_hang(void)
{
	add(STEP_HANG);
}

size_t script_verdict_bytes(uint8_t *ret_packet)
{
	struct message message = {.id = MESSAGE_verdict,
	                          .verdict = {.decision = DECISION_ALLOW, .text = "yes"}};
	struct fault fault;
	size_t length;

	must(message_encode(&message, ret_packet, &length, &fault) == 0);
	return length;
}

/* ---- jitd ---- */

static bool next_message(int fd, struct message *ret_message)
{
	uint8_t packet[WIRE_PACKET];
	struct fault fault;
	ssize_t n = recv(fd, packet, sizeof(packet), 0);

	return n > 0 && message_decode(packet, (size_t)n, ret_message, &fault) == 0;
}

static void send_packet(int fd, const uint8_t *packet, size_t length)
{
	/* the module may be gone already: that is its right */
	(void)!send(fd, packet, length, MSG_NOSIGNAL);
}

static bool play_step(int fd, const struct step *step)
{
	struct message message;
	struct pollfd gone = {.fd = fd, .events = POLLRDHUP};

	if (step->what == STEP_PACKET)
		send_packet(fd, step->packet, step->length);
	if (step->what == STEP_ANSWER) {
		if (!next_message(fd, &message) || message.id != MESSAGE_answer)
			return false;
		report->answers++;
		report->answer = message.answer;
	}
	if (step->what == STEP_IF_GIVEN && !report->answer.given) {
		struct fault fault;
		uint8_t packet[WIRE_PACKET];
		size_t length;

		message = (struct message){.id = MESSAGE_verdict,
		                           .verdict = {.decision = DECISION_DENY}};
		must(message_encode(&message, packet, &length, &fault) == 0);
		send_packet(fd, packet, length);
		return false;
	}
	if (step->what == STEP_PAUSE)
		poll(NULL, 0, (int)step->length);
	if (step->what == STEP_HANG) {
		poll(&gone, 1, -1);
		report->hung_up++;
	}
	return true;
}

static void play(int fd)
{
	struct message message;

	if (!next_message(fd, &message) || message.id != MESSAGE_check)
		return;
	report->check = message.check;
	report->checks++;
	for (size_t i = 0; i < script.count && play_step(fd, &script.steps[i]); i++)
		;
}

static void listen_and_fork(bool deaf)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	server_stop();
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/" SOCKET_NAME, directory);
	unlink(address.sun_path);
	must(bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0);
	must(listen(listener, 64) == 0);
	memset(report, 0, sizeof(*report));
	server = fork();
	must(server >= 0);
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			int fd = accept(listener, NULL, NULL);
			if (!deaf)
				play(fd);
			close(fd);
		}
	}
	close(listener);
}

void server_start(void)
{
	listen_and_fork(false);
}

void server_start_deaf(void)
{
	listen_and_fork(true);
}

void server_stop(void)
{
	if (server > 0) {
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
	}
	server = 0;
}

/* ---- the application ---- */

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
                    void *data)
{
	struct pam_response *response;
	int style = messages[0]->msg_style;

	(void)data;
	person.calls++;
	person.wrong += count != 1;
	person.style = style;
	snprintf(person.text, sizeof(person.text), "%s", messages[0]->msg);
	*responses = NULL;
	if (person.does == PERSON_FAILS)
		return PAM_CONV_ERR;
	if (person.does == PERSON_GIVES_NO_RESPONSE)
		return PAM_SUCCESS;
	response = calloc(1, sizeof(*response));
	if (!response)
		return PAM_BUF_ERR;
	if (style == PAM_PROMPT_ECHO_OFF || style == PAM_PROMPT_ECHO_ON) {
		person.prompts++;
		if (person.does != PERSON_GIVES_NO_TEXT)
			response->resp = strdup(person.types ? person.types : "");
	}
	*responses = response;
	return person.does == PERSON_FAILS_WITH_TEXT ? PAM_CONV_ERR : PAM_SUCCESS;
}

void stage_open(void)
{
	char path[PATH_MAX + 16];

	snprintf(directory, sizeof(directory), "/tmp/pam_jit_test.XXXXXX");
	must(mkdtemp(directory));
	must(chmod(directory, 0755) == 0);
	snprintf(path, sizeof(path), "%s/run", directory);
	must(mkdir(path, 0755) == 0 && chmod(path, 0755) == 0);
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	must(report != MAP_FAILED);
	seen = report;
}

void stage_close(void)
{
	static const char *const names[] = {SOCKET_NAME, "sudo",  "sudo-i", "su",  "su-l",
	                                    "sshd",      "login", "link",   "run", ""};
	char path[PATH_MAX + 16];

	server_stop();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		remove(path);
	}
	munmap(report, sizeof(*report));
}

static void write_stack(const char *service, const char *options)
{
	static const char *const kinds[] = {"auth", "account", "session", "password"};
	const char *build = getenv("top_builddir");
	char path[PATH_MAX + 32], module[PATH_MAX];
	FILE *stack;

	snprintf(path, sizeof(path), "%s/.libs/pam_jit.so", build ? build : ".");
	must(realpath(path, module));
	snprintf(path, sizeof(path), "%s/%s", directory, service);
	stack = fopen(path, "w");
	must(stack);
	/* every code comes out as it is, PAM_IGNORE too */
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		fprintf(stack, "%s [success=ok ignore=ok default=bad] %s %s\n", kinds[i], module,
		        options);
	must(fclose(stack) == 0);
}

pam_handle_t *stage_begin_with(const char *service, const char *user, const char *options)
{
	static const struct pam_conv conversation = {.conv = converse};
	pam_handle_t *pamh;

	write_stack(service, options);
	must(pam_start_confdir(service, user, &conversation, directory, &pamh) == PAM_SUCCESS);
	return pamh;
}

pam_handle_t *stage_begin(const char *service, const char *user, const char *options)
{
	char text[PATH_MAX + 256];

	snprintf(text, sizeof(text), "socket=%s/" SOCKET_NAME " %s", directory, options);
	return stage_begin_with(service, user, text);
}

int stage_hook(pam_handle_t *pamh, enum wire_phase phase)
{
	switch (phase) {
	case PHASE_AUTH:
		return pam_authenticate(pamh, PAM_SILENT);
	case PHASE_ACCOUNT:
		return pam_acct_mgmt(pamh, PAM_SILENT);
	case PHASE_OPEN_SESSION:
		return pam_open_session(pamh, 0);
	case PHASE_CLOSE_SESSION:
		return pam_close_session(pamh, 0);
	}
	abort();
}

int stage_once(const char *service, enum wire_phase phase, const char *options)
{
	pam_handle_t *pamh = stage_begin(service, "alice", options);
	int code = stage_hook(pamh, phase);

	pam_end(pamh, code);
	return code;
}

int64_t stage_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
