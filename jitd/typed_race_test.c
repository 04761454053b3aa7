/* SPDX-License-Identifier: Apache-2.0 */
/* One token, or one code, under a rule that counts no uses, presented by 64 connections at once:
 * exactly one session each. */
#include "tests/daemon/logins.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config.h"

#define PROCESSES 64
#ifdef JIT_SANITIZED
#define ROUNDS 25 /* each takes far longer */
#else
#define ROUNDS 100
#endif

/* Shared with the processes, who wait for one another at the gate: when there is something to type,
 * when all were asked, when all have their answer, when all have tried to open a session. */
struct table {
	pthread_barrier_t gate;
	char secret[SECRET_SIZE];
	atomic_uint allows, sessions, refusals;
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
	host_make(&arena.host, logins_rules, NULL);
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

/* ---- one of the 64: the monitor of an ssh connection, by the password method ---- */

static void exchange(struct client *client, const struct message *message, struct message *answer)
{
	client->deadline = client_now() + 20000;
	if (client_send(client, message, NULL) < 0 ||
	    client_receive(client, NULL, NULL, answer, NULL) != 0)
		_exit(1);
}

static bool allowed(struct client *client, const struct message *message)
{
	struct message answer;

	exchange(client, message, &answer);
	if (answer.id != MESSAGE_verdict)
		_exit(1);
	return answer.verdict.decision == DECISION_ALLOW;
}

static void try_once(const struct arena *arena, unsigned int who)
{
	const struct message auth = ssh_check(PHASE_AUTH, "news"),
	                     account = ssh_check(PHASE_ACCOUNT, "news"),
	                     session = ssh_check(PHASE_OPEN_SESSION, "news");
	struct message answer = {.id = MESSAGE_answer, .answer = {.given = 1}}, question;
	struct table *table = arena->table;
	struct client client;
	char path[128];

	(void)who;
	pthread_barrier_wait(&table->gate);
	snprintf(path, sizeof(path), "%s/sockets/" PAM_SOCKET, arena->host.directory);
	if (client_connect(&client, path, client_now() + 20000, NULL) < 0)
		_exit(2);
	exchange(&client, &auth, &question);
	if (question.id != MESSAGE_ask)
		_exit(3);
	strcpy(answer.answer.text, table->secret);
	pthread_barrier_wait(&table->gate);
	if (allowed(&client, &answer))
		table->allows++;
	else
		table->refusals++;
	pthread_barrier_wait(&table->gate);
	(void)allowed(&client, &account); /* whatever it says */
	table->sessions += allowed(&client, &session);
	pthread_barrier_wait(&table->gate);
	client_close(&client);
}

static void start_all(struct arena *arena, unsigned int rounds)
{
	for (unsigned int i = 0; i < PROCESSES; i++) {
		arena->pids[i] = fork();
		assert_true(arena->pids[i] >= 0);
		if (arena->pids[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setsid() < 0)
			_exit(4);
		for (unsigned int round = 0; round < rounds; round++)
			try_once(arena, i);
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

static void one_round(struct arena *arena, uint32_t access, bool code, unsigned int round)
{
	const struct host *host = &arena->host;
	struct table *table = arena->table;

	issue(host, (struct person){GAMES, LOGIN_UID_NONE}, access, code, table->secret);
	table->allows = table->sessions = table->refusals = 0;
	for (int gate = 0; gate < 4; gate++)
		pthread_barrier_wait(&table->gate);
	assert_int_equal(table->allows, 1);
	assert_int_equal(table->sessions, 1);
	assert_int_equal(table->refusals, PROCESSES - 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM token WHERE burned IS NOT NULL"),
	                 round + 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM session WHERE access = %u", access),
	                 round + 1);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM event WHERE event = 'check' AND "
	                               "phase = 'auth' AND verdict = 'allow'"),
	                 round + 1);
}

static void play(struct arena *arena, bool code)
{
	int64_t start = client_now();
	uint32_t access;

	need_root("it asks as another user");
	alarm(300); /* a process that dies would leave the others at the gate */
	start_all(arena, ROUNDS);
	access = must_request(&arena->host, (struct person){GAMES, LOGIN_UID_NONE}, "ssh:news");
	for (unsigned int round = 0; round < ROUNDS; round++)
		one_round(arena, access, code, round);
	end_all(arena);
	alarm(0);
	print_message("one %s, %d rounds of %d connections in %.1f s: one session in each\n",
	              code ? "code" : "token", ROUNDS, PROCESSES,
	              (double)(client_now() - start) / 1000);
}

static void s10_one_token_opens_one_session(void **state)
{
	play(*state, false);
}

static void s10_one_code_opens_one_session(void **state)
{
	play(*state, true);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(s10_one_token_opens_one_session),
	        TEST(s10_one_code_opens_one_session),
	};

	return cmocka_run_group_tests_name("typed-race", tests, NULL, NULL);
}
