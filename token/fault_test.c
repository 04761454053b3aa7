/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each library call that the reader makes answers what it never should, once: 0, -1, no memory.
 * None of it may end in an allow (T11). The linker turns the calls (--wrap) to the functions here.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/err.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "token/token_test_foreign.h"

enum call {
	CALL_NONE,
	CALL_VERIFY,
	CALL_VERIFY_INIT,
	CALL_CONTEXT,
	CALL_COPY,
	CALL_PUBLIC_CHECK,
	CALL_PAIRWISE_CHECK,
	CALL_DIGEST,
	CALL_NAME,
	CALL_INTEGER,
	CALL_NUMBER,
	CALL_FROM_DATA,
	CALL_FROM_DATA_INIT,
	CALL_CHECK_CONTEXT,
	CALL_PUBLIC_WRITE,
	CALL_PRIVATE_WRITE,
	CALL_DUPLICATE,
	CALL_READ,
	CALL_CLOSE,
	CALL_CALLOC,
	CALL_MALLOC,
	CALL_COUNT,
};

/* Which call fails with what; how often each was made. The wrapped functions have no argument of
 * ours, so this is the one place of the room with state of its own: it is a test. */
static struct {
	enum call failing;
	int answer;
	int made[CALL_COUNT];
	int parsed;
} faults;

static bool fails(enum call call)
{
	faults.made[call]++;
	return faults.failing == call;
}

#define WRAP_INT(call, name, parameters, arguments)                                                \
	int __real_##name parameters;                                                              \
	int __wrap_##name parameters;                                                              \
	int __wrap_##name parameters                                                               \
	{                                                                                          \
		return fails(call) ? faults.answer : __real_##name arguments;                      \
	}
#define WRAP_POINTER(call, type, name, parameters, arguments)                                      \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		return fails(call) ? NULL : __real_##name arguments;                               \
	}

WRAP_INT(CALL_VERIFY, EVP_DigestVerify,
         (EVP_MD_CTX * ctx, const unsigned char *signature, size_t signature_length,
          const unsigned char *bytes, size_t length),
         (ctx, signature, signature_length, bytes, length))
WRAP_INT(CALL_VERIFY_INIT, EVP_DigestVerifyInit,
         (EVP_MD_CTX * ctx, EVP_PKEY_CTX **pctx, const EVP_MD *type, ENGINE *engine,
          EVP_PKEY *pkey),
         (ctx, pctx, type, engine, pkey))
WRAP_POINTER(CALL_CONTEXT, EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())
WRAP_INT(CALL_COPY, EVP_MD_CTX_copy_ex, (EVP_MD_CTX * out, const EVP_MD_CTX *in), (out, in))
WRAP_INT(CALL_PUBLIC_CHECK, EVP_PKEY_public_check, (EVP_PKEY_CTX * ctx), (ctx))
WRAP_INT(CALL_PAIRWISE_CHECK, EVP_PKEY_pairwise_check, (EVP_PKEY_CTX * ctx), (ctx))
WRAP_INT(CALL_DIGEST, EVP_Digest,
         (const void *bytes, size_t length, unsigned char *digest, unsigned int *size,
          const EVP_MD *type, ENGINE *engine),
         (bytes, length, digest, size, type, engine))
WRAP_INT(CALL_NAME, EVP_PKEY_get_group_name,
         (const EVP_PKEY *pkey, char *name, size_t size, size_t *length),
         (pkey, name, size, length))

WRAP_INT(CALL_INTEGER, EVP_PKEY_get_int_param, (const EVP_PKEY *pkey, const char *name, int *value),
         (pkey, name, value))
WRAP_INT(CALL_NUMBER, EVP_PKEY_get_bn_param,
         (const EVP_PKEY *pkey, const char *name, BIGNUM **value), (pkey, name, value))
WRAP_INT(CALL_FROM_DATA, EVP_PKEY_fromdata,
         (EVP_PKEY_CTX * ctx, EVP_PKEY **pkey, int selection, OSSL_PARAM *parameters),
         (ctx, pkey, selection, parameters))
WRAP_INT(CALL_FROM_DATA_INIT, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX * ctx), (ctx))
WRAP_POINTER(CALL_CHECK_CONTEXT, EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_pkey,
             (OSSL_LIB_CTX * library, EVP_PKEY *pkey, const char *properties),
             (library, pkey, properties))
