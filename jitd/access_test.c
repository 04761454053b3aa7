/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "jitd/access.h"
#include "jitd/reservation.h"

/* Every pair, spelled out: what is not here may not happen. */
static void every_state_and_event_leads_where_it_should(void **state)
{
	static const struct {
		enum access_state from;
		enum access_event event;
		enum access_state to;
	} allowed[] = {
	        {STATE_PENDING, ON_APPROVED, STATE_ACTIVE},
	        {STATE_PENDING, ON_DENIED, STATE_DENIED},
	        {STATE_PENDING, ON_CANCEL, STATE_CANCELLED},
	        {STATE_PENDING, ON_LAPSE, STATE_LAPSED},
	        {STATE_PENDING, ON_REVOKE, STATE_DENIED},
	        {STATE_ACTIVE, ON_CANCEL, STATE_RETURNED},
	        {STATE_ACTIVE, ON_USED_UP, STATE_USED_UP},
	        {STATE_ACTIVE, ON_EXPIRE, STATE_EXPIRED},
	        {STATE_ACTIVE, ON_REVOKE, STATE_REVOKED},
	        {STATE_USED_UP, ON_CANCEL, STATE_RETURNED},
	        {STATE_USED_UP, ON_REVOKE, STATE_REVOKED},
	        {STATE_EXPIRED, ON_CANCEL, STATE_RETURNED},
	        {STATE_EXPIRED, ON_REVOKE, STATE_REVOKED},
	};
	size_t seen = 0;

	(void)state;
	for (int from = STATE_NONE; from <= STATE_LAPSED; from++)
		for (int event = 0; event < ACCESS_EVENTS; event++) {
			enum access_state want = STATE_NONE;
			for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
				if ((int)allowed[i].from == from && (int)allowed[i].event == event)
					want = allowed[i].to;
			assert_int_equal(
			        access_next((enum access_state)from, (enum access_event)event),
			        want);
			seen += want != STATE_NONE;
		}
	assert_int_equal(seen, sizeof(allowed) / sizeof(allowed[0]));
}

static void no_two_states_share_a_word(void **state)
{
	(void)state;
	for (int a = STATE_PENDING; a <= STATE_LAPSED; a++)
		for (int b = STATE_NONE; b < a; b++)
			assert_string_not_equal(access_state_word((enum access_state)a),
			                        access_state_word((enum access_state)b));
}

static void a_list_names_people_and_groups_whole(void **state)
{
	char groups[][NAME_SIZE] = {"dba", "users"};
	struct identity alice = {.uid = 1, .name = "alice", .group_count = 2, .groups = groups};

	(void)state;
	assert_true(names_include("bob alice", &alice));
	assert_true(names_include("%dba", &alice));
	assert_false(names_include("", &alice));
	assert_false(names_include("alic alice2 %db %dba2 dba", &alice));
}

static struct reservation_key key(pid_t pid, uint64_t start, const char *service,
                                  const char *account)
{
	struct reservation_key key = {.process = {.pid = pid, .start_time = start}};

	memset(&key.handle, 7, sizeof(key.handle));
	strcpy(key.service, service);
	strcpy(key.account, account);
	return key;
}

static void a_reservation_is_for_one_process_until_it_is_dropped(void **state)
{
	struct reservations *reservations;
	struct reservation made = {.access = 42, .uid = 1000, .jti = "abc"}, found;
	struct reservation_key mine = key(10, 5, "ssh", "alice"),
	                       others[] = {key(11, 5, "ssh", "alice"), key(10, 6, "ssh", "alice"),
	                                   key(10, 5, "ssh", "bob"), key(10, 5, "login", "alice"),
	                                   key(10, 5, "ssh", "alice")};

	(void)state;
	others[4].handle.bytes[15] = 8;
	assert_int_equal(reservations_new(&reservations), 0);
	reservation_make(reservations, &mine, &made, 1000);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		assert_int_equal(reservation_find(reservations, &others[i], 1000).access, 0);
		reservation_drop(reservations, &others[i]);
	}
	found = reservation_find(reservations, &mine, 1000 + RESERVATION_SECONDS - 1);
	assert_int_equal(found.access, 42);
	assert_int_equal(found.uid, 1000);
	assert_string_equal(found.jti, "abc");
	assert_int_equal(reservation_find(reservations, &mine, 1000 + RESERVATION_SECONDS).access,
	                 0);
	reservation_drop(reservations, &mine);
	assert_int_equal(reservation_find(reservations, &mine, 1000).access, 0);
	reservations_free(reservations);
}

static void a_process_of_unknown_start_reserves_nothing(void **state)
{
	struct reservations *reservations;
	struct reservation_key unknown = key(10, 0, "sudo", "");

	(void)state;
	assert_int_equal(reservations_new(&reservations), 0);
	reservation_make(reservations, &unknown, &(struct reservation){.access = 42}, 1000);
	assert_int_equal(reservation_find(reservations, &unknown, 1000).access, 0);
	reservations_free(reservations);
}

static struct reservation_key nth(int i)
{
	return key(100 + i, 5, "sudo", "");
}

/* `sudo -v` in a loop must not undo what somebody else has typed. */
static void a_crowd_does_not_push_out_what_was_typed(void **state)
{
	const struct reservation held = {.access = 1, .uid = 5}, typed = {.access = 2, .jti = "a"};
	struct reservation_key mine = key(10, 5, "ssh", "alice"), one;
	struct reservations *reservations;

	(void)state;
	assert_int_equal(reservations_new(&reservations), 0);
	reservation_make(reservations, &mine, &typed, 1000);
	for (int i = 0; i < 3 * RESERVATIONS_MAX; i++) {
		one = nth(i);
		reservation_make(reservations, &one, &held, 1001 + i / RESERVATIONS_MAX);
		assert_int_equal(reservation_find(reservations, &one, 1004).access, 1);
	}
	assert_int_equal(reservation_find(reservations, &mine, 1004).access, 2);
	/* the oldest of the others went, the newest is there */
	one = nth(2 * RESERVATIONS_MAX);
	assert_int_equal(reservation_find(reservations, &one, 1004).access, 0);
	one = nth(2 * RESERVATIONS_MAX + 1);
	assert_int_equal(reservation_find(reservations, &one, 1004).access, 1);
	/* and among those that were typed for the oldest goes */
	for (int i = 0; i < RESERVATIONS_MAX; i++) {
		one = nth(i);
		reservation_make(reservations, &one, &typed, 1010);
	}
	assert_int_equal(reservation_find(reservations, &mine, 1011).access, 0);
	/* what is over makes room first */
	one = nth(-1);
	reservation_make(reservations, &one, &held, 1010 + RESERVATION_SECONDS);
	assert_int_equal(reservation_find(reservations, &one, 1010 + RESERVATION_SECONDS).access,
	                 1);
	reservations_free(reservations);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_state_and_event_leads_where_it_should),
	        cmocka_unit_test(no_two_states_share_a_word),
	        cmocka_unit_test(a_list_names_people_and_groups_whole),
	        cmocka_unit_test(a_reservation_is_for_one_process_until_it_is_dropped),
	        cmocka_unit_test(a_process_of_unknown_start_reserves_nothing),
	        cmocka_unit_test(a_crowd_does_not_push_out_what_was_typed),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
