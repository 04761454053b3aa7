/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/subject/prompt.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define PASSWORD_END "'s password: "
#define HOST_BYTES   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:%[]"

/* Prompts of ssh and git to which the answer is no secret. */
static const struct {
	const char *begin, *end;
} shown_prompts[] = {
        {"", "(yes/no/[fingerprint])? "},
        {"", "(yes/no)? "},
        {"Please type 'yes', 'no' or the fingerprint: ", ""},
        {"Please type 'yes' or 'no': ", ""},
        {"Accept updated hostkeys? (yes/no): ", ""},
        {"Username for '", "': "},
};

static const struct {
	const char *hint;
	enum prompt_answer answer;
} hints[] = {
        {"confirm", ANSWER_CONFIRM},
        {"none", ANSWER_NONE},
};

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool ends(const char *text, const char *with)
{
	size_t length = strlen(text), end = strlen(with);

	return length >= end && !strcmp(text + length - end, with);
}

static enum prompt_answer answer_to(const char *text, const char *hint)
{
	for (size_t i = 0; hint && i < sizeof(hints) / sizeof(hints[0]); i++)
		if (!strcmp(hint, hints[i].hint))
			return hints[i].answer;
	for (size_t i = 0; i < sizeof(shown_prompts) / sizeof(shown_prompts[0]); i++)
		if (begins(text, shown_prompts[i].begin) && ends(text, shown_prompts[i].end))
			return ANSWER_SHOWN;
	return ANSWER_SECRET;
}

/* The part of `size` bytes at most that ends before `end`; false where it is empty or longer. */
static bool take(const char *from, const char *end, char *ret_part, size_t size)
{
	size_t length = (size_t)(end - from);

	if (length == 0 || length >= size)
		return false;
	memcpy(ret_part, from, length);
	ret_part[length] = '\0';
	return true;
}

/* "USER@HOST" up to `end`. The client splits at the last '@' as well: no host has one. */
static bool read_login(const char *from, const char *end, struct prompt *prompt)
{
	const char *at = memrchr(from, '@', (size_t)(end - from));

	return at && take(from, at, prompt->user, sizeof(prompt->user)) &&
	       take(at + 1, end, prompt->host, sizeof(prompt->host)) &&
	       text_is_name(prompt->user) && prompt->host[strspn(prompt->host, HOST_BYTES)] == '\0';
}

static enum prompt_kind read_kind(const char *text, struct prompt *prompt)
{
	const char *close;

	if (!strcmp(text, PROMPT_OURS))
		return PROMPT_BARE;
	if (text[0] == '(') {
		close = strchr(text, ')');
		if (close && !strcmp(close + 1, " " PROMPT_OURS) &&
		    read_login(text + 1, close, prompt))
			return PROMPT_SSH;
	} else if (ends(text, PASSWORD_END)) {
		if (read_login(text, text + strlen(text) - strlen(PASSWORD_END), prompt))
			return PROMPT_SSH_PASSWORD;
	}
	return PROMPT_OTHER;
}

void prompt_read(const char *text, const char *hint, struct prompt *ret_prompt)
{
	struct prompt prompt = {.kind = PROMPT_OTHER};

	if (!hint) /* with one it is no question for a password */
		prompt.kind = read_kind(text, &prompt);
	if (prompt.kind == PROMPT_OTHER)
		prompt = (struct prompt){.answer = answer_to(text, hint)};
	*ret_prompt = prompt;
}

static bool is_address(const char *host)
{
	return strspn(host, "0123456789.") == strlen(host) || strchr(host, ':') != NULL;
}

static bool is_first_label(const char *label, const char *name)
{
	size_t length = strlen(label);

	return length && !strchr(label, '.') && !strncasecmp(label, name, length) &&
	       name[length] == '.';
}

/* but for the dot of the root that ssh keeps */
static bool same_name(const char *typed, const char *host)
{
	size_t length = strlen(typed);

	if (length && typed[length - 1] == '.')
		length--;
	return length == strlen(host) && !strncasecmp(typed, host, length);
}

bool host_is(const char *typed, const char *host)
{
	if (!*host || is_address(typed) || is_address(host))
		return false;
	return same_name(typed, host) || is_first_label(typed, host);
}

bool scope_list_has(const char *scopes, const char *service, const char *account)
{
	size_t lead = strlen(service);

	for (;;) {
		size_t length = strcspn(scopes, " ");
		if (length > lead + 1 && !strncmp(scopes, service, lead) && scopes[lead] == ':' &&
		    (!account || (strlen(account) == length - lead - 1 &&
		                  !strncmp(scopes + lead + 1, account, length - lead - 1))))
			return true;
		if (scopes[length] == '\0')
			return false;
		scopes += length + 1;
	}
}
