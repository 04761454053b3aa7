/* SPDX-License-Identifier: Apache-2.0 */
/* For tests: an opener, and a process of some kind that came of it. */
#ifndef JIT_REAPER_TREE_TEST_FAMILY_H
#define JIT_REAPER_TREE_TEST_FAMILY_H

#include <errno.h>

#include "reaper/tree.h"

enum kind {
	KIND_CHILD,
	KIND_GRANDCHILD,
	KIND_IGNORES, /* TERM and HUP */
	KIND_STOPPED,
	KIND_SETSID,
	KIND_ORPHAN, /* its parent is gone; the opener began its terminal session */
	KINDS,
	KIND_DAEMON, /* neither parent nor session */
};

struct family {
	struct process_id opener, member;
};

/* Both run when it returns. */
struct family *family_new(enum kind kind);
void family_free(struct family *family); /* kills who is left */

struct process_id identity_of(pid_t pid);
bool member_alive(const struct process_id *process);

#endif
