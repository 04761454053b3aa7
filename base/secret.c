/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

bool secret_equal(const void *a, const void *b, size_t length)
{
	const volatile uint8_t *left = a, *right = b;
	uint8_t difference = 0;

	for (size_t i = 0; i < length; i++)
		difference = (uint8_t)(difference | (left[i] ^ right[i]));
	return difference == 0;
}

void cleanup_secret(char **where)
{
	if (*where)
		explicit_bzero(*where, strlen(*where));
	free(*where);
}

int random_bytes(void *ret_bytes, size_t length)
{
	uint8_t *at = ret_bytes;

	while (length) {
		ssize_t n = getrandom(at, length, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

void hex_encode(const uint8_t *bytes, size_t length, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < length; i++) {
		ret_text[2 * i] = digits[bytes[i] >> 4];
		ret_text[2 * i + 1] = digits[bytes[i] & 15];
	}
	ret_text[2 * length] = '\0';
}
