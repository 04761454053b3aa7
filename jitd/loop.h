/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: the only file that knows libuv. Everything of jitd but signatures (pool; one that
 * comes alone apart: jitd/readings) and NSS (jitd/names) runs on its one thread. Callbacks get the
 * context that they were made with. *_free takes NULL, may be called from the object's own
 * callback, and returns NULL; no callback follows it.
 */
#ifndef JIT_JITD_LOOP_H
#define JIT_JITD_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct loop;
must_check int loop_new(struct loop **ret_loop);
struct loop *loop_free(struct loop *loop);  /* after everything made on it was freed */
must_check int loop_run(struct loop *loop); /* until loop_stop() */
void loop_stop(struct loop *loop);
/* One turn: handles what is ready; waits for something to be ready if `wait`. For tests. */
void loop_turn(struct loop *loop, bool wait);

/* How often it has gone to wait. Packets that are handled under one number were there when that
 * wait ended, but for those behind the first 1024 that were ready. */
uint64_t loop_turns(const struct loop *loop);

/* Before the loop sleeps, each turn (uv_prepare), and once more when loop_run() ends; in the order
 * in which they were given. -ENOBUFS: as many as there may be are there already. */
#define LOOP_SLEEPERS 2
must_check int loop_before_sleep(struct loop *loop, void (*call)(void *), void *context);

enum { WATCH_READ = 1, WATCH_WRITE = 2, WATCH_HANGUP = 4 };
struct watch;
/* `call` gets the ready events as a mask; on an error of the descriptor all that were asked for.
 * The descriptor does not block, stays the caller's and must outlive the watch. */
must_check int loop_watch(struct loop *loop, int fd, int events, void (*call)(void *, int),
                          void *context, struct watch **ret_watch);
must_check int watch_set(struct watch *watch, int events); /* 0: none until set again */
struct watch *watch_free(struct watch *watch);

struct timer;
must_check int loop_timer(struct loop *loop, void (*call)(void *), void *context,
                          struct timer **ret_timer);          /* not running yet */
void timer_start(struct timer *timer, uint64_t milliseconds); /* once; replaces a running one */
void timer_stop(struct timer *timer);
struct timer *timer_free(struct timer *timer);
/* One that counts on CLOCK_BOOTTIME: libuv's stand still while the host sleeps. */
must_check int loop_alarm(struct loop *loop, void (*call)(void *), void *context,
                          struct timer **ret_timer);
/* Running from the beginning: called each time that somebody sets the wall clock. */
must_check int loop_clock_set(struct loop *loop, void (*call)(void *), void *context,
                              struct timer **ret_timer);

must_check int loop_signal(struct loop *loop, int number, void (*call)(void *), void *context);

/* `work` on a thread of the pool, then `done` on the loop. Both get `job`, which is whoever's
 * `done` makes it. -errno: neither will be called. */
must_check int loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job);
size_t loop_threads(void); /* as many of the pool's as can run at a time, at least 1 */
unsigned int loop_work_in_flight(const struct loop *loop); /* jobs whose `done` has not run yet */

#endif
