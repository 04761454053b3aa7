/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No sooner than that: an answer that comes at one time, whatever it took to find. The time begins
 * when the floor is made, so that neither the work nor the timer's rounding can be told from it.
 */
#ifndef JIT_JITD_FLOOR_H
#define JIT_JITD_FLOOR_H

#include "jitd/loop.h"

struct floor;
/* NULL without memory: then there is none. */
struct floor *floor_new(struct loop *loop, uint64_t milliseconds, void (*due)(void *),
                        void *context);
/* Too early: true, and due() follows once; false from then on, and for NULL. */
bool floor_holds(struct floor *floor);
struct floor *floor_free(struct floor *floor); /* takes NULL, returns NULL; due() does not follow */

#endif
