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

/* What was taken must be what its canonical form says. */
static void check_taken(const struct policy *policy)
{
	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		const struct policy_source again = {"again", policy_rule_at(policy, i)->text};
		struct policy *copy = NULL;
		if (policy_parse(&again, 1, &(struct policy_site){.max_grant = MAX_GRANT}, NULL,
		                 NULL, &copy) == 0)
			assert_string_equal(policy_rule_at(copy, 0)->text, again.text);
		else
			fail_msg("%s", again.text);
		policy_free(copy);
	}
}

static void every_key_that_narrows_or_binds_is_taken(void **state)
{
	const struct policy_source source = {
	        "a.conf",
	        "rule \"cmd\" { who = {\"a\"} scope = {\"sudo:w*\"} approvals = 0\n"
	        "commands = {\"/bin/sh -c \\\"id\\\"\", \"/bin/x \\\\y\"} hosts = {\"DB?.example\", \"*\"}\n"
	        "via = \"gitlab\" when = {\"mon-fri 08:00-18:00\", \"sat\"} denials = 3\n"
	        "ticket = \"^INC-[0-9]{1,9}\\\\.$\" at-end = \"keep\" keep-max = \"2h\" warn = \"0s\" }\n"
	        "rule \"key\" { who = {\"%g\"} scope = {\"*:~\", \"s?h:db\"} approvers = {\"%l\"}\n"
	        "bind = {\"ssh-key\"} knock = true warn = \"5m\" }\n"};
	cleanup(cleanup_policy) struct policy *policy = parsed_with(&source, 1, MAX_GRANT, "");
	const struct rule *rule = policy_rule(policy, "cmd"), *key = policy_rule(policy, "key");

	(void)state;
	assert_string_equal(rule->commands.items[0], "/bin/sh -c \"id\"");
	assert_string_equal(rule->commands.items[1], "/bin/x \\y");
	assert_string_equal(rule->hosts.items[0], "db?.example");
	assert_string_equal(rule->via, "gitlab");
	assert_int_equal(rule->when.count, 2);
	assert_int_equal(rule->denials, 3);
	assert_true(rule_takes_ticket(rule, "INC-7."));
	assert_false(rule_takes_ticket(rule, "INC-7"));
	assert_false(rule_takes_ticket(rule, ""));
	assert_true(rule_takes_ticket(key, ""));
	assert_int_equal(rule->at_end, END_KEEP);
	assert_int_equal(rule->keep_max, 7200);
	assert_int_equal(rule->warn, 0);
	assert_false(rule->knock || rule->bind_ssh_key);
	assert_true(key->knock && key->bind_ssh_key);
	assert_int_equal(key->warn, 300);
	assert_int_equal(key->denials, 1);
	assert_string_equal(
	        rule->text,
	        "rule \"cmd\" { who = {\"a\"} scope = {\"sudo:w*\"} commands = {\"/bin/sh -c "
	        "\\\"id\\\"\", \"/bin/x \\\\y\"} hosts = {\"db?.example\", \"*\"} via = \"gitlab\" "
	        "when = {\"mon-fri 08:00-18:00\", \"sat\"} approvers = {} approvals = 0 denials = 3 "
	        "max = \"1h\" default = \"15m\" pending = \"3h\" token-ttl = \"5m\" uses = 0 "
	        "present = \"held\" bind = {} knock = false reason = \"optional\" ticket = "
	        "\"^INC-[0-9]{1,9}\\\\.$\" at-end = \"keep\" keep-max = \"2h\" warn = \"0s\" effect = "
	        "\"allow\" }");
}

