/* SPDX-License-Identifier: Apache-2.0 */
#include "reaper/serve.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/session.h"
#include "base/text.h"
#include "reaper/systemd.h"
#include "reaper/terminal.h"
#include "reaper/tree.h"
#include "wire/message.h"

#define PATIENCE_MS 5000
#define GRACE_MS    5000 /* between TERM and KILL */
#define SCOPE_MS    2500 /* sudo waits */
#define END_MS      5000

struct service {
	pid_t peer;
	struct message in;
	struct wire_reaped *out;
	struct fault fault;
};

static void answer(struct service *service, enum wire_result result)
{
	service->out->result = (uint8_t)result;
	text_sanitize(service->out->text, sizeof(service->out->text), service->fault.text);
}

/* ---- whose end may be asked for ---- */

/* Who opens a PAM session is root: sshd, login, and sudo and su, which have root's uid from their
 * file. */
static int check_opener(const struct process_id *opener, struct fault *fault)
{
	cleanup(cleanup_close) int directory = process_directory(opener->pid);
	struct process_stat stat;
	uid_t real, effective;

	if (opener->pid <= 1 || opener->pid == getpid() || opener->pid == getppid())
		return fault_set(fault, -EPERM, "process %d opens no session", opener->pid);
	if (directory < 0 || process_read_stat(directory, &stat) < 0 ||
	    stat.start_time != opener->start_time)
		return fault_set(fault, -ESRCH, "process %d is gone", opener->pid);
	if (process_read_uids(directory, &real, &effective) < 0 || effective != geteuid())
		return fault_set(fault, -EPERM, "process %d is not root's and opens no session",
		                 opener->pid);
	return 0;
}

static int name_opener(const char *session, uint32_t pid, int64_t start_time,
                       struct process_id *ret_opener, struct fault *fault)
{
	uint32_t access, number;

	if (session_parse(session, &access, &number) < 0)
		return fault_set(fault, -EINVAL, "\"%s\" names no session", session);
	*ret_opener = (struct process_id){.pid = (pid_t)pid, .start_time = (uint64_t)start_time};
	return 0;
}

static int opener_of(const char *session, uint32_t pid, int64_t start_time,
                     struct process_id *ret_opener, struct fault *fault)
{
	int r = name_opener(session, pid, start_time, ret_opener, fault);

	return r < 0 ? r : check_opener(ret_opener, fault);
}

/* ---- what it does ---- */

static enum wire_result result_of(int r)
{
	if (r == 0)
		return RESULT_DONE;
	if (r == -ESRCH)
		return RESULT_GONE;
	return r == -EINVAL || r == -EPERM ? RESULT_REFUSED : RESULT_FAILED;
}

static void scope(struct service *service)
{
	const struct wire_scope *ask = &service->in.scope;
	cleanup(cleanup_systemd) struct systemd *systemd = NULL;
	cleanup(cleanup_close) int pidfd = -1;
	struct process_id opener = {.pid = 0};
	int r = opener_of(ask->session, ask->pid, ask->start_time, &opener, &service->fault);

	if (r == 0 && !systemd_runs()) {
		fault_set(&service->fault, 0, "there is no systemd here");
		answer(service, RESULT_ABSENT);
		return;
	}
	if (r == 0)
		r = process_reopen(opener.pid, opener.start_time, &pidfd);
	if (r == 0)
		r = systemd_connect(SCOPE_MS, &systemd, &service->fault);
	if (r == 0)
		r = systemd_scope(systemd, ask->session, opener.pid, pidfd, ask->seconds,
		                  &service->fault);
	if (r == 0)
		service->fault.text[0] = '\0';
	answer(service, result_of(r));
}

/* By the scope that has its name, else by the login that the opener leads. */
static int end_unit(struct service *service, const struct process_id *opener)
{
	const struct wire_reap *ask = &service->in.reap;
	cleanup(cleanup_systemd) struct systemd *systemd = NULL;
	cleanup(cleanup_close) int pidfd = -1;
	int r = systemd_connect(END_MS, &systemd, &service->fault);

	if (r == 0)
		r = systemd_end_scope(systemd, ask->session, &service->fault);
	if (r == SYSTEMD_NONE && check_opener(opener, &service->fault) == 0 &&
	    process_reopen(opener->pid, opener->start_time, &pidfd) == 0)
		r = systemd_end_login(systemd, opener->pid, pidfd, ask->last, &service->fault);
	return r;
}

static int end_tree(struct service *service, const struct process_id *opener)
{
	const struct tree_order order = {
	        .opener = *opener, .grace_ms = GRACE_MS, .spared = {getppid(), service->peer}};
	int r = check_opener(opener, &service->fault);

	return r < 0 ? r : tree_end(&order, &service->fault);
}

/* Whatever systemd says: who opened it must be dead, and what came of it. But what the unit holds
 * besides is over only when systemd says so. */
