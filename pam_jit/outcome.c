/* SPDX-License-Identifier: Apache-2.0 */
#include "pam_jit/outcome.h"

#include <security/pam_modules.h>
#include <string.h>

#define PHASES (PHASE_CLOSE_SESSION + 1)

/* sudo asks again after every code but a few, PAM_ABORT among them; sshd takes the method away on
 * PAM_MAXTRIES alone. So a "no" that no typing can change is said with these two in `auth`. */
static const int codes[OUTCOME_COUNT][SERVICE_COUNT][PHASES] =
        {
/* clang-format off */
#define ROW(auth, account, open, close) {PAM_ABORT, PAM_##auth, PAM_##account, PAM_##open, PAM_##close}
[OUTCOME_ERROR] = {
	[SERVICE_SUDO]  = ROW(ABORT,    ABORT,            ABORT,       ABORT),
	[SERVICE_SU]    = ROW(ABORT,    ABORT,            ABORT,       ABORT),
	[SERVICE_SSHD]  = ROW(MAXTRIES, SYSTEM_ERR,       PERM_DENIED, SYSTEM_ERR),
	[SERVICE_OTHER] = ROW(ABORT,    SYSTEM_ERR,       PERM_DENIED, SYSTEM_ERR),
},
[OUTCOME_NO_ANSWER] = {
	[SERVICE_SUDO]  = ROW(ABORT,    ABORT,            ABORT,       ABORT),
	[SERVICE_SU]    = ROW(ABORT,    ABORT,            ABORT,       ABORT),
	[SERVICE_SSHD]  = ROW(MAXTRIES, AUTHINFO_UNAVAIL, PERM_DENIED, AUTHINFO_UNAVAIL),
	[SERVICE_OTHER] = ROW(ABORT,    AUTHINFO_UNAVAIL, PERM_DENIED, AUTHINFO_UNAVAIL),
},
[OUTCOME_INTERRUPTED] = {
	[SERVICE_SUDO]  = ROW(ABORT,    ABORT,            ABORT,       ABORT),
	[SERVICE_SU]    = ROW(ABORT,    ABORT,            ABORT,       ABORT),
	[SERVICE_SSHD]  = ROW(MAXTRIES, PERM_DENIED,      PERM_DENIED, PERM_DENIED),
	[SERVICE_OTHER] = ROW(ABORT,    PERM_DENIED,      PERM_DENIED, PERM_DENIED),
},
[OUTCOME_DENIED] = {
	[SERVICE_SUDO]  = ROW(ABORT,       PERM_DENIED,   PERM_DENIED, PERM_DENIED),
	[SERVICE_SU]    = ROW(PERM_DENIED, PERM_DENIED,   PERM_DENIED, PERM_DENIED),
	[SERVICE_SSHD]  = ROW(MAXTRIES,    PERM_DENIED,   PERM_DENIED, PERM_DENIED),
	[SERVICE_OTHER] = ROW(PERM_DENIED, PERM_DENIED,   PERM_DENIED, PERM_DENIED),
},
[OUTCOME_REJECTED] = {
	[SERVICE_SUDO]  = ROW(AUTH_ERR, PERM_DENIED,      PERM_DENIED, PERM_DENIED),
	[SERVICE_SU]    = ROW(AUTH_ERR, PERM_DENIED,      PERM_DENIED, PERM_DENIED),
	[SERVICE_SSHD]  = ROW(AUTH_ERR, PERM_DENIED,      PERM_DENIED, PERM_DENIED),
	[SERVICE_OTHER] = ROW(AUTH_ERR, PERM_DENIED,      PERM_DENIED, PERM_DENIED),
},
[OUTCOME_EXEMPT] = {
	[SERVICE_SUDO]  = ROW(IGNORE,   IGNORE,           IGNORE,      IGNORE),
	[SERVICE_SU]    = ROW(IGNORE,   IGNORE,           IGNORE,      IGNORE),
	[SERVICE_SSHD]  = ROW(IGNORE,   IGNORE,           IGNORE,      IGNORE),
	[SERVICE_OTHER] = ROW(IGNORE,   IGNORE,           IGNORE,      IGNORE),
},
                /* clang-format on */
};

static const struct {
	const char *name, *log, *person;
} texts[OUTCOME_COUNT] = {
        [OUTCOME_ERROR] = {"error", "",
                           "pam_jit: refused by a fault of its set-up; ask an administrator (the "
                           "log says why)"},
        [OUTCOME_NO_ANSWER] = {"no answer", "no answer from jitd: ",
                               "pam_jit: access service not reachable; ask an administrator (the "
                               "log says why)"},
        [OUTCOME_INTERRUPTED] = {"interrupted", "interrupted: ", ""},
        [OUTCOME_DENIED] = {"denied", "", ""},
        [OUTCOME_REJECTED] = {"rejected", "", ""},
        [OUTCOME_EXEMPT] = {"exempt", "", ""},
};

enum service service_by_name(const char *name)
{
	static const struct {
		const char *name;
		enum service service;
	} names[] = {
	        {"sudo", SERVICE_SUDO}, {"sudo-i", SERVICE_SUDO}, {"su", SERVICE_SU},
	        {"su-l", SERVICE_SU},   {"sshd", SERVICE_SSHD},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].service;
	return SERVICE_OTHER;
}

bool service_has_caller(enum service service)
{
	return service == SERVICE_SUDO || service == SERVICE_SU;
}

int outcome_code(enum outcome outcome, enum service service, enum wire_phase phase)
{
	if ((unsigned int)outcome >= OUTCOME_COUNT || (unsigned int)service >= SERVICE_COUNT ||
	    (unsigned int)phase >= PHASES)
		return PAM_ABORT;
	return codes[outcome][service][phase];
}

const char *outcome_name(enum outcome outcome)
{
	return texts[outcome].name;
}

const char *outcome_log(enum outcome outcome)
{
	return texts[outcome].log;
}

const char *outcome_person(enum outcome outcome)
{
	return texts[outcome].person;
}
