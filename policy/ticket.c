/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/ticket.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

#define COUNT_MAX  16
#define COPIES_MAX 64

/* glibc keeps in a regex_t every state that a text has led to: hundreds of megabytes, if many are
 * tried. So each match compiles its own, and 100000 rules keep none. */
struct ticket {
	char expression[TICKET_EXPRESSION_MAX + 1];
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
	/* could it be nothing? By depth: */
	bool last[TICKET_EXPRESSION_MAX + 1];   /* what ended just now */
	bool before[TICKET_EXPRESSION_MAX + 1]; /* all before that, from the last | on */
	bool others[TICKET_EXPRESSION_MAX + 1]; /* one of the branches before that | */
	const char *why;
};

/* What stands by itself: one sign, one set of them, one group. */
static void begin_one(struct look *look, bool is_nothing)
{
	look->repeated = look->group_counted = false;
	look->copied = 1;
	look->before[look->depth] &= look->last[look->depth];
	look->last[look->depth] = is_nothing;
}

static void begin_branch(struct look *look)
{
	look->before[look->depth] = look->last[look->depth] = true;
}

static bool branch_may_be_nothing(const struct look *look)
{
	return look->before[look->depth] && look->last[look->depth];
}

/* glibc takes exponential time to compile nothing over and over: a minute for ((){0,16}++$). */
static bool repeats_something(struct look *look)
{
	look->why = "repeats what may be nothing; take one of the two repeats out, or write what "
	            "is repeated";
	return !look->last[look->depth];
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
	begin_one(look, false);
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
	begin_one(look, false);
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
	if (!repeats_something(look))
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
	look->last[look->depth] = !least;
	return copy(look, most ? most : 1);
}

static bool look_at_repeat(struct look *look, char sign)
{
	if (sign != '?' && !repeats_something(look))
		return false;
	look->repeated = true;
	look->last[look->depth] |= sign != '+';
	return sign != '+' || copy(look, 2);
}

static void look_at_group_begin(struct look *look)
{
	begin_one(look, false);
	look->depth++;
	look->counted[look->depth] = look->others[look->depth] = false;
	look->copies[look->depth] = 1;
	begin_branch(look);
}

static bool look_at_group_end(struct look *look)
{
	bool nothing = look->others[look->depth] || branch_may_be_nothing(look);

	look->why = "holds a ) without its (; write \\) for the sign itself";
	if (!look->depth)
		return false;
	look->group_counted = look->counted[look->depth];
	look->copied = look->copies[look->depth];
	look->repeated = false;
	look->depth--;
	look->counted[look->depth] |= look->group_counted;
	look->last[look->depth] = nothing;
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
		look_at_group_begin(look);
		return true;
	case '+':
	case '*':
	case '?':
		return look_at_repeat(look, sign);
	case '|':
		look->others[look->depth] |= branch_may_be_nothing(look);
		begin_one(look, true);
		begin_branch(look);
		return true;
	default:
		break;
	}
	begin_one(look, sign == '^' || sign == '$');
	return true;
}

/* NULL: nothing is wrong. */
static const char *look_over(const char *expression)
{
	struct look look = {.at = expression, .copied = 1};

	begin_branch(&look);
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

static int compile(const char *expression, regex_t *ret_regex)
{
	return regcomp(ret_regex, expression, REG_EXTENDED | REG_NOSUB);
}

int ticket_new(const char *expression, struct ticket **ret_ticket, struct fault *fault)
{
	const char *why = look_over(expression);
	cleanup(cleanup_free) struct ticket *ticket = calloc(1, sizeof(*ticket));
	regex_t regex;
	char said[128];
	int r;

	if (why)
		return fault_set(fault, -EINVAL, "\"%.140s\" %s", expression, why);
	if (!ticket)
		return -ENOMEM;
	r = compile(expression, &regex);
	if (r == REG_ESPACE)
		return -ENOMEM;
	if (r) {
		(void)regerror(r, &regex, said, sizeof(said));
		return fault_set(fault, -EINVAL, "\"%.140s\" is no extended regular expression: %s",
		                 expression, said);
	}
	regfree(&regex);
	r = text_copy(ticket->expression, sizeof(ticket->expression), expression);
	if (r == 0)
		*ret_ticket = take_ptr(ticket);
	return r;
}

struct ticket *ticket_free(struct ticket *ticket)
{
	free(ticket);
	return NULL;
}

bool ticket_matches(const struct ticket *ticket, const char *text)
{
	regex_t regex;
	bool matches;

	if (strnlen(text, TICKET_MAX + 1) > TICKET_MAX || compile(ticket->expression, &regex))
		return false;
	matches = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return matches;
}
