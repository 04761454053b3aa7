/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing, and asking for too much: who is slowed down, who is not, and what anybody learns. */
#include "tests/daemon/logins.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "jitd/codes.h"
#include "jitd/reservation.h"
#include "tests/daemon/siege.h"
#include "token/code.h"

static int begin(void **state)
{
	*siege_ahead() = 0;
	return logins_begin(state);
}

/* One login over ssh, from its own connection. */
static enum decision ssh(const struct host *host, const char *user, const char *source,
                         const char *typed, struct talk *ret_talk)
{
	struct message auth = ssh_check(PHASE_AUTH, user);
	enum decision decision;
	struct sshd sshd;
	struct link link;

	assert_int_equal(text_copy(auth.check.rhost, sizeof(auth.check.rhost), source), 0);
	sshd_begin(&sshd);
	sshd_open(host, sshd.child, &link);
	decision = talk_over(&link, &auth, typed, ret_talk);
	link_close(&link);
	sshd_end(&sshd);
	return decision;
}

static void guess(const struct host *host, const char *user, const char *source, unsigned int count,
                  const char *reason)
{
	char wrong[CODE_SIZE];
	struct talk talk;

	for (unsigned int i = 0; i < count; i++) {
		int64_t before = checks(host, "deny", reason);
		assert_int_equal(code_make(wrong), 0);
		assert_int_equal(ssh(host, user, source, wrong, &talk), DECISION_DENY);
		if (checks(host, "deny", reason) != before + 1) {
			host_tell(host);
			fail_msg("guess %u at %s from %s: not \"%s\"", i, user, source, reason);
		}
	}
}

/* ---- over ssh ---- */

static void guesses_slow_down_codes_of_that_account_and_source_alone(void **state)
{
	const struct host *host = need_logins(state);
	char code[SECRET_SIZE], secret[SECRET_SIZE];
	uint32_t news = must_issue(host, AS(GAMES), "ssh:news", true, code);
	uint32_t lp = must_issue(host, AS(GAMES), "ssh:lp", true, secret);
	struct message account = ssh_check(PHASE_ACCOUNT, "games");
	struct talk talk;
	struct sshd sshd;
	struct link link;

	guess(host, "news", "192.0.2.1", GUESSES, "wrong-code");
	guess(host, "news", "192.0.2.1", 3, "too-many-guesses");
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'check' AND "
	                               "verdict = 'deny' AND text = 'from 192.0.2.1'"),
	                 GUESSES + 3);
	/* the good one waits, too, and stays good */
	assert_int_equal(ssh(host, "news", "192.0.2.1", code, &talk), DECISION_DENY);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE burned IS NOT NULL"), 0);
	/* a token of that account from there does not */
	issue(host, AS(GAMES), news, false, secret);
	assert_int_equal(ssh(host, "news", "192.0.2.1", secret, &talk), DECISION_ALLOW);
	/* nor another source, another account, another service */
	issue(host, AS(GAMES), news, true, secret);
	assert_int_equal(ssh(host, "news", "192.0.2.2", secret, &talk), DECISION_ALLOW);
	issue(host, AS(GAMES), lp, true, secret);
	assert_int_equal(ssh(host, "lp", "192.0.2.1", secret, &talk), DECISION_ALLOW);
	/* nor a held token */
	must_request(host, AS(GAMES), "ssh:games");
	sshd_begin(&sshd);
	sshd_open(host, sshd.monitor, &link);
	assert_int_equal(talk_over(&link, &account, NULL, &talk), DECISION_ALLOW);
	link_close(&link);
	sshd_end(&sshd);
	/* half a minute later it is good */
	*siege_ahead() = (GUESS_SECONDS + 1) * INT64_C(1000000000);
	assert_int_equal(ssh(host, "news", "192.0.2.1", code, &talk), DECISION_ALLOW);
}

static void nothing_is_counted_where_no_code_is_out(void **state)
{
	const struct host *host = need_logins(state);
	char code[SECRET_SIZE];
	uint32_t access = must_issue(host, AS(GAMES), "ssh:news", false, code);
	struct talk talk;

	must_issue(host, AS(GAMES), "ssh:lp", true, code); /* somebody else's */
	guess(host, "news", "192.0.2.1", 4 * GUESSES, "wrong-code");
	issue(host, AS(GAMES), access, true, code);
	guess(host, "news", "192.0.2.1", GUESSES - 1, "wrong-code");
	assert_int_equal(ssh(host, "news", "192.0.2.1", code, &talk), DECISION_ALLOW);
	/* once it is used there is none again */
	guess(host, "news", "192.0.2.1", 2 * GUESSES, "wrong-code");
}

