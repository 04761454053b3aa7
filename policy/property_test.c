/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds for every policy and every request, over random ones. JIT_SEED starts elsewhere,
 * JIT_ROUNDS says how many policies.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "config.h"

#include "base/cleanup.h"
#include "policy/advise.h"
#include "policy/explain.h"
#include "policy/glob.h"
#include "policy/heard.h"
#include "policy/property_test_draw.h"
#include "policy/rules.h"
#include "policy/window.h"

#ifdef JIT_SANITIZED
#define ROUNDS 10000 /* each takes ten times as long */
#else
#define ROUNDS 100000
#endif
#define QUESTIONS 4 /* to each policy */
#define FIRST     UINT64_C(0x9e3779b97f4a7c15)

static uint64_t number_of(const char *variable, uint64_t fallback)
{
	const char *text = getenv(variable);
	uint64_t number = text ? strtoull(text, NULL, 0) : fallback;

	return number ? number : fallback;
}

/* ---- a question and its parts ---- */

struct scene {
	const struct sketches *sketches;
	struct policy *policy; /* as parsed, the deny rule at its end included */
	const struct asked *asked;
	struct question question;
	struct identity subject;
	char groups[SKETCH_WORDS][NAME_SIZE], scopes[SCOPES_ROOM];
};

static void scopes_of(const struct asked *asked, size_t count, char to[static SCOPES_ROOM])
{
	to[0] = '\0';
	for (size_t i = 0; i < count; i++)
		(void)snprintf(to + strlen(to), SCOPES_ROOM - strlen(to), "%s%s", i ? " " : "",
		               asked->scopes.items[i]);
}

static void set_scene(struct scene *scene, const struct asked *asked)
{
	scene->asked = asked;
	scene->subject = (struct identity){.uid = 1000, .groups = scene->groups};
	(void)snprintf(scene->subject.name, NAME_SIZE, "%s", asked->user);
	for (size_t i = 0; i < asked->groups.count; i++)
		(void)snprintf(scene->groups[scene->subject.group_count++], NAME_SIZE, "%s",
		               asked->groups.items[i]);
	scopes_of(asked, asked->scopes.count, scene->scopes);
	scene->question = (struct question){
	        .subject = &scene->subject,
	        .scopes = scene->scopes,
	        .host = asked->host,
	        .here = asked->here,
	        .command = asked->command,
	        .via = asked->via,
	        .at = {.known = asked->known, .day = asked->day, .minute = asked->minute},
	};
}

/* ---- the properties ---- */

static size_t first_match(const struct sketches *sketches, const struct asked *asked, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (simple_compare(&sketches->rules[i], asked) == FIELD_ALL)
			return i;
	return count;
}

static bool is_allowed(const struct sketches *sketches, const struct asked *asked)
{
	size_t first = first_match(sketches, asked, sketches->count);

	return first < sketches->count && !sketches->rules[first].deny;
}

/* A decision comes always, and it is the one of the second opinion. */
static void is_total_and_right(const struct scene *scene, const struct policy *policy,
                               struct answer answer)
{
	size_t first = first_match(scene->sketches, scene->asked, policy->count);

	assert_true(answer.effect == DECISION_ALLOW || answer.effect == DECISION_DENY);
	if (first == policy->count) {
		assert_null(answer.rule);
		assert_int_equal(answer.effect, DECISION_DENY);
		return;
	}
	assert_ptr_equal(answer.rule, &policy->rules[first]);
	assert_int_equal(answer.effect,
	                 scene->sketches->rules[first].deny ? DECISION_DENY : DECISION_ALLOW);
}

/* Each rule before the deciding one fails in a field that the second opinion names, too. */
static void compares_right(const struct scene *scene, const struct policy *policy,
                           struct answer answer)
{
	for (size_t i = 0; i < policy->count; i++) {
		enum rule_field field = rule_compare(&policy->rules[i], &scene->question);
		assert_int_equal(field, simple_compare(&scene->sketches->rules[i], scene->asked));
		assert_int_equal(field == FIELD_ALL && answer.rule == &policy->rules[i],
		                 answer.rule == &policy->rules[i]);
		if (answer.rule == &policy->rules[i])
			return;
		assert_int_not_equal(field, FIELD_ALL);
	}
}

struct walk {
	const struct policy *policy;
	const struct question *question;
	size_t rows;
	bool ended;
};

