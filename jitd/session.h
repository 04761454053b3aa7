/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: what was opened under an access. Opened in the message that spends the use; closed by
 * PAM, or when the pidfd of the process that opened it says that it is gone; found again after a
 * restart by pid, start time and boot.
 */
#ifndef JIT_JITD_SESSION_H
#define JIT_JITD_SESSION_H

#include "base/session.h"
#include "jitd/access.h"

struct sessions;
must_check int sessions_new(struct jitd *jitd, struct sessions **ret_sessions);
struct sessions *sessions_free(struct sessions *sessions);
/* At start: watches the live ones, closes the others. */
void sessions_find_again(struct jitd *jitd);

struct session_facts {
	const char *service, *account, *tty, *rhost, *handle; /* handle as hex */
	const char *user_key; /* fingerprint of the ssh key that it was opened with; "": not known
	                       */
	const struct peer_process *process;
	int64_t now, boot;
};

struct opened {
	uint32_t number; /* the n of "42-n" */
	int64_t until;   /* its access's end, or as long after as that keeps it; no later than that
	                    of the session around it; by this clock */
	int64_t boot_until;
	uint32_t parent_access, parent_number; /* that one; 0: none */
};

/* Within a message. */
must_check int session_open(struct jitd *jitd, const struct access *access,
                            const struct session_facts *facts, struct opened *ret_opened);
/* The first open one whose opener matches; false: none. */
typedef bool session_match(const struct process_id *opener, const void *context);
bool session_find(const struct jitd *jitd, session_match *match, const void *context,
                  uint32_t *ret_access, uint32_t *ret_number);
/* After its commit: watches the process (a pidfd of its own is opened). */
void session_watch(struct jitd *jitd, uint32_t access, uint32_t number,
                   const struct peer_process *process);
/* The reaper says that all of it is dead: closes the row, unless its process says otherwise. */
void session_over(struct jitd *jitd, uint32_t access, uint32_t number);
/* It does not open after all, since nobody could end it; with an event that says why. */
void session_refused(struct jitd *jitd, uint32_t access, uint32_t number, const char *why);
/* Within a message: closes the session of this handle, if it is open. ret_access 0: there was none.
 */
must_check int session_close(struct jitd *jitd, const char *handle, int64_t now, int64_t boot,
                             const char *why, uint32_t *ret_access);

/* The ssh key of the live login of `uid` from which this process descends: the nearest one that has
 * a key. Empty: there is none. */
must_check int session_key_of(struct jitd *jitd, const struct peer_process *process, uid_t uid,
                              char ret_key[static FINGERPRINT_SIZE]);

/* The row that a query of SESSION_COLUMNS stands on, for the wire. */
void session_describe(const struct query *query, struct wire_session *ret_row);

#endif
