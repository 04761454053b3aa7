/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/loop.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <uv.h>

#include "base/cleanup.h"

#define WATCHES_KEPT 1024 /* more than descriptors in a rush: a peer has two */
#define POOL_THREADS 4    /* libuv's own number, where UV_THREADPOOL_SIZE says nothing else */

struct loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	struct {
		void (*call)(void *);
		void *context;
	} before_sleep[LOOP_SLEEPERS];
	unsigned int in_flight;
	uint64_t turns;
	/* by their descriptor, which the next that is opened gets again: a handle that is made anew
	 * costs three calls of the kernel, and a check has sixty */
	struct watch *kept[WATCHES_KEPT];
};

struct watch {
	uv_poll_t uv;
	struct loop *loop;
	int fd;
	void (*call)(void *, int);
	void *context;
	int events;
};

/* What is to be done at once is libuv's in any case: it comes with the next turn. */
struct timer {
	uv_timer_t uv;
	uv_poll_t poll; /* of fd */
	int fd;         /* a timerfd; -1: there is none */
	unsigned int handles;
	void (*call)(void *);
	void *context;
};

struct signal_watch {
	uv_signal_t uv;
	void (*call)(void *);
	void *context;
};

struct work {
	uv_work_t uv;
	struct loop *loop;
	void (*work)(void *);
	void (*done)(void *);
	void *job;
};

static void free_handle(uv_handle_t *handle)
{
	free(handle->data);
}

static void call_before_sleep(struct loop *loop)
{
	for (size_t i = 0; i < LOOP_SLEEPERS && loop->before_sleep[i].call; i++)
		loop->before_sleep[i].call(loop->before_sleep[i].context);
}

static void prepare_call(uv_prepare_t *handle)
{
	struct loop *loop =
	        (struct loop *)(void *)((char *)handle - offsetof(struct loop, prepare));

	call_before_sleep(loop);
	loop->turns++; /* last: nothing is handled between this and the wait */
}

int loop_new(struct loop **ret_loop)
{
	struct loop *loop = calloc(1, sizeof(*loop));
	int r;

	if (!loop)
		return -ENOMEM;
	r = uv_loop_init(&loop->uv);
	if (r == 0)
		r = uv_prepare_init(&loop->uv, &loop->prepare);
	if (r == 0)
		r = uv_prepare_start(&loop->prepare, prepare_call);
	if (r < 0) {
		free(loop);
		return r;
	}
	loop->prepare.data = NULL; /* part of struct loop: nothing to free when it closes */
	*ret_loop = loop;
	return 0;
}

static void close_signal(uv_handle_t *handle, void *context)
{
	(void)context;
	if (!uv_is_closing(handle))
		uv_close(handle, free_handle);
}

struct loop *loop_free(struct loop *loop)
{
	if (!loop)
		return NULL;
	uv_walk(&loop->uv, close_signal, NULL);
	while (uv_run(&loop->uv, UV_RUN_DEFAULT))
		;
	(void)uv_loop_close(&loop->uv);
	free(loop);
	return NULL;
}

int loop_run(struct loop *loop)
{
	int r = uv_run(&loop->uv, UV_RUN_DEFAULT);

	call_before_sleep(loop);
	return r < 0 ? r : 0;
}

void loop_stop(struct loop *loop)
{
	uv_stop(&loop->uv);
}

