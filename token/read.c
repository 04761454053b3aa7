/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The road of a token, in the one order that is safe: what is cheap and bounded first, the key by
 * name and with its own algorithm, the signature over the bytes as they came, and only then a look
 * at what they say. Trust boundary: everything in the text is the attacker's until key_verify()
 * has answered 0. No step is skipped for any kind of token, and no step has a lenient mode.
 */
#include "token/token.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "token/base64url.h"
#include "token/key.h"
#include "token/road.h"

static const char *const reason_words[] = {
#define R(name, word) [TOKEN_REASON_##name] = word,
        TOKEN_REASONS(R)
#undef R
};

const char *token_reason_word(enum token_reason reason)
{
	size_t index = (size_t)reason;

	return reason_words[index < sizeof(reason_words) / sizeof(reason_words[0])
	                            ? index
	                            : TOKEN_REASON_UNSET];
}

static int decode(const struct part *part, uint8_t *bytes, size_t size, enum token_reason too_long,
                  size_t *ret_length)
{
	int result = base64url_decode(part->text, part->length, bytes, size, ret_length);

	if (result == -ENOBUFS)
		return (int)too_long;
	return result == 0 ? 0 : TOKEN_REASON_FORM;
}

/* ---- the steps up to the claims ---- */

static int go_form(struct road *road)
{
	return form_split(road->text.text, road->text.length, &road->form);
}

static int go_header(struct road *road)
{
	uint8_t bytes[TOKEN_HEADER_MAX];
	size_t length = 0;
	int result = decode(&road->form.header, bytes, sizeof(bytes), TOKEN_REASON_HEADER, &length);

	if (result != 0)
		return result;
	return header_read(bytes, length, road->rule->header, &road->header);
}

static int go_key(struct road *road)
{
	const char *kid = road->header.kid;
	const struct keyset_entry *entry = keyset_find(road->keys, kid, strlen(kid));
	int64_t now = road->expectation->now;

	if (!entry)
		return TOKEN_REASON_KEY_UNKNOWN;
	if (strcmp(road->header.algorithm, key_algorithm_name(key_algorithm(entry->key))) != 0)
		return TOKEN_REASON_ALGORITHM;
	if (entry->revoked || now < entry->not_before || now > entry->not_after)
		return TOKEN_REASON_KEY_TIME;
	road->key = entry->key;
	return 0;
}

static int go_signature(struct road *road)
{
	const struct part *text = &road->form.signed_text;
	uint8_t signature[KEY_SIGNATURE_MAX];
	size_t length = 0;
	int result = decode(&road->form.signature, signature, sizeof(signature),
	                    TOKEN_REASON_SIGNATURE_LENGTH, &length);

	if (result != 0)
		return result;
	result = key_verify(road->key, text->text, text->length, signature, length);
	explicit_bzero(signature, sizeof(signature));
	if (result == KEY_BAD_LENGTH)
		return TOKEN_REASON_SIGNATURE_LENGTH;
	return result == KEY_BAD_SIGNATURE ? TOKEN_REASON_SIGNATURE : result;
}

static int go_claims(struct road *road)
{
	int result = decode(&road->form.payload, road->payload, sizeof(road->payload),
	                    TOKEN_REASON_LENGTH, &road->payload_length);

	if (result == 0)
		result = document_parse(road->payload, road->payload_length, &road->document);
	if (result == DOCUMENT_MALFORMED || result == DOCUMENT_BOUNDS)
		return TOKEN_REASON_CLAIMS;
	return result;
}

static void show_form(const struct road *road, const char *name, char *ret_text, size_t size)
{
	(void)name;
	best_effort(text_format(ret_text, size, "%zu bytes", road->text.length));
}

/* Empty where the header was refused. */
static void show_header(const struct road *road, const char *name, char *ret_text, size_t size)
{
	(void)name;
	if (*road->header.kid)
		best_effort(text_format(ret_text, size, "alg %s, kid %s", road->header.algorithm,
		                        road->header.kid));
}

static void show_key(const struct road *road, const char *name, char *ret_text, size_t size)
{
	(void)name;
	if (road->key)
		best_effort(text_format(ret_text, size, "%s, %s", key_kid(road->key),
		                        key_algorithm_name(key_algorithm(road->key))));
}

static void show_signature(const struct road *road, const char *name, char *ret_text, size_t size)
{
	(void)name;
	best_effort(text_format(ret_text, size, "%zu bytes",
	                        road->form.signature.length / 4 * 3 +
	                                road->form.signature.length % 4 * 3 / 4));
}

static void show_claims(const struct road *road, const char *name, char *ret_text, size_t size)
{
	(void)name;
	best_effort(text_format(ret_text, size, "%zu bytes", road->payload_length));
}

static const struct road_step first_steps[] = {
        {"form", go_form, show_form},       {"header", go_header, show_header},
        {"key", go_key, show_key},          {"signature", go_signature, show_signature},
        {"claims", go_claims, show_claims},
};
#define FIRST_STEPS (sizeof(first_steps) / sizeof(first_steps[0]))

/* ---- the road ---- */

static const struct road_step *step_at(size_t index)
{
	return index < FIRST_STEPS ? &first_steps[index] : &claims_steps[index - FIRST_STEPS];
}

static void tell(const struct token_steps *steps, const struct road *road,
                 const struct road_step *step, int result)
{
	char text[TOKEN_STEP_SIZE] = "";
	struct token_step told = {.name = step->name, .reached = true, .text = text};

	if (result != 0)
		told.reason = result > 0 ? (enum token_reason)result : TOKEN_REASON_INTERNAL;
	if (step->show)
		step->show(road, step->name, text, sizeof(text));
	else
		document_print(&road->document, step->name, text, sizeof(text));
	steps->tell(steps->context, &told);
}

