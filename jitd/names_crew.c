/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/names_crew.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"

struct crew_job {
	struct names_key key;
	enum names_lane lane;
	bool queued;
	void *owner; /* NULL: dropped */
	int result;
	struct identity *identity;
	struct crew_job *next;
};

struct worker {
	struct crew *crew;
	enum names_lane lane;
	struct crew_job *job; /* NULL: idle */
	int64_t started;      /* the job */
	bool lost;
	struct worker *next;
};

struct jobs {
	struct crew_job *first, **end;
	unsigned int count;
};

struct lane {
	struct jobs queue;
	pthread_cond_t ready;
	unsigned int working, idle, lost; /* threads; `working` counts the idle, not the lost */
	struct worker *workers;
};

/* Everything below is under the mutex. Held by the loop's side and by each thread; the last one
 * frees it. */
struct crew {
	pthread_mutex_t mutex;
	unsigned int holders;
	bool closed;
	int event;
	struct jobs finished;
	struct lane lanes[LANES];
};

static void cleanup_unlock(pthread_mutex_t **mutex)
{
	(void)pthread_mutex_unlock(*mutex);
}

static pthread_mutex_t *lock(struct crew *crew)
{
	(void)pthread_mutex_lock(&crew->mutex);
	return &crew->mutex;
}

/* For the rest of the block. */
#define LOCKED(crew)                                                                               \
	cleanup(cleanup_unlock) __attribute__((unused)) pthread_mutex_t *locked_ = lock(crew)

int64_t crew_now(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return INT64_MAX;
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- jobs ---- */

static void job_free(struct crew_job *job)
{
	identity_free(job->identity);
	free(job);
}

static void jobs_init(struct jobs *jobs)
{
	*jobs = (struct jobs){.end = &jobs->first};
}

static void jobs_append(struct jobs *jobs, struct crew_job *job)
{
	job->next = NULL;
	*jobs->end = job;
	jobs->end = &job->next;
	jobs->count++;
}

static void jobs_remove(struct jobs *jobs, struct crew_job *job)
{
	struct crew_job **at = &jobs->first;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	if (jobs->end == &job->next)
		jobs->end = at;
	jobs->count--;
}

static void jobs_free(struct jobs *jobs)
{
	while (jobs->first) {
		struct crew_job *job = jobs->first;
		jobs_remove(jobs, job);
		job_free(job);
	}
}

static void wake_loop(struct crew *crew)
{
	const uint64_t one = 1;

	/* fails only where the counter is full, and then the loop is awake */
	if (write(crew->event, &one, sizeof(one)) < 0)
		return;
}

static void finish(struct crew *crew, struct crew_job *job, int result, struct identity *identity)
{
	job->result = result;
	job->identity = identity;
	if (crew->closed) { /* nobody is there to take it */
		job_free(job);
		return;
	}
	jobs_append(&crew->finished, job);
	wake_loop(crew);
}

/* ---- the crew ---- */

int crew_new(struct crew **ret_crew)
{
	struct crew *crew = calloc(1, sizeof(*crew));

	if (!crew)
		return -ENOMEM;
	crew->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (crew->event < 0) {
		int error = errno;
		free(crew);
		return -error;
	}
	(void)pthread_mutex_init(&crew->mutex, NULL); /* on Linux these two cannot fail */
	for (size_t i = 0; i < LANES; i++) {
		(void)pthread_cond_init(&crew->lanes[i].ready, NULL);
		jobs_init(&crew->lanes[i].queue);
	}
	jobs_init(&crew->finished);
	crew->holders = 1;
	*ret_crew = crew;
	return 0;
}

static void let_go(struct crew *crew)
{
	bool last;

	{
		LOCKED(crew);
		last = --crew->holders == 0;
	}
	if (!last)
		return;
	for (size_t i = 0; i < LANES; i++)
		(void)pthread_cond_destroy(&crew->lanes[i].ready);
	(void)pthread_mutex_destroy(&crew->mutex);
	close(crew->event);
	free(crew);
}

struct crew *crew_close(struct crew *crew)
{
	if (!crew)
		return NULL;
	{
		LOCKED(crew);
		crew->closed = true;
		jobs_free(&crew->finished);
		for (size_t i = 0; i < LANES; i++) {
			jobs_free(&crew->lanes[i].queue);
			(void)pthread_cond_broadcast(&crew->lanes[i].ready);
		}
	}
	let_go(crew);
	return NULL;
}

int crew_fd(const struct crew *crew)
{
	return crew->event;
}

/* ---- on a thread ---- */

/* Waits for one; NULL: the crew is closed. */
static struct crew_job *next_job(struct worker *worker)
{
	struct crew *crew = worker->crew;
	struct lane *lane = &crew->lanes[worker->lane];
	LOCKED(crew);

	while (!lane->queue.first && !crew->closed) {
		lane->idle++;
		(void)pthread_cond_wait(&lane->ready, &crew->mutex);
		lane->idle--;
	}
	if (crew->closed)
		return NULL;
	worker->job = lane->queue.first;
	worker->started = crew_now();
	worker->job->queued = false;
	jobs_remove(&lane->queue, worker->job);
	return worker->job;
}

/* false: this thread was given up meanwhile. */
static bool hand_in(struct worker *worker, int result, struct identity *identity)
{
	struct crew *crew = worker->crew;
	LOCKED(crew);

	finish(crew, take_ptr(worker->job), result, identity);
	return !worker->lost;
}

static void leave(struct worker *worker)
{
	struct crew *crew = worker->crew;
	struct lane *lane = &crew->lanes[worker->lane];
	struct worker **at = &lane->workers;
	LOCKED(crew);

	while (*at != worker)
		at = &(*at)->next;
	*at = worker->next;
	if (worker->lost)
		lane->lost--;
	else
		lane->working--;
	if (worker->lost && !crew->closed)
		wake_loop(crew);
	free(worker);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct crew *crew = worker->crew;
	struct crew_job *job;
	bool stay = true;

	while (stay && (job = next_job(worker))) {
		struct identity *identity = NULL;
		int result = job->key.name[0] ? identity_by_name(job->key.name, &identity)
		                              : identity_by_uid(job->key.uid, &identity);

		stay = hand_in(worker, result, identity);
	}
	leave(worker);
	let_go(crew);
	return NULL;
}

/* ---- who works ---- */

static int start_thread(struct worker *worker)
{
	pthread_t thread;
	sigset_t all, before;
	int error;

	/* signals are the loop's */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&thread, NULL, work, worker);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		return -error;
	(void)pthread_detach(thread);
	return 0;
}

