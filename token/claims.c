/* SPDX-License-Identifier: Apache-2.0 */
#include "token/claims.h"

#include <string.h>

#include "base/cleanup.h"
#include "token/fingerprint.h"
#include "token/json.h"

#define TEXT(name)                                                                                 \
	{                                                                                          \
#name, offsetof(struct claims, name), sizeof(((struct claims *)NULL)->name)        \
	}

static const struct {
	const char *name;
	size_t offset, size;
} texts[] = {TEXT(iss), TEXT(sub), TEXT(scope), TEXT(jti)};

int claims_reason(int result)
{
	if (result <= 0)
		return result;
	return result == DOCUMENT_ABSENT ? TOKEN_REASON_CLAIM_MISSING : TOKEN_REASON_CLAIMS;
}

static int read_texts(const struct document *document, struct claims *claims)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int result = document_text(document, texts[i].name,
		                           (char *)claims + texts[i].offset, texts[i].size);
		if (result != 0)
			return claims_reason(result);
	}
	return 0;
}

int claims_binding(const struct document *document, char ret_cnf[static TOKEN_CNF_SIZE])
{
	static const char *const ours[] = {"ssh"};
	struct document cnf;
	int result = document_object(document, "cnf", &cnf);

	ret_cnf[0] = '\0';
	if (result == DOCUMENT_ABSENT)
		return 0;
	if (result != 0 || document_members_among(&cnf, ours, 1) != 0 ||
	    document_text(&cnf, "ssh", ret_cnf, TOKEN_CNF_SIZE) != 0)
		return TOKEN_REASON_BINDING;
	return fingerprint_is_good(ret_cnf) ? 0 : TOKEN_REASON_BINDING;
}

static int read_access(const struct document *document, uint32_t *ret_access)
{
	int64_t access = 0;
	int result = document_integer(document, "access", 1, UINT32_MAX, &access);

	if (result == 0)
		*ret_access = (uint32_t)access;
	return claims_reason(result);
}

int claims_lifetime(const struct document *document, struct lifetime *ret_lifetime)
{
	struct lifetime lifetime = {0};
	int result = document_integer(document, "iat", 0, CLAIMS_TIME_MAX, &lifetime.iat);

	if (result == 0)
		result = document_integer(document, "exp", 0, CLAIMS_TIME_MAX, &lifetime.exp);
	if (result != 0)
		return claims_reason(result);
	lifetime.nbf = lifetime.iat;
	result = document_integer(document, "nbf", 0, CLAIMS_TIME_MAX, &lifetime.nbf);
	if (result == 0 || result == DOCUMENT_ABSENT)
		result = document_integer(document, "until", 1, CLAIMS_TIME_MAX, &lifetime.until);
	if (result != 0 && result != DOCUMENT_ABSENT)
		return claims_reason(result);
	*ret_lifetime = lifetime;
	return 0;
}

/* All times and `now` are known to be 0 or more, so that no difference overflows (T19). */
int claims_judge_lifetime(const struct lifetime *lifetime, const struct lifetime_rule *rule)
{
	int64_t length = lifetime->exp - lifetime->iat;

	if (lifetime->exp <= rule->now)
		return TOKEN_REASON_EXPIRED;
	if (lifetime->until != 0 && lifetime->until <= rule->now)
		return TOKEN_REASON_EXPIRED;
	if (lifetime->iat - rule->now > rule->ahead || lifetime->nbf - rule->now > rule->ahead)
		return TOKEN_REASON_EARLY;
	if (length < 1 || length > rule->max || length > TOKEN_LIFETIME_MAX)
		return TOKEN_REASON_LIFETIME;
	return 0;
}

/* RFC 7519 section 4.1.3: one of ours among several is enough. */
static int judge_parties(const struct document *document, const struct claims *claims,
                         const struct expectation *expectation)
{
	int audience = document_holds(document, "aud", expectation->audience);

	if (audience != 0 && audience != DOCUMENT_OTHER)
		return claims_reason(audience);
	if (strcmp(claims->iss, expectation->issuer) != 0)
		return TOKEN_REASON_ISSUER;
	return audience == 0 ? 0 : TOKEN_REASON_AUDIENCE;
}

static int judge(const struct document *document, const struct expectation *expectation,
                 struct claims *claims)
{
	const struct lifetime_rule rule = {expectation->now, expectation->lifetime_max, TOKEN_SKEW};
	struct lifetime lifetime = {0};
	int result = claims_lifetime(document, &lifetime);

	if (result == 0)
		result = claims_binding(document, claims->cnf);
	if (result == 0)
		result = judge_parties(document, claims, expectation);
	if (result == 0)
		result = claims_judge_lifetime(&lifetime, &rule);
	claims->iat = lifetime.iat;
	claims->nbf = lifetime.nbf;
	claims->exp = lifetime.exp;
	claims->until = lifetime.until;
	return result;
}

int claims_read(const uint8_t *bytes, size_t length, const struct expectation *expectation,
                struct claims *ret_claims)
{
	cleanup(document_done) struct document document = {NULL};
	struct claims claims = {.kid = ""};
	int result = document_parse(bytes, length, &document);

	if (result != 0)
		return result < 0 ? result : TOKEN_REASON_CLAIMS;
	result = read_texts(&document, &claims);
	if (result == 0)
		result = read_access(&document, &claims.access);
	if (result == 0)
		result = judge(&document, expectation, &claims);
	if (result == 0)
		*ret_claims = claims;
	return result;
}
