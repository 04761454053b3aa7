/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The examples that are installed, each with tokens as its issuer makes them (the claims of GitHub
 * Actions, GitLab CI, Keycloak, Vault and another jitd; the keys are made here): what is as the
 * example has it becomes an access by its rule, and what differs in one claim does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/daemon/accounts.h"
#include "tests/daemon/people.h"
#include "tests/daemon/provider.h"

struct claim {
	const char *name, *json;
	const char *other;  /* as it must not be; NULL: it may be anything */
	const char *reason; /* by which that is refused */
};

#define CLAIMS_MAX 40

static const struct example {
	const char *name, *rules;
	enum key_algorithm algorithm;
	const char *header; /* besides alg, kid and typ */
	uid_t uid;          /* of whom it stands for */
	const char *rule, *scope, *state, *reason;
	struct claim claims[CLAIMS_MAX];
} examples[] = {
        {"github-actions",
         "10-deploy",
         KEY_RS256,
         "\"x5t\":\"yk5aY4qM_ta4k2TgZOCEYLkcYlA\"",
         2001,
         "deploy",
         "sudo:root",
         "active",
         "",
         {{"jti", "\"a1b5a8e4-3cbd-4f8f-9d0a-2b9f1d3e6c77\"", NULL, NULL},
          {"sub", "\"repo:octo-org/shop:environment:production\"",
           "\"repo:octo-org/shop:ref:refs/heads/main\"", "foreign-subject"},
          {"aud", "\"web1.example.org\"", "\"https://github.com/octo-org\"", "token-audience"},
          {"environment", "\"production\"", NULL, NULL},
          {"ref", "\"refs/heads/main\"", "\"refs/heads/main2\"", "token-require"},
          {"sha", "\"3f6d2d0a6b0a4e1c8f8e4c6f0a7d5b1e2c3d4e5f\"", NULL, NULL},
          {"repository", "\"octo-org/shop\"", NULL, NULL},
          {"repository_owner", "\"octo-org\"", NULL, NULL},
          {"actor_id", "\"12\"", NULL, NULL},
          {"repository_visibility", "\"private\"", NULL, NULL},
          {"repository_id", "\"74\"", "\"75\"", "token-require"},
          {"repository_owner_id", "\"65\"", NULL, NULL},
          {"run_id", "\"7028110293\"", NULL, NULL},
          {"run_number", "\"10\"", NULL, NULL},
          {"run_attempt", "\"2\"", NULL, NULL},
          {"runner_environment", "\"self-hosted\"", "\"github-hosted\"", "token-require"},
          {"actor", "\"octocat\"", NULL, NULL},
          {"workflow", "\"deploy\"", NULL, NULL},
          {"head_ref", "\"\"", NULL, NULL},
          {"base_ref", "\"\"", NULL, NULL},
          {"event_name", "\"push\"", "\"pull_request_target\"", "token-require"},
          {"ref_type", "\"branch\"", NULL, NULL},
          {"ref_protected", "\"true\"", NULL, NULL},
          {"job_workflow_ref", "\"octo-org/shop/.github/workflows/deploy.yml@refs/heads/main\"",
           NULL, NULL},
          {"iss", "\"https://token.actions.githubusercontent.com\"",
           "\"https://token.actions.githubusercontent.com/octo-org\"", "token-issuer"},
          {"nbf", "NOW-600", NULL, NULL},
          {"exp", "NOW+300", "NOW+601", "token-lifetime"},
          {"iat", "NOW", NULL, NULL}}},
        {"gitlab-ci",
         "10-shop",
         KEY_RS256,
         "",
         2002,
         NULL, /* by the hour: shop-at-night or shop */
         "sudo:shop",
         NULL,
         "",
         {{"namespace_id", "\"72\"", NULL, NULL},
          {"namespace_path", "\"web\"", NULL, NULL},
          {"project_id", "\"22\"", "\"23\"", "token-require"},
          {"project_path", "\"web/shop\"", "\"web/shop2\"", "foreign-subject"},
          {"user_id", "\"1\"", NULL, NULL},
          {"user_login", "\"alice\"", NULL, NULL},
          {"user_email", "\"alice@example.org\"", NULL, NULL},
          {"user_access_level", "\"maintainer\"", NULL, NULL},
          {"user_identities", "[{\"provider\":\"github\",\"extern_uid\":\"2435223452345\"}]", NULL,
           NULL},
          {"pipeline_id", "\"574\"", NULL, NULL},
          {"pipeline_source", "\"push\"", NULL, NULL},
          {"job_id", "\"302\"", NULL, NULL},
          {"ref", "\"main\"", "\"feature\"", "token-require"},
          {"ref_type", "\"branch\"", "\"tag\"", "token-require"},
          {"ref_path", "\"refs/heads/main\"", NULL, NULL},
          {"ref_protected", "\"true\"", "\"false\"", "token-require"},
          {"runner_id", "1", NULL, NULL},
          {"runner_environment", "\"self-hosted\"", NULL, NULL},
          {"sha", "\"714a629c0b401fdce83e847fc9589983fc6f46bc\"", NULL, NULL},
          {"project_visibility", "\"public\"", NULL, NULL},
          {"ci_config_ref_uri", "\"gitlab.example.org/web/shop//.gitlab-ci.yml@refs/heads/main\"",
           NULL, NULL},
          {"jti", "\"63ab75f4-2606-4f0e-a500-86f90ab13a85\"", NULL, NULL},
          {"iss", "\"https://gitlab.example.org\"", "\"https://gitlab.example.com\"",
           "token-issuer"},
          {"iat", "NOW", NULL, NULL},
          {"nbf", "NOW-5", NULL, NULL},
          {"exp", "NOW+3600", "NOW+3601", "token-lifetime"},
          {"sub", "\"project_path:web/shop:ref_type:branch:ref:main\"", NULL, NULL},
          {"aud", "\"web1.example.org\"", "\"https://vault.example.org\"", "token-audience"}}},
        {"keycloak",
         "10-operators",
         KEY_RS256,
         "",
         2003,
         "root",
         "sudo:root",
         "pending",
         "disk full",
         {{"exp", "NOW+300", "NOW-1", "token-expired"},
          {"iat", "NOW", NULL, NULL},
          {"auth_time", "NOW-7", NULL, NULL},
          {"jti", "\"d58f5dc8-fd8f-462b-8a19-716f8f83985b\"", NULL, NULL},
          {"iss", "\"https://sso.example.org/realms/staff\"",
           "\"https://sso.example.org/realms/guests\"", "token-issuer"},
          {"aud", "[\"web1.example.org\",\"account\"]", "\"account\"", "token-audience"},
          {"sub", "\"36fa0f91-f94d-4a0c-afed-6b7d952e47da\"", NULL, NULL},
          {"typ", "\"Bearer\"", "\"ID\"", "token-require"},
          {"azp", "\"pam-jit\"", "\"webmail\"", "token-require"},
          {"session_state", "\"2a88c258-f73a-4103-b862-e1fbd8f4e04e\"", NULL, NULL},
          {"acr", "\"1\"", NULL, NULL},
          {"allowed-origins", "[\"https://web1.example.org\"]", NULL, NULL},
          {"realm_access", "{\"roles\":[\"offline_access\",\"operator\",\"uma_authorization\"]}",
           "{\"roles\":[\"offline_access\",\"operators\"]}", "token-require"},
          {"resource_access", "{\"account\":{\"roles\":[\"manage-account\",\"view-profile\"]}}",
           NULL, NULL},
          {"scope", "\"openid email profile\"", NULL, NULL},
          {"sid", "\"2a88c258-f73a-4103-b862-e1fbd8f4e04e\"", NULL, NULL},
          {"email_verified", "true", "false", "token-require"},
          {"name", "\"Alice Doe\"", NULL, NULL},
          {"preferred_username", "\"alice\"", "\"root\"", "foreign-subject"},
          {"given_name", "\"Alice\"", NULL, NULL},
          {"family_name", "\"Doe\"", NULL, NULL},
          {"email", "\"alice@example.org\"", NULL, NULL}}},
        {"vault",
         "10-login",
         KEY_ES256,
         "",
         2003,
         "login",
         "ssh:alice",
         "active",
         "",
         {{"aud", "\"web1.example.org\"", "\"web2.example.org\"", "token-audience"},
          {"exp", "NOW+300", "NOW+86400", "token-lifetime"},
          {"groups", "[\"staff\",\"web-login\"]", "[\"staff\"]", "token-require"},
          {"iat", "NOW", NULL, NULL},
          {"iss", "\"https://vault.example.org:8200/v1/identity/oidc\"",
           "\"https://vault.example.org/v1/identity/oidc\"", "token-issuer"},
          {"namespace", "\"root\"", "\"guests\"", "token-require"},
          {"sub", "\"c4d5a2f6-9f2c-2d0a-7a4e-1c5b8f1e6a33\"", NULL, NULL},
          {"username", "\"alice\"", "\"bob\"", "subject-mismatch"}}},
        {"bastion",
         "10-from-bastion",
         KEY_ES256,
         "",
         2003,
         "from-bastion",
         "ssh:alice",
         "active",
         "",
         {{"iss", "\"bastion.example.org\"", "\"bastion.example.net\"", "token-issuer"},
          {"aud", "\"web1.example.org\"", "\"web2.example.org\"", "token-audience"},
          {"sub", "\"alice\"", "\"bob\"", "foreign-scope"},
          {"scope", "\"ssh:alice\"", "\"ssh:bob\"", "foreign-scope"},
          {"jti", "\"00112233445566778899aabbccddeeff\"", NULL, NULL},
          {"iat", "NOW", NULL, NULL},
          {"nbf", "NOW", "NOW+60", "token-early"},
          {"exp", "NOW+300", NULL, NULL},
          {"access", "42", NULL, NULL},
          {"until", "NOW+7200", "NOW-1", "token-expired"}}},
};

