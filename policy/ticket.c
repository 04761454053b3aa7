/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ticket.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

#define COUNT_MAX  16
#define COPIES_MAX 64

struct ticket {
	regex_t regex;
};

/* ---- what keeps an expression small ---- */

struct look {
	const char *at;
	size_t depth;
	bool counted[TICKET_EXPRESSION_MAX + 1];        /* by depth: holds a count */
	unsigned int copies[TICKET_EXPRESSION_MAX + 1]; /* by depth: the most, of anything in it */
	bool group_counted;  /* what ended just now is a group with a count */
	bool repeated;       /* what ended just now is a repeat */
	unsigned int copied; /* so often stands what ended just now, once compiled */
	const char *why;
};

/* What stands by itself: one sign, or one set of them. */
static void begin_one(struct look *look)
{
	look->repeated = look->group_counted = false;
	look->copied = 1;
}

/* glibc compiles x+ as xx*, and x{3} as xxx, so that each such repeat multiplies what is within it:
 * ten bytes such as a++++++++ would take a kilobyte, forty all of the memory. */
static bool copy(struct look *look, unsigned int times)
{
	look->why = "repeats what repeats already, too deeply; write it out";
	look->copied *= times;
	if (look->copied > COPIES_MAX)
		return false;
	if (look->copies[look->depth] < look->copied)
		look->copies[look->depth] = look->copied;
	return true;
}

static bool is_letter_or_digit(char byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z');
}

/* After the backslash. POSIX leaves a letter or digit there undefined; glibc makes a digit a
 * back-reference, whose matching takes exponential time. */
static bool look_at_escape(struct look *look)
{
	begin_one(look);
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
	begin_one(look);
	look->at = at + 1;
	return *at == ']';
}

static bool look_at_number(struct look *look, unsigned int *ret_number)
{
	char *end;
	unsigned long number = strtoul(look->at, &end, 10);

	look->why = "holds a count over 16; write a smaller one, or + without a count";
	look->at = end;
	if (number > COUNT_MAX)
		return false;
	*ret_number = (unsigned int)number;
	return true;
}

/* After the brace: {3}, {3,} or {3,5}. */
static bool look_at_count(struct look *look)
{
	bool after_group = look->group_counted;
	static const char digits[] = "0123456789";
	unsigned int least, most;

	look->why = "holds a count after another repeat or around one; write it out";
	if (look->repeated || after_group)
		return false;
	look->why = "holds a { that begins no count; write \\{ for the sign itself, or {3}";
	if (!*look->at || !strchr(digits, *look->at))
		return false;
	if (!look_at_number(look, &least))
		return false;
	most = least;
	if (*look->at == ',') {
		look->at++;
		most = least + 1; /* x{3,} is xxxx* */
	}
	if (*look->at && strchr(digits, *look->at) && !look_at_number(look, &most))
		return false;
	look->why = "holds a { that begins no count; write \\{ for the sign itself, or {3}";
	if (*look->at != '}')
		return false;
	look->at++;
	look->repeated = look->counted[look->depth] = true;
	return copy(look, most ? most : 1);
}

static bool look_at_group_end(struct look *look)
{
	look->why = "holds a ) without its (; write \\) for the sign itself";
	if (!look->depth)
		return false;
	look->group_counted = look->counted[look->depth];
	look->copied = look->copies[look->depth];
	look->repeated = false;
	look->depth--;
	look->counted[look->depth] |= look->group_counted;
	return copy(look, 1);
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
		look->copies[look->depth] = 1;
		break;
	case '+':
		look->repeated = true;
		return copy(look, 2);
	case '*':
	case '?':
		look->repeated = true;
		return true;
	default:
		break;
	}
	begin_one(look);
	return true;
}

/* NULL: nothing is wrong. */
static const char *look_over(const char *expression)
{
	struct look look = {.at = expression, .copied = 1};

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
