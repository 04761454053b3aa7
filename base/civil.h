/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A time as a clock on this host's wall shows it.
 */
#ifndef JIT_BASE_CIVIL_H
#define JIT_BASE_CIVIL_H

#include <stdint.h>

#include "base/error.h"

struct civil {
	unsigned int day;    /* 0 Monday to 6 Sunday */
	unsigned int minute; /* of the day, 0 to 1439 */
};

/* `at`: seconds since 1970. By the zone in force now: TZ, else /etc/localtime, read again when it
 * has changed. -EOVERFLOW: no calendar has that time. Not for two threads at once (tzset(3)). */
must_check int civil_of(int64_t at, struct civil *ret_civil);

#endif
