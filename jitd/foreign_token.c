/* SPDX-License-Identifier: Apache-2.0 */
#include "jitd/foreign_token.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/secret.h"
#include "base/text.h"
#include "jitd/instant.h"
#include "jitd/issuers.h"

/* A trust that has the token's key. */
struct candidate {
	const struct trust *trust;
	struct issuer_keys *keys; /* held */
};

struct reading {
	struct foreign foreign; /* first: becomes the caller's */
	struct jitd *jitd;
	char *text;
	struct candidate candidates[TRUSTS_MAX];
	size_t count;
	int64_t now;
	enum names_lane lane;
	char user[NAME_SIZE];                 /* whom it stands for */
	char accounts[SCOPES_MAX][NAME_SIZE]; /* of its scopes */
	size_t account_count, accounts_known;
	const struct token_steps *steps; /* NULL: nobody is told of them */
	foreign_token_done *done;
	void *context;
};

struct foreign *foreign_token_free(struct foreign *foreign)
{
	struct reading *reading = (struct reading *)(void *)foreign;

	if (!reading)
		return NULL;
	cleanup_secret(&reading->text);
	for (size_t i = 0; i < reading->count; i++)
		issuer_keys_release(reading->candidates[i].keys);
	identity_free(foreign->subject);
	explicit_bzero(reading, sizeof(*reading));
	free(reading);
	return NULL;
}

static void finish(struct reading *reading, enum reason reason)
{
	reading->foreign.reason = reason;
	cleanup_secret(&reading->text);
	reading->text = NULL;
	reading->done(reading->context, &reading->foreign);
}

enum whose foreign_token_whose(const struct jitd *jitd, const char *text)
{
	char kid[TOKEN_KID_MAX + 1];

	if (token_unverified_kid(text, strlen(text), kid) != TOKEN_REASON_UNSET)
		return WHOSE_NOBODYS;
	return keyset_find(keys_set(jitd->keys), kid, strlen(kid)) ? WHOSE_OURS : WHOSE_OTHERS;
}

/* ---- whose accounts it opens ---- */

static void look_up_accounts(struct reading *reading);

/* A second name of a uid is refused, as everywhere: accounts and approvals go by the person. */
static void account_known(void *context, enum names_result result, const struct identity *identity)
{
	struct reading *reading = context;
	const char *account = reading->accounts[reading->accounts_known++];

	if (result == NAMES_FOUND && identity && !strcmp(identity->name, account)) {
		look_up_accounts(reading);
		return;
	}
	best_effort(text_format(reading->foreign.why, sizeof(reading->foreign.why), "account %s",
	                        account));
	finish(reading, result == NAMES_FOUND || result == NAMES_UNKNOWN ? REASON_FOREIGN_ACCOUNT
	                                                                 : REASON_NAMES);
}

static void look_up_accounts(struct reading *reading)
{
	struct names_key key = {0};

	if (reading->accounts_known == reading->account_count) {
		finish(reading, REASON_NONE);
		return;
	}
	memcpy(key.name, reading->accounts[reading->accounts_known], NAME_SIZE);
	names_lookup(reading->jitd->names, reading->lane, &key, account_known, reading);
}

static void take_accounts(struct reading *reading)
{
	for (const char *at = reading->foreign.scopes;
	     *at && reading->account_count < SCOPES_MAX;) {
		size_t length = strcspn(at, " "), service = strcspn(at, ":") + 1;
		best_effort(text_format(reading->accounts[reading->account_count++], NAME_SIZE,
		                        "%.*s", (int)(length - service), at + service));
		at += length + (at[length] == ' ');
	}
}

/* ---- whom it stands for ---- */

static void subject_known(void *context, enum names_result result, const struct identity *identity)
{
	struct reading *reading = context;
	struct foreign *foreign = &reading->foreign;

	foreign->subject_result = result;
	if (result == NAMES_FOUND && identity)
		foreign->subject = identity_copy(identity);
	if (result == NAMES_UNKNOWN)
		finish(reading, REASON_UNKNOWN_USER);
	else if (!foreign->subject) /* an old answer is good for what runs, and this begins */
		finish(reading, REASON_NAMES);
	else if (foreign->subject->uid == 0 || strcmp(foreign->subject->name, reading->user) != 0)
		finish(reading, REASON_FOREIGN_SUBJECT);
	else
		look_up_accounts(reading);
}

static void say_subject(struct foreign *foreign)
{
	char shown[sizeof(foreign->claims.subject)];

	text_sanitize(shown, sizeof(shown), foreign->claims.subject);
	best_effort(text_format(foreign->why, sizeof(foreign->why), "trust %s, subject %s",
	                        foreign->trust->name, shown));
}

/* From what was signed to what it means here. */
static void make_out(struct reading *reading)
{
	struct foreign *foreign = &reading->foreign;
	const struct foreign_claims *claims = &foreign->claims;
	const char *user = trust_subject(foreign->trust, claims->subject);
	struct names_key key = {0};
	struct fault fault = {.text = ""};

	say_subject(foreign);
	foreign->ends = claims->until ? claims->until : claims->exp;
	/* without a name it would be looked up by uid 0 */
	if (!user || !*user || text_copy(reading->user, sizeof(reading->user), user) < 0) {
		finish(reading, REASON_FOREIGN_SUBJECT);
		return;
	}
	if (trust_scopes(foreign->trust, claims->scope, user, foreign->scopes, &fault) < 0) {
		best_effort(text_copy(foreign->why, sizeof(foreign->why), fault.text));
		finish(reading, REASON_FOREIGN_SCOPE);
		return;
	}
	take_accounts(reading);
	memcpy(key.name, reading->user, sizeof(key.name));
	names_lookup(reading->jitd->names, reading->lane, &key, subject_known, reading);
}