static int walk_row(void *context, const struct rule *rule, enum rule_field field, const char *why)
{
	struct walk *walk = context;

	assert_false(walk->ended);
	assert_ptr_equal(rule, &walk->policy->rules[walk->rows++]);
	assert_int_equal(field, rule_compare(rule, walk->question));
	walk->ended = field == FIELD_ALL;
	assert_int_equal(!*why, walk->ended);
	assert_true(strlen(why) < EXPLAIN_SIZE);
	assert_null(strchr(why, '\n'));
	return 0;
}

/* The explanation goes the way of the evaluation, to the same end. */
static void is_explained(const struct scene *scene, const struct policy *policy,
                         struct answer answer)
{
	struct walk walk = {.policy = policy, .question = &scene->question};
	struct answer explained = {0};

	assert_int_equal(policy_explain(policy, &scene->question, walk_row, &walk, &explained), 0);
	assert_ptr_equal(explained.rule, answer.rule);
	assert_int_equal(explained.effect, answer.effect);
	assert_int_equal(walk.ended, !!answer.rule);
	assert_int_equal(walk.rows,
	                 answer.rule ? (size_t)(answer.rule - policy->rules) + 1 : policy->count);
}

/* The decision of a policy of these rules. */
static enum decision effect_of(struct rule *rules, size_t count, const struct question *question)
{
	struct policy policy = {.rules = rules, .count = count};
	enum decision effect;

	assert_int_equal(candidates_make(rules, count, &policy.candidates), 0);
	effect = policy_evaluate(&policy, question).effect;
	candidates_done(&policy.candidates);
	return effect;
}

/* Without any one of its allow rules, the policy refuses what it refused. */
static void no_allow_rule_refuses(const struct scene *scene, const struct policy *policy,
                                  struct answer answer)
{
	struct rule rules[SKETCH_RULES + 1];

	for (size_t out = 0; out < policy->count && answer.effect != DECISION_ALLOW; out++) {
		if (policy->rules[out].effect != DECISION_ALLOW)
			continue;
		memcpy(rules, policy->rules, out * sizeof(rules[0]));
		memcpy(rules + out, policy->rules + out + 1,
		       (policy->count - out - 1) * sizeof(rules[0]));
		assert_int_equal(effect_of(rules, policy->count - 1, &scene->question),
		                 DECISION_DENY);
	}
}

/* The deny rule at the end of the policy at any other place of it: what the rules before it refuse
 * stays refused. */
static void no_deny_rule_allows(const struct scene *scene)
{
	const struct policy *policy = scene->policy;
	size_t count = policy->count - 1;
	struct rule rules[SKETCH_RULES + 1];

	memcpy(rules, policy->rules, count * sizeof(rules[0]));
	if (effect_of(rules, count, &scene->question) == DECISION_ALLOW)
		return;
	for (size_t in = 0; in <= count; in++) {
		memcpy(rules, policy->rules, in * sizeof(rules[0]));
		rules[in] = policy->rules[count];
		memcpy(rules + in + 1, policy->rules + in, (count - in) * sizeof(rules[0]));
		assert_int_equal(effect_of(rules, count + 1, &scene->question), DECISION_DENY);
	}
}

/* Who may have all of it may have a part: fewer scopes, or one command. */
static void a_part_is_no_more_than_the_whole(const struct scene *scene, const struct policy *policy,
                                             struct answer answer)
{
	char scopes[SCOPES_ROOM];
	struct question part = scene->question;

	if (answer.effect != DECISION_ALLOW)
		return;
	if (scene->asked->scopes.count > 1) {
		scopes_of(scene->asked, scene->asked->scopes.count - 1, scopes);
		part.scopes = scopes;
		assert_int_equal(policy_evaluate(policy, &part).effect, DECISION_ALLOW);
	}
	if (!part.command) {
		part.command = "/bin/a b";
		assert_int_equal(policy_evaluate(policy, &part).effect, DECISION_ALLOW);
	}
}

static enum decision holds(const struct scene *scene, const struct policy *policy)
{
	struct answer answer = policy_evaluate(policy, &scene->question);

	is_total_and_right(scene, policy, answer);
	compares_right(scene, policy, answer);
	is_explained(scene, policy, answer);
	no_allow_rule_refuses(scene, policy, answer);
	a_part_is_no_more_than_the_whole(scene, policy, answer);
	return answer.effect;
}

/* ---- the rounds ---- */

static struct policy *parsed(const char *text)
{
	static const char *const trusts[] = {"github", "gitlab"};
	static const struct strings names = {(char **)(uintptr_t)trusts, 2};
	const struct policy_site site = {.max_grant = 43200, .sudo_plugin = true, .trusts = &names};
	const struct policy_source source = {"t.conf", text};
	struct heard heard = {0};
	struct policy *policy = NULL;

