/* SPDX-License-Identifier: Apache-2.0 */
/* What is typed opens one door once; whatever is wrong with it, it opens none, and what was good
 * stays good. */
#include "tests/daemon/logins.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "jitd/order.h"
#include "token/token.h"

/* A hook of login: one process, another handle for each number. */
static struct message login(enum wire_phase phase, uint64_t number)
{
	return typed_check("login", phase, "news", number);
}

static int64_t burned(const struct host *host)
{
	return on_disk(host, "SELECT count(*) FROM token WHERE burned IS NOT NULL");
}

/* ---- once ---- */

static void what_was_typed_is_good_once(void **state)
{
	const struct host *host = need_logins(state);

	for (int code = 0; code < 2; code++) {
		struct message auth = login(PHASE_AUTH, (uint64_t)code),
		               session = login(PHASE_OPEN_SESSION, (uint64_t)code);
		char secret[SECRET_SIZE];
		struct talk talk;
		uint32_t access = must_issue(host, AS(GAMES), "login:news", code, secret);
		assert_int_equal(type_in(host, &auth, secret, &talk), DECISION_ALLOW);
		assert_int_equal(talk.access, access);
		auth.check.handle.bytes[9] = 1; /* another login */
		must_not_open(host, &auth, secret, "token-used");
		assert_int_equal(type_in(host, &session, NULL, &talk), DECISION_ALLOW);
		for (int i = 0; i < 3; i++)
			must_not_open(host, &auth, secret, "token-used");
	}
	assert_int_equal(burned(host), 2);
	assert_int_equal(checks(host, "allow", ""), 4);
}

/* jitd as a program, killed as soon as it has said yes. */
static void burned_stays_burned_after_kill_and_restart(void **state)
{
	static struct host host;
	char secret[4][SECRET_SIZE];
	struct talk talk;
	uint32_t access;

	need_logins(state);
	host_make(&host, logins_rules, "max-grant = \"2h\"\n");
	host_start_child(&host);
	for (uint64_t round = 0; round < 10; round++) {
		access = must_request(&host, AS(GAMES), "login:news");
		for (int i = 0; i < 4; i++)
			issue(&host, AS(GAMES), access, i % 2, secret[i]);
		for (uint64_t i = 0; i < 2; i++) {
			const struct message auth = login(PHASE_AUTH, round << 8 | i);
			assert_int_equal(type_in(&host, &auth, secret[i], &talk), DECISION_ALLOW);
		}
		host_kill(&host);
		host_start_child(&host);
		for (uint64_t i = 0; i < 4; i++) {
			const struct message auth = login(PHASE_AUTH, round << 8 | 8 | i);
			if (type_in(&host, &auth, secret[i], &talk) !=
			    (i < 2 ? DECISION_DENY : DECISION_ALLOW))
				fail_msg("round %d: secret %d", (int)round, (int)i);
		}
		assert_int_equal(burned(&host), 4 * (int64_t)(round + 1));
	}
	host_remove(&host);
}

/* ---- broken ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Another character of the alphabet, `by` further. */
static char other(char character, unsigned int by)
{
	const char *at = strchr(alphabet, character);

	assert_true(at && *at);
	return alphabet[((size_t)(at - alphabet) + by) % 64];
}

static void must_not_pass(const struct host *host, const char *broken)
{
	static const char *const places[] = {"login", "su"};
	struct talk talk;

	for (size_t i = 0; i < 2; i++) {
		const struct message check =
		        typed_check(places[i], PHASE_AUTH, i ? "lp" : "news", 1);
		if (type_in(host, &check, broken, &talk) == DECISION_ALLOW)
			fail_msg("%s opens by %s", places[i], broken);
	}
}

/* The first, one in the middle and the last of each part, changed by one bit and by more. The last
 * of a signature has four bits that nobody signed. */
