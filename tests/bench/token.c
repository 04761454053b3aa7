/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reading a token costs, beside the signature alone (EVP_DigestVerify with the key parsed once
 * and a context made for each, which is what cannot be avoided) and beside libjwt's jwt_decode(),
 * in one run and in turns. Prints medians; decides nothing.
 *
 *     make tests/bench/token && tests/bench/token
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jwt.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "base/secret.h"
#include "tests/bench/timing.h"
#include "token/base64url.h"
#include "token/token_test_foreign.h"

#define SAMPLES   201
#define SAMPLE_NS 2000000 /* that long goes a sample, and as often as fits */

struct subject {
	struct bench *bench;
	char *own, *foreign;                  /* tokens */
	size_t signed_length;                 /* of `own` */
	uint8_t signature[KEY_SIGNATURE_MAX]; /* of `own`, as OpenSSL takes it */
	size_t signature_length;
	EVP_PKEY *pkey;
	char *public_pem;
	struct foreign_expectation expectation;
};

#define must(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* ---- what is measured ---- */

static void verify_bare(const struct subject *subject)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx && EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, subject->pkey) == 1);
	must(EVP_DigestVerify(ctx, subject->signature, subject->signature_length,
	                      (const uint8_t *)subject->own, subject->signed_length) == 1);
	EVP_MD_CTX_free(ctx);
}

static void read_own(const struct subject *subject)
{
	struct token_result result;

	token_read(subject->own, strlen(subject->own), subject->bench->keys,
	           &subject->bench->expectation, &result);
	must(result.decision == DECISION_ALLOW);
}

static void read_foreign(const struct subject *subject)
{
	struct foreign_result result;

	token_read_foreign(subject->foreign, strlen(subject->foreign), subject->bench->keys,
	                   &subject->expectation, &result);
	must(result.decision == DECISION_ALLOW);
}

static void decode_with_libjwt(const struct subject *subject)
{
	jwt_t *jwt = NULL;

	must(jwt_decode(&jwt, subject->own, (const unsigned char *)subject->public_pem,
	                (int)strlen(subject->public_pem)) == 0);
	jwt_free(jwt);
}

static const struct way {
	const char *name;
	void (*go)(const struct subject *subject);
} ways[] = {{"bare EVP_DigestVerify", verify_bare},
            {"token_read", read_own},
            {"token_read_foreign", read_foreign},
            {"jwt_decode", decode_with_libjwt}};
enum { BARE, WAYS = sizeof(ways) / sizeof(ways[0]) };

static double measure(const struct way *way, const struct subject *subject)
{
	uint64_t begin = timing_ns(), end;
	size_t times = 0;

	do {
		way->go(subject);
		times++;
		end = timing_ns();
	} while (end - begin < SAMPLE_NS);
	return (double)(end - begin) / (double)times;
}

/* ---- what it is measured with ---- */

static size_t as_openssl_takes_it(const struct subject *subject, const uint8_t *raw, size_t length,
                                  uint8_t ret_signature[static KEY_SIGNATURE_MAX])
{
	ECDSA_SIG *pair;
	unsigned char *at = ret_signature;
	int size;

	if (subject->bench->algorithm != KEY_ES256) {
		memcpy(ret_signature, raw, length);
		return length;
	}
	pair = ECDSA_SIG_new();
	must(pair &&
	     ECDSA_SIG_set0(pair, BN_bin2bn(raw, 32, NULL), BN_bin2bn(raw + 32, 32, NULL)) == 1);
	size = i2d_ECDSA_SIG(pair, &at);
	must(size > 0);
	ECDSA_SIG_free(pair);
	return (size_t)size;
}

/* The key with its public half alone, as whoever verifies has it. */
static void take_keys(struct subject *subject)
{
	BIO *in = BIO_new_mem_buf(subject->bench->private_pem, -1), *out = BIO_new(BIO_s_mem());
	EVP_PKEY *private = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	char *bytes;
	long length;

	must(private && PEM_write_bio_PUBKEY(out, private) == 1);
	length = BIO_get_mem_data(out, &bytes);
	subject->public_pem = strndup(bytes, (size_t)length);
	subject->pkey = PEM_read_bio_PUBKEY(out, NULL, NULL, NULL);
	must(subject->public_pem && subject->pkey);
	EVP_PKEY_free(private);
	BIO_free(in);
	BIO_free(out);
}

static struct subject subject_of(struct bench *bench)
{
	struct subject subject = {.bench = bench, .expectation = expected()};
	uint8_t raw[KEY_SIGNATURE_MAX];
	const char *signature;
	size_t length = 0;

	subject.own = good_token(bench);
	subject.foreign = sign_payload(bench, "{" PAYLOAD "}");
	subject.signed_length = (size_t)(strrchr(subject.own, '.') - subject.own);
	signature = subject.own + subject.signed_length + 1;
	must(base64url_decode(signature, strlen(signature), raw, sizeof(raw), &length) == 0);
	subject.signature_length = as_openssl_takes_it(&subject, raw, length, subject.signature);
	take_keys(&subject);
	return subject;
}

static void subject_done(struct subject *subject)
{
	free(subject->own);
	free(subject->foreign);
	free(subject->public_pem);
	EVP_PKEY_free(subject->pkey);
}

static void run(const char *name, struct bench *bench)
{
	static double samples[WAYS][SAMPLES];
	struct subject subject = subject_of(bench);
	double bare;

	for (size_t k = 0; k < SAMPLES; k++)
		for (size_t w = 0; w < WAYS; w++)
			samples[w][k] = measure(&ways[w], &subject);
	bare = timing_median(samples[BARE], SAMPLES);
	printf("%s, a token of %zu bytes; medians of %d\n%24s %10s %10s %10s\n", name,
	       strlen(subject.own), SAMPLES, "", "us", "to bare", "more, us");
	for (size_t w = 0; w < WAYS; w++) {
		double ns = timing_median(samples[w], SAMPLES);
		printf("%24s %10.2f %10.2f %10.2f\n", ways[w].name, ns / 1000, ns / bare,
		       (ns - bare) / 1000);
	}
	subject_done(&subject);
}

int main(void)
{
	void *state = NULL;

	if (bench_setup(&state) != 0)
		return 1;
	run("ES256", state);
	bench_teardown(&state);
	if (bench_setup_rsa(&state) != 0)
		return 1;
	run("RS256", state);
	return bench_teardown(&state);
}
