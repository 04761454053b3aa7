/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a rules directory, chosen, judged and read as jitd does it: names that end in .conf
 * and do not begin with a dot, in the order of their bytes.
 */
#ifndef JIT_CLI_ADMIN_POLICY_FILES_H
#define JIT_CLI_ADMIN_POLICY_FILES_H

#include <sys/types.h>

#include "policy/policy.h"

#define POLICY_FILES_MAX 256
#define POLICY_FILE_MAX  ((size_t)1 << 20) /* bytes */

struct policy_files {
	struct policy_source sources[POLICY_FILES_MAX]; /* names (paths) and texts are owned */
	size_t count;
};

/* Directory and files must belong to `owner` or root and be writable by nobody else. -errno with
 * its line. Release with policy_files_done() either way. */
must_check int policy_files_read(const char *directory, uid_t owner, struct policy_files *files,
                                 struct fault *fault);
void policy_files_done(struct policy_files *files);

#endif
