/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole daemon on a file system of 1280 KiB that is full, or fills in the middle of a
 * transaction: nothing opens without its row, revocations and locks act at once and are written
 * when there is room again, and nobody starts jitd anew.
 */
#include "tests/daemon/crowd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/daemon/clocks.h"
#include "tests/daemon/disk.h"
#include "tests/daemon/locksmith.h"

#define GAMER ((struct person){GAMES, LOGIN_UID_NONE})
#define MANNY ((struct person){MAN, LOGIN_UID_NONE})
#define ROOT  ((struct person){0, LOGIN_UID_NONE})
#define PAGE  4096

static const char rules[] =
        "rule \"play\" { who = {\"games\"} scope = {\"sudo:root\"} approvals = 0 max = \"1h\" }\n"
        "rule \"ask\" { who = {\"games\"} scope = {\"su:news\"} approvers = {\"man\"}\n"
        "max = \"1h\" }\n";

/* SQLite keeps its file systems for the whole process. */
static struct disk disk;

struct stage {
	struct host host;
	struct crowd crowd;
	char ballast[128];
	bool mounted;
	unsigned int kept;           /* messages since the last transaction ended */
	unsigned int middle;         /* transactions of which a middle message met the full disk */
	unsigned int kept_in_middle; /* the most that such a one had kept before */
};

static struct stage *current;

/* ---- which message it was ---- */

int __real_txn_leave(struct txn *txn, int result);
int __wrap_txn_leave(struct txn *txn, int result);
int __wrap_txn_leave(struct txn *txn, int result)
{
	uint64_t lost = txn_counters(txn).failures;
	int r = __real_txn_leave(txn, result);

	if (!current)
		return r;
	if (txn_counters(txn).failures != lost) {
		current->middle += current->kept > 0;
		if (current->kept > current->kept_in_middle)
			current->kept_in_middle = current->kept;
		current->kept = 0;
	}
	current->kept += r == 0;
	return r;
}

static void synced(void *context)
{
	struct stage *stage = context;

	stage->kept = 0;
}

/* ---- the small disk ---- */

static int begin(void **state)
{
	static struct stage stage;
	char path[128];

	if (geteuid() != 0)
		return 0;
	stage = (struct stage){.mounted = false};
	*state = &stage;
	host_make(&stage.host, rules, NULL);
	snprintf(path, sizeof(path), "%s/state", stage.host.directory);
	snprintf(stage.ballast, sizeof(stage.ballast), "%s/state/ballast", stage.host.directory);
	assert_int_equal(mkdir(path, 0700), 0);
	stage.mounted = mount("tmpfs", path, "tmpfs", 0, "size=1280k,mode=0700") == 0;
	if (!stage.mounted)
		return 0;
	host_start_here(&stage.host);
	current = &stage;
	disk.synced = synced;
	disk.context = &stage;
	return 0;
}

static int end(void **state)
{
	struct stage *stage = *state;
	char path[128];

	if (!stage)
		return 0;
	current = NULL;
	disk = (struct disk){.sync_ms = 0};
	crowd_scatter(&stage->crowd);
	host_stop(&stage->host);
	snprintf(path, sizeof(path), "%s/state", stage->host.directory);
	if (stage->mounted)
		assert_int_equal(umount2(path, MNT_DETACH), 0);
	host_remove(&stage->host);
	return 0;
}

static void need_small_disk(const struct stage *stage)
{
	need_root("it mounts a small file system, and asks as another user");
	if (stage->mounted)
		return;
	print_message("skipped: no file system can be mounted here\n");
	skip();
}

