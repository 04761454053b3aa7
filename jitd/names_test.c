/* SPDX-License-Identifier: Apache-2.0 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/text.h"
#include "jitd/names.h"
#include "jitd/names_crew.h"
#include "jitd/names_test_nss.h"

static struct loop *loop;
static struct names *names;

static void ask(enum names_lane lane, uid_t uid, struct asked *asked)
{
	const struct names_key key = {.uid = uid};

	*asked = (struct asked){.answers = 0};
	names_lookup(names, lane, &key, asked_take, asked);
}

static void ask_name(enum names_lane lane, const char *name, struct asked *asked)
{
	struct names_key key = {.uid = 0};

	assert_int_equal(text_copy(key.name, NAME_SIZE, name), 0);
	*asked = (struct asked){.answers = 0};
	names_lookup(names, lane, &key, asked_take, asked);
}

static enum names_result answer_to(const struct asked *asked)
{
	while (!asked->answers)
		loop_turn(loop, true);
	assert_int_equal(asked->answers, 1);
	return asked->result;
}

static enum names_result look_up(enum names_lane lane, uid_t uid)
{
	struct asked asked;

	ask(lane, uid, &asked);
	return answer_to(&asked);
}

static unsigned int threads_before;

static int names_make(void **state)
{
	(void)state;
	nss_reset(false);
	threads_before = threads();
	return loop_new(&loop) < 0 || names_new(loop, &names) < 0 ? -1 : 0;
}

/* The lost come back after everything is gone; what they touch then shows under sanitizers. */
static int names_drop(void **state)
{
	(void)state;
	names = names_free(names);
	loop = loop_free(loop);
	nss_let_go(true);
	while (threads() > threads_before)
		sched_yield();
	return 0;
}

static void real_nss_knows_root_and_daemon(void **state)
{
	struct asked asked;

	(void)state;
	nss_reset(true);
	for (unsigned int lane = 0; lane < LANES; lane++) {
		ask((enum names_lane)lane, 0, &asked);
		assert_int_equal(answer_to(&asked), NAMES_FOUND);
		assert_string_equal(asked.name, "root");
		ask_name((enum names_lane)lane, "daemon", &asked);
		assert_int_equal(answer_to(&asked), NAMES_FOUND);
		assert_int_equal(asked.uid, 1);
		ask_name((enum names_lane)lane, "no-such-user-here", &asked);
		assert_int_equal(answer_to(&asked), NAMES_UNKNOWN);
		ask_name((enum names_lane)lane, "../passwd", &asked);
		assert_int_equal(answer_to(&asked), NAMES_UNKNOWN);
	}
}

static void answers_are_cached_for_a_second(void **state)
{
	struct asked asked;

	(void)state;
	assert_int_equal(look_up(LANE_PAM, 1000), NAMES_FOUND);
	ask(LANE_CLIENT, 1000, &asked);
	assert_int_equal(asked.answers, 1); /* at once */
	assert_string_equal(asked.name, "user1000");
	assert_int_equal(nss_calls(), 1);
	pass(loop, NAMES_CACHE_MS);
	nss_set(false, true);
	assert_int_equal(look_up(LANE_PAM, 1000), NAMES_UNKNOWN);
	assert_int_equal(look_up(LANE_PAM, 1000), NAMES_UNKNOWN);
	assert_int_equal(nss_calls(), 2);
}

static void the_same_question_in_flight_is_joined(void **state)
{
	struct asked asked[10], other;

	(void)state;
	for (size_t i = 0; i < 10; i++)
		ask(LANE_PAM, SLOW, &asked[i]);
	ask(LANE_CLIENT, SLOW, &other); /* its own lane's question */
	wait_for_calls(2);
	nss_let_go(true);
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(answer_to(&asked[i]), NAMES_FOUND);
	assert_int_equal(answer_to(&other), NAMES_FOUND);
	assert_int_equal(nss_calls(), 2);
}

static void an_old_question_is_not_joined(void **state)
{
	struct asked first, second;

	(void)state;
	ask(LANE_PAM, SLOW, &first);
	wait_for_calls(1);
	pass(loop, NAMES_CACHE_MS);
	ask(LANE_PAM, SLOW, &second);
	wait_for_calls(2);
	nss_let_go(true);
	assert_int_equal(answer_to(&first), NAMES_FOUND);
	assert_int_equal(answer_to(&second), NAMES_FOUND);
}

static void change_and_turn(void)
{
	etc_change();
	loop_turn(loop, false);
}

static void change_and_see(void)
{
	etc_change();
	(void)names_generation(names);
}

