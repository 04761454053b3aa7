/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random policies and questions over a small alphabet, and what the manual says of them, said again
 * in the simplest way: the second opinion that evaluation is held against. It shares no code with
 * the room: names are compared as text, patterns by trying every split, windows minute by minute.
 */
#ifndef JIT_POLICY_PROPERTY_TEST_DRAW_H
#define JIT_POLICY_PROPERTY_TEST_DRAW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/policy.h"

#define SKETCH_RULES 6
#define SKETCH_WORDS 3
#define SCOPES_ROOM  256 /* of the scopes of a question, NUL included */

/* Words of one key; they point into const tables. */
struct words {
	const char *items[SKETCH_WORDS];
	size_t count;
};

struct hours {
	bool days[7];
	unsigned int begin, end; /* minutes; end <= begin: on the next day */
};

struct sketch {
	bool deny;
	struct words who, scope, commands, hosts;
	const char *via;
	struct hours when[2];
	size_t when_count;
};

struct sketches {
	struct sketch rules[SKETCH_RULES + 1];
	size_t count;
};

struct asked {
	const char *user;
	struct words groups, scopes;
	bool odd; /* `scopes` is one word that is no list of scopes */
	const char *host, *here, *command, *via;
	bool known;
	unsigned int day, minute;
};

uint64_t draw(uint64_t *seed);
unsigned int draw_below(uint64_t *seed, unsigned int bound);

/* Up to SKETCH_RULES rules, and one more at the end that denies. */
struct sketches draw_sketches(uint64_t *seed);
struct asked draw_asked(uint64_t *seed);
struct hours draw_window(uint64_t *seed);
/* The text of a policy, in one of its many spellings; malloc'ed. */
char *sketches_text(const struct sketches *sketches, uint64_t *seed);

/* ---- the second opinion ---- */

bool simple_glob(const char *pattern, const char *text, const char *dividers);
bool simple_within(const struct hours *hours, unsigned int day, unsigned int minute);
enum rule_field simple_compare(const struct sketch *rule, const struct asked *asked);

#endif
