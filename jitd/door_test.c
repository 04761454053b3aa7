/* SPDX-License-Identifier: Apache-2.0 */
/* Who vouches at which door: the one table on which all the rest stands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jitd/door.h"

#define KEY "publickey ssh-ed25519 AAAA\n"

static const struct {
	const char *service;
	enum wire_phase phase;
	const char *auth_info;
	bool leads;
	enum vouch vouch;
	bool may_ask;
} doors[] = {
        {"sudo", PHASE_AUTH, "", false, VOUCH_KERNEL, true},
        {"sudo-i", PHASE_ACCOUNT, "", true, VOUCH_KERNEL, true},
        {"sudo", PHASE_OPEN_SESSION, "", false, VOUCH_KERNEL, false},
        {"su-l", PHASE_AUTH, "", false, VOUCH_KERNEL, true},
        {"su", PHASE_ACCOUNT, "", false, VOUCH_KERNEL, false},
        /* keyboard-interactive alone, and the password method: nobody */
        {"sshd", PHASE_AUTH, "", false, VOUCH_NOBODY, true},
        {"sshd", PHASE_AUTH, "", true, VOUCH_NOBODY, true},
        {"sshd", PHASE_ACCOUNT, "", false, VOUCH_NOBODY, false},
        {"sshd", PHASE_OPEN_SESSION, "", true, VOUCH_NOBODY, false},
        {"sshd", PHASE_OPEN_SESSION, "keyboard-interactive/pam\n", true, VOUCH_NOBODY, false},
        {"sshd", PHASE_OPEN_SESSION, "password\n", true, VOUCH_NOBODY, false},
        /* a key */
        {"sshd", PHASE_AUTH, KEY, false, VOUCH_SSHD, true},
        {"sshd", PHASE_ACCOUNT, "", true, VOUCH_SSHD, false},
        {"sshd", PHASE_ACCOUNT, KEY, false, VOUCH_SSHD, false},
        {"sshd", PHASE_OPEN_SESSION, KEY, true, VOUCH_SSHD, false},
        {"sshd", PHASE_OPEN_SESSION, KEY "keyboard-interactive/pam\n", true, VOUCH_SSHD, false},
        {"sshd", PHASE_OPEN_SESSION, "keyboard-interactive/pam\n" KEY, true, VOUCH_SSHD, false},
        /* nothing but a line that begins so */
        {"sshd", PHASE_AUTH, "password publickey x\n", false, VOUCH_NOBODY, true},
        {"sshd", PHASE_AUTH, "publickey\n", false, VOUCH_NOBODY, true},
        {"sshd", PHASE_AUTH, " " KEY, false, VOUCH_NOBODY, true},
        {"sshd", PHASE_AUTH, "xpublickey y\n", false, VOUCH_NOBODY, true},
        /* at the console, whatever its environment says */
        {"login", PHASE_AUTH, KEY, true, VOUCH_NOBODY, true},
        {"login", PHASE_ACCOUNT, KEY, true, VOUCH_NOBODY, false},
        {"login", PHASE_OPEN_SESSION, KEY, true, VOUCH_NOBODY, false},
        /* no door of ours */
        {"cron", PHASE_AUTH, KEY, true, VOUCH_NOBODY, false},
        {"ssh-other", PHASE_ACCOUNT, KEY, true, VOUCH_NOBODY, false},
};

static struct wire_check ask_of(const char *service, enum wire_phase phase, const char *auth_info)
{
	struct wire_check ask = {.phase = (uint8_t)phase, .uid = 1000, .converse = 1};

	(void)snprintf(ask.service, sizeof(ask.service), "%s", service);
	(void)snprintf(ask.auth_info, sizeof(ask.auth_info), "%s", auth_info);
	(void)snprintf(ask.user, sizeof(ask.user), "alice");
	(void)snprintf(ask.ruser, sizeof(ask.ruser), "bob");
	return ask;
}

static void who_vouches_where(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(doors) / sizeof(doors[0]); i++) {
		struct wire_check ask =
		        ask_of(doors[i].service, doors[i].phase, doors[i].auth_info);
		struct door door;

		door_of(&ask, doors[i].leads, &door);
		if (door.vouch != doors[i].vouch || door.may_ask != doors[i].may_ask ||
		    door.told != (doors[i].vouch != VOUCH_NOBODY))
			fail_msg("row %zu: %s phase %d \"%s\": vouch %d, may_ask %d", i,
			         doors[i].service, doors[i].phase, doors[i].auth_info, door.vouch,
			         door.may_ask);
		ask.converse = 0;
		door_of(&ask, doors[i].leads, &door);
		assert_false(door.may_ask);
	}
}

