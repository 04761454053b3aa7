/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rules.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/parse.h"
#include "policy/window.h"

static void write_string(FILE *out, const char *text)
{
	fputc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', out);
		fputc(*text, out);
	}
	fputc('"', out);
}

static void write_list(FILE *out, const char *key, const struct strings *list)
{
	fprintf(out, " %s = {", key);
	for (size_t i = 0; i < list->count; i++) {
		fputs(i ? ", " : "", out);
		write_string(out, list->items[i]);
	}
	fputc('}', out);
}

static void write_windows(FILE *out, const struct windows *windows)
{
	fputs(" when = {", out);
	for (size_t i = 0; i < windows->count; i++) {
		char window[WINDOW_SIZE];
		window_write(&windows->items[i], window);
		fprintf(out, "%s\"%s\"", i ? ", " : "", window);
	}
	fputc('}', out);
}

static void write_duration(FILE *out, const char *key, int64_t seconds)
{
	char text[DURATION_SIZE];

	format_duration(seconds, text);
	fprintf(out, " %s = \"%s\"", key, text);
}

/* Whether it matches. A list that narrows is left out where it does not. */
static void write_match(FILE *out, const struct rule *rule)
{
	write_list(out, "who", &rule->who);
	write_list(out, "scope", &rule->scope);
	if (rule->commands.count)
		write_list(out, "commands", &rule->commands);
	if (rule->hosts.count)
		write_list(out, "hosts", &rule->hosts);
	if (rule->via)
		fprintf(out, " via = \"%s\"", rule->via);
	if (rule->when.count)
		write_windows(out, &rule->when);
}

static void write_words(FILE *out, const struct rule *rule)
{
	fprintf(out, " present = \"%s\"", rule->present == PRESENT_HELD ? "held" : "typed");
	fprintf(out, " bind = {%s}", rule->bind_ssh_key ? "\"ssh-key\"" : "");
	fprintf(out, " knock = %s", rule->knock ? "true" : "false");
	fprintf(out, " reason = \"%s\"", rule->reason == REASON_REQUIRED ? "required" : "optional");
	if (rule->ticket) {
		fputs(" ticket = ", out);
		write_string(out, rule->ticket);
	}
	fprintf(out, " at-end = \"%s\"", rule->at_end == END_KEEP ? "keep" : "terminate");
	if (rule->at_end == END_KEEP)
		write_duration(out, "keep-max", rule->keep_max);
	write_duration(out, "warn", rule->warn);
}

/* Every key, in one order, also where it has its default: what an approval is bound to must not
 * change its meaning with a later version's defaults. */
static void write_rule(FILE *out, const struct rule *rule)
{
	fprintf(out, "rule \"%s\" {", rule->title);
	write_match(out, rule);
	write_list(out, "approvers", &rule->approvers);
	fprintf(out, " approvals = %u", rule->approvals);
	fprintf(out, " denials = %u", rule->denials);
	write_duration(out, "max", rule->max);
	write_duration(out, "default", rule->default_for);
	write_duration(out, "pending", rule->pending);
	write_duration(out, "token-ttl", rule->token_ttl);
	fprintf(out, " uses = %lld", (long long)rule->uses);
	write_words(out, rule);
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
