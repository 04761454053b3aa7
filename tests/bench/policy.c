/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a decision costs with 10 to 10 000 rules, beside the check of one token's signature (ES256,
 * the key parsed once) in the same run and in turns with it. Prints medians; decides nothing.
 *
 *     make tests/bench/policy && tests/bench/policy
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "tests/bench/timing.h"
#include "token/base64url.h"
#include "token/token_test_sign.h"

#define SAMPLES    201
#define SAMPLE_NS  2000000 /* that long goes a sample, and as often as fits */
#define MANY       10000
#define HUNDRED    2 /* of `counts` */
#define ROW_FORMAT "  when = {\"mon-fri 08:00-18:00\"} approvals = 0 present = \"typed\" }\n"

static const size_t counts[] = {10, 50, 100, 1000, MANY};
#define COUNTS (sizeof(counts) / sizeof(counts[0]))

/* How the rules are, and what is asked of them. */
static const struct shape {
	const char *name;
	const char *rule;  /* of a number */
	const char *scope; /* asked, of a number: half of the count */
	unsigned int minute;
} shapes[] = {
        {"typical: a rule in the middle decides",
         "rule \"r%zu\" { who = {\"bob\", \"%%staff\"} scope = {\"sudo:app-%zu\"} hosts = {\"web*\"}" ROW_FORMAT,
         "sudo:app-%zu", 600},
        {"no rule has the scope",
         "rule \"r%zu\" { who = {\"bob\", \"%%staff\"} scope = {\"sudo:app-%zu\"} hosts = {\"web*\"}" ROW_FORMAT,
         "su:app-%zu", 600},
        {"every rule is a pattern that fits, until its last field",
         "rule \"r%zu\" { who = {\"bob\", \"%%staff\"} scope = {\"sudo:*\", \"ssh:app-%zu\"} "
         "hosts = {\"web*\"}" ROW_FORMAT,
         "sudo:app-%zu", 1200},
        {"the same with patterns that take long to fit",
         "rule \"r%zu\" { who = {\"bob\", \"%%staff\"} scope = {\"s*o:*a*p*\", \"ssh:app-%zu\"} "
         "hosts = {\"web*\"}" ROW_FORMAT,
         "sudo:app-%zu", 1200},
};

/* ---- decisions ---- */

static void tell(void *context, enum policy_severity severity, const char *line)
{
	(void)context;
	if (severity == POLICY_ERROR)
		fprintf(stderr, "%s\n", line);
}

/* Rules `first` to `end` as a file. */
static char *rules_text(const struct shape *shape, size_t first, size_t end)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* one of the shapes above */
	for (size_t i = first; i < end; i++)
		fprintf(out, shape->rule, i, i);
#pragma GCC diagnostic pop
	fclose(out);
	return text;
}

/* A file holds a thousand rules: more would be too long for it. */
static struct policy *policy_of(const struct shape *shape, size_t count)
{
	const struct policy_site site = {.max_grant = 43200};
	struct policy_source sources[MANY / 1000];
	struct policy *policy = NULL;
	char *texts[MANY / 1000];
	size_t files = 0;

	for (size_t i = 0; i < count; i += 1000) {
		texts[files] = rules_text(shape, i, i + 1000 < count ? i + 1000 : count);
		sources[files] = (struct policy_source){"bench", texts[files]};
		files++;
	}
	if (policy_parse(sources, files, &site, tell, NULL, &policy) != 0)
		abort();
	for (size_t i = 0; i < files; i++)
		free(texts[i]);
	return policy;
}

static void question_of(const struct shape *shape, size_t count, const struct identity *subject,
                        char scope[static 64], struct question *ret_question)
{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	(void)snprintf(scope, 64, shape->scope, count / 2);
#pragma GCC diagnostic pop
	*ret_question = (struct question){
	        .subject = subject,
	        .scopes = scope,
	        .here = "web1",
	        .at = {.known = true, .day = 2, .minute = shape->minute},
	};
}

