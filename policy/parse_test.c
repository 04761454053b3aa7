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
#include "policy/conf.h"
#include "policy/heard.h"
#include "policy/policy.h"

#define MAX_GRANT 43200

static void every_key_is_taken(void **state)
{
	const struct policy_source source = {
	        "10-a.conf", "# a comment, \"quoted\" { and all }\n"
	                     "rule \"A.b_c-1\" { who = {\"alice\", \"%dba\"} # why\n"
	                     "\tscope = {\"sudo-i:root\",\n\t\"sshd:alice\",}\n"
	                     "\tapprovers={\"bob\",\"%leads\"}approvals=2 max=\"2h30m\"\n"
	                     "\tdefault = \"20m\" pending = \"1d\" uses = 1000000\n"
	                     "\ttoken-ttl = \"1h\" present = \"typed\"\n"
	                     "\treason = \"required\" effect = \"allow\" }"};
	cleanup(cleanup_policy) struct policy *policy = parsed_with(&source, 1, MAX_GRANT, "");
	const struct rule *rule = policy_rule(policy, "A.b_c-1");

	(void)state;
	assert_int_equal(policy_rule_count(policy), 1);
	assert_ptr_equal(policy_rule_at(policy, 0), rule);
	assert_null(policy_rule_at(policy, 1));
	assert_null(policy_rule(policy, "a"));
	assert_string_equal(rule->file, "10-a.conf");
	assert_int_equal(rule->line, 2);
	assert_int_equal(rule->effect, DECISION_ALLOW);
	assert_int_equal(rule->who.count, 2);
	assert_string_equal(rule->who.items[1], "%dba");
	assert_int_equal(rule->scope.count, 2);
	assert_string_equal(rule->scope.items[0], "sudo:root");
	assert_string_equal(rule->scope.items[1], "ssh:alice");
	assert_int_equal(rule->approvers.count, 2);
	assert_int_equal(rule->approvals, 2);
	assert_int_equal(rule->max, 9000);
	assert_int_equal(rule->default_for, 1200);
	assert_int_equal(rule->pending, 86400);
	assert_int_equal(rule->token_ttl, 3600);
	assert_int_equal(rule->uses, 1000000);
	assert_int_equal(rule->present, PRESENT_TYPED);
	assert_int_equal(rule->reason, REASON_REQUIRED);
	assert_string_equal(
	        rule->text,
	        "rule \"A.b_c-1\" { who = {\"alice\", \"%dba\"} scope = {\"sudo:root\", "
	        "\"ssh:alice\"} approvers = {\"bob\", \"%leads\"} approvals = 2 denials = 1 max = "
	        "\"2h30m\" default = \"20m\" pending = \"1d\" token-ttl = \"1h\" uses = "
	        "1000000 present = \"typed\" bind = {} knock = false reason = \"required\" "
	        "at-end = \"terminate\" warn = \"2m\" effect = \"allow\" }");
}

static void what_is_left_out_has_its_built_in_value(void **state)
{
	const struct policy_source source = {
	        "a",
	        "rule \"a\" { who = {\"a\"} scope = {\"sudo:root\"} approvers = {\"b\"} }"
	        "rule \"b\" { who = {\"a\"} scope = {\"sudo:root\"} effect = \"deny\" }"
	        "rule \"c\" { who = {\"a\"} scope = {\"sudo:root\"} approvals = 0 max = \"4m\" }"};
	cleanup(cleanup_policy) struct policy *policy = parsed_with(&source, 1, MAX_GRANT, "");
	const struct rule *rule = policy_rule(policy, "a");

	(void)state;
	assert_int_equal(rule->effect, DECISION_ALLOW);
	assert_int_equal(rule->approvals, 1);
	assert_int_equal(rule->max, 3600);
	assert_int_equal(rule->default_for, 900);
	assert_int_equal(rule->pending, 10800);
	assert_int_equal(rule->token_ttl, 300);
	assert_int_equal(rule->uses, 0);
	assert_int_equal(rule->present, PRESENT_HELD);
	assert_int_equal(rule->reason, REASON_OPTIONAL);
	assert_int_equal(policy_rule(policy, "b")->effect, DECISION_DENY);
	/* what is built in gives way to a shorter max */
	assert_int_equal(policy_rule(policy, "c")->default_for, 240);
	assert_int_equal(policy_rule(policy, "c")->token_ttl, 240);
}

