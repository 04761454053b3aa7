/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a token or code would do at a door, check by check (jitd/checklist.h): the same road as a
 * login at `auth`, and nothing is burned, spent, counted as a guess or written. Where the file of a
 * trust's keys has changed it is read again, as at any login.
 */
#ifndef JIT_JITD_EXPLAIN_H
#define JIT_JITD_EXPLAIN_H

#include "jitd/call.h"

/* Sends the steps and the end, then calls `done`. For administrators: it tells more than a login.
 */
void explain_begin(struct call *call, void (*done)(struct call *call));

#endif
