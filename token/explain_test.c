/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The road of a token, told step by step: the same verdict, each claim with its value, and not a
 * word of a payload that nobody signed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/token_test_foreign.h"

/* What was told, a line each: "NAME yes|REASON|- TEXT". */
struct heard {
	FILE *out;
	char *text;
	size_t size;
};

static void hear(void *context, const struct token_step *step)
{
	struct heard *heard = context;
	const char *verdict =
	        step->reason != TOKEN_REASON_UNSET ? token_reason_word(step->reason) : "yes";

	assert_true(strlen(step->text) < TOKEN_STEP_SIZE);
	fprintf(heard->out, "%s %s%s%s\n", step->name, step->reached ? verdict : "-",
	        *step->text ? " " : "", step->text);
}

static char *explained(const struct bench *bench, const char *token, struct token_result *result)
{
	struct heard heard = {NULL};
	const struct token_steps steps = {hear, &heard};

	heard.out = open_memstream(&heard.text, &heard.size);
	memset(result, 0xa5, sizeof(*result));
	token_explain(token, strlen(token), bench->keys, &bench->expectation, &steps, result);
	fclose(heard.out);
	return heard.text;
}

static char *explained_foreign(const struct bench *bench, const char *token,
                               const struct foreign_expectation *expectation,
                               struct foreign_result *result)
{
	struct heard heard = {NULL};
	const struct token_steps steps = {hear, &heard};

	heard.out = open_memstream(&heard.text, &heard.size);
	token_explain_foreign(token, strlen(token), bench->keys, expectation, &steps, result);
	fclose(heard.out);
	return heard.text;
}

static void a_good_token_is_told_whole(void **state)
{
	struct bench *bench = *state;
	text_owned payload = payload_with(
	        "until",
	        "1800003600,\"cnf\":{\"ssh\":\"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb"
	        "+/8\"},\"nbf\":1799999995");
	text_owned token = sign_payload(bench, payload);
	struct token_result result;
	text_owned told = explained(bench, token, &result);
	text_owned wanted =
	        text_of("form yes %zu bytes\n"
	                "header yes alg ES256, kid %s\n"
	                "key yes %s, ES256\n"
	                "signature yes 64 bytes\n"
	                "claims yes %zu bytes\n"
	                "iss yes \"web1.example.org\"\n"
	                "aud yes \"web1.example.org\"\n"
	                "subject yes \"alice\"\n"
	                "scope yes \"sudo:root ssh:alice\"\n"
	                "jti yes \"b3f1\"\n"
	                "access yes 42\n"
	                "iat yes 2027-01-15T07:59:50Z, 1799999990\n"
	                "nbf yes 2027-01-15T07:59:55Z, 1799999995\n"
	                "exp yes 2027-01-15T08:04:50Z, 1800000290\n"
	                "lifetime yes 5m\n"
	                "until yes 2027-01-15T09:00:00Z, 1800003600\n"
	                "cnf yes {\"ssh\":\"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8\"}\n"
	                "require yes\n"
	                "replay yes\n",
	                strlen(token), bench->kid, bench->kid, strlen(payload));

	assert_string_equal(told, wanted);
	assert_int_equal(result.decision, DECISION_ALLOW);
	assert_string_equal(result.claims.sub, "alice");
}

/* The steps after the one that refused are named, and nothing is told of them. */
static void the_step_that_refuses_is_the_last(void **state)
{
	static const struct {
		const char *claim, *json, *line;
	} rows[] = {
	        {"iss", "\"web2\"",
	         "\niss token-issuer \"web2\", need web1.example.org\naud -\nsubject -\n"},
	        {"iss", "7", "\niss token-claims 7, need web1.example.org\naud -\n"},
	        {"iss", NULL, "\niss token-claim-missing need web1.example.org\naud -\n"},
	        {"aud", "[\"web2\",\"web3\"]",
	         "\naud token-audience [\"web2\",\"web3\"], need web1.example.org\nsubject -\n"},
	        {"sub", "[\"alice\"]", "\nsubject token-claims [\"alice\"]\nscope -\n"},
	        {"scope", "null", "\nscope token-claims null\njti -\n"},
	        {"jti", "\"\"", "\njti token-claims \"\"\naccess -\n"},
	        {"access", "0", "\naccess token-claims 0\niat -\n"},
	        {"iat", "1800000006",
	         "\niat token-early 2027-01-15T08:00:06Z, 1800000006\nnbf -\n"},
	        {"nbf", "1800000006",
	         "\nnbf token-early 2027-01-15T08:00:06Z, 1800000006\nexp -\n"},
	        {"exp", "1800000000",
	         "\nexp token-expired 2027-01-15T08:00:00Z, 1800000000\nlifetime -\n"},
	        {"exp", "\"soon\"", "\nexp token-claims \"soon\"\nlifetime -\n"},
	        {"exp", "1800009990", "\nlifetime token-lifetime 2h46m40s\nuntil -\n"},
	        {"until", "1", "\nuntil token-expired 1970-01-01T00:00:01Z, 1\ncnf -\n"},
	        {"cnf", "{\"jkt\":\"x\"}",
	         "\ncnf token-binding {\"jkt\":\"x\"}\nrequire -\nreplay -\n"},
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		text_owned payload = payload_with(rows[i].claim, rows[i].json);
		text_owned token = sign_payload(bench, payload);
		struct token_result result;
		text_owned told = explained(bench, token, &result);
		if (!strstr(told, rows[i].line))
			fail_msg("%s is not in %s", rows[i].line, told);
		assert_int_equal(result.decision, DECISION_DENY);
		assert_int_equal(result.reason, read_reason(bench, token, strlen(token)));
		assert_string_equal(result.claims.iss, "");
	}
}

