/* SPDX-License-Identifier: Apache-2.0 */
/* What a key is called: as ssh-keygen -l calls it, for a key and for a certificate of it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/base64url.h"
#include "token/fingerprint.h"
#include "token/token_test_sign.h"

/* made with ssh-keygen -t, signed with ssh-keygen -s, named by ssh-keygen -l (OpenSSH 9.2) */
static const struct {
	const char *fingerprint, *line;
} keys[] = {
        {"SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8",
         "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOVaz82YBGtEwLeYObGxNIM/X6Wh"
         "kQObUgSk94uA5K1W"},
        {"SHA256:6fXRvrtaPz+DXyxzxZWaNvEQS1HBBhhcd6Hx1hQCst8",
         "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjA"
         "xQG9wZW5zc2guY29tAAAAIGntDTNKlsEZsmuXTZyQu5efoSBDMXGpo5MJgv3jXs4"
         "kAAAAIOVaz82YBGtEwLeYObGxNIM/X6WhkQObUgSk94uA5K1WAAAAAAAAAAAAAAA"
         "BAAAAAmlkAAAACQAAAAVhbGljZQAAAABrC13YAAAAAH3KMhQAAAAAAAAAggAAABV"
         "wZXJtaXQtWDExLWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJ"
         "kaW5nAAAAAAAAABZwZXJtaXQtcG9ydC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQ"
         "tcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAAAAAAMwAAAAtzc2gtZWQ"
         "yNTUxOQAAACCXuyPrhK5l/aFTXx017zAbB5tbebO8qpd6U0tF/TTN9wAAAFMAAAA"
         "Lc3NoLWVkMjU1MTkAAABAYM3b/D0OVvmebAuZgZQS5ntuP31Ep5p2HGhpdpnh+ZA"
         "A/0W4t5AooGyEZ5+JYvk4THXIOvpEkQAMbfbezKY2Ag=="},
        {"SHA256:zTu95WedhoaOYTG8ts9uIgEGW6wg/d8sVkZRNn5J6Hs",
         "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAy"
         "NTYAAABBBHNHg/v+WXQY3SUeFBpBz6xdCShrO9/bil1jVQbkiX/oi5O0OvkkJla3"
         "XvGyJ5xjpX1dr0FDLyTVYs/khFsNnuw="},
        {"SHA256:zTu95WedhoaOYTG8ts9uIgEGW6wg/d8sVkZRNn5J6Hs",
         "ecdsa-sha2-nistp256-cert-v01@openssh.com AAAAKGVjZHNhLXNoYTItbml"
         "zdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgSA0Rxs9xALZf123UBg+aIi8"
         "0DWtk99HC4bHmgrYDoGQAAAAIbmlzdHAyNTYAAABBBHNHg/v+WXQY3SUeFBpBz6x"
         "dCShrO9/bil1jVQbkiX/oi5O0OvkkJla3XvGyJ5xjpX1dr0FDLyTVYs/khFsNnuw"
         "AAAAAAAAAAAAAAAEAAAACaWQAAAAJAAAABWFsaWNlAAAAAGsLXdgAAAAAfcoyFAA"
         "AAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWF"
         "nZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAA"
         "AAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAA"
         "zAAAAC3NzaC1lZDI1NTE5AAAAIJe7I+uErmX9oVNfHTXvMBsHm1t5s7yql3pTS0X"
         "9NM33AAAAUwAAAAtzc2gtZWQyNTUxOQAAAEBySqbR/FFeKKcbl0e9PfsXxHuDLGW"
         "oct1LlkVZQKRKbvVjlJMzDw0zW+1AppL+91cuaEBQSCD0Y8iAFWj1xQYK"},
        {"SHA256:p1pJpSTMu7iPO1OpaWtcCxdJ+l5GoElwe/xbPSgkOUU",
         "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQCs1VqTSn0oUahYJsJhlZn5tcxO"
         "mUDh/UjntjeA7a9dJWHU10moh6uOB83m6MzVFmttj09xKaAXS6FekpwGZdbiHKDh"
         "W8JNDmUR66+6RYGqwK9KZPlzOKS5xuCAbeTMTGpy/SXN+g+YkdU2Yz7EypH8pB/q"
         "nGffoc4lSxSTFGyWiyeJd44ARdsnxaJ5/afkyQL5HupdTt5UeSTMVLuKRvYltTPr"
         "GnZ1tZz6Xlpu3weC6RFR1ep9sSUSoRMGCn/9G68dLkTlbEp7jE1Va1kK/I71cQFR"
         "CCz3TwPVsLzwZHPHxd+CEAbAOMo6K0dsKlNHyNRHMEwgHELTF7BHulY2wZFT"},
        {"SHA256:/p0CbeE3dk2SyW1OXXsThGc12ezDVD8eGw2/vtztDfk",
         "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY"
         "29tAAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNzaDo="},
        {"SHA256:/p0CbeE3dk2SyW1OXXsThGc12ezDVD8eGw2/vtztDfk",
         "sk-ssh-ed25519-cert-v01@openssh.com AAAAI3NrLXNzaC1lZDI1NTE5LWNl"
         "cnQtdjAxQG9wZW5zc2guY29tAAAAIKNLJsSAi6FbYEn9UMLrB4c7h9GgbDeqldQq"
         "tB2RwugWAAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4fAAAABHNz"
         "aDoAAAAAAAAAAAAAAAEAAAACaWQAAAAJAAAABWFsaWNlAAAAAAAAAAD/////////"
         "/wAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0"
         "LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAFnBlcm1pdC1wb3J0LWZvcndhcmRpbmcA"
         "AAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAA"
         "AAAzAAAAC3NzaC1lZDI1NTE5AAAAIJe7I+uErmX9oVNfHTXvMBsHm1t5s7yql3pT"
         "S0X9NM33AAAAUwAAAAtzc2gtZWQyNTUxOQAAAEAbz+VZjoyhBCROtn2KGX2cUIjT"
         "F0ScCHWkXRtoEaP2JBw2KkrlrEbKWhTabUI+KzQT+G7sjujvqVrGffu3lXAA"},
};

