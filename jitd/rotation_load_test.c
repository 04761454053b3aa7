/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys rotate under load: eight clients have tokens made and use them, and no good one is refused;
 * a key that is retired is refused at the next check. A few rotations in make check; for so many
 * seconds with JIT_ROTATION_SECONDS=60.
 */
#include "tests/daemon/locksmith.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKERS      8
#define ROTATIONS    10 /* in make check */
#define PER_ROTATION 60 /* uses in between, at least */
#define PATIENCE_MS  20000

static const char rules[] =
        "defaults { approvals = 0 max = \"1h\" default = \"1h\" }\n"
        "rule \"held\" { who = {\"games\"} scope = {\"sudo:root\"} }\n"
        "rule \"typed\" { who = {\"games\"} scope = {\"login:news\"} present = \"typed\"\n"
        "token-ttl = \"20s\" }\n"
        "rule \"again\" { who = {\"mail\", \"lp\"} scope = {\"su:root\"} max = \"20s\" }\n";

enum use { USE_HELD, USE_TOKEN, USE_CODE, USE_GRANT, USES };

struct shared {
	atomic_uint uses[USES]; /* good ones that opened */
	atomic_uint refused;
	atomic_bool stop;
	char line[256]; /* of the first that was refused */
};

struct worker {
	struct shared *shared;
	struct link commands, door; /* opened before, so that the peer is who it shall be */
	uint32_t access;            /* of tokens and codes */
	unsigned int number;
	uint64_t turns;
	int told; /* a byte for each use */
};

/* ---- in a process of its own, where nothing may fail the test but by what it counts ---- */

static void give_up(struct worker *worker, const char *what, const char *line)
{
	if (atomic_fetch_add(&worker->shared->refused, 1) == 0)
		(void)snprintf(worker->shared->line, sizeof(worker->shared->line), "%s: %.200s",
		               what, line);
	_exit(1);
}

static void send_it(struct worker *worker, struct link *link, const struct message *message)
{
	link->client.deadline = client_now() + PATIENCE_MS;
	if (client_send(&link->client, message, NULL) < 0)
		give_up(worker, "not sent", "");
}

static void receive_it(struct worker *worker, struct link *link, struct message *ret_message)
{
	struct fault fault = {""};

	link->client.deadline = client_now() + PATIENCE_MS;
	if (client_receive(&link->client, NULL, NULL, ret_message, &fault) != 0)
		give_up(worker, "no answer", fault.text);
}

static void opened(struct worker *worker, enum use use, const struct message *verdict)
{
	if (verdict->id != MESSAGE_verdict || verdict->verdict.decision != DECISION_ALLOW)
		give_up(worker, "a good token was refused", verdict->verdict.text);
	atomic_fetch_add(&worker->shared->uses[use], 1);
	if (write(worker->told, "u", 1) != 1)
		_exit(1);
}

static uint64_t new_handle(const struct worker *worker)
{
	return worker->turns << 8 | worker->number;
}

static void use_held(struct worker *worker)
{
	const struct message account = check_of(PHASE_ACCOUNT, "games", new_handle(worker));
	struct message verdict;

	send_it(worker, &worker->door, &account);
	receive_it(worker, &worker->door, &verdict);
	opened(worker, USE_HELD, &verdict);
}

static void use_typed(struct worker *worker)
{
	const bool code = worker->turns % 2;
	const struct message token = {.id = MESSAGE_token,
	                              .token = {.access = worker->access, .code = code}};
	struct message auth = check_of(PHASE_AUTH, "news", new_handle(worker)), answer,
	               typed = {.id = MESSAGE_answer, .answer = {.given = 1}};

	auth.check.converse = 1;
	snprintf(auth.check.service, sizeof(auth.check.service), "login");
	send_it(worker, &worker->commands, &token);
	receive_it(worker, &worker->commands, &answer);
	if (answer.id != MESSAGE_minted)
		give_up(worker, "no token", answer.refused.text);
	snprintf(typed.answer.text, sizeof(typed.answer.text), "%s", answer.minted.secret);
	send_it(worker, &worker->door, &auth);
	receive_it(worker, &worker->door, &answer);
	if (answer.id != MESSAGE_ask)
		give_up(worker, "not asked", answer.verdict.text);
	send_it(worker, &worker->door, &typed);
	receive_it(worker, &worker->door, &answer);
	opened(worker, code ? USE_CODE : USE_TOKEN, &answer);
}

