/* SPDX-License-Identifier: Apache-2.0 */
/*
 * policy/golden/: policies, requests, and what must come of them with its reasons, said line by
 * line. A file is made of two kinds of block, whose lines are indented by a tab:
 *
 *   policy
 *           rule "a" { ... }           rules, for the cases after it
 *   case TITLE
 *           user alice                 and groups, host, here, command, via, at
 *           scope sudo:web
 *           rule a: who: ...           each rule up to the deciding one: what fails, why;
 *           rule b: matches            or that it matches
 *           decision allow by b        or "deny by b", or "deny, no rule"
 *           term max: 1h               what follows, as far as the case is about it; "-":
 *                                      no such line
 *           approvers bob, %leads      whom the asker could ask
 *           ticket yes INC-7           does the rule take this ticket?
 */
#ifndef JIT_POLICY_GOLDEN_TEST_READ_H
#define JIT_POLICY_GOLDEN_TEST_READ_H

#include <stdbool.h>
#include <stddef.h>

#define GOLDEN_LINES_MAX 48 /* of what is expected of a case */
#define GOLDEN_TEXTS_MAX 256

struct golden {
	const char *file;
	unsigned int line;
	char *title;
	char *policy; /* shared with the cases beside it */
	const char *user, *groups, *scope, *host, *here, *command, *via, *at;
	const char *expected[GOLDEN_LINES_MAX];
	size_t count;
	bool decided; /* the line of the decision was read */
};

struct collection {
	struct golden *cases;
	size_t count;
	char *texts[GOLDEN_TEXTS_MAX]; /* what the cases point into */
	size_t text_count;
};

/* Is the first word of the line `word`? */
bool golden_begins(const char *line, const char *word);

/* Adds the cases of a file. NULL, or what is wrong, and in which line. Takes the text over, and
 * keeps `file`. */
const char *golden_read(struct collection *all, const char *file, char *text,
                        unsigned int *ret_line);
void golden_done(struct collection *all);

#endif