static void t21_broken_in_one_character_is_refused_and_burns_nothing(void **state)
{
	const struct host *host = need_logins(state);
	const struct message auth = login(PHASE_AUTH, 9);
	char good[SECRET_SIZE], broken[SECRET_SIZE];
	const char *dots[2];
	struct talk talk;

	must_issue(host, AS(GAMES), "su:lp", false, good); /* so that su asks */
	must_issue(host, AS(GAMES), "login:news", false, good);
	dots[0] = strchr(good, '.');
	dots[1] = strrchr(good, '.');
	for (int part = 0; part < 3; part++) {
		size_t from = part ? (size_t)(dots[part - 1] - good) + 1 : 0,
		       to = part < 2 ? (size_t)(dots[part] - good) : strlen(good),
		       places[] = {from, from + 1, from + (to - from) / 2, to - 2, to - 1};
		for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
			for (unsigned int by = 1; by < 64; by = by * 2 + (by > 8)) {
				strcpy(broken, good);
				broken[places[i]] = other(broken[places[i]], by);
				must_not_pass(host, broken);
			}
	}
	assert_int_equal(burned(host), 0);
	assert_int_equal(type_in(host, &auth, good, &talk), DECISION_ALLOW);
}

static void t12_one_token_has_one_spelling(void **state)
{
	const struct host *host = need_logins(state);
	const struct message auth = login(PHASE_AUTH, 9);
	char good[SECRET_SIZE], broken[SECRET_SIZE + 16];
	struct talk talk;
	size_t length;

	must_issue(host, AS(GAMES), "su:lp", false, good);
	must_issue(host, AS(GAMES), "login:news", false, good);
	length = strlen(good);
	static const char *const around[][2] = {{" ", ""},  {"", " "}, {"", "\n"}, {"", "="},
	                                        {"", "=="}, {"", "."}, {".", ""},  {"", "A"},
	                                        {"\t", ""}, {"", ".A"}};
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		snprintf(broken, sizeof(broken), "%s%s%s", around[i][0], good, around[i][1]);
		must_not_pass(host, broken);
	}
	for (size_t cut = 1; cut < length; cut += cut < 8 ? 1 : 37) {
		snprintf(broken, sizeof(broken), "%.*s", (int)(length - cut), good);
		must_not_pass(host, broken);
		must_not_pass(host, good + cut);
	}
	assert_int_equal(burned(host), 0);
	assert_int_equal(type_in(host, &auth, good, &talk), DECISION_ALLOW);
}

/* ---- another door ---- */

/* Refused with that reason, token and code, and neither is spent. */
static void must_be_wrong(const struct host *host, struct person person, const char *scope,
                          const struct message *check, const char *reason, const char *of_code)
{
	char secret[SECRET_SIZE];

	for (int code = 0; code < 2; code++) {
		must_issue(host, person, scope, code, secret);
		must_not_open(host, check, secret, code ? of_code : reason);
	}
}

static void another_account_service_or_subject_does_not_open(void **state)
{
	const struct host *host = need_logins(state);
	const struct message at_login = login(PHASE_AUTH, 1),
	                     root_at_login = typed_check("login", PHASE_AUTH, "root", 2),
	                     su_lp = typed_check("su", PHASE_AUTH, "lp", 3),
	                     sudo = typed_check("sudo", PHASE_AUTH, "games", 4),
	                     odd = typed_check("login", PHASE_AUTH, "news news", 5),
	                     unknown = typed_check("cron", PHASE_AUTH, "news", 6);

	must_request(host, AS(GAMES), "su:lp sudo:mail"); /* so that these ask */
	must_be_wrong(host, AS(GAMES), "login:news", &root_at_login, "wrong-account",
	              "wrong-account");
	must_be_wrong(host, AS(GAMES), "login:news", &odd, "wrong-account", "wrong-account");
	must_be_wrong(host, AS(GAMES), "ssh:news", &at_login, "wrong-account", "wrong-account");
	must_be_wrong(host, AS(GAMES), "sudo:mail", &su_lp, "wrong-account", "wrong-account");
	must_be_wrong(host, AS(GAMES), "login:news", &sudo, "wrong-account", "wrong-account");
	/* where the kernel vouches, it is the caller's, or nobody's that is worth telling */
	must_be_wrong(host, AS(MAIL), "su:lp", &su_lp, "subject-mismatch", "wrong-code");
	must_be_wrong(host, AS(MAIL), "sudo:mail", &sudo, "subject-mismatch", "wrong-code");
	must_be_wrong(host, AS(GAMES), "login:news", &unknown, "unknown-service",
	              "unknown-service");
	assert_int_equal(burned(host), 0);
	assert_int_equal(checks(host, "allow", ""), 0);
}

