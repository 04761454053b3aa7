/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/judge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "jitd/binding.h"
#include "jitd/lock.h"
#include "jitd/question.h"
#include "jitd/unwritten.h"

#define DIGEST_DIGITS 64

enum hint { HINT_NONE = 0, HINT_ASK, HINT_AGAIN, HINT_SHOW, HINT_TYPE };

static const struct {
	const char *word;
	enum hint hint;
	const char *line;
} reasons[REASONS] = {
#define REASON(name, word, hint, line) [REASON_##name] = {word, HINT_##hint, line},
#include "jitd/reason.def"
#undef REASON
};

bool door_is_exempt(const struct jitd *jitd, const struct door *door)
{
	const struct strings *exempt = &jitd->settings->exempt;

	for (size_t i = 0; i < exempt->count && !door->guarded; i++)
		if (!strcmp(exempt->items[i], door->service))
			return true;
	return false;
}

/* ---- the hour ---- */

void judge_no(struct judgement *judgement, enum reason reason, uint32_t access)
{
	judgement->decision = DECISION_DENY;
	judgement->reason = reason;
	judgement->access = access;
}

void judge_clock(const struct door *door, struct judgement *judgement)
{
	if (judgement->reason == REASON_NONE && !door->clock_gives)
		judge_no(judgement, REASON_CLOCK, 0);
}

/* ---- the subject ---- */

int judge_subject(struct jitd *jitd, const struct door *door, struct judgement *judgement)
{
	bool locked = true;
	int r;

	if (!door->guarded)
		judge_no(judgement, REASON_SERVICE, 0);
	else if (door->subject_result == NAMES_UNKNOWN)
		judge_no(judgement, REASON_UNKNOWN_USER, 0);
	else if ((door->subject_result != NAMES_FOUND && door->subject_result != NAMES_STALE) ||
	         !door->subject)
		judge_no(judgement, REASON_NAMES, 0);
	else if (door->subject->uid != door->uid ||
	         (door->named && strcmp(door->named, door->subject->name) != 0))
		judge_no(judgement, REASON_SUBJECT, 0);
	if (judgement->reason != REASON_NONE)
		return 0;
	r = lock_is_set(jitd, door->uid, &locked);
	if (r == 0 && locked)
		judge_no(judgement, REASON_LOCKED, 0);
	return r;
}

int judge_owner(struct jitd *jitd, const struct door *door, struct judgement *judgement)
{
	uid_t owner = 0;
	int r = door->by_key ? binding_owner(jitd, jitd->store, door, &owner) : BINDING_NOBODYS;

	if (r == BINDING_SEVERALS)
		judge_no(judgement, REASON_KEY_SHARED, 0);
	else if (r == BINDING_ONES && owner != door->uid)
		judge_no(judgement, REASON_KEY, 0);
	return r < 0 ? r : 0;
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

enum reason judge_key(const struct door *door, const char *user_key)
{
	if (!user_key[0] || door_shows_key(door, user_key))
		return REASON_NONE;
	if (door->keys.later)
		return REASON_NONE;
	return door->keys.count ? REASON_KEY : REASON_NO_KEY;
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
	if (access_is_elsewhere(jitd, access))
		return REASON_HOST;
	if (door->now < access->from - TOKEN_SKEW ||
	    access_left(jitd, access, door->now, door->boot) <= 0)
		return REASON_EXPIRED;
	if (!door_fits(door, access->scope))
		return REASON_WRONG_ACCOUNT;
	if (access->uses_left == 0)
		return REASON_USED_UP;
	return judge_key(door, access->user_key);
}

static bool same_digest(const char *a, const char *b)
{
	return strlen(a) == DIGEST_DIGITS && strlen(b) == DIGEST_DIGITS &&
	       secret_equal(a, b, DIGEST_DIGITS);
}

/* Is the token's row there, and does it still stand? Burned is for the caller to mind. */
static int judge_row(struct jitd *jitd, uint32_t access, const char *jti,
                     const struct evidence *evidence, enum reason *ret_reason)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_TOKEN_GET);
	int r;

	*ret_reason = REASON_TOKEN;
	query_text(&query, ":jti", jti);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r;
	if ((uint32_t)query_column(&query, 0) != access)
		return 0;
	if (evidence && strcmp(query_column_text(&query, 2), token_kind_word(evidence->kind)) != 0)
		return 0;
	if (evidence && evidence->kind != KIND_HELD &&
	    !same_digest(query_column_text(&query, 3), evidence->digest))
		return 0;
	*ret_reason = REASON_NONE;
	if (!query_is_null(&query, 1))
		*ret_reason = REASON_REVOKED;
	else if (evidence && !query_is_null(&query, 4))
		*ret_reason = REASON_BURNED;
	return 0;
}

/* Does the token that was read belong to this access, and to nobody else? */
static int judge_token(struct jitd *jitd, const struct access *access,
                       const struct evidence *evidence, const struct door *door,
                       enum reason *ret_reason)
{
	const struct claims *claims = &evidence->token->claims;

