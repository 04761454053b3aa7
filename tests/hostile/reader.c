/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader of tokens as a program. usage: reader ISSUER AUDIENCE NOW LIFETIME-MAX KEY.pem...
 *
 * Each line of standard input is a token in hex. A line for each is printed: the word of the reason
 * why it is refused, or "allowed", iss, sub, scope, jti, access, iat, nbf, exp, until and cnf, with
 * tabs between.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "token/key.h"
#include "token/token.h"

static int add_key(struct keyset *keys, const char *path, struct fault *fault)
{
	const struct file_rule rule = {.owner = geteuid(), .size_max = 16384};
	cleanup(cleanup_free) char *pem = NULL;
	cleanup(cleanup_key) struct key *key = NULL;
	size_t length;
	int r = file_read(path, &rule, &pem, &length, fault);

	if (r == 0)
		r = key_from_public_pem(pem, &key, fault);
	if (r == 0)
		r = keyset_add(keys, key, INT64_MIN, INT64_MAX, false);
	if (r == 0)
		key = NULL;
	return r;
}

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

static void tell(const struct token_result *result)
{
	const struct claims *claims = &result->claims;

	if (result->decision != DECISION_ALLOW) {
		puts(token_reason_word(result->reason));
		return;
	}
	printf("allowed\t%s\t%s\t%s\t%s\t%" PRIu32 "\t%" PRId64 "\t%" PRId64 "\t%" PRId64
	       "\t%" PRId64 "\t%s\n",
	       claims->iss, claims->sub, claims->scope, claims->jti, claims->access, claims->iat,
	       claims->nbf, claims->exp, claims->until, claims->cnf);
}

static void read_all(const struct keyset *keys, const struct expectation *expectation)
{
	cleanup(cleanup_free) char *line = NULL;
	size_t size = 0;

	while (getline(&line, &size, stdin) > 0) {
		struct token_result result;
		size_t length;
		cleanup(cleanup_free) char *text = unhex(line, &length);

		if (!text)
			abort();
		token_read(text, length, keys, expectation, &result);
		tell(&result);
	}
}

int main(int argc, char **argv)
{
	cleanup(cleanup_keyset) struct keyset *keys = keyset_new();
	struct expectation expectation;
	uint64_t now, lifetime_max;
	struct fault fault = {""};

	if (argc < 6 || !keys || parse_number(argv[3], INT64_MAX, &now) < 0 ||
	    parse_number(argv[4], INT64_MAX, &lifetime_max) < 0) {
		fprintf(stderr, "usage: reader ISSUER AUDIENCE NOW LIFETIME-MAX KEY.pem...\n");
		return 2;
	}
	for (int i = 5; i < argc; i++)
		if (add_key(keys, argv[i], &fault) < 0) {
			fprintf(stderr, "reader: %s\n", fault.text);
			return 2;
		}
	expectation = (struct expectation){argv[1], argv[2], (int64_t)now, (int64_t)lifetime_max};
	read_all(keys, &expectation);
	return 0;
}
