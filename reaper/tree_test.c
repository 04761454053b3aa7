/* SPDX-License-Identifier: Apache-2.0 */
/* Whom the end of a session reaches, and whom not. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "reaper/tree_test_family.h"

#define GRACE_MS 100

static int end(const struct family *family, struct fault *fault)
{
	const struct tree_order order = {.opener = family->opener, .grace_ms = GRACE_MS};

	return tree_end(&order, fault);
}

static void everybody_dies(void **state)
{
	struct fault fault;

	(void)state;
	for (enum kind kind = 0; kind < KINDS; kind++) {
		struct family *family = family_new(kind);
		assert_int_equal(end(family, &fault), 0);
		if (member_alive(&family->member) || member_alive(&family->opener))
			fail_msg("kind %d lives on", kind);
		family_free(family);
	}
}

/* It has left everything by which it could be told. */
static void a_daemon_is_not_reached(void **state)
{
	struct family *family = family_new(KIND_DAEMON);
	struct fault fault;

	(void)state;
	assert_int_equal(end(family, &fault), 0);
	assert_false(member_alive(&family->opener));
	assert_true(member_alive(&family->member));
	family_free(family);
}

static void strangers_live(void **state)
{
	struct family *family = family_new(KIND_CHILD), *stranger = family_new(KIND_CHILD);
	struct fault fault;

	(void)state;
	assert_int_equal(end(family, &fault), 0);
	assert_true(member_alive(&stranger->opener));
	assert_true(member_alive(&stranger->member));
	family_free(stranger);
	family_free(family);
}

/* The number is not enough: it may be another's by now. */
static void another_start_time_is_another_process(void **state)
{
	struct family *family = family_new(KIND_CHILD);
	struct fault fault;

	(void)state;
	family->opener.start_time++;
	assert_int_equal(end(family, &fault), -ESRCH);
	family->opener.start_time -= 2;
	assert_int_equal(end(family, &fault), -ESRCH);
	family->opener.start_time++;
	assert_true(member_alive(&family->opener));
	assert_true(member_alive(&family->member));
	family_free(family);
}

static void who_is_gone_is_gone(void **state)
{
	struct family *family = family_new(KIND_CHILD);
	struct fault fault;

	(void)state;
	assert_int_equal(end(family, &fault), 0);
	assert_int_equal(end(family, &fault), -ESRCH);
	family_free(family);
}

static void the_spared_live(void **state)
{
	struct family *family = family_new(KIND_CHILD);
	struct tree_order order = {
	        .opener = family->opener, .grace_ms = GRACE_MS, .spared = {0, family->member.pid}};
	struct fault fault;

	(void)state;
	assert_int_equal(tree_end(&order, &fault), 0);
	assert_false(member_alive(&family->opener));
	assert_true(member_alive(&family->member));
	family_free(family);
}

static void neither_init_nor_ourselves(void **state)
{
	const pid_t pids[] = {1, getpid()};
	struct fault fault;

	(void)state;
	for (size_t i = 0; i < sizeof(pids) / sizeof(pids[0]); i++) {
		struct family family = {.opener = identity_of(pids[i])};
		assert_int_equal(end(&family, &fault), -EPERM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(everybody_dies),
	        cmocka_unit_test(a_daemon_is_not_reached),
	        cmocka_unit_test(strangers_live),
	        cmocka_unit_test(another_start_time_is_another_process),
	        cmocka_unit_test(who_is_gone_is_gone),
	        cmocka_unit_test(the_spared_live),
	        cmocka_unit_test(neither_init_nor_ourselves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