/* Leaves this many pages free. */
static void fill(const struct stage *stage, unsigned int free_pages)
{
	int fd = open(stage->ballast, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	char page[PAGE] = "";
	off_t size = 0;
	ssize_t n;

	assert_true(fd >= 0);
	while ((n = write(fd, page, sizeof(page))) > 0)
		size += n;
	assert_int_equal(errno, ENOSPC);
	size = size > (off_t)free_pages * PAGE ? size - (off_t)free_pages * PAGE : 0;
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

static void make_room(const struct stage *stage)
{
	assert_int_equal(unlink(stage->ballast), 0);
}

/* ---- a transaction that meets the end of the disk ---- */

/* A checkpoint, so that the log begins anew, and small. */
static void restart_log(struct stage *stage)
{
	host_stop(&stage->host);
	host_start_here(&stage->host);
}

static void fill_up_under_64(struct stage *stage, unsigned int free_pages)
{
	crowd_gather(&stage->crowd, &stage->host, CROWD_MAX);
	stage->crowd.round = free_pages * 2; /* told apart from those of other crowds */
	fill(stage, free_pages);
	stage->kept = 0;
	crowd_ask(&stage->crowd);
	crowd_verify_round(&stage->crowd);
	print_message("%2u pages free: %2zu allows, %2zu denials; %u so far met it in the middle\n",
	              free_pages, stage->crowd.allows, stage->crowd.denials, stage->middle);
	make_room(stage);
	/* by the same daemon */
	crowd_ask(&stage->crowd);
	crowd_verify_round(&stage->crowd);
	if (stage->crowd.allows != CROWD_MAX)
		fail_msg("%zu of %d: %s", stage->crowd.allows, CROWD_MAX, stage->crowd.why);
	crowd_verify(&stage->crowd);
	crowd_scatter(&stage->crowd);
	restart_log(stage);
}

static void a_middle_one_of_64_checks_meets_the_full_disk(void **state)
{
	/* not all of them: what is written meanwhile must fit as well */
	static const unsigned int pages[] = {0, 1, 3, 5, 7, 9, 12};
	struct stage *stage = *state;

	need_small_disk(stage);
	must_request(&stage->host, GAMER, "sudo:root");
	disk.sync_ms = 10;
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		fill_up_under_64(stage, pages[i]);
	print_message("of %u transactions a middle message met it, with up to %u kept before\n",
	              stage->middle, stage->kept_in_middle);
	assert_true(stage->middle > 0);
	assert_true(stage->kept_in_middle >= 8);
}

/* ---- what acts from memory ---- */

static const struct message *account_check(struct message *message)
{
	*message = check_of(PHASE_ACCOUNT, "games", 4711);
	return message;
}

static void expect(const struct stage *stage, enum decision decision, const char *word)
{
	struct message message, answer;

	assert_int_equal(check(&stage->host, account_check(&message), &answer), decision);
	if (word && !strstr(answer.verdict.text, word))
		fail_msg("not \"%s\": %s", word, answer.verdict.text);
}

/* Until not even one event finds room. */
static void fill_to_the_brim(const struct stage *stage)
{
	struct message message, answer;
	int tries = 0;

	fill(stage, 0);
	while (check(&stage->host, account_check(&message), &answer) == DECISION_ALLOW)
		assert_true(++tries < 1000);
	assert_non_null(strstr(answer.verdict.text, "cannot write its database"));
}

static void must_act_from_memory(const struct stage *stage, const struct message *message)
{
	struct message answer;

	say(&stage->host, ROOT, message, &answer);
	assert_int_equal(answer.id, MESSAGE_done);
	assert_non_null(strstr(answer.done.text, "in force, not yet on disk"));
}

static void until_on_disk(const struct stage *stage, const char *condition, uint32_t number)
{
	int64_t deadline = client_now() + 5000;

	while (on_disk(&stage->host, "SELECT count(*) FROM %s = %u", condition, number) != 1) {
		assert_true(client_now() < deadline);
		host_turn(&stage->host, true);
	}
}

static void a_revocation_acts_on_a_full_disk(void **state)
{
	struct stage *stage = *state;
	struct message message;
	uint32_t access;

	need_small_disk(stage);
	access = must_request(&stage->host, GAMER, "sudo:root");
	expect(stage, DECISION_ALLOW, NULL);
	fill_to_the_brim(stage);
	message = revoke_of(access);
	must_act_from_memory(stage, &message);
	assert_int_equal(
	        on_disk(&stage->host, "SELECT state = 'active' FROM access WHERE id = %u", access),
	        1);
	expect(stage, DECISION_DENY, NULL);
	make_room(stage);
	expect(stage, DECISION_DENY, "was revoked");
	until_on_disk(stage, "access WHERE state = 'revoked' AND id", access);
	expect(stage, DECISION_DENY, "was revoked");
	/* and the next one opens */
	must_request(&stage->host, GAMER, "sudo:root");
	expect(stage, DECISION_ALLOW, NULL);
	host_stop(&stage->host);
	assert_int_equal(on_disk(&stage->host,
	                         "SELECT count(*) FROM event WHERE event = 'revoked' AND "
	                         "actor = 'root' AND access = %u",
	                         access),
	                 1);
}

static void a_lock_acts_on_a_full_disk(void **state)
{
	struct stage *stage = *state;
	struct message message;

	need_small_disk(stage);
	must_request(&stage->host, GAMER, "sudo:root");
	fill_to_the_brim(stage);
	message = lock_of("games");
	must_act_from_memory(stage, &message);
	assert_int_equal(on_disk(&stage->host, "SELECT count(*) FROM lock"), 0);
	expect(stage, DECISION_DENY, NULL);
	make_room(stage);
	expect(stage, DECISION_DENY, "locked");
	until_on_disk(stage, "lock WHERE uid", GAMES);
	expect(stage, DECISION_DENY, "locked");
	message = unlock_of("games");
	must_do(&stage->host, ROOT, &message);
	expect(stage, DECISION_ALLOW, NULL);
}

/* What gives something, or takes a refusal back, needs the disk. */
static void other_changes_wait_for_room(void **state)
{
	struct stage *stage = *state;
	uint32_t active, pending;
	struct message message;

	need_small_disk(stage);
	active = must_request(&stage->host, GAMER, "sudo:root");
	pending = must_request(&stage->host, GAMER, "su:news");
	fill_to_the_brim(stage);
	message = request_of("sudo:root", WIRE_DEFAULT, "");
	must_refuse(&stage->host, GAMER, &message, "");
	message = approve_of(pending, WIRE_DEFAULT);
	must_refuse(&stage->host, MANNY, &message, "");
	message = cancel_of(active);
	must_refuse(&stage->host, GAMER, &message, "nothing was changed");
	message = deny_of(pending);
	must_refuse(&stage->host, MANNY, &message, "nothing was changed");
	assert_int_equal(on_disk(&stage->host, "SELECT count(*) FROM decision"), 0);
	make_room(stage);
	expect(stage, DECISION_ALLOW, NULL);
	message = approve_of(pending, WIRE_DEFAULT);
	must_do(&stage->host, MANNY, &message);
	message = cancel_of(active);
	must_do(&stage->host, GAMER, &message);
	expect(stage, DECISION_DENY, "gave access");
	assert_int_equal(on_disk(&stage->host, "SELECT count(*) FROM access"), 2);
}

static void c1_what_time_it_is_waits_for_room(void **state)
{
	const struct message accept = {.id = MESSAGE_clock_accept};
	struct stage *stage = *state;

	need_small_disk(stage);
	pass(600);
	look(&stage->host);
	(void)must_request(&stage->host, GAMER, "sudo:root");
	fill_to_the_brim(stage);
	set_clock(-DAY);
	must_refuse(&stage->host, ROOT, &accept, "nothing was changed");
	make_room(stage);
	expect(stage, DECISION_DENY, "jitd-admin clock accept");
	must_do(&stage->host, ROOT, &accept);
	(void)must_request(&stage->host, GAMER, "sudo:root");
	expect(stage, DECISION_ALLOW, NULL);
}

static struct message retire_of_current(const struct stage *stage, struct wire_key *ret_key)
{
	*ret_key = key_in(&stage->host, "current");
	return retire_of(ret_key->kid);
}

/* Its file is erased, which counts at the next start as well; nobody signs before it is written. */
static void a_retirement_acts_on_a_full_disk(void **state)
{
	struct stage *stage = *state;
	struct message message;
	struct wire_key old, next;
	uint32_t access;

	need_small_disk(stage);
	access = must_request(&stage->host, GAMER, "sudo:root");
	next = key_in(&stage->host, "next");
	expect(stage, DECISION_ALLOW, NULL);
	fill_to_the_brim(stage);
	message = retire_of_current(stage, &old);
	must_act_from_memory(stage, &message);
	assert_false(key_file_is_there(&stage->host, old.kid, ".pem"));
	expect_key(&stage->host, old.kid, "current");
	expect(stage, DECISION_DENY, NULL);
	make_room(stage);
	message = request_of("sudo:root", WIRE_DEFAULT, "");
	until_on_disk(stage, "access WHERE state = 'revoked' AND id", access);
	until_on_disk(stage, "key WHERE state = 'gone' AND 1", 1);
	assert_string_equal(key_in(&stage->host, "current").kid, next.kid);
	assert_int_equal(on_disk(&stage->host, "SELECT count(*) FROM event WHERE event = 'key' AND "
	                                       "actor = 'root' AND text LIKE '%% gone: retired'"),
	                 1);
	assert_int_equal(key_files(&stage->host), 2);
	must_do(&stage->host, GAMER, &message);
	expect(stage, DECISION_ALLOW, NULL);
}

static void a_rotation_waits_for_room(void **state)
{
	struct stage *stage = *state;
	const struct message message = rotate_now();
	struct wire_key old;

	need_small_disk(stage);
	must_request(&stage->host, GAMER, "sudo:root");
	old = key_in(&stage->host, "current");
	fill_to_the_brim(stage);
	must_refuse(&stage->host, ROOT, &message, "the keys stay as they are: ");
	expect_key(&stage->host, old.kid, "current");
	assert_int_equal(key_files(&stage->host), 2);
	make_room(stage);
	expect(stage, DECISION_ALLOW, NULL);
	must_do(&stage->host, ROOT, &message);
	expect_key(&stage->host, old.kid, "retiring");
	expect(stage, DECISION_ALLOW, NULL);
}

/* Room for a file, and none for rows: the file goes again. */
static void rows_that_find_no_room_leave_no_file(void **state)
{
	struct stage *stage = *state;
	const struct message message = rotate_now();

	need_small_disk(stage);
	fill(stage, 1);
	must_refuse(&stage->host, ROOT, &message, "jitd cannot write its database");
	assert_int_equal(key_files(&stage->host), 2);
	make_room(stage);
	must_do(&stage->host, ROOT, &message);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(a_middle_one_of_64_checks_meets_the_full_disk),
	        TEST(a_revocation_acts_on_a_full_disk),
	        TEST(a_lock_acts_on_a_full_disk),
	        TEST(other_changes_wait_for_room),
	        TEST(a_retirement_acts_on_a_full_disk),
	        TEST(a_rotation_waits_for_room),
	        TEST(rows_that_find_no_room_leave_no_file),
	        TEST(c1_what_time_it_is_waits_for_room),
	};

	if (geteuid() == 0 && !own_mounts())
		print_message("no mount namespace of our own\n");
	disk_put_under(&disk);
	disk_spill_early();
	return cmocka_run_group_tests_name("full disk", tests, NULL, NULL);
}
