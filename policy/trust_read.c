/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/trust_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/text.h"
#include "policy/glob.h"
#include "policy/rules.h"
#include "policy/strings.h"

#define DEFAULT_TTL    600
#define DEFAULT_LEEWAY 5

/* Takes one value and reports all that is wrong with it; -ENOMEM is the only result but 0. */
typedef int take_value(struct complaints *complaints, const struct conf_entry *entry,
                       struct trust *trust);
#define K(name, type, reader, example) static take_value take_##reader;
TRUST_KEYS(K)
#undef K

const struct conf_key trust_keys[TRUST_KEY_COUNT] = {
#define K(name, type, reader, example) {name, CONF_##type},
        TRUST_KEYS(K)
#undef K
};

/* In the order of `trust_keys`. */
static const struct {
	take_value *take;
	const char *example; /* NULL: the key may be left out */
} rows[TRUST_KEY_COUNT] = {
#define K(name, type, reader, example) {take_##reader, example},
        TRUST_KEYS(K)
#undef K
};

/* ---- texts ---- */

static void check_length(struct complaints *complaints, const struct conf_entry *entry,
                         const char *text, const char *what)
{
	size_t length = strlen(text);

	if (!length || length > TRUST_TEXT_MAX)
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\" is %s; write 1 to %d bytes", text, length ? "too long" : what,
		         TRUST_TEXT_MAX);
}

static int set_text(const char *text, char **where)
{
	*where = strdup(text);
	return *where ? 0 : -ENOMEM;
}

static int take_issuer(struct complaints *complaints, const struct conf_entry *entry,
                       struct trust *trust)
{
	check_length(complaints, entry, entry->values.items[0], "no issuer");
	return set_text(entry->values.items[0], &trust->issuer);
}

static int take_jwks(struct complaints *complaints, const struct conf_entry *entry,
                     struct trust *trust)
{
	path_check(complaints, entry, TRUST_TEXT_MAX);
	return set_text(entry->values.items[0], &trust->jwks);
}

static void check_claim(struct complaints *complaints, const struct conf_entry *entry,
                        const char *name)
{
	if (!value_is_claim(name))
		complain(
		        complaints, entry->line, entry->key->name,
		        "\"%.80s\" is the name of no claim; write 1 to %d of A-Z a-z 0-9 . _ - : /",
		        name, TRUST_CLAIM_MAX);
}

static int read_claim(struct complaints *complaints, const struct conf_entry *entry, char **where)
{
	const char *name = entry->values.items[0];

	check_claim(complaints, entry, name);
	free(*where);
	return set_text(name, where);
}

static int take_subject_claim(struct complaints *complaints, const struct conf_entry *entry,
                              struct trust *trust)
{
	return read_claim(complaints, entry, &trust->subject_claim);
}

static int take_scope_claim(struct complaints *complaints, const struct conf_entry *entry,
                            struct trust *trust)
{
	return read_claim(complaints, entry, &trust->scope_claim);
}

/* ---- lists ---- */

static bool count_fits(struct complaints *complaints, const struct conf_entry *entry, size_t most)
{
	if (entry->values.count && entry->values.count <= most)
		return true;
	complain(complaints, entry->line, entry->key->name,
	         entry->values.count ? "more than %zu values; write fewer"
	                             : "an empty list; name 1 to %zu, or leave the key out",
	         most);
	return false;
}

static int take_audience(struct complaints *complaints, const struct conf_entry *entry,
                         struct trust *trust)
{
	int r = 0;

	if (!count_fits(complaints, entry, TRUST_AUDIENCE_MAX))
		return 0;
	for (size_t i = 0; i < entry->values.count && r == 0; i++) {
		const char *audience = entry->values.items[i];
		check_length(complaints, entry, audience, "no audience");
		if (strings_hold(&trust->audience, audience))
			complain(complaints, entry->line, entry->key->name,
			         "\"%.80s\" is named twice; leave one", audience);
		else
			r = strings_add(&trust->audience, audience, strlen(audience));
	}
	return r;
}

static int take_algorithms(struct complaints *complaints, const struct conf_entry *entry,
                           struct trust *trust)
{
	static const char *const names[] = {"ES256", "RS256"};
	static const unsigned int bits[] = {TRUST_ES256, TRUST_RS256};

	if (!count_fits(complaints, entry, sizeof(names) / sizeof(names[0])))
		return 0;
	for (size_t i = 0; i < entry->values.count; i++) {
		const char *name = entry->values.items[i];
		unsigned int bit = 0;
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			bit |= strcmp(names[k], name) ? 0U : bits[k];
		if (!bit)
			complain(complaints, entry->line, entry->key->name,
			         "\"%.80s\" is not taken; write \"ES256\" or \"RS256\"", name);
		else if (trust->algorithms & bit)
			complain(complaints, entry->line, entry->key->name,
			         "\"%s\" is named twice; leave one", name);
		trust->algorithms |= bit;
	}
	return 0;
}

