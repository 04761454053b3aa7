/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens of other issuers: claims that the expectation names, the header, and the road before it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/token_test_foreign.h"

/* ---- require ---- */

static enum token_reason require(const struct bench *bench, const char *more, const char *claim,
                                 const char *value)
{
	const struct requirement required = {claim, value};
	struct foreign_expectation expectation = expected();

	expectation.required = &required;
	expectation.required_count = 1;
	return read_more(bench, more, &expectation).reason;
}

#define assert_required(bench, more, claim, value)                                                 \
	assert_string_equal(token_reason_word(require(bench, more, claim, value)), "unset")
#define assert_not_required(bench, more, claim, value)                                             \
	assert_string_equal(token_reason_word(require(bench, more, claim, value)), "token-require")

static void required_claims_have_their_value(void **state)
{
	struct bench *bench = *state;

	assert_required(bench, "\"ref\":\"main\"", "ref", "main");
	assert_required(bench, "\"groups\":[\"a\",\"ops\"]", "groups", "ops");
	assert_required(bench, "\"email_verified\":true", "email_verified", "true");
	assert_required(bench, "\"email_verified\":false", "email_verified", "false");
	assert_required(bench, "\"ref_protected\":\"true\"", "ref_protected", "true");
	assert_required(bench, "\"id\":4223", "id", "4223");
	assert_required(bench, "\"id\":-1", "id", "-1");
	assert_required(bench, "\"id\":9223372036854775807", "id", "9223372036854775807");
	assert_required(bench, "\"empty\":\"\"", "empty", "");
	assert_required(bench, "", "iss", "https://gitlab.example.org");
}

static void t20_required_values_are_equal_byte_for_byte(void **state)
{
	static const char *const others[] = {"\"ref\":\"main2\"",
	                                     "\"ref\":\"mai\"",
	                                     "\"ref\":\"Main\"",
	                                     "\"ref\":\" main\"",
	                                     "\"ref\":\"main \"",
	                                     "\"ref\":\"refs/heads/main\"",
	                                     "\"ref\":[\"main2\"]",
	                                     "\"ref\":[]",
	                                     "\"ref\":[[\"main\"]]",
	                                     "\"ref\":{\"main\":1}",
	                                     "\"ref\":null",
	                                     "\"ref\":\"\"",
	                                     "\"Ref\":\"main\"",
	                                     "\"ref \":\"main\"",
	                                     "\"x\":{\"ref\":\"main\"}",
	                                     "\"ref\":[\"main\",1]",
	                                     "\"ref\":[\"main\",null]",
	                                     "\"ref\":\"main\\u0001\"",
	                                     "\"ref\":[\"main\",\"x\\u0001\"]",
	                                     "\"ref\":{\"ref\":\"main\"}"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(others); i++)
		assert_not_required(bench, others[i], "ref", "main");
	assert_not_required(bench, "", "ref", "main");
	assert_not_required(bench, "", "ref", "");
}

static void t16_required_numbers_and_booleans_are_exact(void **state)
{
	static const char *const others[] = {"\"id\":1.0", "\"id\":1e0", "\"id\":true",
	                                     "\"id\":10",  "\"id\":[1]", "\"id\":\"01\"",
	                                     "\"id\":0"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(others); i++)
		assert_not_required(bench, others[i], "id", "1");
	assert_required(bench, "\"id\":1", "id", "1");
	assert_required(bench, "\"id\":\"1\"", "id", "1");
	assert_not_required(bench, "\"id\":1", "id", "1.0");
	assert_not_required(bench, "\"id\":1", "id", "01");
	assert_not_required(bench, "\"id\":1", "id", "+1");
	assert_not_required(bench, "\"ok\":true", "ok", "True");
	assert_not_required(bench, "\"ok\":true", "ok", "1");
	assert_not_required(bench, "\"ok\":true", "ok", "false");
	assert_not_required(bench, "\"ok\":false", "ok", "true");
	assert_not_required(bench, "\"ok\":[true]", "ok", "true");
	assert_not_required(bench, "\"ok\":null", "ok", "null");
	assert_not_required(bench, "\"ok\":1.5", "ok", "1.5");
}

