/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other processes, as the kernel tells. A pid alone is never trusted: it comes with a pidfd, or
 * with the start time that tells one use of a number from the next.
 */
#ifndef JIT_JITD_PROCESS_H
#define JIT_JITD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

#define LOGIN_UID_NONE ((uid_t)-1) /* unset, or a kernel without it */
#define BOOT_ID_SIZE   37

struct peer_process {
	pid_t pid;
	uid_t uid; /* effective uid at connect time (SO_PEERCRED) */
	gid_t gid;
	int pidfd;            /* owned; -1 after process_done() */
	uid_t login_uid;      /* LOGIN_UID_NONE: none */
	bool login_uid_known; /* false: not read (/proc hides it); counts against the peer */
	uint64_t start_time;  /* field 22 of /proc/PID/stat; 0: could not be read */
};

/* The process behind a connected socket: SO_PEERCRED, SO_PEERPIDFD where the kernel has it (6.5),
 * else pidfd_open(), then /proc read while the pidfd still shows it alive. -ESRCH when it is gone
 * already, or in a pid namespace that we cannot see into. Who the peer is comes from uid and gid
 * alone; what /proc told may only take away. */
must_check int process_of_peer(int fd, struct peer_process *ret_process);
void process_done(struct peer_process *process);

/* For sessions found again at start: a pidfd for `pid` if it still is the process that started at
 * `start_time`; -ESRCH if not. */
must_check int process_reopen(pid_t pid, uint64_t start_time, int *ret_pidfd);
/* Running, or stopped; false for a zombie, and where poll() cannot tell. */
bool process_alive(int pidfd);

/* Field 22 of the text of /proc/PID/stat, read after the last ')' (a process may be called ") R 1
 * ("). */
must_check int process_parse_start_time(const char *stat, uint64_t *ret_start_time);
must_check int process_boot_id(char ret_boot_id[static BOOT_ID_SIZE]);

#endif
