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

/* The policy of these sources, about which exactly these lines are said. */
static inline struct policy *parsed_with(const struct policy_source *sources, size_t count,
                                         int64_t max_grant, const char *lines)
{
	struct policy *policy = NULL;
	struct heard heard = {0};
	int r = policy_parse(sources, count, &(struct policy_site){.max_grant = max_grant}, hear,
	                     &heard, &policy);

	if (r != 0)
		fail_msg("%d\n%s", r, heard.text);
	assert_string_equal(heard.text, lines);
	return policy;
}

#endif
