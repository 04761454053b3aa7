/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules: text in, decision out. Pure: no file, clock, NSS or environment; who somebody is and what
 * time it is are passed in. First match wins; nothing matched = denied. The language is
 * jit-policy(5).
 */
#ifndef JIT_POLICY_POLICY_H
#define JIT_POLICY_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/decision.h"
#include "base/error.h"
#include "base/folder.h"
#include "base/identity.h"

#define RULE_TITLE_MAX 64 /* bytes; [A-Za-z0-9._-] */

struct strings {
	char **items; /* owned, each NUL-terminated */
	size_t count;
};

/* A point in the week as a clock on the wall shows it (policy/window.h). Zero: nobody said. */
struct moment {
	bool known;
	unsigned int day;    /* 0 Monday to 6 Sunday */
	unsigned int minute; /* of the day, 0 to 1439 */
};

/* Some days of the week, from one minute of the day to another. */
struct window {
	unsigned int days; /* bit 0 Monday to bit 6 Sunday: the days on which it begins */
	unsigned int begin,
	        end; /* minutes of the day; end <= begin: on the next day; 1440: midnight */
};

struct windows {
	struct window *items; /* owned */
	size_t count;
};

struct ticket; /* a compiled expression (policy/ticket.h) */

struct rule {
	char *title;
	char *file;           /* the source's name, for messages */
	unsigned int line;    /* of its title */
	enum decision effect; /* DECISION_ALLOW (default), or DECISION_DENY for effect = "deny" */

	/* whether it matches */
	struct strings who, scope;
	struct strings commands; /* none: whatever the scope allows */
	struct strings hosts;    /* lower case; none: this host (a deny rule: every host) */
	char *via; /* a trust of jitd.conf; NULL: this jitd's own tokens (a deny rule: all) */
	struct windows when; /* none: always */

	/* what follows */
	struct strings approvers;
	unsigned int approvals; /* distinct people; 0 grants at once; default 1 */
	unsigned int denials;   /* this many end a request; default 1 */
	int64_t max,
	        default_for; /* seconds of a grant; built-in 1h and 15m, default never above max */
	int64_t pending;     /* seconds until an undecided request lapses; built-in 3h */
	int64_t uses;        /* sessions; 0: any number within the grant */
	int64_t token_ttl;   /* seconds of a typed token or code; built-in 5m, at most 1h, never
	                      * above max */
	enum rule_present { PRESENT_TYPED = 0, PRESENT_HELD } present; /* built-in: held */
	bool bind_ssh_key;                                             /* bind = {"ssh-key"} */
	bool knock; /* an ssh key login without access files the request itself */
	enum rule_reason { REASON_OPTIONAL = 0, REASON_REQUIRED } reason;
	char *ticket;                   /* the expression as written; NULL: any ticket, or none */
	struct ticket *ticket_compiled; /* NULL with ticket */
	enum rule_end { END_TERMINATE = 0, END_KEEP } at_end; /* of sessions, when the grant ends */
	int64_t keep_max; /* seconds that a session kept may go on; built-in 1h */
	int64_t warn;     /* seconds before its end that a session is told; built-in 2m; 0: never */

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

/* What jitd.conf says and rules are held against. */
struct policy_site {
	int64_t max_grant; /* cap in seconds: a max above it is an error (the built-in one
	                    * is cut to it) */
	bool sudo_plugin;  /* commands can be enforced; else a rule with them is warned of */
	bool rs256;        /* tokens are signed with RS256: too long for a prompt */
	const struct strings *trusts; /* what `via` may name; NULL: none */
};

/* Called once for each error and warning: "FILE:LINE: KEY: what is wrong; what would be right". */
enum policy_severity { POLICY_WARNING = 1, POLICY_ERROR };
typedef void policy_report(void *context, enum policy_severity severity, const char *line);

#define POLICY_RULES_MAX 100000

/*
 * Parses the sources in order into one policy; all or nothing. -EINVAL when any error was reported
 * (all of them; but a syntax error ends its file), -ENOMEM. A `default` and a `token-ttl` that a
 * rule does not write itself are cut to its max.
 * No source, or no rule in them: a policy that denies all, and a warning.
 * Not for two threads at once (policy/conf.h). No other file and no environment is read.
 */
must_check int policy_parse(const struct policy_source *sources, size_t count,
                            const struct policy_site *site, policy_report *report, void *context,
                            struct policy **ret_policy);
/* The same of all files of a folder. */
must_check int policy_parse_folder(const struct folder *folder, const struct policy_site *site,
                                   policy_report *report, void *context,
                                   struct policy **ret_policy);
struct policy *policy_free(struct policy *policy); /* takes NULL, returns NULL */

static inline void cleanup_policy(struct policy **where)
{
	policy_free(*where);
}

size_t policy_rule_count(const struct policy *policy);
const struct rule *policy_rule_at(const struct policy *policy,
                                  size_t index); /* in evaluation order */
const struct rule *policy_rule(const struct policy *policy, const char *title); /* NULL: none */
bool policy_looks_at_time(const struct policy *policy); /* has any rule a `when`? */

/* Of two rules of one policy: does `first` come first? A rule does not come before itself. */
bool rule_comes_before(const struct rule *first, const struct rule *second);
/* May anybody but the owner of `account`, as a scope of the rule has it, ask by the rule? */
bool rule_names_others(const struct rule *rule, const char *account);

/* What is asked. */
struct question {
	const struct identity *subject; /* with groups */
	const char *scopes;             /* canonical (policy/scope.h) */
	const char *host;               /* which host the access is for; NULL: this one */
	const char *here;               /* this host's id; NULL: `host` is it */
	const char *command; /* what is to run, words separated by one blank; NULL: whatever the
	                      * scope allows */
	const char *via;     /* the trust whose token asks; NULL: this jitd's own */
	struct moment at;    /* local time of this host */
};

/* 1 to 255 of A-Z a-z 0-9 . - */
bool host_name_is_good(const char *name);

/* Is it one? False where nobody asks, or for nothing, or not in canonical form: then no rule
 * matches, not even one that denies, and whoever asks only what denies must not take that for a
 * yes. */
bool question_is_good(const struct question *question);

/* In the order in which a rule is held against a question. */
enum rule_field {
	FIELD_UNDECIDED = 0, /* nothing asked, or not in canonical form */
	FIELD_SCOPE,
	FIELD_WHO,
	FIELD_COMMANDS,
	FIELD_HOSTS,
	FIELD_VIA,
	FIELD_WHEN,
	FIELD_ALL, /* the rule matches */
};
const char *rule_field_word(enum rule_field field); /* the key: "scope" */

/*
 * The first field that does not match, or FIELD_ALL. An allow rule matches what it covers whole:
 * its `scope` holds every asked scope, its `commands` the command. A deny rule matches what it
 * touches: its `scope` holds any asked scope; what it leaves out stands for all.
 */
enum rule_field rule_compare(const struct rule *rule, const struct question *question);

struct answer {
	enum decision effect;    /* test == DECISION_ALLOW */
	const struct rule *rule; /* the deciding one, also for a deny rule; NULL: nothing matched */
};

/* The first rule that matches. Total: nothing asked, or scopes that are not canonical, match
 * nothing and deny. */
struct answer policy_evaluate(const struct policy *policy, const struct question *question);

/* Does a ticket satisfy the rule? Without `ticket` in the rule every one does, also "". */
bool rule_takes_ticket(const struct rule *rule, const char *ticket);

#endif
