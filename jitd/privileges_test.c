/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The drop itself runs in children that end by _exit(): it cannot be undone, and LeakSanitizer,
 * which works by ptrace at exit(), cannot look into a process that is not dumpable.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "jitd/privileges.h"

#define USER "nobody" /* the one account without rights that every host has */

struct place {
	char top[64];
	char state[80];
	char lock[96];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	snprintf(place->top, sizeof(place->top), "/tmp/privileges_test.XXXXXX");
	if (!mkdtemp(place->top))
		return -1;
	snprintf(place->state, sizeof(place->state), "%s/state", place->top);
	snprintf(place->lock, sizeof(place->lock), "%s/lock", place->state);
	*state = place;
	return 0;
}

static int drop_place(void **state)
{
	struct place *place = *state;
	char other[96];

	snprintf(other, sizeof(other), "%s/other", place->top);
	unlink(place->lock);
	unlink(place->state);
	rmdir(place->state);
	unlink(other);
	rmdir(other);
	rmdir(place->top);
	free(place);
	return 0;
}

static void needs_root(void)
{
	if (geteuid() == 0)
		return;
	print_message("skipped: needs root\n");
	skip();
}

static uid_t uid_of_jitd(void)
{
	return geteuid() == 0 ? getpwnam(USER)->pw_uid : geteuid();
}

static void refused(const struct place *place, int error, const char *says)
{
	struct fault fault = {""};
	int lock = -7;

	assert_int_equal(state_claim(place->state, USER, &lock, &fault), error);
	assert_int_equal(lock, -7);
	assert_non_null(strstr(fault.text, place->state));
	if (!strstr(fault.text, says))
		fail_msg("\"%s\" does not say \"%s\"", fault.text, says);
}

static void claimed(const struct place *place, int *ret_lock)
{
	struct fault fault = {""};

	if (state_claim(place->state, USER, ret_lock, &fault) < 0)
		fail_msg("%s", fault.text);
}

static void state_is_made_for_its_user_alone(void **state)
{
	const struct place *place = *state;
	struct stat found;
	mode_t before = umask(0277);
	int lock;

	claimed(place, &lock);
	umask(before);
	assert_int_equal(lstat(place->state, &found), 0);
	assert_int_equal(found.st_mode, S_IFDIR | 0700);
	assert_int_equal(found.st_uid, uid_of_jitd());
	assert_int_equal(lstat(place->lock, &found), 0);
	assert_int_equal(found.st_mode & 077, 0);
	assert_int_equal(found.st_uid, uid_of_jitd());
	assert_int_equal(fcntl(lock, F_GETFD), FD_CLOEXEC);
	close(lock);
}

static void one_daemon_holds_the_state(void **state)
{
	const struct place *place = *state;
	int lock;

	claimed(place, &lock);
	refused(place, -EBUSY, "another jitd");
	close(lock);
	claimed(place, &lock);
	close(lock);
}

/* Unlike fcntl(F_SETLK), closing some other descriptor of the file gives nothing away. */
static void lock_outlives_other_descriptors_of_its_file(void **state)
{
	const struct place *place = *state;
	int lock;

	claimed(place, &lock);
	close(open(place->lock, O_RDWR | O_CLOEXEC));
	refused(place, -EBUSY, "another jitd");
	close(lock);
}

static void open_state_is_refused(void **state)
{
	const struct place *place = *state;
	int lock;

	claimed(place, &lock);
	close(lock);
	assert_int_equal(chmod(place->state, 0750), 0);
	refused(place, -EPERM, "mode 0750");
	assert_int_equal(chmod(place->state, 0700), 0);
	assert_int_equal(chmod(place->lock, 0640), 0);
	refused(place, -EPERM, "mode 0640");
}

static void x7_symbolic_links_are_refused(void **state)
{
	const struct place *place = *state;
	struct stat found;
	char other[96];
	int lock;

	snprintf(other, sizeof(other), "%s/other", place->top);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(symlink(other, place->state), 0);
	refused(place, -ENOTDIR, "symbolic link");
	assert_int_equal(unlink(place->state), 0);
	assert_int_equal(rmdir(other), 0);

	claimed(place, &lock);
	close(lock);
	assert_int_equal(unlink(place->lock), 0);
	assert_int_equal(symlink(other, place->lock), 0);
	refused(place, -ELOOP, "symbolic link");
	assert_int_equal(lstat(other, &found), -1); /* nothing was made at its end */
}