static double decide(const struct policy *policy, const struct question *question)
{
	uint64_t begin = timing_ns(), end;
	size_t times = 0, allowed = 0;

	do {
		for (int i = 0; i < 16; i++)
			allowed += policy_evaluate(policy, question).effect == DECISION_ALLOW;
		times += 16;
		end = timing_ns();
	} while (end - begin < SAMPLE_NS);
	if (allowed && allowed != times)
		abort();
	return (double)(end - begin) / (double)times;
}

/* ---- signatures ---- */

static double verify(const struct bench *bench, const char *token, bool whole)
{
	const char *dot = strrchr(token, '.');
	const struct keyset_entry *entry = keyset_find(bench->keys, bench->kid, strlen(bench->kid));
	uint64_t begin = timing_ns(), end;
	uint8_t signature[64];
	size_t times = 0, length;

	if (base64url_decode(dot + 1, strlen(dot + 1), signature, sizeof(signature), &length) < 0)
		abort();
	do {
		struct token_result result;
		if (whole)
			token_read(token, strlen(token), bench->keys, &bench->expectation, &result);
		else if (key_verify(entry->key, token, (size_t)(dot - token), signature, length) !=
		         0)
			abort();
		if (whole && result.decision != DECISION_ALLOW)
			abort();
		times++;
		end = timing_ns();
	} while (end - begin < SAMPLE_NS);
	return (double)(end - begin) / (double)times;
}

/* ---- the table ---- */

struct row {
	struct policy *policies[COUNTS];
	struct question questions[COUNTS];
	char scopes[COUNTS][64];
	double samples[COUNTS][SAMPLES];
};

static void print_row(const struct shape *shape, struct row *row, double signature)
{
	double ten = timing_median(row->samples[0], SAMPLES);

	printf("\n%s\n%10s %12s %10s %16s\n", shape->name, "rules", "ns/decision", "to 10 rules",
	       "to a signature");
	for (size_t i = 0; i < COUNTS; i++) {
		double ns = timing_median(row->samples[i], SAMPLES);
		printf("%10zu %12.0f %10.2f %16.4f%s\n", counts[i], ns, ns / ten, ns / signature,
		       i == HUNDRED ? "  decision(100)/signature" : "");
	}
}

int main(void)
{
	static struct row rows[sizeof(shapes) / sizeof(shapes[0])];
	static double signatures[SAMPLES], tokens[SAMPLES];
	char groups[3][NAME_SIZE] = {"users", "wheel", "staff"};
	const struct identity alice = {
	        .uid = 1000, .name = "alice", .group_count = 3, .groups = groups};
	void *state = NULL;
	const struct bench *bench;
	char *token;
	double signature;

	if (bench_setup(&state) != 0)
		return 1;
	bench = state;
	token = good_token(bench);
	for (size_t s = 0; s < COUNT(shapes); s++)
		for (size_t i = 0; i < COUNTS; i++) {
			rows[s].policies[i] = policy_of(&shapes[s], counts[i]);
			question_of(&shapes[s], counts[i], &alice, rows[s].scopes[i],
			            &rows[s].questions[i]);
		}
	for (int k = 0; k < SAMPLES; k++) {
		signatures[k] = verify(bench, token, false);
		tokens[k] = verify(bench, token, true);
		for (size_t s = 0; s < COUNT(shapes); s++)
			for (size_t i = 0; i < COUNTS; i++)
				rows[s].samples[i][k] =
				        decide(rows[s].policies[i], &rows[s].questions[i]);
	}
	signature = timing_median(signatures, SAMPLES);
	printf("one ES256 signature: %.0f ns; the whole token: %.0f ns; medians of %d\n", signature,
	       timing_median(tokens, SAMPLES), SAMPLES);
	for (size_t s = 0; s < COUNT(shapes); s++) {
		print_row(&shapes[s], &rows[s], signature);
		for (size_t i = 0; i < COUNTS; i++)
			policy_free(rows[s].policies[i]);
	}
	free(token);
	return bench_teardown(&state);
}
