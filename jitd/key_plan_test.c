/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of keys: each step by itself, and whatever comes in whatever order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/secret.h"
#include "base/text.h"
#include "jitd/key_plan.h"

#define NOW INT64_C(1800000000)

static const struct key_record spare[FRESH_MAX] = {{.kid = "fresh--1", .algorithm = KEY_ES256},
                                                   {.kid = "fresh--2", .algorithm = KEY_ES256}};
static const struct key_wish nothing = {.algorithm = KEY_ES256, .now = NOW};

/* current, next, and one that retires for ten minutes more */
static struct key_list three(void)
{
	return (struct key_list){.items = {{.kid = "retiring",
	                                    .algorithm = KEY_ES256,
	                                    .state = KEY_RETIRING,
	                                    .made = NOW - 9000,
	                                    .not_before = NOW - 8000,
	                                    .not_after = NOW + 600},
	                                   {.kid = "current-",
	                                    .algorithm = KEY_ES256,
	                                    .state = KEY_CURRENT,
	                                    .made = NOW - 8000,
	                                    .not_before = NOW - 3000,
	                                    .last = NOW + 900},
	                                   {.kid = "next----",
	                                    .algorithm = KEY_ES256,
	                                    .state = KEY_NEXT,
	                                    .made = NOW - 3000}},
	                         .count = 3};
}

static size_t carry_out(struct key_list *list, struct key_wish wish)
{
	struct key_list dry = *list;
	size_t needed = key_plan(&dry, &wish, NULL, 0);

	assert_int_equal(key_plan(list, &wish, spare, FRESH_MAX), needed);
	return needed;
}

static void expect(struct key_list *list, const char *kid, enum key_state state,
                   enum key_change change)
{
	const struct key_record *key = key_list_find(list, kid);

	assert_non_null(key);
	if (key->state != state || key->change != change)
		fail_msg("%s is %s by change %d", kid, key_state_word(key->state), key->change);
}

static void nothing_wished_nothing_changes(void **state)
{
	struct key_list list = three();

	(void)state;
	assert_int_equal(carry_out(&list, nothing), 0);
	expect(&list, "retiring", KEY_RETIRING, KEY_STAYS);
	expect(&list, "current-", KEY_CURRENT, KEY_STAYS);
	expect(&list, "next----", KEY_NEXT, KEY_STAYS);
	assert_int_equal(list.count, 3);
}

static void the_first_start_makes_two(void **state)
{
	struct key_list list = {.count = 0};

	(void)state;
	assert_int_equal(carry_out(&list, nothing), 2);
	expect(&list, "fresh--1", KEY_CURRENT, KEY_IS_MADE);
	expect(&list, "fresh--2", KEY_NEXT, KEY_IS_MADE);
	assert_int_equal(key_list_find(&list, "fresh--1")->not_before, NOW);
	assert_int_equal(key_list_find(&list, "fresh--1")->made, NOW);
	assert_int_equal(key_list_find(&list, "fresh--2")->not_before, 0);
}

static void a_rotation_moves_each_by_one(void **state)
{
	struct key_wish wish = {.rotate = true, .algorithm = KEY_ES256, .now = NOW};
	struct key_list list = three();

	(void)state;
	assert_int_equal(carry_out(&list, wish), 1);
	expect(&list, "retiring", KEY_RETIRING, KEY_STAYS);
	expect(&list, "current-", KEY_RETIRING, KEY_RETIRES);
	expect(&list, "next----", KEY_CURRENT, KEY_SIGNS);
	expect(&list, "fresh--1", KEY_NEXT, KEY_IS_MADE);
	assert_int_equal(key_list_find(&list, "current-")->not_after, NOW + 900);
	assert_int_equal(key_list_find(&list, "current-")->retired, 0);
	assert_int_equal(key_list_find(&list, "next----")->not_before, NOW);
	assert_int_equal(key_list_deadline(&list), NOW + 601);
}

