/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/wish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "jitd/binding.h"
#include "jitd/lock.h"
#include "jitd/question.h"

/* ---- limits ---- */

static int count_pending(struct jitd *jitd, uid_t uid, int64_t *ret_count)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_ACCESS_OPEN_OF);
	int r;

	query_number(&query, ":uid", uid);
	r = query_step(&query);
	if (r == QUERY_ROW)
		*ret_count = query_column(&query, 0);
	return r == QUERY_ROW ? 0 : r < 0 ? r : -EIO;
}

/* Were there `most` requests within so many seconds? Only those count that became a row. */
static int asked_too_often(struct jitd *jitd, const struct wish *wish, int64_t most,
                           int64_t seconds, bool *ret_often)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_ACCESS_NTH_OF);
	int64_t requested = 0;
	int r;

	query_number(&query, ":uid", wish->subject->uid);
	query_number(&query, ":n", most - 1);
	r = query_step(&query);
	if (r < 0)
		return r;
	if (r == QUERY_ROW)
		requested = query_column(&query, 0);
	/* what was asked by a clock that was ahead does not count until then */
	*ret_often = requested > wish->now - seconds && requested <= wish->now + CLOCK_SLACK;
	return 0;
}

static int judge_limits(struct jitd *jitd, const struct wish *wish)
{
	uid_t uid = wish->subject->uid;
	int64_t pending = PENDING_MAX;
	bool locked = true, often = true, hasty = true;
	int r = lock_is_set(jitd, uid, &locked);

	if (r == 0)
		r = count_pending(jitd, uid, &pending);
	if (r == 0)
		r = asked_too_often(jitd, wish, HOURLY_MAX, 3600, &often);
	if (r == 0)
		r = asked_too_often(jitd, wish, jitd->settings->requests_per_minute, 60, &hasty);
	if (r < 0)
		return r;
	if (locked)
		return WISH_LOCKED;
	if (often)
		return WISH_HOURLY;
	if (hasty)
		return WISH_HASTY;
	return pending >= PENDING_MAX ? WISH_PENDING : WISH_GOOD;
}

/* ---- rules ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* What the rule wants besides. */
static int judge_terms(struct jitd *jitd, struct wish *wish)
{
	const struct rule *rule = wish->rule;

	if (rule->reason == REASON_REQUIRED && !wish->reason[0])
		return WISH_REASON;
	if (!rule_takes_ticket(rule, wish->ticket))
		return WISH_TICKET;
	if (wish->seconds == WIRE_DEFAULT)
		wish->seconds =
		        wish->ends ? least(rule->max, wish->ends - wish->now) : rule->default_for;
	if (wish->seconds <= 0 || wish->seconds > rule->max)
		return WISH_DURATION;
	return binding_of_wish(jitd, wish);
}

static int judge_rules_of(struct jitd *jitd, struct wish *wish)
{
	const struct question question =
	        question_of(jitd, wish->subject, wish->scopes, wish->host, wish->via, wish->now);
	struct answer answer = policy_evaluate(jitd->policy, &question);

	wish->rule = answer.rule;
	if (!answer.rule)
		return WISH_NO_RULE;
	return answer.effect == DECISION_ALLOW ? judge_terms(jitd, wish) : (int)WISH_RULE_DENIES;
}

int wish_judge(struct jitd *jitd, struct wish *wish)
{
	int r = judge_limits(jitd, wish);

	return r == WISH_GOOD ? judge_rules_of(jitd, wish) : r;
}

/* ---- no ---- */

static int refuse_length(struct call *call, const struct wish *wish)
{
	char max[DURATION_SIZE], asked[DURATION_SIZE];

	format_duration(wish->rule->max, max);
	format_duration(wish->seconds, asked);
	return call_refuse(call, "duration", "--for %s: rule %s gives more than 0s and at most %s",
	                   asked, wish->rule->title, max);
}

static int refuse_key(struct call *call, const struct wish *wish, enum wish_result why)
{
	if (why == WISH_KEY_TAKEN)
		return call_refuse(call, "key-of-several",
		                   "ssh key %s is bound to an access of somebody else for the "
		                   "same: each needs a key of their own",
		                   wish->user_key);
	if (why == WISH_KEY_UNSEEN)
		return call_refuse(
		        call, "no-key",
		        "it is bound to an ssh key (%s), which is seen at ssh alone: ask "
		        "for scopes such as ssh:alice, and for others apart",
		        wish->rule->bind_ssh_key ? wish->rule->title
		        : wish->via[0]           ? "that token"
		                                 : "--user-key");
	if (wish->via[0])
		return call_refuse(call, "user-key-missing",
		                   "rule %s binds to an ssh key: that token is bound to none, and "
		                   "you did not come here by one",
		                   wish->rule->title);
	return call_refuse(call, "user-key-missing",
	                   "rule %s binds to your ssh key, and you did not come here by one: "
	                   "--user-key names it (ssh-keygen -lf ~/.ssh/id_ed25519.pub prints it)",
	                   wish->rule->title);
}

