/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/crew.h"

#include <pthread.h>
#include <stdlib.h>

#define PATIENCE_MS 20000

/* ---- the gate: on the threads of the pool, so that what is held counts as in flight ---- */

struct gate {
	pthread_mutex_t mutex;
	pthread_cond_t opened;
	bool shut;
	size_t waiting;
};
static struct gate gate = {.mutex = PTHREAD_MUTEX_INITIALIZER, .opened = PTHREAD_COND_INITIALIZER};

static void set_gate(bool shut)
{
	pthread_mutex_lock(&gate.mutex);
	gate.shut = shut;
	pthread_cond_broadcast(&gate.opened);
	pthread_mutex_unlock(&gate.mutex);
}

void gate_shut(void)
{
	set_gate(true);
}

void gate_open(void)
{
	set_gate(false);
}

bool gate_holds(void)
{
	bool holds;

	pthread_mutex_lock(&gate.mutex);
	holds = gate.shut && gate.waiting > 0;
	pthread_mutex_unlock(&gate.mutex);
	return holds;
}

struct held_work {
	void (*work)(void *), (*done)(void *);
	void *job;
};

static void work_behind_gate(void *context)
{
	struct held_work *held = context;

	pthread_mutex_lock(&gate.mutex);
	gate.waiting++;
	while (gate.shut)
		pthread_cond_wait(&gate.opened, &gate.mutex);
	gate.waiting--;
	pthread_mutex_unlock(&gate.mutex);
	held->work(held->job);
}

static void done_behind_gate(void *context)
{
	struct held_work *held = context;
	struct held_work copy = *held;

	free(held);
	copy.done(copy.job);
}

int __real_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job);
int __wrap_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job);
int __wrap_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job)
{
	struct held_work *held = malloc(sizeof(*held));

	assert_non_null(held);
	*held = (struct held_work){work, done, job};
	return __real_loop_work(loop, work_behind_gate, done_behind_gate, held);
}

/* ---- the crew ---- */

static void wake(void *context, int events)
{
	(void)context;
	(void)events;
}

static void join(const struct crew *crew, struct member *member)
{
	link_open(crew->host, CLIENT_SOCKET, *member->person, &member->link);
	assert_int_equal(loop_watch(crew->host->jitd->loop, member->link.client.fd, WATCH_READ,
	                            wake, NULL, &member->watch),
	                 0);
}

static void leave(struct member *member)
{
	member->watch = watch_free(member->watch);
	link_close(&member->link);
}

void crew_gather(struct crew *crew, const struct host *host, const struct person *persons,
                 size_t size, crew_answer *answered)
{
	assert_true(size <= CREW_MAX);
	*crew = (struct crew){.host = host, .size = size, .answered = answered};
	for (size_t i = 0; i < size; i++) {
		crew->members[i].person = &persons[i];
		join(crew, &crew->members[i]);
	}
}

void crew_scatter(struct crew *crew)
{
	for (size_t i = 0; i < crew->size; i++)
		leave(&crew->members[i]);
	crew->size = 0;
}

void crew_send(struct crew *crew, size_t number, const struct message *message, void *context)
{
	struct member *member = &crew->members[number];

	assert_true(number < crew->size && !member->busy);
	if (readable(member->link.client.fd)) { /* hung up on: it was idle for too long */
		leave(member);
		join(crew, member);
	}
	member->busy = true;
	member->context = context;
	crew->busy++;
	link_send(&member->link, message);
}

void crew_turn(struct crew *crew, bool wait)
{
	struct message answer;

	host_turn(crew->host, wait);
	for (size_t i = 0; i < crew->size; i++) {
		struct member *member = &crew->members[i];
		struct fault fault = {.text = ""};
		if (!member->busy || !readable(member->link.client.fd))
			continue;
		if (client_receive(&member->link.client, NULL, NULL, &answer, &fault) < 0)
			fail_msg("instead of an answer: %s", fault.text);
		member->busy = false;
		crew->busy--;
		crew->answered(member->context, &answer);
	}
}

void crew_finish(struct crew *crew)
{
	int64_t deadline = client_now() + PATIENCE_MS;

	while (crew->busy && client_now() < deadline)
		crew_turn(crew, true); /* jitd wakes up by itself each second */
	assert_int_equal(crew->busy, 0);
}

void crew_rest(const struct crew *crew)
{
	struct loop *loop = crew->host->jitd->loop;

	for (unsigned int quiet = 0; quiet < 4; quiet++) {
		if (loop_work_in_flight(loop))
			quiet = 0;
		host_turn(crew->host, loop_work_in_flight(loop) > 0);
	}
}
