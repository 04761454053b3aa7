/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of pam_jit.so. One hook is one struct call, on the stack and gone with it; what must
 * outlast the hook is in PAM data (struct handle). What fails leaves its reason in call.fault.
 */
#ifndef JIT_PAM_JIT_PAM_JIT_H
#define JIT_PAM_JIT_PAM_JIT_H

#include <security/pam_modules.h>
#include <sys/types.h>

#include "wire/message.h"

enum outcome {
	OUTCOME_ERROR = 0,   /* our own: an option, an item, memory, a wrong order of hooks */
	OUTCOME_NO_ANSWER,   /* jitd absent, silent, or not speaking the protocol */
	OUTCOME_INTERRUPTED, /* the person or a hang-up ended the wait */
	OUTCOME_DENIED,      /* jitd said no and nothing was typed: trying again is no use */
	OUTCOME_REJECTED,    /* jitd said no to what was typed */
	OUTCOME_EXEMPT,      /* jitd.conf exempts the service: the only PAM_IGNORE */
	OUTCOME_COUNT,
};

/* sudo-i is SUDO, su-l is SU; OTHER is login and whatever else loads us. */
enum service { SERVICE_OTHER = 0, SERVICE_SUDO, SERVICE_SU, SERVICE_SSHD, SERVICE_COUNT };

/* What is remembered of one PAM handle from its first hook on; in PAM data, PAM frees it. */
struct handle {
	struct wire_id id; /* random */
	uid_t uid;         /* the real uid at the first hook; sudoedit has another one later */
	bool root;         /* root's own sudo or su: so from its `auth` or `account` on, or never */
	int64_t answering; /* ms spent so far on jitd's answers */
	int64_t waiting;   /* ms spent so far on approvers, while jitd gave signs of life */
};

struct call {
	pam_handle_t *pamh;
	enum wire_phase phase;
	enum service service;
	bool by_caller;       /* sudo and su: who calls already is somebody here */
	enum outcome outcome; /* why not, where the decision is not ALLOW */
	const char *socket;   /* options; an absolute path, borrowed from argv or built in */
	int64_t timeout_ms;   /* of the whole handle, conversation apart */
	bool debug;
	bool converse, asked; /* a prompt can be answered; one was */
	unsigned int lines;   /* shown or asked so far */
	struct handle *handle;
	struct message message; /* the check, then the verdict */
	struct fault fault;
};

/* Fills the call from the stack line's options and what PAM knows. -errno refuses. */
must_check int call_prepare(struct call *call, int argc, const char **argv);
void call_release(pam_handle_t *pamh, void *data, int status); /* for pam_set_data(): frees */

/* Sends the check and relays between jitd and the person until the verdict, which replaces it.
 * -EINTR: the person or a hang-up ended the wait; any other -errno: no answer. */
must_check int relay_run(struct call *call);
/* Shows one line, cleaned of control characters; nothing if it is empty or the seventh. */
void relay_show(struct call *call, int style, const char *text);

enum service service_by_name(const char *name);
/* A PAM code, never PAM_SUCCESS. pam_jit(8) prints the table; a test compares. */
int outcome_code(enum outcome outcome, enum service service, enum wire_phase phase);

#endif