	*ret_reason = REASON_TOKEN;
	if (evidence->token->decision != DECISION_ALLOW)
		return 0;
	if (claims->access != access->id || strcmp(claims->sub, access->subject) ||
	    strcmp(claims->scope, access->scope) || strcmp(claims->sub, door->subject->name) ||
	    strcmp(claims->cnf, access->user_key))
		return 0;
	return judge_row(jitd, access->id, claims->jti, evidence, ret_reason);
}

static enum reason judge_question(const struct jitd *jitd, const struct access *access,
                                  const struct question *question)
{
	if (!question_is_good(question))
		return REASON_INTERNAL;
	if (*access->via && !trust_named(&jitd->settings->trusts, access->via))
		return REASON_TRUST_GONE;
	if (!names_include(access->who, question->subject))
		return REASON_NOT_A_MEMBER;
	return question_denied_by(jitd, access, question) ? REASON_RULE_DENIES : REASON_NONE;
}

enum reason judge_rules(const struct jitd *jitd, const struct access *access, const char *scopes,
                        const struct identity *subject, int64_t now)
{
	const struct question question =
	        question_of(jitd, subject, scopes, access->host, access->via, now);

	return judge_question(jitd, access, &question);
}

/* The same, for the scope that this door is, where it is known. */
static enum reason judge_policy(const struct jitd *jitd, const struct door *door,
                                const struct access *access)
{
	char scope[SCOPE_SIZE];
	struct question question = question_of(jitd, door->subject, access->scope, access->host,
	                                       access->via, door->now);

	if (door->account && door_scope(door, scope) == 0)
		question.scopes = scope;
	return judge_question(jitd, access, &question);
}

static enum reason judge_running(struct jitd *jitd, const struct door *door,
                                 const struct access *access)
{
	enum reason reason = judge_grant(jitd, door, access);

	return reason == REASON_NONE ? judge_policy(jitd, door, access) : reason;
}

/* ALLOW is said here and nowhere else. `access` NULL: nothing is opened by it. */
static void conclude(const struct jitd *jitd, const struct door *door, struct judgement *judgement,
                     const struct access *access, enum reason reason)
{
	judge_no(judgement, reason, access ? access->id : 0);
	if (!access) {
		judgement->decision = reason == REASON_NONE ? DECISION_ALLOW : DECISION_DENY;
		return;
	}
	memcpy(judgement->user_key, access->user_key, sizeof(judgement->user_key));
	best_effort(text_format(judgement->scope, sizeof(judgement->scope), "%.*s",
	                        (int)strcspn(access->scope, " "), access->scope));
	if (reason != REASON_NONE)
		return;
	judgement->decision = DECISION_ALLOW;
	judgement->until = door->now + access_left(jitd, access, door->now, door->boot);
	judgement->counts = access->uses_left >= 0;
}

int judge_until_key_is_seen(struct jitd *jitd, const struct door *door, struct judgement *judgement)
{
	bool waits = false;
	int r = binding_waits(jitd, door, &waits);

	if (r == 0 && waits)
		conclude(jitd, door, judgement, NULL, REASON_NONE);
	return r;
}

int judge_candidate(struct jitd *jitd, const struct door *door, uint32_t id,
                    const struct evidence *evidence, struct judgement *judgement)
{
	cleanup(cleanup_access) struct access *access = NULL;
	enum reason reason;
	int r = access_get(jitd->store, id, &access);

	if (r == ACCESS_UNKNOWN) /* a good token of a database that is no more */
		judge_no(judgement, REASON_TOKEN, id);
	if (r)
		return r < 0 ? r : 0;
	reason = judge_running(jitd, door, access);
	if (reason == REASON_NONE)
		r = judge_token(jitd, access, evidence, door, &reason);
	if (r < 0)
		return r;
	judgement->token = evidence->token->reason;
	conclude(jitd, door, judgement, access, reason);
	return 0;
}

int judge_reserved(struct jitd *jitd, const struct door *door,
                   const struct reservation *reservation, struct judgement *judgement)
{
	cleanup(cleanup_access) struct access *access = NULL;
	enum reason reason;
	int r = access_get(jitd->store, reservation->access, &access);

	if (r)
		return r < 0 ? r : -EIO;
	reason = judge_running(jitd, door, access);
	if (reason == REASON_NONE)
		r = judge_row(jitd, access->id, reservation->jti, NULL, &reason);
	if (r < 0)
		return r;
	conclude(jitd, door, judgement, access, reason);
	return 0;
}

/* ---- why there was nothing ---- */

static enum reason reason_without_token(const struct access *access)
{
	enum reason reason = reason_of_state(access->state);

	if (reason != REASON_NONE)
		return reason;
	return access->typed ? REASON_TYPED : REASON_TOKEN;
}

/* The newest access that was for this door says why; else one for the same service and another
 * account, or for another host. */
