/* SPDX-License-Identifier: Apache-2.0 */
#include "token/fingerprint.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "token/base64url.h"
#include "token/key.h"

#define PREFIX      "SHA256:"
#define BASE64_MAX  8192 /* characters of one key */
#define LENGTH_SIZE 4    /* before each string of a key: RFC 4251 section 5 */
#define DIGEST_SIZE 32

/* Certificates (PROTOCOL.certkeys of OpenSSH): the type, a nonce, the strings of which the key is
 * made, and much else. */
static const struct certificate {
	const char *type, *key;
	size_t strings;
} certificates[] = {
        {"ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1},
        {"ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2},
        {"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2},
        {"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2},
        {"ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2},
        {"sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2},
        {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3},
};

struct blob {
	uint8_t bytes[BASE64_MAX / 4 * 3];
	size_t length;
};

bool fingerprint_is_good(const char *text)
{
	static const char base64[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	static const char last[] = "AEIMQUYcgkosw048"; /* its two unused bits are zero */
	const size_t prefix = strlen(PREFIX), end = FINGERPRINT_SIZE - 2;

	return strncmp(text, PREFIX, prefix) == 0 && strlen(text) == end + 1 &&
	       strspn(text + prefix, base64) == end + 1 - prefix && strchr(last, text[end]);
}

/* Between the two alphabets, in place; false: a character of the other one is there already. */
static bool change(char *text, size_t length, const char from[static 2], const char to[static 2])
{
	for (size_t i = 0; i < length; i++) {
		if (text[i] == to[0] || text[i] == to[1])
			return false;
		if (text[i] == from[0])
			text[i] = to[0];
		else if (text[i] == from[1])
			text[i] = to[1];
	}
	return true;
}

/* The base64 of RFC 4648 section 4, which fills up with "=" to a multiple of four. */
static int decode(const char *text, size_t length, struct blob *ret_blob)
{
	char copy[BASE64_MAX];
	size_t pad = 0;

	if (length > sizeof(copy))
		return -ENOBUFS;
	if (!length || length % 4)
		return -EINVAL;
	memcpy(copy, text, length);
	while (pad < 2 && copy[length - 1 - pad] == '=')
		pad++;
	length -= pad;
	if (!change(copy, length, "+/", "-_"))
		return -EINVAL;
	return base64url_decode(copy, length, ret_blob->bytes, sizeof(ret_blob->bytes),
	                        &ret_blob->length);
}

/* Past the string that begins at *at. */
static int skip(const struct blob *blob, size_t *at)
{
	size_t left = blob->length - *at, length = 0;

	if (left < LENGTH_SIZE)
		return -EINVAL;
	for (size_t i = 0; i < LENGTH_SIZE; i++)
		length = length << 8 | blob->bytes[*at + i];
	if (length > left - LENGTH_SIZE)
		return -EINVAL;
	*at += LENGTH_SIZE + length;
	return 0;
}

/* Does the key itself say that it is of this type? */
static bool names(const struct blob *blob, const char *type, size_t length)
{
	size_t at = 0;

	return skip(blob, &at) == 0 && at == LENGTH_SIZE + length &&
	       memcmp(blob->bytes + LENGTH_SIZE, type, length) == 0;
}

/* Leaves of the certificate its key alone. */
static int strip(struct blob *blob, const struct certificate *certificate)
{
	size_t name = strlen(certificate->key), from = 0, to;
	int r = skip(blob, &from);

	if (r == 0)
		r = skip(blob, &from); /* the nonce */
	to = from;
	for (size_t i = 0; i < certificate->strings && r == 0; i++)
		r = skip(blob, &to);
	if (r < 0)
		return r;
	/* the key's own type is shorter than the certificate's, so nothing is run over */
	blob->bytes[LENGTH_SIZE - 1] = (uint8_t)name;
	memcpy(blob->bytes + LENGTH_SIZE, certificate->key, name);
	memmove(blob->bytes + LENGTH_SIZE + name, blob->bytes + from, to - from);
	blob->length = LENGTH_SIZE + name + to - from;
	return 0;
}

static int plain_key(struct blob *blob, const char *type, size_t length)
{
	static const char mark[] = "-cert-";

	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]); i++)
		if (names(blob, certificates[i].type, strlen(certificates[i].type)))
			return strip(blob, &certificates[i]);
	return memmem(type, length, mark, sizeof(mark) - 1) ? -EINVAL : 0;
}

int fingerprint_of_line(const char *line, size_t length,
                        char ret_fingerprint[static FINGERPRINT_SIZE])
{
	char text[BASE64URL_LENGTH(DIGEST_SIZE) + 1];
	const char *blank = memchr(line, ' ', length), *end;
	uint8_t digest[DIGEST_SIZE];
	struct blob blob = {.length = 0};
	size_t type = blank ? (size_t)(blank - line) : 0;
	int r;

	if (!type)
		return -EINVAL;
	end = memchr(blank + 1, ' ', length - type - 1);
	r = decode(blank + 1, end ? (size_t)(end - blank) - 1 : length - type - 1, &blob);
	if (r == 0 && !names(&blob, line, type))
		r = -EINVAL;
	if (r == 0)
		r = plain_key(&blob, line, type);
	if (r == 0)
		r = key_sha256(blob.bytes, blob.length, digest);
	if (r < 0)
		return r;
	base64url_encode(digest, sizeof(digest), text);
	(void)change(text, sizeof(text) - 1, "-_", "+/");
	return text_format(ret_fingerprint, FINGERPRINT_SIZE, "%s%s", PREFIX, text);
}
