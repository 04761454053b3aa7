/* SPDX-License-Identifier: Apache-2.0 */
/* What a start makes of key files and rows that do not belong together. */
#include "tests/daemon/locksmith.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#define OTHER_KID "AAAAAAAA"

/* A stopped host with a current key that signed for games, and a retiring one that did for mail. */
struct stopped {
	struct host *host;
	struct wire_key current, next, retiring;
	uint32_t games, mail;
};

static struct stopped stop(void **state)
{
	struct stopped stopped = {.host = need_locksmith(state)};
	const struct message rotation = rotate_now();

	stopped.mail = must_request(stopped.host, AS(MAIL), "su:root");
	must_do(stopped.host, ROOT, &rotation);
	stopped.games = must_request(stopped.host, AS(GAMES), "sudo:root");
	stopped.current = key_in(stopped.host, "current");
	stopped.next = key_in(stopped.host, "next");
	stopped.retiring = key_in(stopped.host, "retiring");
	host_stop(stopped.host);
	return stopped;
}

static void erase(const struct host *host, const char *kid)
{
	struct key_path path = key_path(host, kid, ".pem");

	assert_int_equal(unlink(path.text), 0);
}

static void move_key(const struct host *host, const char *kid, const char *suffix,
                     const char *new_kid, const char *new_suffix)
{
	struct key_path from = key_path(host, kid, suffix),
	                to = key_path(host, new_kid, new_suffix);

	assert_int_equal(rename(from.text, to.text), 0);
}

static void copy_key(const struct host *host, const char *kid, const char *new_kid,
                     const char *new_suffix)
{
	struct key_path from = key_path(host, kid, ".pem"),
	                to = key_path(host, new_kid, new_suffix);

	assert_int_equal(link(from.text, to.text), 0);
}

static void lost(const struct host *host, const char *kid)
{
	expect_key(host, kid, "gone");
	assert_int_equal(on_disk(host,
	                         "SELECT count(*) FROM event WHERE event = 'key' AND "
	                         "text LIKE '%s %% gone: its file is missing'",
	                         kid),
	                 1);
}

/* ---- a row without its file ---- */

static void a_missing_current_key_is_gone_with_what_it_signed(void **state)
{
	struct stopped stopped = stop(state);
	struct host *host = stopped.host;
	struct message answer;

	erase(host, stopped.current.kid);
	host_start_here(host);
	lost(host, stopped.current.kid);
	assert_string_equal(key_in(host, "current").kid, stopped.next.kid);
	expect_state(host, stopped.games, "revoked");
	assert_int_equal(sudo_check(host, &answer), DECISION_DENY);
	expect_state(host, stopped.mail, "active");
	assert_int_equal(su_check(host, &answer), DECISION_ALLOW);
	assert_int_equal(keys_in(host, "next"), 1);
	assert_int_equal(key_files(host), 3);
}

static void so_is_a_missing_retiring_key(void **state)
{
	struct stopped stopped = stop(state);
	struct host *host = stopped.host;
	struct message answer;

	erase(host, stopped.retiring.kid);
	host_start_here(host);
	lost(host, stopped.retiring.kid);
	expect_state(host, stopped.mail, "revoked");
	assert_int_equal(su_check(host, &answer), DECISION_DENY);
	assert_int_equal(sudo_check(host, &answer), DECISION_ALLOW);
	assert_string_equal(key_in(host, "current").kid, stopped.current.kid);
}

static void without_any_file_all_begins_anew(void **state)
{
	struct stopped stopped = stop(state);
	struct host *host = stopped.host;
	struct message answer;

	erase(host, stopped.current.kid);
	erase(host, stopped.next.kid);
	erase(host, stopped.retiring.kid);
	host_start_here(host);
	assert_int_equal(keys_in(host, "gone"), 3);
	expect_state(host, stopped.games, "revoked");
	expect_state(host, stopped.mail, "revoked");
	must_request(host, AS(GAMES), "sudo:root");
	assert_int_equal(sudo_check(host, &answer), DECISION_ALLOW);
	assert_int_equal(key_files(host), 2);
}

/* ---- a file without its row ---- */

static void a_key_of_no_database_stops_the_start(void **state)
{
	struct stopped stopped = stop(state);
	struct host *host = stopped.host;

	copy_key(host, stopped.current.kid, OTHER_KID, ".pem");
	host_start_refused(host, "keys/" OTHER_KID ".pem: no key of this database: move it away");
	assert_true(key_file_is_there(host, OTHER_KID, ".pem"));
	erase(host, OTHER_KID);
	host_start_here(host);
	assert_string_equal(key_in(host, "current").kid, stopped.current.kid);
}