static void ask_on_both_sides_of(void (*change)(void))
{
	struct asked before, after;

	ask(LANE_PAM, SLOW, &before);
	wait_for_calls(1);
	change();
	ask(LANE_PAM, SLOW, &after);
	wait_for_calls(2);
	nss_let_go(true);
	assert_int_equal(answer_to(&before), NAMES_FOUND);
	assert_int_equal(answer_to(&after), NAMES_FOUND);
}

/* It is seen in the next turn of the loop, and within one by who looks. */
static void a_question_from_before_a_change_is_not_joined(void **state)
{
	struct asked again;

	(void)state;
	ask_on_both_sides_of(change_and_turn);
	change_and_turn();
	ask(LANE_PAM, SLOW, &again);
	assert_int_equal(again.answers, 0); /* what was known is forgotten */
	assert_int_equal(answer_to(&again), NAMES_FOUND);
}

static void who_saw_the_change_gets_no_answer_from_before(void **state)
{
	(void)state;
	ask_on_both_sides_of(change_and_see);
}

static void an_answer_ages_from_its_question_on(void **state)
{
	struct asked asked;

	(void)state;
	ask(LANE_PAM, SLOW, &asked);
	wait_for_calls(1);
	pass(loop, 600);
	nss_let_go(true);
	assert_int_equal(answer_to(&asked), NAMES_FOUND);
	pass(loop, NAMES_CACHE_MS - 600);
	ask(LANE_PAM, SLOW, &asked);
	assert_int_equal(asked.answers, 0);
	assert_int_equal(answer_to(&asked), NAMES_FOUND);
	assert_int_equal(nss_calls(), 2);
}

/* In real time: the timer is armed as it must be. */
static void no_answer_in_two_seconds_is_a_failure(void **state)
{
	struct asked asked;
	int64_t before = crew_now();

	(void)state;
	ask(LANE_PAM, SLOW, &asked);
	assert_int_equal(answer_to(&asked), NAMES_FAILED);
	assert_in_range(crew_now() - before, NAMES_DEADLINE_MS, NAMES_DEADLINE_MS + 1000);
	while (!names_lost(names, LANE_PAM)) /* its thread may have begun a moment later */
		loop_turn(loop, true);
	assert_int_equal(names_lost(names, LANE_PAM), 1);
	assert_int_equal(names_lost(names, LANE_CLIENT), 0);
	nss_let_go(true);
	while (names_lost(names, LANE_PAM))
		loop_turn(loop, true);
	assert_int_equal(asked.answers, 1); /* the late answer is nobody's */
	assert_int_equal(look_up(LANE_PAM, SLOW), NAMES_FOUND);
}

static void the_last_answer_stands_in_for_15_minutes(void **state)
{
	struct asked asked;

	(void)state;
	nss_let_go(true);
	assert_int_equal(look_up(LANE_PAM, SLOW), NAMES_FOUND);
	nss_let_go(false);
	pass(loop, NAMES_CACHE_MS);
	ask(LANE_PAM, SLOW, &asked);
	wait_for_calls(2);
	assert_int_equal(asked.answers, 0);
	pass(loop, NAMES_DEADLINE_MS);
	assert_int_equal(answer_to(&asked), NAMES_STALE);
	assert_string_equal(asked.name, "user9000");
	nss_let_go(true);
	nss_set(true, false);
	assert_int_equal(look_up(LANE_CLIENT, SLOW), NAMES_STALE);
	assert_int_equal(look_up(LANE_CLIENT, 1000), NAMES_FAILED); /* never known */
	pass(loop, NAMES_STALE_MS - NAMES_CACHE_MS - NAMES_DEADLINE_MS - 500);
	assert_int_equal(look_up(LANE_CLIENT, SLOW), NAMES_STALE);
	pass(loop, 500);
	assert_int_equal(look_up(LANE_CLIENT, SLOW), NAMES_FAILED);
}

static void the_last_answer_may_have_been_no(void **state)
{
	(void)state;
	assert_int_equal(look_up(LANE_PAM, 1000), NAMES_FOUND);
	pass(loop, NAMES_CACHE_MS);
	nss_set(false, true);
	assert_int_equal(look_up(LANE_PAM, 1000), NAMES_UNKNOWN);
	pass(loop, NAMES_CACHE_MS);
	nss_set(true, false);
	assert_int_equal(look_up(LANE_PAM, 1000), NAMES_FAILED);
}

static void a_stuck_lane_does_not_delay_the_other(void **state)
{
	struct asked asked[20];

	(void)state;
	for (uid_t i = 0; i < 20; i++)
		ask(LANE_CLIENT, SLOW + i, &asked[i]);
	wait_for_calls(CREW_WORKERS);
	for (uid_t uid = 1000; uid < 1100; uid++)
		assert_int_equal(look_up(LANE_PAM, uid), NAMES_FOUND);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(asked[i].answers, 0);
	nss_let_go(true);
	for (size_t i = 0; i < 20; i++)
		assert_int_equal(answer_to(&asked[i]), NAMES_FOUND);
}

