/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "pam_jit/pam_jit.h"

#define EACH 0 ... SERVICE_COUNT - 1

/* Never PAM_SESSION_ERR, PAM_NEW_AUTHTOK_REQD or PAM_AUTHTOK_EXPIRED: sudo runs the command. sudo
 * asks again after all but a few codes, PAM_ABORT among these few, and sshd after all but
 * PAM_MAXTRIES: so these two say what no typing can change. */
static const int codes[OUTCOME_COUNT][SERVICE_COUNT][PHASE_CLOSE_SESSION + 1] = {
/* clang-format off */
#define ROW(auth, account, open, close) {PAM_ABORT, PAM_##auth, PAM_##account, PAM_##open, PAM_##close}
[OUTCOME_ERROR ... OUTCOME_INTERRUPTED][SERVICE_SUDO ... SERVICE_SU] = ROW(ABORT, ABORT, ABORT, ABORT),
[OUTCOME_ERROR]      [SERVICE_SSHD]  = ROW(MAXTRIES, SYSTEM_ERR, PERM_DENIED, SYSTEM_ERR),
[OUTCOME_ERROR]      [SERVICE_OTHER] = ROW(ABORT, SYSTEM_ERR, PERM_DENIED, SYSTEM_ERR),
[OUTCOME_NO_ANSWER]  [SERVICE_SSHD]  = ROW(MAXTRIES, AUTHINFO_UNAVAIL, PERM_DENIED, AUTHINFO_UNAVAIL),
[OUTCOME_NO_ANSWER]  [SERVICE_OTHER] = ROW(ABORT, AUTHINFO_UNAVAIL, PERM_DENIED, AUTHINFO_UNAVAIL),
[OUTCOME_INTERRUPTED][SERVICE_SSHD]  = ROW(MAXTRIES, PERM_DENIED, PERM_DENIED, PERM_DENIED),
[OUTCOME_INTERRUPTED][SERVICE_OTHER] = ROW(ABORT, PERM_DENIED, PERM_DENIED, PERM_DENIED),
[OUTCOME_DENIED]     [SERVICE_SUDO]  = ROW(ABORT, PERM_DENIED, PERM_DENIED, PERM_DENIED),
[OUTCOME_DENIED]     [SERVICE_SU]    = ROW(PERM_DENIED, PERM_DENIED, PERM_DENIED, PERM_DENIED),
[OUTCOME_DENIED]     [SERVICE_SSHD]  = ROW(MAXTRIES, PERM_DENIED, PERM_DENIED, PERM_DENIED),
[OUTCOME_DENIED]     [SERVICE_OTHER] = ROW(PERM_DENIED, PERM_DENIED, PERM_DENIED, PERM_DENIED),
[OUTCOME_REJECTED]   [EACH]          = ROW(AUTH_ERR, PERM_DENIED, PERM_DENIED, PERM_DENIED),
[OUTCOME_EXEMPT]     [EACH]          = ROW(IGNORE, IGNORE, IGNORE, IGNORE),
        /* clang-format on */
};

enum service service_by_name(const char *name)
{
	static const struct {
		const char *name;
		enum service service;
	} names[] = {{"sudo", SERVICE_SUDO},
	             {"sudo-i", SERVICE_SUDO},
	             {"su", SERVICE_SU},
	             {"su-l", SERVICE_SU},
	             {"sshd", SERVICE_SSHD}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i].name) == 0)
			return names[i].service;
	return SERVICE_OTHER;
}

int outcome_code(enum outcome outcome, enum service service, enum wire_phase phase)
{
	return codes[outcome][service][phase];
}
