/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/floor.h"

#include <stdlib.h>

struct floor {
	struct timer *timer;
	void (*due)(void *context);
	void *context;
	bool over, waited_for;
};

static void time_is_up(void *context)
{
	struct floor *floor = context;

	floor->over = true;
	if (floor->waited_for)
		floor->due(floor->context);
}

struct floor *floor_new(struct loop *loop, uint64_t milliseconds, void (*due)(void *),
                        void *context)
{
	struct floor *floor = calloc(1, sizeof(*floor));

	if (!floor)
		return NULL;
	*floor = (struct floor){.due = due, .context = context};
	if (loop_timer(loop, time_is_up, floor, &floor->timer) < 0)
		return floor_free(floor);
	timer_start(floor->timer, milliseconds);
	return floor;
}

bool floor_holds(struct floor *floor)
{
	if (!floor || floor->over)
		return false;
	floor->waited_for = true;
	return true;
}

struct floor *floor_free(struct floor *floor)
{
	if (floor)
		timer_free(floor->timer);
	free(floor);
	return NULL;
}
