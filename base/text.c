/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static size_t sequence_length(uint8_t lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xc2 && lead <= 0xdf)
		return 2;
	if (lead >= 0xe0 && lead <= 0xef)
		return 3;
	if (lead >= 0xf0 && lead <= 0xf4)
		return 4;
	return 0;
}

static bool code_is_clean(uint32_t code)
{
	if (code < 0x20 || (code >= 0x7f && code <= 0x9f))
		return false;
	if (code == 0x2028 || code == 0x2029 || code == 0x061c || code == 0xfeff)
		return false;
	if (code == 0x200e || code == 0x200f)
		return false;
	return !(code >= 0x202a && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069);
}

/* Bytes of the clean character that `text` begins with; 0 when it is none. */
static size_t clean_length(const char *text, size_t length)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *bytes = (const uint8_t *)text;
	size_t n = sequence_length(bytes[0]);
	uint32_t code;

	if (!n || n > length)
		return 0;
	code = n == 1 ? bytes[0] : bytes[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (bytes[i] & 0x3fU);
	}
	if (code < lowest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return code_is_clean(code) ? n : 0;
}

bool text_is_clean(const char *text, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t n = clean_length(text + at, length - at);
		if (!n)
			return false;
		at += n;
	}
	return true;
}

bool text_is_name(const char *text)
{
	static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	                              "0123456789._@-";
	size_t length = strnlen(text, 65), plain = strspn(text, allowed);

	if (!length || length > 64 || text[0] == '-' || strspn(text, ".") == length)
		return false;
	return plain == length || (plain && plain == length - 1 && text[plain] == '$');
}

int text_copy(char *ret_text, size_t size, const char *text)
{
	size_t length = strnlen(text, size);

	if (length >= size)
		return -ENAMETOOLONG;
	memcpy(ret_text, text, length + 1);
	return 0;
}

void text_sanitize(char *ret_text, size_t size, const char *text)
{
	size_t length = strlen(text), out = 0;

	for (size_t at = 0; at < length && size;) {
		size_t n = clean_length(text + at, length - at), kept = n ? n : 1;
		if (out + kept >= size)
			break;
		if (n)
			memcpy(ret_text + out, text + at, n);
		else
			ret_text[out] = '?';
		out += kept;
		at += kept;
	}
	if (size)
		ret_text[out] = '\0';
}

int text_format(char *ret_text, size_t size, const char *format, ...)
{
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(ret_text, size, format, arguments);
	va_end(arguments);
	if (n >= 0 && (size_t)n < size)
		return 0;
	if (size)
		ret_text[0] = '\0';
	return -ENAMETOOLONG;
}
