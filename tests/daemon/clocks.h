/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host with people on it (tests/daemon/people.h) whose clocks, and whose boot, are by our word.
 * Programs that use it are linked with --wrap of clock_wall, clock_boot and process_boot_id.
 */
#ifndef JIT_TESTS_DAEMON_CLOCKS_H
#define JIT_TESTS_DAEMON_CLOCKS_H

#include "tests/daemon/people.h"

#define DAY  86400
#define YEAR ((int64_t)365 * DAY)

int clocks_begin(void **state); /* ended by people_end() */
/* One whose clock is confirmed; or the test is skipped. */
const struct host *need_settled(void **state);

void set_clock(int64_t seconds); /* the wall clock, by somebody, so much forth */
void pass(int64_t seconds);      /* true time: both clocks go on */
void start_again(struct host *host);
void boot(void **state, int64_t seconds); /* off for that long, and up again */

/* jitd reads its clock, and does what follows. */
void look(const struct host *host);

int64_t length_of(const struct host *host, uint32_t access); /* of a grant, seconds */
/* Whoever asks now gets it now. */
void expect_new_access(const struct host *host);

#endif
