/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not stand in this room's product code at all, looked up in the source itself.
 */
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "token/token_test_sign.h"

/* Calls `look` with each line of the room's product code; returns how many lines there were. */
static size_t each_line(void (*look)(const char *path, const char *line))
{
	const char *top = getenv("top_srcdir");
	text_owned pattern = text_of("%s/token/*.[ch]", top ? top : "..");
	size_t lines = 0;
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		const char *path = found.gl_pathv[i];
		char line[512];
		FILE *file = strstr(path, "_test") ? NULL : fopen(path, "r");
		while (file && fgets(line, sizeof(line), file)) {
			look(path, line);
			lines++;
		}
		if (file)
			fclose(file);
	}
	globfree(&found);
	return lines;
}

/* Codes are looked up by their MAC; they are no tokens. */
static bool is_of_codes(const char *path)
{
	return strstr(path, "/token/code.") != NULL;
}

/* The reader and the sets of keys know no more of a key than key.h says. */
static bool is_of_keys(const char *path)
{
	static const char *const files[] = {"/key.c",     "/key_ec.c",  "/key_kind.h",
	                                    "/key_pem.c", "/key_rsa.c", "/jwk.c"};

	for (size_t i = 0; i < COUNT(files); i++)
		if (strstr(path, files[i]))
			return true;
	return false;
}

static void look_for_mac(const char *path, const char *line)
{
	static const char *const words[] = {"HMAC", "EVP_MAC", "EVP_PKEY_new_mac_key",
	                                    "EVP_PKEY_new_raw_private_key"};

	if (is_of_codes(path))
		return;
	for (size_t i = 0; i < COUNT(words); i++)
		if (strstr(line, words[i]))
			fail_msg("%s: %s", path, line);
	if (strstr(line, "#include") && strstr(line, "code.h"))
		fail_msg("%s: nothing that reads tokens may come near a MAC: %s", path, line);
}

static void t02_no_mac_is_computed_where_tokens_are_read(void **state)
{
	(void)state;
	assert_in_range(each_line(look_for_mac), 500, 10000);
}

/* Comparisons that may stop at the first difference, each of something public: a name from the
 * token's header or claims, from a key file's first line, of a curve, or a key's id. */
static void look_for_comparison(const char *path, const char *line)
{
	static const char *const calls[] = {"memcmp(",     "strcmp(", "strncmp(",
	                                    "strcasecmp(", "bcmp(",   "strverscmp("};
	static const char *const public[] = {
	        "memcmp(json_string_value(value), wanted, length)",
	        "memcmp(own, kid, length)",
	        "strcmp(claims->iss, road->expectation->issuer)",
	        "strcmp(road->claims.iss, issuer)",
	        "strcmp(group, SN_X9_62_prime256v1)",
	        "strcmp(curve, \"P-256\")",
	        "strcmp(road->header.algorithm, key_algorithm_name(",
	        "strcmp(json_object_iter_key(at), names[i])",
	        "strcmp(kinds[i]->name, name)",
	        "strcmp(kinds[i]->type, type)",
	        "strcmp(algorithm, kind->name)",
	        "strcmp(type, HEADER_TYPE)",
	        "strcmp(use, \"sig\")",
	        "strcmp(number, wanted)",
	        "strcmp(json_is_true(value) ? \"true\" : \"false\", wanted)",
	        "strncmp(pem, first, strlen(first))",
	        "strncmp(text, PREFIX, prefix)",
	        "memcmp(blob->bytes + LENGTH_SIZE, type, length)",
	};

	for (size_t i = 0; i < COUNT(calls); i++) {
		bool known = !strstr(line, calls[i]);
		for (size_t j = 0; j < COUNT(public); j++)
			known |= strstr(line, public[j]) != NULL;
		if (!known)
			fail_msg("%s: a comparison that nobody called public: %s", path, line);
	}
}

static void t26_nothing_secret_is_compared_with_memcmp(void **state)
{
	(void)state;
	assert_in_range(each_line(look_for_comparison), 500, 10000);
}

static void look_for_owner(const char *path, const char *line)
{
	if (strstr(line, "#include <openssl/") && !is_of_keys(path) && !is_of_codes(path))
		fail_msg("%s: only the files of keys and codes call OpenSSL: %s", path, line);
	if (strstr(line, "#include \"token/key_kind.h\"") && !is_of_keys(path))
		fail_msg("%s: how keys are made inside is for their own files: %s", path, line);
	if (strstr(line, "#include <jansson") && !strstr(path, "/json.c"))
		fail_msg("%s: only json.c calls jansson: %s", path, line);
	if (strstr(line, "jwt.h"))
		fail_msg("%s: libjwt is no verifier: %s", path, line);
	if (strstr(line, "alloca("))
		fail_msg("%s: %s", path, line);
}

static void t24_libraries_have_one_owner_and_nothing_is_alloca(void **state)
{
	(void)state;
	assert_in_range(each_line(look_for_owner), 500, 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(t02_no_mac_is_computed_where_tokens_are_read),
	        cmocka_unit_test(t26_nothing_secret_is_compared_with_memcmp),
	        cmocka_unit_test(t24_libraries_have_one_owner_and_nothing_is_alloca),
	};

	return cmocka_run_group_tests_name("token source", tests, NULL, NULL);
}