/* su and sudo say by PAM_RUSER who calls; a second name of the uid is not that name either. */
static void whom_pam_names_otherwise_is_not_even_asked(void **state)
{
	static const char *const names[] = {"mail", "games2", "", "root", "games "};
	const struct host *host = need_logins(state);
	char token[SECRET_SIZE];
	struct talk talk;
	struct link link;

	must_issue(host, AS(GAMES), "su:lp", false, token);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct message check = typed_check("su", PHASE_AUTH, "lp", i);
		strcpy(check.check.ruser, names[i]);
		link_open(host, PAM_SOCKET, SELF, &link);
		assert_int_equal(talk_over(&link, &check, token, &talk), DECISION_DENY);
		link_close(&link);
		assert_false(talk.asked);
		assert_int_equal(checks(host, "deny", "subject-mismatch"), (int64_t)i + 1);
	}
}

/* ---- over ---- */

static void what_is_over_does_not_open(void **state)
{
	struct host *host = need_logins(state);
	const struct message auth = login(PHASE_AUTH, 1);
	const struct message lock = lock_of("games"), unlock = unlock_of("games");
	char secrets[2][SECRET_SIZE];
	struct message message;
	struct talk talk;
	uint32_t access;

	for (int code = 0; code < 2; code++) {
		const char *secret = secrets[code];
		access = must_issue(host, AS(GAMES), "login:news", code, secrets[code]);
		must_do(host, ROOT, &lock);
		must_not_open(host, &auth, secret, "locked");
		must_do(host, ROOT, &unlock);
		message = revoke_of(access);
		must_do(host, ROOT, &message);
		must_not_open(host, &auth, secret, "revoked");
		access = must_issue(host, AS(GAMES), "login:news", code, secrets[code]);
		message = cancel_of(access);
		must_do(host, AS(GAMES), &message);
		must_not_open(host, &auth, secret, "returned");
		must_issue(host, AS(GAMES), "login:news", code, secrets[code]);
		*people_ahead() += 5 * 60;
		must_not_open(host, &auth, secret, "token-expired");
	}
	assert_int_equal(burned(host), 0);
	access = must_issue(host, AS(GAMES), "login:news", false, secrets[0]);
	*people_ahead() += 5 * 60 - 3;
	assert_int_equal(type_in(host, &auth, secrets[0], &talk), DECISION_ALLOW);
	assert_int_equal(talk.access, access);
}

static void a_token_does_not_outlive_its_grant(void **state)
{
	struct host *host = need_logins(state);
	const struct message auth = login(PHASE_AUTH, 1);
	char secret[SECRET_SIZE];
	uint32_t access = must_request(host, AS(GAMES), "login:news");

	*people_ahead() = 3600 - 20;
	for (int code = 0; code < 2; code++) {
		issue(host, AS(GAMES), access, code, secret);
		assert_int_equal(on_disk(host, "SELECT count(*) FROM token t JOIN access a ON a.id "
		                               "= t.access WHERE t.exp > a.until"),
		                 0);
	}
	*people_ahead() = 3600;
	must_not_open(host, &auth, secret, "token-expired");
}

/* ---- not what was handed out ---- */

