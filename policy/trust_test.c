/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trust blocks: what is taken, all that is said about what is not, and what a trust makes of a
 * token's claims.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/heard.h"
#include "policy/settings.h"

/* A trust that is right but for `more`, which stands in line 5. */
#define HEAD                                                                                       \
	"trust \"t\" {\nissuer = \"https://i\" audience = {\"web1\"}\n"                            \
	"jwks = \"/etc/jitd/t.jwks\" algorithms = {\"RS256\"}\n"
#define TRUST(more)  HEAD "scope = {\"ssh:deploy\"}\n" more "\n}\n"
#define SCOPED(more) HEAD "\n" more "\n}\n"
#define TEXT_64      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TEXT_256     TEXT_64 TEXT_64 TEXT_64 TEXT_64

static const struct {
	const char *text, *lines;
} refused[] = {
        {"trust \"t\" { }\n",
         "x.conf:1: issuer: trust \"t\" names none; write issuer = \"https://gitlab.example.org\"\n"
         "x.conf:1: audience: trust \"t\" names none; write audience = {\"web1.example.org\"}\n"
         "x.conf:1: jwks: trust \"t\" names none; write jwks = \"/etc/jitd/gitlab.jwks\"\n"
         "x.conf:1: algorithms: trust \"t\" names none; write algorithms = {\"RS256\"}\n"
         "x.conf:1: scope: trust \"t\" names none; write scope = {\"ssh:deploy\"}\n"},
        {"trust { }\n", "x.conf:1: trust: has no title; write trust \"title\" {\n"},
        {TRUST("") "trust \"a b\" {\nissuer = 1\n}\n",
         "x.conf:8: issuer: takes one string, in double quotes: issuer = \"...\"\n"
         "x.conf:7: trust: \"a b\" is no title; write 1 to 64 of A-Z a-z 0-9 . _ -\n"},
        {TRUST("") TRUST(""),
         "x.conf:7: trust: the title \"t\" is taken, in line 1; choose another\n"},
        {TRUST("issuers = \"x\""), "x.conf:5: issuers: unknown key; did you mean issuer?\n"},
        {TRUST("via = \"x\""),
         "x.conf:5: via: unknown key; known here: issuer audience jwks algorithms max-ttl leeway "
         "subject-claim subject-map scope scope-claim require\n"},
        {"trust \"t\" {\nissuer = \"\"\naudience = {}\njwks = \"t.jwks\"\nalgorithms = {}\n"
         "scope = {}\n}\n",
         "x.conf:2: issuer: \"\" is no issuer; write 1 to 255 bytes\n"
         "x.conf:3: audience: an empty list; name 1 to 16, or leave the key out\n"
         "x.conf:4: jwks: \"t.jwks\" is no plain path; write it from / on, without \"..\", \".\", "
         "\"//\" or a / at the end\n"
         "x.conf:5: algorithms: an empty list; name 1 to 2, or leave the key out\n"
         "x.conf:6: scope: an empty list; name 1 to 64, or leave the key out\n"},
        {"trust \"t\" {\nissuer = \"" TEXT_256 "\"\n"
         "audience = {\"web1\", \"\", \"web1\"}\njwks = \"/etc/../x\"\n"
         "algorithms = {\"HS256\", \"RS256\", \"RS256\", \"none\"}\n"
         "scope = {\"ssh:deploy\", \"sshd:deploy\", \"sudo:root su:root\", \"root\"}\n}\n",
         "x.conf:2: issuer: \"" TEXT_64 "0123456789abcdef\" is too long; write 1 to 255 bytes\n"
         "x.conf:3: audience: \"\" is no audience; write 1 to 255 bytes\n"
         "x.conf:3: audience: \"web1\" is named twice; leave one\n"
         "x.conf:4: jwks: \"/etc/../x\" is no plain path; write it from / on, without \"..\", "
         "\".\", \"//\" or a / at the end\n"
         "x.conf:5: algorithms: more than 2 values; write fewer\n"
         "x.conf:6: scope: \"sshd:deploy\" is named twice (as \"ssh:deploy\"); leave one\n"
         "x.conf:6: scope: \"sudo:root su:root\" holds a blank; write one scope in each string\n"
         "x.conf:6: scope: \"root\" is no scope: write SERVICE:ACCOUNT, such as \"sudo:root\"\n"},
        {"trust \"t\" {\nalgorithms = {\"HS256\", \"none\"}\nissuer = 1\n}\n"
         "trust \"u\" {\nalgorithms = {\"ES256\", \"ES256\"}\nissuer = 1\n}\n",
         "x.conf:3: issuer: takes one string, in double quotes: issuer = \"...\"\n"
         "x.conf:7: issuer: takes one string, in double quotes: issuer = \"...\"\n"
         "x.conf:2: algorithms: \"HS256\" is not taken; write \"ES256\" or \"RS256\"\n"
         "x.conf:2: algorithms: \"none\" is not taken; write \"ES256\" or \"RS256\"\n"
         "x.conf:6: algorithms: \"ES256\" is named twice; leave one\n"},
        {TRUST("max-ttl = \"12h1s\"\nleeway = \"1m1s\""),
         "x.conf:5: max-ttl: 12h1s is above 12h, and no token lives longer; write that or less\n"
         "x.conf:6: leeway: 1m1s is above 1m, and a clock that is further off wants mending; "
         "write that or less\n"},
        {TRUST("max-ttl = \"0s\"\nleeway = \"5\""),
         "x.conf:5: max-ttl: \"0s\" is not above 0; write for example \"15m\"\n"
         "x.conf:6: leeway: \"5\" is no length of time; write for example \"15m\" or \"1h30m\"\n"},
        {TRUST("subject-claim = \"\"\nscope-claim = \"a b\""),
         "x.conf:5: subject-claim: \"\" is the name of no claim; write 1 to 128 of A-Z a-z 0-9 . "
         "_ - : /\n"
         "x.conf:6: scope-claim: \"a b\" is the name of no claim; write 1 to 128 of A-Z a-z 0-9 . "
         "_ - : /\n"},
        {TRUST("subject-map = {\"deploy\", \"=deploy\", \"ci-*=\", \"a=b c\", \"x=root\"}"),
         "x.conf:5: subject-map: \"deploy\" is not of the form \"PATTERN=USER\", with 1 to 255 "
         "bytes on each side\n"
         "x.conf:5: subject-map: \"=deploy\" is not of the form \"PATTERN=USER\", with 1 to 255 "
         "bytes on each side\n"
         "x.conf:5: subject-map: \"ci-*=\" is not of the form \"PATTERN=USER\", with 1 to 255 "
         "bytes on each side\n"
         "x.conf:5: subject-map: \"a=b c\": what stands after the last = is the name of no user\n"
         "x.conf:5: subject-map: \"x=root\": root is nobody that a token could stand for; name a "
         "user\n"},
        {TRUST("subject-map = {\"ci-*=deploy\", \"ci-web=web\", \"ci-*=deploy\", \"*=x\"}"),
         "x.conf:5: subject-map: \"ci-web=web\" never counts: \"ci-*=deploy\" comes before it and "
         "fits all that it fits; put it first, or take it out\n"
         "x.conf:5: subject-map: \"ci-*=deploy\" never counts: \"ci-*=deploy\" comes before it "
         "and fits all that it fits; put it first, or take it out\n"},
        {TRUST("require = {}\nsubject-map = {}"),
         "x.conf:5: require: an empty list; name 1 to 64, or leave the key out\n"
         "x.conf:6: subject-map: an empty list; name 1 to 64, or leave the key out\n"},
        {TRUST("require = {\"ref\", \"ref=\", \"=x\", \"a b=c\", \"ref=x\", \"ref=y\", "
               "\"ref=x\"}"),
         "x.conf:5: require: \"ref\" is not of the form \"CLAIM=VALUE\", with 1 to 255 bytes on "
         "each side\n"
         "x.conf:5: require: \"ref=\" is not of the form \"CLAIM=VALUE\", with 1 to 255 bytes on "
         "each side\n"
         "x.conf:5: require: \"=x\" is not of the form \"CLAIM=VALUE\", with 1 to 255 bytes on "
         "each side\n"
         "x.conf:5: require: \"a b\" is the name of no claim; write 1 to 128 of A-Z a-z 0-9 . _ "
         "- : /\n"
         "x.conf:5: require: \"ref=x\" is there twice; leave one\n"},
        {SCOPED("scope = {\"ssh:*\", \"su:app-?\", \"ssh:~\"}"),
         "x.conf:5: scope: \"ssh:*\" is a pattern, and without scope-claim all of scope is what "
         "opens; name the account, or write scope-claim = \"scope\"\n"
         "x.conf:5: scope: \"su:app-?\" is a pattern, and without scope-claim all of scope is "
         "what opens; name the account, or write scope-claim = \"scope\"\n"},
        {SCOPED("scope = {\"ssh:a\", \"ssh:b\", \"ssh:c\", \"ssh:d\", \"ssh:e\", \"ssh:f\", "
                "\"ssh:g\", \"ssh:h\", \"ssh:i\"}"),
         "x.conf:5: scope: more than 8 scopes, and without scope-claim all of them are what "
         "opens; name fewer\n"},
};