static const char passwd[] =
        "root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/bin/sh\nrunner:x:2001:2001::/:/bin/sh\n"
        "gitlab-runner:x:2002:2002::/:/bin/sh\nalice:x:2003:2003::/:/bin/sh\n"
        "bob:x:2004:2004::/:/bin/sh\nshop:x:2005:2005::/:/bin/sh\n";
static const char group[] = "root:x:0:\ndaemon:x:1:\nrunner:x:2001:\nalice:x:2003:\n"
                            "staff:x:3000:alice,bob\nleads:x:3001:bob\nweb-leads:x:3002:bob\n";

static char *example_text(const struct example *example, const char *file)
{
	const char *top = getenv("top_srcdir");
	char path[4096], *text = NULL;
	size_t size = 0;
	FILE *in;

	snprintf(path, sizeof(path), "%s/policy/examples/%s/%s", top ? top : ".", example->name,
	         file);
	in = fopen(path, "re");
	if (!in)
		fail_msg("%s cannot be read", path);
	assert_true(getdelim(&text, &size, '\0', in) > 0);
	fclose(in);
	return text;
}

/* With the keys that are made here in place of those that the example names. */
static char *settings_of(const struct example *example, const char *jwks)
{
	text_owned text = example_text(example, "jitd.conf");
	char *at = strstr(text, "jwks "), *begin = at ? strchr(at, '"') : NULL;
	char *end = begin ? strchr(begin + 1, '"') : NULL;

	assert_non_null(end);
	*begin = '\0';
	return text_of("%s\"%s%s", text, jwks, end);
}

