/* SPDX-License-Identifier: Apache-2.0 */
/* What follows from a rule, in words. */
#include <errno.h>
#include <stdio.h>

#include "base/parse.h"
#include "policy/explain.h"
#include "policy/rules.h"

#define VALUE_SIZE                                                                                 \
	(RULE_LIST_SIZE * 2 + CONF_LIST_MAX * 4) /* a list with its quotes and commas              \
	                                          */

struct teller {
	explain_term *term;
	void *context;
	int result; /* the first that was not 0 */
};

static void tell(struct teller *teller, const char *key, const char *value)
{
	if (!teller->result)
		teller->result = teller->term(teller->context, key, value);
}

static void tell_number(struct teller *teller, const char *key, int64_t number, const char *zero)
{
	char value[64];

	(void)snprintf(value, sizeof(value), "%lld%s", (long long)number, number ? "" : zero);
	tell(teller, key, value);
}

static void tell_duration(struct teller *teller, const char *key, int64_t seconds)
{
	char value[DURATION_SIZE];

	format_duration(seconds, value);
	tell(teller, key, value);
}

static void tell_approval(struct teller *teller, const struct rule *rule)
{
	char approvers[VALUE_SIZE];

	if (rule->approvals) {
		names_show(&rule->approvers, approvers, sizeof(approvers));
		tell(teller, "approvers", approvers);
	}
	tell_number(teller, "approvals", rule->approvals, " (granted at once)");
	if (rule->approvals)
		tell_number(teller, "denials", rule->denials, "");
}

static void tell_lengths(struct teller *teller, const struct rule *rule)
{
	tell_duration(teller, "max", rule->max);
	tell_duration(teller, "default", rule->default_for);
	if (rule->approvals)
		tell_duration(teller, "pending", rule->pending);
	tell_duration(teller, "token-ttl", rule->token_ttl);
	tell_number(teller, "uses", rule->uses, " (any number)");
}

static void tell_words(struct teller *teller, const struct rule *rule)
{
	tell(teller, "present", rule->present == PRESENT_HELD ? "held" : "typed");
	if (rule->bind_ssh_key)
		tell(teller, "bind", "ssh-key");
	if (rule->knock)
		tell(teller, "knock", "true");
	tell(teller, "reason", rule->reason == REASON_REQUIRED ? "required" : "optional");
	if (rule->ticket)
		tell(teller, "ticket", rule->ticket);
	tell(teller, "at-end", rule->at_end == END_KEEP ? "keep" : "terminate");
	if (rule->at_end == END_KEEP)
		tell_duration(teller, "keep-max", rule->keep_max);
	if (rule->warn)
		tell_duration(teller, "warn", rule->warn);
	else
		tell(teller, "warn", "never");
}

int rule_terms(const struct rule *rule, explain_term *term, void *context)
{
	struct teller teller = {.term = term, .context = context};

	tell_approval(&teller, rule);
	tell_lengths(&teller, rule);
	tell_words(&teller, rule);
	return teller.result;
}
