/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: text in, decision out. Pure: no file, clock, NSS or environment; who somebody is and what
 * time it is are passed in. First match wins; nothing matched = denied.
 *
 * Keys of this release: who scope approvers approvals max default pending token-ttl uses present
 * reason effect.
 */
#ifndef JIT_POLICY_POLICY_H
#define JIT_POLICY_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "base/decision.h"
#include "base/error.h"
#include "base/identity.h"

#define RULE_TITLE_MAX 64 /* bytes; [A-Za-z0-9._-] */

struct strings {
	char **items; /* owned, each NUL-terminated */
	size_t count;
};

struct rule {
	char *title;
	char *file;           /* the source's name, for messages */
	unsigned int line;    /* of its title */
	enum decision effect; /* DECISION_ALLOW (default), or DECISION_DENY for effect = "deny" */
	struct strings who, scope, approvers;
	unsigned int approvals; /* distinct people; 0 grants at once; default 1 */
	int64_t max,
	        default_for; /* seconds of a grant; built-in 1h and 15m, default never above max */
	int64_t pending;     /* seconds until an undecided request lapses; built-in 3h */
	int64_t uses;        /* sessions; 0: any number within the grant */
	int64_t token_ttl;   /* seconds of a typed token or code; built-in 5m, at most 1h, never
	                      * above max */
	enum rule_present { PRESENT_TYPED = 0, PRESENT_HELD } present; /* built-in: held */
	enum rule_reason { REASON_OPTIONAL = 0, REASON_REQUIRED } reason;
	char *text; /* canonical form, one line: what a grant keeps and an approval is bound to. The
	             * same rule gives the same text whatever its blanks and comments; every key is
	             * in it, with the value in force */
};

struct policy;

/* One file of rules, as read. */
struct policy_source {
	const char *name; /* for messages: "10-dba.conf" or its path */
	const char *text; /* NUL-terminated */
};

/* Called once for each error and warning: "FILE:LINE: KEY: what is wrong; what would be right". */
enum policy_severity { POLICY_WARNING = 1, POLICY_ERROR };
typedef void policy_report(void *context, enum policy_severity severity, const char *line);

/*
 * Parses the sources in order into one policy; all or nothing. -EINVAL when any error was reported
 * (all of them; but a syntax error ends its file), -ENOMEM. A `default` and a `token-ttl` that a
 * rule does not write itself are cut to its max.
 * `max_grant` is the cap of jitd.conf in seconds: a max above it is an error (the built-in one is
 * cut to it).
 * No source, or no rule in them: a policy that denies all, and a warning.
 * Not for two threads at once (policy/conf.h). No other file and no environment is read.
 */
must_check int policy_parse(const struct policy_source *sources, size_t count, int64_t max_grant,
                            policy_report *report, void *context, struct policy **ret_policy);
struct policy *policy_free(struct policy *policy); /* takes NULL, returns NULL */

static inline void cleanup_policy(struct policy **where)
{
	policy_free(*where);
}

size_t policy_rule_count(const struct policy *policy);
const struct rule *policy_rule_at(const struct policy *policy,
                                  size_t index); /* in evaluation order */
const struct rule *policy_rule(const struct policy *policy, const char *title); /* NULL: none */

/* What is asked. */
struct question {
	const struct identity *subject; /* with groups */
	const char *scopes;             /* canonical (policy/scope.h) */
};

struct answer {
	enum decision effect;    /* test == DECISION_ALLOW */
	const struct rule *rule; /* the deciding one, also for a deny rule; NULL: nothing matched */
};

/* A rule matches when its `who` names the subject and its `scope` list holds every asked scope. A
 * deny rule matches when its `scope` list holds any asked scope. Total: nothing asked, or scopes
 * that are not canonical, match nothing and deny. */
struct answer policy_evaluate(const struct policy *policy, const struct question *question);

#endif