static void all_of_them_are_required(void **state)
{
	static const struct requirement required[] = {
	        {"ref", "main"}, {"groups", "ops"}, {"groups", "a"}};
	struct bench *bench = *state;
	struct foreign_expectation expectation = expected();

	expectation.required = required;
	expectation.required_count = COUNT(required);
	assert_more(bench, "\"ref\":\"main\",\"groups\":[\"a\",\"ops\"]", &expectation, UNSET);
	assert_more(bench, "\"ref\":\"main\",\"groups\":[\"ops\"]", &expectation, REQUIRE);
	assert_more(bench, "\"ref\":\"other\",\"groups\":[\"a\",\"ops\"]", &expectation, REQUIRE);
	assert_more(bench, "\"groups\":[\"a\",\"ops\"]", &expectation, REQUIRE);
	expectation.required_count = 0;
	assert_more(bench, "", &expectation, UNSET);
}

/* ---- paths ---- */

static void paths_lead_into_objects(void **state)
{
	struct bench *bench = *state;

	assert_required(bench, "\"realm_access\":{\"roles\":[\"user\",\"ops\"]}",
	                "realm_access.roles", "ops");
	assert_required(bench, "\"a\":{\"b\":{\"c\":{\"d\":\"x\"}}}", "a.b.c.d", "x");
	assert_required(bench, "\"kubernetes.io\":{\"namespace\":\"ci\"}",
	                "kubernetes.io.namespace", "ci");
	assert_required(bench, "\"https://example.org/claims.role\":\"ops\"",
	                "https://example.org/claims.role", "ops");
	assert_required(bench, "\"a\":{\"b.c\":{\"d\":\"x\"}}", "a.b.c.d", "x");
	assert_required(bench, "\"\":{\"\":\"x\"}", ".", "x");
	assert_not_required(bench, "\"realm_access\":{\"roles\":[\"user\"]}", "realm_access.roles",
	                    "ops");
	assert_not_required(bench, "\"realm_access\":{}", "realm_access.roles", "ops");
	assert_not_required(bench, "\"realm_access\":[{\"roles\":[\"ops\"]}]", "realm_access.roles",
	                    "ops");
	assert_not_required(bench, "\"realm_access\":\"ops\"", "realm_access.roles", "ops");
	assert_not_required(bench, "\"roles\":[\"ops\"]", "realm_access.roles", "ops");
	assert_not_required(bench, "\"a\":{\"b\":\"x\"}", "a.b.", "x");
	assert_not_required(bench, "\"a\":{\"b\":\"x\"}", ".a.b", "x");
	assert_not_required(bench, "\"a\":{\"b\":\"x\"}", "a..b", "x");
	assert_not_required(bench, "\"a\":{\"b\":\"x\"}", "a", "x");
}

static void t14_a_path_of_two_meanings_denies(void **state)
{
	struct bench *bench = *state;

	assert_not_required(bench, "\"a.b\":\"x\",\"a\":{\"b\":\"x\"}", "a.b", "x");
	assert_not_required(bench, "\"a.b\":\"x\",\"a\":{\"b\":\"y\"}", "a.b", "x");
	assert_not_required(bench, "\"a.b\":\"y\",\"a\":{\"b\":\"x\"}", "a.b", "x");
	assert_not_required(bench, "\"a.b\":{\"c\":\"x\"},\"a\":{\"b.c\":\"x\"}", "a.b.c", "x");
	assert_not_required(bench, "\"a.b\":{\"c\":\"x\"},\"a\":{\"b\":{\"c\":null}}", "a.b.c",
	                    "x");
	/* a part that ends nowhere is no second meaning */
	assert_required(bench, "\"a.b\":\"x\",\"a\":{\"c\":\"x\"}", "a.b", "x");
	assert_required(bench, "\"a.b\":\"x\",\"a\":\"y\"", "a.b", "x");
}

static void t25_paths_are_bounded(void **state)
{
	struct bench *bench = *state;
	text_owned fits = text_of("%0255d", 0), over = text_of("%0256d", 0);
	text_owned member = text_of("\"%s\":\"x\"", fits), longer = text_of("\"%s\":\"x\"", over);
	text_owned dots = text_of("%0255d", 0);

	assert_required(bench, member, fits, "x");
	assert_not_required(bench, longer, over, "x");
	memset(dots, '.', 255);
	assert_not_required(bench, "\"\":{\"\":{\"\":{\"\":{\"\":{\"\":{}}}}}}", dots, "x");
}

/* ---- subject and scope ---- */

static struct foreign_result read_named(const struct bench *bench, const char *more,
                                        const char *subject, const char *scope)
{
	struct foreign_expectation expectation = expected();

	expectation.subject_claim = subject;
	expectation.scope_claim = scope;
	return read_more(bench, more, &expectation);
}