static void one_slow_question_does_not_delay_its_lane(void **state)
{
	struct asked slow;

	(void)state;
	ask(LANE_PAM, SLOW, &slow);
	wait_for_calls(1);
	for (uid_t uid = 1000; uid < 1100; uid++)
		assert_int_equal(look_up(LANE_PAM, uid), NAMES_FOUND);
	assert_int_equal(slow.answers, 0);
	nss_let_go(true);
	assert_int_equal(answer_to(&slow), NAMES_FOUND);
}

static void lose(unsigned int count, struct asked *asked)
{
	for (unsigned int i = 0; i < count; i++) {
		unsigned int before = nss_calls();

		ask(LANE_PAM, SLOW + i, &asked[i]);
		wait_for_calls(before + 1);
		pass(loop, NAMES_DEADLINE_MS);
		assert_int_equal(asked[i].answers, 1);
		assert_int_equal(asked[i].result, NAMES_FAILED);
		assert_int_equal(names_lost(names, LANE_PAM), i + 1);
	}
}

static void eight_lost_threads_close_their_lane(void **state)
{
	struct asked asked[NAMES_LOST_MAX], more;

	(void)state;
	lose(NAMES_LOST_MAX, asked);
	assert_in_range(threads() - threads_before, NAMES_LOST_MAX, NAMES_LOST_MAX + CREW_WORKERS);
	ask(LANE_PAM, 1000, &more);
	assert_int_equal(more.answers, 1); /* at once */
	assert_int_equal(more.result, NAMES_FAILED);
	assert_int_equal(look_up(LANE_CLIENT, 1000), NAMES_FOUND);
	nss_let_go(true);
	while (names_lost(names, LANE_PAM))
		loop_turn(loop, true);
	assert_int_equal(look_up(LANE_PAM, 1001), NAMES_FOUND);
	for (size_t i = 0; i < NAMES_LOST_MAX; i++)
		assert_int_equal(asked[i].answers, 1);
}

static void a_closed_lane_still_has_last_answers(void **state)
{
	struct asked asked[NAMES_LOST_MAX], more;

	(void)state;
	assert_int_equal(look_up(LANE_PAM, 1000), NAMES_FOUND);
	lose(NAMES_LOST_MAX, asked);
	ask(LANE_PAM, 1000, &more);
	assert_int_equal(more.answers, 1);
	assert_int_equal(more.result, NAMES_STALE);
}

static void those_queued_when_a_lane_closes_are_answered(void **state)
{
	struct asked asked[NAMES_LOST_MAX], last[CREW_WORKERS], queued[5];
	unsigned int calls;

	(void)state;
	lose(NAMES_LOST_MAX - 1, asked);
	calls = nss_calls();
	for (uid_t i = 0; i < CREW_WORKERS; i++)
		ask(LANE_PAM, SLOW + 100 + i, &last[i]);
	wait_for_calls(calls + CREW_WORKERS);
	pass(loop, NAMES_DEADLINE_MS / 2);
	for (uid_t i = 0; i < 5; i++)
		ask(LANE_PAM, 1000 + i, &queued[i]);
	pass(loop, NAMES_DEADLINE_MS / 2);
	assert_int_equal(names_lost(names, LANE_PAM), NAMES_LOST_MAX);
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(queued[i].answers, 1);
		assert_int_equal(queued[i].result, NAMES_FAILED);
	}
	/* the other of the two is past its time as well, and never counts as a ninth */
	pass(loop, NAMES_DEADLINE_MS);
	assert_int_equal(names_lost(names, LANE_PAM), NAMES_LOST_MAX);
	assert_int_equal(last[0].answers + last[1].answers, 2);
}

static void the_queue_is_bounded(void **state)
{
	static struct asked asked[CREW_WORKERS + CREW_QUEUE];
	struct asked more;

	(void)state;
	assert_int_equal(look_up(LANE_CLIENT, 1000), NAMES_FOUND);
	pass(loop, NAMES_CACHE_MS);
	for (uid_t i = 0; i < CREW_WORKERS; i++)
		ask(LANE_CLIENT, SLOW + i, &asked[i]);
	wait_for_calls(1 + CREW_WORKERS);
	for (uid_t i = CREW_WORKERS; i < CREW_WORKERS + CREW_QUEUE; i++)
		ask(LANE_CLIENT, SLOW + i, &asked[i]);
	ask(LANE_CLIENT, 1000, &more);
	assert_int_equal(more.answers, 1);
	assert_int_equal(more.result, NAMES_FAILED); /* no old answer for making a crowd */
	assert_int_equal(look_up(LANE_PAM, 1000), NAMES_FOUND);
	assert_int_equal(threads() - threads_before, 2 * CREW_WORKERS - 1);
	nss_let_go(true);
	for (size_t i = 0; i < CREW_WORKERS + CREW_QUEUE; i++)
		assert_int_equal(answer_to(&asked[i]), NAMES_FOUND);
}