/* Verifies until the last of its tokens, and where there is none not beyond this second. */
static void it_verifies_no_longer_than_its_tokens_live(void **state)
{
	struct key_wish wish = {.rotate = true, .algorithm = KEY_ES256, .now = NOW};

	(void)state;
	for (int64_t last = NOW - 2; last <= NOW + 2; last++) {
		struct key_list list = three();
		list.items[1].last = last;
		carry_out(&list, wish);
		assert_int_equal(list.items[1].not_after, last > NOW ? last : NOW);
	}
}

static void a_retiring_key_runs_out_at_its_edge(void **state)
{
	(void)state;
	for (int64_t now = NOW + 599; now <= NOW + 602; now++) {
		struct key_wish wish = {.algorithm = KEY_ES256, .now = now};
		struct key_list list = three();
		bool over = now > NOW + 600;
		assert_int_equal(carry_out(&list, wish), 0);
		expect(&list, "retiring", over ? KEY_GONE : KEY_RETIRING,
		       over ? KEY_RAN_OUT : KEY_STAYS);
		assert_int_equal(list.items[0].not_after, NOW + 600);
		assert_int_equal(list.items[0].retired, 0);
		assert_int_equal(key_list_deadline(&list), over ? 0 : NOW + 601);
	}
}

static void whichever_is_retired_is_gone_at_once(void **state)
{
	static const struct {
		const char *kid;
		size_t needed;
		enum key_state current, next; /* what becomes of these two */
	} rows[] = {
	        {"retiring", 0, KEY_CURRENT, KEY_NEXT},
	        {"current-", 1, KEY_GONE, KEY_CURRENT},
	        {"next----", 1, KEY_CURRENT, KEY_GONE},
	        {"no-such-", 0, KEY_CURRENT, KEY_NEXT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct key_wish wish = {.retire = rows[i].kid, .algorithm = KEY_ES256, .now = NOW};
		struct key_list list = three();
		const struct key_record *key;
		assert_int_equal(carry_out(&list, wish), rows[i].needed);
		assert_int_equal(list.items[1].state, rows[i].current);
		assert_int_equal(list.items[2].state, rows[i].next);
		key = key_list_find(&list, rows[i].kid);
		if (key) {
			expect(&list, rows[i].kid, KEY_GONE, KEY_WAS_RETIRED);
			assert_int_equal(key->not_after, NOW);
			assert_int_equal(key->retired, NOW);
		}
	}
}

static void a_key_without_its_file_is_gone(void **state)
{
	struct key_list list = three();

	(void)state;
	list.items[1].missing = list.items[2].missing = true;
	assert_int_equal(carry_out(&list, nothing), 2);
	expect(&list, "current-", KEY_GONE, KEY_LOST_ITS_FILE);
	expect(&list, "next----", KEY_GONE, KEY_LOST_ITS_FILE);
	expect(&list, "fresh--1", KEY_CURRENT, KEY_IS_MADE);
	expect(&list, "fresh--2", KEY_NEXT, KEY_IS_MADE);
}

static void another_algorithm_rotates(void **state)
{
	struct key_wish wish = {.algorithm = KEY_RS256, .now = NOW};
	struct key_list list = three();

	(void)state;
	assert_int_equal(carry_out(&list, wish), 2);
	expect(&list, "current-", KEY_RETIRING, KEY_RETIRES);
	expect(&list, "next----", KEY_GONE, KEY_IS_UNWANTED);
	expect(&list, "retiring", KEY_RETIRING, KEY_STAYS);
	assert_int_equal(key_list_find(&list, "current-")->not_after, NOW + 900);
}

static void accesses_end_with_some(void **state)
{
	(void)state;
	for (enum key_change change = KEY_STAYS; change <= KEY_IS_UNWANTED; change++)
		assert_int_equal(key_change_revokes(change),
		                 change == KEY_WAS_RETIRED || change == KEY_LOST_ITS_FILE);
}

static void too_few_fresh_ones_are_told(void **state)
{
	struct key_list list = {.count = 0};

	(void)state;
	assert_int_equal(key_plan(&list, &nothing, spare, 1), 2);
	assert_int_equal(list.count, 1);
}

static void unknown_words_are_gone(void **state)
{
	static const enum key_state states[] = {KEY_GONE, KEY_NEXT, KEY_CURRENT, KEY_RETIRING};

	(void)state;
	for (size_t i = 0; i < KEY_STATES; i++)
		assert_int_equal(key_state_of(key_state_word(states[i])), states[i]);
	assert_int_equal(key_state_of("Current"), KEY_GONE);
	assert_int_equal(key_state_of(""), KEY_GONE);
}

/* ---- whatever comes ---- */

static uint32_t below(uint32_t limit)
{
	uint32_t number;

	assert_int_equal(random_bytes(&number, sizeof(number)), 0);
	return number % limit;
}

static void drop_gone(struct key_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].state != KEY_GONE)
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static void one_signs_and_one_will(const struct key_list *list)
{
	size_t current = 0, next = 0;

	for (size_t i = 0; i < list->count; i++) {
		const struct key_record *key = &list->items[i];
		current += key->state == KEY_CURRENT;
		next += key->state == KEY_NEXT;
		assert_int_equal(key->not_before != 0, key->state != KEY_NEXT);
		assert_int_equal(key->not_after != 0, key->state == KEY_RETIRING);
	}
	assert_int_equal(current, 1);
	assert_int_equal(next, 1);
}