static void what_is_wrong_is_said_with_file_line_and_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct policy_source source = {"x.conf", refused[i].text};
		struct settings *settings = NULL;
		struct heard heard = {0};
		int r = settings_parse(&source, hear, &heard, &settings);
		if (r != -EINVAL || strcmp(heard.text, refused[i].lines))
			fail_msg("\n%s\ngave %d and\n%sfor\n%s", refused[i].text, r, heard.text,
			         refused[i].lines);
		assert_null(settings);
	}
}

static void more_than_32_are_refused(void **state)
{
	char text[33 * sizeof(TRUST("")) + 33 * 8] = "";
	size_t used = 0;

	(void)state;
	for (int count = 1; count <= 33; count++) {
		struct policy_source source = {"x.conf", text};
		cleanup(cleanup_settings) struct settings *settings = NULL;
		struct heard heard = {0};
		int r;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "trust \"t%d%s", count,
		                         &TRUST("")[strlen("trust \"t")]);
		r = settings_parse(&source, hear, &heard, &settings);
		assert_int_equal(r, count <= TRUSTS_MAX ? 0 : -EINVAL);
		if (r < 0)
			assert_non_null(strstr(heard.text, "trust: more than 32 in all"));
	}
}

static struct settings *parsed(const char *text)
{
	struct policy_source source = {"x.conf", text};
	struct settings *settings = NULL;
	struct heard heard = {0};

