/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ticket.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define COUNT_MAX 16

struct ticket {
	regex_t regex;
};

/* ---- what keeps an expression small ---- */

struct look {
	const char *at;
	size_t depth;
	bool counted[TICKET_EXPRESSION_MAX + 1]; /* by depth: holds a count */
	bool group_counted;                      /* what ended just now is a group with a count */
	bool repeated;                           /* what ended just now is a repeat */
	const char *why;
};

static bool is_letter_or_digit(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z');
}

/* After the backslash. POSIX leaves a letter or digit there undefined; glibc makes a digit a
 * back-reference, whose matching takes exponential time. */
static bool look_at_escape(struct look *look)
{
	look->repeated = look->group_counted = false;
	if (*look->at && !is_letter_or_digit(*look->at)) {
		look->at++;
		return true;
	}
	look->why = *look->at >= '0' && *look->at <= '9'
	                    ? "holds a back-reference; write out what it stands for"
	                    : "holds a backslash before a letter or at its end; write it before "
	                      "the sign that is meant, such as \\.";
	return false;
}

/* After the bracket: in there nothing is special but its own end and [:classes:]. */
static bool look_at_brackets(struct look *look)
{
	const char *at = look->at;

	at += *at == '^';
	at += *at == ']';
	for (; *at && *at != ']'; at++)
		if (*at == '[' && at[1] && strchr(":.=", at[1])) {
			const char closing[] = {at[1], ']', '\0'};
			const char *end = strstr(at + 2, closing);
			if (!end)
				break;
			at = end + 1;
		}
	look->why = "holds a [ without its ]; write \\[ for the sign itself";
	look->repeated = look->group_counted = false;
	look->at = at + 1;
	return *at == ']';
}

static bool look_at_number(struct look *look)
{
	char *end;
	unsigned long number = strtoul(look->at, &end, 10);

	look->why = "holds a count over 16; write a smaller one, or + without a count";
	look->at = end;
	return number <= COUNT_MAX;
}

/* After the brace: {3}, {3,} or {3,5}. */
static bool look_at_count(struct look *look)
{
	bool after_group = look->group_counted;
	static const char digits[] = "0123456789";

	look->why = "holds a count after another repeat or around one; write it out";
	if (look->repeated || after_group)
		return false;
	look->why = "holds a { that begins no count; write \\{ for the sign itself, or {3}";
	if (!*look->at || !strchr(digits, *look->at))
		return false;
	if (!look_at_number(look))
		return false;
	if (*look->at == ',')
		look->at++;
	if (*look->at && strchr(digits, *look->at) && !look_at_number(look))
		return false;
	look->why = "holds a { that begins no count; write \\{ for the sign itself, or {3}";
	if (*look->at != '}')
		return false;
	look->at++;
	look->repeated = look->counted[look->depth] = true;
	return true;
}

static bool look_at_group_end(struct look *look)
{
	look->why = "holds a ) without its (; write \\) for the sign itself";
	if (!look->depth)
		return false;
	look->group_counted = look->counted[look->depth];
	look->repeated = false;
	look->depth--;
	look->counted[look->depth] |= look->group_counted;
	return true;
}

static bool look_at_sign(struct look *look)
{
	char sign = *look->at++;

	switch (sign) {
	case '\\':
		return look_at_escape(look);
	case '[':
		return look_at_brackets(look);
	case '{':
		return look_at_count(look);
	case ')':
		return look_at_group_end(look);
	case '(':
		look->counted[++look->depth] = false;
		break;
	case '*':
	case '+':
	case '?':
		look->repeated = true;
		return true;
	default:
		break;
	}
	look->repeated = look->group_counted = false;
	return true;
}

/* NULL: nothing is wrong. */
static const char *look_over(const char *expression)
{
	struct look look = {.at = expression};

	if (!*expression)
		return "is empty; leave the key out where no ticket is wanted";
	if (strlen(expression) > TICKET_EXPRESSION_MAX)
		return "is longer than 128 bytes";
	while (*look.at)
		if (!look_at_sign(&look))
			return look.why;
	return NULL;
}

/* ---- the expression ---- */

int ticket_new(const char *expression, struct ticket **ret_ticket, struct fault *fault)
{
	const char *why = look_over(expression);
	cleanup(cleanup_free) struct ticket *ticket = calloc(1, sizeof(*ticket));
	char said[128];
	int r;

	if (why)
		return fault_set(fault, -EINVAL, "\"%.140s\" %s", expression, why);
	if (!ticket)
		return -ENOMEM;
	r = regcomp(&ticket->regex, expression, REG_EXTENDED | REG_NOSUB);
	if (r == REG_ESPACE)
		return -ENOMEM;
	if (r) {
		(void)regerror(r, &ticket->regex, said, sizeof(said));
		return fault_set(fault, -EINVAL, "\"%.140s\" is no extended regular expression: %s",
		                 expression, said);
	}
	*ret_ticket = take_ptr(ticket);
	return 0;
}

struct ticket *ticket_free(struct ticket *ticket)
{
	if (ticket)
		regfree(&ticket->regex);
	free(ticket);
	return NULL;
}

bool ticket_matches(const struct ticket *ticket, const char *text)
{
	return strnlen(text, TICKET_MAX + 1) <= TICKET_MAX &&
	       regexec(&ticket->regex, text, 0, NULL, 0) == 0;
}
