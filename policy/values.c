/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/rules.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "policy/strings.h"

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