static void what_narrows_comes_from_defaults_where_it_is_meant(void **state)
{
	const struct policy_source source = {
	        "a.conf",
	        "defaults { hosts = {\"db1\"} commands = {\"/bin/id\"} when = {\"mon\"}\n"
	        "via = \"x\" ticket = \"^T$\" knock = true denials = 2 warn = \"30m\" }\n"
	        "rule \"in\" { who = {\"a\"} scope = {\"sudo:w\"} approvals = 0 }\n"
	        "rule \"own\" { who = {\"a\"} scope = {\"sudo:w\"} approvals = 0 max = \"10m\"\n"
	        "hosts = {\"db2\"} commands = {\"/bin/ls\"} when = {\"tue\"} via = \"y\"\n"
	        "ticket = \"^U$\" denials = 1 }\n"
	        "rule \"no\" { who = {\"a\"} scope = {\"su:w\"} effect = \"deny\" }\n"};
	cleanup(cleanup_policy) struct policy *policy = parsed_with(&source, 1, MAX_GRANT, "");
	const struct rule *in = policy_rule(policy, "in"), *own = policy_rule(policy, "own");

	(void)state;
	assert_string_equal(in->hosts.items[0], "db1");
	assert_string_equal(in->commands.items[0], "/bin/id");
	assert_string_equal(in->via, "x");
	assert_int_equal(in->when.items[0].days, 1);
	assert_true(rule_takes_ticket(in, "T"));
	assert_int_equal(in->denials, 2);
	assert_int_equal(in->warn, 1800);
	assert_false(in->knock); /* sudo does not */
	assert_int_equal(own->hosts.count, 1);
	assert_string_equal(own->hosts.items[0], "db2");
	assert_int_equal(own->commands.count, 1);
	assert_string_equal(own->via, "y");
	assert_int_equal(own->when.count, 1);
	assert_int_equal(own->when.items[0].days, 2);
	assert_false(rule_takes_ticket(own, "T"));
	assert_int_equal(own->warn, 600);
	assert_int_equal(policy_rule(policy, "no")->commands.count, 0);
	check_taken(policy);
}

/* ---- damaged files: whatever the bytes, a policy or an error that names the file ---- */

static const char good[] = "defaults { reason = \"required\" max = \"2h\" }\n"
                           "rule \"a\" { who = {\"alice\", \"%dba\"} # x\n"
                           " scope = {\"sudo:root\", \"su:web\"} approvers = {\"bob\", \"%l\"}\n"
                           " approvals = 2 uses = 10 default = \"15m\" pending = \"3h\"\n"
                           " token-ttl = \"5m\" present = \"typed\" hosts = {\"db*\"} }\n"
                           "rule \"c\" { who = {\"%x\"} scope = {\"ssh:~\"} approvers = {\"%l\"}\n"
                           " when = {\"fri 22:00-02:00\"} ticket = \"^A{2}$\" warn = \"0s\" }\n"
                           "rule \"b\" { who = {\"%x\"} scope = {\"su:y\"} effect = \"deny\" }\n";

static void damage(char *text, size_t size, uint64_t *seed)
{
	static const char bytes[] = "\"\"{}{}=,#$+\\'()/*; \n\t\r0x1abz%:~|[]\x01\xff";
	size_t length = strlen(text);

	for (int n = 1 + (int)(*seed % 3); n; n--) {
		size_t at, from;
		*seed = *seed * 6364136223846793005u + 1442695040888963407u;
		at = (size_t)(*seed >> 33) % length;
		from = (size_t)(*seed >> 13) % length;
		if (*seed >> 62 == 0 && length + 1 < size) {
			memmove(text + at + 1, text + at, length - at + 1);
			length++;
			text[at] = bytes[(*seed >> 20) % (sizeof(bytes) - 1)];
		} else if (*seed >> 62 == 1 && length > 1) {
			memmove(text + at, text + at + 1, length - at);
			length--;
		} else if (*seed >> 62 == 2) {
			text[at] = text[from];
		} else {
			text[at] = bytes[(*seed >> 20) % (sizeof(bytes) - 1)];
		}
	}
}

static void a_damaged_file_is_taken_for_what_it_says_or_refused(void **state)
{
	uint64_t seed = 42;
	size_t taken = 0;

	(void)state;
	for (int i = 0; i < 50000; i++) {
		char text[sizeof(good) + 16];
		struct policy_source source = {"x.conf", text};
		struct policy *policy = NULL;
		struct heard heard = {0};
		int r;

		memcpy(text, good, sizeof(good));
		damage(text, sizeof(text), &seed);
		r = policy_parse(&source, 1, &(struct policy_site){.max_grant = MAX_GRANT}, hear,
		                 &heard, &policy);
		if (strstr(heard.text, "libconfuse"))
			fail_msg("the two readers differ on\n%s\n%s", text, heard.text);
		assert_int_equal(r, policy ? 0 : -EINVAL);
		assert_int_equal(r == 0, heard.errors == 0);
		assert_true(r == 0 || !strncmp(heard.text, "x.conf:", 7));
		if (policy)
			check_taken(policy);
		taken += policy != NULL;
		policy_free(policy);
	}
	assert_in_range(taken, 500, 49000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_key_that_narrows_or_binds_is_taken),
	        cmocka_unit_test(what_narrows_comes_from_defaults_where_it_is_meant),
	        cmocka_unit_test(a_damaged_file_is_taken_for_what_it_says_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
