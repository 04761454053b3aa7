/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that an administrator writes beside a policy, in the grammar of rules:
 *
 *   expect "the dba team gets postgres" {
 *           user = "alice"  groups = {"dba"}  scope = "sudo:postgres"  at = "mon 10:00"
 *           rule = "db-maintenance"  effect = "allow"  approvals = 1
 *   }
 */
#ifndef JIT_POLICY_EXPECT_H
#define JIT_POLICY_EXPECT_H

#include "policy/policy.h"

struct expectation {
	char *title;
	unsigned int line;
	char *user, *scope, *host, *command, *via; /* host command via: NULL when not given */
	bool groups_given;                         /* else who is a member of what is looked up */
	struct strings groups;
	struct moment at;     /* not known: not given */
	char *rule;           /* NULL: not looked at; "": no rule decides */
	enum decision effect; /* DECISION_NONE: not looked at */
	int64_t approvals;    /* -1: not looked at */
};

struct expectations {
	struct expectation *items; /* owned, in the order of the file */
	size_t count;
};

/* As policy_parse(): -EINVAL when any error was reported, all of them; -ENOMEM. An expectation that
 * looks at nothing, and a file without any, are errors. Not for two threads at once. */
must_check int expectations_parse(const struct policy_source *source, policy_report *report,
                                  void *context, struct expectations **ret_expectations);
struct expectations *expectations_free(struct expectations *expectations);

static inline void cleanup_expectations(struct expectations **where)
{
	expectations_free(*where);
}

/* How a host and a command are written in a question: 1 to 255 of [A-Za-z0-9.-]; an absolute path
 * and its arguments with single blanks between them. */
bool question_host_is_good(const char *host);
bool question_command_is_good(const char *command);

/* What the expectation asks, of `subject`, on the host `here`. It points into all three. */
struct question expectation_question(const struct expectation *expectation,
                                     const struct identity *subject, const char *here);

/* Called once for each difference: the key, what was expected and what is, both as the file would
 * say them ("\"db-host\"", "2"). `expected` NULL: the key is missing, and `is` says what asks for
 * it. */
typedef void expectation_differs(void *context, const char *key, const char *expected,
                                 const char *is);

/* Asks the policy on this host (`here`) for `subject` and reports what is not as expected. 0 with
 * *ret_met, or -ENOMEM. Where a rule up to the deciding one asks for the time and the expectation
 * does not give it, that is the one difference ("at"): a test must not depend on when it runs. */
must_check int expectation_check(const struct expectation *expectation, const struct policy *policy,
                                 const struct identity *subject, const char *here,
                                 expectation_differs *differs, void *context, bool *ret_met);

#endif
