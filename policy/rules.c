/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One block of policy text into one rule. Every value is looked at, so that an author sees all that
 * is wrong at once.
 */
#include "policy/rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "policy/scope.h"
#include "policy/strings.h"

#define BUILTIN_MAX     3600
#define BUILTIN_DEFAULT 900
#define BUILTIN_PENDING 10800
#define BUILTIN_TTL     300
#define BUILTIN_KEEP    3600
#define BUILTIN_WARN    120

typedef int read_value(struct reading *reading, const struct conf_entry *entry, struct rule *rule);

enum place { RULE_ONLY, RULE_OR_DEFAULTS };

static int read_who(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	return names_read(&reading->complaints, entry, &rule->who);
}

static int read_approvers(struct reading *reading, const struct conf_entry *entry,
                          struct rule *rule)
{
	int r = names_read(&reading->complaints, entry, &rule->approvers);

	if (r == 0 && strings_hold(&rule->approvers, "root"))
		complain(&reading->complaints, entry->line, entry->key->name,
		         "root never approves; name people or a group");
	return r;
}

static int read_one_scope(struct reading *reading, const struct conf_entry *entry, const char *text,
                          struct rule *rule)
{
	struct fault fault;
	char scope[SCOPES_SIZE];

	if (strchr(text, ' '))
		complain(&reading->complaints, entry->line, entry->key->name,
		         "\"%.80s\" holds a blank; write one scope in each string", text);
	else if (scope_canonical(text, scope, &fault) < 0)
		complain(&reading->complaints, entry->line, entry->key->name, "%s", fault.text);
	else if (strings_hold(&rule->scope, scope))
		complain(&reading->complaints, entry->line, entry->key->name,
		         "\"%.80s\" is named twice (as \"%s\"); leave one", text, scope);
	else
		return strings_add(&rule->scope, scope, strlen(scope));
	return 0;
}

static int read_scope(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	int r = 0;

	for (size_t i = 0; i < entry->values.count && r == 0; i++)
		r = read_one_scope(reading, entry, entry->values.items[i], rule);
	return r;
}

static bool number_is_good(struct reading *reading, const struct conf_entry *entry, int64_t max)
{
	if (entry->number >= 0 && entry->number <= max)
		return true;
	complain(&reading->complaints, entry->line, entry->key->name,
	         "%lld is out of range; write 0 to %lld", (long long)entry->number, (long long)max);
	return false;
}

static int read_approvals(struct reading *reading, const struct conf_entry *entry,
                          struct rule *rule)
{
	if (number_is_good(reading, entry, RULE_APPROVALS_MAX))
		rule->approvals = (unsigned int)entry->number;
	return 0;
}

static int read_uses(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	if (number_is_good(reading, entry, RULE_USES_MAX))
		rule->uses = entry->number;
	return 0;
}

static int read_max(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	char max[DURATION_SIZE], cap[DURATION_SIZE];

	duration_read(&reading->complaints, entry, &rule->max);
	if (rule->max <= reading->site->max_grant)
		return 0;
	format_duration(rule->max, max);
	format_duration(reading->site->max_grant, cap);
	complain(&reading->complaints, entry->line, entry->key->name,
	         "%s is above max-grant of jitd.conf, which is %s; write that or less", max, cap);
	return 0;
}

static int read_default_for(struct reading *reading, const struct conf_entry *entry,
                            struct rule *rule)
{
	duration_read(&reading->complaints, entry, &rule->default_for);
	return 0;
}

static int read_pending(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	duration_read(&reading->complaints, entry, &rule->pending);
	return 0;
}

static int read_token_ttl(struct reading *reading, const struct conf_entry *entry,
                          struct rule *rule)
{
	char given[DURATION_SIZE], most[DURATION_SIZE];

	duration_read(&reading->complaints, entry, &rule->token_ttl);
	if (rule->token_ttl <= RULE_TOKEN_TTL_MAX)
		return 0;
	format_duration(rule->token_ttl, given);
	format_duration(RULE_TOKEN_TTL_MAX, most);
	complain(&reading->complaints, entry->line, entry->key->name,
	         "%s is longer than a token may lie about; write %s or less", given, most);
	return 0;
}

static int read_present(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	const char *word = entry->values.items[0];

	/* a word that is none of the two leaves no token that is held, and an error */
	rule->present = PRESENT_TYPED;
	if (!strcmp(word, "held"))
		rule->present = PRESENT_HELD;
	else if (strcmp(word, "typed"))
		complain(&reading->complaints, entry->line, entry->key->name,
		         "\"%.80s\" is neither \"held\" nor \"typed\"", word);
	return 0;
}

static int read_reason(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	const char *word = entry->values.items[0];

	if (!strcmp(word, "required"))
		rule->reason = REASON_REQUIRED;
	else if (!strcmp(word, "optional"))
		rule->reason = REASON_OPTIONAL;
	else
		complain(&reading->complaints, entry->line, entry->key->name,
		         "\"%.80s\" is neither \"optional\" nor \"required\"", word);
	return 0;
}

static int read_effect(struct reading *reading, const struct conf_entry *entry, struct rule *rule)
{
	const char *word = entry->values.items[0];

	/* a word that is none of the two leaves a rule that denies, and an error */
	rule->effect = DECISION_DENY;
	if (!strcmp(word, "allow"))
		rule->effect = DECISION_ALLOW;
	else if (strcmp(word, "deny"))
		complain(&reading->complaints, entry->line, entry->key->name,
		         "\"%.80s\" is neither \"allow\" nor \"deny\"", word);
	return 0;
}

static const struct conf_key keys[] = {
#define K(name, type, reader, place) {name, CONF_##type},
        RULE_KEYS(K)
#undef K
#define K(name) {name, CONF_LATER},
                RULE_KEYS_LATER(K)
#undef K
};

