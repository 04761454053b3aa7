/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON for programs: the only file of the tools that uses jansson. Unknown = null, times RFC 3339
 * UTC. Every function returns 0 or -ENOMEM with nothing printed.
 */
#ifndef JIT_CLI_JSON_H
#define JIT_CLI_JSON_H

#include <stdio.h>

#include "cli/accesses.h"
#include "cli/admin/explanation.h"

/* An array is printed as it comes, one element a line: [ is `first`, ] is json_end(). */
struct json_array {
	FILE *to;
	size_t count;
};

must_check int json_access(struct json_array *array, const struct access_record *record);
must_check int json_session(struct json_array *array, const struct wire_session *session);
must_check int json_event(struct json_array *array, const struct wire_event *event);
must_check int json_key(struct json_array *array, const struct wire_key *key);
must_check int json_step(struct json_array *array, const struct wire_step *step);
void json_end(struct json_array *array);

/* One access as an object on lines of its own. */
must_check int json_access_alone(FILE *to, const struct access_record *record);

/* Counters as one object; a value of digits is a number. */
must_check int json_counters(FILE *to, const struct wire_counter *counters, size_t count);

/* An answer of the policy as one object. */
must_check int json_explanation(FILE *to, const struct explanation *explanation);

#endif
