/* SPDX-License-Identifier: Apache-2.0 */
/* Watches whose descriptors are closed, and whose numbers others get. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <cmocka.h>

#include "jitd/loop.h"

struct end {
	struct loop *loop;
	int fd;
	struct watch *watch;
	unsigned int calls;
	struct end *other, *heir; /* whom its call does away with, and who gets that number then */
};

static void called(void *context, int events);

static void open_end(struct end *end, struct loop *loop, unsigned int ready)
{
	end->loop = loop;
	end->fd = eventfd(ready, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_true(end->fd >= 0);
	assert_int_equal(loop_watch(loop, end->fd, WATCH_READ, called, end, &end->watch), 0);
}

static void close_end(struct end *end)
{
	end->watch = watch_free(end->watch);
	close(end->fd);
	end->fd = -1;
}

static void called(void *context, int events)
{
	struct end *end = context;
	uint64_t count;

	assert_int_equal(events, WATCH_READ);
	assert_true(end->watch && end->fd >= 0);
	assert_int_equal(read(end->fd, &count, sizeof(count)), sizeof(count));
	end->calls++;
	if (!end->other || end->other->fd < 0)
		return;
	close_end(end->other);
	if (end->heir)
		open_end(end->heir, end->loop, 0);
}

static int begin(void **state)
{
	return loop_new((struct loop **)state);
}

static int end(void **state)
{
	loop_free(*state);
	return 0;
}

/* Both were ready when the loop woke, and either may come first. */
static void who_was_freed_is_not_called(void **state)
{
	struct end one = {.other = NULL}, two = {.other = &one};

	one.other = &two;
	open_end(&one, *state, 1);
	open_end(&two, *state, 1);
	loop_turn(*state, true);
	loop_turn(*state, false);
	assert_int_equal(one.calls + two.calls, 1);
	close_end(one.fd >= 0 ? &one : &two);
}

static void who_gets_the_number_is_called_for_its_own(void **state)
{
	struct end heir = {.other = NULL}, one = {.heir = &heir},
	           two = {.other = &one, .heir = &heir};
	const uint64_t more = 1;

	one.other = &two;
	open_end(&one, *state, 1);
	open_end(&two, *state, 1);
	const int numbers[2] = {one.fd, two.fd};
	loop_turn(*state, true);
	loop_turn(*state, false);
	assert_int_equal(one.calls + two.calls, 1);
	assert_true(heir.fd == numbers[0] || heir.fd == numbers[1]);
	assert_int_equal(heir.calls, 0);
	assert_int_equal(write(heir.fd, &more, sizeof(more)), sizeof(more));
	loop_turn(*state, true);
	assert_int_equal(heir.calls, 1);
	assert_int_equal(one.calls + two.calls, 1);
	close_end(&heir);
	close_end(one.fd >= 0 ? &one : &two);
}

/* Of two that watch one descriptor, one is kept. */
static void a_number_is_kept_once(void **state)
{
	struct end again = {.other = NULL}, one = {.other = NULL};
	struct watch *second = NULL;

	open_end(&one, *state, 0);
	assert_int_equal(watch_set(one.watch, 0), 0); /* else there is no second */
	assert_int_equal(loop_watch(*state, one.fd, 0, called, &one, &second), 0);
	watch_free(second);
	close_end(&one);
	open_end(&again, *state, 1);
	loop_turn(*state, true);
	assert_int_equal(again.calls, 1);
	assert_int_equal(one.calls, 0);
	close_end(&again);
}

static void what_is_no_descriptor_is_refused(void **state)
{
	struct watch *watch = NULL;

	loop_turn(*state, false);
	assert_true(loop_watch(*state, -1, WATCH_READ, called, NULL, &watch) < 0);
	assert_null(watch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(who_was_freed_is_not_called),
	        TEST(who_gets_the_number_is_called_for_its_own),
	        TEST(a_number_is_kept_once),
	        TEST(what_is_no_descriptor_is_refused),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
