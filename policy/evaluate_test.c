/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/heard.h"
#include "policy/policy.h"

#define MAX_GRANT 43200

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

/* Who asks only what denies must know it from a question that nothing was asked by. */
static void a_question_that_is_none_is_told_from_one_that_nothing_denies(void **state)
{
	const struct identity subject = {.uid = 1000, .name = "alice"};
	static const char *const odd[] = {"",       "sudo",  "sudo-i:root",
	                                  "sudo:*", "ssh:~", "sudo:root "};

	(void)state;
	assert_true(question_is_good(&(struct question){&subject, "sudo:root"}));
	assert_true(question_is_good(&(struct question){&subject, "sudo:root su:web"}));
	assert_false(question_is_good(&(struct question){NULL, "sudo:root"}));
	assert_false(question_is_good(&(struct question){&subject, NULL}));
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
		assert_false(question_is_good(&(struct question){&subject, odd[i]}));
}

static void rules_have_an_order(void **state)
{
	cleanup(cleanup_policy) struct policy *policy =
	        parsed("rule \"b\" { who = {\"alice\"} scope = {\"sudo:root\"} approvals = 0 }"
	               "rule \"a\" { who = {\"alice\"} scope = {\"sudo:root\"} approvals = 0 }");
	const struct rule *first = policy_rule(policy, "b"), *second = policy_rule(policy, "a");

	(void)state;
	assert_true(rule_comes_before(first, second));
	assert_false(rule_comes_before(second, first));
	assert_false(rule_comes_before(first, first));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_empty_policy_denies_with_a_warning),
	        cmocka_unit_test(the_first_rule_that_matches_decides),
	        cmocka_unit_test(an_allow_rule_must_hold_every_scope_and_a_deny_rule_any),
	        cmocka_unit_test(what_is_no_canonical_scope_matches_no_allow_rule),
	        cmocka_unit_test(a_question_that_is_none_is_told_from_one_that_nothing_denies),
	        cmocka_unit_test(rules_have_an_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
