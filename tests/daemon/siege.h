/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host that runs here for clients that mean harm: games may have sudo:root at once, others
 * nothing. The clock by which idle clients are let go can be set ahead; programs that use this are
 * linked with
 * --wrap=clock_ticks.
 */
#ifndef JIT_TESTS_DAEMON_SIEGE_H
#define JIT_TESTS_DAEMON_SIEGE_H

#include "tests/daemon/harness.h"

#define GAMER ((struct person){GAMES, LOGIN_UID_NONE})
#define MANNY ((struct person){MAN, LOGIN_UID_NONE})

int siege_begin(void **state);
int siege_end(void **state);
struct host *need_siege(void **state); /* or the test is skipped */
int64_t *siege_ahead(void);            /* ticks */

void send_bytes(const struct link *link, const void *bytes, size_t length);
void expect_hang_up(struct link *link);
/* Another user is served, and root's module for somebody who holds nothing. */
void expect_service(const struct host *host);
/* Until jitd has seen that its clients are gone. */
void settle(const struct host *host);

#endif
