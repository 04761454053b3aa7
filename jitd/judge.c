/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jitd/lock.h"
#include "jitd/unwritten.h"
#include "policy/scope.h"

enum hint { HINT_NONE = 0, HINT_ASK, HINT_AGAIN, HINT_SHOW };

static const struct {
	const char *word;
	enum hint hint;
	const char *line;
} reasons[REASONS] = {
#define REASON(name, word, hint, line) [REASON_##name] = {word, HINT_##hint, line},
#include "jitd/reason.def"
#undef REASON
};

/* The doors of this release: those for which the kernel vouches. */
static const char *const guarded_services[] = {"sudo", "su"};

/* ---- doors ---- */

static bool is_guarded(const char *service)
{
	for (size_t i = 0; i < sizeof(guarded_services) / sizeof(guarded_services[0]); i++)
		if (!strcmp(guarded_services[i], service))
			return true;
	return false;
}

void door_of(const struct wire_check *ask, int64_t now, struct door *door)
{
	const char *service = scope_service(ask->service);
	/* under sudo PAM_USER is the caller until setcred, and the target from then on (measured)
	 */
	bool target_known = strcmp(service, "sudo") || ask->phase == PHASE_OPEN_SESSION;

	*door = (struct door){.service = service,
	                      .account = target_known ? ask->user : NULL,
	                      .ruser = ask->ruser,
	                      .uid = ask->uid,
	                      .guarded = is_guarded(service),
	                      .now = now};
}

bool door_is_exempt(const struct jitd *jitd, const struct door *door)
{
	const struct strings *exempt = &jitd->settings->exempt;

	for (size_t i = 0; i < exempt->count && !door->guarded; i++)
		if (!strcmp(exempt->items[i], door->service))
			return true;
	return false;
}

static int door_scope(const struct door *door, char ret_scope[static SCOPE_SIZE])
{
	return text_format(ret_scope, SCOPE_SIZE, "%s:%s", door->service, door->account);
}

bool door_fits(const struct door *door, const char *scopes)
{
	char scope[SCOPE_SIZE];

	if (!door->account)
		return scope_has_service(scopes, door->service);
	return text_is_name(door->account) && door_scope(door, scope) == 0 &&
	       scope_contains(scopes, scope);
}

const char *door_phase_word(unsigned int phase)
{
	static const char *const words[] = {"", "auth", "account", "open-session", "close-session"};

	return phase < sizeof(words) / sizeof(words[0]) ? words[phase] : "";
}

/* ---- the subject ---- */

static void say_no(struct judgement *judgement, enum reason reason, uint32_t access)
{
	judgement->decision = DECISION_DENY;
	judgement->reason = reason;
	judgement->access = access;
}

int judge_subject(struct jitd *jitd, const struct door *door, struct judgement *judgement)
{
	bool locked = true;
	int r;

	if (!door->guarded)
		say_no(judgement, REASON_SERVICE, 0);
	else if (door->subject_result == NAMES_UNKNOWN)
		say_no(judgement, REASON_UNKNOWN_USER, 0);
	else if ((door->subject_result != NAMES_FOUND && door->subject_result != NAMES_STALE) ||
	         !door->subject)
		say_no(judgement, REASON_NAMES, 0);
	else if (door->subject->uid != door->uid || strcmp(door->ruser, door->subject->name))
		say_no(judgement, REASON_SUBJECT, 0);
	if (judgement->reason != REASON_NONE)
		return 0;
	r = lock_is_set(jitd, door->uid, &locked);
	if (r == 0 && locked)
		say_no(judgement, REASON_LOCKED, 0);
	return r;
}

/* ---- one access ---- */