/* ---- signature and claims, on the pool ---- */

static struct foreign_expectation expectation_of(const struct trust *trust, int64_t now)
{
	return (struct foreign_expectation){
	        .issuer = trust->issuer,
	        .audiences = (const char *const *)trust->audience.items,
	        .audience_count = trust->audience.count,
	        .now = now,
	        .lifetime_max = trust->max_ttl,
	        .leeway = trust->leeway,
	        .subject_claim = trust->subject_claim,
	        .scope_claim = trust->scope_claim,
	        .required_count = trust->require.count,
	};
}

static void read_for(const struct reading *reading, const struct candidate *candidate,
                     const struct token_steps *steps, struct foreign_result *result)
{
	struct foreign_expectation expectation = expectation_of(candidate->trust, reading->now);
	struct requirement required[TRUST_LIST_MAX];

	for (size_t i = 0; i < candidate->trust->require.count; i++)
		required[i] = (struct requirement){candidate->trust->require.items[i].left,
		                                   candidate->trust->require.items[i].right};
	expectation.required = required;
	token_explain_foreign(reading->text, strlen(reading->text), issuer_keyset(candidate->keys),
	                      &expectation, steps, result);
}

/* Where none takes it, the reason is that of the trust where it came furthest. */
static void read_on_pool(void *job)
{
	struct reading *reading = job;
	struct foreign *foreign = &reading->foreign;
	struct foreign_result result;
	size_t counts = 0;

	for (size_t i = 0; i < reading->count && !foreign->trust; i++) {
		read_for(reading, &reading->candidates[i], NULL, &result);
		if (result.decision == DECISION_ALLOW) {
			foreign->trust = reading->candidates[i].trust;
			foreign->claims = result.claims;
			foreign->token = TOKEN_REASON_UNSET;
			counts = i;
		} else if (result.reason > foreign->token) {
			counts = i;
			foreign->token = result.reason;
			best_effort(text_format(foreign->why, sizeof(foreign->why), "trust %s",
			                        reading->candidates[i].trust->name));
		}
	}
	if (reading->steps)
		read_for(reading, &reading->candidates[counts], reading->steps, &result);
}

static void read_done(void *job)
{
	struct reading *reading = job;

	if (reading->foreign.trust)
		make_out(reading);
	else
		finish(reading, REASON_TOKEN);
}

/* ---- the beginning ---- */

static enum token_reason find_candidates(struct reading *reading)
{
	const struct trusts *trusts = &reading->jitd->settings->trusts;
	char kid[TOKEN_KID_MAX + 1];
	enum token_reason reason = token_unverified_kid(reading->text, strlen(reading->text), kid);

	for (size_t i = 0; reason == TOKEN_REASON_UNSET && i < trusts->count; i++) {
		struct candidate *candidate = &reading->candidates[reading->count];
		candidate->trust = &trusts->items[i];
		candidate->keys = issuers_hold(reading->jitd->issuers, i, kid);
		reading->count += candidate->keys != NULL;
	}
	return reason == TOKEN_REASON_UNSET && !reading->count ? TOKEN_REASON_KEY_UNKNOWN : reason;
}

/* Nobody has its key: it falls there, or before. */
static void tell_unknown(const struct reading *reading)
{
	const char *nobody = "-";
	const struct foreign_expectation none = {
	        .issuer = nobody, .audiences = &nobody, .audience_count = 1, .now = reading->now};
	struct foreign_result result;

	if (reading->steps)
		token_explain_foreign(reading->text, strlen(reading->text),
		                      keys_set(reading->jitd->keys), &none, reading->steps,
		                      &result);
}

static void begin(struct reading *reading)
{
	struct foreign *foreign = &reading->foreign;

	if (foreign_token_whose(reading->jitd, reading->text) == WHOSE_OURS) {
		finish(reading, REASON_OWN_TOKEN);
		return;
	}
	issuers_refresh(reading->jitd, reading->now);
	foreign->token = find_candidates(reading);
	if (foreign->token != TOKEN_REASON_UNSET) {
		tell_unknown(reading);
		finish(reading, REASON_TOKEN);
		return;
	}
	if (loop_work(reading->jitd->loop, read_on_pool, read_done, reading) < 0)
		finish(reading, REASON_INTERNAL);
}

void foreign_token_read(struct jitd *jitd, const char *text, enum names_lane lane,
                        const struct token_steps *steps, foreign_token_done *done, void *context)
{
	struct reading *reading = calloc(1, sizeof(*reading));

	if (reading) {
		reading->jitd = jitd;
		reading->text = strdup(text);
		reading->now = instant_now(jitd).now;
		reading->lane = lane;
		reading->steps = steps;
		reading->done = done;
		reading->context = context;
	}
	if (reading && reading->text) {
		begin(reading);
		return;
	}
	free(reading);
	done(context, NULL);
}
