/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/ticket.h"

static const struct {
	const char *expression, *good, *bad;
} rows[] = {
        {"^INC-[0-9]+$", "INC-42", "INC-"},
        {"^INC-[0-9]+$", "INC-42", "xINC-42"},
        {"^INC-[0-9]+$", "INC-42", "INC-42 "},
        {"INC", "see INC here", "see inc here"},
        {"^(INC|CHG)[0-9]{4}$", "CHG1234", "CHG12345"},
        {"^[0-9a-f]{8}(-[0-9a-f]{4}){1}$", NULL, NULL}, /* refused: counts within counts */
        {"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}$", "00112233-aabb-ccdd", "00112233-aabb-ccd"},
        {"^a{16}$", "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaa"},
        {"^a{2,}$", "aaa", "a"},
        {"^a{1,2}$", "aa", "aaa"},
        {"^\\{[0-9]\\}$", "{1}", "1"},
        {"^\\(x\\)\\.$", "(x).", "(x)y"},
        {"^[]{}(]+$", "]{(", "a"},
        {"^[^]]+$", "abc", "a]"},
        {"^[[:digit:]]+$", "123", "12a"},
        {"^(a|b)+$", "abba", "abc"},
        {"^((a)(b))$", "ab", "ba"},
        {"^([A-Z]+-[0-9]+)+$", "INC-1CHG-2", "INC-"},
        {"^((((((a+)+)+)+)+)+)$", "aa", "b"}, /* 64 copies of a */
        {"^((((((a+)+)+)+)+)+)+$", NULL, NULL},
        {"^a++++++$", "a", "b"},
        {"^a+++++++$", NULL, NULL},
        {"^(a+++b+++)+++$", "ab", "a"},
        {"^(a+++b+++)++++$", NULL, NULL},
        {"^((a{16})+)+$", "aaaaaaaaaaaaaaaa", "a"},
        {"^(((a{16})+)+)+$", NULL, NULL},
        {"^((a{15,})+)+$", "aaaaaaaaaaaaaaa", "a"},
        {"^(((a{0})+)+)+$", NULL, NULL},
        {"^(a?)+$", NULL, NULL}, /* refused: repeats of what may be nothing */
        {"^(a|)*$", NULL, NULL},
        {"^(|a)*$", NULL, NULL},
        {"^(a|b?|c){2}$", NULL, NULL},
        {"^(a*b*)+$", NULL, NULL},
        {"^(a{0,3}){3}$", NULL, NULL},
        {"^(()|a)+$", NULL, NULL},
        {"(^)*$", NULL, NULL},
        {"^a**$", NULL, NULL},
        {"*a", NULL, NULL},
        {"a|*b", NULL, NULL},
        {"(+a)", NULL, NULL},
        {"^((){0,16}++$[ab])", NULL, NULL}, /* glibc: half a minute and more */
        {"^(INC|CHG)?-?[0-9]+$", "CHG-7", "CHG-"},
        {"^(a?b)*$", "abb", "aab"},
        {"^([A-Z]*[0-9])+$", "AB1C2", "AB"},
        {"^(a|b*c|[d]|\\.)+$", "abbcd.", "b"},
        {"^(a{1,3}b?)+$", "aaab", "b"},
        {"^((^a|b?)?c)+$", "bcc", "bb"},
};

static void an_expression_takes_its_tickets(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct ticket *ticket = NULL;
		struct fault fault = {""};
		int r = ticket_new(rows[i].expression, &ticket, &fault);
		if (r != (rows[i].good ? 0 : -EINVAL))
			fail_msg("%s gave %d: %s", rows[i].expression, r, fault.text);
		if (!rows[i].good)
			continue;
		if (!ticket_matches(ticket, rows[i].good) || ticket_matches(ticket, rows[i].bad))
			fail_msg("%s: %s, %s", rows[i].expression, rows[i].good, rows[i].bad);
		assert_null(ticket_free(ticket));
	}
}

static void a_ticket_has_at_most_128_bytes(void **state)
{
	struct ticket *ticket = NULL;
	struct fault fault;
	char text[TICKET_MAX + 2];

	(void)state;
	assert_int_equal(ticket_new("^a+$", &ticket, &fault), 0);
	memset(text, 'a', sizeof(text));
	text[TICKET_MAX + 1] = '\0';
	assert_false(ticket_matches(ticket, text));
	text[TICKET_MAX] = '\0';
	assert_true(ticket_matches(ticket, text));
	ticket_free(ticket);
}

/* The worst that the bounds leave: it must come back, not run for the age of the universe. */
static void the_worst_expressions_that_are_taken_end_soon(void **state)
{
	static const char *const worst[] = {
	        "^((((((((a+)*)?)?)?)?)?)?)?$",
	        "^(a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a){16}$",
	        "^(aa?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?){16}b$",
	        "(.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.*.){16}b",
	};
	char text[TICKET_MAX + 1];

	(void)state;
	memset(text, 'a', TICKET_MAX);
	text[TICKET_MAX] = '\0';
	for (size_t i = 0; i < sizeof(worst) / sizeof(worst[0]); i++) {
		struct ticket *ticket = NULL;
		struct fault fault;
		assert_int_equal(ticket_new(worst[i], &ticket, &fault), 0);
		(void)ticket_matches(ticket, text);
		ticket_free(ticket);
	}
}

/* States that glibc makes while it matches would stay with what is compiled: 20 MiB here. */
static void tickets_leave_nothing_behind(void **state)
{
	struct ticket *ticket = NULL;
	struct fault fault;
	uint64_t seed = 42;
	size_t before;

	(void)state;
	assert_int_equal(ticket_new("(a|b).{0,16}a.{16}", &ticket, &fault), 0);
	before = mallinfo2().uordblks;
	for (int i = 0; i < 4000; i++) {
		char text[TICKET_MAX + 1] = {0};
		for (size_t k = 0; k < TICKET_MAX; k++) {
			seed = seed * 6364136223846793005 + 1442695040888963407;
			text[k] = "ab-1"[seed >> 62];
		}
		(void)ticket_matches(ticket, text);
	}
	assert_true(mallinfo2().uordblks <= before + 65536);
	ticket_free(ticket);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(an_expression_takes_its_tickets),
	        cmocka_unit_test(a_ticket_has_at_most_128_bytes),
	        cmocka_unit_test(the_worst_expressions_that_are_taken_end_soon),
	        cmocka_unit_test(tickets_leave_nothing_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
