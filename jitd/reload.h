/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the rules anew, and the keys of other issuers (jitd/issuers.h). The rules: all or
 * nothing. The old ones stay where one is wrong; the first error is told with how many more there
 * are, all are in jitd's log, and the event `policy` says whether it was done.
 */
#ifndef JIT_JITD_RELOAD_H
#define JIT_JITD_RELOAD_H

#include "jitd/call.h"
#include "jitd/sweep.h"

#define RELOAD_NOT_ON_DISK                                                                         \
	"the new policy is in force, but jitd cannot write its database: make room, and reload "   \
	"again"

/* Reads and swaps, nothing else; -errno with the line, and the old ones stay. */
must_check int reload_rules(struct jitd *jitd, struct fault *fault);

void reload_by_signal(struct jitd *jitd);

/* Sets the answer of a reload after its sweep. */
void reload_tell(struct call *call, const struct swept *swept);

#endif
