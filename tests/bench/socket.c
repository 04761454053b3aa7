/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one check costs without PAM: so many processes at once, each a connection for each check.
 *
 *     socket --wire SOCKET --user NAME --answers FILE ...    jitd, as pam_jit.so speaks to it
 *     socket --floor SOCKET --answers FILE ...               the floor daemon (floor.c)
 *
 * --held: nothing is typed; a check of sudo, where jitd holds the subject's token.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/decision.h"
#include "base/text.h"
#include "tests/bench/load.h"
#include "wire/client.h"

#define PATIENCE_MS 60000

enum { ALLOWED, DENIED, NO_ANSWER };

struct plan {
	const char *wire, *floor, *user, *answers;
	unsigned long uid;
	bool held;
	struct lines lines;
};

/* ---- jitd ---- */

static struct message check_of(const struct plan *plan, size_t number)
{
	struct message message = {.id = MESSAGE_check};
	struct wire_check *check = &message.check;
	const size_t process = (size_t)getpid();

	check->phase = PHASE_AUTH;
	best_effort(
	        text_copy(check->service, sizeof(check->service), plan->held ? "sudo" : "login"));
	best_effort(text_copy(check->user, sizeof(check->user), plan->user));
	if (plan->held)
		best_effort(text_copy(check->ruser, sizeof(check->ruser), plan->user));
	best_effort(text_copy(check->tty, sizeof(check->tty), "tty1"));
	check->uid = plan->held ? (uint32_t)plan->uid : 0;
	memcpy(&check->handle, &number, sizeof(number));
	memcpy((uint8_t *)&check->handle + sizeof(number), &process, sizeof(process));
	check->converse = 1;
	return message;
}

static int converse(struct client *client, const struct plan *plan, struct message *message,
                    size_t number)
{
	struct fault fault;
	int r = client_send(client, message, &fault);

	while (r == 0) {
		r = client_receive(client, NULL, NULL, message, &fault);
		if (r < 0 || message->id == MESSAGE_verdict)
			break;
		if (message->id != MESSAGE_ask)
			continue;
		message->id = MESSAGE_answer;
		message->answer.given = 1;
		if (!plan->lines.count)
			return -EINVAL;
		r = text_copy(message->answer.text, sizeof(message->answer.text),
		              plan->lines.items[number]);
		if (r == 0)
			r = client_send(client, message, &fault);
	}
	return r;
}

static void try_wire(void *context, unsigned int worker, size_t number, struct sample *sample)
{
	static struct message message; /* of this process alone */
	const struct plan *plan = context;
	struct client client = CLIENT_CLOSED;
	struct fault fault;
	uint64_t begun = load_now();
	int r = client_connect(&client, plan->wire, client_now() + PATIENCE_MS, &fault);

	(void)worker;
	message = check_of(plan, number);
	if (r == 0)
		r = converse(&client, plan, &message, number);
	client_close(&client);
	sample->inner = load_since(begun);
	sample->code = NO_ANSWER;
	if (r == 0)
		sample->code = message.verdict.decision == DECISION_ALLOW ? ALLOWED : DENIED;
}

/* ---- the floor ---- */

static void try_floor(void *context, unsigned int worker, size_t number, struct sample *sample)
{
	const struct plan *plan = context;
	const char *token = plan->lines.items[number];
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	uint64_t begun = load_now();
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char answer = 0;

	(void)worker;
	best_effort(text_copy(address.sun_path, sizeof(address.sun_path), plan->floor));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
	    send(fd, token, strlen(token), MSG_NOSIGNAL) < 0 || recv(fd, &answer, 1, 0) != 1)
		answer = 0;
	close(fd);
	sample->inner = load_since(begun);
	sample->code = answer == 'A' ? ALLOWED : answer == 'D' ? DENIED : NO_ANSWER;
}

/* ---- the command line ---- */

static const struct option options[] = {
        {"wire", required_argument, NULL, 's'},    {"floor", required_argument, NULL, 'f'},
        {"user", required_argument, NULL, 'u'},    {"uid", required_argument, NULL, 'i'},
        {"held", no_argument, NULL, 'h'},          {"answers", required_argument, NULL, 'a'},
        {"workers", required_argument, NULL, 'w'}, {"count", required_argument, NULL, 'n'},
        {"seconds", required_argument, NULL, 'd'}, {0}};

static void take(struct plan *plan, struct load *load, int option)
{
	switch (option) {
	case 's':
		plan->wire = optarg;
		break;
	case 'f':
		plan->floor = optarg;
		break;
	case 'u':
		plan->user = optarg;
		break;
	case 'i':
		plan->uid = load_number(optarg, 1);
		break;
	case 'h':
		plan->held = true;
		break;
	case 'a':
		plan->answers = optarg;
		break;
	case 'w':
		load->workers = (unsigned int)load_number(optarg, 1);
		break;
	case 'n':
		load->count = load_number(optarg, 1);
		break;
	case 'd':
		load->seconds = strtod(optarg, NULL);
		break;
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct plan plan = {0};
	struct load load = {.workers = 1, .count = 1000, .context = &plan};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take(&plan, &load, option);
	if (optind != argc || !plan.wire == !plan.floor || (plan.wire && !plan.user) ||
	    (!plan.held && !plan.answers)) {
		fprintf(stderr,
		        "socket: --wire with --user, or --floor; and --answers or --held\n");
		return 2;
	}
	if (plan.answers) {
		plan.lines = load_lines(plan.answers);
		if (plan.lines.count < load.count)
			load.count = plan.lines.count;
	}
	load.try = plan.wire ? try_wire : try_floor;
	load_run(&load);
	return 0;
}