static void reap(struct service *service)
{
	const struct wire_reap *ask = &service->in.reap;
	struct process_id opener = {.pid = 0};
	int r = name_opener(ask->session, ask->pid, ask->start_time, &opener, &service->fault);
	struct fault of_unit;
	int by_unit = SYSTEMD_NONE;

	if (r == 0 && systemd_runs())
		by_unit = end_unit(service, &opener);
	of_unit = service->fault;
	if (r == 0)
		r = end_tree(service, &opener);
	if ((r == 0 && by_unit < 0) || (r == -ESRCH && by_unit != SYSTEMD_NONE)) {
		r = by_unit;
		service->fault = of_unit;
	}
	if (r == 0)
		service->fault.text[0] = '\0';
	answer(service, result_of(r));
}

/* A login whose session was refused. pam_systemd may have come after us: its own end is sshd's. */
static void dismiss(struct service *service)
{
	const struct wire_dismiss *ask = &service->in.dismiss;
	const struct process_id opener = {.pid = (pid_t)ask->pid,
	                                  .start_time = (uint64_t)ask->start_time};
	int r = end_tree(service, &opener);

	if (r == 0)
		service->fault.text[0] = '\0';
	answer(service, result_of(r));
}

static void warn(struct service *service)
{
	const struct wire_warn *ask = &service->in.warn;
	struct process_id opener = {.pid = 0};
	char text[sizeof(ask->text)];
	int r = opener_of(ask->session, ask->pid, ask->start_time, &opener, &service->fault);

	text_sanitize(text, sizeof(text), ask->text);
	if (r == 0)
		r = terminal_tell(&opener, text, &service->fault);
	if (r == 0)
		service->fault.text[0] = '\0';
	answer(service, result_of(r));
}

static const struct {
	enum message_id id;
	void (*handle)(struct service *service);
} handlers[] = {
        {MESSAGE_reap, reap},
        {MESSAGE_scope, scope},
        {MESSAGE_dismiss, dismiss},
        {MESSAGE_warn, warn},
};

static void handle(struct service *service)
{
	for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
		if (handlers[i].id == service->in.id) {
			handlers[i].handle(service);
			return;
		}
	fault_set(&service->fault, 0, "%s is no question to a reaper",
	          wire_info(service->in.id)->name);
	answer(service, RESULT_REFUSED);
}

/* ---- one packet in, one out ---- */

static int receive(int connection, struct message *ret_message, struct fault *fault)
{
	struct pollfd ready = {.fd = connection, .events = POLLIN};
	uint8_t packet[WIRE_PACKET + 1];
	ssize_t n;

	if (poll(&ready, 1, PATIENCE_MS) != 1)
		return fault_set(fault, -ETIMEDOUT, "it asks nothing");
	n = recv(connection, packet, sizeof(packet), MSG_TRUNC | MSG_DONTWAIT);
	if (n <= 0)
		return fault_set(fault, -ECONNRESET, "it hung up");
	return message_decode(packet, (size_t)n, ret_message, fault) ? -EBADMSG : 0;
}

static void send_answer(int connection, const struct message *out)
{
	uint8_t packet[WIRE_PACKET];
	struct fault fault;
	size_t length;

	if (message_encode(out, packet, &length, &fault) < 0 ||
	    send(connection, packet, length, MSG_NOSIGNAL) != (ssize_t)length)
		(void)fprintf(stderr, "jit-reaper: the answer does not reach jitd\n");
}

static const char *session_of(const struct message *in)
{
	if (in->id == MESSAGE_scope)
		return in->scope.session;
	if (in->id == MESSAGE_warn)
		return in->warn.session;
	return in->id == MESSAGE_reap ? in->reap.session : "";
}

/* The words of enum wire_result, for the log. */
static const char *const words[] = {"nothing", "done",   "gone already",
                                    "refused", "failed", "without systemd"};

void serve(int connection, uid_t jitd)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	struct service service = {.fault = {.text = ""}};
	struct message out = {.id = MESSAGE_reaped};

	if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    size != sizeof(peer) || peer.uid != jitd || peer.pid <= 0) {
		(void)fprintf(stderr, "jit-reaper: refused: process %d of uid %u is not jitd\n",
		              peer.pid, peer.uid);
		return;
	}
	service.peer = peer.pid;
	service.out = &out.reaped;
	if (receive(connection, &service.in, &service.fault) < 0) {
		(void)fprintf(stderr, "jit-reaper: refused: %s\n", service.fault.text);
		return;
	}
	service.fault.text[0] = '\0';
	handle(&service);
	(void)fprintf(stderr, "jit-reaper: %s %s: %s%s%s\n", wire_info(service.in.id)->name,
	              session_of(&service.in), words[out.reaped.result],
	              out.reaped.text[0] ? ": " : "", out.reaped.text);
	send_answer(connection, &out);
}
