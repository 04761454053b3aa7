/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that rules hold, each with its rule, to be found by halving. Names and rules stay the
 * caller's.
 */
#ifndef JIT_POLICY_ROSTER_H
#define JIT_POLICY_ROSTER_H

#include "policy/policy.h"

struct roster_row {
	const char *name;
	const struct rule *rule;
};

struct roster {
	struct roster_row *rows;
	size_t count, room;
};

/* -ENOMEM and unchanged. */
must_check int roster_add(struct roster *roster, const char *name, const struct rule *rule);
/* All of a list. -ENOMEM. */
must_check int roster_add_all(struct roster *roster, const struct strings *names,
                              const struct rule *rule);
/* By name, rows of one name in evaluation order. The others below want it sorted. */
void roster_sort(struct roster *roster);
/* Leaves of each name the first row. */
void roster_once(struct roster *roster);

/* How many names sort before this one; how many before it and with it. */
size_t roster_begin(const struct roster *roster, const char *name);
size_t roster_end(const struct roster *roster, const char *name);
/* How many sort before all that begin with the `length` first bytes of `text`. */
size_t roster_prefix(const struct roster *roster, const char *text, size_t length);

void roster_done(struct roster *roster);

#endif
