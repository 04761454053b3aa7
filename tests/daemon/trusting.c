/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/trusting.h"

#include "tests/daemon/people.h"

static struct provider provider;

struct provider *trusting_provider(void)
{
	return &provider;
}

char *trusting_settings(const char *scopes, const char *more)
{
	return text_of("max-grant = \"2h\"\ntrust \"other\" { issuer = \"" ISSUER "\"\n"
	               "audience = {\"test.example.org\", \"test\"} jwks = \"%s\"\n"
	               "algorithms = {\"ES256\"} scope-claim = \"scope\"\n"
	               "scope = {%s} %s }\n",
	               provider.jwks, scopes, more);
}

int trusting_begin(void **state, const char *rules, const char *scopes, const char *more)
{
	text_owned settings = NULL;

	provider_make(&provider, KEY_ES256);
	settings = trusting_settings(scopes, more);
	return people_begin_with(state, rules, settings);
}

int trusting_end(void **state)
{
	provider_remove(&provider);
	return people_end(state);
}
