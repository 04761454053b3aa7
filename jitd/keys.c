/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"

struct keys {
	unsigned int holders;
	struct keyset *set;
	struct signer signer; /* pem NULL: nobody signs */
};

static struct key_file *file_of(struct key_file *files, size_t count, const char *kid)
{
	for (size_t i = 0; i < count; i++)
		if (files[i].key && !strcmp(files[i].kid, kid))
			return &files[i];
	return NULL;
}

static int add(struct keys *keys, const struct key_record *record, struct key_file *file)
{
	int64_t from = record->state == KEY_NEXT ? INT64_MAX : INT64_MIN,
	        until = record->not_after ? record->not_after : INT64_MAX;
	int r = keyset_add(keys->set, file->key, from, until, false);

	if (r < 0)
		return r;
	file->key = NULL; /* the set's now */
	if (record->state == KEY_CURRENT) {
		keys->signer.algorithm = record->algorithm;
		keys->signer.pem = take_ptr(file->pem);
		memcpy(keys->signer.kid, record->kid, sizeof(keys->signer.kid));
	}
	return 0;
}

int keys_new(const struct key_list *list, struct key_file *files, size_t count,
             struct keys **ret_keys)
{
	cleanup(cleanup_keys) struct keys *keys = calloc(1, sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	keys->holders = 1;
	keys->set = keyset_new();
	if (!keys->set)
		return -ENOMEM;
	for (size_t i = 0; i < list->count; i++) {
		const struct key_record *record = &list->items[i];
		struct key_file *file = file_of(files, count, record->kid);
		int r = 0;
		if (record->state != KEY_GONE && file)
			r = add(keys, record, file);
		if (r < 0)
			return r;
	}
	*ret_keys = take_ptr(keys);
	return 0;
}

struct keys *keys_hold(struct keys *keys)
{
	keys->holders++;
	return keys;
}

struct keys *keys_release(struct keys *keys)
{
	if (!keys || --keys->holders)
		return NULL;
	cleanup_secret(&keys->signer.pem);
	keyset_free(keys->set);
	free(keys);
	return NULL;
}

const struct keyset *keys_set(const struct keys *keys)
{
	return keys->set;
}

const struct signer *keys_signer(const struct keys *keys)
{
	return keys->signer.pem ? &keys->signer : NULL;
}
