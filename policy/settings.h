/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitd.conf: text in, settings out. The list below is the file's grammar; jitd.conf(5) is held
 * against it.
 */
#ifndef JIT_POLICY_SETTINGS_H
#define JIT_POLICY_SETTINGS_H

#include <stdint.h>

#include "policy/policy.h"
#include "policy/trust.h"

#define SETTINGS_REQUESTS_MAX 2000
#define SETTINGS_RS256        "RS256" /* the algorithm whose tokens are too long for a prompt */
#define SETTINGS_GRANT_MAX    INT64_C(43200) /* seconds: no token lives longer, so no grant does */

/* KEY, TYPE (STRING LIST DURATION NUMBER), MEMBER, DEFAULT */
#define SETTINGS(S)                                                                                \
	S("host-id", STRING, host_id, NULL) /* token iss and aud; NULL: the kernel's host name */  \
	S("max-grant", DURATION, max_grant, 43200) /* cap on every grant */                        \
	S("algorithm", STRING, algorithm, "ES256") /* of the signing keys */                       \
	S("admins", LIST, admins, NULL)            /* users and %groups */                         \
	S("auditors", LIST, auditors, NULL)                                                        \
	S("requests-per-minute", NUMBER, requests_per_minute, 30) /* of one subject */             \
	S("exempt", LIST, exempt, NULL) /* PAM services that are let past: PAM_IGNORE */           \
	S("user", STRING, user, "jitd") /* who jitd becomes when root starts it */                 \
	S("state-dir", STRING, state_dir, LOCALSTATEDIR "/lib/jitd")                               \
	S("socket-dir", STRING, socket_dir, RUNDIR)                                                \
	S("policy-dir", STRING, policy_dir, SYSCONFDIR "/jitd/policy.d")

/* Keys of later versions: refused with a line that says so. */
#define SETTINGS_LATER(S)                                                                          \
	S("token-ttl")                                                                             \
	S("sudo-plugin")

struct settings {
	char *host_id, *algorithm, *user, *state_dir, *socket_dir, *policy_dir;
	int64_t max_grant, requests_per_minute;
	struct strings admins, auditors, exempt;
	struct trusts trusts;
	struct strings trust_names; /* of them, in the same order */
	uid_t owner; /* whose the rules may be besides root's; root unless the caller says so */
};

/* -EINVAL when any error was reported (as policy_parse()), -ENOMEM. An empty text gives the
 * defaults. Directories are absolute paths without "..", ".", "//" or a slash at the end, of at
 * most 255 bytes (socket-dir 96, so that a socket in it has a name that fits), host-id is 1 to 255
 * of [A-Za-z0-9.-], max-grant is 1 second to SETTINGS_GRANT_MAX, requests-per-minute 1
 * to SETTINGS_REQUESTS_MAX, algorithm is ES256 or RS256, user is not root, exempt holds PAM
 * service names but never sshd, ssh, sudo, sudo-i, su, su-l or login. Of trusts there are at most
 * TRUSTS_MAX, each with a title of its own (policy/trust.h). Not for two threads at once
 * (policy/conf.h). */
must_check int settings_parse(const struct policy_source *source, policy_report *report,
                              void *context, struct settings **ret_settings);
/* What rules are held against. Points into the settings. */
struct policy_site settings_site(const struct settings *settings);
struct settings *settings_free(struct settings *settings); /* takes NULL, returns NULL */

static inline void cleanup_settings(struct settings **where)
{
	settings_free(*where);
}

#endif
