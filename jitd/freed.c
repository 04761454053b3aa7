/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is freed in jitd is wiped first, whoever frees it. Our own secrets are wiped where they end;
 * libjwt, jansson, OpenSSL and SQLite leave theirs behind, and libjwt takes no allocator before
 * 1.11. So the program has a free() and a realloc() that stand before glibc's, which does the rest.
 * Under the sanitizers these two are theirs.
 */
#include "config.h"

#ifndef JIT_SANITIZED
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

void __libc_free(void *block); /* glibc's own, of every release since 2.2.5 */

EXPORT void free(void *block)
{
	int saved = errno;

	if (block)
		explicit_bzero(block, malloc_usable_size(block));
	__libc_free(block);
	errno = saved;
}

EXPORT void *realloc(void *block, size_t size)
{
	size_t held = block ? malloc_usable_size(block) : 0;
	void *moved;

	if (block && size == 0) { /* as glibc does */
		free(block);
		return NULL;
	}
	if (block && size <= held && size > held / 2)
		return block;
	moved = malloc(size);
	if (!moved || !block)
		return moved;
	memcpy(moved, block, size < held ? size : held);
	free(block);
	return moved;
}
#endif
