/* SPDX-License-Identifier: Apache-2.0 */
#include "policy/glob.h"

#include <string.h>

typedef bool one_matches(char pattern, char byte, const char *dividers);

static bool divides(char byte, const char *dividers)
{
	for (; *dividers; dividers++)
		if (*dividers == byte)
			return true;
	return false;
}

static bool one_of_text(char pattern, char byte, const char *dividers)
{
	return pattern == byte || (pattern == '?' && !divides(byte, dividers));
}

/* A `*` of the inner pattern is reached by a `*` of the outer one alone. */
static bool one_of_pattern(char pattern, char byte, const char *dividers)
{
	return byte != '*' && one_of_text(pattern, byte, dividers);
}

/* No part between two dividers matters to the next one, and within a part the shortest text that a
 * `*` can take leaves most to those after it: so only the last `*` is ever tried again. */
static bool matches(const char *pattern, const char *text, const char *dividers, one_matches *one)
{
	const char *star = NULL, *taken = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			taken = text;
			continue;
		}
		if (one(*pattern, *text, dividers)) {
			pattern++;
			text++;
			continue;
		}
		if (!star || divides(*taken, dividers))
			return false;
		pattern = star;
		text = ++taken;
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool glob_matches(const char *pattern, const char *text, const char *dividers)
{
	return matches(pattern, text, dividers, one_of_text);
}

bool glob_is(const char *pattern)
{
	return strpbrk(pattern, "*?") != NULL;
}

bool glob_covers(const char *outer, const char *inner, const char *dividers)
{
	return matches(outer, inner, dividers, one_of_pattern);
}
