/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/daemon/arrivals.h"
#include "tests/daemon/logins.h"

static const char rules[] =
        "defaults { approvals = 0 max = \"30m\" default = \"5m\" via = \"other\" }\n"
        "rule \"held\" { who = {\"games\", \"root\"} scope = {\"sudo:root\"} uses = 2 }\n"
        "rule \"ask\" { who = {\"games\"} scope = {\"su:lp\"} approvals = 1\n"
        "approvers = {\"man\"} pending = \"3h\" }\n"
        "rule \"terms\" { who = {\"games\"} scope = {\"su:mail\"} reason = \"required\"\n"
        "ticket = \"^INC-[0-9]+$\" }\n"
        "rule \"no\" { who = {\"games\"} scope = {\"su:news\"} effect = \"deny\" }\n"
        "rule \"all\" { who = {\"games\"} scope = {\"su:news\", \"su:daemon\", \"su:man2\"} }\n";
static const char own_rules[] =
        "rule \"own\" { who = {\"games\"} scope = {\"sudo:root\"} approvals = 0 }\n";

#define SCOPES "\"sudo:*\", \"su:*\""

int arrivals_begin(void **state)
{
	return trusting_begin(state, rules, SCOPES, "");
}

int arrivals_begin_own(void **state)
{
	return trusting_begin(state, own_rules, SCOPES, "");
}

int arrivals_begin_mapped(void **state)
{
	return trusting_begin(state, rules, SCOPES,
	                      "subject-claim = \"who\" require = {\"ref=main\"}\n"
	                      "subject-map = {\"ci-*=games\", \"zero=games2\", \"gone=nosuch\"}");
}

void arrivals_make(struct host *host)
{
	text_owned settings = trusting_settings(SCOPES, "");

	host_make(host, rules, settings);
}

/* ---- tokens ---- */

/* A good one for sudo:root, with one claim replaced, added, or left out (`json` NULL). */
char *token_with(const char *name, const char *json)
{
	static unsigned int number;
	text_owned jti = text_of("\"jti-%u\"", ++number);
	const char *const claims[][2] = {
	        {"iss", "\"" ISSUER "\""},
	        {"aud", "\"test.example.org\""},
	        {"sub", "\"games\""},
	        {"scope", "\"sudo:root\""},
	        {"iat", "NOW"},
	        {"exp", "NOW+300"},
	        {"jti", jti},
	};
	text_owned text = text_of("{\"x\":1");
	bool known = false;

	for (size_t i = 0; i < COUNT(claims); i++) {
		bool is_it = !strcmp(claims[i][0], name);
		const char *value = is_it ? json : claims[i][1];
		char *longer = value ? text_of("%s,\"%s\":%s", text, claims[i][0], value) : NULL;
		known |= is_it;
		if (!longer)
			continue;
		free(text);
		text = longer;
	}
	text_owned whole =
	        *name && !known ? text_of("%s,\"%s\":%s}", text, name, json) : text_of("%s}", text);
	return provider_sign(trusting_provider(), whole, "", *people_ahead());
}

char *token_for(const char *scope)
{
	text_owned json = text_of("\"%s\"", scope);

	return token_with("scope", json);
}

uint32_t must_present(const struct host *host, const char *token)
{
	const struct message message = present_of(token, "", "");
	struct message answer;

	say(host, AS(GAMES), &message, &answer);
	if (answer.id != MESSAGE_done) {
		host_tell(host);
		fail_msg("not taken: %s", answer.refused.text);
	}
	return answer.done.access;
}

static int64_t rows(const struct host *host)
{
	return on_disk(host, "SELECT count(*) FROM access");
}

void must_not_present(const struct host *host, struct person person, const char *token,
                      const char *word, const char *reason)
{
	const struct message message = present_of(token, "", "");
	int64_t before = rows(host),
	        spent = on_disk(host, "SELECT count(*) FROM token WHERE kind = 'foreign'");

	expect_refusal(host, person, &message, word, reason);
	assert_int_equal(rows(host), before);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE kind = 'foreign'"), spent);
}

void expect_reason(const struct host *host, const char *name, const char *json, const char *reason)
{
	text_owned token = token_with(name, json);

	must_not_present(host, AS(GAMES), token, "", reason);
}
