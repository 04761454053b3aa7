/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/issue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "jitd/codes.h"
#include "jitd/lock.h"
#include "jitd/order.h"
#include "jitd/present.h"
#include "jitd/unwritten.h"
#include "token/key.h"

#define DIGEST_SIZE 65

struct issue {
	struct call *call;
	struct mint_order order;
	struct keys *keys; /* held */
	char *token;
	int minted; /* 0, or why not */
	bool anew;  /* its key does not stand any more: to be signed again */
	void (*done)(struct call *call, int result);
};

/* ---- may they ---- */

static int count_outstanding(struct call *call, uint32_t access, int64_t *ret_count)
{
	cleanup(query_done) struct query query =
	        store_query(call->jitd->store, STATEMENT_TOKEN_OUTSTANDING_OF);
	int r;

	query_number(&query, ":access", access);
	query_number(&query, ":now", call->now);
	r = query_step(&query);
	if (r == QUERY_ROW)
		*ret_count = query_column(&query, 0);
	return r == QUERY_ROW ? 0 : r < 0 ? r : -EIO;
}

static int check_grant(struct call *call, const struct access *access, bool *ret_refused)
{
	uint32_t id = access->id;
	bool locked = true;
	int r = lock_is_set(call->jitd, access->uid, &locked);

	if (r < 0)
		return r;
	*ret_refused = true;
	if (locked)
		return call_refuse(call, "locked",
		                   "%s is locked: an administrator unlocks (jitd-admin unlock %s)",
		                   access->subject, access->subject);
	if (access->state == STATE_PENDING)
		return call_refuse(call, "pending",
		                   "access %u waits for its approval: there is no token of it yet",
		                   id);
	if (access->state != STATE_ACTIVE || unwritten_covers(call->jitd->unwritten, id) ||
	    access_left(call->jitd, access, call->now, call->boot) <= 0)
		return call_refuse(call, "state", "access %u is over: ask again (jit request %s)",
		                   id, access->scope);
	if (call->in.token.code && access_is_elsewhere(call->jitd, access))
		return call_refuse(call, "elsewhere",
		                   "access %u is for %s, and codes work only where the token is: "
		                   "print the token itself (jit token %u)",
		                   id, access->host, id);
	*ret_refused = false;
	return 0;
}

static int check_right(struct call *call, struct access **ret_access, bool *ret_refused)
{
	cleanup(cleanup_access) struct access *access = NULL;
	uint32_t id = call->in.token.access;
	int64_t outstanding = OUTSTANDING_MAX;
	int r = access_get(call->jitd->store, id, &access);

	*ret_refused = true;
	if (r < 0)
		return r;
	if (r == ACCESS_UNKNOWN || access->uid != call->caller->uid)
		return call_refuse(call, "unknown-access", "no such access of yours: %u", id);
	r = check_grant(call, access, ret_refused);
	if (r < 0 || *ret_refused)
		return r;
	r = count_outstanding(call, id, &outstanding);
	*ret_refused = outstanding >= OUTSTANDING_MAX;
	if (r < 0)
		return r;
	if (*ret_refused)
		return call_refuse(call, "too-many",
		                   "%d tokens and codes of access %u are out and unused: use one, "
		                   "or wait until they are over",
		                   OUTSTANDING_MAX, id);
	*ret_access = take_ptr(access);
	return 0;
}

/* ---- what is handed out ---- */

static int prepare(struct call *call, const struct access *access, struct mint_order *order)
{
	int64_t left = access_left(call->jitd, access, call->now, call->boot);

	order->iat = call->now;
	order->exp = call->now + (access->token_ttl < left ? access->token_ttl : left);
	if (mint_jti(order->jti) < 0)
		return -EIO;
	return order_fill(call->jitd, access, order);
}

static int hand_out(struct call *call, const struct mint_order *order, enum token_kind kind,
                    const char *secret, const char *why)
{
	struct wire_minted *out = &call->out.minted;
	char text[128];
	int r;

	memset(out, 0, sizeof(*out));
	call->out.id = MESSAGE_minted;
	out->access = order->access;
	out->code = kind == KIND_CODE;
	out->expires = order->exp;
	r = text_copy(out->secret, sizeof(out->secret), secret);
	if (r == 0)
		r = text_copy(out->text, sizeof(out->text), why);
	if (r < 0)
		return r;
	best_effort(text_format(text, sizeof(text), "%s jti %s kid %s", token_kind_word(kind),
	                        order->jti, order->kid));
	return audit_append(call->jitd, call->now,
	                    &(struct event){.event = EVENT_TOKEN,
	                                    .access = order->access,
	                                    .subject = call->caller->name,
	                                    .pid = call->peer->process.pid,
	                                    .text = text});
}

static int hand_out_code(struct call *call, const struct access *access, const char *why)
{
	struct mint_order order = {.access = 0};
	char code[CODE_SIZE], digest[CODE_DIGEST_SIZE];
	int r = prepare(call, access, &order);

	if (r == 0)
		r = code_make(code);
	if (r < 0)
		return r;
	r = codes_digest(call->jitd->codes, code, digest);
	if (r == 0)
		r = order_keep(call->jitd, &order, KIND_CODE, digest);
	if (r == 0)
		r = hand_out(call, &order, KIND_CODE, code, why);
	explicit_bzero(code, sizeof(code));
	return r;
}

