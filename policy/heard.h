/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: the lines that a parser reported, joined by newlines, warnings marked.
 */
#ifndef JIT_POLICY_HEARD_H
#define JIT_POLICY_HEARD_H

#include <string.h>

#include "policy/policy.h"

struct heard {
	char text[16384];
	size_t errors, warnings;
};

static inline void hear(void *context, enum policy_severity severity, const char *line)
{
	struct heard *heard = context;
	size_t used = strlen(heard->text);

	heard->errors += severity == POLICY_ERROR;
	heard->warnings += severity == POLICY_WARNING;
	(void)snprintf(heard->text + used, sizeof(heard->text) - used, "%s%s\n",
	               severity == POLICY_WARNING ? "warning: " : "", line);
}

#endif