static void the_subject_is_the_claim_that_is_named(void **state)
{
	struct bench *bench = *state;

	assert_string_equal(read_named(bench, "", NULL, NULL).claims.subject, "project_path:a/b");
	assert_string_equal(read_named(bench, "", "sub", NULL).claims.subject, "project_path:a/b");
	assert_string_equal(
	        read_named(bench, "\"user_login\":\"alice\"", "user_login", NULL).claims.subject,
	        "alice");
	assert_string_equal(read_named(bench, "\"kubernetes.io\":{\"pod\":{\"name\":\"p\"}}",
	                               "kubernetes.io.pod.name", NULL)
	                            .claims.subject,
	                    "p");
	assert_int_equal(read_named(bench, "", "user_login", NULL).reason,
	                 TOKEN_REASON_CLAIM_MISSING);
	assert_int_equal(read_named(bench, "\"user_login\":[\"alice\"]", "user_login", NULL).reason,
	                 TOKEN_REASON_CLAIMS);
	assert_int_equal(read_named(bench, "\"user_login\":\"\"", "user_login", NULL).reason,
	                 TOKEN_REASON_CLAIMS);
	assert_int_equal(
	        read_named(bench, "\"a.b\":\"alice\",\"a\":{\"b\":\"root\"}", "a.b", NULL).reason,
	        TOKEN_REASON_CLAIMS);
}

static void the_scope_is_read_where_it_is_asked_for(void **state)
{
	struct bench *bench = *state;

	assert_string_equal(
	        read_named(bench, "\"scope\":\"ssh:deploy sudo:root\"", NULL, "scope").claims.scope,
	        "ssh:deploy sudo:root");
	assert_string_equal(read_named(bench, "\"scope\":\"ssh:deploy\"", NULL, NULL).claims.scope,
	                    "");
	assert_string_equal(
	        read_named(bench, "\"x\":{\"scp\":\"ssh:a\"}", NULL, "x.scp").claims.scope,
	        "ssh:a");
	assert_int_equal(read_named(bench, "", NULL, "scope").reason, TOKEN_REASON_CLAIM_MISSING);
	assert_int_equal(read_named(bench, "\"scope\":\"\"", NULL, "scope").reason,
	                 TOKEN_REASON_CLAIMS);
	assert_int_equal(read_named(bench, "\"scope\":[\"ssh:a\"]", NULL, "scope").reason,
	                 TOKEN_REASON_CLAIMS);
	assert_int_equal(read_named(bench, "\"scope\":7", NULL, NULL).reason, TOKEN_REASON_UNSET);
}

/* ---- binding ---- */

static void a_binding_that_cannot_be_checked_denies(void **state)
{
	static const char *const wrong[] = {
	        "{\"jkt\":\"0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I\"}",
	        "{\"x5t#S256\":\"bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2\"}",
	        "{\"ssh\":\"SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8\",\"jkt\":\"x\"}",
	        "{\"ssh\":\"x\"}",
	        "{}",
	        "null",
	        "\"\""};
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();

	for (size_t i = 0; i < COUNT(wrong); i++) {
		text_owned more = text_of("\"cnf\":%s", wrong[i]);
		assert_more(bench, more, &expectation, BINDING);
	}
}

/* ---- the header, and before it ---- */

static enum token_reason read_header(const struct bench *bench, char *header)
{
	const struct foreign_expectation expectation = expected();
	text_owned owned = header;
	text_owned token = sign(bench, owned, "{" PAYLOAD "}");

	return read_with(bench, token, &expectation).reason;
}