static void what_is_no_code_is_no_guess(void **state)
{
	static const char *const typed[] = {"",
	                                    "password",
	                                    "hunter2 hunter2",
	                                    "7KQ4M-2XP9",
	                                    "7KQ4M-2XP9DD",
	                                    "a.b.c",
	                                    "eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
	                                    "\b\n\r\x7fINCORRECT"};
	const struct host *host = need_logins(state);
	char code[SECRET_SIZE], wrong[SECRET_SIZE];
	struct talk talk;

	must_issue(host, AS(GAMES), "ssh:news", true, code);
	for (int i = 0; i < 20; i++)
		assert_int_equal(ssh(host, "news", "192.0.2.1",
		                     typed[i % (int)(sizeof(typed) / sizeof(typed[0]))], &talk),
		                 DECISION_DENY);
	for (const char *at = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *at; at++) {
		strcpy(wrong, code); /* every other check symbol */
		wrong[10] = *at;
		if (*at != code[10])
			assert_int_equal(ssh(host, "news", "192.0.2.1", wrong, &talk),
			                 DECISION_DENY);
	}
	assert_int_equal(checks(host, "deny", "wrong-code"), 0);
	/* and it is read as people type it */
	for (char *at = code; *at; at++)
		*at = (char)(*at == '-'                 ? ' '
		             : *at == '0'               ? 'o'
		             : *at == '1'               ? 'l'
		             : *at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a'
		                                        : *at);
	assert_int_equal(ssh(host, "news", "192.0.2.1", code, &talk), DECISION_ALLOW);
}

/* ---- where the kernel vouches ---- */

static enum decision su(const struct host *host, uid_t uid, const char *name, uint64_t number,
                        const char *typed, struct talk *ret_talk)
{
	struct message auth = typed_check("su", PHASE_AUTH, "lp", number);

	auth.check.uid = uid;
	assert_int_equal(text_copy(auth.check.ruser, sizeof(auth.check.ruser), name), 0);
	return type_in(host, &auth, typed, ret_talk);
}

static void guesses_at_su_slow_down_the_caller_alone(void **state)
{
	const struct host *host = need_logins(state);
	char games[SECRET_SIZE], mail[SECRET_SIZE], wrong[CODE_SIZE];
	uint64_t number = 0;
	struct talk talk;

	must_issue(host, AS(GAMES), "su:lp", true, games);
	must_issue(host, AS(MAIL), "su:lp", true, mail);
	for (int i = 0; i < GUESSES; i++) {
		assert_int_equal(code_make(wrong), 0);
		/* somebody else's good one is as wrong, and as much of a guess */
		assert_int_equal(su(host, GAMES, "games", number++, i % 2 ? mail : wrong, &talk),
		                 DECISION_DENY);
		assert_true(talk.asked);
		assert_non_null(strstr(talk.text, "that code is not good here"));
	}
	assert_int_equal(su(host, GAMES, "games", number++, games, &talk), DECISION_DENY);
	assert_non_null(strstr(talk.text, "too many wrong codes"));
	assert_int_equal(su(host, MAIL, "mail", number++, mail, &talk), DECISION_ALLOW);
	*siege_ahead() = (GUESS_SECONDS + 1) * INT64_C(1000000000);
	assert_int_equal(su(host, GAMES, "games", number++, games, &talk), DECISION_ALLOW);
}

#define PROMPTS 16

/* All of them are root's connections, so that one caller could have those of all. */
static void one_caller_does_not_open_prompts_without_end(void **state)
{
	const struct host *host = need_logins(state);
	struct message auth = typed_check("su", PHASE_AUTH, "lp", 1), message;
	struct link links[PROMPTS + 1];
	char token[SECRET_SIZE];
	struct talk talk;

	must_issue(host, AS(GAMES), "su:lp", false, token);
	for (uint64_t i = 0; i <= PROMPTS; i++) {
		auth.check.handle.bytes[9] = (uint8_t)i;
		link_open(host, PAM_SOCKET, SELF, &links[i]);
		assert_int_equal(until_asked(&links[i], &auth, &message), i < PROMPTS);
	}
	assert_int_equal(message.id, MESSAGE_verdict);
	assert_int_equal(message.verdict.decision, DECISION_DENY);
	assert_non_null(strstr(message.verdict.text, "too many prompts of yours are open"));
	assert_int_equal(checks(host, "deny", "too-many-prompts"), 1);
	/* others are asked, and whoever needs no prompt passes */
	must_issue(host, AS(MAIL), "su:lp", false, token);
	assert_int_equal(su(host, MAIL, "mail", 99, token, &talk), DECISION_ALLOW);
	must_issue(host, AS(GAMES), "login:news", false, token);
	auth = typed_check("login", PHASE_AUTH, "news", 98);
	assert_int_equal(type_in(host, &auth, token, &talk), DECISION_ALLOW);
	/* one fewer is one more */
	link_close(&links[0]);
	while (checks(host, "deny", "no-answer") < 1)
		host_turn(host, true);
	must_issue(host, AS(GAMES), "su:lp", false, token);
	assert_int_equal(su(host, GAMES, "games", 97, token, &talk), DECISION_ALLOW);
	for (size_t i = 1; i <= PROMPTS; i++)
		link_close(&links[i]);
}

/* ---- what anybody learns ---- */

/* The whole conversation, byte by byte. */
struct heard {
	uint8_t bytes[4 * WIRE_PACKET];
	size_t length;
};

