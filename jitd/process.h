/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Peers and their sessions, as the kernel tells (base/process.h).
 */
#ifndef JIT_JITD_PROCESS_H
#define JIT_JITD_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/process.h"

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

/* What /proc is asked for of a peer. Who asks for PAM is root: whose login and whose program it is
 * tells nothing there, and reading that is a tenth of what the loop does for a check (measured). */
enum peer_facts { FACTS_OF_PROCESS, FACTS_OF_PERSON };

/* The process behind a connected socket: SO_PEERCRED, SO_PEERPIDFD where the kernel has it (6.5),
 * else pidfd_open(), then /proc read while the pidfd still shows it alive. -ESRCH when it is gone
 * already, or in a pid namespace that we cannot see into. Who the peer is comes from uid and gid
 * alone; what /proc told may only take away. FACTS_OF_PROCESS: the uids of login and person are as
 * if they could not be read. */
must_check int process_of_peer(int fd, enum peer_facts facts, struct peer_process *ret_process);
void process_done(struct peer_process *process);

/* The leader of a live peer's session (field 6 of /proc/PID/stat) where that is the peer itself or
 * its parent, and lives; read, its pidfd opened, and read again while the peer lives. -EPERM: it is
 * somebody else, so that several connections could share it. */
must_check int process_leader(const struct peer_process *peer, struct process_id *ret_leader);

/* The parent that a process has now: read, and the child read again, so that the number is nobody
 * else's. -ESRCH: none that we can see, or the child is another process by now. */
must_check int process_parent(const struct process_id *child, struct process_id *ret_parent);
must_check int process_boot_id(char ret_boot_id[static BOOT_ID_SIZE]);

#endif
