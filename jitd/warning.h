/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One line on the terminal of a session some time before its end: how much is left, and what to
 * type for more. jit-reaper writes it. A warning that cannot be given changes nothing.
 */
#ifndef JIT_JITD_WARNING_H
#define JIT_JITD_WARNING_H

#include "jitd/jitd.h"

struct warnings;
must_check int warnings_new(struct jitd *jitd, struct warnings **ret_warnings);
struct warnings *warnings_free(struct warnings *warnings);

/* Looks, soon, for sessions that are to be told: at start. */
void warnings_look(struct jitd *jitd);

/* Within a message that opens a session: looks once that is on disk, as warnings_committed() says.
 */
void warnings_want(struct jitd *jitd);
void warnings_committed(struct jitd *jitd);

#endif