static void hear(struct heard *heard, const struct message *message)
{
	size_t length;

	assert_int_equal(message_encode(message, heard->bytes + heard->length, &length, NULL), 0);
	heard->length += length;
}

static void listen_to(const struct host *host, const char *user, const char *typed,
                      struct heard *heard)
{
	const struct message auth = ssh_check(PHASE_AUTH, user);
	struct message message;
	struct sshd sshd;
	struct link link;

	heard->length = 0;
	sshd_begin(&sshd);
	sshd_open(host, sshd.child, &link);
	link_send(&link, &auth);
	do {
		assert_true(link_receive(&link, &message));
		hear(heard, &message);
		if (message.id == MESSAGE_ask)
			give(&link, typed);
	} while (message.id != MESSAGE_verdict);
	assert_int_equal(message.verdict.decision, DECISION_DENY);
	link_close(&link);
	sshd_end(&sshd);
}

static void must_sound_alike(const struct host *host, const char *user, const char *typed,
                             const char *reason, struct heard *first)
{
	int64_t before = checks(host, "deny", reason);
	struct heard heard;

	listen_to(host, user, typed, &heard);
	if (checks(host, "deny", reason) != before + 1) {
		host_tell(host);
		fail_msg("%s: no event \"%s\"", user, reason);
	}
	if (!first->length)
		*first = heard;
	if (heard.length != first->length || memcmp(heard.bytes, first->bytes, heard.length))
		fail_msg("%s: \"%s\" sounds unlike the others", user, reason);
}

static void t27_p14_where_nobody_vouches_all_refusals_are_one(void **state)
{
	const struct host *host = need_logins(state);
	const struct message lock = lock_of("mail");
	char token[SECRET_SIZE], broken[SECRET_SIZE], code[SECRET_SIZE], lps[SECRET_SIZE],
	        mails[SECRET_SIZE], wrong[CODE_SIZE];
	struct heard first = {.length = 0};
	struct talk talk;
	uint32_t access;

	assert_int_equal(code_make(wrong), 0);
	must_sound_alike(host, "news", "password", "not-a-token", &first);
	must_sound_alike(host, "news", wrong, "wrong-code", &first); /* no access at all */
	access = must_issue(host, AS(GAMES), "ssh:news", false, token);
	strcpy(broken, token);
	broken[strlen(broken) - 10] = broken[strlen(broken) - 10] == 'A' ? 'B' : 'A';
	must_sound_alike(host, "nosuchuser", token, "wrong-account", &first);
	must_sound_alike(host, "nosuchuser", broken, "token-signature", &first);
	must_sound_alike(host, "root", token, "wrong-account", &first);
	must_sound_alike(host, "lp", token, "wrong-account", &first); /* no access */
	must_sound_alike(host, "news", broken, "token-signature", &first);
	must_sound_alike(host, "news", "", "nothing-typed", &first);
	must_sound_alike(host, "news", NULL, "no-answer", &first);
	must_sound_alike(host, "nosuchuser", wrong, "wrong-code", &first);
	/* used */
	must_issue(host, AS(GAMES), "ssh:lp", true, code);
	assert_int_equal(ssh(host, "lp", "192.0.2.9", code, &talk), DECISION_ALLOW);
	must_sound_alike(host, "lp", code, "token-used", &first);
	assert_int_equal(ssh(host, "news", "192.0.2.9", token, &talk), DECISION_ALLOW);
	must_sound_alike(host, "news", token, "token-used", &first);
	/* locked, over */
	must_issue(host, AS(MAIL), "ssh:news", false, mails);
	must_do(host, ROOT, &lock);
	must_sound_alike(host, "news", mails, "locked", &first);
	issue(host, AS(GAMES), access, true, code);
	must_issue(host, AS(GAMES), "ssh:lp", false, lps);
	*people_ahead() = 301;
	must_sound_alike(host, "news", code, "token-expired", &first);
	must_sound_alike(host, "lp", lps, "token-expired", &first);
	/* slowed down, and with a code out */
	issue(host, AS(GAMES), access, true, code);
	for (int i = 0; i < GUESSES; i++)
		must_sound_alike(host, "news", wrong, "wrong-code", &first);
	must_sound_alike(host, "news", wrong, "too-many-guesses", &first);
	must_sound_alike(host, "news", code, "too-many-guesses", &first);
	/* so that this test can fail: somebody who is vouched for is told */
	assert_int_equal(su(host, MAN, "man", 1, NULL, &talk), DECISION_DENY);
	assert_non_null(strstr(talk.text, "you hold no access"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, logins_end)
	const struct CMUnitTest tests[] = {
	        TEST(guesses_slow_down_codes_of_that_account_and_source_alone),
	        TEST(nothing_is_counted_where_no_code_is_out),
	        TEST(what_is_no_code_is_no_guess),
	        TEST(guesses_at_su_slow_down_the_caller_alone),
	        TEST(one_caller_does_not_open_prompts_without_end),
	        TEST(t27_p14_where_nobody_vouches_all_refusals_are_one),
	};

	people_come();
	return cmocka_run_group_tests_name("guess", tests, NULL, NULL);
}