	if (settings_parse(&source, hear, &heard, &settings) != 0)
		fail_msg("%s\n%s", text, heard.text);
	assert_string_equal(heard.text, "");
	return settings;
}

static void what_is_left_out_has_its_default(void **state)
{
	cleanup(cleanup_settings) struct settings *settings = parsed(TRUST(""));
	const struct trust *trust = &settings->trusts.items[0];

	(void)state;
	assert_int_equal(settings->trusts.count, 1);
	assert_string_equal(trust->name, "t");
	assert_string_equal(trust->issuer, "https://i");
	assert_string_equal(trust->audience.items[0], "web1");
	assert_string_equal(trust->jwks, "/etc/jitd/t.jwks");
	assert_int_equal(trust->algorithms, TRUST_RS256);
	assert_int_equal(trust->max_ttl, 600);
	assert_int_equal(trust->leeway, 5);
	assert_string_equal(trust->subject_claim, "sub");
	assert_int_equal(trust->map.count, 0);
	assert_string_equal(trust->scope.items[0], "ssh:deploy");
	assert_null(trust->scope_claim);
	assert_int_equal(trust->require.count, 0);
}

static void every_key_is_taken(void **state)
{
	cleanup(cleanup_settings) struct settings *settings = parsed(
	        "trust \"first\" { issuer = \"https://i\" audience = {\"web1\", \"web1.example.org\"}\n"
	        "jwks = \"/k\" algorithms = {\"ES256\", \"RS256\"} max-ttl = \"12h\" leeway = \"0s\"\n"
	        "subject-claim = \"user_login\" subject-map = {\"a=b=carol\", \"*=dave\"}\n"
	        "scope = {\"ssh:*\", \"sshd:x\"} scope-claim = \"scope\"\n"
	        "require = {\"ref=refs/heads/a=b\", \"roles=x\", \"roles=y\"} }\n" TRUST(
	                "leeway = \"1m\""));
	const struct trust *trust = trust_named(&settings->trusts, "first");

	(void)state;
	assert_ptr_equal(trust, &settings->trusts.items[0]);
	assert_ptr_equal(trust_named(&settings->trusts, "t"), &settings->trusts.items[1]);
	assert_null(trust_named(&settings->trusts, "T"));
	assert_string_equal(settings->trust_names.items[0], "first");
	assert_string_equal(settings->trust_names.items[1], "t");
	assert_int_equal(trust->audience.count, 2);
	assert_int_equal(trust->algorithms, TRUST_ES256 | TRUST_RS256);
	assert_int_equal(trust->max_ttl, 43200);
	assert_int_equal(trust->leeway, 0);
	assert_string_equal(trust->subject_claim, "user_login");
	assert_string_equal(trust->map.items[0].left, "a=b");
	assert_string_equal(trust->map.items[0].right, "carol");
	assert_string_equal(trust->scope.items[1], "ssh:x");
	assert_string_equal(trust->scope_claim, "scope");
	assert_int_equal(trust->require.count, 3);
	assert_string_equal(trust->require.items[0].left, "ref");
	assert_string_equal(trust->require.items[0].right, "refs/heads/a=b");
	assert_int_equal(settings->trusts.items[1].leeway, 60);
}

/* ---- whom a token stands for ---- */

static void expect_subject(const struct trust *trust, const char *value, const char *user)
{
	const char *is = trust_subject(trust, value);

	if (user ? !is || strcmp(is, user) != 0 : is != NULL)
		fail_msg("%s: %s, not %s", value, is ? is : "nobody", user ? user : "nobody");
}

