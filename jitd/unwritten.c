/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/unwritten.h"

#include <errno.h>
#include <stdlib.h>

#define RETRY_MS 1000

struct entry {
	struct entry *next;
	struct unwritten_order order;
};

struct unwritten {
	struct entry *first;
	struct timer *retry;
};

int unwritten_new(struct loop *loop, void (*retry)(void *), void *context,
                  struct unwritten **ret_unwritten)
{
	struct unwritten *unwritten = calloc(1, sizeof(*unwritten));
	int r;

	if (!unwritten)
		return -ENOMEM;
	r = loop_timer(loop, retry, context, &unwritten->retry);
	if (r < 0) {
		free(unwritten);
		return r;
	}
	*ret_unwritten = unwritten;
	return 0;
}

struct unwritten *unwritten_free(struct unwritten *unwritten)
{
	if (!unwritten)
		return NULL;
	while (unwritten->first)
		unwritten_drop_first(unwritten);
	timer_free(unwritten->retry);
	free(unwritten);
	return NULL;
}

bool unwritten_covers(const struct unwritten *unwritten, uint32_t access)
{
	for (const struct entry *entry = unwritten->first; entry; entry = entry->next)
		if (entry->order.access && entry->order.access == access)
			return true;
	return false;
}

bool unwritten_locks(const struct unwritten *unwritten, uid_t uid)
{
	for (const struct entry *entry = unwritten->first; entry; entry = entry->next)
		if (!entry->order.access && entry->order.uid == uid)
			return true;
	return false;
}

bool unwritten_add(struct unwritten *unwritten, const struct unwritten_order *order)
{
	struct entry *entry;

	/* saying it again and again must not fill the memory, too */
	if (order->access ? unwritten_covers(unwritten, order->access)
	                  : unwritten_locks(unwritten, order->uid))
		return true;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return false;
	entry->order = *order;
	entry->next = unwritten->first;
	unwritten->first = entry;
	unwritten_later(unwritten, RETRY_MS);
	return true;
}

const struct unwritten_order *unwritten_first(const struct unwritten *unwritten)
{
	return unwritten->first ? &unwritten->first->order : NULL;
}

void unwritten_drop_first(struct unwritten *unwritten)
{
	struct entry *entry = unwritten->first;

	unwritten->first = entry->next;
	free(entry);
}

void unwritten_later(struct unwritten *unwritten, uint64_t milliseconds)
{
	timer_start(unwritten->retry, milliseconds);
}
