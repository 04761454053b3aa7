/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/present.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "jitd/clock.h"
#include "jitd/codes.h"
#include "jitd/grant.h"
#include "jitd/instant.h"
#include "jitd/readings.h"
#include "token/key.h"

struct reading {
	struct presented presented; /* first: becomes the caller's */
	struct jitd *jitd;
	struct keys *keys;       /* held */
	char *text;              /* the token, typed or minted for a code */
	bool cut;                /* what was typed is as long as what an ssh client cuts to */
	struct mint_order order; /* of a code */
	struct expectation expectation;
	const struct token_steps *steps; /* NULL: it is a login */
	struct reading_job job;
	presented_done *done;
	void *context;
};

struct presented *presented_free(struct presented *presented)
{
	struct reading *reading = (struct reading *)(void *)presented;

	if (!reading)
		return NULL;
	cleanup_secret(&reading->text);
	keys_release(reading->keys);
	identity_free(presented->subject);
	foreign_token_free(presented->foreign);
	explicit_bzero(reading, sizeof(*reading));
	free(reading);
	return NULL;
}

static void finish(struct reading *reading, enum reason reason)
{
	reading->presented.reason = reason;
	cleanup_secret(&reading->text);
	reading->text = NULL;
	reading->done(reading->context, &reading->presented);
}

/* ---- whose it is ---- */

static void subject_known(void *context, enum names_result result, const struct identity *identity)
{
	struct reading *reading = context;

	reading->presented.subject_result = result;
	if (identity)
		reading->presented.subject = identity_copy(identity);
	finish(reading, REASON_NONE);
}

static void look_up_subject(struct reading *reading)
{
	struct names_key key = {0};

	/* a sub that is no name would be looked up by uid 0 */
	if (!text_is_name(reading->presented.token.claims.sub) ||
	    text_copy(key.name, sizeof(key.name), reading->presented.token.claims.sub) < 0)
		finish(reading, REASON_SUBJECT);
	else
		names_lookup(reading->jitd->names, LANE_PAM, &key, subject_known, reading);
}

/* ---- signature and claims ---- */

/* A code's token is minted first: that takes far longer than to read one, with an RSA key. */
static void read_now(void *job)
{
	struct reading *reading = job;
	struct presented *presented = &reading->presented;
	int r = 0;

	if (presented->kind == KIND_CODE)
		r = mint_token(&reading->order, keys_signer(reading->keys)->pem, &reading->text);
	if (r < 0 || !reading->text)
		presented->token.reason = TOKEN_REASON_INTERNAL;
	else
		token_explain(reading->text, strlen(reading->text), keys_set(reading->keys),
		              &reading->expectation, reading->steps, &presented->token);
}

static bool form_or_signature(enum token_reason reason)
{
	return reason <= TOKEN_REASON_SIGNATURE;
}

static void read_done(void *job)
{
	struct reading *reading = job;
	const struct token_result *token = &reading->presented.token;

	if (token->decision == DECISION_ALLOW)
		look_up_subject(reading);
	else
		finish(reading, reading->cut && form_or_signature(token->reason) ? REASON_TYPED_CUT
		                                                                 : REASON_TOKEN);
}

/* ---- tokens of other issuers ---- */

static void foreign_known(void *context, struct foreign *foreign)
{
	struct reading *reading = context;

	reading->presented.foreign = foreign;
	if (!foreign) {
		finish(reading, REASON_INTERNAL);
		return;
	}
	reading->presented.token.reason = foreign->token;
	finish(reading,
	       foreign->reason == REASON_TOKEN && reading->cut && form_or_signature(foreign->token)
	               ? REASON_TYPED_CUT
	               : foreign->reason);
}

static void read_token(struct reading *reading)
{
	struct jitd *jitd = reading->jitd;

	if (reading->presented.kind == KIND_TOKEN && jitd->settings->trusts.count &&
	    foreign_token_whose(jitd, reading->text) == WHOSE_OTHERS) {
		reading->presented.kind = KIND_FOREIGN;
		foreign_token_read(jitd, reading->text, LANE_PAM, reading->steps, foreign_known,
		                   reading);
		return;
	}
	reading->expectation = order_expectation(jitd, instant_now(jitd).now);
	if (reading->presented.kind != KIND_CODE)
		readings_add(jitd->readings, &reading->job);
	else if (loop_work(jitd->loop, read_now, read_done, reading) < 0)
		finish(reading, REASON_INTERNAL);
}

static int digest_token(struct reading *reading)
{
	return key_sha256_hex(reading->text, strlen(reading->text), reading->presented.digest);
}

/* ---- codes ---- */

