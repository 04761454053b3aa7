/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd and logind, asked over the system bus by blocking calls: the only file that knows
 * libdbus. What has a name of ours, jit-42-1.scope, is a session's of ours; a login is logind's
 * session of the very process that opened it. No other unit is ever stopped but the manager of that
 * login's user.
 */
#ifndef JIT_REAPER_SYSTEMD_H
#define JIT_REAPER_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/process.h"

bool systemd_runs(void); /* sd_booted(3) */

struct systemd;
/* A connection of its own. Every wait on it, and those of the calls below, ends at its deadline. */
must_check int systemd_connect(int64_t patience_ms, struct systemd **ret_systemd,
                               struct fault *fault);
struct systemd *systemd_free(struct systemd *systemd);

static inline void cleanup_systemd(struct systemd **where)
{
	systemd_free(*where);
}

/* Puts the process, which is held by `pidfd`, into the scope of the session, which ends it after
 * `seconds`. 0 once its cgroup is that scope. */
must_check int systemd_scope(struct systemd *systemd, const char *session, pid_t pid, int pidfd,
                             uint32_t seconds, struct fault *fault);

enum { SYSTEMD_NONE = 1 }; /* there is no such unit, or login */

/* Stops the scope of the session: TERM and HUP, KILL after 300 ms; 0 once it is gone. */
must_check int systemd_end_scope(struct systemd *systemd, const char *session, struct fault *fault);
/* Terminates the login that this process, which is held by `pidfd`, leads; 0 once its scope is
 * gone. `last`: the manager of its user is stopped too, and does not linger. */
must_check int systemd_end_login(struct systemd *systemd, pid_t leader, int pidfd, bool last,
                                 struct fault *fault);

#endif
