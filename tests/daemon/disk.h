/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The disk and the memory under SQLite, in a test's hands: slow, full, failing at the n-th
 * operation, or watched at the moment when a commit's sync comes back. A VFS around the real one
 * and an allocator around malloc.
 */
#ifndef JIT_TESTS_DAEMON_DISK_H
#define JIT_TESTS_DAEMON_DISK_H

#include <stdbool.h>
#include <stdint.h>

struct disk {
	/* the write-ahead log's sync takes at least this long */
	unsigned int sync_ms;
	/* called when that sync is done and has not returned yet */
	void (*synced)(void *context);
	void *context;
	/* operations on the database and its log; the one by this number fails (0: none), and with
	 * `stays` all that follow it do */
	uint64_t operations, fail_at;
	bool stays;
	bool torn; /* a write that fails has written its first half */
	int code;  /* what a failed write says: SQLITE_IOERR_WRITE, SQLITE_FULL */
	uint64_t failures, syncs;
};

/* Once, before anything opens a database: all later ones are on it. */
void disk_put_under(struct disk *disk);

/* The same for allocations, one for each process. Before anything else of SQLite. */
struct memory {
	uint64_t allocations, fail_at;
	bool stays;
	uint64_t failures;
};
void memory_put_under(struct memory *memory);

/* All connections opened from now on keep so few pages that a transaction spills into the log
 * before its commit: so a statement in the middle of it meets a full disk. */
void disk_spill_early(void);

#endif