/* A new access, signed by whatever key it is now, used and given back; at most 1500 of them, since
 * there is a limit of requests in an hour. */
static void use_grant(struct worker *worker)
{
	const struct message ask = request_of("su:root", WIRE_DEFAULT, "");
	struct message account = check_of(PHASE_ACCOUNT, "root", new_handle(worker)), answer, back;

	if (worker->turns >= 1500) {
		(void)poll(NULL, 0, 50);
		return;
	}
	send_it(worker, &worker->commands, &ask);
	receive_it(worker, &worker->commands, &answer);
	if (answer.id != MESSAGE_done)
		give_up(worker, "no access", answer.refused.text);
	back = cancel_of(answer.done.access);
	account.check.uid = MAIL;
	snprintf(account.check.service, sizeof(account.check.service), "su");
	snprintf(account.check.ruser, sizeof(account.check.ruser), "mail");
	send_it(worker, &worker->door, &account);
	receive_it(worker, &worker->door, &answer);
	opened(worker, USE_GRANT, &answer);
	send_it(worker, &worker->commands, &back);
	receive_it(worker, &worker->commands, &answer);
}

static void (*const works[WORKERS])(struct worker *) = {
        use_held, use_held, use_held, use_typed, use_typed, use_typed, use_typed, use_grant,
};

static pid_t begin_work(struct worker *worker)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (; !atomic_load(&worker->shared->stop); worker->turns++)
			works[worker->number](worker);
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

/* ---- the test ---- */

struct load {
	struct host host;
	struct shared *shared;
	struct worker workers[WORKERS];
	pid_t pids[WORKERS];
	int told[2];
	unsigned int rotations, too_many, retired;
	size_t retiring; /* the most at a time */
};

