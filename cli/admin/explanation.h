/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An answer of the policy with its reasons, kept so that people and programs can read it.
 */
#ifndef JIT_CLI_ADMIN_EXPLANATION_H
#define JIT_CLI_ADMIN_EXPLANATION_H

#include <stdio.h>

#include "policy/policy.h"

struct explained_rule {
	const struct rule *rule;
	enum rule_field field; /* FIELD_ALL: it decides */
	char *why;             /* owned */
};

struct explained_term {
	char *key, *value; /* owned */
};

struct explanation {
	const struct question *question;
	struct answer answer;
	struct explained_rule *rules; /* up to the deciding one and with it */
	size_t rule_count;
	struct explained_term *terms; /* what follows from a rule that allows */
	size_t term_count;
	struct strings approvers; /* whom the subject could ask */
};

/* Points into policy and question. 0 or -ENOMEM; after either, explanation_done(). */
must_check int explanation_make(const struct policy *policy, const struct question *question,
                                struct explanation *ret_explanation);
void explanation_done(struct explanation *explanation);

/* A row for each rule, under headings, each line led by `indent` (a few blanks). 0 or -ENOMEM. */
must_check int explanation_print_rules(FILE *to, const struct explanation *explanation,
                                       const char *indent);

/* "allow by rule "x"", "deny by rule "x"", "no rule matches: denied". */
void explanation_print_answer(FILE *to, const struct explanation *explanation);

/* A line for each term, and for who could approve. */
void explanation_print_terms(FILE *to, const struct explanation *explanation);

#endif