static void a_key_is_called_as_ssh_keygen_calls_it(void **state)
{
	char fingerprint[FINGERPRINT_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		text_owned commented = text_of("%s a comment", keys[i].line);
		const char *lines[] = {keys[i].line, commented};
		for (size_t k = 0; k < COUNT(lines); k++) {
			memset(fingerprint, 'x', sizeof(fingerprint));
			assert_int_equal(
			        fingerprint_of_line(lines[k], strlen(lines[k]), fingerprint), 0);
			assert_string_equal(fingerprint, keys[i].fingerprint);
			assert_true(fingerprint_is_good(fingerprint));
		}
	}
}

/* ---- keys put together here ---- */

struct made {
	uint8_t bytes[4096];
	size_t length;
};

static void put(struct made *made, const void *bytes, size_t length)
{
	const uint8_t size[] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length};

	memcpy(made->bytes + made->length, size, sizeof(size));
	memcpy(made->bytes + made->length + sizeof(size), bytes, length);
	made->length += sizeof(size) + length;
}

/* "TYPE BASE64", of whatever is in the blob. */
static char *line_of(const char *type, const struct made *made)
{
	text_owned text = encode(made->bytes, made->length);
	static const char *const pads[] = {"", "", "==", "="};

	for (char *at = text; *at; at++)
		*at = *at == '-' ? '+' : *at == '_' ? '/' : *at;
	return text_of("%s %s%s", type, text, pads[strlen(text) % 4]);
}

static int called(const char *line, char ret_fingerprint[static FINGERPRINT_SIZE])
{
	return fingerprint_of_line(line, strlen(line), ret_fingerprint);
}

static const struct {
	const char *certificate, *key;
	size_t strings;
} kinds[] = {
        {"ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519", 1},
        {"ssh-rsa-cert-v01@openssh.com", "ssh-rsa", 2},
        {"ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256", 2},
        {"ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384", 2},
        {"ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521", 2},
        {"sk-ssh-ed25519-cert-v01@openssh.com", "sk-ssh-ed25519@openssh.com", 2},
        {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com", 3},
};

static void a_certificate_is_called_as_its_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char of_key[FINGERPRINT_SIZE], of_certificate[FINGERPRINT_SIZE];
		struct made key = {.length = 0}, certificate = {.length = 0};
		put(&key, kinds[i].key, strlen(kinds[i].key));
		put(&certificate, kinds[i].certificate, strlen(kinds[i].certificate));
		put(&certificate, "a nonce", 7);
		for (size_t n = 0; n < kinds[i].strings; n++) {
			char part[600];
			memset(part, 'a' + (int)n, sizeof(part));
			put(&key, part, 1 + 299 * n);
			put(&certificate, part, 1 + 299 * n);
		}
		put(&certificate, "serial, principals, signature", 29);
		text_owned line = line_of(kinds[i].key, &key);
		text_owned signed_line = line_of(kinds[i].certificate, &certificate);
		assert_int_equal(called(line, of_key), 0);
		assert_int_equal(called(signed_line, of_certificate), 0);
		assert_string_equal(of_key, of_certificate);
		/* cut inside of the key */
		certificate.length = 4 + strlen(kinds[i].certificate) + 4 + strlen("a nonce") + 4;
		text_owned cut = line_of(kinds[i].certificate, &certificate);
		assert_int_equal(called(cut, of_key), -EINVAL);
		certificate.length--; /* inside of a length */
		text_owned cut_more = line_of(kinds[i].certificate, &certificate);
		assert_int_equal(called(cut_more, of_key), -EINVAL);
	}
}