static void without_a_map_the_claim_itself_is_the_user(void **state)
{
	cleanup(cleanup_settings) struct settings *settings = parsed(TRUST(""));
	const struct trust *trust = &settings->trusts.items[0];

	(void)state;
	expect_subject(trust, "alice", "alice");
	expect_subject(trust, "root", NULL);
	expect_subject(trust, "", NULL);
	expect_subject(trust, "alice bob", NULL);
	expect_subject(trust, "repo:octo/app", NULL);
	expect_subject(trust, "../alice", NULL);
}

static void the_first_pattern_that_fits_says_who(void **state)
{
	cleanup(cleanup_settings) struct settings *settings =
	        parsed(TRUST("subject-map = {\"ci-web=web\", \"ci-*=deploy\", "
	                     "\"repo:octo/*:ref:refs/heads/main=octo\", \"a?c=abc\"}"));
	const struct trust *trust = &settings->trusts.items[0];

	(void)state;
	expect_subject(trust, "ci-web", "web");
	expect_subject(trust, "ci-db", "deploy");
	expect_subject(trust, "ci-", "deploy");
	expect_subject(trust, "abc", "abc");
	/* with a map, what none fits is nobody: also the name of a user */
	expect_subject(trust, "alice", NULL);
	expect_subject(trust, "web", NULL);
	expect_subject(trust, "CI-web", NULL);
	expect_subject(trust, "xci-web", NULL);
	expect_subject(trust, "", NULL);
	/* '*' takes no ':' and no '/', by which others could say more */
	expect_subject(trust, "repo:octo/app:ref:refs/heads/main", "octo");
	expect_subject(trust, "repo:octo/a/b:ref:refs/heads/main", NULL);
	expect_subject(trust, "repo:octo/app:environment:x:ref:refs/heads/main", NULL);
	expect_subject(trust, "ci-a:b", NULL);
	expect_subject(trust, "ci-a/b", NULL);
	expect_subject(trust, "a:c", NULL);
}

/* ---- what it opens ---- */

static void expect_scopes(const struct trust *trust, const char *asked, const char *scopes)
{
	char is[SCOPES_SIZE] = "";
	struct fault fault = {.text = ""};
	int r = trust_scopes(trust, asked, "alice", is, &fault);

	assert_int_equal(r, scopes ? 0 : -EINVAL);
	assert_string_equal(is, scopes ? scopes : "");
	if (r < 0)
		assert_int_not_equal(strlen(fault.text), 0);
}

static void without_a_scope_claim_all_of_scope_opens(void **state)
{
	cleanup(cleanup_settings) struct settings *settings =
	        parsed(SCOPED("scope = {\"sshd:deploy\", \"ssh:~\", \"sudo:root\"}"));
	const struct trust *trust = &settings->trusts.items[0];

	(void)state;
	expect_scopes(trust, NULL, "ssh:deploy ssh:alice sudo:root");
	expect_scopes(trust, "su:root", "ssh:deploy ssh:alice sudo:root");
}

static void with_a_scope_claim_each_scope_that_is_asked_must_be_given(void **state)
{
	cleanup(cleanup_settings) struct settings *settings = parsed(
	        SCOPED("scope = {\"ssh:app-*\", \"sudo:~\", \"su:root\"} scope-claim = \"scope\""));
	const struct trust *trust = &settings->trusts.items[0];

	(void)state;
	expect_scopes(trust, "ssh:app-web", "ssh:app-web");
	expect_scopes(trust, "sshd:app-web sudo:alice", "ssh:app-web sudo:alice");
	expect_scopes(trust, "ssh:app-web ssh:app-web", "ssh:app-web");
	expect_scopes(trust, NULL, NULL);
	expect_scopes(trust, "", NULL);
	expect_scopes(trust, "ssh:app-*", NULL);
	expect_scopes(trust, "sudo:~", NULL);
	expect_scopes(trust, "sudo:bob", NULL);
	expect_scopes(trust, "ssh:web", NULL);
	expect_scopes(trust, "ssh:app-web ssh:web", NULL);
	expect_scopes(trust, "ssh:web su:root", NULL);
	expect_scopes(trust, "openid profile", NULL);
	expect_scopes(trust, " su:root", NULL);
	expect_scopes(trust, "su:a su:b su:c su:d su:e su:f su:g su:h su:i", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_wrong_is_said_with_file_line_and_key),
	        cmocka_unit_test(more_than_32_are_refused),
	        cmocka_unit_test(what_is_left_out_has_its_default),
	        cmocka_unit_test(every_key_is_taken),
	        cmocka_unit_test(without_a_map_the_claim_itself_is_the_user),
	        cmocka_unit_test(the_first_pattern_that_fits_says_who),
	        cmocka_unit_test(without_a_scope_claim_all_of_scope_opens),
	        cmocka_unit_test(with_a_scope_claim_each_scope_that_is_asked_must_be_given),
	};

	return cmocka_run_group_tests_name("trust", tests, NULL, NULL);
}
