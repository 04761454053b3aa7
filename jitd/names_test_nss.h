/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An NSS that hangs, fails and answers as a test says, time that passes when it says so, and files
 * of /etc that change. Linked with --wrap for identity_by_uid, identity_by_name, clock_gettime,
 * timer_start and stat. Nothing sleeps.
 */
#ifndef JIT_JITD_NAMES_TEST_NSS_H
#define JIT_JITD_NAMES_TEST_NSS_H

#include <stdbool.h>
#include <stdint.h>

#include "jitd/names.h"

#define SLOW                                                                                       \
	9000 /* uids from here on hang until let go; below 1000 nobody is; others "userUID"        \
	      */

void nss_reset(bool real); /* to answering, with nobody let go; or to the host's own NSS */
void nss_set(bool failing, bool gone);
void nss_let_go(bool open);
void wait_for_calls(unsigned int calls); /* since nss_reset() */
unsigned int nss_calls(void);
unsigned int nss_with_signals(void); /* calls on threads that would take a signal */

void etc_change(void);

/* What names_lookup() answered. */
struct asked {
	unsigned int answers;
	enum names_result result;
	char name[NAME_SIZE];
	uid_t uid;
};
void asked_take(void *context, enum names_result result, const struct identity *identity);

/* Time jumps, and the timer that was started last is looked at. */
void pass(struct loop *loop, int64_t milliseconds);

unsigned int threads(void); /* of this process, now */
/* A sanitizer may start a thread of its own beside our first one: before any test counts. */
void start_a_first_thread(void);

#endif
