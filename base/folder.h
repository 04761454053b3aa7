/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of configuration files: names that end in .conf and do not begin with a dot, in the
 * order of their bytes, each judged and read whole (base/file.h).
 */
#ifndef JIT_BASE_FOLDER_H
#define JIT_BASE_FOLDER_H

#include <sys/types.h>

#include "base/error.h"

#define FOLDER_FILES_MAX 256
#define FOLDER_FILE_MAX  ((size_t)1 << 20) /* bytes of one */

struct folder {
	size_t count;
	char *paths[FOLDER_FILES_MAX], *texts[FOLDER_FILES_MAX]; /* owned */
};

/* Folder and files must belong to `owner` or root and be writable by nobody else. A folder that is
 * not there is an error, an empty one is not. -errno with its line. The caller frees. */
must_check int folder_read(const char *path, uid_t owner, struct folder **ret_folder,
                           struct fault *fault);
struct folder *folder_free(struct folder *folder); /* takes NULL, returns NULL */

static inline void cleanup_folder(struct folder **where)
{
	folder_free(*where);
}

#endif