/* In the order of `keys`. */
static const struct {
	read_value *read;
	enum place place;
} readers[] = {
#define K(name, type, reader, place) {read_##reader, place},
        RULE_KEYS(K)
#undef K
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static const struct conf_kind kinds[] = {
        {.name = NULL},
        {.name = "defaults", .keys = keys, .key_count = KEYS},
        {.name = "rule", .titled = true, .keys = keys, .key_count = KEYS},
};

const struct conf_grammar rule_grammar = {kinds, sizeof(kinds) / sizeof(kinds[0])};
const struct conf_kind *const defaults_kind = &kinds[1], *const rule_kind = &kinds[2];

struct rule rule_builtin(int64_t max_grant)
{
	struct rule rule = {
	        .effect = DECISION_ALLOW,
	        .approvals = 1,
	        .denials = 1,
	        .max = BUILTIN_MAX,
	        .default_for = BUILTIN_DEFAULT,
	        .pending = BUILTIN_PENDING,
	        .token_ttl = BUILTIN_TTL,
	        .present = PRESENT_HELD,
	        .keep_max = BUILTIN_KEEP,
	        .warn = BUILTIN_WARN,
	};

	if (rule.max > max_grant)
		rule.max = max_grant;
	if (rule.default_for > rule.max)
		rule.default_for = rule.max;
	if (rule.token_ttl > rule.max)
		rule.token_ttl = rule.max;
	return rule;
}

static int read_entries(struct reading *reading, const struct conf_block *block, struct rule *rule)
{
	int r = 0;

	for (size_t i = 0; i < block->count && r == 0; i++) {
		const struct conf_entry *entry = &block->entries[i];
		size_t at = (size_t)(entry->key - keys);
		if (block->kind == defaults_kind && readers[at].place == RULE_ONLY)
			complain(&reading->complaints, entry->line, entry->key->name,
			         "belongs to each rule, not to defaults; move it");
		else
			r = readers[at].read(reading, entry, rule);
	}
	return r;
}

/* A length that this block wrote must fit; one that it inherited is cut to a shorter max. */
static void fit_length(struct reading *reading, const struct conf_block *block, const char *key,
                       int64_t most, int64_t *seconds)
{
	const struct conf_entry *written = conf_find(block, key);
	char given[DURATION_SIZE], max[DURATION_SIZE];

	if (*seconds <= most)
		return;
	if (!written) {
		*seconds = most;
		return;
	}
	format_duration(*seconds, given);
	format_duration(most, max);
	complain(&reading->complaints, written->line, key,
	         "%s is above max, which is %s; write that or less", given, max);
}

static void fit_lengths(struct reading *reading, const struct conf_block *block, struct rule *rule)
{
	fit_length(reading, block, "default", rule->max, &rule->default_for);
	fit_length(reading, block, "token-ttl", rule->max, &rule->token_ttl);
}

int rule_read_defaults(struct reading *reading, const struct conf_block *block)
{
	size_t before = reading->complaints.errors;
	int r = read_entries(reading, block, &reading->defaults);

	if (r == 0 && before == reading->complaints.errors)
		fit_lengths(reading, block, &reading->defaults);
	return r;
}

static void check_title(struct reading *reading, const struct conf_block *block)
{
	size_t length = strlen(block->title);

	if (!length || length > RULE_TITLE_MAX ||
	    strspn(block->title, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                         "0123456789._-") != length)
		complain(&reading->complaints, block->line, "rule",
		         "\"%.80s\" is no title; write 1 to %d of A-Z a-z 0-9 . _ -", block->title,
		         RULE_TITLE_MAX);
}

static void check_complete(struct reading *reading, const struct conf_block *block,
                           const struct rule *rule)
{
	const struct {
		const char *key, *example;
		bool needed, there;
	} rows[] = {
	        {"who", "{\"alice\", \"%dba\"}", true, rule->who.count},
	        {"scope", "{\"sudo:root\"}", true, rule->scope.count},
	        {"approvers", "{\"bob\", \"%leads\"}, or approvals = 0",
	         rule->effect == DECISION_ALLOW && rule->approvals, rule->approvers.count},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct conf_entry *entry = conf_find(block, rows[i].key);
		if (rows[i].needed && !rows[i].there)
			complain(&reading->complaints, entry ? entry->line : block->line,
			         rows[i].key, "rule \"%s\" names none; write %s = %s", block->title,
			         rows[i].key, rows[i].example);
	}
}

static int read_whole(struct reading *reading, const struct conf_block *block, struct rule *rule)
{
	size_t before = reading->complaints.errors;
	int r;

	rule->title = strdup(block->title);
	rule->file = strdup(reading->complaints.file);
	rule->line = block->line;
	if (!rule->title || !rule->file)
		return -ENOMEM;
	check_title(reading, block);
	r = read_entries(reading, block, rule);
	if (r < 0)
		return r;
	/* what follows from a value that was refused is no error of its own */
	if (!block->damaged && before == reading->complaints.errors) {
		fit_lengths(reading, block, rule);
		check_complete(reading, block, rule);
	}
	rule->text = rule_text(rule);
	return rule->text ? 0 : -ENOMEM;
}

int rule_read(struct reading *reading, const struct conf_block *block, struct rule *ret_rule)
{
	struct rule rule = reading->defaults;
	int r = read_whole(reading, block, &rule);

	if (r < 0)
		rule_done(&rule);
	else
		*ret_rule = rule;
	return r;
}

void rule_done(struct rule *rule)
{
	free(rule->title);
	free(rule->file);
	free(rule->text);
	strings_done(&rule->who);
	strings_done(&rule->scope);
	strings_done(&rule->approvers);
	*rule = (struct rule){0};
}
