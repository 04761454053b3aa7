/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 under load, again and again: whatever was acknowledged before is there after the next
 * start. Several processes ask, approve, revoke and open sessions; each writes down what it was
 * told, in memory that all share.
 */
#include "tests/daemon/harness.h"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS       50
#define ACKS_MAX    65536
#define WORKERS_MAX 8

static const char rules[] = "rule \"play\" { who = {\"games\"} scope = {\"sudo:root\"}\n"
                            "approvals = 0 max = \"1h\" }\n"
                            "rule \"ask\" { who = {\"games\", \"lp\", \"mail\"}\n"
                            "scope = {\"su:news\"} approvers = {\"man\"} max = \"1h\" }\n";

enum ack_kind { ACK_REQUEST = 1, ACK_APPROVE, ACK_REVOKE, ACK_SESSION, ACK_KINDS };

struct ack {
	_Atomic enum ack_kind kind; /* 0: not written yet */
	uint32_t access;
	uint64_t handle;
};

struct shared {
	atomic_uint count;
	struct ack acks[ACKS_MAX];
};

struct ground {
	struct host host;
	struct shared *shared;
	pid_t workers[WORKERS_MAX];
	size_t worker_count;
	int told[2];        /* a byte for each acknowledgement */
	unsigned int first; /* acknowledgement of this round */
};

