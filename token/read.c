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

static int find_key(const struct part *part, const struct keyset *keys, int64_t now,
                    struct header *header, const struct key **ret_key)
{
	uint8_t bytes[TOKEN_HEADER_MAX];
	const struct keyset_entry *entry;
	size_t length = 0;
	int result = decode(part, bytes, sizeof(bytes), TOKEN_REASON_HEADER, &length);

	if (result != 0)
		return result;
	result = header_read(bytes, length, header);
	if (result != 0)
		return result;
	entry = keyset_find(keys, header->kid, strlen(header->kid));
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

/* 0, -errno or an enum token_reason. */
static int read_token(const struct part *text, const struct keyset *keys,
                      const struct expectation *expectation, struct claims *claims)
{
	struct header header = {.kid = ""};
	const struct key *key = NULL;
	uint8_t payload[PAYLOAD_MAX];
	struct form form;
	size_t length = 0;
	int result = form_split(text->text, text->length, &form);

	if (result != 0)
		return result;
	result = find_key(&form.header, keys, expectation->now, &header, &key);
	if (result != 0)
		return result;
	result = check_signature(&form, key);
	if (result != 0)
		return result;
	result = decode(&form.payload, payload, sizeof(payload), TOKEN_REASON_LENGTH, &length);
	if (result != 0)
		return result;
	result = claims_read(payload, length, expectation, claims);
	if (result != 0)
		return result;
	memcpy(claims->kid, header.kid, sizeof(claims->kid));
	return 0;
}

/* A caller that does not say what it expects, or a clock before 1970, allows nothing. */
static bool is_complete(const struct keyset *keys, const struct expectation *expectation)
{
	return keys && expectation && expectation->issuer && expectation->audience &&
	       expectation->audience[0] != '\0' && expectation->now >= 0;
}

void token_read(const char *text, size_t length, const struct keyset *keys,
                const struct expectation *expectation, struct token_result *ret_result)
{
	struct claims claims = {.kid = ""};
	const struct part whole = {text, length};
	int result = -EINVAL;

	*ret_result = (struct token_result){
	        .decision = DECISION_DENY,
	        .reason = TOKEN_REASON_INTERNAL,
	};
	if ((text || length == 0) && is_complete(keys, expectation))
		result = read_token(&whole, keys, expectation, &claims);
	if (result != 0) {
		if (result > 0)
			ret_result->reason = (enum token_reason)result;
		return;
	}
	ret_result->claims = claims;
	ret_result->reason = TOKEN_REASON_UNSET;
	ret_result->decision = DECISION_ALLOW;
}
