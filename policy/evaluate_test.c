/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/heard.h"
#include "policy/policy.h"

#define PROPERTY_RUNS 100000
#define MAX_GRANT     43200

static struct policy *parsed(const char *text)
{
	struct policy_source source = {"t.conf", text};
	struct heard heard = {0};
	struct policy *policy = NULL;

	if (policy_parse(&source, 1, &(struct policy_site){.max_grant = MAX_GRANT}, hear, &heard,
	                 &policy) != 0)
		fail_msg("%s\n%s", text, heard.text);
	return policy;
}

static struct answer asked(const struct policy *policy, const char *name, const char *group,
                           const char *scopes)
{
	char groups[1][NAME_SIZE] = {""};
	struct identity subject = {.uid = 1000, .groups = groups};
	struct question question = {&subject, scopes};

	(void)snprintf(subject.name, sizeof(subject.name), "%s", name);
	if (group)
		(void)snprintf(groups[subject.group_count++], NAME_SIZE, "%s", group);
	return policy_evaluate(policy, &question);
}

static void assert_answer(struct answer answer, enum decision effect, const char *title)
{
	assert_int_equal(answer.effect, effect);
	if (title)
		assert_non_null(answer.rule);
	else
		assert_null(answer.rule);
	if (title)
		assert_string_equal(answer.rule->title, title);
}

static void an_empty_policy_denies_with_a_warning(void **state)
{
	static const char *const empty[] = {"", "# nothing here\n", "\n\n", "defaults { }"};
	struct heard heard = {0};
	struct policy *policy = NULL;

	(void)state;
	assert_int_equal(policy_parse(NULL, 0, &(struct policy_site){.max_grant = MAX_GRANT}, hear,
	                              &heard, &policy),
	                 0);
	assert_int_equal(heard.warnings, 1);
	assert_answer(asked(policy, "alice", NULL, "sudo:root"), DECISION_DENY, NULL);
	policy_free(policy);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		policy = parsed(empty[i]);
		assert_int_equal(policy_rule_count(policy), 0);
		assert_answer(asked(policy, "root", "root", "sudo:root"), DECISION_DENY, NULL);
		policy_free(policy);
	}
}

static void the_first_rule_that_matches_decides(void **state)
{
	cleanup(cleanup_policy) struct policy *policy = parsed(
	        "rule \"no-su\"   { who = {\"%dba\"} scope = {\"su:root\"} effect = \"deny\" }"
	        "rule \"people\"  { who = {\"alice\", \"%dba\"} approvers = {\"bob\"}"
	        "                 scope = {\"sudo:root\", \"su:root\", \"su:web\"} }"
	        "rule \"no-web\"  { who = {\"alice\"} scope = {\"su:web\"} effect = \"deny\" }"
	        "rule \"others\"  { who = {\"carol\"} scope = {\"sudo:root\"} approvals = 0 }");

	(void)state;
	assert_answer(asked(policy, "alice", NULL, "sudo:root"), DECISION_ALLOW, "people");
	assert_answer(asked(policy, "alice", NULL, "su:root"), DECISION_ALLOW, "people");
	assert_answer(asked(policy, "alice", "dba", "su:root"), DECISION_DENY, "no-su");
	assert_answer(asked(policy, "dave", "dba", "sudo:root"), DECISION_ALLOW, "people");
	/* a deny rule below the rule that allows comes too late */
	assert_answer(asked(policy, "alice", NULL, "su:web"), DECISION_ALLOW, "people");
	assert_answer(asked(policy, "carol", NULL, "sudo:root"), DECISION_ALLOW, "others");
	assert_answer(asked(policy, "carol", NULL, "su:root"), DECISION_DENY, NULL);
	assert_answer(asked(policy, "dba", NULL, "sudo:root"), DECISION_DENY, NULL);
	assert_answer(asked(policy, "%dba", NULL, "sudo:root"), DECISION_DENY, NULL);
	assert_answer(asked(policy, "dave", "alice", "sudo:root"), DECISION_DENY, NULL);
}

static void an_allow_rule_must_hold_every_scope_and_a_deny_rule_any(void **state)
{
	cleanup(cleanup_policy) struct policy *policy =
	        parsed("rule \"no\"  { who = {\"alice\"} scope = {\"su:root\"} effect = \"deny\" }"
	               "rule \"one\" { who = {\"alice\"} scope = {\"sudo:a\"} approvals = 0 }"
	               "rule \"two\" { who = {\"alice\"} scope = {\"sudo:b\", \"sudo:c\"}"
	               "             approvals = 0 }");

	(void)state;
	assert_answer(asked(policy, "alice", NULL, "sudo:c sudo:b"), DECISION_ALLOW, "two");
	/* two rules that each hold a part do not add up */
	assert_answer(asked(policy, "alice", NULL, "sudo:a sudo:b"), DECISION_DENY, NULL);
	assert_answer(asked(policy, "alice", NULL, "sudo:b su:root"), DECISION_DENY, "no");
	assert_answer(asked(policy, "alice", NULL, "su:root sudo:b"), DECISION_DENY, "no");
}

