/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of tokens as a program. usage: reader ISSUER AUDIENCE NOW LIFETIME-MAX KEY.pem, or for
 * tokens of another issuer reader ISSUER AUDIENCE NOW LIFETIME-MAX KEYS.json [CLAIM=VALUE...], with
 * claims that are required.
 *
 * Each line of standard input is a token in hex. A line for each is printed: the word of the reason
 * why it is refused, or "allowed", iss, sub, scope, jti, access, iat, nbf, exp, until, cnf and, of
 * a foreign one, its replay key, with tabs between.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "token/key.h"
#include "token/token.h"

#define LEEWAY       5
#define REQUIRED_MAX 8

struct reading {
	struct keyset *keys;
	struct expectation own;
	struct foreign_expectation foreign;
	struct requirement required[REQUIRED_MAX];
	bool is_foreign;
};

/* ---- the keys ---- */

static int read_pem(const char *text, struct keyset **ret_keys, struct fault *fault)
{
	cleanup(cleanup_key) struct key *key = NULL;
	int r = key_from_public_pem(text, &key, fault);

	*ret_keys = keyset_new();
	if (r == 0 && *ret_keys)
		r = keyset_add(*ret_keys, key, INT64_MIN, INT64_MAX, false);
	if (r == 0)
		key = NULL;
	return r;
}

static int read_keys(const char *path, struct reading *reading, struct fault *fault)
{
	const struct file_rule rule = {.owner = geteuid(), .size_max = JWKS_MAX};
	const char *suffix = strrchr(path, '.');
	cleanup(cleanup_free) char *text = NULL;
	size_t length;
	int r = file_read(path, &rule, &text, &length, fault);

	reading->is_foreign = suffix && !strcmp(suffix, ".json");
	if (r < 0)
		return r;
	if (!reading->is_foreign)
		return read_pem(text, &reading->keys, fault);
	return keyset_read_jwks(text, length, KEY_BIT(KEY_ES256) | KEY_BIT(KEY_RS256), NULL,
	                        &reading->keys, fault);
}

/* ---- the tokens ---- */

static int digit(char character)
{
	return character <= '9' ? character - '0' : character - 'a' + 10;
}

/* Exactly as many bytes as the token has: what reads on behind it is seen by a sanitizer. */
static char *unhex(const char *line, size_t *ret_length)
{
	size_t length = strcspn(line, "\n") / 2;
	char *bytes = malloc(length ? length : 1);

	for (size_t i = 0; bytes && i < length; i++)
		bytes[i] = (char)(digit(line[2 * i]) << 4 | digit(line[2 * i + 1]));
	*ret_length = length;
	return bytes;
}

static void tell(const char *iss, const char *sub, const char *scope, const char *jti,
                 uint32_t access)
{
	printf("allowed\t%s\t%s\t%s\t%s\t%" PRIu32, iss, sub, scope, jti, access);
}

static void tell_times(int64_t iat, int64_t nbf, int64_t exp, int64_t until)
{
	printf("\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64, iat, nbf, exp, until);
}

static void read_own(const struct reading *reading, const char *text, size_t length)
{
	struct token_result result;
	const struct claims *claims = &result.claims;

	token_read(text, length, reading->keys, &reading->own, &result);
	if (result.decision != DECISION_ALLOW) {
		puts(token_reason_word(result.reason));
		return;
	}
	tell(claims->iss, claims->sub, claims->scope, claims->jti, claims->access);
	tell_times(claims->iat, claims->nbf, claims->exp, claims->until);
	printf("\t%s\n", claims->cnf);
}

static void read_foreign(const struct reading *reading, const char *text, size_t length)
{
	struct foreign_result result;
	const struct foreign_claims *claims = &result.claims;

	token_read_foreign(text, length, reading->keys, &reading->foreign, &result);
	if (result.decision != DECISION_ALLOW) {
		puts(token_reason_word(result.reason));
		return;
	}
	tell(claims->iss, claims->subject, claims->scope, claims->jti, claims->access);
	tell_times(claims->iat, claims->nbf, claims->exp, claims->until);
	printf("\t%s\t%s\n", claims->cnf, claims->replay);
}

static void read_all(const struct reading *reading)
{
	cleanup(cleanup_free) char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		size_t length;
		cleanup(cleanup_free) char *text = unhex(line, &length);

		if (!text)
			abort();
		if (reading->is_foreign)
			read_foreign(reading, text, length);
		else
			read_own(reading, text, length);
	}
}

/* ---- what must be so ---- */

static int read_required(char *const *words, struct reading *reading)
{
	struct foreign_expectation *foreign = &reading->foreign;

	foreign->required = reading->required;
	for (; *words; words++) {
		char *value = strchr(*words, '=');
		if (!value || foreign->required_count == REQUIRED_MAX)
			return -EINVAL;
		*value++ = '\0';
		reading->required[foreign->required_count++] = (struct requirement){*words, value};
	}
	return 0;
}

static int read_arguments(char **argv, struct reading *reading)
{
	uint64_t now, lifetime_max;

	if (parse_number(argv[3], INT64_MAX, &now) < 0 ||
	    parse_number(argv[4], INT64_MAX, &lifetime_max) < 0)
		return -EINVAL;
	reading->own = (struct expectation){argv[1], argv[2], (int64_t)now, (int64_t)lifetime_max};
	reading->foreign = (struct foreign_expectation){
	        .issuer = argv[1],
	        .audiences = (const char *const *)&argv[2],
	        .audience_count = 1,
	        .now = (int64_t)now,
	        .lifetime_max = (int64_t)lifetime_max,
	        .leeway = LEEWAY,
	};
	return read_required(argv + 6, reading);
}

int main(int argc, char **argv)
{
	struct reading reading = {.keys = NULL};
	struct fault fault = {""};

	if (argc < 6 || read_arguments(argv, &reading) < 0) {
		fprintf(stderr, "usage: reader ISSUER AUDIENCE NOW LIFETIME-MAX KEYS [C=V...]\n");
		return 2;
	}
	if (read_keys(argv[5], &reading, &fault) < 0 || !reading.keys) {
		fprintf(stderr, "reader: %s\n", fault.text);
		return 2;
	}
	read_all(&reading);
	keyset_free(reading.keys);
	return 0;
}
