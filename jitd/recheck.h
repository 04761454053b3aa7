/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open sessions, held against what a check of them would ask now: who their subject is, whether the
 * rule of their access still names them, and whether a rule denies it. Those that no longer stand
 * are to end; their access stays as it is, since every check asks anew.
 *
 * All of them once a minute as long as one is open, and at once when jitd starts, when rules were
 * read, and when a file of /etc changed by which a group may have been lost. One after the other,
 * by NSS's lane of PAM checks, one question at a time: that of the clients is anybody's to fill.
 * Where NSS does not say who somebody is, what it said last counts for 15 minutes; then their
 * sessions end.
 */
#ifndef JIT_JITD_RECHECK_H
#define JIT_JITD_RECHECK_H

#include "jitd/jitd.h"

#define RECHECK_MS 60000

struct recheck;
must_check int recheck_new(struct jitd *jitd, struct recheck **ret_recheck);
struct recheck *recheck_free(struct recheck *recheck); /* takes NULL, returns NULL */

/* All of them, soon: something has changed. */
void recheck_soon(struct jitd *jitd);

/* A session is open whose check began then, on CLOCK_BOOTTIME: what changed since, it may not have
 * seen. */
void recheck_opened(struct jitd *jitd, int64_t since);

#endif
