/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a rule that say whether it matches, and who approves.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/rules.h"
#include "policy/scope.h"
#include "policy/strings.h"
#include "policy/window.h"

int read_who(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	return names_read(&reading->complaints, entry, &rule->who);
}

int read_approvers(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	int r = names_read(&reading->complaints, entry, &rule->approvers);

	if (r == 0 && strings_hold(&rule->approvers, "root"))
		complain(&reading->complaints, entry->line, entry->key->name,
		         "root never approves; name people or a group");
	return r;
}

static int read_one_scope(struct complaints *complaints, const struct conf_entry *entry,
                          const char *text, struct strings *scopes)
{
	struct fault fault;
	char scope[SCOPE_SIZE];

	if (strchr(text, ' '))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" holds a blank; write one scope in each string", text);
	else if (scope_pattern_canonical(text, scope, &fault) < 0)
		complain(complaints, entry->line, entry->key->name, "%s", fault.text);
	else if (strings_hold(scopes, scope))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is named twice (as \"%s\"); leave one", text, scope);
	else
		return strings_add(scopes, scope, strlen(scope));
	return 0;
}

int scopes_read(struct complaints *complaints, const struct conf_entry *entry,
                struct strings *scopes)
{
	int r = 0;

	for (size_t i = 0; i < entry->values.count && r == 0; i++)
		r = read_one_scope(complaints, entry, entry->values.items[i], scopes);
	return r;
}

int read_scope(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	return scopes_read(&reading->complaints, entry, &rule->scope);
}

/* A list that narrows a rule must not be empty: nobody could say whether it means all or nothing.
 */
static bool narrows(struct reading *reading, const struct conf_entry *entry)
{
	if (entry->values.count)
		return true;
	complain(&reading->complaints, entry->line, entry->key->name,
	         "an empty list; name what is meant, or leave the key out");
	return false;
}

/* Adds a value, or reports that it is there already. */
static int add_once(struct reading *reading, const struct conf_entry *entry, const char *text,
                    struct strings *list)
{
	if (!strings_hold(list, text))
		return strings_add(list, text, strlen(text));
	complain(&reading->complaints, entry->line, entry->key->name,
	         "\"%.80s\" is named twice; leave one", text);
	return 0;
}

/* ---- commands ---- */

/* Is the part of a path at `at` one that goes up (..), or nowhere (.)? */
static bool is_dots(const char *at, size_t length)
{
	return length && length <= 2 && strspn(at, ".") >= length;
}

const char *command_fault(const char *command)
{
	size_t path = strcspn(command, " "), length = strlen(command), part;

	if (command[0] != '/' || path < 2)
		return "begins with no path; write it from / on, such as \"/usr/bin/id\"";
	if (strstr(command, "  ") || command[length - 1] == ' ')
		return "holds a blank too many; separate words by one";
	for (const char *at = command; at < command + path; at += 1 + part) {
		part = strcspn(at + 1, "/ ");
		if (at[1] == '/' || is_dots(at + 1, part))
			return "holds no plain path; leave out \"//\", \".\" and \"..\"";
	}
	if (command[path - 1] == '/')
		return "names a directory; name the program";
	return NULL;
}

bool command_goes_up(const char *command)
{
	for (const char *at = command; *at; at += *at != '\0') {
		size_t part = strcspn(at, "/ ");
		if (part == 2 && is_dots(at, part))
			return true;
		at += part;
	}
	return false;
}

int read_commands(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	int r = 0;

	if (!narrows(reading, entry))
		return 0;
	for (size_t i = 0; i < entry->values.count && r == 0; i++) {
		const char *command = entry->values.items[i], *why = command_fault(command);
		if (why)
			complain(&reading->complaints, entry->line, entry->key->name,
			         "\"%.80s\" %s", command, why);
		else
			r = add_once(reading, entry, command, &rule->commands);
	}
	return r;
}

/* ---- hosts ---- */

static int read_host(struct reading *reading, const struct conf_entry *entry, const char *text,
                     struct rule *rule)
{
	char host[HOST_MAX + 1];

	if (!value_is_host(text, "*?")) {
		complain(&reading->complaints, entry->line, entry->key->name,
		         "\"%.80s\" is no name of a host; write 1 to %d of A-Z a-z 0-9 . - and the "
		         "patterns * and ?",
		         text, HOST_MAX);
		return 0;
	}
	for (size_t i = 0; i <= strlen(text); i++)
		host[i] = (char)tolower((unsigned char)text[i]);
	return add_once(reading, entry, host, &rule->hosts);
}

int read_hosts(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	int r = 0;

	if (!narrows(reading, entry))
		return 0;
	for (size_t i = 0; i < entry->values.count && r == 0; i++)
		r = read_host(reading, entry, entry->values.items[i], rule);
	return r;
}

/* ---- the others ---- */

int read_via(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	const char *name = entry->values.items[0];

	if (!value_is_title(name)) {
		complain(&reading->complaints, entry->line, entry->key->name,
		         "\"%.80s\" is the name of no trust; write 1 to %d of A-Z a-z 0-9 . _ -",
		         name, RULE_TITLE_MAX);
		return 0;
	}
	rule->via = strdup(name);
	return rule->via ? 0 : -ENOMEM;
}

static bool same_window(const struct windows *windows, const struct window *window)
{
	for (size_t i = 0; i < windows->count; i++)
		if (windows->items[i].days == window->days &&
		    windows->items[i].begin == window->begin &&
		    windows->items[i].end == window->end)
			return true;
	return false;
}

int read_when(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	int r = 0;

	if (!narrows(reading, entry))
		return 0;
	for (size_t i = 0; i < entry->values.count && r == 0; i++) {
		struct window window;
		struct fault fault;
		if (window_read(entry->values.items[i], &window, &fault) < 0)
			complain(&reading->complaints, entry->line, entry->key->name, "%s",
			         fault.text);
		else if (same_window(&rule->when, &window))
			complain(&reading->complaints, entry->line, entry->key->name,
			         "\"%.80s\" is there twice; leave one", entry->values.items[i]);
		else
			r = windows_add(&rule->when, &window);
	}
	return r;
}
