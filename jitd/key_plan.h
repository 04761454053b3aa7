/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of the signing keys: next -> current -> retiring -> gone. Pure: what there is, what
 * is wanted and the clock in; what there shall be out.
 *
 * One key is `current` and signs. One is `next`: it signs and verifies nothing yet, and is told to
 * others early, so that they know it when it signs. A `retiring` one verifies until the last token
 * that it signed is over (not_after), and then is gone. A key whose file is missing, or that is
 * retired, is gone at once.
 */
#ifndef JIT_JITD_KEY_PLAN_H
#define JIT_JITD_KEY_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "token/key.h"

#define KEYS_MAX   64 /* that are not gone */
#define FRESH_MAX  2  /* that one plan can need: a current and a next one */
#define KEY_ACTOR  65
#define KEY_STATES 4

enum key_state { KEY_GONE = 0, KEY_NEXT, KEY_CURRENT, KEY_RETIRING };
const char *key_state_word(enum key_state state);
enum key_state key_state_of(const char *word); /* KEY_GONE for anything unknown */

/* What was done with a key, and why. */
enum key_change {
	KEY_STAYS = 0,
	KEY_IS_MADE,     /* next or current */
	KEY_SIGNS,       /* next became current */
	KEY_RETIRES,     /* current became retiring */
	KEY_RAN_OUT,     /* gone, in its time */
	KEY_WAS_RETIRED, /* gone, by an administrator */
	KEY_LOST_ITS_FILE,
	KEY_IS_UNWANTED, /* gone, a next one of another algorithm than is wanted */
};
/* Do accesses end with it whose tokens it signed? */
bool key_change_revokes(enum key_change change);

struct key_record {
	char kid[KID_SIZE];
	enum key_algorithm algorithm;
	enum key_state state;
	int64_t made, not_before, not_after, retired; /* seconds since 1970; 0: not yet */
	int64_t last; /* exp of the last live token that it signed, of the current one; 0: none */
	bool missing; /* its file is not there */
	enum key_change change;
};

/* Those that are not gone when it is read, in the order of their making. */
struct key_list {
	struct key_record items[KEYS_MAX + FRESH_MAX];
	size_t count;
};
struct key_record *key_list_find(struct key_list *list, const char *kid); /* NULL: not there */

struct key_wish {
	bool rotate;
	const char *retire; /* a kid; NULL: none */
	enum key_algorithm algorithm;
	int64_t now;
};

/* Carries it out on the list, with as many of the `fresh` keys (kid and algorithm) as it needs.
 * Returns how many that is: where it is more than `fresh_count`, keys are lacking, and the plan is
 * not to be followed. */
size_t key_plan(struct key_list *list, const struct key_wish *wish, const struct key_record *fresh,
                size_t fresh_count);

/* The first second in which a retiring key is over; 0: none retires. */
int64_t key_list_deadline(const struct key_list *list);

#endif
