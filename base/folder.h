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

/* A file that is refused, with the line that says why. */
typedef void folder_refused(void *context, const char *line);

/* Folder and files must belong to `owner` or root and be writable by nobody else. A folder that is
 * not there is an error, an empty one is not. -errno with its line. The caller frees. */
must_check int folder_read(const char *path, uid_t owner, struct folder **ret_folder,
                           struct fault *fault);
/* The same for whoever only looks: a file that is refused is told and left out. What is wrong with
 * the folder as a whole is an error. */
must_check int folder_survey(const char *path, uid_t owner, folder_refused *refused, void *context,
                             struct folder **ret_folder, struct fault *fault);
/* All of it as one text, with names and lengths, so that a line that moves between files shows.
 * -ENOMEM. The caller frees. */
must_check int folder_text(const struct folder *folder, char **ret_text, size_t *ret_length);
struct folder *folder_free(struct folder *folder); /* takes NULL, returns NULL */

static inline void cleanup_folder(struct folder **where)
{
	folder_free(*where);
}

#endif
