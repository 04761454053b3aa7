/* SPDX-License-Identifier: Apache-2.0 */
/* What was handed out and typed is in jitd's memory no more, nor in its files. */
#include "tests/daemon/logins.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHUNK  (1 << 20)
#define HUGE   (1ULL << 30) /* a sanitizer's own */
#define BEFORE 512          /* of the chunk before, so that nothing is missed in between */

struct scan {
	int memory;
	uint8_t bytes[BEFORE + CHUNK];
};

static size_t count_in(const uint8_t *bytes, size_t length, const char *text)
{
	const uint8_t *at = bytes, *end = bytes + length;
	size_t count = 0;

	while ((at = memmem(at, (size_t)(end - at), text, strlen(text)))) {
		count++;
		at++;
	}
	return count;
}

static size_t count_between(struct scan *scan, off_t from, off_t to, const char *text)
{
	size_t count = 0;

	for (off_t at = from; at < to; at += CHUNK) {
		off_t start = at - from >= BEFORE ? at - BEFORE : at;
		size_t wanted = (size_t)((to - start) < (off_t)sizeof(scan->bytes)
		                                 ? to - start
		                                 : (off_t)sizeof(scan->bytes));
		ssize_t n = pread(scan->memory, scan->bytes, wanted, start);
		if (n > 0)
			count += count_in(scan->bytes, (size_t)n, text);
	}
	return count;
}

/* In all that the process can write to. */
static size_t count_in_memory(pid_t pid, const char *text)
{
	static struct scan scan;
	char path[64], line[512], rights[5];
	uintmax_t from, to;
	size_t count = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	scan.memory = open(path, O_RDONLY | O_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (scan.memory < 0 || !maps) {
		print_message("skipped: another process's memory cannot be read here\n");
		skip();
	}
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%" SCNxMAX "-%" SCNxMAX " %4s", &from, &to, rights) == 3 &&
		    rights[0] == 'r' && rights[1] == 'w' && to - from < HUGE)
			count += count_between(&scan, (off_t)from, (off_t)to, text);
	fclose(maps);
	close(scan.memory);
	return count;
}

static size_t count_in_file(const struct host *host, const char *name, const char *text)
{
	static struct scan scan;
	char path[128];
	size_t count;

	snprintf(path, sizeof(path), "%s/%s", host->directory, name);
	scan.memory = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(scan.memory >= 0);
	count = count_between(&scan, 0, lseek(scan.memory, 0, SEEK_END), text);
	close(scan.memory);
	return count;
}

static void must_be_gone(const struct host *host, const char *what, const char *secret)
{
	static const char *const files[] = {"log", "state/jitd.db", "state/jitd.db-wal"};

	if (count_in_memory(host->pid, secret))
		fail_msg("%s is in jitd's memory", what);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (count_in_file(host, files[i], secret))
			fail_msg("%s is in %s", what, files[i]);
}

static void type_at_login(const struct host *host, uint64_t number, const char *typed,
                          enum decision decision)
{
	const struct message auth = typed_check("login", PHASE_AUTH, "news", number);
	struct talk talk;

	assert_int_equal(type_in(host, &auth, typed, &talk), decision);
}

static void nothing_that_was_typed_stays(void **state)
{
	static struct host host;
	char token[SECRET_SIZE], refused[SECRET_SIZE], unused[SECRET_SIZE], code[SECRET_SIZE];
	uint32_t access;

	need_logins(state);
	host_make(&host, logins_rules, "max-grant = \"2h\"\n");
	host_start_child(&host);
	access = must_issue(&host, AS(GAMES), "login:news", false, token);
	issue(&host, AS(GAMES), access, false, refused);
	issue(&host, AS(GAMES), access, false, unused);
	issue(&host, AS(GAMES), access, true, code);
	type_at_login(&host, 1, token, DECISION_ALLOW);
	type_at_login(&host, 2, code, DECISION_ALLOW);
	type_at_login(&host, 3, token, DECISION_DENY);
	refused[strlen(refused) - 20] ^= 1; /* and what is wrong is nobody else's business either */
	type_at_login(&host, 4, refused, DECISION_DENY);
	type_at_login(&host, 5, "correct horse battery staple", DECISION_DENY);
	/* so that this can fail: what is no secret is found */
	assert_true(count_in_memory(host.pid, "login:news") > 0);
	assert_true(count_in_file(&host, "log", "event=check") > 0);
	must_be_gone(&host, "the token", token);
	must_be_gone(&host, "the token's signature", strrchr(token, '.') + 1);
	must_be_gone(&host, "a token nobody has typed", unused);
	must_be_gone(&host, "its signature", strrchr(unused, '.') + 1);
	must_be_gone(&host, "a broken token", refused);
	must_be_gone(&host, "the code", code);
	must_be_gone(&host, "a password", "correct horse battery staple");
	host_remove(&host);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, logins_begin, logins_end)
	const struct CMUnitTest tests[] = {
	        TEST(nothing_that_was_typed_stays),
	};

	people_come();
	return cmocka_run_group_tests_name("canary", tests, NULL, NULL);
}
