/* SPDX-License-Identifier: Apache-2.0 */
#include "token/header.h"

#include <string.h>

#include "base/cleanup.h"
#include "token/json.h"
#include "token/key.h"

static const char *const members[] = {"alg", "kid", "typ", "x5t", "x5t#S256"};
const struct header_rule header_own = {members, 3, true};
const struct header_rule header_foreign = {members, sizeof(members) / sizeof(members[0]), false};

static int text_member(const struct document *document, const char *name,
                       enum token_reason otherwise, char *ret_text, size_t size)
{
	int result = document_text(document, name, ret_text, size);

	if (result == DOCUMENT_TYPE)
		return TOKEN_REASON_HEADER;
	return result == 0 ? 0 : (int)otherwise;
}

static int check_type(const struct document *document, const struct header_rule *rule)
{
	char type[sizeof(HEADER_TYPE)] = "";
	int result;

	if (!rule->typed && !document_has(document, "typ"))
		return 0;
	result = text_member(document, "typ", TOKEN_REASON_TYPE, type, sizeof(type));
	if (result != 0)
		return result;
	return strcmp(type, HEADER_TYPE) == 0 ? 0 : TOKEN_REASON_TYPE;
}

static int header_members(const struct document *document, const struct header_rule *rule,
                          struct header *header)
{
	int result;

	if (document_members_among(document, rule->members, rule->count) != 0)
		return TOKEN_REASON_HEADER_MEMBER;
	result = check_type(document, rule);
	if (result != 0)
		return result;
	result = text_member(document, "alg", TOKEN_REASON_ALGORITHM, header->algorithm,
	                     sizeof(header->algorithm));
	if (result != 0)
		return result;
	result = text_member(document, "kid", TOKEN_REASON_KEY_UNKNOWN, header->kid,
	                     sizeof(header->kid));
	if (result != 0)
		return result;
	return kid_is_good(header->kid) ? 0 : TOKEN_REASON_KEY_UNKNOWN;
}

int header_read(const uint8_t *bytes, size_t length, const struct header_rule *rule,
                struct header *ret_header)
{
	cleanup(document_done) struct document document = {NULL};
	struct header header = {.kid = ""};
	int result = document_parse(bytes, length, &document);

	if (result != 0)
		return result < 0 ? result : TOKEN_REASON_HEADER;
	result = header_members(&document, rule, &header);
	if (result != 0)
		return result;
	*ret_header = header;
	return 0;
}