	if (policy_parse(&source, 1, &site, hear, &heard, &policy) != 0)
		fail_msg("%s\n%s", text, heard.text);
	return policy;
}

/* The canonical text of a rule is a rule, the same one. */
static void text_is_its_own(const struct policy *policy)
{
	for (size_t i = 0; i < policy->count; i++) {
		cleanup(cleanup_policy) struct policy *again = parsed(policy->rules[i].text);
		assert_int_equal(again->count, 1);
		assert_string_equal(again->rules[0].text, policy->rules[i].text);
	}
}

/* Few random questions meet an allow rule: three are drawn, and the first of these that does is
 * asked. */
static struct asked draw_question(const struct sketches *sketches, uint64_t *seed)
{
	struct asked asked = draw_asked(seed);

	for (int i = 0; i < 2 && !is_allowed(sketches, &asked); i++)
		asked = draw_asked(seed);
	return asked;
}

struct tally {
	size_t allowed;  /* requests */
	size_t shadowed; /* rules */
};

/* ---- rules that never decide ---- */

struct shadows {
	const struct sketches *sketches;
	bool of[SKETCH_RULES + 1];
	size_t count;
};

/* A deny rule below an allow rule comes too late for what both name alone; it still decides where
 * more is asked than the allow rule holds. So of those nothing is asserted. */
static void take_shadow(void *context, enum policy_severity severity, const char *line)
{
	struct shadows *shadows = context;
	const char *rule = strstr(line, "rule: \"r"), *by = strstr(line, "never decides: rule \"r");
	size_t late, first;

	assert_int_equal(severity, POLICY_WARNING);
	if (!rule || !by)
		return;
	late = (size_t)(rule[strlen("rule: \"r")] - '0');
	first = (size_t)(by[strlen("never decides: rule \"r")] - '0');
	assert_true(first < late && late < shadows->sketches->count);
	shadows->of[late] =
	        !shadows->sketches->rules[late].deny || shadows->sketches->rules[first].deny;
	shadows->count++;
}

/* What is said of a rule that an earlier one shadows: whatever is asked, it does not decide. */
static size_t shadows_hold(const struct sketches *sketches, const struct policy *policy,
                           uint64_t *seed)
{
	const struct policy_site site = {.max_grant = 43200, .sudo_plugin = true};
	struct shadows shadows = {.sketches = sketches};

	assert_int_equal(policy_advise(policy, &site, take_shadow, &shadows), 0);
	for (int i = 0; shadows.count && i < 64; i++) {
		struct asked asked = draw_asked(seed);
		size_t first = first_match(sketches, &asked, sketches->count);
		/* where nobody says when or where, much is undecided */
		if (first < sketches->count && shadows.of[first] && asked.known &&
		    (asked.host || asked.here))
			fail_msg("rule r%zu decides, said to be shadowed:\n%s", first,
			         policy->rules[first].text);
	}
	return shadows.count;
}

static void one_round(uint64_t *seed, bool texts, struct tally *tally)
{
	struct sketches sketches = draw_sketches(seed);
	char *text = sketches_text(&sketches, seed);
	cleanup(cleanup_policy) struct policy *policy = parsed(text);
	struct scene scene = {.sketches = &sketches, .policy = policy};

	free(text);
	assert_int_equal(policy->count, sketches.count);
	if (texts)
		text_is_its_own(policy);
	if (draw_below(seed, 4) == 0)
		tally->shadowed += shadows_hold(&sketches, policy, seed);
	for (int i = 0; i < QUESTIONS; i++) {
		struct asked asked = draw_question(&sketches, seed);
		set_scene(&scene, &asked);
		tally->allowed += holds(&scene, policy) == DECISION_ALLOW;
		if (i == 0)
			no_deny_rule_allows(&scene);
	}
}

static void I5_every_policy_decides_every_request_as_the_manual_says(void **state)
{
	uint64_t first = number_of("JIT_SEED", FIRST), seed = first;
	uint64_t rounds = number_of("JIT_ROUNDS", ROUNDS);
	struct tally tally = {0};
	size_t asked;

	(void)state;
	print_message("JIT_SEED=%#llx JIT_ROUNDS=%llu\n", (unsigned long long)first,
	              (unsigned long long)rounds);
	for (uint64_t i = 0; i < rounds; i++)
		one_round(&seed, i % 16 == 0, &tally);
	asked = (size_t)rounds * QUESTIONS;
	print_message(
	        "%zu requests to %llu policies: %zu allowed, %zu denied; %zu rules shadowed\n",
	        asked, (unsigned long long)rounds, tally.allowed, asked - tally.allowed,
	        tally.shadowed);
	/* the run would prove nothing if nearly all answers were the same */
	assert_in_range(tally.allowed, asked / 10, asked - asked / 10);
	assert_in_range(tally.shadowed, rounds / 1000, rounds);
}

