/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int roster_add(struct roster *roster, const char *name, const struct rule *rule)
{
	if (roster->count == roster->room) {
		size_t room = roster->room * 2 + 16;
		struct roster_row *grown = reallocarray(roster->rows, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		roster->rows = grown;
		roster->room = room;
	}
	roster->rows[roster->count++] = (struct roster_row){name, rule};
	return 0;
}

int roster_add_all(struct roster *roster, const struct strings *names, const struct rule *rule)
{
	int r = 0;

	for (size_t i = 0; i < names->count && r == 0; i++)
		r = roster_add(roster, names->items[i], rule);
	return r;
}

static int by_name(const void *a, const void *b)
{
	const struct roster_row *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	return order ? order : (int)(one->rule - other->rule);
}

void roster_sort(struct roster *roster)
{
	if (roster->rows)
		qsort(roster->rows, roster->count, sizeof(roster->rows[0]), by_name);
}

void roster_once(struct roster *roster)
{
	size_t kept = 0;

	for (size_t i = 0; i < roster->count; i++)
		if (!kept || strcmp(roster->rows[kept - 1].name, roster->rows[i].name) != 0)
			roster->rows[kept++] = roster->rows[i];
	roster->count = kept;
}

static size_t place(const struct roster *roster, const char *text, size_t length, bool after)
{
	size_t low = 0, high = roster->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strncmp(roster->rows[middle].name, text, length);
		if (order < 0 || (after && !order))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* With its NUL a name is equal to itself alone. */
size_t roster_begin(const struct roster *roster, const char *name)
{
	return place(roster, name, strlen(name) + 1, false);
}

size_t roster_end(const struct roster *roster, const char *name)
{
	return place(roster, name, strlen(name) + 1, true);
}

size_t roster_prefix(const struct roster *roster, const char *text, size_t length)
{
	return place(roster, text, length, false);
}

void roster_done(struct roster *roster)
{
	free(roster->rows);
	*roster = (struct roster){0};
}