WRAP_INT(CALL_PUBLIC_WRITE, i2d_PUBKEY, (const EVP_PKEY *pkey, unsigned char **out), (pkey, out))
WRAP_INT(CALL_PRIVATE_WRITE, PEM_write_bio_PrivateKey,
         (BIO * out, const EVP_PKEY *pkey, const EVP_CIPHER *cipher, const unsigned char *word,
          int length, pem_password_cb *ask, void *context),
         (out, pkey, cipher, word, length, ask, context))
WRAP_POINTER(CALL_DUPLICATE, char *, strndup, (const char *text, size_t length), (text, length))
WRAP_POINTER(CALL_READ, BIO *, BIO_new_mem_buf, (const void *bytes, int length), (bytes, length))
WRAP_POINTER(CALL_CALLOC, void *, calloc, (size_t count, size_t size), (count, size))
WRAP_POINTER(CALL_MALLOC, void *, malloc, (size_t size), (size))

/* What is closed is closed, whatever it says. */
int __real_fclose(FILE *file);
int __wrap_fclose(FILE *file);
int __wrap_fclose(FILE *file)
{
	int result = __real_fclose(file);

	return fails(CALL_CLOSE) ? EOF : result;
}

json_t *__real_json_loadb(const char *bytes, size_t length, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *bytes, size_t length, size_t flags, json_error_t *error);
json_t *__wrap_json_loadb(const char *bytes, size_t length, size_t flags, json_error_t *error)
{
	faults.parsed++;
	return __real_json_loadb(bytes, length, flags, error);
}

static void faults_reset(enum call failing, int answer)
{
	memset(&faults, 0, sizeof(faults));
	faults.failing = failing;
	faults.answer = answer;
}

static void t11_only_one_counts_as_verified(void **state)
{
	static const int answers[] = {0, -1, -2, 2, 256, INT32_MIN};
	static const enum call calls[] = {CALL_VERIFY, CALL_COPY};
	struct bench *bench = *state;
	text_owned token = good_token(bench);

	for (size_t i = 0; i < COUNT(calls); i++)
		for (size_t j = 0; j < COUNT(answers); j++) {
			faults_reset(calls[i], answers[j]);
			if (calls[i] == CALL_VERIFY && answers[j] == 0)
				assert_reason(bench, token, SIGNATURE);
			else
				assert_reason(bench, token, INTERNAL);
			assert_true(faults.made[calls[i]] > 0);
			/* nothing goes on from a call that failed */
			assert_int_equal(faults.made[CALL_VERIFY], calls[i] == CALL_VERIFY);
			faults_reset(CALL_NONE, 0);
			assert_allowed(bench, token);
		}
}

static void t11_no_memory_denies(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);

	faults_reset(CALL_CONTEXT, 0);
	assert_reason(bench, token, INTERNAL);
	assert_true(faults.made[CALL_CONTEXT] > 0);
	faults_reset(CALL_NONE, 0);
	assert_allowed(bench, token);
}

static int load_private(const struct bench *bench, struct key **ret_key, struct fault *fault)
{
	return key_from_private_pem(bench->private_pem, ret_key, fault);
}

static char *set_of(const struct bench *bench)
{
	char *text = NULL;

	faults_reset(CALL_NONE, 0);
	assert_int_equal(keyset_write_jwks(bench->keys, &text), 0);
	return text;
}

#define ANSWERS                                                                                    \
	{                                                                                          \
		0, -1, 2                                                                           \
	}

static void t11_only_one_counts_as_a_good_key(void **state)
{
	static const int answers[] = ANSWERS;
	static const enum call calls[] = {CALL_PUBLIC_CHECK,  CALL_PAIRWISE_CHECK, CALL_DIGEST,
	                                  CALL_NAME,          CALL_VERIFY_INIT,    CALL_CONTEXT,
	                                  CALL_INTEGER,       CALL_NUMBER,         CALL_CALLOC,
	                                  CALL_CHECK_CONTEXT, CALL_PUBLIC_WRITE};
	struct bench *bench = *state;
	bool is_ec = bench->algorithm == KEY_ES256;

	for (size_t i = 0; i < COUNT(calls); i++)
		for (size_t j = 0; j < COUNT(answers); j++) {
			struct key *key = NULL;
			struct fault fault;
			int result;
			if (!is_ec && (calls[i] == CALL_NAME || calls[i] == CALL_INTEGER))
				continue; /* of curves */
			if (calls[i] == CALL_PUBLIC_WRITE && answers[j] == 2)
				continue; /* a length */
			faults_reset(calls[i], answers[j]);
			result = load_private(bench, &key, &fault);
			assert_true(faults.made[calls[i]] > 0);
			faults_reset(CALL_NONE, 0);
			assert_true(result < 0);
			assert_null(key);
		}
}

