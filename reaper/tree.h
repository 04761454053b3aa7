/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ending a session without systemd: the process that opened it and whatever the kernel says came of
 * it. Every process is held by a pidfd from the moment it is found until it is dead, so that no
 * signal ever goes to a number. A process belongs to the session
 *
 *   - if its parent does, and lives;
 *   - if its terminal session (setsid(2)) was begun by one that does, and another that does is
 *     in it still, so that its number is nobody else's;
 *   - if its audit session is that of the opener and the opener's parent has another one: so it is
 *     with logins, since pam_loginuid(8) begins one, and only root can leave it.
 *
 * What left all three before the end began is not found: a daemon that sudo started.
 */
#ifndef JIT_REAPER_TREE_H
#define JIT_REAPER_TREE_H

#include <stddef.h>

#include "base/process.h"

#define TREE_SPARED_MAX 4

struct tree_order {
	struct process_id opener;
	int64_t grace_ms;              /* between TERM and KILL */
	pid_t spared[TREE_SPARED_MAX]; /* never signalled; 0: none */
};

/* TERM (and HUP, which a shell at a prompt heeds instead), KILL after the grace to those who are
 * left, stopped first so that none slips away. Returns when all are dead: 0; -ESRCH: the opener is
 * not that process, nobody was signalled; -EBUSY with the line that names who lives on. */
must_check int tree_end(const struct tree_order *order, struct fault *fault);

/* The terminals of it, each once, as in process_stat: the opener's own where it has one, else those
 * of what came of it, at most `max`. -ESRCH: the opener is not that process. */
must_check int tree_terminals(const struct process_id *opener, uint32_t *ret_terminals, size_t max,
                              size_t *ret_count);

#endif
