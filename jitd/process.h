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
#define REAL_UID_NONE  ((uid_t)-1) /* nobody has it */
#define BOOT_ID_SIZE   37

struct peer_process {
	pid_t pid;
	uid_t uid; /* effective uid at connect time (SO_PEERCRED) */
	gid_t gid;
	int pidfd;            /* owned; -1 after process_done() */
	uid_t login_uid;      /* LOGIN_UID_NONE: none */
	bool login_uid_known; /* false: not read (/proc hides it); counts against the peer */
	uid_t real_uid; /* who started it, where it has its uid from a setuid file; REAL_UID_NONE:
	                 * not read, which counts against the peer */
	uint64_t start_time; /* field 22 of /proc/PID/stat; 0: could not be read */
};

/* A process for as long as the machine is up: the number with the start time that tells one use of
 * it from the next. start_time 0: not known, and never equal to anything. */
struct process_id {
	pid_t pid;
	uint64_t start_time;
};

/* The process behind a connected socket: SO_PEERCRED, SO_PEERPIDFD where the kernel has it (6.5),
 * else pidfd_open(), then /proc read while the pidfd still shows it alive. -ESRCH when it is gone
 * already, or in a pid namespace that we cannot see into. Who the peer is comes from uid and gid
 * alone; what /proc told may only take away. */
must_check int process_of_peer(int fd, struct peer_process *ret_process);
void process_done(struct peer_process *process);

/* The leader of a live peer's session (field 6 of /proc/PID/stat) where that is the peer itself or
 * its parent, and lives; read, its pidfd opened, and read again while the peer lives. -EPERM: it is
 * somebody else, so that several connections could share it. */
must_check int process_leader(const struct peer_process *peer, struct process_id *ret_leader);

/* The parent that a process has now: read, and the child read again, so that the number is nobody
 * else's. -ESRCH: none that we can see, or the child is another process by now. */
must_check int process_parent(const struct process_id *child, struct process_id *ret_parent);

/* For sessions found again at start: a pidfd for `pid` if it still is the process that started at
 * `start_time`; -ESRCH if not. */
must_check int process_reopen(pid_t pid, uint64_t start_time, int *ret_pidfd);
/* Running, or stopped; false for a zombie, and where poll() cannot tell. */
bool process_alive(int pidfd);

/* Numbers of the text of /proc/PID/stat, read after the last ')' (a process may be called ") R 1
 * ("). -EINVAL unless all of them are there, whole. */
struct process_stat {
	pid_t parent, session; /* fields 4 and 6; 0: outside of our pid namespace */
	uint64_t start_time;   /* field 22 */
};
must_check int process_parse_stat(const char *text, struct process_stat *ret_stat);
must_check int process_boot_id(char ret_boot_id[static BOOT_ID_SIZE]);

#endif
