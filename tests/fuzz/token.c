/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever a token or a set of keys says: no crash, and an allow only for what the claims really
 * say. An input's first line says what the rest is:
 *
 *   t          a token as it comes
 *   e, r       what is to be signed here with ES256 or RS256, since no fuzzer gets past a
 *              signature: a line each of header, subject's claim, scope's claim, a required claim
 *              and its value, and then the payload. A number after the letter: the byte of the
 *              signature that is changed afterwards
 *   j          a JWK Set; a number after the letter: the algorithms that are allowed
 *   p          a key in PEM
 *
 * A libFuzzer target, and replayed over the corpus by tests/fuzz/replay.c.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "tests/fuzz/token_keys.h"
#include "token/base64url.h"
#include "token/key.h"
#include "token/token.h"

#define NOW       INT64_C(1800000000)
#define ISSUER    "web1.example.org"
#define LIFETIME  3600
#define LEEWAY    30
#define BOTH      (KEY_BIT(KEY_ES256) | KEY_BIT(KEY_RS256))
#define INPUT_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* ---- keys ---- */

struct signer {
	EVP_PKEY *pkey;
	bool raw; /* r || s */
};

static EVP_PKEY *load(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	must(pkey);
	BIO_free(bio);
	return pkey;
}

static void trust(struct keyset *keys, const char *pem)
{
	struct key *key = NULL;

	must(key_from_private_pem(pem, &key, NULL) == 0);
	must(keyset_add(keys, key, INT64_MIN, INT64_MAX, false) == 0);
}

/* Made once, for all inputs. */
static const struct keyset *trusted(void)
{
	static struct keyset *keys;

	if (!keys) {
		keys = keyset_new();
		trust(keys, FUZZ_KEY_ES256);
		trust(keys, FUZZ_KEY_RS256);
	}
	return keys;
}

static const struct signer *signer_of(char letter)
{
	static struct signer ec, rsa;

	if (!ec.pkey) {
		ec = (struct signer){load(FUZZ_KEY_ES256), true};
		rsa = (struct signer){load(FUZZ_KEY_RS256), false};
	}
	return letter == 'e' ? &ec : &rsa;
}

static size_t sign(const struct signer *signer, const char *text, size_t length,
                   uint8_t signature[static KEY_SIGNATURE_MAX])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char bytes[KEY_SIGNATURE_MAX];
	const unsigned char *at = bytes;
	size_t size = sizeof(bytes);
	ECDSA_SIG *pair;

	must(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, signer->pkey) == 1);
	must(EVP_DigestSign(ctx, bytes, &size, (const unsigned char *)text, length) == 1);
	EVP_MD_CTX_free(ctx);
	memcpy(signature, bytes, size);
	if (!signer->raw)
		return size;
	pair = d2i_ECDSA_SIG(NULL, &at, (long)size);
	must(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, 32) == 32);
	must(BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + 32, 32) == 32);
	ECDSA_SIG_free(pair);
	return 64;
}

/* ---- what an allow promises ---- */

static void check_text(const char *text, size_t size)
{
	size_t length = strnlen(text, size);

	must(length < size);
	must(text_is_clean(text, length));
}

static void check_lifetime(int64_t iat, int64_t nbf, int64_t exp, int64_t until, int64_t ahead)
{
	must(exp > NOW && exp - iat >= 1 && exp - iat <= LIFETIME);
	must(iat <= NOW + ahead && nbf <= NOW + ahead && iat >= 0 && nbf >= 0);
	must(until == 0 || until > NOW);
}

/* The claim is this string, as another reader of the same JSON has it. */
static void check_claim(const json_t *claims, const char *name, const char *is)
{
	const json_t *value = json_object_get(claims, name);

	must(json_is_string(value) && strcmp(json_string_value(value), is) == 0);
	must(json_string_length(value) == strlen(is) && *is);
}

static void check_audience(const json_t *claims)
{
	const json_t *value = json_object_get(claims, "aud");
	bool found = json_is_string(value) && strcmp(json_string_value(value), ISSUER) == 0;

	for (size_t i = 0; i < json_array_size(value); i++)
		found |= strcmp(json_string_value(json_array_get(value, i)), ISSUER) == 0;
	must(found);
}

/* The payload of a token, read by a lax reader; freed by the caller. */
static json_t *payload_of(const char *text, size_t length)
{
	const char *first = memchr(text, '.', length), *second = strrchr(text, '.');
	uint8_t bytes[TOKEN_MAX];
	size_t used = 0;

	must(first && second && second > first);
	must(base64url_decode(first + 1, (size_t)(second - first - 1), bytes, sizeof(bytes),
	                      &used) == 0);
	return json_loadb((const char *)bytes, used, 0, NULL);
}

/* Each step is told once, the last that is reached refuses or none does, and nothing is told of
 * claims that nobody signed. */
struct told {
	size_t reached, told;
	enum token_reason reason;
};

