/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a file, as its author reads it: "FILE:LINE: KEY: what is wrong; what would be
 * right".
 */
#ifndef JIT_POLICY_COMPLAINT_H
#define JIT_POLICY_COMPLAINT_H

#include <stdarg.h>
#include <stddef.h>

#include "policy/policy.h"

struct complaints {
	const char *file;      /* the source at hand */
	policy_report *report; /* NULL: nobody listens */
	void *context;
	size_t errors;
};

/* One error. `line` 0: none; `key` NULL: none. Bytes that could disturb a terminal or the log come
 * out as '?'. Returns -EINVAL, so that `return complain(...)` reads as one step. */
__attribute__((format(printf, 4, 5))) int complain(struct complaints *complaints, unsigned int line,
                                                   const char *key, const char *format, ...);
/* One warning: nothing is refused for it. */
__attribute__((format(printf, 4, 5))) void caution(struct complaints *complaints, unsigned int line,
                                                   const char *key, const char *format, ...);

#endif