static void t01_nothing_is_told_of_what_nobody_signed(void **state)
{
	struct bench *bench = *state;
	text_owned payload = payload_with("sub", "\"mallory\"");
	text_owned token = sign_payload(bench, payload);
	char *signature = strrchr(token, '.') + 1;
	struct token_result result;

	signature[3] = signature[3] == 'A' ? 'B' : 'A';
	text_owned told = explained(bench, token, &result);
	assert_non_null(strstr(told, "\nsignature token-signature 64 bytes\nclaims -\niss -\n"));
	assert_null(strstr(told, "mallory"));
	text_owned header = text_of("{\"alg\":\"ES256\",\"kid\":\"AAAAAAAA\",\"typ\":\"JWT\"}");
	text_owned unknown = sign(bench, header, payload);
	text_owned second = explained(bench, unknown, &result);
	assert_non_null(strstr(second, "\nheader yes alg ES256, kid AAAAAAAA\n"
	                               "key token-key-unknown\nsignature -\n"));
	text_owned third = explained(bench, "nonsense", &result);
	assert_ptr_equal(strstr(third, "form token-form 8 bytes\nheader -\nkey -\n"), third);
}

/* What would turn a line over, or a terminal, is told as JSON has it. */
static void texts_are_told_in_ascii_on_one_line(void **state)
{
	struct bench *bench = *state;
	text_owned long_text = text_of("\"%01100d\"", 0);
	text_owned payload = payload_with("sub", "\"a\\u202e\\nb\xc3\xa9\"");
	text_owned longer = payload_with("scope", long_text);
	text_owned token = sign_payload(bench, payload), other = sign_payload(bench, longer);
	struct token_result result;
	text_owned told = explained(bench, token, &result);
	text_owned cut = explained(bench, other, &result);

	assert_non_null(strstr(told, "subject token-claims \"a\\u202E\\nb\\u00E9\"\n"));
	assert_non_null(strstr(cut, "scope token-claims \"000"));
}

/* 1600 bytes that are 4800 as JSON in ASCII. */
static void what_is_too_long_for_a_line_is_not_told(void **state)
{
	struct bench *bench = *state;
	char text[1603];
	struct token_result result;

	memset(text, '"', sizeof(text));
	for (size_t i = 1; i < sizeof(text) - 2; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[sizeof(text) - 1] = '\0';
	text_owned payload = payload_with("jti", text);
	text_owned token = sign_payload(bench, payload);
	text_owned told = explained(bench, token, &result);

	assert_non_null(strstr(told, "\njti token-claims\naccess -\n"));
}

static void tokens_of_others_are_told_too(void **state)
{
	static const struct requirement required[] = {{"ref", "main"}, {"roles.ops", "true"}};
	struct bench *bench = *state;
	struct foreign_expectation expectation = expected();
	text_owned payload = text_of("{%s,\"login\":\"alice\",\"ref\":\"main\",\"roles\":{\"ops\":"
	                             "true}}",
	                             PAYLOAD);
	text_owned token = sign_payload(bench, payload);
	struct foreign_result result;

	expectation.required = required;
	expectation.required_count = 2;
	expectation.subject_claim = "login";
	text_owned told = explained_foreign(bench, token, &expectation, &result);
	assert_int_equal(result.decision, DECISION_ALLOW);
	assert_non_null(
	        strstr(told, "\nsubject yes \"alice\"\nscope yes\njti yes \"b3f1\"\naccess yes\n"));
	assert_non_null(strstr(told, "\nrequire yes 2 claims\nreplay yes "));
	assert_non_null(strstr(told, result.claims.replay));
	text_owned other = text_of("{%s,\"login\":\"alice\",\"ref\":\"dev\"}", PAYLOAD);
	text_owned refused = sign_payload(bench, other);
	text_owned second = explained_foreign(bench, refused, &expectation, &result);
	assert_int_equal(result.reason, TOKEN_REASON_REQUIRE);
	assert_non_null(
	        strstr(second, "\nrequire token-require ref is \"dev\", need main\nreplay -\n"));
	expectation.required = required + 1;
	expectation.required_count = 1;
	text_owned third = explained_foreign(bench, refused, &expectation, &result);
	assert_non_null(strstr(third, "require token-require roles.ops is not there, need true\n"));
}

static void an_incomplete_expectation_tells_nothing(void **state)
{
	struct bench *bench = *state;
	struct bench other = *bench;
	text_owned token = good_token(bench);
	struct token_result result;

	other.expectation.issuer = NULL;
	text_owned told = explained(&other, token, &result);
	assert_string_equal(told, "");
	assert_int_equal(result.reason, TOKEN_REASON_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_good_token_is_told_whole),
	        cmocka_unit_test(the_step_that_refuses_is_the_last),
	        cmocka_unit_test(t01_nothing_is_told_of_what_nobody_signed),
	        cmocka_unit_test(texts_are_told_in_ascii_on_one_line),
	        cmocka_unit_test(what_is_too_long_for_a_line_is_not_told),
	        cmocka_unit_test(tokens_of_others_are_told_too),
	        cmocka_unit_test(an_incomplete_expectation_tells_nothing),
	};

	return cmocka_run_group_tests_name("token explain", tests, bench_setup, bench_teardown);
}