static void t11_only_one_counts_as_a_good_key_of_a_set(void **state)
{
	static const int answers[] = ANSWERS;
	static const enum call calls[] = {CALL_PUBLIC_CHECK, CALL_FROM_DATA,    CALL_FROM_DATA_INIT,
	                                  CALL_VERIFY_INIT,  CALL_CONTEXT,      CALL_CALLOC,
	                                  CALL_MALLOC,       CALL_CHECK_CONTEXT};
	text_owned text = set_of(*state);

	for (size_t i = 0; i < COUNT(calls); i++)
		for (size_t j = 0; j < COUNT(answers); j++) {
			struct keyset *keys = NULL;
			struct fault fault;
			int result;
			faults_reset(calls[i], answers[j]);
			result = keyset_read_jwks(text, strlen(text),
			                          KEY_BIT(KEY_ES256) | KEY_BIT(KEY_RS256), NULL,
			                          &keys, &fault);
			assert_true(faults.made[calls[i]] > 0);
			/* nothing is read where there is no place for it */
			assert_true(calls[i] != CALL_CALLOC || faults.made[CALL_CALLOC] == 1);
			faults_reset(CALL_NONE, 0);
			assert_true(result < 0);
			assert_null(keys);
		}
}

static void a_key_that_cannot_be_written_is_not_made(void **state)
{
	struct bench *bench = *state;
	char *pem = NULL, *json = NULL;
	struct fault fault = {""};

	for (int nothing = 0; nothing <= 1; nothing++) { /* written, whatever it says */
		faults_reset(CALL_PRIVATE_WRITE, nothing);
		assert_int_equal(key_generate(bench->algorithm, &pem, &fault), -EIO);
		assert_non_null(strstr(fault.text, "could not make a key"));
	}
	faults_reset(CALL_DUPLICATE, 0);
	assert_int_equal(key_generate(bench->algorithm, &pem, &fault), -ENOMEM);
	faults_reset(CALL_NUMBER, 0);
	assert_int_equal(key_public_jwk(keyset_at(bench->keys, 0)->key, &json), -EIO);
	assert_int_equal(keyset_write_jwks(bench->keys, &json), -EIO);
	faults_reset(CALL_CLOSE, 0);
	assert_int_equal(keyset_write_jwks(bench->keys, &json), -ENOMEM);
	faults_reset(CALL_NONE, 0);
	assert_null(pem);
	assert_null(json);
}

static void a_key_that_cannot_be_read_for_lack_of_memory_says_so(void **state)
{
	struct key *key = NULL;
	struct fault fault;

	faults_reset(CALL_READ, 0);
	assert_int_equal(load_private(*state, &key, &fault), -ENOMEM);
	assert_int_equal(key_from_public_pem("-----BEGIN PUBLIC KEY-----\n", &key, &fault),
	                 -ENOMEM);
	faults_reset(CALL_NONE, 0);
	assert_null(key);
}

static void t06_an_unknown_kid_costs_no_signature(void **state)
{
	struct bench *bench = *state;

	faults_reset(CALL_NONE, 0);
	assert_header(bench, strdup("{\"alg\":\"ES256\",\"kid\":\"AAAAAAAA\",\"typ\":\"JWT\"}"),
	              KEY_UNKNOWN);
	assert_header(bench,
	              text_of("{\"alg\":\"none\",\"kid\":\"%s\",\"typ\":\"JWT\"}", bench->kid),
	              ALGORITHM);
	assert_int_equal(faults.made[CALL_VERIFY], 0);
	assert_int_equal(faults.made[CALL_COPY], 0);
}

static void t10_a_signature_of_another_length_never_reaches_openssl(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);

	faults_reset(CALL_NONE, 0);
	for (size_t cut = 1; cut < 86; cut++) {
		token[strlen(token) - 1] = '\0';
		assert_refused(bench, token);
	}
	assert_int_equal(faults.made[CALL_VERIFY], 0);
	assert_int_equal(faults.made[CALL_COPY], 0);
}

/* T1, T21: what a forgery says is never even parsed. */
static void t01_claims_are_not_read_before_the_signature_held(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	char *payload = strchr(token, '.') + 1;

	faults_reset(CALL_NONE, 0);
	assert_allowed(bench, token);
	assert_int_equal(faults.parsed, 2);
	payload[4] = payload[4] == 'A' ? 'B' : 'A';
	faults_reset(CALL_NONE, 0);
	assert_reason(bench, token, SIGNATURE);
	assert_int_equal(faults.parsed, 1);
}

