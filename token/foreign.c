/* SPDX-License-Identifier: Apache-2.0 */
#include "token/foreign.h"

#include <string.h>

#include "base/cleanup.h"
#include "token/claims.h"
#include "token/json.h"
#include "token/key.h"

static int read_texts(const struct document *document,
                      const struct foreign_expectation *expectation, struct foreign_claims *claims)
{
	const char *subject = expectation->subject_claim ? expectation->subject_claim : "sub";
	int result = document_text(document, "iss", claims->iss, sizeof(claims->iss));

	if (result == 0)
		result = document_text_at(document, subject, claims->subject,
		                          sizeof(claims->subject));
	if (result == 0 && expectation->scope_claim)
		result = document_text_at(document, expectation->scope_claim, claims->scope,
		                          sizeof(claims->scope));
	if (result != 0)
		return claims_reason(result);
	result = document_text(document, "jti", claims->jti, sizeof(claims->jti));
	return result == DOCUMENT_ABSENT ? 0 : claims_reason(result);
}

/* Others have a claim of this name too, of whatever kind; it decides nothing. */
static void read_access(const struct document *document, uint32_t *ret_access)
{
	int64_t access = 0;

	if (document_integer(document, "access", 1, UINT32_MAX, &access) == 0)
		*ret_access = (uint32_t)access;
}

static int judge_audience(const struct document *document,
                          const struct foreign_expectation *expectation)
{
	for (size_t i = 0; i < expectation->audience_count; i++) {
		int result = document_holds(document, "aud", expectation->audiences[i]);
		if (result != DOCUMENT_OTHER)
			return claims_reason(result);
	}
	return TOKEN_REASON_AUDIENCE;
}

static int judge_required(const struct document *document,
                          const struct foreign_expectation *expectation)
{
	for (size_t i = 0; i < expectation->required_count; i++) {
		const struct requirement *required = &expectation->required[i];
		if (document_says(document, required->claim, required->value) != 0)
			return TOKEN_REASON_REQUIRE;
	}
	return 0;
}

static int judge_lifetime(const struct document *document,
                          const struct foreign_expectation *expectation,
                          struct foreign_claims *claims)
{
	int64_t leeway = expectation->leeway;
	struct lifetime_rule rule = {expectation->now, expectation->lifetime_max, 0};
	struct lifetime lifetime = {0};
	int result = claims_lifetime(document, &lifetime);

	if (leeway > 0)
		rule.ahead = leeway < FOREIGN_LEEWAY_MAX ? leeway : FOREIGN_LEEWAY_MAX;
	claims->iat = lifetime.iat;
	claims->nbf = lifetime.nbf;
	claims->exp = lifetime.exp;
	claims->until = lifetime.until;
	return result == 0 ? claims_judge_lifetime(&lifetime, &rule) : result;
}

static int judge(const struct document *document, const struct foreign_expectation *expectation,
                 struct foreign_claims *claims)
{
	int result = claims_binding(document, claims->cnf);

	if (result == 0 && strcmp(claims->iss, expectation->issuer) != 0)
		result = TOKEN_REASON_ISSUER;
	if (result == 0)
		result = judge_audience(document, expectation);
	if (result == 0)
		result = judge_required(document, expectation);
	if (result == 0)
		result = judge_lifetime(document, expectation, claims);
	return result;
}

/* RFC 7519 section 4.1.7: a jti is unique at its issuer. A text has one spelling only (T12), so
 * that one token has one name either way. */
static int name_replay(const struct part *signed_text, struct foreign_claims *claims)
{
	char both[sizeof(claims->iss) + sizeof(claims->jti)];
	size_t issuer = strlen(claims->iss) + 1, jti = strlen(claims->jti);

	if (jti == 0)
		return key_sha256_hex(signed_text->text, signed_text->length, claims->replay);
	memcpy(both, claims->iss, issuer);
	memcpy(both + issuer, claims->jti, jti);
	return key_sha256_hex(both, issuer + jti, claims->replay);
}

int foreign_read(const uint8_t *bytes, size_t length, const struct part *signed_text,
                 const struct foreign_expectation *expectation, struct foreign_claims *ret_claims)
{
	cleanup(document_done) struct document document = {NULL};
	struct foreign_claims claims = {.kid = ""};
	int result = document_parse(bytes, length, &document);

	if (result != 0)
		return result < 0 ? result : TOKEN_REASON_CLAIMS;
	result = read_texts(&document, expectation, &claims);
	if (result == 0)
		result = judge(&document, expectation, &claims);
	if (result == 0)
		result = name_replay(signed_text, &claims);
	if (result != 0)
		return result;
	read_access(&document, &claims.access);
	*ret_claims = claims;
	return 0;
}
