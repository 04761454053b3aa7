/* SPDX-License-Identifier: Apache-2.0 */
/* What clients are sent, row by row, and who has a turn between the rows. */
#include "tests/daemon/harness.h"

#include <stdio.h>
#include <unistd.h>

#include "jitd/audit.h"
#include "jitd/clock.h"
#include "jitd/loop.h"

#define EVENTS_OF_OLD 400
#define SINCE         1000000
#define EVENTS_OF_NOW 20
#define SESSIONS      600

static const char rules[] = "rule \"play\" { who = {\"games\"} scope = {\"sudo:man\"}\n"
                            "approvals = 0 }\n";

/* clock_ticks() hands no context over. */
static int64_t each_look_takes, passed;

static int64_t signs_of_life; /* among the rows that came last */

int64_t __real_clock_ticks(void);
int64_t __wrap_clock_ticks(void);
int64_t __wrap_clock_ticks(void)
{
	passed += each_look_takes;
	return __real_clock_ticks() + passed;
}

static int begin(void **state)
{
	static struct host host;

	each_look_takes = passed = 0;
	if (geteuid() != 0)
		return 0;
	host_make(&host, rules, NULL);
	host_start_here(&host);
	for (int i = 0; i < EVENTS_OF_OLD; i++)
		audit_alone(host.jitd, i, &(struct event){.event = EVENT_CLOCK, .access = 1});
	for (int i = 0; i < EVENTS_OF_NOW; i++)
		audit_alone(host.jitd, SINCE + i,
		            &(struct event){.event = EVENT_CLOCK, .access = (uint32_t)i % 2 + 1});
	*state = &host;
	return 0;
}

static int end(void **state)
{
	each_look_takes = 0;
	if (*state)
		host_remove(*state);
	return 0;
}

/* How many rows of that kind come before the end. */
static int64_t rows_of(const struct host *host, const struct message *ask, enum message_id kind)
{
	struct message row;
	struct link link;
	int64_t rows = 0;

	link_open(host, CLIENT_SOCKET, ROOT, &link);
	link_send(&link, ask);
	signs_of_life = 0;
	while (link_receive(&link, &row) && (row.id == kind || row.id == MESSAGE_wait)) {
		rows += row.id == kind;
		signs_of_life += row.id == MESSAGE_wait;
	}
	assert_int_equal(row.id, MESSAGE_end);
	link_close(&link);
	return rows;
}

static struct message audit_of(uint32_t access, int64_t since)
{
	return (struct message){.id = MESSAGE_audit, .audit = {.access = access, .since = since}};
}

static void only_what_is_asked_for_comes(void **state)
{
	const struct message all = audit_of(0, 0), late = audit_of(0, SINCE + 5),
	                     of_one = audit_of(1, 0), late_of_one = audit_of(1, SINCE),
	                     none = audit_of(3, 0), never = audit_of(0, INT64_MAX / 2);
	const struct host *host = *state;

	need_root("it asks as root");
	assert_int_equal(rows_of(host, &none, MESSAGE_event), 0);
	assert_int_equal(rows_of(host, &never, MESSAGE_event), 0);
	assert_int_equal(rows_of(host, &of_one, MESSAGE_event), EVENTS_OF_OLD + EVENTS_OF_NOW / 2);
	assert_int_equal(rows_of(host, &late_of_one, MESSAGE_event), EVENTS_OF_NOW / 2);
	assert_int_equal(rows_of(host, &late, MESSAGE_event),
	                 on_disk(host, "SELECT count(*) FROM event WHERE at >= %d", SINCE + 5));
	assert_int_equal(rows_of(host, &all, MESSAGE_event),
	                 on_disk(host, "SELECT count(*) FROM event"));
}

/* However little of it a turn has time for. */
static void a_listing_is_whole(void **state)
{
	const struct message audit = audit_of(0, 0),
	                     list = {.id = MESSAGE_list, .list = {.view = VIEW_ALL}};
	const struct host *host = *state;

	need_root("it asks as other users");
	for (int i = 0; i < 3; i++)
		(void)must_request(host, (struct person){GAMES, LOGIN_UID_NONE}, "sudo:man");
	each_look_takes = 1000000;
	assert_int_equal(rows_of(host, &list, MESSAGE_access), 3);
	assert_int_equal(rows_of(host, &audit, MESSAGE_event),
	                 on_disk(host, "SELECT count(*) FROM event"));
}

/* Nor does what is passed over hold anybody up. */
static void others_have_their_turn_between_the_rows(void **state)
{
	const struct message never = audit_of(0, INT64_MAX / 2);
	const struct host *host = *state;
	uint64_t before;

	need_root("it asks as root");
	each_look_takes = 1000000;
	before = loop_turns(host->jitd->loop);
	assert_int_equal(rows_of(host, &never, MESSAGE_event), 0);
	assert_true(loop_turns(host->jitd->loop) - before >= EVENTS_OF_OLD);
}

/* Who waits for a row gives up after ten seconds without a word, and so does jitd. */
static void who_waits_long_hears_that_it_goes_on(void **state)
{
	const struct message never = audit_of(0, INT64_MAX / 2), all = audit_of(0, 0);
	const struct host *host = *state;

	need_root("it asks as root");
	assert_true(rows_of(host, &all, MESSAGE_event) > 0);
	assert_int_equal(signs_of_life, 0);
	each_look_takes = 20000000; /* some 8 s in all */
	assert_int_equal(rows_of(host, &never, MESSAGE_event), 0);
	assert_true(signs_of_life > 1);
}