int judge_nothing(struct jitd *jitd, const struct door *door, struct judgement *judgement)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->store, STATEMENT_ACCESS_NEWEST_OF);
	int r;

	judge_no(judgement, REASON_NO_ACCESS, 0);
	query_number(&query, ":uid", door->uid);
	while ((r = query_step(&query)) == QUERY_ROW) {
		cleanup(cleanup_access) struct access *access = NULL;
		r = access_of_row(&query, &access);
		if (r < 0)
			return r;
		if (door_fits(door, access->scope) && !access_is_elsewhere(jitd, access)) {
			judge_no(judgement, reason_without_token(access), access->id);
			return 0;
		}
		if (judgement->reason == REASON_NO_ACCESS && access->state == STATE_ACTIVE &&
		    scope_has_service(access->scope, door->service))
			judge_no(judgement,
			         access_is_elsewhere(jitd, access) ? REASON_HOST
			                                           : REASON_WRONG_ACCOUNT,
			         access->id);
	}
	return r < 0 ? r : 0;
}

/* ---- the token, the use ---- */

int judgement_burn(struct jitd *jitd, struct judgement *judgement, const struct claims *claims,
                   int64_t now)
{
	cleanup(query_done) struct query query = store_query(jitd->store, STATEMENT_TOKEN_BURN);
	uint64_t before = store_changes(jitd->store);
	int r;

	query_number(&query, ":exp", claims->exp);
	query_text(&query, ":jti", claims->jti);
	query_number(&query, ":now", now);
	r = query_finish(&query);
	if (r == 0 && store_changes(jitd->store) != before + 1)
		judge_no(judgement, REASON_BURNED, judgement->access);
	return r;
}

int judgement_open(struct jitd *jitd, struct judgement *judgement,
                   const struct session_facts *facts, uint32_t *ret_session)
{
	cleanup(cleanup_access) struct access *access = NULL;
	struct opened opened = {0};
	int64_t left = -1;
	int r = judgement->counts ? access_use(jitd, judgement->access, &left) : 0;

	if (r == ACCESS_WRONG_STATE) {
		judge_no(judgement, REASON_USED_UP, judgement->access);
		return 0;
	}
	if (r == 0)
		r = access_get(jitd->store, judgement->access, &access);
	if (r == 0)
		r = session_open(jitd, access, facts, &opened);
	if (r == 0) {
		*ret_session = opened.number;
		judgement->until = opened.until;
	}
	if (r == 0 && left == 0)
		r = access_move(jitd, access, ON_USED_UP, &(struct act){.now = facts->now});
	return r > 0 ? -EIO : r;
}

/* ---- words ---- */

const char *reason_word(enum reason reason)
{
	return reasons[reason].word;
}

const char *reason_line(enum reason reason)
{
	return reasons[reason].line;
}

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

/* Where nobody vouches the line tells nothing that the person did not bring along. */
static const char *line_for_anybody(enum reason reason)
{
	if (reason == REASON_TYPED_CUT)
		return "pam-jit: that looks cut off. Use a code: jit token ID --code";
	return "pam-jit: that opens nothing here. A token or code is good once: jit token ID --code";
}

/* Without an access it is what was typed. */
static void put_number(char *ret_text, size_t size, const char *line, uint32_t access)
{
	static const char mark[] = "access %u";
	const char *at = strstr(line, mark);
	char name[32] = "that";

	if (access)
		(void)snprintf(name, sizeof(name), "access %u", access);
	if (at)
		(void)snprintf(ret_text, size, "%.*s%s%s", (int)(at - line), line, name,
		               at + sizeof(mark) - 1);
	else
		(void)snprintf(ret_text, size, "%s", line);
}

static void put_hint(char *ret_text, size_t size, const struct judgement *judgement,
                     const struct door *door, enum hint hint)
{
	char scope[SCOPE_SIZE];

	ret_text[0] = '\0';
	what_to_ask(judgement, door, scope);
	if (hint == HINT_ASK || hint == HINT_AGAIN)
		(void)snprintf(ret_text, size, ". Ask%s: jit request %s",
		               hint == HINT_AGAIN ? " again" : "", scope);
	if (hint == HINT_SHOW && judgement->access)
		(void)snprintf(ret_text, size, ". See: jit show %u", judgement->access);
	if (hint == HINT_TYPE && judgement->access)
		(void)snprintf(ret_text, size, ". Get a code: jit token %u --code",
		               judgement->access);
	else if (hint == HINT_TYPE)
		(void)snprintf(ret_text, size, ". Get a code: jit token ID --code");
}

void judgement_line(const struct judgement *judgement, const struct door *door, char *ret_text,
                    size_t size)
{
	enum reason reason = judgement->reason == REASON_NONE ? REASON_INTERNAL : judgement->reason;
	char why[256], hint[256];

	if (door->guarded && !door->told) {
		(void)snprintf(ret_text, size, "%s", line_for_anybody(reason));
		return;
	}
	put_number(why, sizeof(why), reasons[reason].line, judgement->access);
	put_hint(hint, sizeof(hint), judgement, door, reasons[reason].hint);
	(void)snprintf(ret_text, size, "pam-jit: %s%s", why, hint);
}
