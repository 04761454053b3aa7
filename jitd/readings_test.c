/* SPDX-License-Identifier: Apache-2.0 */
/* Each token that is to be read is read once, by whom it should be, and told on the loop's thread.
 */
#include "jitd/readings.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "jitd/jitd.h"
#include "jitd/peer.h"

#define MANY 100

struct reading {
	struct reading_job job;
	unsigned int reads, told;
	bool read_here, told_here;
	struct reading *more; /* added when this one is told */
};

static struct jitd jitd;
static struct reading readings[MANY + 1];
static pthread_t here;
static bool one_peer, no_memory;
static unsigned int groups;

unsigned int __wrap_peers_count(const struct peers *peers, enum peer_kind kind);
unsigned int __wrap_peers_count(const struct peers *peers, enum peer_kind kind)
{
	(void)peers;
	return kind == PEER_PAM || !one_peer;
}

int __real_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job);
int __wrap_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job);
int __wrap_loop_work(struct loop *loop, void (*work)(void *), void (*done)(void *), void *job)
{
	groups++;
	return no_memory ? -ENOMEM : __real_loop_work(loop, work, done, job);
}

static void read_one(void *context)
{
	struct reading *reading = context;

	reading->reads++;
	reading->read_here = pthread_equal(pthread_self(), here);
}

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void read_behind_gate(void *context)
{
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	read_one(context);
}

static void tell_one(void *context)
{
	struct reading *reading = context;

	reading->told++;
	reading->told_here = pthread_equal(pthread_self(), here);
	if (reading->more)
		readings_add(jitd.readings, &reading->more->job);
}

static void add(struct reading *reading)
{
	readings_add(jitd.readings, &reading->job);
	assert_true(readings_wait(jitd.readings));
	assert_int_equal(reading->reads, 0);
}

static void until_told(const struct reading *reading)
{
	while (!reading->told)
		loop_turn(jitd.loop, false);
}

static void expect(const struct reading *reading, bool read_here)
{
	assert_int_equal(reading->reads, 1);
	assert_int_equal(reading->told, 1);
	assert_int_equal(reading->read_here, read_here);
	assert_true(reading->told_here);
}

static int begin(void **state)
{
	(void)state;
	here = pthread_self();
	one_peer = no_memory = false;
	groups = 0;
	for (size_t i = 0; i <= MANY; i++)
		readings[i] = (struct reading){.job = {.tokens = 1,
		                                       .read = read_one,
		                                       .done = tell_one,
		                                       .context = &readings[i]}};
	jitd = (struct jitd){.peers = (struct peers *)(void *)&jitd};
	assert_int_equal(loop_new(&jitd.loop), 0);
	assert_int_equal(readings_new(&jitd, &jitd.readings), 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	readings_free(jitd.readings);
	loop_free(jitd.loop);
	return 0;
}

static void many_are_read_on_the_pool_some_at_a_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < MANY; i++)
		add(&readings[i]);
	for (size_t i = 0; i < MANY; i++) {
		until_told(&readings[i]);
		expect(&readings[i], false);
	}
	assert_false(readings_wait(jitd.readings));
	assert_in_range(groups, (MANY + 7) / 8, MANY / 2);
}

static void who_has_many_tokens_shares_with_few(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		readings[i].job.tokens = 8;
		add(&readings[i]);
	}
	for (size_t i = 0; i < 4; i++)
		until_told(&readings[i]);
	assert_int_equal(groups, 4);
}

static void few_are_shared_among_the_threads(void **state)
{
	(void)state;
	add(&readings[0]);
	add(&readings[1]);
	until_told(&readings[0]);
	until_told(&readings[1]);
	assert_int_equal(groups, loop_threads() > 1 ? 2 : 1);
}

static void one_that_is_all_there_is_to_do_is_read_at_once(void **state)
{
	(void)state;
	one_peer = true;
	add(&readings[0]);
	loop_turn(jitd.loop, false);
	expect(&readings[0], true);
	assert_int_equal(groups, 0);
}

static void two_are_not_all_there_is_to_do(void **state)
{
	(void)state;
	one_peer = true;
	add(&readings[0]);
	add(&readings[1]);
	until_told(&readings[0]);
	until_told(&readings[1]);
	expect(&readings[0], false);
	expect(&readings[1], false);
}

static void add_first(void *context)
{
	struct reading *reading = context;

	if (!reading->told && !reading->reads && !readings_wait(jitd.readings))
		readings_add(jitd.readings, &reading->job);
}

/* What comes of a commit comes last before the loop sleeps. */
static void one_that_comes_last_before_the_sleep_is_not_left(void **state)
{
	(void)state;
	assert_int_equal(loop_before_sleep(jitd.loop, add_first, &readings[0]), 0);
	one_peer = true;
	until_told(&readings[0]);
	expect(&readings[0], true);
}

static void nothing_keeps_the_loop_while_the_pool_works(void **state)
{
	unsigned int told;

	(void)state;
	readings[0].job.read = read_behind_gate;
	pthread_mutex_lock(&gate);
	add(&readings[0]);
	loop_turn(jitd.loop, false);
	one_peer = true;
	add(&readings[1]);
	until_told(&readings[1]);
	told = readings[0].told;
	pthread_mutex_unlock(&gate);
	until_told(&readings[0]);
	expect(&readings[1], false);
	assert_int_equal(told, 0);
}

static void without_memory_none_is_lost(void **state)
{
	(void)state;
	no_memory = true;
	for (size_t i = 0; i < MANY; i++)
		add(&readings[i]);
	loop_turn(jitd.loop, false);
	for (size_t i = 0; i < MANY; i++)
		expect(&readings[i], true);
}

static void add_two_in_turn(bool read_here)
{
	one_peer = read_here;
	readings[0].more = &readings[1];
	add(&readings[0]);
	until_told(&readings[1]);
	expect(&readings[0], read_here);
	expect(&readings[1], read_here);
}

static void one_that_is_told_may_add_another(void **state)
{
	(void)state;
	add_two_in_turn(false);
}

static void one_that_is_told_at_once_may_add_another(void **state)
{
	(void)state;
	add_two_in_turn(true);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(many_are_read_on_the_pool_some_at_a_time),
	        TEST(who_has_many_tokens_shares_with_few),
	        TEST(few_are_shared_among_the_threads),
	        TEST(one_that_is_all_there_is_to_do_is_read_at_once),
	        TEST(two_are_not_all_there_is_to_do),
	        TEST(one_that_comes_last_before_the_sleep_is_not_left),
	        TEST(nothing_keeps_the_loop_while_the_pool_works),
	        TEST(without_memory_none_is_lost),
	        TEST(one_that_is_told_may_add_another),
	        TEST(one_that_is_told_at_once_may_add_another),
	};

	alarm(20); /* a gate that nobody opens */
	return cmocka_run_group_tests_name("readings", tests, NULL, NULL);
}