/* The claims, those of `changed` as they must not be. */
static char *claims_of(const struct example *example, const struct claim *changed, const char *jti)
{
	char *text = text_of("{\"made-here\":true");

	for (const struct claim *claim = example->claims; claim->name; claim++) {
		const char *json = claim == changed ? claim->other : claim->json;
		char *longer = text_of("%s,\"%s\":%s", text, claim->name,
		                       strcmp(claim->name, "jti") ? json : jti);
		free(text);
		text = longer;
	}
	text_owned all = text;
	return text_of("%s}", all);
}

static void bring(const struct host *host, const struct example *example, const char *token,
                  struct message *ret_answer)
{
	const struct message message = present_of(token, example->reason, "");

	say(host, AS(example->uid), &message, ret_answer);
}

/* One claim at a time is other than the example has it. */
static void differ(const struct host *host, const struct example *example,
                   const struct provider *provider)
{
	unsigned int differences = 0;

	for (const struct claim *claim = example->claims; claim->name; claim++) {
		text_owned jti = text_of("\"%s\"", claim->name);
		text_owned claims = claims_of(example, claim, jti);
		text_owned token = provider_sign(provider, claims, example->header, 0);
		struct message answer;
		if (!claim->other)
			continue;
		differences++;
		bring(host, example, token, &answer);
		if (answer.id != MESSAGE_refused ||
		    on_disk(host,
		            "SELECT count(*) FROM event WHERE event = 'refused' AND reason = '%s' "
		            "AND id = (SELECT max(id) FROM event)",
		            claim->reason) != 1)
			fail_msg("%s, %s = %s: %s", example->name, claim->name, claim->other,
			         answer.id == MESSAGE_refused ? answer.refused.text : "taken");
	}
	assert_true(differences >= 5);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
}

static void is_taken(const struct host *host, const struct example *example,
                     const struct provider *provider)
{
	text_owned claims = claims_of(example, NULL, "\"good\"");
	text_owned token = provider_sign(provider, claims, example->header, 0);
	struct message answer;

	bring(host, example, token, &answer);
	if (answer.id != MESSAGE_done)
		fail_msg("%s: %s", example->name, answer.refused.text);
	if (example->state)
		expect_state(host, answer.done.access, example->state);
	if (example->rule)
		assert_int_equal(on_disk(host, "SELECT count(*) FROM access WHERE rule = '%s'",
		                         example->rule),
		                 1);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM access WHERE scope = '%s' AND uid = %u",
	                         example->scope, example->uid),
	                 1);
	bring(host, example, token, &answer);
	assert_int_equal(answer.id, MESSAGE_refused);
	if (!strstr(answer.refused.text, "used already"))
		fail_msg("%s", answer.refused.text);
}

static void each_example_takes_its_tokens_and_none_that_differs_in_one_claim(void **state)
{
	need_people(state);
	for (size_t i = 0; i < COUNT(examples); i++) {
		const struct example *example = &examples[i];
		text_owned file = text_of("policy.d/%s.conf", example->rules);
		text_owned rules = example_text(example, file);
		text_owned settings = NULL;
		struct provider provider;
		struct host host;
		provider_make(&provider, example->algorithm);
		settings = settings_of(example, provider.jwks);
		accounts_passwd(passwd);
		accounts_group(group);
		host_make(&host, rules, settings);
		host_start_here(&host);
		differ(&host, example, &provider);
		is_taken(&host, example, &provider);
		host_remove(&host);
		provider_remove(&provider);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_example_takes_its_tokens_and_none_that_differs_in_one_claim),
	};

	people_come();
	return cmocka_run_group_tests_name("examples", tests, NULL, NULL);
}
