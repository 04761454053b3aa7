/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a login, one after another, as people and programs read them.
 */
#ifndef JIT_CLI_ADMIN_STEPS_H
#define JIT_CLI_ADMIN_STEPS_H

#include "cli/command.h"
#include "cli/json.h"
#include "cli/table.h"
#include "wire/message.h"

struct steps {
	bool json;
	struct json_array array;
	struct table table; /* unless JSON */
	size_t count, passed;
};

/* 0 or -ENOMEM; after either, steps_done() releases. */
must_check int steps_begin(struct steps *steps, bool json);
must_check int steps_take(struct steps *steps, const struct wire_step *step);

/* Prints what is left to print. */
void steps_end(struct steps *steps);

/* True if there were some, and each said yes. */
bool steps_allow(const struct steps *steps);

void steps_done(struct steps *steps);

#endif