/* The token that the code stands for, as it was fixed when the code was handed out. */
static int find_code(struct reading *reading, const struct door *door)
{
	struct store *reader = reading->jitd->reader;
	cleanup(query_done) struct query query = store_query(reader, STATEMENT_TOKEN_BY_CODE);
	cleanup(cleanup_access) struct access *access = NULL;
	int r;

	query_text(&query, ":digest", reading->presented.digest);
	r = query_step(&query);
	if (r != QUERY_ROW)
		return r < 0 ? r : -ENOENT;
	r = access_get(reader, (uint32_t)query_column(&query, 0), &access);
	if (r)
		return r < 0 ? r : -EIO;
	/* whoever types it hears why not: that it is somebody's would be worth a guess */
	if (door->vouch == VOUCH_KERNEL && access->uid != door->uid)
		return -ENOENT;
	reading->order.iat = query_column(&query, 2);
	reading->order.exp = query_column(&query, 3);
	r = text_copy(reading->order.jti, sizeof(reading->order.jti), query_column_text(&query, 1));
	return r < 0 ? r : order_fill(reading->jitd, access, &reading->order);
}

static bool code_is_outstanding(struct jitd *jitd, const struct door *door)
{
	cleanup(query_done) struct query query =
	        store_query(jitd->reader, STATEMENT_CODE_OUTSTANDING_FOR);
	char scope[SCOPE_SIZE] = "-"; /* no scope */

	if (door->account)
		best_effort(door_scope(door, scope));
	query_number(&query, ":now", door->now);
	query_text(&query, ":scope", scope);
	query_number(&query, ":uid", door->vouch == VOUCH_KERNEL ? (int64_t)door->uid : -1);
	return query_step(&query) != 0; /* undecided counts */
}

static enum reason read_code(struct reading *reading, const struct door *door,
                             const char code[static CODE_SIZE])
{
	const bool counts = !reading->steps;
	struct jitd *jitd = reading->jitd;
	const char *account = door->account ? door->account : "";
	int64_t seconds = clock_ticks() / 1000000000;
	int r;

	reading->presented.kind = KIND_CODE;
	if (counts && !codes_may_guess(jitd->codes, account, door->source, seconds))
		return REASON_GUESSES;
	r = codes_digest(jitd->codes, code, reading->presented.digest);
	if (r == 0)
		r = find_code(reading, door);
	if (r == 0)
		return REASON_NONE;
	if (r != -ENOENT)
		return REASON_INTERNAL;
	if (counts && code_is_outstanding(jitd, door))
		codes_guessed_wrong(jitd->codes, account, door->source, seconds);
	return REASON_CODE;
}

/* ---- what it is ---- */

static bool has_token_form(const char *text)
{
	const char *dot = strchr(text, '.');

	return dot && strchr(dot + 1, '.');
}

static enum reason classify(struct reading *reading, const struct door *door, const char *text)
{
	size_t length = strlen(text);
	enum reason reason = REASON_NONE;
	char code[CODE_SIZE];

	reading->cut = length == CLIENT_CUTS_AT;
	if (!length)
		return REASON_TYPED_NOTHING;
	if (code_read(text, length, code)) {
		reason = read_code(reading, door, code);
		explicit_bzero(code, sizeof(code));
		return reason;
	}
	if (!has_token_form(text))
		return reading->cut ? REASON_TYPED_CUT : REASON_TYPED_FORM;
	reading->presented.kind = KIND_TOKEN;
	reading->text = strdup(text);
	return reading->text && digest_token(reading) == 0 ? REASON_NONE : REASON_INTERNAL;
}

void present(struct jitd *jitd, const struct door *door, const char *text,
             const struct token_steps *steps, presented_done *done, void *context)
{
	struct reading *reading = calloc(1, sizeof(*reading));
	enum reason reason;

	if (!reading) {
		done(context, NULL);
		return;
	}
	reading->jitd = jitd;
	reading->keys = keys_hold(jitd->keys);
	reading->steps = steps;
	reading->job = (struct reading_job){
	        .tokens = 1, .read = read_now, .done = read_done, .context = reading};
	reading->done = done;
	reading->context = context;
	reason = classify(reading, door, text);
	if (reason == REASON_NONE)
		read_token(reading);
	else
		finish(reading, reason);
}

/* ---- what it opens ---- */

/* Inserted active, and used by this very door: so the running access is judged as any other, and
 * what says no to it now would have said so before. */
static int open_foreign(struct jitd *jitd, const struct door *theirs, struct presented *presented,
                        struct judgement *judgement)
{
	struct reservation itself = {.uid = theirs->uid};
	int r = arrival_write(jitd, presented->foreign, &presented->wish, &itself.access);

