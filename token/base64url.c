/* SPDX-License-Identifier: Apache-2.0 */
#include "token/base64url.h"

#include <errno.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static int value_of(char character)
{
	if (character >= 'A' && character <= 'Z')
		return character - 'A';
	if (character >= 'a' && character <= 'z')
		return character - 'a' + 26;
	if (character >= '0' && character <= '9')
		return character - '0' + 52;
	if (character == '-')
		return 62;
	return character == '_' ? 63 : -1;
}

int base64url_decode(const char *text, size_t length, uint8_t *ret_bytes, size_t size,
                     size_t *ret_length)
{
	size_t bytes = length / 4 * 3 + length % 4 * 3 / 4, used = 0;
	unsigned int bits = 0, held = 0;

	if (bytes > size)
		return -ENOBUFS;
	if (length % 4 == 1)
		return -EINVAL;
	for (size_t i = 0; i < length; i++) {
		int value = value_of(text[i]);
		if (value < 0)
			return -EINVAL;
		held = (held << 6 | (unsigned int)value) & 0xfff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			ret_bytes[used++] = (uint8_t)(held >> bits);
		}
	}
	if (held & ((1U << bits) - 1))
		return -EINVAL;
	*ret_length = used;
	return 0;
}

void base64url_encode(const uint8_t *bytes, size_t length, char *ret_text)
{
	unsigned int bits = 0, held = 0;
	char *out = ret_text;

	for (size_t i = 0; i < length; i++) {
		held = (held << 8 | bytes[i]) & 0xffff;
		for (bits += 8; bits >= 6; bits -= 6)
			*out++ = alphabet[held >> (bits - 6) & 63];
	}
	if (bits > 0)
		*out++ = alphabet[held << (6 - bits) & 63];
	*out = '\0';
}
