/* SPDX-License-Identifier: Apache-2.0 */
/* An access with one use, and 64 processes that try to open a session with it at once. */
#include "tests/daemon/harness.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 64
#define ROUNDS    100

static const char rules[] = "rule \"once\" { who = {\"games\"} scope = {\"sudo:root\"}\n"
                            "approvals = 0 max = \"1h\" uses = 1 }\n"
                            "rule \"thrice\" { who = {\"games\"} scope = {\"sudo:news\"}\n"
                            "approvals = 0 max = \"1h\" uses = 3 }\n";

/* Shared with the processes, who wait for one another at the gate: once when there is an access to
 * use, once when all are connected, once when all have their answer. */
struct table {
	pthread_barrier_t gate;
	atomic_uint allows, refusals, account_allows;
};

struct arena {
	struct host host;
	struct table *table;
	pid_t pids[PROCESSES];
};

static int begin(void **state)
{
	static struct arena arena;
	pthread_barrierattr_t shared;

	if (geteuid() != 0)
		return 0;
	host_make(&arena.host, rules, NULL);
	arena.table = mmap(NULL, sizeof(*arena.table), PROT_READ | PROT_WRITE,
	                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(arena.table != MAP_FAILED);
	assert_int_equal(pthread_barrierattr_init(&shared), 0);
	assert_int_equal(pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED), 0);
	assert_int_equal(pthread_barrier_init(&arena.table->gate, &shared, PROCESSES + 1), 0);
	host_start_child(&arena.host);
	*state = &arena;
	return 0;
}

static int end(void **state)
{
	struct arena *arena = *state;

	if (!arena)
		return 0;
	for (size_t i = 0; i < PROCESSES; i++)
		if (arena->pids[i] > 0) {
			kill(arena->pids[i], SIGKILL);
			waitpid(arena->pids[i], NULL, 0);
		}
	munmap(arena->table, sizeof(*arena->table));
	host_remove(&arena->host);
	return 0;
}

/* ---- one of the 64 ---- */

static bool allowed(struct client *client, const struct message *message)
{
	struct message answer;

	client->deadline = client_now() + 20000;
	if (client_send(client, message, NULL) < 0 ||
	    client_receive(client, NULL, NULL, &answer, NULL) != 0 || answer.id != MESSAGE_verdict)
		_exit(1);
	return answer.verdict.decision == DECISION_ALLOW;
}

/* As sudo does: account, which spends nothing, in every second round; then the session. */
static void try_once(const struct arena *arena, const char *account, unsigned int round)
{
	struct table *table = arena->table;
	uint64_t handle = (uint64_t)getpid() << 32 | round;
	struct message message = check_of(PHASE_ACCOUNT, "games", handle);
	struct client client;
	char path[128];

	pthread_barrier_wait(&table->gate);
	snprintf(path, sizeof(path), "%s/sockets/" PAM_SOCKET, arena->host.directory);
	if (client_connect(&client, path, client_now() + 20000, NULL) < 0)
		_exit(2);
	if (round % 2)
		table->account_allows += allowed(&client, &message);
	message = check_of(PHASE_OPEN_SESSION, account, handle);
	pthread_barrier_wait(&table->gate);
	if (allowed(&client, &message))
		table->allows++;
	else
		table->refusals++;
	pthread_barrier_wait(&table->gate);
	client_close(&client);
}

static void start_all(struct arena *arena, const char *account, unsigned int rounds)
{
	for (size_t i = 0; i < PROCESSES; i++) {
		arena->pids[i] = fork();
		assert_true(arena->pids[i] >= 0);
		if (arena->pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (unsigned int round = 0; round < rounds; round++)
			try_once(arena, account, round);
		_exit(0);
	}
}

static void end_all(struct arena *arena)
{
	int status;

	for (size_t i = 0; i < PROCESSES; i++) {
		assert_int_equal(waitpid(arena->pids[i], &status, 0), arena->pids[i]);
		arena->pids[i] = 0;
		assert_int_equal(status, 0);
	}
}

/* ---- rounds ---- */

static void one_round(struct arena *arena, const char *scope, unsigned int round, unsigned int uses)
{
	struct table *table = arena->table;
	uint32_t access = must_request(&arena->host, (struct person){GAMES, LOGIN_UID_NONE}, scope);

	table->allows = table->refusals = table->account_allows = 0;
	for (int gate = 0; gate < 3; gate++)
		pthread_barrier_wait(&table->gate);
	assert_int_equal(table->allows, uses);
	assert_int_equal(table->refusals, PROCESSES - uses);
	assert_int_equal(table->account_allows, round % 2 ? PROCESSES : 0);
	assert_int_equal(
	        on_disk(&arena->host, "SELECT uses_left FROM access WHERE id = %u", access), 0);
	assert_int_equal(
	        on_disk(&arena->host, "SELECT state = 'used-up' FROM access WHERE id = %u", access),
	        1);
	assert_int_equal(
	        on_disk(&arena->host, "SELECT count(*) FROM session WHERE access = %u", access),
	        uses);
	assert_int_equal(on_disk(&arena->host,
	                         "SELECT count(*) FROM event WHERE access = %u AND event = 'check' "
	                         "AND phase = 'open-session' AND verdict = 'allow'",
	                         access),
	                 uses);
}

static void play(struct arena *arena, const char *scope, const char *account, unsigned int rounds,
                 unsigned int uses)
{
	int64_t start = client_now();

	need_root("it asks as another user");
	alarm(300); /* a process that dies would leave the others at the gate */
	start_all(arena, account, rounds);
	for (unsigned int round = 0; round < rounds; round++)
		one_round(arena, scope, round, uses);
	end_all(arena);
	alarm(0);
	assert_int_equal(on_disk(&arena->host, "SELECT count(*) FROM access WHERE uses_left < 0"),
	                 0);
	print_message("uses = %u: %u rounds of %d processes in %.1f s, %u allowed in each\n", uses,
	              rounds, PROCESSES, (double)(client_now() - start) / 1000, uses);
}

static void one_use_opens_one_session(void **state)
{
	play(*state, "sudo:root", "root", ROUNDS, 1);
}

static void three_uses_open_three_sessions(void **state)
{
	play(*state, "sudo:news", "news", 20, 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(one_use_opens_one_session),
	        TEST(three_uses_open_three_sessions),
	};

	return cmocka_run_group_tests_name("uses", tests, NULL, NULL);
}
