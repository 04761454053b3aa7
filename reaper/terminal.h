/* SPDX-License-Identifier: Apache-2.0 */
/* A line on the terminals of a session. */
#ifndef JIT_REAPER_TERMINAL_H
#define JIT_REAPER_TERMINAL_H

#include "base/process.h"

/* Printable text, without a newline. Never waits for a terminal that takes nothing. 0 where there
 * is none; -ESRCH: the opener is not that process; -EIO: not all of them were told. */
must_check int terminal_tell(const struct process_id *opener, const char *text,
                             struct fault *fault);

#endif
