/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/names_cache.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WAYS 8
#define SETS (NAMES_KEPT / WAYS)

static const char *const sources[] = {"/etc/passwd", "/etc/group", "/etc/nsswitch.conf"};
#define SOURCES (sizeof(sources) / sizeof(sources[0]))

struct stamp {
	int64_t fields[SOURCES][7];
};

struct entry {
	bool used;
	bool known; /* false: NSS answered that there is no such user */
	int64_t asked;
	struct names_key key;
	uid_t uid;                 /* of a name */
	struct identity *identity; /* of a uid */
};

struct names_cache {
	struct stamp stamp;
	uint64_t generation;
	struct entry entries[SETS][WAYS];
};

bool names_key_equal(const struct names_key *a, const struct names_key *b)
{
	if (a->name[0] || b->name[0])
		return !strcmp(a->name, b->name);
	return a->uid == b->uid;
}

/* Not against hostile keys: whoever is known to NSS is not made up by the asker, and unknown names
 * push nobody out. */
static size_t set_of(const struct names_key *key)
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	if (!key->name[0])
		return (key->uid * 2654435761u >> 16) % SETS;
	for (const char *at = key->name; *at; at++)
		hash = (hash ^ (uint8_t)*at) * 16777619u;
	return (hash >> 8) % SETS;
}

static struct stamp stamp_now(void)
{
	struct stamp stamp = {{{0}}};

	for (size_t i = 0; i < SOURCES; i++) {
		int64_t *fields = stamp.fields[i];
		struct stat found;

		if (stat(sources[i], &found) < 0) {
			fields[0] = errno; /* absent is a state like others */
			continue;
		}
		fields[1] = (int64_t)found.st_ino;
		fields[2] = found.st_size;
		fields[3] = found.st_mtim.tv_sec;
		fields[4] = found.st_mtim.tv_nsec;
		fields[5] = found.st_ctim.tv_sec; /* tells also where the other was set back */
		fields[6] = found.st_ctim.tv_nsec;
	}
	return stamp;
}

int names_cache_new(struct names_cache **ret_cache)
{
	struct names_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return -ENOMEM;
	cache->stamp = stamp_now();
	*ret_cache = cache;
	return 0;
}

static void forget(struct entry *entry)
{
	identity_free(entry->identity);
	*entry = (struct entry){.used = false};
}

static void forget_all(struct names_cache *cache)
{
	for (size_t i = 0; i < SETS; i++)
		for (size_t k = 0; k < WAYS; k++)
			forget(&cache->entries[i][k]);
}

struct names_cache *names_cache_free(struct names_cache *cache)
{
	if (!cache)
		return NULL;
	forget_all(cache);
	free(cache);
	return NULL;
}

uint64_t names_cache_check(struct names_cache *cache)
{
	struct stamp stamp = stamp_now();

	if (memcmp(&stamp, &cache->stamp, sizeof(stamp)) != 0) {
		cache->stamp = stamp;
		cache->generation++;
		forget_all(cache);
	}
	return cache->generation;
}

static const struct entry *entry_of(const struct names_cache *cache, const struct names_key *key)
{
	const struct entry *set = cache->entries[set_of(key)];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].used && names_key_equal(&set[i].key, key))
			return &set[i];
	return NULL;
}

static bool fresh(const struct entry *entry, int64_t now, int64_t age_max)
{
	return now >= entry->asked && now - entry->asked < age_max;
}

enum names_result names_cache_find(const struct names_cache *cache, const struct names_key *key,
                                   int64_t now, int64_t age_max,
                                   const struct identity **ret_identity)
{
	const struct entry *entry = entry_of(cache, key);
	bool by_name = key->name[0];

	if (!entry || !fresh(entry, now, age_max))
		return NAMES_FAILED;
	if (!entry->known)
		return NAMES_UNKNOWN;
	if (by_name) {
		entry = entry_of(cache, &(struct names_key){.uid = entry->uid});
		/* a name whose uid is unknown meanwhile: ask again */
		if (!entry || !fresh(entry, now, age_max) || !entry->known)
			return NAMES_FAILED;
	}
	*ret_identity = entry->identity;
	return NAMES_FOUND;
}

/* Which of two entries makes room first: an unused one, an unknown one, the older. */
static bool goes_first(const struct entry *a, const struct entry *b)
{
	if (a->used != b->used)
		return !a->used;
	if (a->known != b->known)
		return !a->known;
	return a->asked < b->asked;
}

/* NULL: there is something newer, or nothing that may go. */
static struct entry *place_for(struct names_cache *cache, const struct names_key *key, bool known,
                               int64_t asked)
{
	struct entry *set = cache->entries[set_of(key)], *place = &set[0];

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].used && names_key_equal(&set[i].key, key))
			return set[i].asked > asked ? NULL : &set[i];
		if (goes_first(&set[i], place))
			place = &set[i];
	}
	return place->known && !known ? NULL : place;
}

/* Takes `identity` over. */
static void keep(struct names_cache *cache, const struct entry *entry)
{
	struct entry *place = place_for(cache, &entry->key, entry->known, entry->asked);

	if (!place) {
		identity_free(entry->identity);
		return;
	}
	forget(place);
	*place = *entry;
}

/* NSS no longer has the name: whoever had it is no longer known by it. */
static void forget_person(struct names_cache *cache, const char *name, int64_t asked)
{
	for (size_t i = 0; i < SETS; i++)
		for (size_t k = 0; k < WAYS; k++) {
			struct entry *entry = &cache->entries[i][k];
			if (entry->identity && entry->asked <= asked &&
			    !strcmp(entry->identity->name, name))
				forget(entry);
		}
}

void names_cache_keep(struct names_cache *cache, uint64_t generation, const struct names_key *key,
                      int64_t asked, const struct identity *identity)
{
	struct entry entry = {.used = true, .known = identity, .asked = asked, .key = *key};
	struct entry person = {.used = true, .known = true, .asked = asked};

	if (generation != cache->generation)
		return;
	if (identity) {
		person.key.uid = identity->uid;
		person.identity = identity_copy(identity);
		if (!person.identity)
			return;
		keep(cache, &person);
		entry.uid = identity->uid;
	} else if (key->name[0]) {
		forget_person(cache, key->name, asked);
	}
	if (key->name[0] || !identity)
		keep(cache, &entry);
}
