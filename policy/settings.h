/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitd.conf: text in, settings out. The list below is the file's grammar; jitd.conf(5) is held
 * against it.
 */
#ifndef JIT_POLICY_SETTINGS_H
#define JIT_POLICY_SETTINGS_H

#include <stdint.h>

#include "policy/policy.h"

/*        KEY          TYPE      MEMBER      DEFAULT                              (STRING LIST
 * DURATION BOOL) */
#define SETTINGS(S)                                                                                \
	S("host-id", STRING, host_id, NULL) /* token iss and aud; NULL: the kernel's host name */  \
	S("max-grant", DURATION, max_grant, 43200) /* cap on every grant */                        \
	S("admins", LIST, admins, NULL)            /* users and %groups */                         \
	S("auditors", LIST, auditors, NULL)                                                        \
	S("exempt", LIST, exempt, NULL) /* PAM services that are let past: PAM_IGNORE */           \
	S("user", STRING, user, "jitd") /* who jitd becomes when root starts it */                 \
	S("state-dir", STRING, state_dir, LOCALSTATEDIR "/lib/jitd")                               \
	S("socket-dir", STRING, socket_dir, RUNDIR)                                                \
	S("policy-dir", STRING, policy_dir, SYSCONFDIR "/jitd/policy.d")

struct settings {
	char *host_id, *user, *state_dir, *socket_dir, *policy_dir;
	int64_t max_grant;
	struct strings admins, auditors, exempt;
};

/* -EINVAL when any error was reported (as policy_parse()). An empty text gives the defaults.
 * Directories are absolute paths without "..", host-id is 1 to 255 of [A-Za-z0-9.-], exempt holds
 * PAM service names but never sshd, ssh, sudo, sudo-i, su, su-l or login. */
must_check int settings_parse(const struct policy_source *source, policy_report *report,
                              void *context, struct settings **ret_settings);
struct settings *settings_free(struct settings *settings); /* takes NULL, returns NULL */

static inline void cleanup_settings(struct settings **where)
{
	settings_free(*where);
}

#endif
