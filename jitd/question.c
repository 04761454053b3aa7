/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/question.h"

#include <string.h>

#include "base/civil.h"

struct question question_of(const struct jitd *jitd, const struct identity *subject,
                            const char *scopes, const char *host, const char *via, int64_t now)
{
	struct civil civil = {0};
	/* each time it is asked the zone's file is looked at */
	bool known = policy_looks_at_time(jitd->policy) && civil_of(now, &civil) == 0;

	return (struct question){.subject = subject,
	                         .scopes = scopes,
	                         .host = host,
	                         .here = jitd->host_id,
	                         .via = *via ? via : NULL,
	                         .at = {known, civil.day, civil.minute}};
}

const struct rule *question_rule(const struct jitd *jitd, const struct access *access)
{
	const struct rule *rule = policy_rule(jitd->policy, access->rule);

	return rule && !strcmp(rule->text, access->rule_text) ? rule : NULL;
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
	if (own && stands(own, question) && rule_comes_before(own, answer.rule))
		return NULL;
	return answer.rule;
}
