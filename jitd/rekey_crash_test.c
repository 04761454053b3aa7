/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kill -9 at each step of a change of the keys: between files that are synced, renamed or erased,
 * before and after a commit. Whatever is left, the next start works, one key signs, and each token
 * that was good is good, or its access was revoked. Linked with --wrap for these steps.
 */
#include "tests/daemon/locksmith.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "jitd/store.h"

/* ---- steps ---- */

/* What is wrapped hands no context over. */
static struct {
	bool counts;
	unsigned int steps, kill_at;
} death;

static void step(void)
{
	if (death.counts && ++death.steps == death.kill_at)
		kill(getpid(), SIGKILL);
}

#define STEP(type, name, parameters, arguments)                                                    \
	type __real_##name parameters;                                                             \
	type __wrap_##name parameters;                                                             \
	type __wrap_##name parameters                                                              \
	{                                                                                          \
		step(); /* what is done stays: after one of them is before the next */             \
		return __real_##name arguments;                                                    \
	}
STEP(int, fsync, (int fd), (fd))
STEP(int, mkdir, (const char *path, mode_t mode), (path, mode))
STEP(int, renameat, (int from, const char *name, int to, const char *new_name),
     (from, name, to, new_name))
STEP(int, unlinkat, (int fd, const char *name, int flags), (fd, name, flags))

int __real_store_run(struct store *store, enum statement statement);
int __wrap_store_run(struct store *store, enum statement statement);
int __wrap_store_run(struct store *store, enum statement statement)
{
	bool commits = statement == STATEMENT_COMMIT;
	int r;

	if (commits)
		step();
	r = __real_store_run(store, statement);
	if (commits)
		step();
	return r;
}

/* ---- what is done until death ---- */

struct scene {
	struct host host;
	struct wire_key current, next, retiring; /* before */
	uint32_t access;                         /* held by games, signed by `current` */
	uint32_t older;                          /* the same by mail and `retiring` */
};

typedef bool rekeying(struct scene *scene); /* was it acknowledged? */

static bool say_it(const struct scene *scene, const struct message *message)
{
	struct message answer;

	say(&scene->host, SELF, message, &answer);
	return answer.id == MESSAGE_done;
}

static bool rotates(struct scene *scene)
{
	const struct message message = rotate_now();

	return say_it(scene, &message);
}

static bool retires_current(struct scene *scene)
{
	const struct message message = retire_of(scene->current.kid);

	return say_it(scene, &message);
}

static bool retires_retiring(struct scene *scene)
{
	const struct message message = retire_of(scene->retiring.kid);

	return say_it(scene, &message);
}

static bool retires_next(struct scene *scene)
{
	const struct message message = retire_of(scene->next.kid);

	return say_it(scene, &message);
}

static bool only_starts(struct scene *scene)
{
	(void)scene;
	return true;
}

