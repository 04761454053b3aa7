/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/floor.h"

#include "jitd/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define FLOOR_MS 30

struct stage {
	struct loop *loop;
	struct floor *floor;
	int64_t begun;
	unsigned int called;
};

static void due(void *context)
{
	struct stage *stage = context;

	stage->called++;
	stage->floor = floor_free(stage->floor); /* from its own callback */
}

static int64_t spent_ms(const struct stage *stage)
{
	return (clock_ticks() - stage->begun) / 1000000;
}

static void make(struct stage *stage)
{
	*stage = (struct stage){.begun = clock_ticks()};
	assert_int_equal(loop_new(&stage->loop), 0);
	stage->floor = floor_new(stage->loop, FLOOR_MS, due, stage);
	assert_non_null(stage->floor);
}

static void unmake(struct stage *stage)
{
	floor_free(stage->floor);
	loop_turn(stage->loop, false);
	loop_free(stage->loop);
}

static void pass(struct stage *stage, int64_t ms)
{
	while (spent_ms(stage) < ms)
		loop_turn(stage->loop, false);
	loop_turn(stage->loop, false); /* a slow machine may not have had one since */
}

static void what_comes_too_early_waits(void **state)
{
	struct stage stage;

	(void)state;
	make(&stage);
	assert_true(floor_holds(stage.floor));
	while (!stage.called) {
		loop_turn(stage.loop, true);
		assert_true(stage.called == 0 || spent_ms(&stage) >= FLOOR_MS - 1);
	}
	pass(&stage, 2 * FLOOR_MS + 5);
	assert_int_equal(stage.called, 1);
	unmake(&stage);
}

static void what_comes_late_goes_at_once(void **state)
{
	struct stage stage;

	(void)state;
	make(&stage);
	pass(&stage, FLOOR_MS + 5);
	assert_int_equal(stage.called, 0);
	assert_false(floor_holds(stage.floor));
	pass(&stage, 2 * FLOOR_MS + 5);
	assert_int_equal(stage.called, 0);
	unmake(&stage);
}

static void freed_it_is_silent(void **state)
{
	struct stage stage;

	(void)state;
	make(&stage);
	assert_true(floor_holds(stage.floor));
	stage.floor = floor_free(stage.floor);
	pass(&stage, FLOOR_MS + 5);
	assert_int_equal(stage.called, 0);
	assert_false(floor_holds(NULL));
	unmake(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_comes_too_early_waits),
	        cmocka_unit_test(what_comes_late_goes_at_once),
	        cmocka_unit_test(freed_it_is_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
