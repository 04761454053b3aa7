/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/question.h"

#include <string.h>

#include "base/civil.h"

struct question question_of(const struct jitd *jitd, const struct identity *subject,
                            const char *scopes, const char *host, int64_t now)
{
	struct civil civil = {0};
	bool known = civil_of(now, &civil) == 0;

	return (struct question){.subject = subject,
	                         .scopes = scopes,
	                         .host = host,
	                         .here = jitd->host_id,
	                         .at = {known, civil.day, civil.minute}};
}

const struct rule *question_rule(const struct jitd *jitd, const struct access *access)
{
	const struct rule *rule = policy_rule(jitd->policy, access->rule);

	return rule && !strcmp(rule->text, access->rule_text) ? rule : NULL;
}

bool question_comes_before(const struct jitd *jitd, const struct rule *first,
                           const struct rule *second)
{
	size_t count = policy_rule_count(jitd->policy);

	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = policy_rule_at(jitd->policy, i);
		if (rule == first || rule == second)
			return rule == first && rule != second;
	}
	return false;
}

static bool stands(const struct rule *rule, const struct question *question)
{
	enum rule_field field = rule_compare(rule, question);

	return field == FIELD_WHEN || field == FIELD_ALL;
}

const struct rule *question_denied_by(const struct jitd *jitd, const struct access *access,
                                      const struct question *question)
{
	struct answer answer = policy_evaluate(jitd->policy, question);
	const struct rule *own;

	if (!answer.rule || answer.effect == DECISION_ALLOW)
		return NULL;
	own = question_rule(jitd, access);
	if (own && stands(own, question) && question_comes_before(jitd, own, answer.rule))
		return NULL;
	return answer.rule;
}
