/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time it is, once for each decision: both clocks, held against what was seen before
 * (jitd/timekeeper.h). The highest time is on disk, written in transactions that are written
 * anyway; a step of the wall clock is looked at when it happens, and is an event.
 */
#ifndef JIT_JITD_INSTANT_H
#define JIT_JITD_INSTANT_H

#include "jitd/call.h"
#include "jitd/clock.h"
#include "jitd/timekeeper.h"

struct instant {
	int64_t now;  /* seconds since 1970, and never below the highest time seen; INT64_MAX where
	                 no clock can be read: everything has expired */
	int64_t boot; /* seconds on CLOCK_BOOTTIME, or INT64_MAX */
	struct fractions into;    /* their seconds */
	enum clock_verdict clock; /* clock_gives(): may anything be given? */
};

struct instants;
/* After store, reader, loop, transactions and boot_id, and before the audit log. `stepped` is
 * called, on the loop, after somebody set the wall clock. */
must_check int instants_new(struct jitd *jitd, void (*stepped)(void *),
                            struct instants **ret_instants);
struct instants *instants_free(struct instants *instants);

struct instant instant_now(struct jitd *jitd);

/* The highest time that was seen and believed, seconds since 1970; 0: none yet. It stands still
 * while the clock is not believed: what is forgotten goes by it. */
int64_t instant_highest(const struct jitd *jitd);

#define INSTANT_NOTHING                                                                            \
	"this host's clock is behind the time that jitd has seen: an administrator sets it "       \
	"right, or says jitd-admin clock accept"

/* For `status`: one line. */
void instant_describe(struct jitd *jitd, char *ret_text, size_t size);

/* Was the clock behind in this boot, as far as this process has seen, and was then waited for? */
bool instants_waited(const struct jitd *jitd);

/* Within a message, for who looks at what is open at least each INSTANT_KEEP_MS: the highest time
 * on disk is not much older than that, so that no boot with a clock that is behind makes it longer.
 */
#define INSTANT_KEEP_MS 60000
must_check int instants_keep(struct jitd *jitd);

/* What was written of the clock is on disk; the commit says so. */
void instants_committed(struct jitd *jitd);

int handle_clock_accept(struct call *call);
/* What was accepted, if anything was, is not on disk: it does not count. */
void instants_take_back(struct jitd *jitd);

#endif
