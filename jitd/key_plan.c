/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/key_plan.h"

#include <string.h>

static const char *const state_words[KEY_STATES] = {
        [KEY_GONE] = "gone",
        [KEY_NEXT] = "next",
        [KEY_CURRENT] = "current",
        [KEY_RETIRING] = "retiring",
};

const char *key_state_word(enum key_state state)
{
	return state_words[state];
}

enum key_state key_state_of(const char *word)
{
	for (size_t i = 0; i < KEY_STATES; i++)
		if (!strcmp(state_words[i], word))
			return (enum key_state)i;
	return KEY_GONE;
}

bool key_change_revokes(enum key_change change)
{
	return change == KEY_WAS_RETIRED || change == KEY_LOST_ITS_FILE;
}

struct key_record *key_list_find(struct key_list *list, const char *kid)
{
	for (size_t i = 0; i < list->count; i++)
		if (!strcmp(list->items[i].kid, kid))
			return &list->items[i];
	return NULL;
}

static struct key_record *in_state(struct key_list *list, enum key_state state)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].state == state)
			return &list->items[i];
	return NULL;
}

static void end(struct key_record *key, enum key_change change, int64_t now)
{
	key->state = KEY_GONE;
	key->change = change;
	if (change != KEY_RAN_OUT)
		key->retired = now;
	if (!key->not_after || key->not_after > now)
		key->not_after = now;
}

/* What cannot or shall not go on, whatever comes after it. */
static void end_some(struct key_list *list, const struct key_wish *wish)
{
	for (size_t i = 0; i < list->count; i++) {
		struct key_record *key = &list->items[i];
		if (key->state == KEY_GONE)
			continue;
		if (wish->retire && !strcmp(key->kid, wish->retire))
			end(key, KEY_WAS_RETIRED, wish->now);
		else if (key->missing)
			end(key, KEY_LOST_ITS_FILE, wish->now);
		else if (key->state == KEY_RETIRING && key->not_after < wish->now)
			end(key, KEY_RAN_OUT, wish->now);
		else if (key->state == KEY_NEXT && key->algorithm != wish->algorithm)
			end(key, KEY_IS_UNWANTED, wish->now);
	}
}

static void let_retire(struct key_list *list, const struct key_wish *wish)
{
	struct key_record *key = in_state(list, KEY_CURRENT);

	if (!key || (!wish->rotate && key->algorithm == wish->algorithm))
		return;
	key->state = KEY_RETIRING;
	key->change = KEY_RETIRES;
	key->not_after = key->last > wish->now ? key->last : wish->now;
}

static void let_sign(struct key_record *key, enum key_change change, int64_t now)
{
	key->state = KEY_CURRENT;
	key->change = change;
	key->not_before = now;
}

/* NULL: there is no more. */
static struct key_record *add(struct key_list *list, const struct key_wish *wish,
                              const struct key_record *fresh, size_t fresh_count, size_t number)
{
	struct key_record *key;

	if (number >= fresh_count || list->count == KEYS_MAX + FRESH_MAX)
		return NULL;
	key = &list->items[list->count++];
	*key = fresh[number];
	key->state = KEY_NEXT;
	key->change = KEY_IS_MADE;
	key->made = wish->now;
	return key;
}

size_t key_plan(struct key_list *list, const struct key_wish *wish, const struct key_record *fresh,
                size_t fresh_count)
{
	struct key_record *key;
	size_t needed = 0;

	end_some(list, wish);
	let_retire(list, wish);
	if (!in_state(list, KEY_CURRENT)) {
		key = in_state(list, KEY_NEXT);
		if (key) {
			let_sign(key, KEY_SIGNS, wish->now);
		} else {
			key = add(list, wish, fresh, fresh_count, needed++);
			if (key)
				let_sign(key, KEY_IS_MADE, wish->now);
		}
	}
	if (!in_state(list, KEY_NEXT))
		(void)add(list, wish, fresh, fresh_count, needed++);
	return needed;
}

int64_t key_list_deadline(const struct key_list *list)
{
	int64_t first = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct key_record *key = &list->items[i];
		if (key->state == KEY_RETIRING && (!first || key->not_after + 1 < first))
			first = key->not_after + 1;
	}
	return first;
}
