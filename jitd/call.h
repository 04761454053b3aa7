/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One command of a client on its way: who asks (looked up by the uid that the kernel gave at
 * accept), one reading of the clock, a handler inside a message of jitd/txn, and an answer that
 * leaves after the commit. A refusal need not wait for it.
 */
#ifndef JIT_JITD_CALL_H
#define JIT_JITD_CALL_H

#include "jitd/access.h"
#include "jitd/peer.h"
#include "jitd/timekeeper.h"
#include "policy/scope.h"

/* What somebody may do. uid 0 is an admin and never a person. */
enum role {
	ROLE_PERSON = 1,  /* not uid 0, and the real uid, and the login uid where there is one, are
	                     the  same: may ask and decide */
	ROLE_ADMIN = 2,   /* uid 0, or a person whom `admins` names */
	ROLE_AUDITOR = 4, /* an admin, or whom `auditors` names: may read everything */
};

struct call {
	struct txn_result result; /* first */
	struct jitd *jitd;
	struct peer *peer; /* held */
	const struct route *route;
	int64_t now, boot;        /* of one reading; boot: CLOCK_BOOTTIME */
	enum clock_verdict clock; /* clock_gives(): may it give anything? */
	unsigned int roles;
	struct identity *caller;
	struct named {
		char name[NAME_SIZE]; /* empty: what was written is no name */
		enum names_result result;
		struct identity *identity; /* NULL unless found */
	} named[SCOPES_MAX]; /* the users that the command names, looked up before its handler */
	size_t named_count;
	enum names_result requester_result; /* of the access's subject, looked up by uid before the
	                                     * handler, where the route says so */
	struct identity *requester;         /* NULL unless found */
	uint32_t activate; /* an access that has its last approval: made active before the answer
	                      leaves */
	bool refused_after_commit; /* the refusal tells of a change that goes with it */
	bool sweep; /* new rules are in force: accesses are held against them before the answer
	               leaves (jitd/sweep.h) */
	bool issue; /* a token is to be signed before the answer leaves (jitd/issue.h) */
	bool rekey; /* the signing keys are to be changed before the answer leaves
	               (jitd/rotation.h) */
	size_t issuers_refused;  /* of a reload: trusts whose keys could not be read */
	struct foreign *foreign; /* a token of another issuer that was brought along
	                            (jitd/foreign_token.h) */
	struct message in, out;  /* out: done, minted or refused */
};

unsigned int roles_of(const struct jitd *jitd, const struct peer_process *process,
                      const struct identity *person);

void call_read_clock(struct call *call);

/* Sets the answer. call_refuse() also writes the event, with a word for the reason, and returns 0
 * or the event's failure. */
__attribute__((format(printf, 3, 4))) void call_done(struct call *call, uint32_t access,
                                                     const char *format, ...);
/* The refusal's line alone, for what writes an event of its own. */
__attribute__((format(printf, 2, 3))) void call_say_no(struct call *call, const char *format, ...);
__attribute__((format(printf, 3, 4))) must_check int call_refuse(struct call *call,
                                                                 const char *reason,
                                                                 const char *format, ...);

/* May this caller see the access? Its subject, a person whom its rule names as approver, an
 * auditor. */
bool call_may_see(const struct call *call, const struct access *access);
/* Is the caller, or the login they came through, who asked for the access or came to ask? */
bool call_is_requester(const struct call *call, const struct access *access);
bool may_see(unsigned int roles, const struct identity *person, const struct access *access);

/* The access that a command names; 0: none. */
uint32_t call_access(const struct message *in);

/* Clean text within `max` bytes? Else refuses, naming the field, and returns true in *ret_refused.
 */
must_check int call_check_text(struct call *call, const char *field, const char *text, size_t max,
                               bool *ret_refused);

/* The users that a message names: the index-th into ret_name (empty where what is written is no
 * name); false: there are no more. */
typedef bool call_names(const struct call *call, size_t index, char ret_name[static NAME_SIZE]);
call_names request_names, revoke_names, lock_names, unlock_names, explain_names;

/* Is that user known, by that very name? Else refuses. A second name of a uid is refused too, since
 * accounts, locks and approvals go by the person. */
must_check int call_check_named(struct call *call, const struct named *named, bool *ret_refused);

/* Handlers: 0 = call->out is set; -errno = broken: undone and refused. */
int handle_request(struct call *call);
int handle_cancel(struct call *call);
int handle_approve(struct call *call);
int handle_deny(struct call *call);
int handle_revoke(struct call *call);
int handle_lock(struct call *call);
int handle_unlock(struct call *call);
int handle_reload(struct call *call);
int handle_token(struct call *call);
int handle_present(struct call *call);
/* Reads what is brought along, then goes on with the handler. */
void present_begin(struct call *call, void (*go_on)(struct call *call));
int handle_key_change(struct call *call);

#endif