static int take_scope(struct complaints *complaints, const struct conf_entry *entry,
                      struct trust *trust)
{
	return count_fits(complaints, entry, TRUST_LIST_MAX)
	               ? scopes_read(complaints, entry, &trust->scope)
	               : 0;
}

/* ---- pairs ---- */

static int add_pair(struct trust_pairs *pairs, const char *text, const char *equals)
{
	struct trust_pair *grown =
	        reallocarray(pairs->items, pairs->count + 1, sizeof(*pairs->items));
	struct trust_pair *pair;

	if (!grown)
		return -ENOMEM;
	pairs->items = grown;
	pair = &grown[pairs->count++];
	*pair = (struct trust_pair){strndup(text, (size_t)(equals - text)), strdup(equals + 1)};
	return pair->left && pair->right ? 0 : -ENOMEM;
}

static bool has_halves(struct complaints *complaints, const struct conf_entry *entry,
                       const char *text, const char *equals, const char *form)
{
	size_t left = equals ? (size_t)(equals - text) : 0, right = equals ? strlen(equals + 1) : 0;

	if (left && right && left <= TRUST_TEXT_MAX && right <= TRUST_TEXT_MAX)
		return true;
	complain(complaints, entry->line, entry->key->name,
	         "\"%.80s\" is not of the form \"%s\", with 1 to %d bytes on each side", text, form,
	         TRUST_TEXT_MAX);
	return false;
}

/* The one whose pattern takes in all of this; NULL: none. */
static const struct trust_pair *covering(const struct trust_pairs *map, const char *pattern)
{
	for (size_t i = 0; i < map->count; i++)
		if (glob_covers(map->items[i].left, pattern, GLOB_CLAIM))
			return &map->items[i];
	return NULL;
}

static void check_mapping(struct complaints *complaints, const struct conf_entry *entry,
                          const struct trust_pairs *map, const char *text)
{
	const struct trust_pair *last = &map->items[map->count - 1];
	const struct trust_pairs before = {map->items, map->count - 1};
	const struct trust_pair *earlier = covering(&before, last->left);

	if (!text_is_name(last->right))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\": what stands after the last = is the name of no user", text);
	else if (!strcmp(last->right, "root"))
		complain(complaints, entry->line, entry->key->name,
		         "\"%.80s\": root is nobody that a token could stand for; name a user",
		         text);
	else if (earlier)
		complain(
		        complaints, entry->line, entry->key->name,
		        "\"%.80s\" never counts: \"%.80s=%s\" comes before it and fits all that it "
		        "fits; put it first, or take it out",
		        text, earlier->left, earlier->right);
}

static int take_subject_map(struct complaints *complaints, const struct conf_entry *entry,
                            struct trust *trust)
{
	int r = 0;

	if (!count_fits(complaints, entry, TRUST_LIST_MAX))
		return 0;
	for (size_t i = 0; i < entry->values.count && r == 0; i++) {
		const char *text = entry->values.items[i], *equals = strrchr(text, '=');
		if (!has_halves(complaints, entry, text, equals, "PATTERN=USER"))
			continue;
		r = add_pair(&trust->map, text, equals);
		if (r == 0)
			check_mapping(complaints, entry, &trust->map, text);
	}
	return r;
}

static bool is_last_of(const struct strings *texts, size_t index)
{
	for (size_t i = index + 1; i < texts->count; i++)
		if (!strcmp(texts->items[i], texts->items[index]))
			return false;
	return true;
}

static int take_require(struct complaints *complaints, const struct conf_entry *entry,
                        struct trust *trust)
{
	struct trust_pairs *require = &trust->require;
	int r = 0;

	if (!count_fits(complaints, entry, TRUST_LIST_MAX))
		return 0;
	for (size_t i = 0; i < entry->values.count && r == 0; i++) {
		const char *text = entry->values.items[i], *equals = strchr(text, '=');
		if (!has_halves(complaints, entry, text, equals, "CLAIM=VALUE"))
			continue;
		if (!is_last_of(&entry->values, i))
			complain(complaints, entry->line, entry->key->name,
			         "\"%.80s\" is there twice; leave one", text);
		r = add_pair(require, text, equals);
		if (r == 0)
			check_claim(complaints, entry, require->items[require->count - 1].left);
	}
	return r;
}

/* ---- lengths of time ---- */

static void check_most(struct complaints *complaints, const struct conf_entry *entry,
                       int64_t seconds, int64_t most, const char *why)
{
	char given[DURATION_SIZE], cap[DURATION_SIZE];

	if (seconds <= most)
		return;
	format_duration(seconds, given);
	format_duration(most, cap);
	complain(complaints, entry->line, entry->key->name,
	         "%s is above %s, %s; write that or less", given, cap, why);
}