static void text_on_disk(const struct host *host, const char *sql, char secret[static SECRET_SIZE])
{
	sqlite3 *reader = reader_open(host);
	sqlite3_stmt *statement = NULL;

	assert_int_equal(sqlite3_prepare_v2(reader, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	snprintf(secret, SECRET_SIZE, "%s", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	reader_close(reader);
}

/* Whoever reads the database comes in by nothing that is there: not by a held token either. */
static void a_held_token_typed_by_hand_is_refused(void **state)
{
	const struct host *host = need_logins(state);
	const struct message auth = ssh_check(PHASE_AUTH, "games");
	char held[SECRET_SIZE];
	struct sshd sshd;
	struct talk talk;
	struct link link;

	must_request(host, AS(GAMES), "ssh:games");
	text_on_disk(host, "SELECT held FROM token WHERE kind = 'held'", held);
	assert_non_null(strchr(held, '.'));
	sshd_begin(&sshd);
	sshd_open(host, sshd.child, &link);
	assert_int_equal(talk_over(&link, &auth, held, &talk), DECISION_DENY);
	link_close(&link);
	sshd_end(&sshd);
	assert_true(talk.asked);
	assert_int_equal(checks(host, "deny", "token-mismatch"), 1);
	assert_int_equal(burned(host), 0);
}

/* What jitd itself would sign for it. */
static void mint_like(const struct host *host, uint32_t id, const char *jti,
                      char secret[static SECRET_SIZE])
{
	struct access *access = NULL;
	struct mint_order order = {.iat = 0};
	char *text = NULL;

	assert_int_equal(access_get(host->jitd->reader, id, &access), 0);
	assert_int_equal(order_fill(host->jitd, access, &order), 0);
	access_free(access);
	order.iat = on_disk(host, "SELECT iat FROM token WHERE access = %u", id);
	order.exp = on_disk(host, "SELECT exp FROM token WHERE access = %u", id);
	snprintf(order.jti, sizeof(order.jti), "%s", jti);
	assert_int_equal(mint_token(&order, keys_signer(host->jitd->keys)->pem, &text), 0);
	snprintf(secret, SECRET_SIZE, "%s", text);
	cleanup_secret(&text);
}

static void the_token_behind_a_code_is_refused_and_the_code_stays_good(void **state)
{
	const struct host *host = need_logins(state);
	const struct message auth = login(PHASE_AUTH, 1);
	char code[SECRET_SIZE], jti[SECRET_SIZE], token[SECRET_SIZE];
	uint32_t access = must_issue(host, AS(GAMES), "login:news", true, code);
	struct talk talk;

	text_on_disk(host, "SELECT jti FROM token WHERE kind = 'code'", jti);
	mint_like(host, access, jti, token);
	must_not_open(host, &auth, token, "token-mismatch");
	assert_int_equal(type_in(host, &auth, code, &talk), DECISION_ALLOW);
}

/* Signed by our own key, but nothing that was handed out. */
static void a_good_signature_alone_opens_nothing(void **state)
{
	struct host *host = need_logins(state);
	const struct message auth = login(PHASE_AUTH, 1);
	char good[SECRET_SIZE], jti[SECRET_SIZE], token[SECRET_SIZE];
	uint32_t access = must_issue(host, AS(GAMES), "login:news", false, good);
	struct talk talk;

	text_on_disk(host, "SELECT jti FROM token WHERE kind = 'token'", jti);
	mint_like(host, access, jti, token); /* the same claims, another signature */
	assert_string_not_equal(token, good);
	must_not_open(host, &auth, token, "token-mismatch");
	mint_like(host, access, "00112233445566778899aabbccddeeff", token);
	must_not_open(host, &auth, token, "token-mismatch");
	assert_int_equal(type_in(host, &auth, good, &talk), DECISION_ALLOW);
	issue(host, AS(GAMES), access, false, good);
	host_stop(host);
	on_disk_do(host, "UPDATE token SET kind = 'code'"); /* handed out as something else */
	host_start_here(host);
	must_not_open(host, &auth, good, "token-mismatch");
	host_stop(host);
	on_disk_do(host, "DELETE FROM access");
	host_start_here(host);
	must_not_open(host, &auth, good, "token-mismatch");
}

static void another_hosts_token_is_refused(void **state)
{
	struct host *host = need_logins(state);
	const struct message auth = login(PHASE_AUTH, 1);
	char secret[SECRET_SIZE];

	must_request(host, AS(GAMES), "login:news");
	host_stop(host);
	on_disk_do(host, "UPDATE access SET host = 'other.example.org'");
	host_start_here(host);
	issue(host, AS(GAMES), 1, false, secret);
	must_not_open(host, &auth, secret, "token-audience");
	assert_int_equal(burned(host), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, logins_begin, logins_end)
	const struct CMUnitTest tests[] = {
	        TEST(what_was_typed_is_good_once),
	        TEST(burned_stays_burned_after_kill_and_restart),
	        TEST(t21_broken_in_one_character_is_refused_and_burns_nothing),
	        TEST(t12_one_token_has_one_spelling),
	        TEST(another_account_service_or_subject_does_not_open),
	        TEST(whom_pam_names_otherwise_is_not_even_asked),
	        TEST(what_is_over_does_not_open),
	        TEST(a_token_does_not_outlive_its_grant),
	        TEST(a_held_token_typed_by_hand_is_refused),
	        TEST(the_token_behind_a_code_is_refused_and_the_code_stays_good),
	        TEST(a_good_signature_alone_opens_nothing),
	        TEST(another_hosts_token_is_refused),
	};

	people_come();
	return cmocka_run_group_tests_name("typed", tests, NULL, NULL);
}
