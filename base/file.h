/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that decide something: opened first, judged by what the descriptor says, refused by name.
 */
#ifndef JIT_BASE_FILE_H
#define JIT_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/* What a file or directory must be. */
struct file_rule {
	uid_t owner;      /* the uid it must have; uid 0 is always accepted as well */
	mode_t forbidden; /* mode bits it must not have, e.g. 022 or 077 */
	size_t size_max;  /* files only: bytes; 0 = no bound */
};

/* Opens read-only, close-on-exec, no symlink in the last part, a regular file by `rule`.
 * -errno with the line that says which file and what is wrong with it. */
must_check int file_open(const char *path, const struct file_rule *rule, struct fault *fault);

/* The whole file as a NUL-terminated string (a NUL byte inside is -EINVAL); the caller frees. */
must_check int file_read(const char *path, const struct file_rule *rule, char **ret_text,
                         size_t *ret_length, struct fault *fault);

/* What an open file holds from here on, at most `size` bytes; no NUL is added. */
must_check int file_read_fd(int fd, char *memory, size_t size, size_t *ret_length);

/* Writes `text` to the file `name` of an open folder, mode 0600: to the name `temporary` first
 * (made new: -EEXIST where it is there), fsync'ed, renamed, the folder fsync'ed. */
must_check int file_write_new(int folder, const char *temporary, const char *name,
                              const char *text);

/* The same checks for a directory; nothing stays open. */
must_check int directory_check(const char *path, const struct file_rule *rule, struct fault *fault);

#endif
