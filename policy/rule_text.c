/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/parse.h"

/* Names, scopes and titles hold neither quotes nor backslashes, so nothing needs an escape. */
static void write_list(FILE *out, const char *key, const struct strings *list)
{
	fprintf(out, " %s = {", key);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s\"%s\"", i ? ", " : "", list->items[i]);
	fputc('}', out);
}

static void write_duration(FILE *out, const char *key, int64_t seconds)
{
	char text[DURATION_SIZE];

	format_duration(seconds, text);
	fprintf(out, " %s = \"%s\"", key, text);
}

/* Every key, in one order, also where it has its default: what an approval is bound to must not
 * change its meaning with a later version's defaults. */
static void write_rule(FILE *out, const struct rule *rule)
{
	fprintf(out, "rule \"%s\" {", rule->title);
	write_list(out, "who", &rule->who);
	write_list(out, "scope", &rule->scope);
	write_list(out, "approvers", &rule->approvers);
	fprintf(out, " approvals = %u", rule->approvals);
	write_duration(out, "max", rule->max);
	write_duration(out, "default", rule->default_for);
	write_duration(out, "pending", rule->pending);
	write_duration(out, "token-ttl", rule->token_ttl);
	fprintf(out, " uses = %lld", (long long)rule->uses);
	fprintf(out, " present = \"%s\"", rule->present == PRESENT_HELD ? "held" : "typed");
	fprintf(out, " reason = \"%s\"", rule->reason == REASON_REQUIRED ? "required" : "optional");
	fprintf(out, " effect = \"%s\" }", rule->effect == DECISION_ALLOW ? "allow" : "deny");
}

char *rule_text(const struct rule *rule)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int failed;

	if (!out)
		return NULL;
	write_rule(out, rule);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return NULL;
	}
	return text;
}
