/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/names_test_nss.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <cmocka.h>

#include "base/text.h"
#include "jitd/names.h"

/* ---- NSS ---- */

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	_Atomic bool real;
	bool failing, gone, open;
	unsigned int calls, inside, with_signals;
} nss = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, .real = false};

int __real_identity_by_uid(uid_t uid, struct identity **ret_identity);
int __real_identity_by_name(const char *name, struct identity **ret_identity);
int __wrap_identity_by_uid(uid_t uid, struct identity **ret_identity);
int __wrap_identity_by_name(const char *name, struct identity **ret_identity);

static struct identity *person(uid_t uid)
{
	struct identity *identity = calloc(1, sizeof(*identity));

	identity->uid = uid;
	assert_int_equal(text_format(identity->name, NAME_SIZE, "user%u", uid), 0);
	identity->groups = calloc(1, sizeof(*identity->groups));
	identity->group_count = 1;
	assert_int_equal(text_copy(identity->groups[0], NAME_SIZE, "staff"), 0);
	return identity;
}

static int stub(uid_t uid, struct identity **ret_identity)
{
	sigset_t blocked;
	int result = 0;

	(void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	pthread_mutex_lock(&nss.mutex);
	nss.calls++;
	nss.inside++;
	nss.with_signals += !sigismember(&blocked, SIGTERM) || !sigismember(&blocked, SIGHUP);
	pthread_cond_broadcast(&nss.changed);
	while (uid >= SLOW && !nss.open)
		pthread_cond_wait(&nss.changed, &nss.mutex);
	nss.inside--;
	if (nss.failing)
		result = -EIO;
	else if (nss.gone || uid < 1000)
		result = IDENTITY_UNKNOWN;
	pthread_mutex_unlock(&nss.mutex);
	if (!result)
		*ret_identity = person(uid);
	return result;
}

int __wrap_identity_by_uid(uid_t uid, struct identity **ret_identity)
{
	return nss.real ? __real_identity_by_uid(uid, ret_identity) : stub(uid, ret_identity);
}

int __wrap_identity_by_name(const char *name, struct identity **ret_identity)
{
	unsigned int uid = 0;

	if (nss.real)
		return __real_identity_by_name(name, ret_identity);
	return stub(sscanf(name, "user%u", &uid) == 1 ? uid : 0, ret_identity);
}

void nss_set(bool failing, bool gone)
{
	pthread_mutex_lock(&nss.mutex);
	nss.failing = failing;
	nss.gone = gone;
	pthread_mutex_unlock(&nss.mutex);
}

void nss_let_go(bool open)
{
	pthread_mutex_lock(&nss.mutex);
	nss.open = open;
	pthread_cond_broadcast(&nss.changed);
	pthread_mutex_unlock(&nss.mutex);
}

int __real_clock_gettime(clockid_t clock, struct timespec *ret_now);
void wait_for_calls(unsigned int calls)
{
	struct timespec until;
	int r = __real_clock_gettime(CLOCK_REALTIME, &until);

	until.tv_sec += 10;
	pthread_mutex_lock(&nss.mutex);
	while (r == 0 && nss.calls < calls)
		r = pthread_cond_timedwait(&nss.changed, &nss.mutex, &until);
	pthread_mutex_unlock(&nss.mutex);
	assert_int_equal(r, 0);
}

unsigned int nss_calls(void)
{
	unsigned int calls;

	pthread_mutex_lock(&nss.mutex);
	calls = nss.calls;
	pthread_mutex_unlock(&nss.mutex);
	return calls;
}

/* ---- time ---- */

static _Atomic int64_t skew; /* milliseconds */
static struct timer *last_timer;

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now);
void __real_timer_start(struct timer *timer, uint64_t milliseconds);
void __wrap_timer_start(struct timer *timer, uint64_t milliseconds);

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret_now)
{
	int r = __real_clock_gettime(clock, ret_now);

	ret_now->tv_sec += skew / 1000;
	ret_now->tv_nsec += skew % 1000 * 1000000;
	return r;
}

void __wrap_timer_start(struct timer *timer, uint64_t milliseconds)
{
	assert_in_range(milliseconds, 1, NAMES_DEADLINE_MS);
	last_timer = timer;
	__real_timer_start(timer, milliseconds);
}

static off_t etc_size;

int __wrap_stat(const char *path, struct stat *ret_found);

int __wrap_stat(const char *path, struct stat *ret_found)
{
	(void)path;
	*ret_found = (struct stat){.st_size = etc_size};
	return 0;
}

void etc_change(void)
{
	etc_size++;
}

void pass(struct loop *loop, int64_t milliseconds)
{
	skew += milliseconds;
	if (last_timer)
		__real_timer_start(last_timer, 0);
	loop_turn(loop, false);
}

void nss_reset(bool real)
{
	nss.real = real;
	last_timer = NULL;
	pthread_mutex_lock(&nss.mutex);
	nss.calls = nss.with_signals = 0;
	nss.failing = nss.gone = nss.open = false;
	pthread_mutex_unlock(&nss.mutex);
}

unsigned int nss_with_signals(void)
{
	unsigned int calls;

	pthread_mutex_lock(&nss.mutex);
	calls = nss.with_signals;
	pthread_mutex_unlock(&nss.mutex);
	return calls;
}

unsigned int threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	unsigned int count = 0;

	assert_non_null(tasks);
	while (readdir(tasks))
		count++;
	closedir(tasks);
	return count - 2;
}

static void *nothing(void *argument)
{
	return argument;
}

void start_a_first_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, nothing, NULL) == 0)
		(void)pthread_join(thread, NULL);
}

void asked_take(void *context, enum names_result result, const struct identity *identity)
{
	struct asked *asked = context;

	asked->answers++;
	asked->result = result;
	assert_true((identity != NULL) == (result == NAMES_FOUND || result == NAMES_STALE));
	if (!identity)
		return;
	asked->uid = identity->uid;
	assert_int_equal(text_copy(asked->name, NAME_SIZE, identity->name), 0);
}
