/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of ssh connections whose session was refused: sshd leaves them up (tried: their commands
 * exit with 254, what they forward goes on). The client hears why first.
 */
#ifndef JIT_JITD_DISMISSAL_H
#define JIT_JITD_DISMISSAL_H

#include "jitd/jitd.h"

/* jit-reaper is asked for the end of this process, sshd's for one connection, and of what came of
 * it. That it lives on is an event. */
void dismiss(struct jitd *jitd, const struct process_id *opener);
/* When jitd stops, after reaper_free(): those that are still to be asked for. */
void dismissals_free(struct jitd *jitd);

#endif