static void what_is_no_canonical_scope_matches_no_allow_rule(void **state)
{
	static const char *const odd[] = {"",           " ",           "sudo:root ",
	                                  " sudo:root", "sudo-i:root", "sudo:root  sudo:root",
	                                  "sudo",       "sudo:roo",    "sudo:root\n",
	                                  "SUDO:root",  "sudo:root,",  "sudo:root\tsudo:root"};
	char wide[5000];
	cleanup(cleanup_policy) struct policy *policy =
	        parsed("rule \"a\" { who = {\"alice\"} scope = {\"sudo:root\"} approvals = 0 }");

	(void)state;
	assert_answer(asked(policy, "alice", NULL, "sudo:root"), DECISION_ALLOW, "a");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_answer(asked(policy, "alice", NULL, odd[i]), DECISION_DENY, NULL);
	memset(wide, 'a', sizeof(wide));
	wide[sizeof(wide) - 1] = '\0';
	assert_answer(asked(policy, "alice", NULL, wide), DECISION_DENY, NULL);
}

/* ---- I5: evaluation is total; 100 000 random small policies against a second evaluation ---- */

enum { USERS = 3, GROUPS = 2, SCOPES = 4, RULES = 5 };

/* A rule as sets of bits: users in the low bits of who, groups above. */
struct sketch {
	unsigned int who, scope;
	bool deny;
};

struct sketches {
	struct sketch rules[RULES];
	size_t count;
};

static uint64_t next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static unsigned int below(uint64_t *seed, unsigned int bound)
{
	return (unsigned int)((next_random(seed) >> 11) % bound);
}

static struct sketches random_sketches(uint64_t *seed)
{
	struct sketches sketches = {.count = below(seed, RULES + 1)};

	for (size_t i = 0; i < sketches.count; i++)
		sketches.rules[i] =
		        (struct sketch){1 + below(seed, (1 << (USERS + GROUPS)) - 1),
		                        1 + below(seed, (1 << SCOPES) - 1), below(seed, 3) == 0};
	return sketches;
}

static void write_set(FILE *out, const char *key, unsigned int set, const char *const *words)
{
	fprintf(out, "%s = {", key);
	for (unsigned int i = 0; set; i++, set >>= 1)
		if (set & 1)
			fprintf(out, "\"%s\"%s", words[i], set > 1 ? ", " : "");
	fprintf(out, "}");
}

static const char *const people[] = {"alice", "carol", "dave", "%dba", "%ops"};
static const char *const scopes[] = {"sudo:root", "sudo:web", "su:root", "su:web"};

/* The sketches as text, with `extra` in one of the rules when it is not NULL. */
static char *written(const struct sketches *sketches, uint64_t *seed, const char *extra)
{
	static const char *const blanks[] = {" ", "\n", "\t", " # note\n", "  "};
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	size_t chosen = sketches->count ? below(seed, (unsigned int)sketches->count) : 0;

	for (size_t i = 0; i < sketches->count; i++) {
		const struct sketch *rule = &sketches->rules[i];
		fprintf(out, "rule \"r%zu\" {%s", i, blanks[below(seed, 5)]);
		write_set(out, "who", rule->who, people);
		fputs(blanks[below(seed, 5)], out);
		write_set(out, "scope", rule->scope, scopes);
		if (extra && i == chosen)
			fputs(extra, out);
		fprintf(out, "%s%s }\n", blanks[below(seed, 5)],
		        rule->deny ? "effect = \"deny\"" : "approvals = 0");
	}
	fclose(out);
	return text;
}

/* What the manual says, said again over sets; -1: nothing matches. */
static int oracle(const struct sketches *sketches, unsigned int person, unsigned int wanted)
{
	for (size_t i = 0; i < sketches->count; i++) {
		const struct sketch *rule = &sketches->rules[i];
		if (!(rule->who & person) || !wanted)
			continue;
		if (rule->deny ? rule->scope & wanted : (rule->scope & wanted) == wanted)
			return (int)i;
	}
	return -1;
}

static struct answer ask_sets(const struct policy *policy, unsigned int user, unsigned int groups,
                              unsigned int wanted)
{
	char names[GROUPS][NAME_SIZE], list[256] = "";
	struct identity subject = {.uid = 1000, .groups = names};
	struct question question = {&subject, list};

	(void)snprintf(subject.name, sizeof(subject.name), "%s", people[user]);
	for (unsigned int i = 0; i < GROUPS; i++)
		if (groups & 1U << i)
			(void)snprintf(names[subject.group_count++], NAME_SIZE, "%s",
			               people[USERS + i] + 1);
	for (unsigned int i = 0; i < SCOPES; i++)
		if (wanted & 1U << i)
			(void)snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s",
			               *list ? " " : "", scopes[i]);
	return policy_evaluate(policy, &question);
}

