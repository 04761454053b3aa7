/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded byte buffer over memory of the caller's: the one way to touch wire bytes. Numbers are
 * little-endian. A put that does not fit and a get that finds too little change nothing and
 * return -ENOBUFS or -EBADMSG. Nothing is allocated.
 */
#ifndef JIT_BASE_BUFFER_H
#define JIT_BASE_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct buffer {
	uint8_t *data;
	size_t size; /* room in data */
	size_t used; /* written so far, or there to be read */
	size_t at;   /* read so far */
};

void buffer_init_write(struct buffer *buffer, uint8_t *data, size_t size);
void buffer_init_read(struct buffer *buffer, uint8_t *data, size_t used);
size_t buffer_left(const struct buffer *buffer); /* bytes not read yet */

/* `width` is 1, 2, 4 or 8 bytes. */
must_check int buffer_put_number(struct buffer *buffer, uint64_t value, size_t width);
must_check int buffer_get_number(struct buffer *buffer, size_t width, uint64_t *ret_value);
must_check int buffer_put_bytes(struct buffer *buffer, const void *bytes, size_t length);
must_check int buffer_get_bytes(struct buffer *buffer, void *ret_bytes, size_t length);

#endif