static enum reason reason_of_state(enum access_state state)
{
	static const enum reason reason_of[] = {
	        [STATE_NONE] = REASON_INTERNAL,       [STATE_PENDING] = REASON_PENDING,
	        [STATE_ACTIVE] = REASON_NONE,         [STATE_USED_UP] = REASON_USED_UP,
	        [STATE_EXPIRED] = REASON_EXPIRED,     [STATE_RETURNED] = REASON_RETURNED,
	        [STATE_REVOKED] = REASON_REVOKED,     [STATE_DENIED] = REASON_DENIED,
	        [STATE_CANCELLED] = REASON_CANCELLED, [STATE_LAPSED] = REASON_LAPSED,
	};

	return reason_of[state];
}

/* Is the grant running, whatever its token says? */
static enum reason judge_grant(struct jitd *jitd, const struct door *door,
                               const struct access *access)
{
	if (access->state != STATE_ACTIVE)
		return reason_of_state(access->state);
	if (unwritten_covers(jitd->unwritten, access->id))
		return REASON_REVOKED;
	if (access->uid != door->uid)
		return REASON_INTERNAL;
	if (strcmp(access->host, jitd->host_id) != 0)
		return REASON_HOST;
	if (door->now < access->from - TOKEN_SKEW || door->now >= access->until)
		return REASON_EXPIRED;
	if (!door_fits(door, access->scope))
		return REASON_WRONG_ACCOUNT;
	if (access->uses_left == 0)
		return REASON_USED_UP;
	return REASON_NONE;
}

/* Does the token that was read belong to this access, and to nobody else? */
static int judge_token(struct jitd *jitd, const struct access *access,
                       const struct token_result *token, const struct door *door,
                       enum reason *ret_reason)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_TOKEN_GET);
	const struct claims *claims = &token->claims;
	int r;

	*ret_reason = REASON_TOKEN;
	if (token->decision != DECISION_ALLOW)
		return 0;
	if (claims->access != access->id || strcmp(claims->sub, access->subject) ||
	    strcmp(claims->scope, access->scope) || strcmp(claims->sub, door->subject->name))
		return 0;
	query_text(&query, ":jti", claims->jti);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r;
	if ((uint32_t)query_column(&query, 0) != access->id)
		return 0;
	*ret_reason = query_is_null(&query, 1) ? REASON_NONE : REASON_REVOKED;
	return 0;
}

/* What is asked anew at every check: membership, and deny rules. */
static enum reason judge_policy(struct jitd *jitd, const struct door *door,
                                const struct access *access)
{
	char scope[SCOPE_SIZE];
	struct question question = {.subject = door->subject, .scopes = access->scope};
	struct answer answer;

	if (!names_include(access->who, door->subject))
		return REASON_NOT_A_MEMBER;
	if (door->account && door_scope(door, scope) == 0)
		question.scopes = scope;
	answer = policy_evaluate(jitd->policy, &question);
	return answer.rule && answer.effect != DECISION_ALLOW ? REASON_RULE_DENIES : REASON_NONE;
}

int judge_candidate(struct jitd *jitd, const struct door *door, uint32_t id,
                    const struct token_result *token, struct judgement *judgement)
{
	cleanup(cleanup_access) struct access *access = NULL;
	enum reason reason;
	int r = access_get(jitd->store, id, &access);

	if (r)
		return r < 0 ? r : -EIO;
	reason = judge_grant(jitd, door, access);
	if (reason == REASON_NONE)
		reason = judge_policy(jitd, door, access);
	if (reason == REASON_NONE)
		r = judge_token(jitd, access, token, door, &reason);
	if (r < 0)
		return r;
	judgement->token = token->reason;
	say_no(judgement, reason, id);
	best_effort(text_format(judgement->scope, sizeof(judgement->scope), "%.*s",
	                        (int)strcspn(access->scope, " "), access->scope));
	if (reason != REASON_NONE)
		return 0;
	judgement->decision = DECISION_ALLOW;
	judgement->until = access->until;
	judgement->counts = access->uses_left >= 0;
	return 0;
}

/* ---- why there was nothing ---- */

/* The newest access that was for this door says why; else one for the same service and another
 * account. */
