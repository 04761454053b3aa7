/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/admin/verify.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/parse.h"
#include "base/text.h"
#include "cli/admin/steps.h"
#include "token/key.h"
#include "token/token.h"

#define KEYS_MAX  ((size_t)1 << 20) /* bytes */
#define PEM_BEGIN "-----BEGIN "

/* In the order in which token_read() makes them (token/token.h). */
enum check { CHECK_NONE = 0, FORM, HEADER, KEY, SIGNATURE, CLAIMS, ISSUER, AUDIENCE, TIME, CHECKS };

static const char *const check_names[CHECKS] = {
        [FORM] = "form",           [HEADER] = "header", [KEY] = "key",
        [SIGNATURE] = "signature", [CLAIMS] = "claims", [ISSUER] = "issuer",
        [AUDIENCE] = "audience",   [TIME] = "time",
};

/* The check that each reason is the end of. */
static const enum check check_of[] = {
        [TOKEN_REASON_LENGTH] = FORM,
        [TOKEN_REASON_FORM] = FORM,
        [TOKEN_REASON_HEADER] = HEADER,
        [TOKEN_REASON_HEADER_MEMBER] = HEADER,
        [TOKEN_REASON_TYPE] = HEADER,
        [TOKEN_REASON_ALGORITHM] = KEY,
        [TOKEN_REASON_KEY_UNKNOWN] = KEY,
        [TOKEN_REASON_KEY_TIME] = KEY,
        [TOKEN_REASON_SIGNATURE_LENGTH] = SIGNATURE,
        [TOKEN_REASON_SIGNATURE] = SIGNATURE,
        [TOKEN_REASON_CLAIMS] = CLAIMS,
        [TOKEN_REASON_CLAIM_MISSING] = CLAIMS,
        [TOKEN_REASON_BINDING] = CLAIMS,
        [TOKEN_REASON_REQUIRE] = CLAIMS,
        [TOKEN_REASON_ISSUER] = ISSUER,
        [TOKEN_REASON_AUDIENCE] = AUDIENCE,
        [TOKEN_REASON_EXPIRED] = TIME,
        [TOKEN_REASON_EARLY] = TIME,
        [TOKEN_REASON_LIFETIME] = TIME,
        [TOKEN_REASON_INTERNAL] = CHECK_NONE,
};

static const char *const for_jitd_alone[] = {"door", "access", "revoked", "spent"};

/* ---- keys ---- */

/* One PEM block and what surrounds it, which key_from_public_pem() judges. */
static int add_key(struct keyset *keys, const char *from, size_t length, struct fault *fault)
{
	cleanup(cleanup_free) char *pem = strndup(from, length);
	cleanup(cleanup_key) struct key *key = NULL;
	int r = pem ? key_from_public_pem(pem, &key, fault) : -ENOMEM;

	if (r < 0)
		return r;
	r = keyset_add(keys, key, INT64_MIN, INT64_MAX, false);
	if (r == 0)
		key = NULL;
	return r == -EEXIST ? 0 : r; /* the same key twice */
}

static enum exit_code read_keys(const struct invocation *in, const char *path, struct keyset *keys)
{
	const struct file_rule rule = {.owner = geteuid(), .forbidden = 022, .size_max = KEYS_MAX};
	cleanup(cleanup_free) char *text = NULL;
	struct fault fault = {{0}};
	size_t length, number = 0;
	int r = file_read(path, &rule, &text, &length, &fault);

	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s", fault.text);
	for (const char *from = text, *next; r == 0 && from; from = next) {
		next = *from ? strstr(from + 1, PEM_BEGIN) : NULL;
		r = add_key(keys, from, next ? (size_t)(next - from) : strlen(from), &fault);
		number++;
	}
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "%s: key %zu: %s", path, number,
		               *fault.text ? fault.text : strerror(-r));
	return EXIT_DONE;
}

/* ---- what is said ---- */

static int say(struct steps *steps, const char *name, const char *verdict, const char *text)
{
	struct wire_step step = {{0}};

	best_effort(text_copy(step.name, sizeof(step.name), name));
	best_effort(text_copy(step.verdict, sizeof(step.verdict), verdict));
	text_sanitize(step.text, sizeof(step.text), text);
	return steps_take(steps, &step);
}

static int say_checks(struct steps *steps, const struct token_result *result, enum check failed,
                      const char *host_id)
{
	bool allow = result->decision == DECISION_ALLOW;
	int r = 0;

	for (enum check check = FORM; r == 0 && check < CHECKS; check++) {
		const char *host = check == ISSUER || check == AUDIENCE ? host_id : "";
		char text[sizeof(((struct wire_step *)NULL)->text)];
		if (allow || check < failed)
			r = say(steps, check_names[check], "yes", host);
		else if (check > failed)
			r = say(steps, check_names[check], "not-reached", "");
		else if (text_format(text, sizeof(text), "%s%s%s",
		                     token_reason_word(result->reason), *host ? ": not " : "",
		                     host) == 0)
			r = say(steps, check_names[check], "no", text);
		else
			r = -EMSGSIZE;
	}
	for (size_t i = 0; r == 0 && i < sizeof(for_jitd_alone) / sizeof(for_jitd_alone[0]); i++)
		r = say(steps, for_jitd_alone[i], "not-reached", "only jitd knows");
	return r;
}

static void print_claims(const struct claims *claims)
{
	const struct {
		const char *name;
		int64_t at;
	} times[] = {{"iat", claims->iat}, {"nbf", claims->nbf}, {"exp", claims->exp}};

	printf("\niss     %s\nsub     %s\nscope   %s\naccess  %u\njti     %s\nkid     %s\n",
	       claims->iss, claims->sub, claims->scope, claims->access, claims->jti, claims->kid);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char text[TIME_SIZE];
		format_time(times[i].at, text);
		printf("%-7s %s\n", times[i].name, text);
	}
}

static enum exit_code tell(const struct invocation *in, const struct token_result *result,
                           const char *host_id, bool json)
{
	bool allow = result->decision == DECISION_ALLOW;
	enum check failed = allow ? CHECKS : check_of[result->reason];
	cleanup(steps_done) struct steps steps = {0};
	int r = steps_begin(&steps, json);

	if (failed == CHECK_NONE)
		return give_up(in, EXIT_REFUSED, "internal error: the token could not be checked");
	if (r == 0)
		r = say_checks(&steps, result, failed, host_id);
	if (r < 0)
		return give_up(in, EXIT_REFUSED, "internal error: %s", strerror(-r));
	steps_end(&steps);
	if (allow && !json)
		print_claims(&result->claims);
	return allow ? EXIT_DONE : EXIT_REFUSED;
}

enum exit_code verify_token(const struct invocation *in, const char *keys, const char *host_id,
                            bool json, const char *text, size_t length)
{
	cleanup(cleanup_keyset) struct keyset *set = keyset_new();
	char name[HOST_NAME_MAX + 1] = "";
	struct expectation expectation = {.now = (int64_t)time(NULL),
	                                  .lifetime_max = TOKEN_LIFETIME_MAX};
	struct token_result result;
	enum exit_code code;

	if (!set)
		return give_up(in, EXIT_REFUSED, "internal error: no memory");
	if (!host_id && (gethostname(name, sizeof(name) - 1) < 0 || !*name))
		return give_up(in, EXIT_REFUSED, "this host has no name; give it: --host-id H");
	code = read_keys(in, keys, set);
	if (code != EXIT_DONE)
		return code;
	expectation.issuer = expectation.audience = host_id ? host_id : name;
	token_read(text, length, set, &expectation, &result);
	return tell(in, &result, expectation.issuer, json);
}