void loop_turn(struct loop *loop, bool wait)
{
	(void)uv_run(&loop->uv, wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

uint64_t loop_turns(const struct loop *loop)
{
	return loop->turns;
}

int loop_before_sleep(struct loop *loop, void (*call)(void *), void *context)
{
	for (size_t i = 0; i < LOOP_SLEEPERS; i++)
		if (!loop->before_sleep[i].call) {
			loop->before_sleep[i].call = call;
			loop->before_sleep[i].context = context;
			return 0;
		}
	return -ENOBUFS;
}

/* ---- descriptors ---- */

static int from_uv(int events)
{
	return (events & UV_READABLE ? WATCH_READ : 0) | (events & UV_WRITABLE ? WATCH_WRITE : 0) |
	       (events & UV_DISCONNECT ? WATCH_HANGUP : 0);
}

static int to_uv(int events)
{
	return (events & WATCH_READ ? UV_READABLE : 0) | (events & WATCH_WRITE ? UV_WRITABLE : 0) |
	       (events & WATCH_HANGUP ? UV_DISCONNECT : 0);
}

static void watch_call(uv_poll_t *handle, int status, int events)
{
	struct watch *watch = handle->data;

	watch->call(watch->context, status < 0 ? watch->events : from_uv(events));
}

static struct watch **place_of(struct loop *loop, int fd)
{
	return fd >= 0 && fd < WATCHES_KEPT ? &loop->kept[fd] : NULL;
}

static int watch_for(struct loop *loop, int fd, struct watch **ret_watch)
{
	struct watch **place = place_of(loop, fd);
	cleanup(cleanup_free) struct watch *watch = NULL;
	int r;

	if (place && *place) {
		*ret_watch = take_ptr(*place);
		return 0;
	}
	watch = calloc(1, sizeof(*watch));
	if (!watch)
		return -ENOMEM;
	r = uv_poll_init(&loop->uv, &watch->uv, fd);
	if (r < 0)
		return r;
	watch->loop = loop;
	watch->fd = fd;
	watch->uv.data = watch;
	*ret_watch = take_ptr(watch);
	return 0;
}

int loop_watch(struct loop *loop, int fd, int events, void (*call)(void *, int), void *context,
               struct watch **ret_watch)
{
	struct watch *watch;
	int r = watch_for(loop, fd, &watch);

	if (r < 0)
		return r;
	watch->call = call;
	watch->context = context;
	r = watch_set(watch, events);
	if (r < 0)
		watch_free(watch);
	else
		*ret_watch = watch;
	return r;
}

int watch_set(struct watch *watch, int events)
{
	watch->events = events;
	return events ? uv_poll_start(&watch->uv, to_uv(events), watch_call)
	              : uv_poll_stop(&watch->uv);
}

struct watch *watch_free(struct watch *watch)
{
	struct watch **place;

	if (!watch)
		return NULL;
	place = place_of(watch->loop, watch->fd);
	if (place && !*place && uv_poll_stop(&watch->uv) == 0)
		*place = watch; /* loop_free() closes it */
	else
		uv_close((uv_handle_t *)&watch->uv, free_handle);
	return NULL;
}

/* ---- timers and signals ---- */

static void timer_call(uv_timer_t *handle)
{
	struct timer *timer = handle->data;

	timer->call(timer->context);
}

int loop_timer(struct loop *loop, void (*call)(void *), void *context, struct timer **ret_timer)
{
	struct timer *timer = calloc(1, sizeof(*timer));
	int r;

	if (!timer)
		return -ENOMEM;
	timer->call = call;
	timer->context = context;
	timer->fd = -1;
	timer->handles = 1;
	r = uv_timer_init(&loop->uv, &timer->uv);
	if (r < 0) {
		free(timer);
		return r;
	}
	timer->uv.data = timer;
	*ret_timer = timer;
	return 0;
}

static void arm(struct timer *timer, uint64_t milliseconds)
{
	const struct itimerspec at = {
	        .it_value = {.tv_sec = (time_t)(milliseconds / 1000),
	                     .tv_nsec = (long)(milliseconds % 1000) * 1000000}};

	if (timer->fd >= 0)
		(void)timerfd_settime(timer->fd, 0, &at, NULL);
}

void timer_start(struct timer *timer, uint64_t milliseconds)
{
	arm(timer, milliseconds); /* 0 stops it */
	if (timer->fd >= 0 && milliseconds) {
		(void)uv_timer_stop(&timer->uv);
		return;
	}
	uv_update_time(timer->uv.loop);
	(void)uv_timer_start(&timer->uv, timer_call, milliseconds, 0);
}

void timer_stop(struct timer *timer)
{
	arm(timer, 0);
	(void)uv_timer_stop(&timer->uv);
}

/* Both at once: loop_free() must find none that is still to be closed. */
static void handle_closed(uv_handle_t *handle)
{
	struct timer *timer = handle->data;

	if (--timer->handles)
		return;
	if (timer->fd >= 0)
		close(timer->fd);
	free(timer);
}

struct timer *timer_free(struct timer *timer)
{
	if (!timer)
		return NULL;
	if (timer->fd >= 0)
		uv_close((uv_handle_t *)&timer->poll, handle_closed);
	uv_close((uv_handle_t *)&timer->uv, handle_closed);
	return NULL;
}

static void alarm_call(uv_poll_t *handle, int status, int events)
{
	struct timer *timer = handle->data;
	uint64_t times;

	(void)status;
	(void)events;
	if (read(timer->fd, &times, sizeof(times)) != sizeof(times))
		return; /* it was started anew meanwhile */
	timer->call(timer->context);
}

/* `timer` gets a timerfd; on failure it is freed. */
static int add_fd(struct loop *loop, struct timer *timer, clockid_t clock, uv_poll_cb call)
{
	int fd = timerfd_create(clock, TFD_NONBLOCK | TFD_CLOEXEC);
	int r = fd < 0 ? -errno : uv_poll_init(&loop->uv, &timer->poll, fd);

	if (r < 0) {
		if (fd >= 0)
			close(fd);
		timer_free(timer);
		return r;
	}
	timer->fd = fd;
	timer->handles = 2;
	timer->poll.data = timer;
	r = uv_poll_start(&timer->poll, UV_READABLE, call);
	if (r < 0)
		timer_free(timer);
	return r;
}

int loop_alarm(struct loop *loop, void (*call)(void *), void *context, struct timer **ret_timer)
{
	struct timer *timer;
	int r = loop_timer(loop, call, context, &timer);

	if (r == 0)
		r = add_fd(loop, timer, CLOCK_BOOTTIME, alarm_call);
	if (r == 0)
		*ret_timer = timer;
	return r;
}

/* For a time that never comes: the kernel cancels it when the clock is set (timerfd_create(2)). */
static int await_clock_set(const struct timer *timer)
{
	const struct itimerspec never = {.it_value = {.tv_sec = INT32_MAX * (time_t)4}};

	return timerfd_settime(timer->fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never,
	                       NULL) < 0
	               ? -errno
	               : 0;
}

static void clock_set_call(uv_poll_t *handle, int status, int events)
{
	struct timer *timer = handle->data;
	uint64_t times;

	(void)status;
	(void)events;
	if (read(timer->fd, &times, sizeof(times)) < 0 && errno == EAGAIN)
		return;
	(void)await_clock_set(timer);
	timer->call(timer->context);
}

int loop_clock_set(struct loop *loop, void (*call)(void *), void *context, struct timer **ret_timer)
{
	struct timer *timer;
	int r = loop_timer(loop, call, context, &timer);

	if (r == 0)
		r = add_fd(loop, timer, CLOCK_REALTIME, clock_set_call);
	if (r < 0)
		return r;
	r = await_clock_set(timer);
	if (r < 0)
		timer_free(timer);
	else
		*ret_timer = timer;
	return r;
}

static void signal_call(uv_signal_t *handle, int number)
{
	struct signal_watch *watch = handle->data;

	(void)number;
	watch->call(watch->context);
}

int loop_signal(struct loop *loop, int number, void (*call)(void *), void *context)
{
	struct signal_watch *watch = calloc(1, sizeof(*watch));
	int r;

	if (!watch)
		return -ENOMEM;
	watch->call = call;
	watch->context = context;
	r = uv_signal_init(&loop->uv, &watch->uv);
	if (r < 0) {
		free(watch);
		return r;
	}
	watch->uv.data = watch; /* loop_free() closes it */
	return uv_signal_start(&watch->uv, signal_call, number);
}

/* ---- the pool ---- */

static void work_call(uv_work_t *request)
{
	struct work *work = request->data;

	work->work(work->job);
}

static void work_done(uv_work_t *request, int status)
{
	struct work *work = request->data;

	(void)status; /* nothing is ever cancelled */
	work->loop->in_flight--;
	work->done(work->job);
	free(work);
}

int loop_work(struct loop *loop, void (*call)(void *), void (*done)(void *), void *job)
{
	struct work *work = calloc(1, sizeof(*work));
	int r;

	if (!work)
		return -ENOMEM;
	*work = (struct work){.loop = loop, .work = call, .done = done, .job = job};
	work->uv.data = work;
	r = uv_queue_work(&loop->uv, &work->uv, work_call, work_done);
	if (r < 0) {
		free(work);
		return r;
	}
	loop->in_flight++;
	return 0;
}

size_t loop_threads(void)
{
	unsigned int processors = uv_available_parallelism();

	return processors < POOL_THREADS ? processors : POOL_THREADS;
}

unsigned int loop_work_in_flight(const struct loop *loop)
{
	return loop->in_flight;
}
