/* SPDX-License-Identifier: Apache-2.0 */
/* What an approval is bound to: every member of what was shown, and nothing that may change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "jitd/access.h"
#include "jitd/shown.h"

static struct access shown(void)
{
	static char subject[] = "games", scope[] = "sudo:root", host[] = "web1", rule[] = "root",
	            rule_text[] = "rule \"root\" { }", who[] = "%friends", approvers[] = "man",
	            reason[] = "why", ticket[] = "INC-1", ended[] = "", via[] = "", issuer[] = "";

	return (struct access){.id = 42,
	                       .uid = 5,
	                       .login_uid = 5,
	                       .subject = subject,
	                       .scope = scope,
	                       .host = host,
	                       .rule = rule,
	                       .rule_text = rule_text,
	                       .who = who,
	                       .approvers = approvers,
	                       .reason = reason,
	                       .ticket = ticket,
	                       .ended = ended,
	                       .via = via,
	                       .issuer = issuer,
	                       .approvals = 1,
	                       .denials = 1,
	                       .asked = 900,
	                       .seconds = 900,
	                       .uses = 3,
	                       .uses_left = 3,
	                       .state = STATE_PENDING,
	                       .token_ttl = 300};
}

static void i2_every_member_of_what_was_shown_counts(void **state)
{
	static char other[] = "other";
	const struct access first = shown();
	struct access changed[19];
	char digests[20][SHOWN_SIZE];
	size_t n = 0;

	(void)state;
	for (size_t i = 0; i < 19; i++)
		changed[i] = first;
	changed[n++].id = 43;
	changed[n++].uid = 6;
	changed[n++].subject = other;
	changed[n++].scope = other;
	changed[n++].host = other;
	changed[n++].reason = other;
	changed[n++].ticket = other;
	changed[n++].asked = 901;
	changed[n++].typed = true;
	changed[n++].uses = 4;
	changed[n++].approvals = 2;
	changed[n++].denials = 2;
	changed[n++].rule = other;
	changed[n++].rule_text = other;
	changed[n++].via = other;
	changed[n++].issuer = other;
	changed[n++].foreign = 7;
	changed[n++].ends = 1;
	strcpy(changed[n++].user_key, "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8");
	assert_int_equal(n, 19);
	assert_int_equal(shown_digest(&first, digests[19]), 0);
	assert_int_equal(strlen(digests[19]), SHOWN_DIGITS);
	for (size_t i = 0; i < 19; i++) {
		assert_int_equal(shown_digest(&changed[i], digests[i]), 0);
		assert_false(shown_is(&changed[i], digests[19]));
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(digests[i], digests[k]);
	}
	assert_true(shown_is(&first, digests[19]));
	assert_false(shown_is(&first, ""));
}

static void what_changes_on_the_way_does_not_count(void **state)
{
	struct access access = shown();
	char digest[SHOWN_SIZE];

	(void)state;
	assert_int_equal(shown_digest(&access, digest), 0);
	access.seconds = 60; /* an approver shortened it */
	access.uses_left = 1;
	access.state = STATE_ACTIVE;
	access.requested = access.lapses = access.decided = access.from = access.until = 1;
	assert_true(shown_is(&access, digest));
}

/* One text cannot take what is another's, whatever is written in it. */
static void i2_texts_do_not_run_into_each_other(void **state)
{
	static char short_reason[] = "why", long_ticket[] = "x\nticket y";
	static char long_reason[] = "why\nticket x", short_ticket[] = "y";
	struct access one = shown(), two = shown();
	char digest[SHOWN_SIZE];

	(void)state;
	one.reason = short_reason;
	one.ticket = long_ticket;
	two.reason = long_reason;
	two.ticket = short_ticket;
	assert_int_equal(shown_digest(&one, digest), 0);
	assert_false(shown_is(&two, digest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(i2_every_member_of_what_was_shown_counts),
	        cmocka_unit_test(what_changes_on_the_way_does_not_count),
	        cmocka_unit_test(i2_texts_do_not_run_into_each_other),
	};

	return cmocka_run_group_tests_name("shown", tests, NULL, NULL);
}
