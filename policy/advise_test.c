/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "policy/advise.h"
#include "policy/heard.h"

#define HEAD "who = {\"%dba\"} scope = {\"sudo:web\"} approvers = {\"%leads\"} "

/* A policy, and all that is said about it. */
static const struct {
	const char *text, *lines;
} rows[] = {
        {"rule \"a\" { " HEAD "}", ""},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"sudo:*\"} approvers = {\"%leads\"} }",
         "warning: x.conf:1: scope: rule \"a\": sudo:* takes in root; write \"sudo:root\" beside it if that is meant\n"},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"sudo:*\", \"sudo:root\"} approvers = {\"%leads\"} }",
         ""},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"sudo:*\"} effect = \"deny\" }", ""},
        {"rule \"a\" { " HEAD "commands = {\"/bin/id\"} }",
         "warning: x.conf:1: commands: rule \"a\" matches nothing: without the sudo plugin no request names a command\n"},
        {"rule \"a\" { " HEAD "via = \"gitlab\" }",
         "warning: x.conf:1: via: rule \"a\" matches nothing: jitd.conf has no trust \"gitlab\"\n"},
        {"rule \"a\" { " HEAD "ticket = \"INC\" }",
         "warning: x.conf:1: ticket: rule \"a\": \"INC\" is found anywhere in a ticket; write ^ before it and $ after it for the whole\n"},
        {"rule \"a\" { " HEAD "ticket = \"^INC$\" }", ""},
        {"rule \"a\" { who = {\"x\"} scope = {\"sudo:web\"} approvers = {\"b\", \"c\"} denials = 3 }",
         "warning: x.conf:1: denials: rule \"a\": 3 must deny, and 2 can; nobody could end a request\n"},
        {"rule \"a\" { " HEAD "present = \"typed\" }", ""},
        {"rule \"a\" { " HEAD "bind = {\"ssh-key\"} }",
         "warning: x.conf:1: bind: rule \"a\": sudo:web cannot be asked for, since only ssh shows a key; write a rule without bind for it\n"},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"s*:web\", \"ssh:web\", \"ssh-x:web\"} approvals = 0 bind = {\"ssh-key\"} }",
         "warning: x.conf:1: bind: rule \"a\": what is not ssh in s*:web cannot be asked for, since only ssh shows a key; write a rule without bind for it\n"
         "warning: x.conf:1: bind: rule \"a\": ssh-x:web cannot be asked for, since only ssh shows a key; write a rule without bind for it\n"},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"ssh:web\"} approvals = 0 bind = {\"ssh-key\"} }",
         ""},
        {"defaults { bind = {\"ssh-key\"} }\nrule \"a\" { " HEAD "bind = {} }", ""},
        /* ---- shadows ---- */
        {"rule \"a\" { " HEAD "}\nrule \"b\" { " HEAD "}",
         "warning: x.conf:2: rule: \"b\" never decides: rule \"a\" (x.conf:1) matches first; put it before that one, or take it out\n"},
        {"rule \"a\" { " HEAD "effect = \"deny\" }\nrule \"b\" { " HEAD "}",
         "warning: x.conf:2: rule: \"b\" never decides: rule \"a\" (x.conf:1) matches first; put it before that one, or take it out\n"},
        {"rule \"a\" { " HEAD "when = {\"mon-fri\"} }\nrule \"b\" { " HEAD "}", ""},
        {"rule \"a\" { " HEAD "when = {\"mon-fri\"} }\nrule \"b\" { " HEAD "when = {\"tue\"} }",
         "warning: x.conf:2: rule: \"b\" never decides: rule \"a\" (x.conf:1) matches first; put it before that one, or take it out\n"},
        {"rule \"a\" { " HEAD "hosts = {\"db*\"} }\nrule \"b\" { " HEAD "}", ""},
        {"rule \"a\" { " HEAD "}\nrule \"b\" { " HEAD "hosts = {\"db*\"} }", ""},
        {"rule \"a\" { " HEAD "hosts = {\"*\"} }\nrule \"b\" { " HEAD "}",
         "warning: x.conf:2: rule: \"b\" never decides: rule \"a\" (x.conf:1) matches first; put it before that one, or take it out\n"},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"sudo:w*\"} approvals = 0 }\nrule \"b\" { who = {\"%dba\"} scope = {\"sudo:web\", \"sudo:www*\"} approvals = 0 }",
         "warning: x.conf:2: rule: \"b\" never decides: rule \"a\" (x.conf:1) matches first; put it before that one, or take it out\n"},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"sudo:web\"} approvals = 0 }\nrule \"b\" { who = {\"%dba\", \"al\"} scope = {\"sudo:web\"} approvals = 0 }",
         ""},
        {"rule \"a\" { who = {\"al\", \"%dba\"} scope = {\"sudo:web\"} approvals = 0 }\nrule \"b\" { who = {\"%dba\"} scope = {\"sudo:web\"} approvals = 0 }",
         "warning: x.conf:2: rule: \"b\" never decides: rule \"a\" (x.conf:1) matches first; put it before that one, or take it out\n"},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"sudo:web\"} approvals = 0 }\nrule \"b\" { who = {\"%dba\"} scope = {\"sudo:web\", \"sudo:db\"} approvals = 0 }",
         ""},
        {"rule \"a\" { " HEAD "hosts = {\"**\"} }\nrule \"b\" { " HEAD "hosts = {\"*\"} }", ""},
        {"rule \"a\" { " HEAD "}\nrule \"b\" { " HEAD "effect = \"deny\" }",
         "warning: x.conf:2: rule: \"b\" denies too late: rule \"a\" (x.conf:1) allows the same, and matches first; put it before that one\n"},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"sudo:web\"} approvals = 0 commands = {\"/bin/ls *\"} }\n"
         "rule \"b\" { who = {\"%dba\"} scope = {\"sudo:web\"} approvals = 0 commands = {\"/bin/ls ..\"} }",
         "warning: x.conf:1: commands: rule \"a\" matches nothing: without the sudo plugin no request names a command\n"
         "warning: x.conf:2: commands: rule \"b\" matches nothing: without the sudo plugin no request names a command\n"},
        {"rule \"a\" { " HEAD "effect = \"deny\" }\nrule \"b\" { " HEAD "effect = \"deny\" }",
         "warning: x.conf:2: rule: \"b\" never decides: rule \"a\" (x.conf:1) matches first; put it before that one, or take it out\n"},
        {"rule \"a\" { who = {\"bob\", \"%dba\"} scope = {\"sudo:w*\", \"su:web\"} approvers = {\"%leads\"} }\n"
         "rule \"b\" { " HEAD "}",
         "warning: x.conf:2: rule: \"b\" never decides: rule \"a\" (x.conf:1) matches first; put it before that one, or take it out\n"},
        /* ---- after a reboot ---- */
        {"rule \"a\" { who = {\"bob\"} scope = {\"ssh:bob\"} approvers = {\"carol\"} }\n"
         "rule \"b\" { who = {\"carol\"} scope = {\"ssh:carol\"} approvers = {\"bob\"} }",
         "warning: x.conf:1: approvers: rule \"a\" and others: after a reboot nobody is logged in, and no approver could get in without another's approval; let one in with approvals = 0, or keep a way in that is not guarded\n"},
        {"rule \"a\" { who = {\"bob\"} scope = {\"ssh:bob\"} approvers = {\"carol\"} }\n"
         "rule \"b\" { who = {\"carol\"} scope = {\"ssh:carol\"} approvals = 0 }",
         ""},
        {"rule \"a\" { who = {\"%dba\"} scope = {\"ssh:~\"} approvers = {\"%leads\"} }\n"
         "rule \"b\" { who = {\"%leads\"} scope = {\"ssh:~\"} approvals = 0 }",
         ""},
        {"rule \"a\" { who = {\"bob\"} scope = {\"ssh:bob\"} approvers = {\"carol\"} }\n"
         "rule \"b\" { who = {\"carol\"} scope = {\"ssh:carol\"} approvers = {\"dave\"} }\n"
         "rule \"c\" { who = {\"dave\"} scope = {\"login:dave\"} approvals = 0 }\n"
         "rule \"d\" { who = {\"bob\"} scope = {\"sudo:web\"} approvers = {\"erin\"} }",
         "warning: x.conf:4: approvers: rule \"d\": after a reboot nobody is logged in, and no approver could get in without another's approval; let one in with approvals = 0, or keep a way in that is not guarded\n"},
        {"rule \"a\" { who = {\"bob\"} scope = {\"ssh:bob\"} approvers = {\"carol\"} }\n"
         "rule \"b\" { who = {\"carol\"} scope = {\"*:~\"} approvals = 0 }",
         ""},
        {"rule \"a\" { who = {\"bob\"} scope = {\"ssh:bob\"} approvers = {\"%leads\"} }\n"
         "rule \"b\" { who = {\"carol\"} scope = {\"ssh:carol\"} approvals = 0 }",
         ""},
        {"rule \"a\" { who = {\"%leads\"} scope = {\"ssh:~\"} approvers = {\"%dba\"} }\n"
         "rule \"b\" { who = {\"bob\"} scope = {\"ssh:bob\"} approvers = {\"carol\"} }\n"
         "rule \"c\" { who = {\"carol\"} scope = {\"ssh:carol\"} approvers = {\"dave\"} }\n"
         "rule \"d\" { who = {\"erin\"} scope = {\"ssh:~\"} approvals = 0 }",
         ""},
};