static bool is_allowed(const struct sketches *sketches, unsigned int person, unsigned int wanted)
{
	int at = oracle(sketches, person, wanted);

	return at >= 0 && !sketches->rules[at].deny;
}

/* First match wins, hence, for every policy and every question:
 *  - taking any one allow rule out never turns a refusal into leave: a rule that is not the first
 *    match decides nothing, and where an allow rule is the first match there was leave;
 *  - asking for fewer scopes of a question that had leave keeps it: asking for more never opens. */
static void check_one_question(const struct sketches *sketches, const struct policy *policy,
                               const struct policy *smaller, unsigned int user, unsigned int groups,
                               unsigned int wanted)
{
	struct answer answer = ask_sets(policy, user, groups, wanted);
	unsigned int person = 1U << user | groups << USERS, fewer = wanted & (wanted - 1);
	int expected = oracle(sketches, person, wanted);

	if (expected < 0) {
		assert_answer(answer, DECISION_DENY, NULL);
	} else {
		assert_ptr_equal(answer.rule, policy_rule_at(policy, (size_t)expected));
		assert_int_equal(answer.effect,
		                 sketches->rules[expected].deny ? DECISION_DENY : DECISION_ALLOW);
	}
	if (smaller && answer.effect != DECISION_ALLOW)
		assert_int_not_equal(ask_sets(smaller, user, groups, wanted).effect,
		                     DECISION_ALLOW);
	if (fewer && answer.effect == DECISION_ALLOW)
		assert_int_equal(ask_sets(policy, user, groups, fewer).effect, DECISION_ALLOW);
	assert_int_equal(answer.effect == DECISION_ALLOW, is_allowed(sketches, person, wanted));
}

/* The policy without one of its allow rules; false when it has none. */
static bool drop_an_allow(struct sketches *sketches, uint64_t *seed)
{
	size_t start = sketches->count ? below(seed, (unsigned int)sketches->count) : 0;

	for (size_t i = 0; i < sketches->count; i++) {
		size_t at = (start + i) % sketches->count;
		if (sketches->rules[at].deny)
			continue;
		memmove(&sketches->rules[at], &sketches->rules[at + 1],
		        (--sketches->count - at) * sizeof(sketches->rules[0]));
		return true;
	}
	return false;
}

static struct policy *policy_of(const struct sketches *sketches, uint64_t *seed)
{
	char *text = written(sketches, seed, NULL);
	struct policy *policy = parsed(text);

	free(text);
	return policy;
}

/* The same policy with one word that the language does not have: no policy at all. */
static void check_unknown_word(const struct sketches *sketches, uint64_t *seed)
{
	static const char *const unknown[] = {
	        " aprovals = 2 ",      " hosts = {\"[\"} ",   " when = \"always\" ",
	        " effect = \"grant\"", " reason = \"maybe\"", " scope = {\"sudo:[\"} ",
	        " uses = yes ",        " max = \"1y\" ",      " who += {\"x\"} "};
	char *text = written(sketches, seed, unknown[below(seed, 9)]);
	struct policy_source source = {"t.conf", text};
	struct policy *policy = NULL;

	if (sketches->count) {
		assert_int_equal(policy_parse(&source, 1,
		                              &(struct policy_site){.max_grant = MAX_GRANT}, NULL,
		                              NULL, &policy),
		                 -EINVAL);
		assert_null(policy);
	}
	free(text);
}

static void I5_evaluation_is_total_over_random_policies(void **state)
{
	uint64_t seed = 0x9e3779b97f4a7c15;
	const char *rounds = getenv("JIT_ROUNDS");
	size_t allowed = 0;
	int runs = rounds ? (int)strtol(rounds, NULL, 10) : PROPERTY_RUNS;

	(void)state;
	for (int i = 0; i < runs; i++) {
		struct sketches sketches = random_sketches(&seed), fewer = sketches;
		cleanup(cleanup_policy) struct policy *policy = policy_of(&sketches, &seed);
		cleanup(cleanup_policy) struct policy *smaller = NULL;
		if (i % 8 == 0 && drop_an_allow(&fewer, &seed))
			smaller = policy_of(&fewer, &seed);
		if (i % 8 == 1)
			check_unknown_word(&sketches, &seed);
		for (int k = 0; k < 16; k++)
			check_one_question(&sketches, policy, smaller, below(&seed, USERS),
			                   below(&seed, 1 << GROUPS), below(&seed, 1 << SCOPES));
		allowed += is_allowed(&sketches, 1, 1);
	}
	/* the run would prove nothing if nearly all answers were the same */
	assert_in_range(allowed, runs / 5, runs * 4 / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_empty_policy_denies_with_a_warning),
	        cmocka_unit_test(the_first_rule_that_matches_decides),
	        cmocka_unit_test(an_allow_rule_must_hold_every_scope_and_a_deny_rule_any),
	        cmocka_unit_test(what_is_no_canonical_scope_matches_no_allow_rule),
	        cmocka_unit_test(I5_evaluation_is_total_over_random_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
