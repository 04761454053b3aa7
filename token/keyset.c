/* SPDX-License-Identifier: Apache-2.0 */
#include "token/key.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A list, since a host has a handful of keys and entries must stay where they are. */
struct node {
	struct keyset_entry entry;
	struct key *key;
	struct node *next;
};

struct keyset {
	struct node *first;
};

struct keyset *keyset_new(void)
{
	return calloc(1, sizeof(struct keyset));
}

struct keyset *keyset_free(struct keyset *keys)
{
	if (!keys)
		return NULL;
	while (keys->first) {
		struct node *node = keys->first;
		keys->first = node->next;
		key_free(node->key);
		free(node);
	}
	free(keys);
	return NULL;
}

int keyset_add(struct keyset *keys, struct key *key, int64_t not_before, int64_t not_after,
               bool revoked)
{
	struct node *node, **last = &keys->first;

	if (keyset_find(keys, key_kid(key), strlen(key_kid(key))))
		return -EEXIST;
	node = malloc(sizeof(*node));
	if (!node)
		return -ENOMEM;
	*node = (struct node){
	        .entry = {key, not_before, not_after, revoked},
	        .key = key,
	};
	while (*last)
		last = &(*last)->next;
	*last = node;
	return 0;
}

const struct keyset_entry *keyset_at(const struct keyset *keys, size_t index)
{
	const struct node *node = keys->first;

	while (node && index-- > 0)
		node = node->next;
	return node ? &node->entry : NULL;
}

const struct keyset_entry *keyset_find(const struct keyset *keys, const char *kid, size_t length)
{
	for (const struct node *node = keys->first; node; node = node->next) {
		const char *own = key_kid(node->key);
		if (strlen(own) == length && memcmp(own, kid, length) == 0)
			return &node->entry;
	}
	return NULL;
}
