/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a hook that does not allow answers to PAM: one const table, outcome x service x phase. It
 * holds no PAM_SUCCESS, and none of the codes that sudo forgives (PAM_SESSION_ERR,
 * PAM_NEW_AUTHTOK_REQD, PAM_AUTHTOK_EXPIRED). pam_jit(8) prints the same table; a test compares.
 */
#ifndef JIT_PAM_JIT_OUTCOME_H
#define JIT_PAM_JIT_OUTCOME_H

#include <stdbool.h>

#include "wire/message.h"

enum outcome {
	OUTCOME_ERROR = 0,   /* our own: an option, an item, memory, a wrong order of hooks */
	OUTCOME_NO_ANSWER,   /* jitd absent, silent, or not speaking the protocol */
	OUTCOME_INTERRUPTED, /* the person or a hang-up ended the wait */
	OUTCOME_DENIED,      /* jitd said no and nothing was typed: trying again is no use */
	OUTCOME_REJECTED,    /* jitd said no after it had asked */
	OUTCOME_EXEMPT,      /* jitd.conf exempts the service: the only PAM_IGNORE */
	OUTCOME_COUNT,
};

enum service {
	SERVICE_OTHER = 0, /* login, and whatever else loads us */
	SERVICE_SUDO,      /* sudo, sudo-i */
	SERVICE_SU,        /* su, su-l */
	SERVICE_SSHD,
	SERVICE_COUNT,
};

enum service service_by_name(const char *name);
/* Started by a person who already is somebody on this host: the real uid is the subject. */
bool service_has_caller(enum service service);

/* A PAM code; PAM_ABORT for anything outside the table. */
int outcome_code(enum outcome outcome, enum service service, enum wire_phase phase);
const char *outcome_name(enum outcome outcome);
const char *outcome_log(enum outcome outcome);    /* goes before the reason in the log */
const char *outcome_person(enum outcome outcome); /* one line; empty: none of ours */

#endif
