/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All sources into one policy, or none: a policy with a part missing could allow what a deny rule
 * in that part refuses.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/rules.h"
#include "policy/scope.h"

struct files {
	const struct policy_source *sources;
	struct conf **confs; /* one a source; NULL: it broke off */
	size_t count;
};

static void files_done(struct files *files)
{
	for (size_t i = 0; files->confs && i < files->count; i++)
		conf_free(files->confs[i]);
	free(files->confs);
}

static int read_files(struct reading *reading, struct files *files)
{
	files->confs = calloc(files->count ? files->count : 1, sizeof(struct conf *));
	if (!files->confs)
		return -ENOMEM;
	for (size_t i = 0; i < files->count; i++) {
		int r;
		reading->complaints.file = files->sources[i].name;
		r = conf_read(files->sources[i].text, &rule_grammar, &reading->complaints,
		              &files->confs[i]);
		if (r < 0 && r != -EINVAL)
			return r;
	}
	return 0;
}

/* Wherever the block stands, it counts for every rule: so it is read first. */
static int read_defaults(struct reading *reading, const struct files *files)
{
	const struct conf_block *first = NULL;
	const char *file = NULL;

	for (size_t i = 0; i < files->count; i++)
		for (size_t k = 0; files->confs[i] && k < files->confs[i]->count; k++) {
			const struct conf_block *block = &files->confs[i]->blocks[k];
			int r;
			if (block->kind != defaults_kind)
				continue;
			reading->complaints.file = files->sources[i].name;
			if (first) {
				complain(&reading->complaints, block->line, "defaults",
				         "given twice, first in %.255s:%u; leave one", file,
				         first->line);
				continue;
			}
			first = reading->defaults = block;
			file = files->sources[i].name;
			r = rule_check_defaults(reading, block);
			if (r < 0)
				return r;
		}
	return 0;
}

/* Room is doubled where it is full, at powers of two: with a step of one, an allocator that moves
 * would copy all rules for each. */
static int make_room(struct policy *policy)
{
	size_t count = policy->count;
	struct rule *grown;

	if (count & (count - 1))
		return 0;
	grown = reallocarray(policy->rules, count ? count * 2 : 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	policy->rules = grown;
	return 0;
}

static int add_rule(struct reading *reading, const struct conf_block *block, struct policy *policy)
{
	int r = make_room(policy);

	if (r < 0)
		return r;
	if (policy->count == POLICY_RULES_MAX)
		return complain(&reading->complaints, block->line, "rule",
		                "more than %d rules in all; write fewer, for groups",
		                POLICY_RULES_MAX);
	r = rule_read(reading, block, &policy->rules[policy->count]);
	if (r < 0)
		return r;
	policy->looks_at_time |= policy->rules[policy->count].when.count > 0;
	policy->count++;
	return 0;
}

static int read_rules(struct reading *reading, const struct files *files, struct policy *policy)
{
	for (size_t i = 0; i < files->count; i++)
		for (size_t k = 0; files->confs[i] && k < files->confs[i]->count; k++) {
			const struct conf_block *block = &files->confs[i]->blocks[k];
			int r;
			if (block->kind != rule_kind)
				continue;
			reading->complaints.file = files->sources[i].name;
			r = add_rule(reading, block, policy);
			if (r < 0)
				return r;
		}
	return 0;
}

static int sort_titles(struct policy *policy, struct complaints *complaints)
{
	struct roster *titles = &policy->titles;
	int r = 0;

	for (size_t i = 0; i < policy->count && r == 0; i++)
		r = roster_add(titles, policy->rules[i].title, &policy->rules[i]);
	if (r < 0)
		return r;
	roster_sort(titles);
	for (size_t i = 1; i < titles->count; i++) {
		const struct rule *rule = titles->rows[i].rule, *same = titles->rows[i - 1].rule;
		if (strcmp(rule->title, same->title) != 0)
			continue;
		complaints->file = rule->file;
		complain(complaints, rule->line, "rule",
		         "the title \"%.80s\" is taken, in %.255s:%u; choose another", same->title,
		         same->file, same->line);
	}
	return 0;
}

int policy_parse(const struct policy_source *sources, size_t count, const struct policy_site *site,
                 policy_report *report, void *context, struct policy **ret_policy)
{
	struct reading reading = {
	        .complaints = {.file = "policy", .report = report, .context = context},
	        .site = site,
	};
	cleanup(files_done) struct files files = {.sources = sources, .count = count};
	cleanup(cleanup_policy) struct policy *policy = calloc(1, sizeof(*policy));
	int r = policy ? 0 : -ENOMEM;

	if (r == 0)
		r = read_files(&reading, &files);
	if (r == 0)
		r = read_defaults(&reading, &files);
	if (r == 0)
		r = read_rules(&reading, &files, policy);
	if (r == 0)
		r = sort_titles(policy, &reading.complaints);
	if (r == 0)
		r = candidates_make(policy->rules, policy->count, &policy->candidates);
	if (r == 0 && !reading.complaints.errors)
		r = policy_review(policy, &reading.complaints);
	if (r == 0 && reading.complaints.errors)
		r = -EINVAL;
	if (r < 0)
		return r;
	if (!policy->count) {
		reading.complaints.file = "policy";
		caution(&reading.complaints, 0, NULL, "no rule at all; every request is denied");
	}
	*ret_policy = take_ptr(policy);
	return 0;
}

int policy_parse_folder(const struct folder *folder, const struct policy_site *site,
                        policy_report *report, void *context, struct policy **ret_policy)
{
	struct policy_source sources[FOLDER_FILES_MAX];

	for (size_t i = 0; i < folder->count; i++)
		sources[i] = (struct policy_source){folder->paths[i], folder->texts[i]};
	return policy_parse(sources, folder->count, site, report, context, ret_policy);
}

struct policy *policy_free(struct policy *policy)
{
	for (size_t i = 0; policy && i < policy->count; i++)
		rule_done(&policy->rules[i]);
	if (policy) {
		free(policy->rules);
		roster_done(&policy->titles);
		candidates_done(&policy->candidates);
	}
	free(policy);
	return NULL;
}

size_t policy_rule_count(const struct policy *policy)
{
	return policy->count;
}

const struct rule *policy_rule_at(const struct policy *policy, size_t index)
{
	return index < policy->count ? &policy->rules[index] : NULL;
}

bool policy_looks_at_time(const struct policy *policy)
{
	return policy->looks_at_time;
}

const struct rule *policy_rule(const struct policy *policy, const char *title)
{
	size_t at = roster_begin(&policy->titles, title);

	return at < roster_end(&policy->titles, title) ? policy->titles.rows[at].rule : NULL;
}

/* They lie in evaluation order, in one array. */
bool rule_comes_before(const struct rule *first, const struct rule *second)
{
	return first < second;
}

bool rule_names_others(const struct rule *rule, const char *account)
{
	return strcmp(account, SCOPE_OWN) != 0 &&
	       (rule->who.count != 1 || strcmp(rule->who.items[0], account) != 0);
}
