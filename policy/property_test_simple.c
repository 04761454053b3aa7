/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "policy/property_test_draw.h"

/* `*` takes nothing, or one byte and goes on; whoever finds a way is right. */
bool simple_glob(const char *pattern, const char *text, const char *dividers)
{
	if (!*pattern)
		return !*text;
	if (*pattern == '*' && simple_glob(pattern + 1, text, dividers))
		return true;
	if (!*text)
		return false;
	if (*pattern == '*')
		return !strchr(dividers, *text) && simple_glob(pattern, text + 1, dividers);
	if (*pattern == '?')
		return !strchr(dividers, *text) && simple_glob(pattern + 1, text + 1, dividers);
	return *pattern == *text && simple_glob(pattern + 1, text + 1, dividers);
}

/* From each day on which it begins, minute by minute until its end. */
bool simple_within(const struct hours *hours, unsigned int day, unsigned int minute)
{
	for (unsigned int first = 0; first < 7; first++) {
		unsigned int d = first, m = hours->begin;
		if (!hours->days[first])
			continue;
		do {
			if (m == 1440) {
				d = (d + 1) % 7;
				m = 0;
			}
			if (d == day && m == minute)
				return true;
			m++;
		} while (m != hours->end);
	}
	return false;
}

static bool has(const struct words *words, const char *word)
{
	for (size_t i = 0; i < words->count; i++)
		if (!strcmp(words->items[i], word))
			return true;
	return false;
}

static bool scope_is_held(const struct sketch *rule, const struct asked *asked, const char *scope)
{
	for (size_t i = 0; i < rule->scope.count; i++) {
		const char *word = rule->scope.items[i];
		char own[256];
		(void)snprintf(own, sizeof(own), "%.*s%s", (int)(strchr(word, ':') + 1 - word),
		               word, asked->user);
		if (simple_glob(strstr(word, ":~") ? own : word, scope, ":"))
			return true;
	}
	return false;
}

static bool scope_matches(const struct sketch *rule, const struct asked *asked)
{
	size_t held = 0;

	for (size_t i = 0; i < asked->scopes.count; i++)
		held += scope_is_held(rule, asked, asked->scopes.items[i]);
	return rule->deny ? held > 0 : held == asked->scopes.count;
}

static bool who_matches(const struct sketch *rule, const struct asked *asked)
{
	for (size_t i = 0; i < rule->who.count; i++) {
		const char *name = rule->who.items[i];
		if (name[0] == '%' ? has(&asked->groups, name + 1) : !strcmp(name, asked->user))
			return true;
	}
	return false;
}

static bool command_matches(const struct sketch *rule, const struct asked *asked)
{
	if (!rule->commands.count)
		return true;
	for (size_t i = 0; asked->command && i < rule->commands.count; i++)
		if (simple_glob(rule->commands.items[i], asked->command, " /"))
			return true;
	return false;
}

static void lower(const char *text, char to[64])
{
	size_t i = 0;

	for (; text[i] && i < 63; i++)
		to[i] = (char)tolower((unsigned char)text[i]);
	to[i] = '\0';
}

static bool host_matches(const struct sketch *rule, const struct asked *asked)
{
	char host[64], pattern[64];

	if (!rule->hosts.count)
		return rule->deny || !asked->host || !asked->here ||
		       !strcasecmp(asked->host, asked->here);
	if (!asked->host && !asked->here) /* nobody can tell */
		return rule->deny;
	lower(asked->host ? asked->host : asked->here, host);
	for (size_t i = 0; i < rule->hosts.count; i++) {
		lower(rule->hosts.items[i], pattern);
		if (!strcmp(pattern, "*") || simple_glob(pattern, host, "."))
			return true;
	}
	return false;
}

static bool via_matches(const struct sketch *rule, const struct asked *asked)
{
	if (!rule->via)
		return rule->deny || !asked->via;
	return asked->via && !strcmp(rule->via, asked->via);
}

static bool when_matches(const struct sketch *rule, const struct asked *asked)
{
	if (!asked->known) /* nobody can tell: no reason to allow, one to deny */
		return rule->deny || !rule->when_count;
	for (size_t i = 0; i < rule->when_count; i++)
		if (simple_within(&rule->when[i], asked->day, asked->minute))
			return true;
	return !rule->when_count;
}

enum rule_field simple_compare(const struct sketch *rule, const struct asked *asked)
{
	if (asked->odd)
		return FIELD_UNDECIDED;
	if (!scope_matches(rule, asked))
		return FIELD_SCOPE;
	if (!who_matches(rule, asked))
		return FIELD_WHO;
	if (!command_matches(rule, asked))
		return FIELD_COMMANDS;
	if (!host_matches(rule, asked))
		return FIELD_HOSTS;
	if (!via_matches(rule, asked))
		return FIELD_VIA;
	return when_matches(rule, asked) ? FIELD_ALL : FIELD_WHEN;
}