static void more_rules_than_the_bound_are_refused(void **state)
{
	cleanup(cleanup_free) struct policy_source *sources = calloc(11, sizeof(*sources));
	struct policy *policy = NULL;
	struct heard heard = {0};

	(void)state;
	for (int i = 0; i < 11; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *out = open_memstream(&text, &size);
		for (int k = 0; k < (i < 10 ? POLICY_RULES_MAX / 10 : 1); k++)
			fprintf(out, "rule \"%d.%d\"{who={\"a\"}scope={\"su:b\"}approvals=0}\n", i,
			        k);
		(void)fclose(out);
		sources[i] = (struct policy_source){"x.conf", text};
	}
	assert_int_equal(policy_parse(sources, 10, &(struct policy_site){.max_grant = MAX_GRANT},
	                              hear, &heard, &policy),
	                 0);
	assert_int_equal(policy_rule_count(policy), POLICY_RULES_MAX);
	assert_string_equal(policy_rule(policy, "7.77")->title, "7.77");
	policy_free(policy);
	policy = NULL;
	assert_int_equal(policy_parse(sources, 11, &(struct policy_site){.max_grant = MAX_GRANT},
	                              hear, &heard, &policy),
	                 -EINVAL);
	assert_string_equal(
	        heard.text,
	        "x.conf:1: rule: more than 100000 rules in all; write fewer, for groups\n");
	for (int i = 0; i < 11; i++)
		free((char *)(uintptr_t)sources[i].text);
}

static void built_in_lengths_give_way_to_max_grant(void **state)
{
	const struct policy_source source = {
	        "a", "rule \"a\" { who = {\"a\"} scope = {\"sudo:root\"} approvals = 0 }"};
	cleanup(cleanup_policy) struct policy *policy = parsed_with(&source, 1, 200, "");

	(void)state;
	assert_int_equal(policy_rule(policy, "a")->max, 200);
	assert_int_equal(policy_rule(policy, "a")->default_for, 200);
	assert_int_equal(policy_rule(policy, "a")->token_ttl, 200);
}

static void defaults_of_any_file_count_for_every_rule(void **state)
{
	static const struct policy_source sources[] = {
	        {"10.conf", "rule \"first\" { who = {\"a\"} scope = {\"sudo:root\"} "
	                    "approvers = {\"%x\"} }"},
	        {"20.conf",
	         "rule \"own\" { who = {\"a\"} scope = {\"sudo:root\"} approvers = {\"%x\"}\n"
	         "approvals = 1 max = \"10m\" pending = \"1m\" uses = 0 present = \"held\"\n"
	         "reason = \"optional\" }\n"
	         "defaults { approvals = 2 max = \"40m\" default = \"30m\" pending = \"2h\"\n"
	         "token-ttl = \"20m\" uses = 7 present = \"typed\" reason = \"required\" }\n"},
	};
	cleanup(cleanup_policy) struct policy *policy = parsed_with(sources, 2, MAX_GRANT, "");
	const struct rule *first = policy_rule(policy, "first"), *own = policy_rule(policy, "own");

	(void)state;
	assert_ptr_equal(policy_rule_at(policy, 0), first);
	assert_string_equal(own->file, "20.conf");
	assert_int_equal(first->approvals, 2);
	assert_int_equal(first->max, 2400);
	assert_int_equal(first->default_for, 1800);
	assert_int_equal(first->pending, 7200);
	assert_int_equal(first->token_ttl, 1200);
	assert_int_equal(first->uses, 7);
	assert_int_equal(first->present, PRESENT_TYPED);
	assert_int_equal(first->reason, REASON_REQUIRED);
	assert_int_equal(own->approvals, 1);
	assert_int_equal(own->max, 600);
	assert_int_equal(own->default_for, 600);
	assert_int_equal(own->pending, 60);
	assert_int_equal(own->token_ttl, 600);
	assert_int_equal(own->uses, 0);
	assert_int_equal(own->present, PRESENT_HELD);
	assert_int_equal(own->reason, REASON_OPTIONAL);
}

