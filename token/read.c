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

#include "token/base64url.h"
#include "token/claims.h"
#include "token/foreign.h"
#include "token/form.h"
#include "token/header.h"
#include "token/key.h"

#define PAYLOAD_MAX (TOKEN_MAX / 4 * 3)

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

static int read_header(const struct part *part, const struct header_rule *rule,
                       struct header *ret_header)
{
	uint8_t bytes[TOKEN_HEADER_MAX];
	size_t length = 0;
	int result = decode(part, bytes, sizeof(bytes), TOKEN_REASON_HEADER, &length);

	return result == 0 ? header_read(bytes, length, rule, ret_header) : result;
}

static int find_key(const struct header *header, const struct keyset *keys, int64_t now,
                    const struct key **ret_key)
{
	const struct keyset_entry *entry = keyset_find(keys, header->kid, strlen(header->kid));

	if (!entry)
		return TOKEN_REASON_KEY_UNKNOWN;
	if (strcmp(header->algorithm, key_algorithm_name(key_algorithm(entry->key))) != 0)
		return TOKEN_REASON_ALGORITHM;
	if (entry->revoked || now < entry->not_before || now > entry->not_after)
		return TOKEN_REASON_KEY_TIME;
	*ret_key = entry->key;
	return 0;
}

static int check_signature(const struct form *form, const struct key *key)
{
	uint8_t signature[KEY_SIGNATURE_MAX];
	size_t length = 0;
	int result = decode(&form->signature, signature, sizeof(signature),
	                    TOKEN_REASON_SIGNATURE_LENGTH, &length);

	if (result != 0)
		return result;
	result = key_verify(key, form->signed_text.text, form->signed_text.length, signature,
	                    length);
	explicit_bzero(signature, sizeof(signature));
	if (result == KEY_BAD_LENGTH)
		return TOKEN_REASON_SIGNATURE_LENGTH;
	return result == KEY_BAD_SIGNATURE ? TOKEN_REASON_SIGNATURE : result;
}

/* A token whose signature held; before that it is nothing. */
struct verified {
	struct form form;
	struct header header;
	uint8_t payload[PAYLOAD_MAX];
	size_t length;
};

/* 0, -errno or an enum token_reason. */
static int verify(const struct part *text, const struct keyset *keys, int64_t now,
                  const struct header_rule *rule, struct verified *verified)
{
	const struct key *key = NULL;
	int result = form_split(text->text, text->length, &verified->form);

	if (result == 0)
		result = read_header(&verified->form.header, rule, &verified->header);
	if (result == 0)
		result = find_key(&verified->header, keys, now, &key);
	if (result == 0)
		result = check_signature(&verified->form, key);
	if (result == 0)
		result = decode(&verified->form.payload, verified->payload,
		                sizeof(verified->payload), TOKEN_REASON_LENGTH, &verified->length);
	return result;
}

static enum token_reason reason_of(int result)
{
	return result > 0 ? (enum token_reason)result : TOKEN_REASON_INTERNAL;
}

/* ---- our own ---- */

/* A caller that does not say what it expects, or a clock before 1970, allows nothing. */
static bool is_complete(const struct keyset *keys, const struct expectation *expectation)
{
	return keys && expectation && expectation->issuer && expectation->audience &&
	       expectation->audience[0] != '\0' && expectation->now >= 0;
}

static int read_own(const struct part *text, const struct keyset *keys,
                    const struct expectation *expectation, struct claims *ret_claims)
{
	struct verified verified;
	struct claims claims = {.kid = ""};
	int result = -EINVAL;

	if (!is_complete(keys, expectation) || (!text->text && text->length != 0))
		return result;
	result = verify(text, keys, expectation->now, &header_own, &verified);
	if (result == 0)
		result = claims_read(verified.payload, verified.length, expectation, &claims);
	if (result != 0)
		return result;
	*ret_claims = claims;
	memcpy(ret_claims->kid, verified.header.kid, sizeof(ret_claims->kid));
	return 0;
}

void token_read(const char *text, size_t length, const struct keyset *keys,
                const struct expectation *expectation, struct token_result *ret_result)
{
	const struct part whole = {text, length};
	int result;

	*ret_result = (struct token_result){.decision = DECISION_DENY};
	result = read_own(&whole, keys, expectation, &ret_result->claims);
	if (result == 0)
		ret_result->decision = DECISION_ALLOW;
	else
		ret_result->reason = reason_of(result);
}

/* ---- of other issuers ---- */

static bool is_complete_foreign(const struct keyset *keys,
                                const struct foreign_expectation *expectation)
{
	if (!keys || !expectation || !expectation->issuer || expectation->now < 0 ||
	    !expectation->audiences || expectation->audience_count == 0 ||
	    (expectation->required_count != 0 && !expectation->required))
		return false;
	for (size_t i = 0; i < expectation->audience_count; i++)
		if (!expectation->audiences[i] || expectation->audiences[i][0] == '\0')
			return false;
	return true;
}

static int read_foreign(const struct part *text, const struct keyset *keys,
                        const struct foreign_expectation *expectation,
                        struct foreign_claims *ret_claims)
{
	struct verified verified;
	struct foreign_claims claims = {.kid = ""};
	int result = -EINVAL;

	if (!is_complete_foreign(keys, expectation) || (!text->text && text->length != 0))
		return result;
	result = verify(text, keys, expectation->now, &header_foreign, &verified);
	if (result == 0)
		result = foreign_read(verified.payload, verified.length, &verified.form.signed_text,
		                      expectation, &claims);
	if (result != 0)
		return result;
	*ret_claims = claims;
	memcpy(ret_claims->kid, verified.header.kid, sizeof(ret_claims->kid));
	return 0;
}

void token_read_foreign(const char *text, size_t length, const struct keyset *keys,
                        const struct foreign_expectation *expectation,
                        struct foreign_result *ret_result)
{
	const struct part whole = {text, length};
	int result;

	*ret_result = (struct foreign_result){.decision = DECISION_DENY};
	result = read_foreign(&whole, keys, expectation, &ret_result->claims);
	if (result == 0)
		ret_result->decision = DECISION_ALLOW;
	else
		ret_result->reason = reason_of(result);
}

enum token_reason token_unverified_kid(const char *text, size_t length,
                                       char ret_kid[static TOKEN_KID_MAX + 1])
{
	struct header header = {.kid = ""};
	struct form form;
	int result = form_split(text, length, &form);

	if (result == 0)
		result = read_header(&form.header, &header_foreign, &header);
	if (result != 0)
		return reason_of(result);
	memcpy(ret_kid, header.kid, sizeof(header.kid));
	return TOKEN_REASON_UNSET;
}
