/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "policy/rules.h"
#include "policy/scope.h"
#include "policy/strings.h"

/* How many of the asked scopes the rule holds, and how many there are. 0 asked: not well-formed. */
struct tally {
	size_t asked, held;
};

static struct tally count_held(const struct strings *scope, const char *asked)
{
	struct tally tally = {0};

	for (const char *at = asked;; at++) {
		char one[SCOPE_SIZE];
		size_t length = strcspn(at, " ");
		if (!length || length >= sizeof(one))
			return (struct tally){0};
		memcpy(one, at, length);
		one[length] = '\0';
		tally.asked++;
		tally.held += strings_hold(scope, one);
		at += length;
		if (!*at)
			return tally;
	}
}

static bool matches(const struct rule *rule, const struct question *question)
{
	struct tally tally = count_held(&rule->scope, question->scopes);

	if (!identity_named_in(question->subject, rule->who.items, rule->who.count))
		return false;
	if (rule->effect == DECISION_ALLOW)
		return tally.asked && tally.held == tally.asked;
	return tally.held;
}

struct answer policy_evaluate(const struct policy *policy, const struct question *question)
{
	for (size_t i = 0; i < policy->count; i++)
		if (matches(&policy->rules[i], question))
			return (struct answer){policy->rules[i].effect, &policy->rules[i]};
	return (struct answer){DECISION_DENY, NULL};
}
