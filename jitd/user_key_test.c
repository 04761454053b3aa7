/* SPDX-License-Identifier: Apache-2.0 */
/* Which ssh key a request is bound to, and who is shown it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/daemon/ssh_keys.h"

/* The access that came of it, bound to that key. */
static uint32_t must_be_bound(const struct host *host, const struct message *answer,
                              const char *fingerprint)
{
	if (answer->id != MESSAGE_done)
		fail_msg("refused: %s", answer->refused.text);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM access WHERE id = %u AND user_key = '%s'",
	                         answer->done.access, fingerprint),
	                 1);
	return answer->done.access;
}

static void must_say(const struct message *answer, const char *word)
{
	if (answer->id != MESSAGE_refused || !strstr(answer->refused.text, word))
		fail_msg("not \"%s\": %s", word,
		         answer->id == MESSAGE_refused ? answer->refused.text : "done");
}

/* ---- as it is named ---- */

static void what_is_named_must_be_a_fingerprint(void **state)
{
	static const char *const wrong[] = {
	        "x",
	        "SHA256:",
	        "uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8",
	        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8=",
	        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/9",
	        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8 games@host (ED25519)",
	        "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
	        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+\n8",
	};
	const struct host *host = need_ssh_keys(state);

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct message message = request_with("ssh:games", wrong[i]);
		expect_refusal(host, AS(GAMES), &message, "ssh-keygen -lf FILE", "user-key");
	}
	assert_int_equal(on_disk(host, "SELECT count(*) FROM access"), 0);
}

static void where_the_rule_binds_a_key_must_be_known(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message none = request_with("ssh:games", ""),
	                     named = request_with("ssh:games", key_a.fingerprint);
	struct message answer;

	expect_refusal(host, AS(GAMES), &none, "--user-key", "user-key-missing");
	say(host, AS(GAMES), &named, &answer);
	must_be_bound(host, &answer, key_a.fingerprint);
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE event = 'request' AND "
	                         "instr(text, 'ssh key %s')",
	                         key_a.fingerprint),
	                 1);
}

/* Who asks for a binding gets it where the rule wants none, and where it can be kept. */
static void one_may_bind_what_the_rule_does_not(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message bound = request_with("ssh:news", key_a.fingerprint),
	                     plain = request_with("ssh:news", ""),
	                     sudo = request_with("sudo:lp", key_a.fingerprint),
	                     both = request_with("ssh:news sudo:lp", key_a.fingerprint);
	struct message answer;

	expect_refusal(host, AS(GAMES), &sudo, "(--user-key), which is seen at ssh alone",
	               "no-key");
	expect_refusal(host, AS(GAMES), &both, "no rule", "no-rule");
	say(host, AS(NEWS), &plain, &answer);
	must_be_bound(host, &answer, "");
	say(host, AS(NEWS), &bound, &answer);
	must_be_bound(host, &answer, key_a.fingerprint);
}

static void a_rule_that_binds_gives_ssh_alone(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message reload = {.id = MESSAGE_reload},
	                     sudo = request_with("sudo:lp", key_a.fingerprint),
	                     both = request_with("ssh:games sudo:lp", key_a.fingerprint),
	                     ssh = request_with("ssh:games", key_a.fingerprint);

	host_rules(host, "rule \"all\" { who = {\"games\"} scope = {\"*:games\", \"*:lp\"}\n"
	                 "present = \"typed\" approvals = 0 bind = {\"ssh-key\"} }\n");
	must_do(host, ROOT, &reload);
	expect_refusal(host, AS(GAMES), &sudo, "which is seen at ssh alone", "no-key");
	expect_refusal(host, AS(GAMES), &both, "which is seen at ssh alone", "no-key");
	must_do(host, AS(GAMES), &ssh);
}

static void approvers_are_shown_the_key(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message asks = request_with("ssh:man", key_b.fingerprint);
	struct message answer;
	struct link link;

	say(host, AS(MAIL), &asks, &answer);
	const struct message show = {.id = MESSAGE_show, .show = {.access = answer.done.access}};
	link_open(host, CLIENT_SOCKET, AS(DAEMON), &link);
	link_send(&link, &show);
	assert_true(link_receive(&link, &answer));
	link_close(&link);
	assert_int_equal(answer.id, MESSAGE_access);
	assert_string_equal(answer.access.user_key, key_b.fingerprint);
}

/* ---- as the login shows it ---- */

/* games logs in, and asks from there. */
static void log_in(const struct host *host, struct sshd *sshd, struct person person,
                   const char *first, const char *second)
{
	const struct message account = ssh_check(PHASE_ACCOUNT, "games"),
	                     session = keyed_check(PHASE_OPEN_SESSION, "games", first, second);
	struct talk talk;

	sshd_begin_for(sshd, person);
	assert_int_equal(hook(host, sshd->monitor, &account, NULL, &talk), DECISION_ALLOW);
	assert_int_equal(hook(host, sshd->monitor, &session, NULL, &talk), DECISION_ALLOW);
}