static void so_do_keys_whose_database_is_gone(void **state)
{
	struct stopped stopped = stop(state);
	struct host *host = stopped.host;
	char path[128];

	snprintf(path, sizeof(path), "%s/state/jitd.db", host->directory);
	assert_int_equal(unlink(path), 0);
	host_start_refused(host, "bring the database back");
	assert_int_equal(key_files(host), 3);
}

static void any_other_file_stops_the_start_and_nothing_is_made(void **state)
{
	struct host *host = stop(state).host;
	struct key_path path = key_path(host, "notes", ".txt");
	cleanup(cleanup_close) int fd = open(path.text, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	host_start_refused(host, "keys/notes.txt: not a key's file");
	assert_int_equal(key_files(host), 4);
	assert_int_equal(unlink(path.text), 0);
	host_start_here(host);
}

/* ---- files that are not as they must be ---- */

static void whatever_is_wrong_with_a_file_stops_the_start(void **state)
{
	struct stopped stopped = stop(state);
	struct host *host = stopped.host;
	struct key_path path = key_path(host, stopped.retiring.kid, ".pem");

	assert_int_equal(chmod(path.text, 0644), 0);
	host_start_refused(host, "mode 0644 lets others in");
	assert_int_equal(chmod(path.text, 0600), 0);
	erase(host, stopped.retiring.kid);
	assert_int_equal(symlink("/etc/passwd", path.text), 0);
	host_start_refused(host, "symbolic link");
	erase(host, stopped.retiring.kid);
	copy_key(host, stopped.current.kid, stopped.retiring.kid, ".pem");
	host_start_refused(host, "not the one that its name says");
	assert_int_equal(truncate(path.text, 100), 0);
	host_start_refused(host, "not a private key file");
}

/* ---- what a crash left ---- */

static void what_was_never_in_force_is_erased(void **state)
{
	struct stopped stopped = stop(state);
	struct host *host = stopped.host;

	copy_key(host, stopped.current.kid, OTHER_KID, ".new");
	host_start_here(host);
	assert_false(key_file_is_there(host, OTHER_KID, ".new"));
	assert_false(key_file_is_there(host, OTHER_KID, ".pem"));
	assert_string_equal(key_in(host, "current").kid, stopped.current.kid);
	assert_int_equal(key_files(host), 3);
}

static void what_is_in_force_gets_its_name(void **state)
{
	struct stopped stopped = stop(state);
	struct host *host = stopped.host;
	struct message answer;

	move_key(host, stopped.current.kid, ".pem", stopped.current.kid, ".new");
	move_key(host, stopped.next.kid, ".pem", stopped.next.kid, ".new");
	host_start_here(host);
	assert_string_equal(key_in(host, "current").kid, stopped.current.kid);
	assert_string_equal(key_in(host, "next").kid, stopped.next.kid);
	assert_true(key_file_is_there(host, stopped.current.kid, ".pem"));
	assert_true(key_file_is_there(host, stopped.next.kid, ".pem"));
	assert_int_equal(key_files(host), 3);
	assert_int_equal(sudo_check(host, &answer), DECISION_ALLOW);
}

static void what_is_gone_is_erased(void **state)
{
	struct stopped stopped = stop(state);
	struct host *host = stopped.host;
	const struct message retirement = retire_of(stopped.retiring.kid);

	copy_key(host, stopped.retiring.kid, OTHER_KID, ".new");
	host_start_here(host); /* erases that one, too */
	must_do(host, ROOT, &retirement);
	host_stop(host);
	copy_key(host, stopped.current.kid, stopped.retiring.kid, ".pem");
	host_start_here(host);
	expect_key(host, stopped.retiring.kid, "gone");
	assert_false(key_file_is_there(host, stopped.retiring.kid, ".pem"));
	assert_int_equal(key_files(host), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, locksmith_begin, locksmith_end)
	const struct CMUnitTest tests[] = {
	        TEST(a_missing_current_key_is_gone_with_what_it_signed),
	        TEST(so_is_a_missing_retiring_key),
	        TEST(without_any_file_all_begins_anew),
	        TEST(a_key_of_no_database_stops_the_start),
	        TEST(so_do_keys_whose_database_is_gone),
	        TEST(any_other_file_stops_the_start_and_nothing_is_made),
	        TEST(whatever_is_wrong_with_a_file_stops_the_start),
	        TEST(what_was_never_in_force_is_erased),
	        TEST(what_is_in_force_gets_its_name),
	        TEST(what_is_gone_is_erased),
	};

	people_come();
	return cmocka_run_group_tests_name("rekey start", tests, NULL, NULL);
}