static int refuse_by_rule(struct call *call, const struct wish *wish, enum wish_result why)
{
	const char *title = wish->rule->title;

	if (why == WISH_RULE_DENIES)
		return call_refuse(call, "rule-denies", "rule %s denies %s to %s", title,
		                   wish->scopes, wish->subject->name);
	if (why == WISH_REASON)
		return call_refuse(call, "reason-missing",
		                   "rule %s wants a reason: add --reason \"why\"", title);
	if (why == WISH_TICKET)
		return call_refuse(call, "ticket", "rule %s wants --ticket that looks like %s",
		                   title, wish->rule->ticket);
	if (why == WISH_DURATION)
		return refuse_length(call, wish);
	return refuse_key(call, wish, why);
}

int wish_refuse(struct call *call, const struct wish *wish, enum wish_result why)
{
	const struct settings *settings = call->jitd->settings;
	const char *name = wish->subject->name;

	if (why == WISH_LOCKED)
		return call_refuse(call, "locked",
		                   "%s is locked: an administrator unlocks (jitd-admin unlock %s)",
		                   name, name);
	if (why == WISH_HOURLY)
		return call_refuse(call, "too-many", "you asked %d times within an hour: wait",
		                   HOURLY_MAX);
	if (why == WISH_HASTY)
		return call_refuse(call, "too-many", "you asked %lld times within a minute: wait",
		                   (long long)settings->requests_per_minute);
	if (why == WISH_PENDING)
		return call_refuse(call, "too-many",
		                   "%d requests of yours wait already: cancel one (jit cancel ID)",
		                   PENDING_MAX);
	if (why != WISH_NO_RULE && wish->rule)
		return refuse_by_rule(call, wish, why);
	if (*wish->via)
		return call_refuse(call, "no-rule",
		                   "no rule with via = \"%s\" lets %s have %s: an administrator "
		                   "writes rules in %s",
		                   wish->via, name, wish->scopes, settings->policy_dir);
	return call_refuse(call, "no-rule",
	                   "no rule lets %s ask for %s: an administrator writes rules in %s", name,
	                   wish->scopes, settings->policy_dir);
}

/* ---- yes ---- */

static int join(const struct strings *list, char **ret_text)
{
	size_t size = 1;
	cleanup(cleanup_free) char *text = NULL;

	for (size_t i = 0; i < list->count; i++)
		size += strlen(list->items[i]) + 1;
	text = calloc(1, size);
	if (!text)
		return -ENOMEM;
	for (size_t i = 0, at = 0; i < list->count; i++) {
		size_t length = strlen(list->items[i]);
		if (i)
			text[at++] = ' ';
		memcpy(text + at, list->items[i], length);
		at += length;
	}
	*ret_text = take_ptr(text);
	return 0;
}

/* What is for another host is presented there. */
static bool is_held(const struct jitd *jitd, const struct wish *wish)
{
	return wish->rule->present == PRESENT_HELD && !wish->typed &&
	       !strcmp(wish->host, jitd->host_id);
}

int wish_insert(struct jitd *jitd, const struct wish *wish, uint32_t *ret_access)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_ACCESS_INSERT);
	cleanup(cleanup_free) char *who = NULL, *approvers = NULL;
	const struct rule *rule = wish->rule;
	int r = join(&rule->who, &who);

	if (r == 0)
		r = join(&rule->approvers, &approvers);
	if (r < 0)
		return r;
	query_number(&query, ":uid", wish->subject->uid);
	if (wish->login_uid == LOGIN_UID_NONE)
		query_null(&query, ":login_uid");
	else
		query_number(&query, ":login_uid", wish->login_uid);
	query_text(&query, ":subject", wish->subject->name);
	query_text(&query, ":scope", wish->scopes);
	query_text(&query, ":host", wish->host);
	query_text(&query, ":rule", rule->title);
	query_text(&query, ":rule_text", rule->text);
	query_text(&query, ":who", who);
	query_text(&query, ":approvers", approvers);
	query_number(&query, ":approvals", rule->approvals);
	query_number(&query, ":denials", rule->denials);
	query_text(&query, ":reason", wish->reason);
	query_text(&query, ":ticket", wish->ticket);
	query_number(&query, ":seconds", wish->seconds);
	query_number(&query, ":uses", rule->uses);
	query_text(&query, ":present", is_held(jitd, wish) ? "held" : "typed");
	query_number(&query, ":token_ttl", rule->token_ttl);
	query_number(&query, ":warn", rule->warn);
	query_number(&query, ":keep", rule->at_end == END_KEEP ? rule->keep_max : 0);
	query_number(&query, ":now", wish->now);
	query_text(&query, ":via", wish->via);
	query_text(&query, ":issuer", wish->issuer);
	query_number(&query, ":foreign", wish->foreign);
	query_number(&query, ":ends", wish->ends);
	query_text(&query, ":user_key", wish->user_key);
	query_number(&query, ":lapses",
	             wish->ends ? least(wish->now + rule->pending, wish->ends)
	                        : wish->now + rule->pending);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -EIO;
	*ret_access = (uint32_t)query_column(&query, 0);
	jitd->accesses_changed = true;
	return query_finish(&query);
}
