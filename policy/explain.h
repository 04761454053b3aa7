/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a question is answered as it is. The walk is that of policy_evaluate(), rule by rule, so that
 * the two cannot name different ones.
 */
#ifndef JIT_POLICY_EXPLAIN_H
#define JIT_POLICY_EXPLAIN_H

#include "policy/policy.h"

#define EXPLAIN_SIZE 1024 /* of a reason, NUL included */

/* Called for each rule in order, up to the deciding one and with it. `field` is FIELD_ALL for that
 * one and the first field that did not match for those before it; `why` says so in words, with what
 * was asked and what the rule has ("alice is none of %dba, bob"); empty for FIELD_ALL. Anything but
 * 0 ends the walk and comes back. */
typedef int explain_row(void *context, const struct rule *rule, enum rule_field field,
                        const char *why);

must_check int policy_explain(const struct policy *policy, const struct question *question,
                              explain_row *row, void *context, struct answer *ret_answer);

/* What follows from a rule that allows, one line each: "approvals", "2 of bob, %leads". In the
 * order of the language; keys that have no effect here (keep-max without at-end = "keep") are left
 * out. */
typedef int explain_term(void *context, const char *key, const char *value);
must_check int rule_terms(const struct rule *rule, explain_term *term, void *context);

/* The approvers that `subject` could ask: the rule's, without themselves. Groups stand as written.
 */
must_check int rule_approvers_for(const struct rule *rule, const struct identity *subject,
                                  struct strings *ret_names);

#endif
