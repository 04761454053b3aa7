/* SPDX-License-Identifier: Apache-2.0 */
/* What other programs may do to the database while jitd has it open. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "jitd/store.h"

/* sqlite.org/fileformat2.html, "lock-byte page": who holds the shared range cannot lose the log */
#define SHARED_FIRST 0x40000002
#define SHARED_SIZE  510

/* In a process of its own: a process never sees its own locks. */
static bool somebody_holds(const char *path)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0) {
		struct flock wanted = {.l_type = F_WRLCK,
		                       .l_whence = SEEK_SET,
		                       .l_start = SHARED_FIRST,
		                       .l_len = SHARED_SIZE};
		int fd = open(path, O_RDWR | O_CLOEXEC);
		_exit(fd < 0 || fcntl(fd, F_GETLK, &wanted) < 0 ? 2 : wanted.l_type != F_UNLCK);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	return WEXITSTATUS(status) == 1;
}

/* S2: without the lock, `sqlite3 jitd.db` removes the log on its way out, and every commit after
 * that is gone at the next start. */
static void test_reader_keeps_writers_locks(void **state)
{
	char directory[] = "/tmp/jitd-store.XXXXXX", path[64];
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct store *writer, *reader;
	struct fault fault;

	(void)state;
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/jitd.db", directory);
	assert_int_equal(store_open(path, STORE_WRITER, &writer, &fault), 0);
	assert_true(somebody_holds(path));
	assert_int_equal(store_open(path, STORE_READER, &reader, &fault), 0);
	assert_true(somebody_holds(path));
	store_free(reader);
	assert_true(somebody_holds(path));
	store_free(writer);
	assert_false(somebody_holds(path));
	for (size_t i = 0; i < 3; i++) {
		char name[80];
		snprintf(name, sizeof(name), "%s%s", path, suffixes[i]);
		(void)unlink(name);
	}
	assert_int_equal(rmdir(directory), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_reader_keeps_writers_locks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