/* Root must not give away a file that the jitd user linked into its directory. */
static void x7_second_names_and_fifos_are_no_lock(void **state)
{
	const struct place *place = *state;
	struct stat found;
	char other[96];
	int lock;

	claimed(place, &lock);
	close(lock);
	snprintf(other, sizeof(other), "%s/other", place->top);
	close(open(other, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(unlink(place->lock), 0);
	assert_int_equal(link(other, place->lock), 0);
	refused(place, -EINVAL, "one name");
	assert_int_equal(lstat(other, &found), 0);
	assert_int_equal(found.st_uid, geteuid());
	assert_int_equal(unlink(place->lock), 0);
	assert_int_equal(mkfifo(place->lock, 0600), 0);
	refused(place, -EINVAL, "regular file");
}

static void state_that_cannot_be_is_named(void **state)
{
	struct place *place = *state;
	struct place deep = *place;

	snprintf(deep.state, sizeof(deep.state), "%s/no/state", place->top);
	refused(&deep, -ENOENT, "No such file");
	close(open(place->state, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	refused(place, -ENOTDIR, "must be a directory");
}

static void state_of_another_user_is_refused(void **state)
{
	const struct place *place = *state;
	int lock;

	needs_root();
	claimed(place, &lock);
	close(lock);
	assert_int_equal(chown(place->lock, 12345, 0), 0);
	refused(place, -EPERM, "owned by uid 12345");
	assert_int_equal(chown(place->state, 12345, 0), 0);
	refused(place, -EPERM, "owned by uid 12345");
	assert_int_equal(chown(place->state, 0, 0), 0); /* root's own is of no use to jitd */
	refused(place, -EPERM, "owned by uid 0");
}

static void user_must_exist_and_not_be_root(void **state)
{
	const struct place *place = *state;
	struct fault fault = {""};
	int lock;

	needs_root();
	assert_int_equal(state_claim(place->state, "no-such-user-here", &lock, &fault), -ENOENT);
	assert_non_null(strstr(fault.text, "no-such-user-here"));
	assert_int_equal(state_claim(place->state, "root", &lock, &fault), -EINVAL);
	assert_int_equal(access(place->state, F_OK), -1);
	assert_int_equal(privileges_drop("no-such-user-here", &fault), -ENOENT);
	assert_int_equal(privileges_drop("root", &fault), -EINVAL);
	assert_int_equal(geteuid(), 0);
}

/* The number behind `key` in /proc/self/status, read as hex; UINT64_MAX: not there. */
static uint64_t status_of(const char *key)
{
	FILE *file = fopen("/proc/self/status", "re");
	uint64_t value = UINT64_MAX;
	char line[512];

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			value = strtoull(line + strlen(key), NULL, 16);
	if (file)
		fclose(file);
	return value;
}

/* 0, or the line of the first check that fails. */
#define CHECK(condition)                                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
			return 1;                                                                  \
		}                                                                                  \
	} while (0)

static int is_closed_in(void)
{
	struct rlimit core;

	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
	CHECK(getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_cur == 0 && core.rlim_max == 0);
	CHECK(umask(0) == 077);
	CHECK(status_of("CapEff:") == 0);
	CHECK(status_of("CapPrm:") == 0);
	CHECK(status_of("CapInh:") == 0);
	CHECK(status_of("CapAmb:") == 0);
	return 0;
}

static int has_no_way_back(uid_t uid, gid_t gid)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	CHECK(getresuid(&r, &e, &s) == 0 && r == uid && e == uid && s == uid);
	CHECK(getresgid(&rg, &eg, &sg) == 0 && rg == gid && eg == gid && sg == gid);
	CHECK(setuid(0) < 0 && seteuid(0) < 0 && setresuid(0, 0, 0) < 0);
	CHECK(gid == 0 || setgid(0) < 0);
	return 0;
}

static int drop_as_root(void)
{
	const struct passwd *user = getpwnam(USER);
	const gid_t groups[] = {0, 12345};
	struct fault fault;

	CHECK(setgroups(2, groups) == 0);
	CHECK(privileges_drop(USER, &fault) == 0);
	CHECK(getgroups(0, NULL) == 0);
	CHECK(has_no_way_back(user->pw_uid, user->pw_gid) == 0);
	return is_closed_in();
}

static int drop_with_kept_capabilities(void)
{
	struct fault fault;

	CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
	CHECK(privileges_drop(USER, &fault) == 0);
	return is_closed_in();
}

static int drop_as_one_is(void)
{
	struct fault fault;
	uid_t uid;
	gid_t gid;

	if (geteuid() == 0)
		CHECK(setresgid(12345, 12345, 12345) == 0 && setresuid(12345, 12345, 12345) == 0);
	CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	uid = geteuid();
	gid = getegid();
	CHECK(privileges_drop("no-such-user-here", &fault) == 0);
	CHECK(has_no_way_back(uid, gid) == 0);
	return is_closed_in();
}

/* As a set-uid program is started: another effective uid, with root kept at the back. */
static int drop_with_root_behind(void)
{
	struct fault fault;

	CHECK(setresuid(0, 12345, 0) == 0);
	CHECK(privileges_drop(USER, &fault) == 0);
	return has_no_way_back(12345, getegid());
}

static void in_child(int (*step)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(step());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void x5_root_becomes_the_user_for_good(void **state)
{
	(void)state;
	needs_root();
	in_child(drop_as_root);
}

static void x5_no_capability_survives(void **state)
{
	(void)state;
	needs_root();
	in_child(drop_with_kept_capabilities);
}

static void x5_anybody_else_stays_and_is_closed_in(void **state)
{
	(void)state;
	in_child(drop_as_one_is);
}

static void x5_no_uid_is_left_behind(void **state)
{
	(void)state;
	needs_root();
	in_child(drop_with_root_behind);
}

#define test(name) cmocka_unit_test_setup_teardown(name, make_place, drop_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        test(state_is_made_for_its_user_alone),
	        test(one_daemon_holds_the_state),
	        test(lock_outlives_other_descriptors_of_its_file),
	        test(open_state_is_refused),
	        test(x7_symbolic_links_are_refused),
	        test(x7_second_names_and_fifos_are_no_lock),
	        test(state_that_cannot_be_is_named),
	        test(state_of_another_user_is_refused),
	        test(user_must_exist_and_not_be_root),
	        test(x5_root_becomes_the_user_for_good),
	        test(x5_no_capability_survives),
	        test(x5_anybody_else_stays_and_is_closed_in),
	        test(x5_no_uid_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
