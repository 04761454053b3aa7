/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scope-exit cleanup: an owned local is released on every way out of its block.
 * Hand ownership over with take_ptr() or take_fd(), which leave nothing behind to release.
 */
#ifndef JIT_BASE_CLEANUP_H
#define JIT_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define cleanup(function) __attribute__((cleanup(function)))

/* Makes cleanup_NAME, for locals of pointer TYPE that FREE releases; NULL is left alone. */
#define CLEANUP_DEFINE(name, type, free_function)                                                  \
	static inline void cleanup_##name(type *where)                                             \
	{                                                                                          \
		if (*where)                                                                        \
			free_function(*where);                                                     \
	}

static inline void cleanup_free(void *where)
{
	void **pointer = where;
	free(*pointer);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

CLEANUP_DEFINE(fclose, FILE *, fclose)
CLEANUP_DEFINE(closedir, DIR *, closedir)

#define take_ptr(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})

static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

#endif