/* A process in which jitd lives and dies; -1: it was killed, else whether it was acknowledged. */
static int live_and_die(struct scene *scene, rekeying *deed, unsigned int kill_at)
{
	int told[2], status;
	char byte = 'n';
	pid_t pid;

	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		death.kill_at = kill_at;
		death.counts = true;
		host_start_here(&scene->host);
		byte = deed(scene) ? 'y' : 'n';
		(void)!write(told[1], &byte, 1);
		host_stop(&scene->host);
		_exit(0);
	}
	assert_true(pid > 0);
	close(told[1]);
	(void)!read(told[0], &byte, 1);
	close(told[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return byte == 'y' ? 1 : -1;
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return byte == 'y' ? 2 : 3;
}

/* ---- what must be so afterwards ---- */

static void in_order(const struct host *host)
{
	static struct wire_key rows[LISTED_MAX];
	size_t count = keys_listed(host, rows), live = 0;

	assert_int_equal(keys_in(host, "current"), 1);
	assert_int_equal(keys_in(host, "next"), 1);
	for (size_t i = 0; i < count; i++) {
		bool gone = !strcmp(rows[i].state, "gone");
		live += !gone;
		assert_int_equal(key_file_is_there(host, rows[i].kid, ".pem"), !gone);
	}
	assert_int_equal(key_files(host), live);
	assert_int_equal(on_disk(host, "SELECT count(*) FROM key WHERE state = 'retiring' AND "
	                               "not_after <> (SELECT max(exp) FROM token WHERE token.kid = "
	                               "key.kid AND revoked IS NULL)"),
	                 0);
}

static int64_t is(const struct host *host, uint32_t access, const char *state)
{
	return on_disk(host, "SELECT state = '%s' FROM access WHERE id = %u", state, access);
}

static int64_t key_is(const struct host *host, const char *kid, const char *state)
{
	return on_disk(host, "SELECT state = '%s' FROM key WHERE kid = '%s'", state, kid);
}

/* A key that is there, and only such a one, opens. */
static void opens_as_it_is(const struct scene *scene)
{
	const struct host *host = &scene->host;
	struct message answer;

	assert_int_equal(is(host, scene->access, "revoked"),
	                 key_is(host, scene->current.kid, "gone"));
	assert_int_equal(is(host, scene->older, "revoked"),
	                 key_is(host, scene->retiring.kid, "gone"));
	assert_int_equal(sudo_check(host, &answer) == DECISION_ALLOW,
	                 is(host, scene->access, "active"));
	assert_int_equal(su_check(host, &answer) == DECISION_ALLOW,
	                 is(host, scene->older, "active"));
}

static void new_ones_open(const struct host *host)
{
	struct message answer;

	must_request(host, AS(GAMES), "sudo:root");
	assert_int_equal(sudo_check(host, &answer), DECISION_ALLOW);
}

/* ---- the scenes ---- */

static void set_scene(struct scene *scene)
{
	const struct message message = rotate_now();

	host_make(&scene->host, locksmith_rules, LOCKSMITH_SETTINGS);
	host_start_here(&scene->host);
	scene->older = must_request(&scene->host, AS(MAIL), "su:root");
	must_do(&scene->host, SELF, &message);
	scene->access = must_request(&scene->host, AS(GAMES), "sudo:root");
	scene->current = key_in(&scene->host, "current");
	scene->next = key_in(&scene->host, "next");
	scene->retiring = key_in(&scene->host, "retiring");
	host_stop(&scene->host);
}

static void acknowledged_is_done(const struct scene *scene, rekeying *deed)
{
	const struct host *host = &scene->host;

	if (deed == rotates)
		assert_true(key_is(host, scene->next.kid, "current") &&
		            key_is(host, scene->current.kid, "retiring"));
	if (deed == retires_current)
		assert_true(key_is(host, scene->next.kid, "current") &&
		            key_is(host, scene->current.kid, "gone"));
	if (deed == retires_retiring)
		assert_true(key_is(host, scene->retiring.kid, "gone"));
	if (deed == retires_next)
		assert_true(key_is(host, scene->next.kid, "gone"));
}

/* Killed at that step; false: it lived longer. */
static bool once(rekeying *deed, unsigned int kill_at)
{
	struct scene scene;
	int end;

	set_scene(&scene);
	end = live_and_die(&scene, deed, kill_at);
	host_start_here(&scene.host);
	in_order(&scene.host);
	opens_as_it_is(&scene);
	if (end > 0)
		acknowledged_is_done(&scene, deed);
	new_ones_open(&scene.host);
	host_remove(&scene.host);
	assert_int_not_equal(end, 3); /* nothing refuses here */
	return end < 2;
}

static void at_each_step(void **state, rekeying *deed, const char *name)
{
	unsigned int steps = 0;

	need_people(state);
	while (once(deed, steps + 1))
		steps++;
	print_message("%s: killed at each of %u steps\n", name, steps);
	assert_true(steps >= 4); /* one commit, a file each of whom it is about */
}

static void a_rotation(void **state)
{
	at_each_step(state, rotates, "rotate");
}

static void a_retirement_of_the_current_key(void **state)
{
	at_each_step(state, retires_current, "retire the current key");
}

static void a_retirement_of_a_retiring_key(void **state)
{
	at_each_step(state, retires_retiring, "retire a retiring key");
}

static void a_retirement_of_the_next_key(void **state)
{
	at_each_step(state, retires_next, "retire the next key");
}

static void the_very_first_start(void **state)
{
	unsigned int steps = 0;
	int end;

	need_people(state);
	do {
		struct scene scene = {.access = 0};
		host_make(&scene.host, locksmith_rules, LOCKSMITH_SETTINGS);
		end = live_and_die(&scene, only_starts, ++steps);
		host_start_here(&scene.host);
		in_order(&scene.host);
		new_ones_open(&scene.host);
		host_remove(&scene.host);
	} while (end < 2);
	print_message("first start: killed at each of %u steps\n", steps - 1);
	assert_true(steps > 8);
}

static int begin(void **state)
{
	int r = people_begin_with(state, locksmith_rules, LOCKSMITH_SETTINGS);

	if (r == 0 && *state)
		host_stop(*state); /* the accounts are what is wanted of it */
	return r;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, people_end)
	const struct CMUnitTest tests[] = {
	        TEST(the_very_first_start),
	        TEST(a_rotation),
	        TEST(a_retirement_of_the_current_key),
	        TEST(a_retirement_of_a_retiring_key),
	        TEST(a_retirement_of_the_next_key),
	};

	people_come();
	if (own_mounts()) /* hundreds of starts, none on a real disk */
		(void)mount("tmpfs", "/tmp", "tmpfs", 0, "size=64m");
	return cmocka_run_group_tests_name("rekey crash", tests, NULL, NULL);
}
