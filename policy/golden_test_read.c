/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/golden_test_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const struct {
	const char *word;
	size_t member;
} asked_words[] = {
        {"user", offsetof(struct golden, user)},       {"groups", offsetof(struct golden, groups)},
        {"scope", offsetof(struct golden, scope)},     {"host", offsetof(struct golden, host)},
        {"here", offsetof(struct golden, here)},       {"via", offsetof(struct golden, via)},
        {"command", offsetof(struct golden, command)}, {"at", offsetof(struct golden, at)},
};

bool golden_begins(const char *line, const char *word)
{
	size_t length = strlen(word);

	return !strncmp(line, word, length) && (!line[length] || line[length] == ' ');
}

/* NULL, or what is wrong with a line of a case. */
static const char *read_asked(struct golden *golden, const char *line)
{
	for (size_t i = 0; i < sizeof(asked_words) / sizeof(asked_words[0]); i++) {
		const char **value =
		        (const char **)(void *)((char *)golden + asked_words[i].member);
		size_t length = strlen(asked_words[i].word);
		if (!golden_begins(line, asked_words[i].word))
			continue;
		if (golden->count)
			return "what is asked comes before what is expected";
		if (*value)
			return "asked twice";
		if (!line[length] || !line[length + 1])
			return "nothing is said";
		*value = line + length + 1;
		return NULL;
	}
	return "no word of a case";
}

static bool is_decision(const char *line)
{
	static const char *const forms[] = {"decision allow by ", "decision deny by "};

	for (size_t i = 0; i < 2; i++)
		if (!strncmp(line, forms[i], strlen(forms[i])) && line[strlen(forms[i])])
			return true;
	return !strcmp(line, "decision deny, no rule");
}

static const char *read_case_line(struct golden *golden, const char *line)
{
	bool rule = golden_begins(line, "rule"), decision = golden_begins(line, "decision");
	bool ticket = golden_begins(line, "ticket yes") || golden_begins(line, "ticket no");
	bool after = golden_begins(line, "term") || golden_begins(line, "approvers") || ticket;

	if (!rule && !decision && !after)
		return read_asked(golden, line);
	if (!golden->user || !golden->scope)
		return "a user and a scope must be asked";
	if (golden->decided != after)
		return "out of order: rules, the decision, terms, approvers, tickets";
	if (decision && !is_decision(line))
		return "no decision: \"allow by R\", \"deny by R\" or \"deny, no rule\"";
	if ((rule || golden_begins(line, "term")) && !strstr(line, ": "))
		return "lacks its \": \"";
	if (golden->count == GOLDEN_LINES_MAX)
		return "too many lines";
	golden->decided |= decision;
	golden->expected[golden->count++] = line;
	return NULL;
}

static struct golden *add_case(struct collection *all, const char *file, unsigned int line,
                               char *title, char *policy)
{
	struct golden *golden;

	all->cases = reallocarray(all->cases, all->count + 1, sizeof(*all->cases));
	assert_non_null(all->cases);
	golden = &all->cases[all->count++];
	*golden = (struct golden){.file = file, .line = line, .title = title, .policy = policy};
	return golden;
}

/* Appends a line of a policy; the text is as long as the file at most. */
static void add_policy_line(char *policy, const char *line)
{
	size_t used = strlen(policy), length = strlen(line);

	memcpy(policy + used, line, length);
	memcpy(policy + used + length, "\n", 2);
}

static const char *begin_block(struct collection *all, const char *file, unsigned int number,
                               char *line, char **policy, size_t size, bool *in_policy)
{
	const struct golden *last = all->count ? &all->cases[all->count - 1] : NULL;

	if (last && !*in_policy && !strcmp(last->file, file) && !last->decided)
		return "the case before this one has no decision";
	*in_policy = !strcmp(line, "policy");
	if (*in_policy) {
		*policy = all->texts[all->text_count++] = calloc(1, size);
		assert_non_null(*policy);
		return NULL;
	}
	if (!golden_begins(line, "case") || strlen(line) < 6)
		return "neither \"policy\" nor \"case TITLE\"";
	if (!*policy)
		return "a case without a policy before it";
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(all->cases[i].file, file) && !strcmp(all->cases[i].title, line + 5))
			return "a title twice";
	(void)add_case(all, file, number, line + 5, *policy);
	return NULL;
}

const char *golden_read(struct collection *all, const char *file, char *text,
                        unsigned int *ret_line)
{
	size_t before = all->count, size = strlen(text) + 2;
	char *policy = NULL, *next = text;
	const char *wrong = NULL;
	bool in_policy = false;

	all->texts[all->text_count++] = text;
	for (*ret_line = 1; next && !wrong; ++*ret_line) {
		char *line = strsep(&next, "\n");
		if (in_policy && line[0] == '\t')
			add_policy_line(policy, line + 1);
		else if (!line[0] || line[0] == '#')
			continue;
		else if (line[0] != '\t')
			wrong = begin_block(all, file, *ret_line, line, &policy, size, &in_policy);
		else if (all->count == before)
			wrong = "outside of a block";
		else
			wrong = read_case_line(&all->cases[all->count - 1], line + 1);
		if (wrong)
			return wrong;
	}
	if (all->count == before)
		return "no case";
	return all->cases[all->count - 1].decided ? NULL : "the last case has no decision";
}

void golden_done(struct collection *all)
{
	for (size_t i = 0; i < all->text_count; i++)
		free(all->texts[i]);
	free(all->cases);
}
