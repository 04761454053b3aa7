/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of this room share: a key, a set that trusts it, an expectation, and a signer that
 * signs whatever it is told to. Test programs only; strings it returns are the caller's to free.
 */
#ifndef JIT_TOKEN_TEST_SIGN_H
#define JIT_TOKEN_TEST_SIGN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "token/key.h"
#include "token/token.h"

#define NOW          INT64_C(1800000000)
#define OUR_ISSUER   "web1.example.org"
#define OUR_AUDIENCE "web1.example.org"
#define COUNT(a)     (sizeof(a) / sizeof((a)[0]))

typedef char *owned_text;
#define text_owned cleanup(cleanup_free) owned_text

struct bench {
	enum key_algorithm algorithm;
	char *private_pem;
	char kid[KID_SIZE];
	struct keyset *keys; /* holds the key, without bounds of time */
	struct expectation expectation;
};

/* For cmocka's groups: *state is a struct bench *, with a key for ES256 or RS256. */
int bench_setup(void **state);
int bench_setup_rsa(void **state);
int bench_teardown(void **state);

__attribute__((format(printf, 1, 2))) char *text_of(const char *format, ...);
char *encode(const void *bytes, size_t length);

/* With the bench's key over any bytes, as a JWS has it (ES256: raw r || s). Returns the length. */
size_t sign_raw(const struct bench *bench, const void *bytes, size_t length,
                uint8_t raw[static KEY_SIGNATURE_MAX]);
/* "TEXT.SIGNATURE", for a text that need not be of any form. */
char *sign_text(const struct bench *bench, const char *text);
char *sign_bytes(const struct bench *bench, const void *header, size_t header_length,
                 const void *payload, size_t payload_length);
char *sign(const struct bench *bench, const char *header, const char *payload);
char *sign_payload(const struct bench *bench, const char *payload); /* under a good header */
char *good_token(const struct bench *bench);

char *good_header(const struct bench *bench);
/* The good claims with one of them replaced, or left out where `json` is NULL, or, where it is none
 * of them, added. */
char *payload_with(const char *name, const char *json);
#define good_payload() payload_with("", NULL)

/* Reads with the bench's expectation, checks that allow and deny are told as promised (all zero
 * unless allowed), and returns the reason; TOKEN_REASON_UNSET: allowed. */
enum token_reason read_reason(const struct bench *bench, const char *text, size_t length);
struct token_result read_result(const struct bench *bench, const char *text);

#define assert_reason(bench, text, expected)                                                       \
	assert_string_equal(token_reason_word(read_reason(bench, text, strlen(text))),             \
	                    token_reason_word(TOKEN_REASON_##expected))
#define assert_allowed(bench, text) assert_reason(bench, text, UNSET)
#define assert_refused(bench, text)                                                                \
	assert_int_not_equal(read_reason(bench, text, strlen(text)), TOKEN_REASON_UNSET)

/* Signs `payload` under the good header and expects the reason. */
#define assert_payload(bench, payload, expected)                                                   \
	do {                                                                                       \
		text_owned payload_ = (payload);                                                   \
		text_owned token_ = sign_payload(bench, payload_);                                 \
		assert_reason(bench, token_, expected);                                            \
	} while (0)
/* Signs the good payload under `header` and expects the reason. */
#define assert_header(bench, header, expected)                                                     \
	do {                                                                                       \
		text_owned header_ = (header);                                                     \
		text_owned payload_ = good_payload();                                              \
		text_owned token_ = sign(bench, header_, payload_);                                \
		assert_reason(bench, token_, expected);                                            \
	} while (0)

#endif