static void check_step(void *context, const struct token_step *step)
{
	struct told *told = context;

	check_text(step->text, TOKEN_STEP_SIZE);
	must(*step->name && (step->reached || !*step->text));
	must(told->reason == TOKEN_REASON_UNSET ? step->reached : !step->reached);
	told->told++;
	told->reached += step->reached;
	if (step->reached)
		told->reason = step->reason;
}

static void check_own(const char *text, size_t length, bool may_pass)
{
	static const struct claims none;
	const struct expectation expectation = {ISSUER, ISSUER, NOW, LIFETIME};
	struct told told = {0};
	const struct token_steps steps = {check_step, &told};
	struct token_result result;
	json_t *claims;

	memset(&result, 0xa5, sizeof(result));
	token_explain(text, length, trusted(), &expectation, &steps, &result);
	must(*token_reason_word(result.reason) && told.reason == result.reason && told.told > 5);
	if (result.decision != DECISION_ALLOW) {
		must(result.decision == DECISION_DENY && result.reason != TOKEN_REASON_UNSET);
		must(memcmp(&result.claims, &none, sizeof(none)) == 0);
		return;
	}
	must(may_pass && result.reason == TOKEN_REASON_UNSET);
	claims = payload_of(text, length);
	check_claim(claims, "iss", result.claims.iss);
	check_claim(claims, "sub", result.claims.sub);
	check_claim(claims, "scope", result.claims.scope);
	check_claim(claims, "jti", result.claims.jti);
	check_claim(claims, "iss", ISSUER);
	check_audience(claims);
	check_text(result.claims.cnf, sizeof(result.claims.cnf));
	must(!json_object_get(claims, "cnf") == !*result.claims.cnf);
	must(result.claims.access == json_integer_value(json_object_get(claims, "access")));
	must(result.claims.access >= 1 && kid_is_good(result.claims.kid));
	check_lifetime(result.claims.iat, result.claims.nbf, result.claims.exp, result.claims.until,
	               TOKEN_SKEW);
	json_decref(claims);
}

static void check_foreign_claims(const struct foreign_claims *read, const json_t *claims)
{
	check_claim(claims, "iss", ISSUER);
	check_audience(claims);
	check_text(read->subject, sizeof(read->subject));
	check_text(read->scope, sizeof(read->scope));
	check_text(read->jti, sizeof(read->jti));
	check_text(read->cnf, sizeof(read->cnf));
	must(*read->subject && kid_is_good(read->kid));
	must(!json_object_get(claims, "cnf") == !*read->cnf);
	must(!json_object_get(claims, "jti") == !*read->jti);
	must(strspn(read->replay, "0123456789abcdef") == 64 && !read->replay[64]);
	check_lifetime(read->iat, read->nbf, read->exp, read->until, LEEWAY);
}

struct asked {
	const char *subject, *scope, *claim, *value;
};

static void check_foreign(const char *text, size_t length, const struct asked *asked, bool may_pass)
{
	static const struct foreign_claims none;
	static const char *const audiences[] = {"https://" ISSUER, ISSUER};
	const struct requirement required = {asked->claim, asked->value};
	const struct foreign_expectation expectation = {
	        .issuer = ISSUER,
	        .audiences = audiences,
	        .audience_count = 2,
	        .now = NOW,
	        .lifetime_max = LIFETIME,
	        .leeway = LEEWAY,
	        .subject_claim = *asked->subject ? asked->subject : NULL,
	        .scope_claim = *asked->scope ? asked->scope : NULL,
	        .required = &required,
	        .required_count = *asked->claim ? 1 : 0};
	struct told told = {0};
	const struct token_steps steps = {check_step, &told};
	struct foreign_result result;
	json_t *claims;

	memset(&result, 0xa5, sizeof(result));
	token_explain_foreign(text, length, trusted(), &expectation, &steps, &result);
	must(told.reason == result.reason && told.told > 5);
	if (result.decision != DECISION_ALLOW) {
		must(result.decision == DECISION_DENY && result.reason != TOKEN_REASON_UNSET);
		must(memcmp(&result.claims, &none, sizeof(none)) == 0);
		return;
	}
	must(may_pass && result.reason == TOKEN_REASON_UNSET);
	must(!*asked->scope == !*result.claims.scope);
	claims = payload_of(text, length);
	check_foreign_claims(&result.claims, claims);
	if (expectation.required_count && !strchr(asked->claim, '.'))
		must(json_object_get(claims, asked->claim));
	json_decref(claims);
}

/* ---- tokens ---- */

static char *take_line(char **rest, size_t *size)
{
	static char nothing[] = "";
	char *line = *rest, *end = memchr(line, '\n', *size);

	if (!end) {
		*rest = nothing;
		*size = 0;
		return line; /* the input ends with a NUL of ours */
	}
	*end = '\0';
	*size -= (size_t)(end + 1 - line);
	*rest = end + 1;
	return line;
}

static void check_token(const char *text, size_t length, const struct asked *asked, bool may_pass)
{
	char kid[TOKEN_KID_MAX + 1] = "";

	if (token_unverified_kid(text, length, kid) == TOKEN_REASON_UNSET)
		must(kid_is_good(kid));
	check_own(text, length, may_pass);
	check_foreign(text, length, asked, may_pass);
}