static void without_a_name_it_is_the_key_of_the_login(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message asks = request_with("ssh:news", ""),
	                     named = request_with("ssh:news", key_c.fingerprint),
	                     unbound = request_with("sudo:lp", "");
	struct message answer;
	struct sshd sshd;
	uint32_t access;

	must_bind(host, AS(GAMES), "ssh:games", &key_a);
	log_in(host, &sshd, AS(GAMES), key_a.line, NULL);
	command_say(host, &sshd, &asks, &answer);
	access = must_be_bound(host, &answer, key_a.fingerprint);
	if (!strstr(answer.done.text, key_a.fingerprint)) /* whoever asks reads which */
		fail_msg("access %u: %s", access, answer.done.text);
	command_say(host, &sshd, &named, &answer);
	must_be_bound(host, &answer, key_c.fingerprint);
	command_say(host, &sshd, &unbound, &answer);
	must_be_bound(host, &answer, "");
	sshd_end(&sshd);
}

/* As sshd left the account to somebody else, by su or a setuid program. */
static void another_persons_login_tells_nothing(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message asks = request_with("ssh:news", "");
	struct message answer;
	struct sshd sshd;

	must_bind(host, AS(GAMES), "ssh:games", &key_a);
	log_in(host, &sshd, AS(MAIL), key_a.line, NULL);
	command_say(host, &sshd, &asks, &answer);
	must_say(&answer, "you did not come here by one");
	sshd_end(&sshd);
}

static void a_login_that_is_none_of_this_tells_nothing(void **state)
{
	struct host *host = need_ssh_keys(state);
	const struct message asks = request_with("ssh:news", "");
	static const char *const changes[] = {
	        "UPDATE session SET ended = 1",
	        "UPDATE session SET start_time = start_time + 1",
	        "UPDATE session SET boot_id = '00000000-0000-0000-0000-000000000000'",
	        "UPDATE session SET pid = pid + 1000000",
	};
	struct message answer;
	struct sshd sshd, others;

	must_bind(host, AS(GAMES), "ssh:games", &key_a);
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		log_in(host, &sshd, AS(GAMES), key_a.line, NULL);
		on_disk_do(host, changes[i]);
		command_say(host, &sshd, &asks, &answer);
		must_say(&answer, "you did not come here by one");
		sshd_end(&sshd);
	}
	/* beside it, not below it */
	log_in(host, &sshd, AS(GAMES), key_a.line, NULL);
	sshd_begin(&others);
	command_say(host, &others, &asks, &answer);
	must_say(&answer, "you did not come here by one");
	sshd_end(&others);
	command_say(host, &sshd, &asks, &answer);
	must_be_bound(host, &answer, key_a.fingerprint);
	sshd_end(&sshd);
	/* by two keys: which of them is not known */
	log_in(host, &sshd, AS(GAMES), key_b.line, key_a.line);
	command_say(host, &sshd, &asks, &answer);
	must_say(&answer, "--user-key");
	sshd_end(&sshd);
}

static uint64_t own_start_time(void)
{
	struct process_stat stat = {.parent = 0};
	char text[4096] = "";
	FILE *file = fopen("/proc/self/stat", "r");

	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_int_equal(process_parse_stat(text, &stat), 0);
	return stat.start_time;
}

/* The nearest one counts: ssh from here to here. */
static void the_nearest_login_counts(void **state)
{
	const struct host *host = need_ssh_keys(state);
	const struct message asks = request_with("ssh:news", "");
	struct message answer;
	struct sshd sshd;
	char sql[256];

	must_bind(host, AS(GAMES), "ssh:games", &key_b);
	must_bind(host, AS(GAMES), "ssh:games", &key_a);
	log_in(host, &sshd, AS(GAMES), key_a.line, NULL);
	/* this very process, from which all of them descend, is taken for a login by another key */
	on_disk_do(host,
	           "INSERT INTO session (access, n, subject, service, account, tty, rhost, pid, "
	           "start_time, boot_id, handle, since, until, boot_until, user_key) "
	           "SELECT access, n + 1, subject, service, account, tty, rhost, pid, "
	           "start_time, boot_id, 'x', since, until, boot_until, "
	           "'SHA256:P0S8qvS94H0CgLfo1rVvNzVlliwiKPWQEO4N3miP53E' FROM session");
	snprintf(sql, sizeof(sql), "UPDATE session SET pid = %d, start_time = %llu WHERE n = 2",
	         getpid(), (unsigned long long)own_start_time());
	on_disk_do(host, sql);
	command_say(host, &sshd, &asks, &answer);
	must_be_bound(host, &answer, key_a.fingerprint);
	on_disk_do(host, "UPDATE session SET ended = 1 WHERE n = 1");
	command_say(host, &sshd, &asks, &answer);
	must_be_bound(host, &answer, key_b.fingerprint);
	sshd_end(&sshd);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, ssh_keys_begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(what_is_named_must_be_a_fingerprint),
	        TEST(where_the_rule_binds_a_key_must_be_known),
	        TEST(one_may_bind_what_the_rule_does_not),
	        TEST(a_rule_that_binds_gives_ssh_alone),
	        TEST(approvers_are_shown_the_key),
	        TEST(without_a_name_it_is_the_key_of_the_login),
	        TEST(another_persons_login_tells_nothing),
	        TEST(a_login_that_is_none_of_this_tells_nothing),
	        TEST(the_nearest_login_counts),
	};

	people_come();
	return cmocka_run_group_tests_name("user key", tests, NULL, NULL);
}