static void what_names_another_type_or_none_is_no_key(void **state)
{
	char fingerprint[FINGERPRINT_SIZE] = "untouched";
	struct made key = {.length = 0}, unknown = {.length = 0};

	(void)state;
	put(&key, "ssh-ed25519", 11);
	put(&key, "0123456789abcdef0123456789abcdef", 32);
	put(&unknown, "ssh-new-cert-v02@openssh.com", 28);
	put(&unknown, "a nonce", 7);
	put(&unknown, "key", 3);
	text_owned good = line_of("ssh-ed25519", &key);
	text_owned other = line_of("ssh-ed2551", &key);
	text_owned longer = line_of("ssh-ed25519x", &key);
	text_owned empty = line_of("", &key);
	text_owned as_certificate = line_of("ssh-ed25519-cert-v01@openssh.com", &key);
	text_owned new_kind = line_of("ssh-new-cert-v02@openssh.com", &unknown);
	const char *const wrong[] = {
	        other, longer, empty,         as_certificate, new_kind,
	        "",    " ",    "ssh-ed25519", "ssh-ed25519 ", "ssh-ed25519  AAAA"};
	assert_int_equal(called(good, fingerprint), 0);
	strcpy(fingerprint, "untouched");
	for (size_t i = 0; i < COUNT(wrong); i++) {
		assert_int_equal(called(wrong[i], fingerprint), -EINVAL);
		assert_string_equal(fingerprint, "untouched");
	}
	/* a length that runs past the end, and one that is all there is of it */
	memset(key.bytes, 0xff, 4);
	text_owned runs_past = line_of("ssh-ed25519", &key);
	assert_int_equal(called(runs_past, fingerprint), -EINVAL);
	key.length = 3;
	text_owned short_one = line_of("ssh-ed25519", &key);
	assert_int_equal(called(short_one, fingerprint), -EINVAL);
}

static void base64_has_one_spelling(void **state)
{
	char fingerprint[FINGERPRINT_SIZE];
	struct made key = {.length = 0};

	(void)state;
	put(&key, "ssh-ed25519", 11);
	put(&key,
	    "\xff\xff\xfb\xef\xbe\xff\xff\xff"
	    "12345",
	    13);
	text_owned good = line_of("ssh-ed25519", &key);
	size_t length = strlen(good);
	assert_non_null(strchr(good, '+'));
	assert_non_null(strchr(good, '/'));
	assert_int_equal(good[length - 1], '=');
	assert_int_equal(called(good, fingerprint), 0);
	for (size_t i = 12; i < length; i++)
		for (const char *c = "-_=.\n\t,*"; *c; c++) {
			text_owned wrong = text_of("%s", good);
			if (wrong[i] == *c)
				continue;
			wrong[i] = *c;
			assert_int_equal(called(wrong, fingerprint), -EINVAL);
		}
	for (size_t cut = 1; cut < 4; cut++)
		assert_int_equal(fingerprint_of_line(good, length - cut, fingerprint), -EINVAL);
	text_owned padded = text_of("%s====", good);
	assert_int_equal(called(padded, fingerprint), -EINVAL);
}

static void a_key_longer_than_any_is_refused(void **state)
{
	const size_t larger_than_the_stack = (size_t)32 << 20;
	char fingerprint[FINGERPRINT_SIZE];
	cleanup(cleanup_free) char *line = malloc(12 + larger_than_the_stack);

	(void)state;
	assert_non_null(line);
	memset(line, 'A', 12 + larger_than_the_stack);
	memcpy(line, "ssh-ed25519 ", 12);
	assert_int_equal(fingerprint_of_line(line, 12 + larger_than_the_stack, fingerprint),
	                 -ENOBUFS);
	assert_int_equal(fingerprint_of_line(line, 12 + 8196, fingerprint), -ENOBUFS);
	assert_int_equal(fingerprint_of_line(line, 12 + 8192, fingerprint), -EINVAL);
}

static void a_fingerprint_has_one_form(void **state)
{
	static const char *const wrong[] = {
	        "",
	        "SHA256:",
	        "uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8",
	        "sha256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8",
	        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8=",
	        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/",
	        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb-_8",
	        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/9",
	        " SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8",
	        "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8\n",
	        "MD5:16:27:ac:a5:76:28:2d:36:63:1b:56:4d:eb:df:a6:48",
	};

	(void)state;
	assert_true(fingerprint_is_good("SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8"));
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_false(fingerprint_is_good(wrong[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_key_is_called_as_ssh_keygen_calls_it),
	        cmocka_unit_test(a_certificate_is_called_as_its_key),
	        cmocka_unit_test(what_names_another_type_or_none_is_no_key),
	        cmocka_unit_test(base64_has_one_spelling),
	        cmocka_unit_test(a_key_longer_than_any_is_refused),
	        cmocka_unit_test(a_fingerprint_has_one_form),
	};

	return cmocka_run_group_tests_name("fingerprints", tests, NULL, NULL);
}