static void titles_and_defaults_are_unique_over_all_files(void **state)
{
	static const struct policy_source sources[] = {
	        {"10.conf", "defaults { }\n"
	                    "rule \"a\" { who = {\"a\"} scope = {\"su:b\"} approvals = 0 }\n"},
	        {"20.conf", "\nrule \"a\" { who = {\"a\"} scope = {\"su:c\"} approvals = 0 }\n"
	                    "defaults { }"},
	};
	struct policy *policy = NULL;
	struct heard heard = {0};

	(void)state;
	assert_int_equal(policy_parse(sources, 2, &(struct policy_site){.max_grant = MAX_GRANT},
	                              hear, &heard, &policy),
	                 -EINVAL);
	assert_null(policy);
	assert_string_equal(
	        heard.text,
	        "20.conf:3: defaults: given twice, first in 10.conf:1; leave one\n"
	        "20.conf:2: rule: the title \"a\" is taken, in 10.conf:2; choose another\n");
}

static void an_error_in_one_file_leaves_no_policy_and_the_others_are_looked_at(void **state)
{
	static const struct policy_source sources[] = {
	        {"10.conf", "rule \"good\" { who = {\"a\"} scope = {\"su:b\"} approvals = 0 }\n"},
	        {"20.conf", "rule \"a\" {\n"},
	        {"30.conf", "rule \"b\" { who = {\"a\"} scope = {\"su:b\"} uses = 01 }\n"},
	};
	struct policy *policy = NULL;
	struct heard heard = {0};

	(void)state;
	assert_int_equal(policy_parse(sources, 3, &(struct policy_site){.max_grant = MAX_GRANT},
	                              hear, &heard, &policy),
	                 -EINVAL);
	assert_null(policy);
	assert_string_equal(
	        heard.text,
	        "20.conf:1: rule: the block that begins here has no end; close it with }\n"
	        "30.conf:1: uses: takes a whole number, in decimal digits without quotes, sign or "
	        "leading zero: uses = 2\n");
	/* nobody needs to listen */
	assert_int_equal(policy_parse(sources, 3, &(struct policy_site){.max_grant = MAX_GRANT},
	                              NULL, NULL, &policy),
	                 -EINVAL);
	assert_null(policy);
}

static void a_rule_that_some_cannot_use_is_a_warning(void **state)
{
	const struct policy_source source = {"a.conf",
	                                     "rule \"a\" { who = {\"alice\", \"bob\"}\n"
	                                     "scope = {\"sudo:root\"} approvers = {\"bob\"} }"};

	(void)state;
	policy_free(
	        parsed_with(&source, 1, MAX_GRANT,
	                    "warning: a.conf:1: approvers: rule \"a\": nobody approves their own "
	                    "request, so some in who could never get approvals = 1; name more "
	                    "people\n"));
}

static void who_may_become_only_oneself_may_approve(void **state)
{
	const struct policy_source source = {
	        "a.conf",
	        "rule \"a\" { who = {\"bob\"} scope = {\"ssh:bob\"} approvals = 0 }"
	        "rule \"b\" { who = {\"alice\"} scope = {\"su:root\"} approvers = {\"bob\"} }"
	        "rule \"c\" { who = {\"%x\"} scope = {\"su:bob\"} effect = \"deny\" }"};

	(void)state;
	policy_free(parsed_with(&source, 1, MAX_GRANT, ""));
}

/* At other doors something says who it is that comes in as somebody else. */
static void anothers_account_over_ssh_and_login_is_for_typed_tokens(void **state)
{
	const struct policy_source source = {
	        "a.conf",
	        "rule \"own\" { who = {\"alice\"} scope = {\"ssh:alice\", \"login:alice\"} "
	        "approvals = 0 }"
	        "rule \"typed\" { who = {\"%dba\"} scope = {\"ssh:postgres\", \"login:postgres\"} "
	        "approvals = 0 present = \"typed\" }"
	        "rule \"known\" { who = {\"%dba\"} scope = {\"su:postgres\", \"sudo:postgres\", "
	        "\"my-ssh:postgres\"} approvals = 0 }"
	        "rule \"deny\" { who = {\"%x\"} scope = {\"ssh:postgres\"} effect = \"deny\" }"};

	(void)state;
	policy_free(parsed_with(&source, 1, MAX_GRANT, ""));
}