/* Never verifies longer than it was said before. */
static void no_end_moves_on(const struct key_list *before, struct key_list *after)
{
	for (size_t i = 0; i < before->count; i++) {
		const struct key_record *then = &before->items[i],
		                        *now = key_list_find(after, then->kid);
		assert_non_null(now);
		if (then->not_after)
			assert_true(now->not_after && now->not_after <= then->not_after);
		if (then->state == KEY_RETIRING)
			assert_true(now->state == KEY_RETIRING || now->state == KEY_GONE);
		if (now->state == KEY_CURRENT && then->state != KEY_CURRENT)
			assert_int_equal(then->state, KEY_NEXT);
	}
}

static void one_round(struct key_list *list, int64_t now)
{
	static unsigned int made;
	struct key_record fresh[FRESH_MAX] = {0};
	struct key_wish wish = {
	        .rotate = below(3) == 0, .algorithm = below(8) ? KEY_ES256 : KEY_RS256, .now = now};
	struct key_list before;
	size_t needed;

	for (size_t i = 0; i < list->count; i++) {
		list->items[i].missing = below(20) == 0;
		list->items[i].change = KEY_STAYS;
		if (list->items[i].state == KEY_CURRENT)
			list->items[i].last = below(3) ? now + below(3000) : 0;
	}
	if (list->count && below(4) == 0)
		wish.retire = list->items[below((uint32_t)list->count)].kid;
	before = *list;
	if (wish.retire) /* the plan writes into what that points to */
		wish.retire = key_list_find(&before, wish.retire)->kid;
	for (size_t i = 0; i < FRESH_MAX; i++) {
		assert_int_equal(text_format(fresh[i].kid, KID_SIZE, "%08u", made++), 0);
		fresh[i].algorithm = wish.algorithm;
	}
	needed = key_plan(list, &wish, fresh, FRESH_MAX);
	assert_true(needed <= FRESH_MAX);
	no_end_moves_on(&before, list);
	drop_gone(list);
	one_signs_and_one_will(list);
}

static void whatever_comes_one_signs(void **state)
{
	int64_t now = NOW;

	(void)state;
	for (int history = 0; history < 500; history++) {
		struct key_list list = {.count = 0};
		for (int round = 0; round < 40; round++) {
			now += below(600);
			one_round(&list, now);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_wished_nothing_changes),
	        cmocka_unit_test(the_first_start_makes_two),
	        cmocka_unit_test(a_rotation_moves_each_by_one),
	        cmocka_unit_test(it_verifies_no_longer_than_its_tokens_live),
	        cmocka_unit_test(a_retiring_key_runs_out_at_its_edge),
	        cmocka_unit_test(whichever_is_retired_is_gone_at_once),
	        cmocka_unit_test(a_key_without_its_file_is_gone),
	        cmocka_unit_test(another_algorithm_rotates),
	        cmocka_unit_test(accesses_end_with_some),
	        cmocka_unit_test(too_few_fresh_ones_are_told),
	        cmocka_unit_test(unknown_words_are_gone),
	        cmocka_unit_test(whatever_comes_one_signs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
