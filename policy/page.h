/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests: the text of a man page or an example, and pieces of it.
 */
#ifndef JIT_POLICY_PAGE_H
#define JIT_POLICY_PAGE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/policy.h"
#include "policy/settings.h"

#define RULES_PAGE "jit-policy.5"
/* Rules of a page and the blocks of `expect` in it. */
#define RULES_BEGIN  "\n.Bd -literal -offset indent\n"
#define EXPECT_BEGIN "\n.Bd -unfilled -offset indent\n"
#define BLOCK_END    "\n.Ed"

static const struct policy_site page_site = {.max_grant = SETTINGS_GRANT_MAX, .sudo_plugin = true};

static inline void source_path(const char *name, char path[static 4096])
{
	const char *top = getenv("top_srcdir");

	(void)snprintf(path, 4096, "%s/policy/%s", top ? top : ".", name);
}

static inline char *source_text(const char *name)
{
	char path[4096], *text = NULL;
	size_t size = 0;
	FILE *in;

	source_path(name, path);
	in = fopen(path, "r");
	if (!in)
		fail_msg("%s cannot be read", path);
	if (getdelim(&text, &size, '\0', in) < 0)
		fail_msg("%s is empty", path);
	fclose(in);
	return text;
}

/* What stands between two marks of a page, cut off after it; the next search begins behind. */
static inline char *between(char **at, const char *begin, const char *end)
{
	char *piece = strstr(*at, begin), *stop;

	if (!piece)
		return NULL;
	piece += strlen(begin);
	stop = strstr(piece, end);
	if (!stop)
		fail_msg("nothing ends what begins with %.60s", piece);
	*stop = '\0';
	*at = stop + 1;
	return piece;
}

static inline char *section(char *page, const char *heading)
{
	char begin[128];
	char *piece;

	(void)snprintf(begin, sizeof(begin), "\n.%s\n", heading);
	piece = between(&page, begin, !strncmp(heading, "Ss", 2) ? "\n.S" : "\n.Sh ");
	if (!piece)
		fail_msg("the page has no .%s", heading);
	return piece;
}

#endif
