/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/daemon/clocks.h"

#include <stdio.h>

#include "jitd/clock.h"
#include "jitd/process.h"

/* clock_boot() hands no context over. */
static int64_t passed;
static unsigned int boots;

int64_t __real_clock_boot(void);
int64_t __wrap_clock_boot(void);
int64_t __wrap_clock_boot(void)
{
	return __real_clock_boot() + passed;
}

int __wrap_process_boot_id(char ret_boot_id[static BOOT_ID_SIZE]);
int __wrap_process_boot_id(char ret_boot_id[static BOOT_ID_SIZE])
{
	snprintf(ret_boot_id, BOOT_ID_SIZE, "00000000-0000-4000-8000-%012u", boots);
	return 0;
}

void set_clock(int64_t seconds)
{
	*people_ahead() += seconds;
}

void pass(int64_t seconds)
{
	set_clock(seconds);
	passed += seconds;
}

void look(const struct host *host)
{
	const struct message message = {.id = MESSAGE_status};
	struct message answer;

	say(host, ROOT, &message, &answer);
	host_turn(host, false);
	host_turn(host, false);
}

const struct host *need_settled(void **state)
{
	const struct host *host = need_people(state);

	pass(600);
	look(host);
	return host;
}

void start_again(struct host *host)
{
	host_stop(host);
	host_start_here(host);
}

void boot(void **state, int64_t seconds)
{
	struct host *host = *state;

	host_stop(host);
	set_clock(seconds);
	passed -= __wrap_clock_boot() - 20;
	boots++;
	host_start_here(host);
}

int64_t length_of(const struct host *host, uint32_t access)
{
	return on_disk(host, "SELECT until - from_ FROM access WHERE id = %u", access);
}

void expect_new_access(const struct host *host)
{
	(void)must_request(host, AS(GAMES), "sudo:man");
	expect_sudo(host, DECISION_ALLOW, "");
}

int clocks_begin(void **state)
{
	passed = 0;
	return people_begin(state);
}