static int hire(struct crew *crew, enum names_lane number)
{
	struct lane *lane = &crew->lanes[number];
	struct worker *worker = calloc(1, sizeof(*worker));
	int r;

	if (!worker)
		return -ENOMEM;
	worker->crew = crew;
	worker->lane = number;
	r = start_thread(worker); /* it waits for the mutex */
	if (r < 0) {
		free(worker);
		return r;
	}
	worker->next = lane->workers;
	lane->workers = worker;
	lane->working++;
	crew->holders++;
	return 0;
}

/* As many as the queue needs; false: nobody is there to work. */
static bool staff(struct crew *crew, enum names_lane number)
{
	struct lane *lane = &crew->lanes[number];
	unsigned int hands = lane->idle;

	if (lane->lost >= NAMES_LOST_MAX)
		return false;
	while (lane->working < CREW_WORKERS && lane->queue.count > hands++)
		if (hire(crew, number) < 0)
			break;
	return lane->working > 0;
}

int crew_give(struct crew *crew, enum names_lane lane, const struct names_key *key, void *owner,
              struct crew_job **ret_job)
{
	struct jobs *queue = &crew->lanes[lane].queue;
	struct crew_job *job;
	LOCKED(crew);

	if (queue->count >= CREW_QUEUE)
		return -ENOBUFS;
	job = calloc(1, sizeof(*job));
	if (!job)
		return -ENOMEM;
	*job = (struct crew_job){.key = *key, .lane = lane, .queued = true, .owner = owner};
	jobs_append(queue, job);
	if (!staff(crew, lane)) {
		jobs_remove(queue, job);
		job_free(job);
		return -EAGAIN;
	}
	(void)pthread_cond_signal(&crew->lanes[lane].ready);
	*ret_job = job;
	return 0;
}

void crew_drop(struct crew *crew, struct crew_job *job)
{
	LOCKED(crew);

	job->owner = NULL;
	if (!job->queued)
		return; /* crew_take() frees it when its thread is back */
	jobs_remove(&crew->lanes[job->lane].queue, job);
	job_free(job);
}

bool crew_take(struct crew *crew, struct crew_answer *ret_answer)
{
	LOCKED(crew);

	while (crew->finished.first) {
		struct crew_job *job = crew->finished.first;
		bool wanted = job->owner;

		jobs_remove(&crew->finished, job);
		if (wanted) {
			*ret_answer = (struct crew_answer){job->owner, job->result, job->identity};
			job->identity = NULL; /* the caller's */
		}
		job_free(job);
		if (wanted)
			return true;
	}
	return false;
}

void crew_quiet(struct crew *crew)
{
	uint64_t count;

	if (read(crew->event, &count, sizeof(count)) < 0)
		return; /* was quiet */
}

/* ---- who is lost ---- */

static bool may_be_given_up(const struct lane *lane, const struct worker *worker)
{
	return lane->lost < NAMES_LOST_MAX && worker->job && !worker->lost;
}

static void give_up_in(struct crew *crew, enum names_lane number, int64_t now)
{
	struct lane *lane = &crew->lanes[number];

	for (struct worker *worker = lane->workers; worker; worker = worker->next)
		if (may_be_given_up(lane, worker) && now - worker->started >= NAMES_DEADLINE_MS) {
			worker->lost = true;
			lane->working--;
			lane->lost++;
		}
	if (!lane->queue.first || staff(crew, number))
		return;
	while (lane->queue.first) {
		struct crew_job *job = lane->queue.first;
		jobs_remove(&lane->queue, job);
		job->queued = false;
		finish(crew, job, -ETIMEDOUT, NULL);
	}
}

void crew_give_up(struct crew *crew, int64_t now)
{
	LOCKED(crew);

	for (unsigned int i = 0; i < LANES; i++)
		give_up_in(crew, (enum names_lane)i, now);
}

int64_t crew_deadline(struct crew *crew)
{
	int64_t first = INT64_MAX;
	LOCKED(crew);

	for (size_t i = 0; i < LANES; i++) {
		const struct lane *lane = &crew->lanes[i];
		for (const struct worker *worker = lane->workers; worker; worker = worker->next)
			if (may_be_given_up(lane, worker) &&
			    worker->started < first - NAMES_DEADLINE_MS)
				first = worker->started + NAMES_DEADLINE_MS;
	}
	return first;
}

unsigned int crew_lost(struct crew *crew, enum names_lane lane)
{
	LOCKED(crew);

	return crew->lanes[lane].lost;
}