static struct policy *parsed(const char *text, struct heard *heard)
{
	struct policy_source source = {"x.conf", text};
	struct policy *policy = NULL;

	if (policy_parse(&source, 1, &(struct policy_site){.max_grant = 43200}, hear, heard,
	                 &policy) != 0)
		fail_msg("%s\n%s", text, heard->text);
	return policy;
}

static void each_doubt_is_said_once_and_no_other(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct heard heard = {0};
		struct policy *policy = parsed(rows[i].text, &heard);
		assert_int_equal(policy_advise(policy, &(struct policy_site){.max_grant = 43200},
		                               hear, &heard),
		                 0);
		if (strcmp(heard.text, rows[i].lines) != 0)
			fail_msg("\n%s\ngave\n%sfor\n%s", rows[i].text, heard.text, rows[i].lines);
		assert_int_equal(heard.errors, 0);
		policy_free(policy);
	}
}

static void what_jitd_conf_has_is_not_doubted(void **state)
{
	static char gitlab[] = "gitlab";
	char *names[] = {gitlab};
	const struct strings trusts = {names, 1};
	const struct policy_site site = {
	        .max_grant = 43200, .sudo_plugin = true, .trusts = &trusts};
	const struct policy_site rs256 = {.max_grant = 43200, .rs256 = true};
	struct heard heard = {0};
	struct policy *policy = parsed("rule \"a\" { " HEAD "via = \"gitlab\" present = \"typed\" "
	                               "commands = {\"/bin/id\"} }",
	                               &heard);

	(void)state;
	assert_int_equal(policy_advise(policy, &site, hear, &heard), 0);
	assert_string_equal(heard.text, "");
	assert_int_equal(policy_advise(policy, &rs256, hear, &heard), 0);
	assert_non_null(strstr(heard.text,
	                       "warning: x.conf:1: present: rule \"a\": a token signed with RS256 "
	                       "is too long for a prompt; codes are typed instead, or sign with "
	                       "ES256\n"));
	policy_free(policy);
}

