/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JWK and JWK Sets (RFC 7517), public keys alone. A set may hold keys that are not for us, and
 * those are passed over with a line each; but what must not be in such a file at all, or can be
 * read in two ways, refuses the whole of it.
 */
#include "token/key_kind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

#define WORD_SIZE 32 /* of kty, use and alg; a longer one is none that we take */

/* ---- writing ---- */

static int print_jwk(FILE *out, const struct key *key)
{
	char members[KEY_MEMBERS_MAX];
	int result = key->kind->write_members(key->pkey, members);

	if (result != 0)
		return result;
	/* clean without escapes: base64url, words of ours, and a kid of the charset */
	fprintf(out, "{%s,\"kid\":\"%s\",\"alg\":\"%s\",\"use\":\"sig\"}", members, key->kid,
	        key->kind->name);
	return 0;
}

static int print_jwks(FILE *out, const struct keyset *keys)
{
	const char *comma = "";
	const struct keyset_entry *entry;

	fputs("{\"keys\":[", out);
	for (size_t i = 0; (entry = keyset_at(keys, i)); i++) {
		int result;
		if (entry->revoked)
			continue;
		fputs(comma, out);
		comma = ",";
		result = print_jwk(out, entry->key);
		if (result != 0)
			return result;
	}
	fputs("]}", out);
	return 0;
}

static int close_text(FILE *out, char **text, int result, char **ret_text)
{
	bool failed = ferror(out) != 0;

	if (fclose(out) != 0 || failed)
		result = -ENOMEM;
	if (result == 0)
		*ret_text = take_ptr(*text);
	return result;
}

int key_public_jwk(const struct key *key, char **ret_json)
{
	cleanup(cleanup_free) char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	return out ? close_text(out, &text, print_jwk(out, key), ret_json) : -ENOMEM;
}

int keyset_write_jwks(const struct keyset *keys, char **ret_json)
{
	cleanup(cleanup_free) char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	return out ? close_text(out, &text, print_jwks(out, keys), ret_json) : -ENOMEM;
}

/* ---- one key of a set ---- */