/* The same rule in other clothes gives the same text, and another rule another one. */
static void the_canonical_text_tells_rules_apart_and_nothing_else(void **state)
{
	static const struct policy_source same[] = {
	        {"a", "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} }"},
	        {"b", "# hello\nrule\t\"r\"\n{\nscope={\"sudo-i:x\",}approvers={\"b\"}# x\n"
	              "max = \"60m\" default = \"900s\" effect = \"allow\" who={\"a\"} uses = 0\n"
	              "token-ttl = \"300s\" present = \"held\" }\n"},
	        {"c", "defaults { max = \"1h\" approvals = 1 } rule \"r\" { who = {\"a\"} "
	              "approvers = {\"b\"} scope = {\"sudo:x\"} reason = \"optional\" }"},
	};
	static const char *const other[] = {
	        "rule \"s\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} }",
	        "rule \"r\" { who = {\"c\"} scope = {\"sudo:x\"} approvers = {\"b\"} }",
	        "rule \"r\" { who = {\"a\"} scope = {\"su:x\"} approvers = {\"b\"} }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"%b\"} }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} approvals = 0 }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} max = \"2h\" }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} default = \"1s\" }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} pending = \"1s\" }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} token-ttl = \"1s\" }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} uses = 1 }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} "
	        "present = \"typed\" }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} "
	        "reason = \"required\" }",
	        "rule \"r\" { who = {\"a\"} scope = {\"sudo:x\"} approvers = {\"b\"} "
	        "effect = \"deny\" }",
	};
	cleanup(cleanup_policy) struct policy *first = parsed_with(&same[0], 1, MAX_GRANT, "");
	const char *text = policy_rule_at(first, 0)->text;

	(void)state;
	assert_null(strchr(text, '\n'));
	for (size_t i = 1; i < sizeof(same) / sizeof(same[0]); i++) {
		cleanup(cleanup_policy) struct policy *policy =
		        parsed_with(&same[i], 1, MAX_GRANT, "");
		assert_string_equal(policy_rule_at(policy, 0)->text, text);
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		const struct policy_source source = {"o", other[i]};
		cleanup(cleanup_policy) struct policy *policy =
		        parsed_with(&source, 1, MAX_GRANT, "");
		assert_string_not_equal(policy_rule_at(policy, 0)->text, text);
	}
}

static void a_file_above_the_bound_is_refused(void **state)
{
	cleanup(cleanup_free) char *text = malloc(CONF_TEXT_MAX + 2);
	struct policy_source source = {"big.conf", text};
	struct policy *policy = NULL;
	struct heard heard = {0};

	(void)state;
	memset(text, '\n', CONF_TEXT_MAX + 1);
	text[CONF_TEXT_MAX + 1] = '\0';
	assert_int_equal(policy_parse(&source, 1, &(struct policy_site){.max_grant = MAX_GRANT},
	                              hear, &heard, &policy),
	                 -EINVAL);
	assert_string_equal(heard.text, "big.conf: longer than 1048576 bytes; split it\n");
	text[CONF_TEXT_MAX] = '\0';
	assert_int_equal(policy_parse(&source, 1, &(struct policy_site){.max_grant = MAX_GRANT},
	                              NULL, NULL, &policy),
	                 0);
	policy_free(policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_key_is_taken),
	        cmocka_unit_test(what_is_left_out_has_its_built_in_value),
	        cmocka_unit_test(more_rules_than_the_bound_are_refused),
	        cmocka_unit_test(built_in_lengths_give_way_to_max_grant),
	        cmocka_unit_test(defaults_of_any_file_count_for_every_rule),
	        cmocka_unit_test(titles_and_defaults_are_unique_over_all_files),
	        cmocka_unit_test(
	                an_error_in_one_file_leaves_no_policy_and_the_others_are_looked_at),
	        cmocka_unit_test(a_rule_that_some_cannot_use_is_a_warning),
	        cmocka_unit_test(who_may_become_only_oneself_may_approve),
	        cmocka_unit_test(anothers_account_over_ssh_and_login_is_for_typed_tokens),
	        cmocka_unit_test(the_canonical_text_tells_rules_apart_and_nothing_else),
	        cmocka_unit_test(a_file_above_the_bound_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
