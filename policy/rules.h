/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a rule, said once: the grammar, the readers and the check of jit-policy(5) come from
 * these lists. Inside the room only.
 */
#ifndef JIT_POLICY_RULES_H
#define JIT_POLICY_RULES_H

#include "policy/candidates.h"
#include "policy/conf.h"
#include "policy/policy.h"
#include "policy/roster.h"

/*        KEY          TYPE    READER     WHERE */
#define RULE_KEYS(K)                                                                               \
	K("who", LIST, who, RULE_ONLY)                                                             \
	K("scope", LIST, scope, RULE_ONLY)                                                         \
	K("commands", LIST, commands, ALLOW_OR_DEFAULTS)                                           \
	K("hosts", LIST, hosts, ALLOW_OR_DEFAULTS)                                                 \
	K("via", STRING, via, ALLOW_OR_DEFAULTS)                                                   \
	K("when", LIST, when, ALLOW_OR_DEFAULTS)                                                   \
	K("approvers", LIST, approvers, RULE_ONLY)                                                 \
	K("approvals", NUMBER, approvals, RULE_OR_DEFAULTS)                                        \
	K("denials", NUMBER, denials, RULE_OR_DEFAULTS)                                            \
	K("max", STRING, max, RULE_OR_DEFAULTS)                                                    \
	K("default", STRING, default_for, RULE_OR_DEFAULTS)                                        \
	K("pending", STRING, pending, RULE_OR_DEFAULTS)                                            \
	K("token-ttl", STRING, token_ttl, RULE_OR_DEFAULTS)                                        \
	K("uses", NUMBER, uses, RULE_OR_DEFAULTS)                                                  \
	K("present", STRING, present, RULE_OR_DEFAULTS)                                            \
	K("bind", LIST, bind, RULE_OR_DEFAULTS)                                                    \
	K("knock", BOOL, knock, RULE_OR_DEFAULTS)                                                  \
	K("reason", STRING, reason, RULE_OR_DEFAULTS)                                              \
	K("ticket", STRING, ticket, RULE_OR_DEFAULTS)                                              \
	K("at-end", STRING, at_end, RULE_OR_DEFAULTS)                                              \
	K("keep-max", STRING, keep_max, RULE_OR_DEFAULTS)                                          \
	K("warn", STRING, warn, RULE_OR_DEFAULTS)                                                  \
	K("effect", STRING, effect, RULE_ONLY)

#define RULE_APPROVALS_MAX 16
#define RULE_DENIALS_MAX   16
#define RULE_USES_MAX      1000000
#define RULE_TOKEN_TTL_MAX 3600 /* seconds */
#define RULE_LIST_SIZE     1025 /* a list's values separated by blanks, NUL included */

struct policy {
	struct rule *rules; /* in evaluation order */
	size_t count;
	bool looks_at_time;   /* one of them has a `when` */
	struct roster titles; /* of them, sorted */
	struct candidates candidates;
};

/* What reading a rule needs to know besides its block. */
struct reading {
	struct complaints complaints;
	const struct policy_site *site;
	const struct conf_block *defaults; /* what a rule leaves out; NULL: no such block */
};

/* Takes one value into the rule and reports all that is wrong with it; -ENOMEM is the only result
 * but 0. */
typedef int read_value(struct reading *reading, const struct conf_entry *entry, struct rule *rule);
#define K(name, type, reader, place) read_value read_##reader;
RULE_KEYS(K)
#undef K

extern const struct conf_grammar rule_grammar;
extern const struct conf_kind *const rule_kind, *const defaults_kind;

/* Both report what is wrong in the block, all of it; -ENOMEM is the only result but 0. The defaults
 * are looked over, and read again for each rule that leaves some out. */
must_check int rule_check_defaults(struct reading *reading, const struct conf_block *block);
must_check int rule_read(struct reading *reading, const struct conf_block *block,
                         struct rule *ret_rule);

/* The built-in values of a rule; those above `max_grant` are cut to it. */
struct rule rule_builtin(int64_t max_grant);
void rule_done(struct rule *rule);

/* Who may be named: "alice" or "%group". Reports each name that is none, and each that is there
 * twice, and copies the list. */
must_check int names_read(struct complaints *complaints, const struct conf_entry *entry,
                          struct strings *ret_names);

/* What is asked or given: reports what is no scope or pattern of scopes, and what is there twice,
 * and adds the others in canonical form. */
must_check int scopes_read(struct complaints *complaints, const struct conf_entry *entry,
                           struct strings *scopes);

/* 1 to RULE_TITLE_MAX of A-Z a-z 0-9 . _ - */
bool value_is_title(const char *text);
/* 1 to HOST_MAX of A-Z a-z 0-9 . - and of the bytes of `besides`. */
#define HOST_MAX 255
bool value_is_host(const char *text, const char *besides);
/* 1 to TRUST_CLAIM_MAX of A-Z a-z 0-9 . _ - : / */
bool value_is_claim(const char *text);
/* Is the string a path from / on, without "..", ".", "//" or a slash at the end, of at most `max`
 * bytes? Reports when it is not. */
void path_check(struct complaints *complaints, const struct conf_entry *entry, size_t max);
/* Is the number from `min` to `max`? Reports when it is not. */
bool value_in_range(struct complaints *complaints, const struct conf_entry *entry, int64_t min,
                    int64_t max);
/* Is the word `second`? One that is neither is reported, and taken for `first`: the stricter. */
bool value_is_second(struct complaints *complaints, const struct conf_entry *entry,
                     const char *first, const char *second);
bool names_hold_group(const struct strings *names);

/* Writes a list as the language has it: "a", "b". One that is too long ends in "...", maybe within
 * a character. */
void names_show(const struct strings *names, char *ret_text, size_t size);

/* A duration above 0; reports and leaves ret_seconds alone when it is none. */
void duration_read(struct complaints *complaints, const struct conf_entry *entry,
                   int64_t *ret_seconds);

/* The canonical form of a rule: same rule, same text. Parsed again, it gives itself. NULL: no
 * memory. */
char *rule_text(const struct rule *rule);

/* Reports rules that cannot work or that undo the four eyes (policy/review.c). -ENOMEM. */
must_check int policy_review(const struct policy *policy, struct complaints *complaints);

/* What is wrong with the form of a command, or of a pattern of commands; NULL: nothing. */
const char *command_fault(const char *command);
/* Is there a ".." between slashes and blanks? */
bool command_goes_up(const char *command);

/* Does the rule's pattern take in the asked scope? */
bool scope_matches(const char *pattern, const char *scope, const char *asker);
/* Where the account of a scope, or of a pattern of scopes, begins. */
const char *scope_account(const char *scope);

#endif