static int begin(void **state)
{
	static struct load load;

	load = (struct load){.rotations = 0};
	if (people_begin_with(state, rules, NULL) < 0 || !*state)
		return 0;
	people_end(state); /* the accounts are what is wanted of it */
	host_make(&load.host, rules, LOCKSMITH_SETTINGS);
	host_start_child(&load.host);
	load.shared = mmap(NULL, sizeof(*load.shared), PROT_READ | PROT_WRITE,
	                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(load.shared != MAP_FAILED);
	*state = &load;
	return 0;
}

static int end(void **state)
{
	struct load *load = *state;

	if (!load)
		return 0;
	munmap(load->shared, sizeof(*load->shared));
	host_remove(&load->host);
	return 0;
}

static void start_load(struct load *load)
{
	uint32_t typed = must_request(&load->host, AS(GAMES), "login:news");

	must_request(&load->host, AS(GAMES), "sudo:root");
	assert_int_equal(pipe(load->told), 0);
	for (unsigned int i = 0; i < WORKERS; i++) {
		struct worker *worker = &load->workers[i];
		*worker = (struct worker){.shared = load->shared,
		                          .access = typed,
		                          .number = i,
		                          .told = load->told[1]};
		link_open(&load->host, CLIENT_SOCKET, works[i] == use_grant ? AS(MAIL) : AS(GAMES),
		          &worker->commands);
		link_open(&load->host, PAM_SOCKET, SELF, &worker->door);
		load->pids[i] = begin_work(worker);
	}
	close(load->told[1]);
}

static void end_load(struct load *load)
{
	char bytes[256];

	atomic_store(&load->shared->stop, true);
	while (read(load->told[0], bytes, sizeof(bytes)) > 0)
		continue; /* until all of them are gone */
	close(load->told[0]);
	for (unsigned int i = 0; i < WORKERS; i++) {
		assert_int_equal(waitpid(load->pids[i], NULL, 0), load->pids[i]);
		link_close(&load->workers[i].commands);
		link_close(&load->workers[i].door);
	}
}

/* Until they have used so many more; false: none of them is left. */
static bool let_work(const struct load *load, unsigned int uses)
{
	char bytes[64];

	while (uses) {
		ssize_t n = read(load->told[0], bytes, uses < sizeof(bytes) ? uses : sizeof(bytes));
		if (n <= 0)
			return false;
		uses -= (unsigned int)n;
	}
	return true;
}

/* A rotation, and now and then the end of a key that does not sign yet. */
static void change_keys(struct load *load)
{
	const struct message rotation = rotate_now();
	struct message retirement, answer;
	size_t retiring = (size_t)keys_in(&load->host, "retiring");

	load->retiring = retiring > load->retiring ? retiring : load->retiring;
	say(&load->host, SELF, &rotation, &answer);
	if (answer.id == MESSAGE_done) {
		load->rotations++;
	} else {
		assert_non_null(strstr(answer.refused.text, "keys are retiring"));
		load->too_many++;
	}
	if (load->rotations % 5 == 0) {
		retirement = retire_of(key_in(&load->host, "next").kid);
		must_do(&load->host, SELF, &retirement);
		load->retired++;
	}
}

static void no_good_token_is_refused(void **state)
{
	struct load *load = *state;
	const char *wanted = getenv("JIT_ROTATION_SECONDS");
	int64_t begun = client_now(),
	        until = begun + 1000 * (wanted ? strtol(wanted, NULL, 10) : 0);
	struct shared *shared;

	need_people(state);
	shared = load->shared;
	start_load(load);
	while (let_work(load, PER_ROTATION) && !atomic_load(&shared->refused) &&
	       (wanted ? client_now() < until : load->rotations < ROTATIONS))
		change_keys(load);
	end_load(load);
	print_message(
	        "%.1f s, %d clients: %u rotations (%u put off, at most %zu keys retiring), %u "
	        "next keys retired; held tokens %u, typed tokens %u, codes %u, new accesses %u "
	        "opened, %u refused\n",
	        (double)(client_now() - begun) / 1000, WORKERS, load->rotations, load->too_many,
	        load->retiring, load->retired, shared->uses[USE_HELD], shared->uses[USE_TOKEN],
	        shared->uses[USE_CODE], shared->uses[USE_GRANT], shared->refused);
	if (shared->refused)
		fail_msg("%s", shared->line);
	assert_true(load->rotations >= ROTATIONS);
	for (enum use use = USE_HELD; use < USES; use++)
		assert_true(shared->uses[use] > 0);
	/* where all of this took less than a second, no key had the time to run out too early */
	assert_int_equal(on_disk(&load->host,
	                         "SELECT count(*) FROM token JOIN key USING (kid) WHERE "
	                         "token.revoked IS NULL AND key.not_after < token.exp"),
	                 0);
}

/* Of each key that is there an access, of each access a check before and one after. */
static void a_retired_key_is_refused_at_the_next_check(void **state)
{
	struct load *load = *state;
	const struct message rotation = rotate_now(), account = check_of(PHASE_ACCOUNT, "games", 1);
	struct message answer;

	need_people(state);
	for (int i = 0; i < 5; i++) {
		uint32_t access = must_request(&load->host, AS(GAMES), "sudo:root");
		struct message retirement = retire_of(key_in(&load->host, "current").kid);
		if (i % 2)
			must_do(&load->host, SELF, &rotation);
		assert_int_equal(check(&load->host, &account, &answer), DECISION_ALLOW);
		assert_int_equal(answer.verdict.access, access);
		must_do(&load->host, SELF, &retirement);
		assert_int_equal(check(&load->host, &account, &answer), DECISION_DENY);
		assert_non_null(strstr(answer.verdict.text, "was revoked"));
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
	        TEST(no_good_token_is_refused),
	        TEST(a_retired_key_is_refused_at_the_next_check),
	};

	people_come();
	return cmocka_run_group_tests_name("rotation load", tests, NULL, NULL);
}