#define assert_foreign_header(bench, members, expected_)                                           \
	assert_string_equal(                                                                       \
	        token_reason_word(read_header(                                                     \
	                bench, text_of("{\"alg\":\"%s\",\"kid\":\"%s\"" members "}",               \
	                               key_algorithm_name((bench)->algorithm), (bench)->kid))),    \
	        token_reason_word(TOKEN_REASON_##expected_))

static void headers_of_others_are_read(void **state)
{
	struct bench *bench = *state;

	assert_foreign_header(bench, "", UNSET);
	assert_foreign_header(bench, ",\"typ\":\"JWT\"", UNSET);
	assert_foreign_header(bench, ",\"typ\":\"JWT\",\"x5t\":\"HyTT-0xxx\"", UNSET);
	assert_foreign_header(bench, ",\"x5t#S256\":\"x\",\"x5t\":\"x\"", UNSET);
}

static void t22_other_types_deny(void **state)
{
	struct bench *bench = *state;

	assert_foreign_header(bench, ",\"typ\":\"at+jwt\"", TYPE);
	assert_foreign_header(bench, ",\"typ\":\"application/at+jwt\"", TYPE);
	assert_foreign_header(bench, ",\"typ\":\"jwt\"", TYPE);
	assert_foreign_header(bench, ",\"typ\":\"logout+jwt\"", TYPE);
	assert_foreign_header(bench, ",\"typ\":\"dpop+jwt\"", TYPE);
	assert_foreign_header(bench, ",\"typ\":\"JWT \"", TYPE);
	assert_foreign_header(bench, ",\"typ\":\"\"", TYPE);
	assert_foreign_header(bench, ",\"typ\":null", HEADER);
	assert_foreign_header(bench, ",\"typ\":[\"JWT\"]", HEADER);
}

static void t07_t08_other_members_deny(void **state)
{
	struct bench *bench = *state;

	assert_foreign_header(bench, ",\"crit\":[\"exp\"]", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"crit\":[]", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"b64\":true", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"b64\":false", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"jku\":\"https://evil.example.org\"", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"jwk\":{}", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"x5u\":\"https://evil.example.org\"", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"x5c\":[]", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"zip\":\"DEF\"", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"cty\":\"JWT\"", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"X5t\":\"x\"", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"x\":1", HEADER_MEMBER);
	assert_foreign_header(bench, ",\"kid\":\"x\"", HEADER);
}

static void t02_t03_the_algorithm_is_the_keys(void **state)
{
	static const char *const others[] = {"none",  "None",  "HS256", "RS384", "RS512", "PS256",
	                                     "ES384", "ES512", "EdDSA", "es256", "rs256"};
	struct bench *bench = *state;
	const char *twin = bench->algorithm == KEY_ES256 ? "RS256" : "ES256";

	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(read_header(bench, text_of("{\"alg\":\"%s\",\"kid\":\"%s\"}",
		                                            others[i], bench->kid)),
		                 TOKEN_REASON_ALGORITHM);
	assert_int_equal(
	        read_header(bench, text_of("{\"alg\":\"%s\",\"kid\":\"%s\"}", twin, bench->kid)),
	        TOKEN_REASON_ALGORITHM);
	assert_int_equal(read_header(bench, text_of("{\"kid\":\"%s\"}", bench->kid)),
	                 TOKEN_REASON_ALGORITHM);
	assert_int_equal(read_header(bench, strdup("{\"alg\":\"ES256\"}")),
	                 TOKEN_REASON_KEY_UNKNOWN);
	assert_int_equal(read_header(bench, strdup("{\"alg\":\"ES256\",\"kid\":\"AAAAAAAA\"}")),
	                 TOKEN_REASON_KEY_UNKNOWN);
}

static void t01_nothing_passes_without_its_signature(void **state)
{
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();
	text_owned token = sign_payload(bench, "{" PAYLOAD "}");
	const size_t length = strlen(token);

	for (size_t i = 0; i < length; i++) {
		char kept = token[i];
		if (kept == '.')
			continue;
		token[i] = kept == 'A' ? 'B' : 'A';
		if (token[i] != kept)
			assert_int_not_equal(read_with(bench, token, &expectation).reason,
			                     TOKEN_REASON_UNSET);
		token[i] = kept;
	}
	for (size_t cut = 0; cut < length; cut++) {
		text_owned part = strndup(token, cut);
		assert_int_not_equal(read_with(bench, part, &expectation).reason,
		                     TOKEN_REASON_UNSET);
	}
	assert_int_equal(read_with(bench, token, &expectation).decision, DECISION_ALLOW);
}

static void t30_keys_of_others_have_their_time(void **state)
{
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();
	text_owned token = sign_payload(bench, "{" PAYLOAD "}");
	static const struct {
		int64_t from, to;
		bool revoked;
		enum token_reason reason;
	} rows[] = {{NOW, NOW, false, TOKEN_REASON_UNSET},
	            {NOW + 1, INT64_MAX, false, TOKEN_REASON_KEY_TIME},
	            {INT64_MIN, NOW - 1, false, TOKEN_REASON_KEY_TIME},
	            {INT64_MIN, INT64_MAX, true, TOKEN_REASON_KEY_TIME}};

	for (size_t i = 0; i < COUNT(rows); i++) {
		cleanup(cleanup_keyset) struct keyset *keys = keyset_new();
		struct bench other = *bench;
		struct key *key = NULL;
		assert_int_equal(key_from_private_pem(bench->private_pem, &key, NULL), 0);
		assert_int_equal(keyset_add(keys, key, rows[i].from, rows[i].to, rows[i].revoked),
		                 0);
		other.keys = keys;
		assert_int_equal(read_with(&other, token, &expectation).reason, rows[i].reason);
	}
}

/* T22: neither kind of token is the other; each has its own set of keys, and even with one of both
 * the claims differ. */
static void t22_our_own_tokens_are_no_foreign_ones(void **state)
{
	struct bench *bench = *state;
	const struct foreign_expectation expectation = expected();
	text_owned own = good_token(bench), foreign = sign_payload(bench, "{" PAYLOAD "}");

	assert_int_equal(read_with(bench, own, &expectation).reason, TOKEN_REASON_ISSUER);
	assert_reason(bench, foreign, ISSUER);
	/* from an issuer of our own name, too */
	assert_payload(bench, payload_with("access", NULL), CLAIM_MISSING);
	assert_payload(bench, payload_with("jti", NULL), CLAIM_MISSING);
	assert_payload(bench, payload_with("scope", NULL), CLAIM_MISSING);
}

static void the_kid_is_told_before_anything_is_verified(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);
	text_owned header = encode("{\"alg\":\"RS256\",\"kid\":\"a_b-c.d\",\"x5t\":\"x\"}", 41);
	text_owned other = text_of("%s.e30.AA", header);
	text_owned hostile_header = encode("{\"alg\":\"RS256\",\"kid\":\"../x\"}", 28);
	text_owned hostile = text_of("%s.e30.AA", hostile_header);
	char kid[TOKEN_KID_MAX + 1] = "untouched";

	assert_int_equal(token_unverified_kid("", 0, kid), TOKEN_REASON_LENGTH);
	assert_int_equal(token_unverified_kid("a.b", 3, kid), TOKEN_REASON_FORM);
	assert_int_equal(token_unverified_kid("%.e30.AA", 8, kid), TOKEN_REASON_FORM);
	assert_int_equal(token_unverified_kid("e30.e30.AA", 10, kid), TOKEN_REASON_ALGORITHM);
	assert_int_equal(token_unverified_kid(hostile, strlen(hostile), kid),
	                 TOKEN_REASON_KEY_UNKNOWN);
	assert_string_equal(kid, "untouched");
	assert_int_equal(token_unverified_kid(token, strlen(token), kid), TOKEN_REASON_UNSET);
	assert_string_equal(kid, bench->kid);
	assert_int_equal(token_unverified_kid(other, strlen(other), kid), TOKEN_REASON_UNSET);
	assert_string_equal(kid, "a_b-c.d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(required_claims_have_their_value),
	        cmocka_unit_test(t20_required_values_are_equal_byte_for_byte),
	        cmocka_unit_test(t16_required_numbers_and_booleans_are_exact),
	        cmocka_unit_test(all_of_them_are_required),
	        cmocka_unit_test(paths_lead_into_objects),
	        cmocka_unit_test(t14_a_path_of_two_meanings_denies),
	        cmocka_unit_test(t25_paths_are_bounded),
	        cmocka_unit_test(the_subject_is_the_claim_that_is_named),
	        cmocka_unit_test(the_scope_is_read_where_it_is_asked_for),
	        cmocka_unit_test(a_binding_that_cannot_be_checked_denies),
	        cmocka_unit_test(headers_of_others_are_read),
	        cmocka_unit_test(t22_other_types_deny),
	        cmocka_unit_test(t07_t08_other_members_deny),
	        cmocka_unit_test(t02_t03_the_algorithm_is_the_keys),
	        cmocka_unit_test(t01_nothing_passes_without_its_signature),
	        cmocka_unit_test(t30_keys_of_others_have_their_time),
	        cmocka_unit_test(t22_our_own_tokens_are_no_foreign_ones),
	        cmocka_unit_test(the_kid_is_told_before_anything_is_verified),
	};
	const int ec = cmocka_run_group_tests_name("token foreign claims, ES256", tests,
	                                           bench_setup, bench_teardown);

	return ec + cmocka_run_group_tests_name("token foreign claims, RS256", tests,
	                                        bench_setup_rsa, bench_teardown);
}
