/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/glob.h"

static const struct {
	const char *pattern, *text, *dividers;
	bool matches;
} rows[] = {
        {"", "", GLOB_HOST, true},
        {"", "a", GLOB_HOST, false},
        {"a", "", GLOB_HOST, false},
        {"web1", "web1", GLOB_HOST, true},
        {"web1", "web12", GLOB_HOST, false},
        {"web12", "web1", GLOB_HOST, false},
        {"*", "", GLOB_HOST, true},
        {"*", "web1", GLOB_HOST, true},
        {"*", "web1.example", GLOB_HOST, false},
        {"**", "web1", GLOB_HOST, true},
        {"db*", "db", GLOB_HOST, true},
        {"db*.example.org", "db1.example.org", GLOB_HOST, true},
        {"db*.example.org", "db.example.org", GLOB_HOST, true},
        {"db*.example.org", "db1.evil.example.org", GLOB_HOST, false},
        {"db*.example.org", "db1.example.org.evil", GLOB_HOST, false},
        {"db*.example.org", "xdb1.example.org", GLOB_HOST, false},
        {"*.example.org", ".example.org", GLOB_HOST, true},
        {"*.*.org", "a.b.org", GLOB_HOST, true},
        {"*.*.org", "a.org", GLOB_HOST, false},
        {"w?b", "web", GLOB_HOST, true},
        {"w?b", "wb", GLOB_HOST, false},
        {"w?b", "w.b", GLOB_HOST, false},
        {"web?", "web", GLOB_HOST, false},
        {"*a*b*c", "xxaxxbxxc", GLOB_HOST, true},
        {"*a*b*c", "xxaxxcxxb", GLOB_HOST, false},
        {"*ab", "aab", GLOB_HOST, true},
        {"*ab", "abab", GLOB_HOST, true},
        {"*a?b", "aaab", GLOB_HOST, true},
        {"a*a", "a", GLOB_HOST, false},
        {"a*", "ba", GLOB_HOST, false},
        {"ssh:*", "ssh:alice", GLOB_SCOPE, true},
        {"ssh:*", "ssh:", GLOB_SCOPE, true},
        {"*", "ssh:alice", GLOB_SCOPE, false},
        {"s*e", "ssh:alice", GLOB_SCOPE, false},
        {"*:root", "sudo:root", GLOB_SCOPE, true},
        {"su*:root", "sudo:root", GLOB_SCOPE, true},
        {"su*:root", "ssh:root", GLOB_SCOPE, false},
        {"sudo:web-*", "sudo:web-1", GLOB_SCOPE, true},
        {"sudo:web-*", "sudo:db-1", GLOB_SCOPE, false},
        {"/bin/systemctl restart pg*", "/bin/systemctl restart pg15", GLOB_COMMAND, true},
        {"/bin/systemctl restart pg*", "/bin/systemctl restart pg15 sshd", GLOB_COMMAND, false},
        {"/bin/cat /var/log/*", "/bin/cat /var/log/auth.log", GLOB_COMMAND, true},
        {"/bin/cat /var/log/*", "/bin/cat /var/log/../../etc/shadow", GLOB_COMMAND, false},
        {"/bin/cat /var/log/*", "/bin/cat /var/log/a /etc/shadow", GLOB_COMMAND, false},
        {"/bin/*", "/bin/a/b", GLOB_COMMAND, false},
        {"/bin/id", "/bin/id -u", GLOB_COMMAND, false},
        {"[a]", "a", GLOB_HOST, false},
        {"[a]", "[a]", GLOB_HOST, true},
        {"\\*", "*", GLOB_HOST, false},
};

static void a_star_takes_what_it_may_and_no_divider(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (glob_matches(rows[i].pattern, rows[i].text, rows[i].dividers) !=
		    rows[i].matches)
			fail_msg("\"%s\" and \"%s\": not %s", rows[i].pattern, rows[i].text,
			         rows[i].matches ? "matched" : "refused");
}

static void many_stars_take_no_time(void **state)
{
	char text[2001];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	for (int i = 0; i < 1000; i++)
		assert_false(glob_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text, GLOB_HOST));
}

static void a_pattern_covers_another_only_where_it_is_wider(void **state)
{
	static const struct {
		const char *outer, *inner;
		bool covers;
	} pairs[] = {
	        {"*", "*", true},        {"*", "a*", true},   {"*", "a", true},
	        {"a*", "*", false},      {"?", "*", false},   {"*", "?", true},
	        {"?", "?", true},        {"a", "?", false},   {"a", "*", false},
	        {"a*c", "a*bc", true},   {"*", "a.b", false}, {"*.b", "a*.b", true},
	        {"a*.b", "*.b", false},  {"a", "a", true},    {"ab*", "a*", false},
	        {"*.x", "*.*.x", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		if (glob_covers(pairs[i].outer, pairs[i].inner, GLOB_HOST) != pairs[i].covers)
			fail_msg("\"%s\" and \"%s\"", pairs[i].outer, pairs[i].inner);
	assert_true(glob_is("a*"));
	assert_true(glob_is("a?"));
	assert_false(glob_is("a[b]"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_star_takes_what_it_may_and_no_divider),
	        cmocka_unit_test(many_stars_take_no_time),
	        cmocka_unit_test(a_pattern_covers_another_only_where_it_is_wider),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
