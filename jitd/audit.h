/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The audit log: one event for each verdict and each change of state, in the transaction that makes
 * it, and one line of it in the daemon's own log (stderr), which leaves before the loop goes to
 * sleep, mostly behind the answers: journald's turn is nobody's to wait for. Refusals alike (same
 * uid, event and reason) past a burst are counted and written as one event with a count; allows and
 * changes never are. No secret is ever in either. The row has the policy in force as well: the
 * first 16 hex digits of its digest, of which `status` shows all 64.
 */
#ifndef JIT_JITD_AUDIT_H
#define JIT_JITD_AUDIT_H

#include <sys/types.h>

#include "jitd/jitd.h"

/* The words of the `event` column. */
#define EVENTS(E)                                                                                  \
	E(CHECK, "check") /* PAM asked */                                                          \
	E(REQUEST, "request")                                                                      \
	E(APPROVE, "approve") /* one approver's word */                                            \
	E(DENY, "deny")                                                                            \
	E(GRANT, "grant") /* pending became active */                                              \
	E(TOKEN, "token") /* one, or a code, was handed out to be typed */                         \
	E(DENIED, "denied")                                                                        \
	E(CANCELLED, "cancelled")                                                                  \
	E(RETURNED, "returned")                                                                    \
	E(LAPSED, "lapsed")                                                                        \
	E(USED_UP, "used-up")                                                                      \
	E(EXPIRED, "expired")                                                                      \
	E(REVOKED, "revoked")                                                                      \
	E(LOCK, "lock")                                                                            \
	E(UNLOCK, "unlock")                                                                        \
	E(SESSION_OPEN, "session-open")                                                            \
	E(SESSION_END, "session-end") /* somebody wants it ended */                                \
	E(SESSION_CLOSE, "session-close")                                                          \
	E(NOT_ENDED, "not-ended") /* a session that is to end, and why it lives on */              \
	E(KEY, "key")             /* a signing key was made, or entered another state */           \
	E(POLICY, "policy")       /* loaded, or refused */                                         \
	E(TRUST, "trust")         /* the keys of another issuer were read, or refused */           \
	E(CLOCK, "clock")         /* the wall clock was set, fell behind, or was accepted */       \
	E(START, "start")                                                                          \
	E(STOP, "stop")                                                                            \
	E(REFUSED, "refused") /* a client's command or connection */                               \
	E(BAD_PACKET, "bad-packet")

enum event_word {
#define E(name, word) EVENT_##name,
	EVENTS(E)
#undef E
};

/* Text members may be NULL; those from outside are sanitised here. */
struct event {
	enum event_word event;
	const char *verdict; /* "allow", "deny" or NULL */
	const char *reason;  /* a word */
	uint32_t access;
	const char *session, *subject, *actor, *service, *phase, *account, *text;
	uid_t actor_uid; /* what refusals are counted by; shown where there is no name */
	pid_t pid;
};

must_check int audit_new(struct jitd *jitd, struct audit **ret_audit);
struct audit *audit_free(struct audit *audit); /* writes the counts that wait */

/* Within txn_enter() and txn_leave(). */
must_check int audit_append(struct jitd *jitd, int64_t now, const struct event *event);
/* In a message of its own; where that fails the line in the log is all there is. */
void audit_alone(struct jitd *jitd, int64_t now, const struct event *event);

/* A line in the daemon's log only: what is nobody's doing. */
__attribute__((format(printf, 2, 3))) void audit_log(struct audit *audit, const char *format, ...);

#endif