static void check_signed(const char *mode, char *rest, size_t size)
{
	const char *header = take_line(&rest, &size);
	const char *subject = take_line(&rest, &size), *scope = take_line(&rest, &size);
	const char *claim = take_line(&rest, &size), *value = take_line(&rest, &size);
	const struct asked asked = {subject, scope, claim, value};
	const size_t first = BASE64URL_LENGTH(strlen(header)), second = BASE64URL_LENGTH(size);
	const size_t most = first + second + BASE64URL_LENGTH((size_t)KEY_SIGNATURE_MAX) + 3;
	cleanup(cleanup_free) char *token = malloc(most);
	uint8_t signature[KEY_SIGNATURE_MAX];
	size_t length;

	must(token);
	base64url_encode((const uint8_t *)header, strlen(header), token);
	token[first] = '.';
	base64url_encode((const uint8_t *)rest, size, token + first + 1);
	length = sign(signer_of(*mode), token, first + 1 + second, signature);
	if (mode[1])
		signature[strtoul(mode + 1, NULL, 10) % length] ^= 0x10;
	token[first + 1 + second] = '.';
	base64url_encode(signature, length, token + first + second + 2);
	check_token(token, strlen(token), &asked, !mode[1]);
}

/* ---- keys from outside ---- */

static size_t count_of(const struct keyset *keys)
{
	size_t count = 0;

	while (keyset_at(keys, count))
		count++;
	return count;
}

static bool has_rsa(const struct keyset *keys)
{
	const struct keyset_entry *entry;

	for (size_t i = 0; (entry = keyset_at(keys, i)); i++)
		if (key_algorithm(entry->key) == KEY_RS256)
			return true;
	return false;
}

static void check_keys(const struct keyset *keys, unsigned int algorithms)
{
	cleanup(cleanup_keyset) struct keyset *again = NULL;
	cleanup(cleanup_free) char *text = NULL, *second = NULL;
	const struct keyset_entry *entry;
	int r;

	for (size_t i = 0; (entry = keyset_at(keys, i)); i++) {
		const char *kid = key_kid(entry->key);
		must(kid_is_good(kid));
		must(keyset_find(keys, kid, strlen(kid)) == entry);
		must(algorithms & KEY_BIT(key_algorithm(entry->key)));
	}
	must(keyset_write_jwks(keys, &text) == 0);
	r = keyset_read_jwks(text, strlen(text), BOTH, NULL, &again, NULL);
	/* OpenSSL's check of a modulus that is no product of two primes is a matter of chance */
	if (has_rsa(keys) && (r == -EINVAL || (r == 0 && count_of(again) < count_of(keys))))
		return;
	must(r == 0 && keyset_write_jwks(again, &second) == 0);
	must(strcmp(text, second) == 0);
}

static void check_line(void *context, const char *line)
{
	*(size_t *)context += 1;
	check_text(line, FAULT_SIZE);
	must(*line);
}

static void check_set(const char *mode, const char *text, size_t size)
{
	unsigned int algorithms = mode[1] ? (unsigned int)strtoul(mode + 1, NULL, 10) : BOTH;
	cleanup(cleanup_keyset) struct keyset *keys = NULL;
	size_t lines = 0;
	const struct jwks_report report = {check_line, &lines};
	struct fault fault = {""};
	int r = keyset_read_jwks(text, size, algorithms, &report, &keys, &fault);

	must(r == 0 || r == -EINVAL);
	must((r == 0) == !!keys && (r == 0) == !*fault.text);
	check_text(fault.text, sizeof(fault.text));
	if (keys) {
		must(keyset_at(keys, 0));
		check_keys(keys, algorithms);
	}
}

static void check_pem(const char *pem)
{
	int (*const loads[])(const char *, struct key **, struct fault *) = {key_from_public_pem,
	                                                                     key_from_private_pem};

	for (size_t i = 0; i < 2; i++) {
		cleanup(cleanup_keyset) struct keyset *keys = keyset_new();
		struct key *key = NULL;
		struct fault fault = {""};
		int r = loads[i](pem, &key, &fault);
		must(r == 0 || r == -EINVAL);
		must((r == 0) == !!key && (r == 0) == !*fault.text);
		check_text(fault.text, sizeof(fault.text));
		if (key) {
			must(keyset_add(keys, key, INT64_MIN, INT64_MAX, false) == 0);
			check_keys(keys, BOTH);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct asked nothing = {"", "", "", ""};
	cleanup(cleanup_free) char *text = size > INPUT_MAX ? NULL : calloc(1, size + 1);
	char *rest = text;
	const char *mode;

	if (!text)
		return 0;
	memcpy(text, data, size);
	mode = take_line(&rest, &size);
	if (*mode == 't')
		check_token(rest, size, &nothing, true);
	if (*mode == 'e' || *mode == 'r')
		check_signed(mode, rest, size);
	if (*mode == 'j')
		check_set(mode, rest, size);
	if (*mode == 'p')
		check_pem(rest);
	return 0;
}
