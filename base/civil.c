/* SPDX-License-Identifier: Apache-2.0 */
#include "base/civil.h"

#include <errno.h>
#include <time.h>

int civil_of(int64_t at, struct civil *ret_civil)
{
	time_t seconds = at;
	struct tm local;

	tzset(); /* localtime_r() need not look whether the zone is another by now */
	if (!localtime_r(&seconds, &local))
		return -EOVERFLOW;
	ret_civil->day = (unsigned int)(local.tm_wday + 6) % 7;
	ret_civil->minute = (unsigned int)(local.tm_hour * 60 + local.tm_min);
	return 0;
}