/* ---- the parts, by themselves ---- */

static void draw_text(uint64_t *seed, const char *alphabet, size_t most, char *to)
{
	size_t length = draw_below(seed, (unsigned int)most + 1);

	for (size_t i = 0; i < length; i++)
		to[i] = alphabet[draw_below(seed, (unsigned int)strlen(alphabet))];
	to[length] = '\0';
}

static void a_pattern_matches_what_some_split_of_the_text_shows(void **state)
{
	static const char *const dividers[] = {GLOB_HOST, GLOB_SCOPE, GLOB_COMMAND, ""};
	uint64_t seed = number_of("JIT_SEED", FIRST), rounds = number_of("JIT_ROUNDS", ROUNDS);
	size_t matched = 0;

	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		char pattern[16], text[16];
		const char *divided = dividers[i % 4];
		draw_text(&seed, "**?ab./: ", 7, pattern);
		draw_text(&seed, "aab./: ", 6, text);
		if (glob_matches(pattern, text, divided) != simple_glob(pattern, text, divided))
			fail_msg("\"%s\" and \"%s\", divided by \"%s\"", pattern, text, divided);
		assert_int_equal(glob_is(pattern), !!strpbrk(pattern, "*?"));
		matched += glob_matches(pattern, text, divided);
	}
	assert_in_range(matched, rounds / 50, rounds);
}

/* Whatever a pattern matches, those that cover it match. */
static void a_pattern_that_covers_matches_all_of_it(void **state)
{
	static const char *const dividers[] = {GLOB_HOST, GLOB_SCOPE, GLOB_COMMAND, ""};
	uint64_t seed = number_of("JIT_SEED", FIRST), rounds = number_of("JIT_ROUNDS", ROUNDS);
	size_t covered = 0;

	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		char outer[16], inner[16], text[16];
		const char *divided = dividers[i % 4];
		draw_text(&seed, "**?ab.", 5, outer);
		draw_text(&seed, "*?ab.", 4, inner);
		if (!glob_is(inner))
			assert_int_equal(glob_covers(outer, inner, divided),
			                 simple_glob(outer, inner, divided));
		if (!glob_covers(outer, inner, divided))
			continue;
		covered++;
		for (int k = 0; k < 16; k++) {
			draw_text(&seed, "ab./", 5, text);
			if (simple_glob(inner, text, divided) && !simple_glob(outer, text, divided))
				fail_msg("\"%s\" does not cover \"%s\": \"%s\"", outer, inner,
				         text);
		}
	}
	assert_in_range(covered, rounds / 100, rounds);
}

static void a_window_holds_the_minutes_that_a_walk_through_it_meets(void **state)
{
	uint64_t seed = number_of("JIT_SEED", FIRST),
	         rounds = number_of("JIT_ROUNDS", ROUNDS) / 100;

	(void)state;
	for (uint64_t i = 0; i < rounds; i++) {
		struct hours hours = draw_window(&seed);
		struct window window = {.begin = hours.begin, .end = hours.end};
		const struct windows windows = {&window, 1};
		for (unsigned int day = 0; day < 7; day++)
			window.days |= (unsigned int)hours.days[day] << day;
		for (int k = 0; k < 64; k++) {
			/* the minutes about the ends are worth more than others */
			unsigned int edges[] = {hours.begin, hours.end, 0, draw_below(&seed, 1440)};
			unsigned int minute = (edges[k % 4] + draw_below(&seed, 3) + 1439) % 1440;
			const struct moment moment = {true, draw_below(&seed, 7), minute};
			assert_int_equal(windows_hold(&windows, &moment),
			                 simple_within(&hours, moment.day, moment.minute));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_pattern_matches_what_some_split_of_the_text_shows),
	        cmocka_unit_test(a_pattern_that_covers_matches_all_of_it),
	        cmocka_unit_test(a_window_holds_the_minutes_that_a_walk_through_it_meets),
	        cmocka_unit_test(I5_every_policy_decides_every_request_as_the_manual_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