	if (r == 0)
		r = grant_at_once(jitd, itself.access, theirs->now, theirs->boot);
	if (r == 0)
		r = text_copy(itself.jti, sizeof(itself.jti), presented->foreign->claims.replay);
	if (r == 0)
		r = judge_reserved(jitd, theirs, &itself, judgement);
	if (r < 0)
		return r;
	return judgement->decision == DECISION_ALLOW ? 0 : -EIO;
}

static int judge_foreign(struct jitd *jitd, const struct door *theirs, struct presented *presented,
                         struct judgement *judgement)
{
	struct wish *wish = &presented->wish;
	enum reason reason = REASON_FOREIGN_SCOPE;
	enum wish_result why;
	int r = 0;

	arrival_wish(jitd, presented->foreign, theirs->now, wish);
	wish->typed = true; /* to hold one takes a signature, and this message cannot wait */
	if (door_fits(theirs, wish->scopes))
		r = arrival_judge(jitd, presented->foreign, wish, &reason, &why);
	if (r < 0)
		return r;
	if (reason == REASON_NONE)
		reason = judge_key(theirs, wish->user_key);
	if (reason == REASON_NONE && wish->rule->approvals)
		reason = REASON_NEEDS_APPROVAL;
	if (reason == REASON_NONE)
		return open_foreign(jitd, theirs, presented, judgement);
	judge_no(judgement, reason, 0);
	return 0;
}

static int judge_own(struct jitd *jitd, const struct door *theirs,
                     const struct presented *presented, struct judgement *judgement)
{
	const struct evidence evidence = {
	        .token = &presented->token, .kind = presented->kind, .digest = presented->digest};

	return judge_candidate(jitd, theirs, presented->token.claims.access, &evidence, judgement);
}

/* The name that its subject must bear. */
static const char *subject_name(const struct presented *presented)
{
	return presented->foreign ? presented->foreign->subject->name : presented->token.claims.sub;
}

int presented_judge(struct jitd *jitd, struct door *door, struct presented *presented,
                    struct judgement *judgement)
{
	struct door theirs = *door;
	const struct identity *subject = presented_subject(presented);
	int r;

	if (presented->reason != REASON_NONE) {
		judge_no(judgement, presented->reason, 0);
		judgement->token = presented->token.reason;
		return 0;
	}
	theirs.named = subject_name(presented);
	if (door->vouch == VOUCH_KERNEL && strcmp(door->named, theirs.named) != 0) {
		judge_no(judgement, REASON_SUBJECT, 0);
		return 0;
	}
	theirs.subject = presented->foreign ? presented->foreign->subject : presented->subject;
	theirs.subject_result =
	        presented->foreign ? presented->foreign->subject_result : presented->subject_result;
	if (door->vouch != VOUCH_KERNEL && subject)
		door->uid = theirs.uid = subject->uid;
	r = judge_subject(jitd, &theirs, judgement);
	if (r < 0 || judgement->reason != REASON_NONE)
		return r;
	return presented->foreign ? judge_foreign(jitd, &theirs, presented, judgement)
	                          : judge_own(jitd, &theirs, presented, judgement);
}

/* ---- that it was ---- */

const struct identity *presented_subject(const struct presented *presented)
{
	return presented->foreign ? presented->foreign->subject : presented->subject;
}

const char *presented_jti(const struct presented *presented)
{
	return presented->foreign ? presented->foreign->claims.replay : presented->token.claims.jti;
}

void presented_describe(const struct presented *presented, char *ret_text, size_t size)
{
	const struct foreign *foreign = presented->foreign;

	ret_text[0] = '\0';
	if (foreign && foreign->trust)
		best_effort(text_format(ret_text, size, "foreign jti %s via %s",
		                        foreign->claims.replay, foreign->trust->name));
	else if (foreign)
		(void)snprintf(ret_text, size, "foreign%s%s", *foreign->why ? ", " : "",
		               foreign->why);
	else if (presented->token.decision == DECISION_ALLOW)
		best_effort(text_format(ret_text, size, "%s jti %s",
		                        token_kind_word(presented->kind),
		                        presented->token.claims.jti));
}

static int tell_foreign(struct jitd *jitd, const struct presented *presented, uint32_t access,
                        int64_t now, pid_t pid)
{
	int r = arrival_tell(jitd, presented->foreign, &presented->wish, access, pid);

	if (r < 0)
		return r;
	return audit_append(jitd, now,
	                    &(struct event){.event = EVENT_GRANT,
	                                    .access = access,
	                                    .subject = presented->foreign->subject->name,
	                                    .text = "no approval needed (approvals = 0); to be "
	                                            "typed"});
}

int presented_spend(struct jitd *jitd, const struct presented *presented,
                    struct judgement *judgement, int64_t now, pid_t pid)
{
	if (presented->foreign)
		return tell_foreign(jitd, presented, judgement->access, now, pid);
	return judgement_burn(jitd, judgement, &presented->token.claims, now);
}