int judge_nothing(struct jitd *jitd, const struct door *door, struct judgement *judgement)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->store, STATEMENT_ACCESS_NEWEST_OF);
	int r;

	say_no(judgement, REASON_NO_ACCESS, 0);
	query_number(&query, ":uid", door->uid);
	while ((r = query_step(&query)) == QUERY_ROW) {
		cleanup(cleanup_access) struct access *access = NULL;
		r = access_of_row(&query, &access);
		if (r < 0)
			return r;
		if (door_fits(door, access->scope)) {
			enum reason reason = reason_of_state(access->state);
			say_no(judgement, reason == REASON_NONE ? REASON_TOKEN : reason,
			       access->id);
			return 0;
		}
		if (judgement->reason == REASON_NO_ACCESS && access->state == STATE_ACTIVE &&
		    scope_has_service(access->scope, door->service))
			say_no(judgement, REASON_WRONG_ACCOUNT, access->id);
	}
	return r < 0 ? r : 0;
}

/* ---- the use ---- */

static int spend(struct jitd *jitd, uint32_t id, int64_t *ret_left)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_ACCESS_USE);
	int r;

	query_number(&query, ":id", id);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : ACCESS_WRONG_STATE;
	*ret_left = query_column(&query, 0);
	return query_finish(&query);
}

int judgement_open(struct jitd *jitd, struct judgement *judgement,
                   const struct session_facts *facts, uint32_t *ret_session)
{
	cleanup(cleanup_access) struct access *access = NULL;
	int64_t left = -1;
	int r = judgement->counts ? spend(jitd, judgement->access, &left) : 0;

	if (r == ACCESS_WRONG_STATE) {
		say_no(judgement, REASON_USED_UP, judgement->access);
		return 0;
	}
	if (r == 0)
		r = access_get(jitd->store, judgement->access, &access);
	if (r == 0)
		r = session_open(jitd, access, facts, ret_session);
	if (r == 0 && left == 0)
		r = access_move(jitd, access, ON_USED_UP, &(struct act){.now = facts->now});
	return r > 0 ? -EIO : r;
}

/* ---- words ---- */

const char *judgement_word(const struct judgement *judgement)
{
	if (judgement->reason == REASON_TOKEN && judgement->token != TOKEN_REASON_UNSET)
		return token_reason_word(judgement->token);
	return judgement->reason == REASON_NONE ? "internal" : reasons[judgement->reason].word;
}

static void what_to_ask(const struct judgement *judgement, const struct door *door,
                        char ret_scope[static SCOPE_SIZE])
{
	if (door->account && text_is_name(door->account) && door_scope(door, ret_scope) == 0)
		return;
	if (judgement->scope[0] && text_copy(ret_scope, SCOPE_SIZE, judgement->scope) == 0)
		return;
	if (text_format(ret_scope, SCOPE_SIZE, "%s:root", door->service) < 0)
		ret_scope[0] = '\0';
}

void judgement_line(const struct judgement *judgement, const struct door *door, char *ret_text,
                    size_t size)
{
	enum reason reason = judgement->reason == REASON_NONE ? REASON_INTERNAL : judgement->reason;
	char why[256], scope[SCOPE_SIZE];
	const char *line = reasons[reason].line, *number = strstr(line, "%u");

	if (number)
		(void)snprintf(why, sizeof(why), "%.*s%u%s", (int)(number - line), line,
		               judgement->access, number + 2);
	else
		(void)snprintf(why, sizeof(why), "%s", line);
	what_to_ask(judgement, door, scope);
	switch (reasons[reason].hint) {
	case HINT_NONE:
		(void)snprintf(ret_text, size, "pam-jit: %s", why);
		break;
	case HINT_ASK:
	case HINT_AGAIN:
		(void)snprintf(ret_text, size, "pam-jit: %s. Ask%s: jit request %s", why,
		               reasons[reason].hint == HINT_AGAIN ? " again" : "", scope);
		break;
	case HINT_SHOW:
		(void)snprintf(ret_text, size, "pam-jit: %s. See: jit show %u", why,
		               judgement->access);
		break;
	}
}
