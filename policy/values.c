/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "policy/strings.h"
#include "policy/trust.h"

static bool name_is_good(struct complaints *complaints, const struct conf_entry *entry,
                         const struct strings *seen, const char *name)
{
	bool group = name[0] == '%';

	if (!text_is_name(name + group))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is the name of no user or group; write \"alice\" or \"%%dba\"",
		         name);
	else if (strings_hold(seen, name))
		complain(complaints, entry->line, entry->key->name,
		         "\"%s\" is named twice; leave one", name);
	else
		return true;
	return false;
}

static void check_size(struct complaints *complaints, const struct conf_entry *entry)
{
	size_t size = 0;

	for (size_t i = 0; i < entry->values.count; i++)
		size += strlen(entry->values.items[i]) + 1;
	if (size > RULE_LIST_SIZE)
		complain(complaints, entry->line, entry->key->name,
		         "longer than %d bytes in all; name a group instead", RULE_LIST_SIZE - 1);
}

int names_read(struct complaints *complaints, const struct conf_entry *entry,
               struct strings *ret_names)
{
	struct strings names = {0};
	int r = 0;

	check_size(complaints, entry);
	for (size_t i = 0; i < entry->values.count && r == 0; i++) {
		const char *name = entry->values.items[i];
		if (name_is_good(complaints, entry, &names, name))
			r = strings_add(&names, name, strlen(name));
	}
	if (r < 0)
		strings_done(&names);
	else
		*ret_names = names;
	return r;
}

static const char letters_and_digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* 1 to `most` letters, digits and bytes of the two lists. */
static bool is_made_of(const char *text, size_t most, const char *marks, const char *besides)
{
	size_t length = strlen(text);

	if (!length || length > most)
		return false;
	for (; *text; text++)
		if (!strchr(letters_and_digits, *text) && !strchr(marks, *text) &&
		    !strchr(besides, *text))
			return false;
	return true;
}

bool value_is_title(const char *text)
{
	return is_made_of(text, RULE_TITLE_MAX, "._-", "");
}

bool value_is_claim(const char *text)
{
	return is_made_of(text, TRUST_CLAIM_MAX, "._-", ":/");
}

bool value_is_host(const char *text, const char *besides)
{
	return is_made_of(text, HOST_MAX, ".-", besides);
}

bool host_name_is_good(const char *name)
{
	return value_is_host(name, "");
}

bool value_in_range(struct complaints *complaints, const struct conf_entry *entry, int64_t min,
                    int64_t max)
{
	if (entry->number >= min && entry->number <= max)
		return true;
	complain(complaints, entry->line, entry->key->name,
	         "%lld is out of range; write %lld to %lld", (long long)entry->number,
	         (long long)min, (long long)max);
	return false;
}

bool value_is_second(struct complaints *complaints, const struct conf_entry *entry,
                     const char *first, const char *second)
{
	const char *word = entry->values.items[0];

	if (strcmp(word, first) != 0 && strcmp(word, second) != 0)
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is neither \"%s\" nor \"%s\"", word, second, first);
	return !strcmp(word, second);
}

bool names_hold_group(const struct strings *names)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->items[i][0] == '%')
			return true;
	return false;
}

void names_show(const struct strings *names, char *ret_text, size_t size)
{
	static const char cut[] = "...";
	size_t used = 0;

	ret_text[0] = '\0';
	for (size_t i = 0; i < names->count && used < size; i++)
		used += (size_t)snprintf(ret_text + used, size - used, "%s\"%s\"", i ? ", " : "",
		                         names->items[i]);
	if (used >= size && size >= sizeof(cut))
		memcpy(ret_text + size - sizeof(cut), cut, sizeof(cut));
}

void duration_read(struct complaints *complaints, const struct conf_entry *entry,
                   int64_t *ret_seconds)
{
	const char *text = entry->values.items[0], *key = entry->key->name;
	int64_t seconds = 0;
	int r = parse_duration(text, &seconds);

	if (r == -ERANGE)
		complain(complaints, entry->line, key, "\"%.80s\" is longer than 10 years", text);
	else if (r < 0)
		complain(complaints, entry->line, key,
		         "\"%.80s\" is no length of time; write for example \"15m\" or \"1h30m\"",
		         text);
	else if (seconds <= 0)
		complain(complaints, entry->line, key,
		         "\"%.80s\" is not above 0; write for example \"15m\"", text);
	else
		*ret_seconds = seconds;
}

/* A part that is empty, "." or ".." makes a path mean another than it looks. */
static bool parts_are_plain(const char *path)
{
	for (const char *at = path; *at;) {
		size_t length = strcspn(++at, "/");
		if (!length || (length == 1 && at[0] == '.') ||
		    (length == 2 && at[0] == '.' && at[1] == '.'))
			return false;
		at += length;
	}
	return true;
}

void path_check(struct complaints *complaints, const struct conf_entry *entry, size_t max)
{
	const char *path = entry->values.items[0];

	if (path[0] != '/' || !parts_are_plain(path))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is no plain path; write it from / on, without \"..\", \".\", "
		         "\"//\" or a / at the end",
		         path);
	else if (strlen(path) > max)
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s...\" is longer than %zu bytes", path, max);
}
