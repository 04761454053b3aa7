/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other processes, as the kernel tells. A pid alone is never trusted: it comes with a pidfd, or
 * with the start time that tells one use of a number from the next.
 */
#ifndef JIT_BASE_PROCESS_H
#define JIT_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

/* A process for as long as the machine is up: the number with the start time that tells one use of
 * it from the next. start_time 0: not known, and never equal to anything. */
struct process_id {
	pid_t pid;
	uint64_t start_time;
};

/* A pidfd, close-on-exec, of whoever has the number now; -ESRCH: nobody. */
must_check int process_pidfd(pid_t pid);
/* /proc/PID, close-on-exec: what is read through it is of one process, or fails. */
must_check int process_directory(pid_t pid);
/* A whole file of it (or of AT_FDCWD) with a NUL; -EFBIG when it does not fit. */
must_check int process_read(int directory, const char *name, char *ret_text, size_t size);

/* A pidfd for `pid` if it still is the process that started at `start_time`; -ESRCH if not. */
must_check int process_reopen(pid_t pid, uint64_t start_time, int *ret_pidfd);
/* Running, or stopped; false for a zombie, and where poll() cannot tell. */
bool process_alive(int pidfd);

/* Numbers of the text of /proc/PID/stat, read after the last ')' (a process may be called ") R 1
 * ("). -EINVAL unless all of them are there, whole. */
struct process_stat {
	pid_t parent, session; /* fields 4 and 6; 0: outside of our pid namespace */
	uint32_t terminal;     /* field 7: bits 8 to 19 the major, the others the minor; 0: none */
	uint64_t start_time;   /* field 22 */
};
must_check int process_parse_stat(const char *text, struct process_stat *ret_stat);
must_check int process_read_stat(int directory, struct process_stat *ret_stat);
/* The same of a number: whose it is must be asked before and after. */
must_check int process_read_stat_of(pid_t pid, struct process_stat *ret_stat);
must_check int process_read_uids(int directory, uid_t *ret_real, uid_t *ret_effective);

#endif