static int take_max_ttl(struct complaints *complaints, const struct conf_entry *entry,
                        struct trust *trust)
{
	duration_read(complaints, entry, &trust->max_ttl);
	check_most(complaints, entry, trust->max_ttl, TRUST_TTL_MAX, "and no token lives longer");
	return 0;
}

/* None is a length of time here. */
static int take_leeway(struct complaints *complaints, const struct conf_entry *entry,
                       struct trust *trust)
{
	if (!strcmp(entry->values.items[0], "0s"))
		trust->leeway = 0;
	else
		duration_read(complaints, entry, &trust->leeway);
	check_most(complaints, entry, trust->leeway, TRUST_LEEWAY_MAX,
	           "and a clock that is further off wants mending");
	return 0;
}

/* ---- a trust ---- */

static void check_complete(struct complaints *complaints, const struct conf_block *block)
{
	for (size_t i = 0; i < TRUST_KEY_COUNT; i++)
		if (rows[i].example && !conf_find(block, trust_keys[i].name))
			complain(complaints, block->line, trust_keys[i].name,
			         "trust \"%s\" names none; write %s = %s", block->title,
			         trust_keys[i].name, rows[i].example);
}

/* Without a scope claim all of `scope` is what opens, so it must be written out. */
static void check_scopes(struct complaints *complaints, const struct conf_block *block,
                         const struct trust *trust)
{
	const struct conf_entry *entry = conf_find(block, "scope");

	if (trust->scope_claim || !entry)
		return;
	for (size_t i = 0; i < trust->scope.count; i++)
		if (glob_is(trust->scope.items[i]))
			complain(
			        complaints, entry->line, "scope",
			        "\"%s\" is a pattern, and without scope-claim all of scope is what "
			        "opens; name the account, or write scope-claim = \"scope\"",
			        trust->scope.items[i]);
	if (trust->scope.count > SCOPES_MAX)
		complain(complaints, entry->line, "scope",
		         "more than %d scopes, and without scope-claim all of them are what opens; "
		         "name fewer",
		         SCOPES_MAX);
}

static void check_title(struct complaints *complaints, const struct conf_block *block,
                        const struct trusts *trusts)
{
	const struct trust *same = trust_named(trusts, block->title);

	if (!value_is_title(block->title))
		complain(complaints, block->line, "trust",
		         "\"%.80s\" is no title; write 1 to %d of A-Z a-z 0-9 . _ -", block->title,
		         RULE_TITLE_MAX);
	if (same)
		complain(complaints, block->line, "trust",
		         "the title \"%.80s\" is taken, in line %u; choose another", same->name,
		         same->line);
	if (trusts->count == TRUSTS_MAX)
		complain(complaints, block->line, "trust", "more than %d in all; take one out",
		         TRUSTS_MAX);
}

static int read_whole(struct complaints *complaints, const struct conf_block *block,
                      struct trust *trust)
{
	int r = 0;

	trust->name = strdup(block->title);
	trust->subject_claim = strdup("sub");
	if (!trust->name || !trust->subject_claim)
		return -ENOMEM;
	for (size_t i = 0; i < block->count && r == 0; i++)
		r = rows[block->entries[i].key - trust_keys].take(complaints, &block->entries[i],
		                                                  trust);
	if (r < 0 || block->damaged)
		return r;
	check_complete(complaints, block);
	check_scopes(complaints, block, trust);
	return 0;
}

static void pairs_done(struct trust_pairs *pairs)
{
	for (size_t i = 0; i < pairs->count; i++) {
		free(pairs->items[i].left);
		free(pairs->items[i].right);
	}
	free(pairs->items);
}

static void trust_done(struct trust *trust)
{
	free(trust->name);
	free(trust->issuer);
	strings_done(&trust->audience);
	free(trust->jwks);
	free(trust->subject_claim);
	pairs_done(&trust->map);
	strings_done(&trust->scope);
	free(trust->scope_claim);
	pairs_done(&trust->require);
}

int trust_add(struct complaints *complaints, const struct conf_block *block, struct trusts *trusts)
{
	struct trust trust = {
	        .line = block->line, .max_ttl = DEFAULT_TTL, .leeway = DEFAULT_LEEWAY};
	struct trust *grown = reallocarray(trusts->items, trusts->count + 1, sizeof(*grown));
	int r;

	if (!grown)
		return -ENOMEM;
	trusts->items = grown;
	check_title(complaints, block, trusts);
	r = read_whole(complaints, block, &trust);
	if (r < 0)
		trust_done(&trust);
	else
		grown[trusts->count++] = trust;
	return r;
}

void trusts_done(struct trusts *trusts)
{
	for (size_t i = 0; i < trusts->count; i++)
		trust_done(&trusts->items[i]);
	free(trusts->items);
	*trusts = (struct trusts){0};
}