static void the_subject_bears_the_name_of_who_is_vouched_for(void **state)
{
	struct wire_check sudo = ask_of("sudo", PHASE_AUTH, ""),
	                  ssh = ask_of("sshd", PHASE_AUTH, KEY);
	struct door door;

	(void)state;
	door_of(&sudo, false, &door);
	assert_string_equal(door.named, "bob");
	assert_null(door.account);
	assert_true(door_fits(&door, "su:root sudo:root"));
	assert_false(door_fits(&door, "su:root"));
	door_of(&ssh, false, &door);
	assert_string_equal(door.named, "alice");
	assert_string_equal(door.account, "alice");
	assert_true(door_fits(&door, "sudo:root ssh:alice"));
	assert_false(door_fits(&door, "ssh:bob sudo:alice"));
}

#define FIRST       "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVaz82YBGtEwLeYObGxNIM/X6WhkQObUgSk94uA5K1W"
#define SECOND      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJe7I+uErmX9oVNfHTXvMBsHm1t5s7yql3pTS0X9NM33"
#define FIRST_NAME  "SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8"
#define SECOND_NAME "SHA256:P0S8qvS94H0CgLfo1rVvNzVlliwiKPWQEO4N3miP53E"

static void keys_are_those_that_sshd_says_it_verified(void **state)
{
	static const struct {
		const char *service;
		enum wire_phase phase;
		const char *auth_info;
		size_t count;
		bool later, first, second;
	} rows[] = {
	        {"sshd", PHASE_AUTH, "publickey " FIRST "\n", 1, false, true, false},
	        {"sshd", PHASE_AUTH, "publickey " FIRST, 1, false, true, false},
	        {"sshd", PHASE_AUTH, "publickey " FIRST " more\n", 1, false, true, false},
	        {"sshd", PHASE_ACCOUNT, "publickey " FIRST "\n", 1, false, true, false},
	        {"sshd", PHASE_OPEN_SESSION, "publickey " SECOND "\nkeyboard-interactive/pam\n", 1,
	         false, false, true},
	        {"sshd", PHASE_OPEN_SESSION,
	         "password\npublickey " FIRST "\npublickey " SECOND "\n", 2, false, true, true},
	        /* none yet, and none at all */
	        {"sshd", PHASE_ACCOUNT, "", 0, true, false, false},
	        {"sshd", PHASE_ACCOUNT, "hostbased " FIRST "\n", 0, true, false, false},
	        {"sshd", PHASE_AUTH, "", 0, false, false, false},
	        {"sshd", PHASE_OPEN_SESSION, "", 0, false, false, false},
	        {"sshd", PHASE_OPEN_SESSION, "hostbased " FIRST "\n", 0, false, false, false},
	        {"sshd", PHASE_OPEN_SESSION, "publickey " FIRST "x\n", 0, false, false, false},
	        {"sshd", PHASE_OPEN_SESSION, "publickey  " FIRST "\n", 0, false, false, false},
	        {"sshd", PHASE_OPEN_SESSION, "password publickey " FIRST "\n", 0, false, false,
	         false},
	        /* one that cannot be read spoils the list, and a key is not late that was there */
	        {"sshd", PHASE_AUTH, "publickey " FIRST "\npublickey ssh-x AAAA\n", 0, false, false,
	         false},
	        {"sshd", PHASE_ACCOUNT, "publickey ssh-x AAAA\n", 0, false, false, false},
	        /* whatever others have in their environment */
	        {"sudo", PHASE_ACCOUNT, "publickey " FIRST "\n", 0, false, false, false},
	        {"su", PHASE_ACCOUNT, "", 0, false, false, false},
	        {"login", PHASE_OPEN_SESSION, "publickey " FIRST "\n", 0, false, false, false},
	        {"ssh-other", PHASE_OPEN_SESSION, "publickey " FIRST "\n", 0, false, false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct wire_check ask = ask_of(rows[i].service, rows[i].phase, rows[i].auth_info);
		struct door door;
		door_of(&ask, true, &door);
		if (door.keys.count != rows[i].count || door.keys.later != rows[i].later ||
		    door_shows_key(&door, FIRST_NAME) != rows[i].first ||
		    door_shows_key(&door, SECOND_NAME) != rows[i].second)
			fail_msg("row %zu: %zu keys, later %d", i, door.keys.count,
			         door.keys.later);
		assert_false(door_shows_key(&door, ""));
	}
}

static struct process_id process_now(pid_t pid)
{
	struct process_id found = {.pid = pid};
	struct process_stat stat;
	char path[64], text[4096] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_int_equal(process_parse_stat(text, &stat), 0);
	found.start_time = stat.start_time;
	return found;
}

static struct process_id leader_of(pid_t pid, int *ret_result)
{
	struct wire_check ask = ask_of("sshd", PHASE_AUTH, "");
	struct peer_process peer = {.pid = pid, .pidfd = -1};
	struct process_id found = {0}, self = {0};

	peer.start_time = process_now(pid).start_time;
	assert_int_equal(process_reopen(pid, peer.start_time, &peer.pidfd), 0);
	*ret_result = door_process(&ask, &peer, &found);
	ask.phase = PHASE_OPEN_SESSION;
	if (*ret_result == 0 && found.pid != pid)
		assert_int_equal(door_process(&ask, &peer, &self), -EPERM);
	process_done(&peer);
	return found;
}

/* A chain: a session leader, its child, its grandchild, each alive until the pipe closes. */
static void be_chain(int report, int hold)
{
	pid_t child = 0, self;

	setsid();
	for (int depth = 0; depth < 3 && child == 0; depth++) {
		self = getpid();
		if (write(report, &self, sizeof(self)) != sizeof(self))
			_exit(1);
		if (depth < 2)
			child = fork();
	}
	(void)!read(hold, &self, 1);
	_exit(0);
}

static void ancestors_are_found_by_the_kernels_word(const pid_t chain[static 3])
{
	struct process_id at = process_now(chain[2]), other;

	for (int i = 1; i >= 0; i--) {
		assert_int_equal(process_parent(&at, &at), 0);
		assert_int_equal(at.pid, chain[i]);
		assert_true(at.start_time == process_now(chain[i]).start_time);
	}
	assert_int_equal(process_parent(&at, &at), 0);
	assert_int_equal(at.pid, getpid());
	/* by that number, but not that process */
	other = process_now(chain[2]);
	other.start_time++;
	assert_int_equal(process_parent(&other, &at), -ESRCH);
	other.start_time = 0;
	assert_int_equal(process_parent(&other, &at), -ESRCH);
	other = process_now(1);
	assert_int_equal(process_parent(&other, &at), -ESRCH);
	assert_int_equal(at.pid, getpid());
}

static void sshd_opens_sessions_from_the_leader_alone(void **state)
{
	int report[2], hold[2], result;
	pid_t chain[3], first;
	struct process_id found;

	(void)state;
	assert_int_equal(pipe(report), 0);
	assert_int_equal(pipe(hold), 0);
	first = fork();
	if (first == 0) {
		close(hold[1]);
		be_chain(report[1], hold[0]);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(read(report[0], &chain[i], sizeof(pid_t)), sizeof(pid_t));
	found = leader_of(chain[0], &result);
	assert_int_equal(result, 0);
	assert_int_equal(found.pid, chain[0]);
	assert_true(found.start_time > 0);
	found = leader_of(chain[1], &result);
	assert_int_equal(result, 0);
	assert_int_equal(found.pid, chain[0]);
	leader_of(chain[2], &result); /* many could share that one */
	assert_int_equal(result, -EPERM);
	ancestors_are_found_by_the_kernels_word(chain);
	close(hold[1]);
	waitpid(first, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(report[i]);
		if (i == 0)
			close(hold[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(who_vouches_where),
	        cmocka_unit_test(the_subject_bears_the_name_of_who_is_vouched_for),
	        cmocka_unit_test(keys_are_those_that_sshd_says_it_verified),
	        cmocka_unit_test(sshd_opens_sessions_from_the_leader_alone),
	};
	return cmocka_run_group_tests_name("door", tests, NULL, NULL);
}