/* RFC 7518 sections 6.2.2, 6.3.2, 6.4.1: whoever could read these has the key. */
static const char *private_member(const struct document *jwk)
{
	static const char *const names[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (document_has(jwk, names[i]))
			return names[i];
	return NULL;
}

/* RFC 7517 sections 4.2 and 4.3. */
static int check_use(const struct document *jwk, struct fault *why)
{
	char use[WORD_SIZE] = "";
	size_t operations;
	int result = document_text(jwk, "use", use, sizeof(use));

	if (result != DOCUMENT_ABSENT && (result != 0 || strcmp(use, "sig") != 0))
		return fault_set(why, -EINVAL, "its use is not \"sig\"");
	result = document_list(jwk, "key_ops", &operations);
	if (result == DOCUMENT_ABSENT)
		return 0;
	if (result != 0 || document_holds(jwk, "key_ops", "verify") != 0)
		return fault_set(why, -EINVAL, "its key_ops do not hold \"verify\"");
	return 0;
}

/* The algorithm is pinned here, by the key's type, and what the set says must agree with it. */
static int find_kind(const struct document *jwk, unsigned int algorithms,
                     const struct key_kind **ret_kind, struct fault *why)
{
	char type[WORD_SIZE] = "", algorithm[WORD_SIZE] = "";
	const struct key_kind *kind;
	int result = document_text(jwk, "kty", type, sizeof(type));

	kind = result == 0 ? key_kind_typed(type) : NULL;
	if (!kind)
		return fault_set(why, -EINVAL, "its kty is neither \"EC\" nor \"RSA\"");
	result = document_text(jwk, "alg", algorithm, sizeof(algorithm));
	if (result != DOCUMENT_ABSENT && (result != 0 || strcmp(algorithm, kind->name) != 0))
		return fault_set(why, -EINVAL, "its alg is not \"%s\"", kind->name);
	if (!(algorithms & KEY_BIT(kind->algorithm)))
		return fault_set(why, -EINVAL, "%s is not among the algorithms that are allowed",
		                 kind->name);
	*ret_kind = kind;
	return 0;
}

/* 0, or -EINVAL and why it is passed over; all else ends the reading. */
static int read_jwk(const struct document *jwk, unsigned int algorithms, struct key **ret_key,
                    struct fault *why)
{
	cleanup(cleanup_pkey) EVP_PKEY *pkey = NULL;
	const struct key_kind *kind = NULL;
	char kid[TOKEN_KID_MAX + 1] = "";
	int result = check_use(jwk, why);

	if (result == 0)
		result = find_kind(jwk, algorithms, &kind, why);
	if (result != 0)
		return result;
	if (document_text(jwk, "kid", kid, sizeof(kid)) != 0 || !kid_is_good(kid))
		return fault_set(why, -EINVAL, "it has no kid of 1 to %d of [A-Za-z0-9._-]",
		                 TOKEN_KID_MAX);
	result = kind->read_members(jwk, &pkey, why);
	if (result == 0)
		result = key_make(pkey, kid, ret_key, why);
	if (result == 0)
		pkey = NULL;
	return result;
}

/* ---- the set ---- */

struct reading {
	const struct document *set;
	unsigned int algorithms;
	const struct jwks_report *report;
	struct keyset *keys;
	struct fault *fault;
};

static void report_skipped(const struct reading *reading, size_t number, const struct fault *why)
{
	struct fault line;

	if (!reading->report || !reading->report->skipped)
		return;
	fault_set(&line, 0, "key %zu is passed over: %s", number, why->text);
	reading->report->skipped(reading->report->context, line.text);
}

static int add_key(const struct reading *reading, const struct document *jwk, size_t number)
{
	cleanup(cleanup_key) struct key *key = NULL;
	struct fault why = {""};
	int result = read_jwk(jwk, reading->algorithms, &key, &why);

	if (result == -EINVAL) {
		report_skipped(reading, number, &why);
		return 0;
	}
	if (result != 0)
		return fault_set(reading->fault, result, "key %zu: %s", number, strerror(-result));
	result = keyset_add(reading->keys, key, INT64_MIN, INT64_MAX, false);
	if (result == -EEXIST)
		return fault_set(reading->fault, -EINVAL,
		                 "key %zu: another key has the kid \"%s\"; need one for each kid",
		                 number, key->kid);
	if (result == 0)
		key = NULL;
	return result;
}

static int read_entry(const struct reading *reading, size_t index)
{
	struct document jwk;
	const char *secret;

	if (document_list_object(reading->set, "keys", index, &jwk) != 0)
		return fault_set(reading->fault, -EINVAL, "key %zu is no JSON object", index + 1);
	secret = private_member(&jwk);
	if (secret)
		return fault_set(reading->fault, -EINVAL,
		                 "key %zu has the private member \"%s\": need public keys alone, "
		                 "and a new key, since this one is known here",
		                 index + 1, secret);
	return add_key(reading, &jwk, index + 1);
}

static int read_entries(const struct reading *reading)
{
	size_t count = 0;
	int result = document_list(reading->set, "keys", &count);

	if (result != 0)
		return fault_set(reading->fault, -EINVAL,
		                 "not a JWK Set: need an array \"keys\" (RFC 7517 section 5)");
	for (size_t i = 0; i < count && result == 0; i++)
		result = read_entry(reading, i);
	if (result != 0)
		return result;
	if (!keyset_at(reading->keys, 0))
		return fault_set(reading->fault, -EINVAL,
		                 "none of its %zu keys can be used: need one for signatures",
		                 count);
	return 0;
}

int keyset_read_jwks(const char *text, size_t length, unsigned int algorithms,
                     const struct jwks_report *report, struct keyset **ret_keys,
                     struct fault *fault)
{
	cleanup(cleanup_errors) struct errors errors = errors_mark();
	cleanup(document_done) struct document set = {NULL};
	cleanup(cleanup_keyset) struct keyset *keys = keyset_new();
	const struct reading reading = {&set, algorithms, report, keys, fault};
	int result;

	(void)errors;
	if (!keys)
		return -ENOMEM;
	if (length > JWKS_MAX)
		return fault_set(fault, -EINVAL, "larger than %d bytes", JWKS_MAX);
	result = document_parse(text, length, &set);
	if (result == DOCUMENT_BOUNDS)
		return fault_set(fault, -EINVAL, "too deep or wide: need at most %d keys",
		                 DOCUMENT_MEMBERS);
	if (result > 0)
		return fault_set(fault, -EINVAL,
		                 "not a JWK Set: need one JSON object without a member that stands "
		                 "twice");
	if (result == 0)
		result = read_entries(&reading);
	if (result == 0)
		*ret_keys = take_ptr(keys);
	return result;
}