/* Though each row that is told makes another. */
static void what_comes_later_is_not_listed(void **state)
{
	const struct message all = audit_of(0, 0);
	const struct host *host = *state;
	struct message row;
	struct link link;
	int64_t rows = 0, there;

	need_root("it asks as root");
	host_turn(host, false);
	there = on_disk(host, "SELECT count(*) FROM event");
	link_open(host, CLIENT_SOCKET, ROOT, &link);
	link_send(&link, &all);
	while (link_receive(&link, &row) && row.id == MESSAGE_event && rows <= there) {
		audit_alone(host->jitd, 1, &(struct event){.event = EVENT_CLOCK});
		rows++;
	}
	link_close(&link);
	assert_int_equal(row.id, MESSAGE_end);
	assert_int_equal(rows, there);
}

/* ---- an access with all that belongs to it ---- */

static uint32_t with_sessions(const struct host *host, int count)
{
	uint32_t access = must_request(host, (struct person){GAMES, LOGIN_UID_NONE}, "sudo:man");
	char sql[600];

	snprintf(
	        sql, sizeof(sql),
	        "WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < %d) "
	        "INSERT INTO session (access, n, subject, service, account, tty, rhost, pid, start_time, "
	        "boot_id, handle, since, until, boot_until, ended, user_key) SELECT %u, n, 'games', "
	        "'sudo', 'man', '', '', 1, 1, '', '', 1, 2, 2, 2, '' FROM number WHERE n <= %d",
	        count, access, count);
	on_disk_do(host, sql);
	return access;
}

/* How many sessions follow their access, in order, and how many accesses there are. */
static int64_t sessions_of(const struct host *host, const struct person *person,
                           const struct message *ask, int64_t *ret_accesses)
{
	char id[sizeof(((struct wire_session *)NULL)->id)];
	struct message row;
	struct link link;
	int64_t sessions = 0, n = 0;
	uint32_t access = 0;

	*ret_accesses = 0;
	link_open(host, CLIENT_SOCKET, *person, &link);
	link_send(&link, ask);
	while (link_receive(&link, &row) && row.id != MESSAGE_end) {
		if (row.id == MESSAGE_access) {
			access = row.access.id;
			n = 0;
			++*ret_accesses;
			continue;
		}
		assert_int_equal(row.id, MESSAGE_session);
		snprintf(id, sizeof(id), "%u-%lld", access, (long long)++n);
		assert_string_equal(row.session.id, id);
		sessions++;
	}
	assert_int_equal(row.id, MESSAGE_end);
	link_close(&link);
	return sessions;
}

static void an_access_has_all_its_sessions(void **state)
{
	const struct person games = {GAMES, LOGIN_UID_NONE};
	const struct host *host = *state;
	int64_t accesses;

	need_root("it asks as other users");
	for (int slow = 0; slow < 2; slow++) {
		const struct message show = {.id = MESSAGE_show,
		                             .show = {with_sessions(host, SESSIONS), false}},
		                     list = {.id = MESSAGE_list, .list = {.view = VIEW_MINE}};
		uint64_t before = loop_turns(host->jitd->loop);
		(void)with_sessions(host, 3);
		(void)with_sessions(host, 0);
		each_look_takes = slow ? 1000000 : 0;
		assert_int_equal(sessions_of(host, &games, &show, &accesses), SESSIONS);
		assert_int_equal(accesses, 1);
		if (slow) /* others have theirs between them */
			assert_true(loop_turns(host->jitd->loop) - before >= SESSIONS);
		assert_int_equal(sessions_of(host, &games, &list, &accesses),
		                 (slow + 1) * (SESSIONS + 3));
		assert_int_equal(accesses, (slow + 1) * 3);
	}
}

/* For whoever looks for an access to use, or waits for one, which may be at each sudo. */
static void the_active_ones_come_alone(void **state)
{
	const struct person games = {GAMES, LOGIN_UID_NONE}, mail = {8, LOGIN_UID_NONE};
	const struct message active = {.id = MESSAGE_list, .list = {.view = VIEW_ACTIVE}};
	const struct host *host = *state;
	struct message watch = {.id = MESSAGE_watch}, cancel, row;
	struct link link;
	int64_t accesses;

	need_root("it asks as other users");
	cancel = cancel_of(with_sessions(host, 3));
	must_do(host, games, &cancel);
	watch.watch.access = with_sessions(host, 3);
	assert_int_equal(sessions_of(host, &games, &active, &accesses), 0);
	assert_int_equal(accesses, 1);
	assert_int_equal(sessions_of(host, &mail, &active, &accesses), 0);
	assert_int_equal(accesses, 0);
	link_open(host, CLIENT_SOCKET, games, &link);
	link_send(&link, &watch);
	assert_true(link_receive(&link, &row));
	assert_int_equal(row.id, MESSAGE_access);
	cancel = cancel_of(watch.watch.access);
	must_do(host, games, &cancel);
	assert_true(link_receive(&link, &row));
	assert_int_equal(row.id, MESSAGE_access);
	assert_string_equal(row.access.state, "returned");
	link_close(&link);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(only_what_is_asked_for_comes),
	        TEST(a_listing_is_whole),
	        TEST(others_have_their_turn_between_the_rows),
	        TEST(who_waits_long_hears_that_it_goes_on),
	        TEST(what_comes_later_is_not_listed),
	        TEST(an_access_has_all_its_sessions),
	        TEST(the_active_ones_come_alone),
	};

	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
