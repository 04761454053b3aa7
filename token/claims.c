/* SPDX-License-Identifier: Apache-2.0 */
#include "token/claims.h"

#include <stdbool.h>
#include <string.h>

#include "base/cleanup.h"
#include "token/json.h"

#define TEXT(name)                                                                                 \
	{                                                                                          \
#name, offsetof(struct claims, name), sizeof(((struct claims *)NULL)->name)        \
	}

static const struct {
	const char *name;
	size_t offset, size;
} texts[] = {TEXT(iss), TEXT(sub), TEXT(scope), TEXT(jti)};

static int reason_of(int result)
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
			return reason_of(result);
	}
	return 0;
}

static bool is_fingerprint(const char *text)
{
	static const char base64[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char last[] = "AEIMQUYcgkosw048"; /* its two unused bits are zero */
	const size_t prefix = strlen("SHA256:"), end = TOKEN_CNF_SIZE - 2;

	return strncmp(text, "SHA256:", prefix) == 0 && strlen(text) == end + 1 &&
	       strspn(text + prefix, base64) == end + 1 - prefix && strchr(last, text[end]);
}

/* RFC 7800: a confirmation that cannot be checked must not be passed over. */
static int read_binding(const struct document *document, char ret_cnf[static TOKEN_CNF_SIZE])
{
	static const char *const ours[] = {"ssh"};
	struct document cnf;
	int result = document_object(document, "cnf", &cnf);

	if (result == DOCUMENT_ABSENT)
		return 0;
	if (result != 0 || document_members_among(&cnf, ours, 1) != 0 ||
	    document_text(&cnf, "ssh", ret_cnf, TOKEN_CNF_SIZE) != 0)
		return TOKEN_REASON_BINDING;
	return is_fingerprint(ret_cnf) ? 0 : TOKEN_REASON_BINDING;
}

static int read_numbers(const struct document *document, struct claims *claims)
{
	int64_t access = 0;
	int result = document_integer(document, "iat", 0, CLAIMS_TIME_MAX, &claims->iat);

	if (result != 0)
		return reason_of(result);
	result = document_integer(document, "exp", 0, CLAIMS_TIME_MAX, &claims->exp);
	if (result != 0)
		return reason_of(result);
	result = document_integer(document, "access", 1, UINT32_MAX, &access);
	if (result != 0)
		return reason_of(result);
	claims->access = (uint32_t)access;
	claims->nbf = claims->iat;
	result = document_integer(document, "nbf", 0, CLAIMS_TIME_MAX, &claims->nbf);
	if (result != 0 && result != DOCUMENT_ABSENT)
		return reason_of(result);
	result = document_integer(document, "until", 1, CLAIMS_TIME_MAX, &claims->until);
	return result == DOCUMENT_ABSENT ? 0 : reason_of(result);
}

/* RFC 7519 section 4.1.3: one of ours among several is enough. */
static int judge_parties(const struct document *document, const struct claims *claims,
                         const struct expectation *expectation)
{
	int audience = document_holds(document, "aud", expectation->audience);

	if (audience != 0 && audience != DOCUMENT_OTHER)
		return reason_of(audience);
	if (strcmp(claims->iss, expectation->issuer) != 0)
		return TOKEN_REASON_ISSUER;
	return audience == 0 ? 0 : TOKEN_REASON_AUDIENCE;
}

/* All times and `now` are known to be 0 or more, so that no difference overflows (T19). */
static int judge_times(const struct claims *claims, const struct expectation *expectation)
{
	int64_t lifetime = claims->exp - claims->iat;

	if (claims->exp <= expectation->now)
		return TOKEN_REASON_EXPIRED;
	if (claims->until != 0 && claims->until <= expectation->now)
		return TOKEN_REASON_EXPIRED;
	if (claims->iat - expectation->now > TOKEN_SKEW ||
	    claims->nbf - expectation->now > TOKEN_SKEW)
		return TOKEN_REASON_EARLY;
	if (lifetime < 1 || lifetime > expectation->lifetime_max || lifetime > TOKEN_LIFETIME_MAX)
		return TOKEN_REASON_LIFETIME;
	return 0;
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
	if (result != 0)
		return result;
	result = read_numbers(&document, &claims);
	if (result != 0)
		return result;
	result = read_binding(&document, claims.cnf);
	if (result != 0)
		return result;
	result = judge_parties(&document, &claims, expectation);
	if (result != 0)
		return result;
	result = judge_times(&claims, expectation);
	if (result != 0)
		return result;
	*ret_claims = claims;
	return 0;
}