static int allocations_left;

static void *scarce_malloc(size_t size)
{
	return allocations_left-- > 0 ? malloc(size) : NULL;
}

static void a_lack_of_memory_in_json_denies_at_every_place(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	enum token_reason reason = TOKEN_REASON_INTERNAL;
	int tried = 0;

	faults_reset(CALL_NONE, 0);
	json_set_alloc_funcs(scarce_malloc, free);
	for (; reason != TOKEN_REASON_UNSET && tried < 10000; tried++) {
		allocations_left = tried;
		reason = read_reason(bench, token, strlen(token));
	}
	json_set_alloc_funcs(malloc, free);
	assert_int_equal(reason, TOKEN_REASON_UNSET); /* at last there was enough */
	assert_in_range(tried, 20, 9999);
}

static void a_lack_of_memory_in_json_denies_foreign_tokens(void **state)
{
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();
	text_owned token = sign_payload(bench, "{" PAYLOAD "}");
	struct foreign_result result = {.decision = DECISION_NONE};
	int tried = 0;

	faults_reset(CALL_NONE, 0);
	json_set_alloc_funcs(scarce_malloc, free);
	for (; result.decision != DECISION_ALLOW && tried < 10000; tried++) {
		allocations_left = tried;
		result = read_with(bench, token, &expectation);
	}
	json_set_alloc_funcs(malloc, free);
	assert_in_range(tried, 20, 9999);
}

static void a_lack_of_memory_in_json_refuses_a_set(void **state)
{
	text_owned text = set_of(*state);
	cleanup(cleanup_keyset) struct keyset *keys = NULL;
	int tried = 0;

	json_set_alloc_funcs(scarce_malloc, free);
	for (; !keys && tried < 10000; tried++) {
		int result;
		allocations_left = tried;
		result = keyset_read_jwks(text, strlen(text),
		                          KEY_BIT(KEY_ES256) | KEY_BIT(KEY_RS256), NULL, &keys,
		                          NULL);
		assert_true((result == 0) == (keys != NULL));
	}
	json_set_alloc_funcs(malloc, free);
	assert_in_range(tried, 10, 9999);
}

static void no_failure_leaves_openssl_errors_behind(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	struct key *key = NULL;

	faults_reset(CALL_NONE, 0);
	strrchr(token, '.')[1] = strrchr(token, '.')[1] == 'A' ? 'B' : 'A';
	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 7); /* somebody else's */
	assert_reason(bench, token, SIGNATURE);
	assert_int_equal(key_from_public_pem("-----BEGIN PUBLIC KEY-----\nAA", &key, NULL),
	                 -EINVAL);
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
	assert_int_equal(ERR_get_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(t11_only_one_counts_as_verified),
	        cmocka_unit_test(t11_no_memory_denies),
	        cmocka_unit_test(t11_only_one_counts_as_a_good_key),
	        cmocka_unit_test(t11_only_one_counts_as_a_good_key_of_a_set),
	        cmocka_unit_test(a_key_that_cannot_be_written_is_not_made),
	        cmocka_unit_test(a_key_that_cannot_be_read_for_lack_of_memory_says_so),
	        cmocka_unit_test(t06_an_unknown_kid_costs_no_signature),
	        cmocka_unit_test(t10_a_signature_of_another_length_never_reaches_openssl),
	        cmocka_unit_test(t01_claims_are_not_read_before_the_signature_held),
	        cmocka_unit_test(a_lack_of_memory_in_json_denies_at_every_place),
	        cmocka_unit_test(a_lack_of_memory_in_json_denies_foreign_tokens),
	        cmocka_unit_test(a_lack_of_memory_in_json_refuses_a_set),
	        cmocka_unit_test(no_failure_leaves_openssl_errors_behind),
	};

	const struct CMUnitTest of_rsa[] = {
	        cmocka_unit_test(t11_only_one_counts_as_verified),
	        cmocka_unit_test(t11_no_memory_denies),
	        cmocka_unit_test(t11_only_one_counts_as_a_good_key),
	        cmocka_unit_test(t11_only_one_counts_as_a_good_key_of_a_set),
	        cmocka_unit_test(a_key_that_cannot_be_written_is_not_made),
	        cmocka_unit_test(t01_claims_are_not_read_before_the_signature_held),
	};
	const int ec =
	        cmocka_run_group_tests_name("token faults", tests, bench_setup, bench_teardown);

	return ec + cmocka_run_group_tests_name("token faults, RSA", of_rsa, bench_setup_rsa,
	                                        bench_teardown);
}