static int hand_out_token(struct issue *issue, const char *why)
{
	char digest[DIGEST_SIZE];
	int r = key_sha256_hex(issue->token, strlen(issue->token), digest);

	if (r == 0)
		r = order_keep(issue->call->jitd, &issue->order, KIND_TOKEN, digest);
	if (r < 0)
		return r;
	return hand_out(issue->call, &issue->order, KIND_TOKEN, issue->token, why);
}

static void write_limits(const struct access *access, size_t length, char *ret_why, size_t size)
{
	bool by_ssh_alone = !scope_has_service(access->scope, "sudo") &&
	                    !scope_has_service(access->scope, "su") &&
	                    !scope_has_service(access->scope, "login");

	ret_why[0] = '\0';
	if (length > (by_ssh_alone ? CLIENT_CUTS_AT : TOKEN_TYPED_MAX))
		best_effort(text_format(ret_why, size,
		                        "this token has %zu bytes, and ssh takes %d at a prompt, "
		                        "all others %d: bring it in on %s with 'jit present'",
		                        length, CLIENT_CUTS_AT, TOKEN_TYPED_MAX, access->host));
}

/* What is done with a token elsewhere is not seen here: so the rule's uses count tokens. */
static int hand_out_elsewhere(struct issue *issue, struct access *access)
{
	struct jitd *jitd = issue->call->jitd;
	int64_t left = -1;
	char why[512];
	int r = access->uses_left < 0 ? 0 : access_use(jitd, access->id, &left);

	write_limits(access, strlen(issue->token), why, sizeof(why));
	if (r == 0)
		r = hand_out_token(issue, why);
	if (r == 0 && left == 0)
		r = access_move(jitd, access, ON_USED_UP, &(struct act){.now = issue->call->now});
	return r > 0 ? -EIO : r;
}

int handle_token(struct call *call)
{
	cleanup(cleanup_access) struct access *access = NULL;
	bool refused = false;
	int r = check_right(call, &access, &refused);

	if (r < 0 || refused)
		return r;
	if (call->in.token.code)
		return hand_out_code(call, access, "");
	call->issue = true;
	return 0;
}

/* ---- a token takes a signature ---- */

static void mint_on_pool(void *job)
{
	struct issue *issue = job;

	issue->minted = mint_token(&issue->order, keys_signer(issue->keys)->pem, &issue->token);
}

/* Asked again: meanwhile the access may have ended. */
static int write_inside(struct issue *issue)
{
	cleanup(cleanup_access) struct access *access = NULL;
	bool refused = false, stands = false;
	char why[128];
	int r = check_right(issue->call, &access, &refused);

	if (r == 0 && !refused)
		r = order_stands(issue->call->jitd, &issue->order, issue->keys, &stands);
	if (r < 0 || refused)
		return r;
	issue->anew = !stands;
	if (!stands)
		return 0;
	if (access_is_elsewhere(issue->call->jitd, access))
		return hand_out_elsewhere(issue, access);
	if (strlen(issue->token) <= TOKEN_TYPED_MAX)
		return hand_out_token(issue, "");
	best_effort(
	        text_format(why, sizeof(why),
	                    "a token would have %zu bytes, and a prompt takes %d: this is a code",
	                    strlen(issue->token), TOKEN_TYPED_MAX));
	return hand_out_code(issue->call, access, why);
}

static void issue_free(struct issue *issue)
{
	if (issue) {
		keys_release(issue->keys);
		cleanup_secret(&issue->token);
	}
	free(issue);
}

static void finish(struct issue *issue, int result)
{
	struct call *call = issue->call;
	void (*done)(struct call *, int) = issue->done;

	issue_free(issue);
	done(call, result);
}

/* As often as other keys were put in force meanwhile. */
static void again(struct issue *issue)
{
	issue_begin(issue->call, issue->done);
	issue_free(issue);
}

static void minted(void *job)
{
	struct issue *issue = job;
	struct txn *txn = issue->call->jitd->txn;
	int r = issue->minted;

	if (r == 0)
		r = txn_enter(txn);
	if (r == 0) {
		r = write_inside(issue);
		r = txn_leave(txn, r);
	}
	if (r == 0 && issue->anew)
		again(issue);
	else
		finish(issue, r);
}

void issue_begin(struct call *call, void (*done)(struct call *call, int result))
{
	cleanup(cleanup_access) struct access *access = NULL;
	struct issue *issue = calloc(1, sizeof(*issue));
	int r;

	if (!issue) {
		done(call, -ENOMEM);
		return;
	}
	*issue = (struct issue){.call = call, .done = done, .keys = keys_hold(call->jitd->keys)};
	r = access_get(call->jitd->store, call->in.token.access, &access);
	if (r == 0)
		r = prepare(call, access, &issue->order);
	if (r == 0)
		r = loop_work(call->jitd->loop, mint_on_pool, minted, issue);
	if (r)
		finish(issue, r < 0 ? r : -EIO);
}