/* 0, -errno or an enum token_reason: of the first step that does not say 0. */
static int go(struct road *road, const struct token_steps *steps)
{
	const size_t count = FIRST_STEPS + claims_step_count;
	size_t index = 0;
	int result = 0;

	for (; index < count && result == 0; index++) {
		const struct road_step *step = step_at(index);
		result = step->go(road);
		if (steps)
			tell(steps, road, step, result);
	}
	for (; index < count && steps; index++)
		steps->tell(steps->context,
		            &(struct token_step){.name = step_at(index)->name, .text = ""});
	return result;
}

/* A caller that does not say what it expects, or a clock before 1970, allows nothing. */
static bool is_complete(const struct road *road)
{
	const struct foreign_expectation *expectation = road->expectation;

	if (!road->keys || (!road->text.text && road->text.length != 0) || !expectation->issuer ||
	    expectation->now < 0 || !expectation->audiences || expectation->audience_count == 0 ||
	    (expectation->required_count != 0 && !expectation->required))
		return false;
	for (size_t i = 0; i < expectation->audience_count; i++)
		if (!expectation->audiences[i] || expectation->audiences[i][0] == '\0')
			return false;
	return true;
}

static enum token_reason walk(struct road *road, const struct token_steps *steps)
{
	int result = is_complete(road) ? go(road, steps) : -EINVAL;

	document_done(&road->document);
	memcpy(road->claims.kid, road->header.kid, sizeof(road->claims.kid));
	if (result == 0)
		return TOKEN_REASON_UNSET;
	return result > 0 ? (enum token_reason)result : TOKEN_REASON_INTERNAL;
}

/* ---- our own ---- */

static const struct road_rule rule_own = {
        .header = &header_own,
        .subject_size = sizeof(((struct claims *)NULL)->sub),
        .jti_size = sizeof(((struct claims *)NULL)->jti),
        .numbered = true,
};

/* Each text fits: the rule's sizes are those of struct claims. */
static void take_claims(const struct foreign_claims *from, struct claims *ret_claims)
{
	memcpy(ret_claims->kid, from->kid, sizeof(ret_claims->kid));
	memcpy(ret_claims->iss, from->iss, sizeof(ret_claims->iss));
	memcpy(ret_claims->sub, from->subject, sizeof(ret_claims->sub));
	memcpy(ret_claims->scope, from->scope, sizeof(ret_claims->scope));
	memcpy(ret_claims->jti, from->jti, sizeof(ret_claims->jti));
	memcpy(ret_claims->cnf, from->cnf, sizeof(ret_claims->cnf));
	ret_claims->iat = from->iat;
	ret_claims->nbf = from->nbf;
	ret_claims->exp = from->exp;
	ret_claims->access = from->access;
	ret_claims->until = from->until;
}

void token_explain(const char *text, size_t length, const struct keyset *keys,
                   const struct expectation *expectation, const struct token_steps *steps,
                   struct token_result *ret_result)
{
	const struct expectation own = expectation ? *expectation : (struct expectation){NULL};
	const struct foreign_expectation expected = {.issuer = own.issuer,
	                                             .audiences = &own.audience,
	                                             .audience_count = 1,
	                                             .now = own.now,
	                                             .lifetime_max = own.lifetime_max,
	                                             .leeway = TOKEN_SKEW,
	                                             .scope_claim = "scope"};
	struct road road = {
	        .text = {text, length}, .keys = keys, .rule = &rule_own, .expectation = &expected};

	*ret_result = (struct token_result){.decision = DECISION_DENY};
	ret_result->reason = walk(&road, steps);
	if (ret_result->reason != TOKEN_REASON_UNSET)
		return;
	take_claims(&road.claims, &ret_result->claims);
	ret_result->decision = DECISION_ALLOW;
}

void token_read(const char *text, size_t length, const struct keyset *keys,
                const struct expectation *expectation, struct token_result *ret_result)
{
	token_explain(text, length, keys, expectation, NULL, ret_result);
}

/* ---- of other issuers ---- */

static const struct road_rule rule_foreign = {
        .header = &header_foreign,
        .subject_size = sizeof(((struct foreign_claims *)NULL)->subject),
        .jti_size = sizeof(((struct foreign_claims *)NULL)->jti),
};

void token_explain_foreign(const char *text, size_t length, const struct keyset *keys,
                           const struct foreign_expectation *expectation,
                           const struct token_steps *steps, struct foreign_result *ret_result)
{
	static const struct foreign_expectation none; /* incomplete */
	struct road road = {.text = {text, length},
	                    .keys = keys,
	                    .rule = &rule_foreign,
	                    .expectation = expectation ? expectation : &none};

	*ret_result = (struct foreign_result){.decision = DECISION_DENY};
	ret_result->reason = walk(&road, steps);
	if (ret_result->reason != TOKEN_REASON_UNSET)
		return;
	ret_result->claims = road.claims;
	ret_result->decision = DECISION_ALLOW;
}

void token_read_foreign(const char *text, size_t length, const struct keyset *keys,
                        const struct foreign_expectation *expectation,
                        struct foreign_result *ret_result)
{
	token_explain_foreign(text, length, keys, expectation, NULL, ret_result);
}

enum token_reason token_unverified_kid(const char *text, size_t length,
                                       char ret_kid[static TOKEN_KID_MAX + 1])
{
	struct road road = {.text = {text, length}, .rule = &rule_foreign};
	int result = go_form(&road);

	if (result == 0)
		result = go_header(&road);
	if (result != 0)
		return result > 0 ? (enum token_reason)result : TOKEN_REASON_INTERNAL;
	memcpy(ret_kid, road.header.kid, sizeof(road.header.kid));
	return TOKEN_REASON_UNSET;
}
