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
#include "policy/ticket.h"
#include "policy/window.h"

#define BUILTIN_MAX     3600
#define BUILTIN_DEFAULT 900
#define BUILTIN_PENDING 10800
#define BUILTIN_TTL     300
#define BUILTIN_KEEP    3600
#define BUILTIN_WARN    120

/* A deny rule takes nothing from defaults that would narrow it: what it leaves out stands for all.
 */
enum place { RULE_ONLY, RULE_OR_DEFAULTS, ALLOW_OR_DEFAULTS };

static const struct conf_key keys[] = {
#define K(name, type, reader, place) {name, CONF_##type},
        RULE_KEYS(K)
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

static size_t row_of(const struct conf_entry *entry)
{
	return (size_t)(entry->key - keys);
}

static int read_entries(struct reading *reading, const struct conf_block *block, struct rule *rule)
{
	int r = 0;

	for (size_t i = 0; i < block->count && r == 0; i++) {
		const struct conf_entry *entry = &block->entries[i];
		if (block->kind == defaults_kind && readers[row_of(entry)].place == RULE_ONLY)
			complain(&reading->complaints, entry->line, entry->key->name,
			         "belongs to each rule, not to defaults; move it");
		else
			r = readers[row_of(entry)].read(reading, entry, rule);
	}
	return r;
}

static bool takes_default(const struct rule *rule, size_t row)
{
	return readers[row].place == RULE_OR_DEFAULTS ||
	       (readers[row].place == ALLOW_OR_DEFAULTS && rule->effect == DECISION_ALLOW);
}

/* What the block leaves out. What is wrong with it was said when the defaults were looked over. */
static int read_left_out(struct reading *reading, const struct conf_block *block, struct rule *rule)
{
	struct reading silent = {.site = reading->site};
	const struct conf_block *defaults = reading->defaults;
	int r = 0;

	for (size_t i = 0; defaults && i < defaults->count && r == 0; i++) {
		const struct conf_entry *entry = &defaults->entries[i];
		size_t row = row_of(entry);
		if (takes_default(rule, row) && !conf_find(block, keys[row].name))
			r = readers[row].read(&silent, entry, rule);
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
	fit_length(reading, block, "warn", rule->max, &rule->warn);
}

int rule_check_defaults(struct reading *reading, const struct conf_block *block)
{
	cleanup(rule_done) struct rule rule = rule_builtin(reading->site->max_grant);
	size_t before = reading->complaints.errors;
	int r = read_entries(reading, block, &rule);

	if (r == 0 && before == reading->complaints.errors)
		fit_lengths(reading, block, &rule);
	return r;
}

static void check_title(struct reading *reading, const struct conf_block *block)
{
	if (!value_is_title(block->title))
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

/* ---- keys that contradict each other ---- */

static void contradicts(struct reading *reading, const struct conf_block *block, const char *key,
                        const char *what)
{
	const struct conf_entry *entry = conf_find(block, key);

	complain(&reading->complaints, entry ? entry->line : block->line, key, "rule \"%s\": %s",
	         block->title, what);
}

static bool has_service(const struct rule *rule, const char *service)
{
	for (size_t i = 0; i < rule->scope.count; i++)
		if (scope_may_have_service(rule->scope.items[i], service))
			return true;
	return false;
}

static bool all_for_sudo(const struct rule *rule)
{
	for (size_t i = 0; i < rule->scope.count; i++)
		if (!scope_has_service(rule->scope.items[i], "sudo"))
			return false;
	return true;
}

/* A default that is not meant for every rule. */
static void drop_unmeant(const struct conf_block *block, struct rule *rule)
{
	if (!conf_find(block, "knock") && !has_service(rule, "ssh"))
		rule->knock = false;
}

/* A rule that denies may hold what it would need to allow, so that one line takes it out of force;
 * but `commands` would leave open what they do not name. */
static void check_sense(struct reading *reading, const struct conf_block *block,
                        const struct rule *rule)
{
	bool allows = rule->effect == DECISION_ALLOW;

	if (!allows && conf_find(block, "commands"))
		contradicts(reading, block, "commands",
		            "a rule that denies some commands is walked around by another name of "
		            "the same; take commands out, and list what is allowed instead");
	if (!allows)
		return;
	if (rule->commands.count && !all_for_sudo(rule))
		contradicts(reading, block, "commands",
		            "sudo alone knows commands; take the other scopes out, or commands");
	if (conf_find(block, "keep-max") && rule->at_end != END_KEEP)
		contradicts(reading, block, "keep-max",
		            "nothing is kept; write at-end = \"keep\" beside it, or take it out");
	if (rule->at_end == END_KEEP && (has_service(rule, "ssh") || has_service(rule, "login")))
		contradicts(reading, block, "at-end",
		            "a login cannot be kept past its grant; write at-end = \"terminate\"");
	if (conf_find(block, "knock") && rule->knock && !has_service(rule, "ssh"))
		contradicts(reading, block, "knock",
		            "only ssh logins knock; take it out, or name an ssh scope");
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
	if (r == 0)
		r = read_left_out(reading, block, rule);
	if (r < 0)
		return r;
	drop_unmeant(block, rule);
	/* what follows from a value that was refused is no error of its own */
	if (!block->damaged && before == reading->complaints.errors) {
		fit_lengths(reading, block, rule);
		check_complete(reading, block, rule);
		check_sense(reading, block, rule);
	}
	rule->text = rule_text(rule);
	return rule->text ? 0 : -ENOMEM;
}

int rule_read(struct reading *reading, const struct conf_block *block, struct rule *ret_rule)
{
	struct rule rule = rule_builtin(reading->site->max_grant);
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
	strings_done(&rule->commands);
	strings_done(&rule->hosts);
	free(rule->via);
	windows_done(&rule->when);
	strings_done(&rule->approvers);
	free(rule->ticket);
	ticket_free(rule->ticket_compiled);
	*rule = (struct rule){0};
}
