/* SPDX-License-Identifier: Apache-2.0 */
#include "token/code.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/secret.h"

#define SYMBOLS 10 /* the check symbol included */
#define HALF    (SYMBOLS / 2)
#define BITS    ((SYMBOLS - 1) * 5)
#define MODULUS 37

/* Crockford's base32: no I, L, O, U. */
static const char symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
#define RADIX (sizeof(symbols) - 1)

_Static_assert(CODE_SIZE == SYMBOLS + 2, "two halves, the hyphen and a NUL");
_Static_assert(CODE_DIGEST_SIZE == 2 * 32 + 1, "SHA-256 in hex");

/* -1: no symbol. */
static int value_of(char character)
{
	const char *at;

	if (character >= 'a' && character <= 'z')
		character = (char)(character - 'a' + 'A');
	if (character == 'O')
		return 0;
	if (character == 'I' || character == 'L')
		return 1;
	at = memchr(symbols, character, RADIX);
	return at ? (int)(at - symbols) : -1;
}

static void write_code(uint64_t value, char ret_code[static CODE_SIZE])
{
	ret_code[CODE_SIZE - 1] = '\0';
	ret_code[CODE_SIZE - 2] = symbols[value % MODULUS];
	for (size_t i = CODE_SIZE - 2; i-- > 0;) {
		if (i == HALF) {
			ret_code[i] = '-';
			continue;
		}
		ret_code[i] = symbols[value % RADIX];
		value /= RADIX;
	}
}

int code_make(char ret_code[static CODE_SIZE])
{
	uint64_t value = 0;
	int r;

	do {
		r = random_bytes(&value, sizeof(value));
		value &= (UINT64_C(1) << BITS) - 1;
	} while (r == 0 && value % MODULUS >= RADIX);
	if (r == 0)
		write_code(value, ret_code);
	explicit_bzero(&value, sizeof(value));
	return r;
}

/* Of the first nine symbols, when ten are there and the tenth is their check symbol. */
static bool read_value(const char *text, size_t length, uint64_t *value)
{
	size_t count = 0;
	int last = -1;

	for (size_t i = 0; i < length; i++) {
		if (text[i] == '-' || text[i] == ' ' || text[i] == '\t')
			continue;
		last = value_of(text[i]);
		if (last < 0 || count++ == SYMBOLS)
			return false;
		if (count < SYMBOLS)
			*value = *value * RADIX + (uint64_t)last;
	}
	return count == SYMBOLS && *value % MODULUS == (uint64_t)last;
}

bool code_read(const char *text, size_t length, char ret_code[static CODE_SIZE])
{
	uint64_t value = 0;
	bool is_code = read_value(text, length, &value);

	if (is_code)
		write_code(value, ret_code);
	explicit_bzero(&value, sizeof(value));
	return is_code;
}

int code_digest(const uint8_t secret[static CODE_SECRET_BYTES], const char code[static CODE_SIZE],
                char ret_digest[static CODE_DIGEST_SIZE])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int size = 0;
	bool done;

	ERR_set_mark();
	done = HMAC(EVP_sha256(), secret, CODE_SECRET_BYTES, (const unsigned char *)code,
	            strnlen(code, CODE_SIZE), digest, &size);
	ERR_pop_to_mark();
	if (!done || size != CODE_DIGEST_SIZE / 2)
		return -EIO;
	hex_encode(digest, size, ret_digest);
	return 0;
}
