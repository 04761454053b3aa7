/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/strings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int strings_add(struct strings *strings, const char *text, size_t length)
{
	char **grown = reallocarray(strings->items, strings->count + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	strings->items = grown;
	grown[strings->count] = strndup(text, length);
	if (!grown[strings->count])
		return -ENOMEM;
	strings->count++;
	return 0;
}

bool strings_hold(const struct strings *strings, const char *text)
{
	for (size_t i = 0; i < strings->count; i++)
		if (!strcmp(strings->items[i], text))
			return true;
	return false;
}

void strings_done(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++)
		free(strings->items[i]);
	free(strings->items);
	*strings = (struct strings){0};
}
