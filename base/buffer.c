/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buffer.h"

#include <errno.h>
#include <string.h>

void buffer_init_write(struct buffer *buffer, uint8_t *data, size_t size)
{
	*buffer = (struct buffer){.data = data, .size = size};
}

void buffer_init_read(struct buffer *buffer, uint8_t *data, size_t used)
{
	*buffer = (struct buffer){.data = data, .size = used, .used = used};
}

size_t buffer_left(const struct buffer *buffer)
{
	return buffer->used - buffer->at;
}

int buffer_put_number(struct buffer *buffer, uint64_t value, size_t width)
{
	uint8_t bytes[8];

	if (width > sizeof(bytes))
		return -EINVAL;
	for (size_t i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	return buffer_put_bytes(buffer, bytes, width);
}

int buffer_get_number(struct buffer *buffer, size_t width, uint64_t *ret_value)
{
	uint8_t bytes[8] = {0};
	uint64_t value = 0;
	int r;

	if (width > sizeof(bytes))
		return -EINVAL;
	r = buffer_get_bytes(buffer, bytes, width);
	if (r < 0)
		return r;
	for (size_t i = 0; i < width; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	*ret_value = value;
	return 0;
}

int buffer_put_bytes(struct buffer *buffer, const void *bytes, size_t length)
{
	if (length > buffer->size - buffer->used)
		return -ENOBUFS;
	if (length)
		memcpy(buffer->data + buffer->used, bytes, length);
	buffer->used += length;
	return 0;
}

int buffer_get_bytes(struct buffer *buffer, void *ret_bytes, size_t length)
{
	if (length > buffer_left(buffer))
		return -EBADMSG;
	if (length)
		memcpy(ret_bytes, buffer->data + buffer->at, length);
	buffer->at += length;
	return 0;
}