static void the_way_out_answers_what_is_open(void **state)
{
	struct asked lost, running[CREW_WORKERS], queued[5], finished;

	(void)state;
	ask(LANE_PAM, SLOW, &lost);
	wait_for_calls(1);
	pass(loop, NAMES_DEADLINE_MS);
	for (uid_t i = 0; i < CREW_WORKERS; i++)
		ask(LANE_PAM, SLOW + 1 + i, &running[i]);
	wait_for_calls(1 + CREW_WORKERS);
	for (uid_t i = 0; i < 5; i++)
		ask(LANE_PAM, 1000 + i, &queued[i]);
	ask(LANE_CLIENT, 1010, &finished);
	wait_for_calls(2 + CREW_WORKERS);
	names = names_free(names);
	for (size_t i = 0; i < CREW_WORKERS; i++)
		assert_int_equal(answer_to(&running[i]), NAMES_FAILED);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(answer_to(&queued[i]), NAMES_FAILED);
	assert_int_equal(answer_to(&finished), NAMES_FAILED);
	assert_int_equal(lost.answers, 1);
}

static void threads_take_no_signals(void **state)
{
	(void)state;
	assert_int_equal(look_up(LANE_PAM, 1000), NAMES_FOUND);
	assert_int_equal(look_up(LANE_CLIENT, 1001), NAMES_FOUND);
	assert_int_equal(nss_with_signals(), 0);
}

struct chain {
	struct asked by_name, by_uid;
};

static void ask_on(void *context, enum names_result result, const struct identity *identity)
{
	struct chain *chain = context;

	asked_take(&chain->by_name, result, identity);
	ask(LANE_PAM, 1000, &chain->by_uid);
	ask(LANE_PAM, SLOW, &chain->by_uid);             /* and one that hangs */
	assert_string_equal(identity->name, "user1000"); /* still there */
}

static void an_answer_may_ask_more(void **state)
{
	const struct names_key key = {.name = "user1000"};
	struct chain chain = {.by_name = {.answers = 0}};

	(void)state;
	for (unsigned int i = 1; i <= 2; i++) { /* later, and at once from the cache */
		names_lookup(names, LANE_PAM, &key, ask_on, &chain);
		while (chain.by_name.answers < i)
			loop_turn(loop, true);
		assert_int_equal(chain.by_uid.answers, 0);
	}
	nss_let_go(true);
	while (chain.by_uid.answers < 2)
		loop_turn(loop, true);
	assert_int_equal(chain.by_uid.result, NAMES_FOUND);
}

static void a_name_without_an_end_is_refused(void **state)
{
	struct names_key key;
	struct asked asked = {.answers = 0};

	(void)state;
	memset(key.name, 'a', sizeof(key.name));
	names_lookup(names, LANE_PAM, &key, asked_take, &asked);
	assert_int_equal(asked.answers, 1);
	assert_int_equal(asked.result, NAMES_FAILED);
	assert_int_equal(nss_calls(), 0);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, names_make, names_drop)
	const struct CMUnitTest tests[] = {
	        TEST(real_nss_knows_root_and_daemon),
	        TEST(answers_are_cached_for_a_second),
	        TEST(the_same_question_in_flight_is_joined),
	        TEST(an_old_question_is_not_joined),
	        TEST(a_question_from_before_a_change_is_not_joined),
	        TEST(who_saw_the_change_gets_no_answer_from_before),
	        TEST(an_answer_ages_from_its_question_on),
	        TEST(no_answer_in_two_seconds_is_a_failure),
	        TEST(the_last_answer_stands_in_for_15_minutes),
	        TEST(the_last_answer_may_have_been_no),
	        TEST(a_stuck_lane_does_not_delay_the_other),
	        TEST(one_slow_question_does_not_delay_its_lane),
	        TEST(eight_lost_threads_close_their_lane),
	        TEST(a_closed_lane_still_has_last_answers),
	        TEST(those_queued_when_a_lane_closes_are_answered),
	        TEST(the_queue_is_bounded),
	        TEST(the_way_out_answers_what_is_open),
	        TEST(threads_take_no_signals),
	        TEST(an_answer_may_ask_more),
	        TEST(a_name_without_an_end_is_refused),
	};

	start_a_first_thread();
	alarm(120); /* a hang ends the program */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
