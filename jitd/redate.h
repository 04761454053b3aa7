/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What bears a date to come, since the clock was ahead when it was written. It would come to life
 * again when its date does, in another boot, and a request would stand until then. So a grant is
 * over when its time is up on CLOCK_BOOTTIME (at once, if it is of another boot), and opens nothing
 * more; a token or code of a grant that goes on is void; a request lapses as if asked for now.
 *
 * What is left of a grant of another boot is left by this one's CLOCK_BOOTTIME, too: less the time
 * in which the clock was behind, so that waiting for it makes none longer.
 */
#ifndef JIT_JITD_REDATE_H
#define JIT_JITD_REDATE_H

#include "jitd/jitd.h"

/* Within a message, by a clock that gives (clock_gives()). */
must_check int redate(struct jitd *jitd, int64_t now, int64_t boot);

/* A message of its own; by a clock that gives nothing it does nothing. */
void redate_alone(struct jitd *jitd);

#endif
