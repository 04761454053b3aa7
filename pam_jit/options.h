/* SPDX-License-Identifier: Apache-2.0 */
/* What may follow pam_jit.so in a stack line: socket=PATH timeout=SECONDS debug. */
#ifndef JIT_PAM_JIT_OPTIONS_H
#define JIT_PAM_JIT_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct options {
	const char *socket; /* absolute; borrowed from argv, or the built-in path */
	int64_t timeout_ms; /* 1000 to 5000 */
	bool debug;
};

/* -EINVAL, with the line that names it, for an option that is unknown, malformed or given twice. */
must_check int options_parse(int argc, const char **argv, struct options *ret_options,
                             struct fault *fault);

#endif