#define CHAIN 4000

static char *chain(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (int i = 0; out && i < CHAIN; i++)
		fprintf(out,
		        "rule \"r%d\" { who={\"p%d\"} scope={\"ssh:~\", \"sudo:app\"} "
		        "approvers={\"p%d\"} }\n",
		        i, i, i + 1);
	if (out)
		fprintf(out, "rule \"last\" { who={\"p%d\"} scope={\"ssh:~\"} approvals=0 }\n",
		        CHAIN);
	if (!out || fclose(out))
		abort();
	return text;
}

/* Each lets the one above in: looked over rule by rule again and again, that took minutes. */
static void many_rules_take_no_longer_than_it_takes_to_write_them(void **state)
{
	struct heard heard = {0};
	char *text = chain();
	struct policy *policy = parsed(text, &heard);
	clock_t begin = clock();

	(void)state;
	assert_int_equal(
	        policy_advise(policy, &(struct policy_site){.max_grant = 43200}, hear, &heard), 0);
	assert_string_equal(heard.text, "");
	assert_true((clock() - begin) / CLOCKS_PER_SEC < 10);
	policy_free(policy);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_doubt_is_said_once_and_no_other),
	        cmocka_unit_test(what_jitd_conf_has_is_not_doubted),
	        cmocka_unit_test(many_rules_take_no_longer_than_it_takes_to_write_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