static int begin(void **state)
{
	static struct ground ground;

	if (geteuid() != 0)
		return 0;
	ground = (struct ground){.worker_count = 0};
	host_make(&ground.host, rules, NULL);
	ground.shared = mmap(NULL, sizeof(*ground.shared), PROT_READ | PROT_WRITE,
	                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(ground.shared != MAP_FAILED);
	*state = &ground;
	return 0;
}

static int end(void **state)
{
	struct ground *ground = *state;

	if (!ground)
		return 0;
	for (size_t i = 0; i < ground->worker_count; i++)
		kill(ground->workers[i], SIGKILL);
	munmap(ground->shared, sizeof(*ground->shared));
	host_remove(&ground->host);
	return 0;
}

/* ---- the load ---- */

/* One working process; it ends when jitd does. */
struct worker {
	const struct ground *ground;
	struct client client;
	unsigned int seen, turns;
};

static void write_down(const struct worker *worker, struct ack ack)
{
	struct shared *shared = worker->ground->shared;
	unsigned int at = atomic_fetch_add(&shared->count, 1);

	if (at >= ACKS_MAX)
		_exit(2);
	shared->acks[at].access = ack.access;
	shared->acks[at].handle = ack.handle;
	shared->acks[at].kind = ack.kind;
	if (ack.kind != ACK_SESSION) /* of which there are many more */
		(void)!write(worker->ground->told[1], "a", 1);
}

/* The answer to a message; a dead jitd ends the worker. */
static void ask(struct worker *worker, const struct message *message, struct message *answer)
{
	worker->client.deadline = client_now() + 20000;
	if (client_send(&worker->client, message, NULL) < 0 ||
	    client_receive(&worker->client, NULL, NULL, answer, NULL) != 0)
		_exit(0);
}

static bool done(struct worker *worker, struct message message, uint32_t *ret_access)
{
	struct message answer;

	ask(worker, &message, &answer);
	if (answer.id != MESSAGE_done)
		return false;
	if (ret_access)
		*ret_access = answer.done.access;
	return true;
}

static void ask_for_news(struct worker *worker)
{
	struct ack ack = {.kind = ACK_REQUEST};

	if (done(worker, request_of("su:news", WIRE_DEFAULT, "load"), &ack.access))
		write_down(worker, ack);
}

static void ask_for_root(struct worker *worker)
{
	struct ack ack = {.kind = ACK_REQUEST};

	/* a few: what is looked at in a check must not be all revoked */
	if (worker->turns % 64 == 1 &&
	    done(worker, request_of("sudo:root", WIRE_DEFAULT, "load"), &ack.access))
		write_down(worker, ack);
	else
		ask_for_news(worker);
}

/* What waits for this approver, also what was asked before the last kill. */
static size_t list_pending(struct worker *worker, struct message *approvals, size_t max)
{
	const struct message list = {.id = MESSAGE_list, .list = {.view = VIEW_PENDING}};
	struct message row;
	size_t count = 0;

	ask(worker, &list, &row);
	while (row.id != MESSAGE_end) {
		if (row.id == MESSAGE_access && count < max) {
			approvals[count] = approve_of(row.access.id, WIRE_DEFAULT);
			memcpy(approvals[count++].approve.digest, row.access.digest, SHOWN_SIZE);
		}
		if (client_receive(&worker->client, NULL, NULL, &row, NULL) != 0)
			_exit(0);
	}
	return count;
}

static void approve(struct worker *worker)
{
	static struct message approvals[32];
	size_t count = list_pending(worker, approvals, sizeof(approvals) / sizeof(approvals[0]));

	for (size_t i = 0; i < count; i++)
		if (done(worker, approvals[i], NULL))
			write_down(worker, (struct ack){.kind = ACK_APPROVE,
			                                .access = approvals[i].approve.access});
}

/* The next access of which this was acknowledged. */
static uint32_t next(struct worker *worker, enum ack_kind kind)
{
	struct shared *shared = worker->ground->shared;

	for (; worker->seen < shared->count; worker->seen++) {
		const struct ack *ack = &shared->acks[worker->seen];
		if (!ack->kind)
			return 0;
		if (ack->kind == kind) {
			worker->seen++;
			return ack->access;
		}
	}
	return 0;
}

/* Nothing to revoke yet: a refusal, so that a dead jitd is noticed. */
static void ask_in_vain(struct worker *worker)
{
	(void)done(worker, cancel_of(0), NULL);
}

static void take_back(struct worker *worker)
{
	struct ack ack = {.kind = ACK_REVOKE, .access = next(worker, ACK_APPROVE)};

	if (!ack.access)
		ask_in_vain(worker);
	else if (done(worker, revoke_of(ack.access), NULL))
		write_down(worker, ack);
}

static void open_session(struct worker *worker)
{
	struct ack ack = {.kind = ACK_SESSION, .handle = (uint64_t)getpid() << 32 | worker->turns};
	const struct message message = check_of(PHASE_OPEN_SESSION, "root", ack.handle);
	struct message answer;

	ask(worker, &message, &answer);
	if (answer.id == MESSAGE_verdict && answer.verdict.decision == DECISION_ALLOW) {
		ack.access = answer.verdict.access;
		write_down(worker, ack);
	}
}

static void run(const struct ground *ground, struct person person, const char *socket,
                void (*work)(struct worker *))
{
	struct worker worker = {.ground = ground, .seen = ground->first};
	char path[128];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	snprintf(path, sizeof(path), "%s/sockets/%s", ground->host.directory, socket);
	if (person.uid != (uid_t)-1 && !person_become(person))
		_exit(1);
	if (client_connect(&worker.client, path, client_now() + 20000, NULL) < 0)
		_exit(0); /* begun so late that jitd is dead already */
	for (;; worker.turns++)
		work(&worker);
}

static void start_load(struct ground *ground)
{
	static const struct {
		uid_t uid;
		const char *socket;
		void (*work)(struct worker *);
	} jobs[] = {
	        {GAMES, CLIENT_SOCKET, ask_for_root},  {LP, CLIENT_SOCKET, ask_for_news},
	        {MAIL, CLIENT_SOCKET, ask_for_news},   {MAN, CLIENT_SOCKET, approve},
	        {0, CLIENT_SOCKET, take_back},         {(uid_t)-1, PAM_SOCKET, open_session},
	        {(uid_t)-1, PAM_SOCKET, open_session},
	};

	assert_int_equal(pipe2(ground->told, O_CLOEXEC), 0);
	for (ground->worker_count = 0; ground->worker_count < sizeof(jobs) / sizeof(jobs[0]);
	     ground->worker_count++) {
		size_t i = ground->worker_count;
		pid_t pid = fork();
		if (pid == 0)
			run(ground, (struct person){jobs[i].uid, LOGIN_UID_NONE}, jobs[i].socket,
			    jobs[i].work);
		assert_true(pid > 0);
		ground->workers[i] = pid;
	}
	close(ground->told[1]);
}

static void end_load(struct ground *ground)
{
	int status;

	while (ground->worker_count) {
		pid_t pid = ground->workers[--ground->worker_count];
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
	}
	close(ground->told[0]);
}

/* Until that many more were acknowledged. */
static void let_work(const struct ground *ground, unsigned int acks)
{
	char bytes[64];

	while (acks) {
		ssize_t n = 0;
		host_wait(&ground->host, &ground->told[0], 1);
		n = read(ground->told[0], bytes, acks < sizeof(bytes) ? acks : sizeof(bytes));
		assert_true(n > 0);
		acks -= (unsigned int)n;
	}
}

/* ---- what must be there ---- */

static bool is_there(sqlite3 *reader, const struct ack *ack)
{
	uint8_t bytes[16] = "";
	char handle[33] = "";

	switch (atomic_load(&ack->kind)) {
	case ACK_REQUEST:
		return reader_number(reader, "SELECT count(*) FROM access WHERE id = %u",
		                     ack->access) == 1;
	case ACK_APPROVE:
		return reader_number(reader,
		                     "SELECT count(*) FROM access JOIN decision ON access.id = "
		                     "decision.access JOIN token ON access.id = token.access "
		                     "WHERE access.id = %u AND decision.uid = %d AND verdict = "
		                     "'approve' AND state IN ('active', 'revoked')",
		                     ack->access, MAN) == 1;
	case ACK_REVOKE:
		return reader_number(reader,
		                     "SELECT count(*) FROM access JOIN token ON access.id = "
		                     "token.access WHERE access.id = %u AND state = 'revoked' AND "
		                     "held IS NULL",
		                     ack->access) == 1;
	case ACK_SESSION:
		memcpy(bytes, &ack->handle, sizeof(ack->handle));
		for (size_t i = 0; i < sizeof(bytes); i++)
			snprintf(handle + 2 * i, 3, "%02x", bytes[i]);
		return reader_number(reader,
		                     "SELECT count(*) FROM session WHERE handle = '%s' AND "
		                     "access = %u",
		                     handle, ack->access) == 1;
	case ACK_KINDS:
		break;
	}
	return false;
}

static void verify(const struct ground *ground, unsigned int first, unsigned int totals[ACK_KINDS])
{
	sqlite3 *reader = reader_open(&ground->host);

	for (unsigned int i = first; i < ground->shared->count; i++) {
		const struct ack *ack = &ground->shared->acks[i];
		if (totals)
			totals[ack->kind]++;
		if (!is_there(reader, ack))
			fail_msg("acknowledgement %u (kind %d, access %u) is lost", i, ack->kind,
			         ack->access);
	}
	assert_int_equal(reader_number(reader, "SELECT count(*) FROM pragma_integrity_check "
	                                       "WHERE integrity_check <> 'ok'"),
	                 0);
	assert_int_equal(reader_number(reader, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	reader_close(reader);
}

static void no_acknowledged_change_is_lost(void **state)
{
	struct ground *ground = *state;
	unsigned int totals[ACK_KINDS] = {0};
	int64_t start = client_now();

	need_root("it asks as several users");
	srand((unsigned int)start);
	host_start_child(&ground->host);
	for (int i = 0; i < KILLS; i++) {
		ground->first = ground->shared->count;
		start_load(ground);
		let_work(ground, 5 + (unsigned int)rand() % 100);
		host_kill(&ground->host);
		end_load(ground);
		host_start_child(&ground->host);
		verify(ground, ground->first, NULL);
	}
	host_stop(&ground->host);
	verify(ground, 0, totals);
	print_message("%d times killed in %.1f s: %u requests, %u approvals, %u revocations, %u "
	              "sessions acknowledged, none lost\n",
	              KILLS, (double)(client_now() - start) / 1000, totals[ACK_REQUEST],
	              totals[ACK_APPROVE], totals[ACK_REVOKE], totals[ACK_SESSION]);
	for (enum ack_kind kind = ACK_REQUEST; kind < ACK_KINDS; kind++)
		assert_true(totals[kind] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(no_acknowledged_change_is_lost, begin, end),
	};

	return cmocka_run_group_tests_name("crash", tests, NULL, NULL);
}
