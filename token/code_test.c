/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/secret.h"
#include "token/code.h"
#include "token/token_test_sign.h"

/* Crockford's table, said once more, with the five symbols that only check. */
static const char all_symbols[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";

/* What the linker turns (--wrap): randomness and the MAC. Neither has an argument of ours, hence a
 * variable. */
static struct {
	const uint64_t *draws; /* NULL: the kernel's */
	size_t left;
	bool no_mac;
} faults;

int __real_random_bytes(void *ret_bytes, size_t length);
int __wrap_random_bytes(void *ret_bytes, size_t length);
int __wrap_random_bytes(void *ret_bytes, size_t length)
{
	if (!faults.draws)
		return __real_random_bytes(ret_bytes, length);
	if (!faults.left)
		return -EIO;
	assert_int_equal(length, sizeof(uint64_t));
	memcpy(ret_bytes, faults.draws++, length);
	faults.left--;
	return 0;
}

unsigned char *__real_HMAC(const EVP_MD *type, const void *key, int key_length,
                           const unsigned char *bytes, size_t length, unsigned char *digest,
                           unsigned int *size);
unsigned char *__wrap_HMAC(const EVP_MD *type, const void *key, int key_length,
                           const unsigned char *bytes, size_t length, unsigned char *digest,
                           unsigned int *size);
unsigned char *__wrap_HMAC(const EVP_MD *type, const void *key, int key_length,
                           const unsigned char *bytes, size_t length, unsigned char *digest,
                           unsigned int *size)
{
	if (!faults.no_mac)
		return __real_HMAC(type, key, key_length, bytes, length, digest, size);
	ERR_raise(ERR_LIB_USER, 8);
	return NULL;
}

/* The check symbol by long division, symbol after symbol. */
static char check_symbol(const char data[static 9])
{
	unsigned int rest = 0;

	for (int i = 0; i < 9; i++)
		rest = (rest * 32 + (unsigned int)(strchr(all_symbols, data[i]) - all_symbols)) %
		       37;
	return all_symbols[rest];
}

/* "7KQ4M-2XP9V" as ten symbols. */
static void bare(const char code[static CODE_SIZE], char ret_bare[static 11])
{
	memcpy(ret_bare, code, 5);
	memcpy(ret_bare + 5, code + 6, 5);
	ret_bare[10] = '\0';
}

static bool reads(const char *text, size_t length)
{
	char code[CODE_SIZE] = "untouched";
	bool is_code = code_read(text, length, code);

	if (!is_code)
		assert_string_equal(code, "untouched");
	return is_code;
}

static void assert_reads(const char *text, const char *expected)
{
	char code[CODE_SIZE] = "";

	if (!code_read(text, strlen(text), code))
		fail_msg("\"%s\" is no code", text);
	assert_string_equal(code, expected);
}

static void assert_no_code(const char *text)
{
	if (reads(text, strlen(text)))
		fail_msg("\"%s\" is taken for a code", text);
}

/* Calls `with` with the ten symbols of some hundreds of fresh codes. */
static void each_fresh(void (*with)(const char bare[static 11]))
{
	for (int i = 0; i < 300; i++) {
		char code[CODE_SIZE], symbols[11];
		assert_int_equal(code_make(code), 0);
		bare(code, symbols);
		with(symbols);
	}
}

static void a_code_has_its_form_and_the_check_symbol(void **state)
{
	(void)state;
	for (int i = 0; i < 20000; i++) {
		char code[CODE_SIZE], symbols[11];
		memset(code, 'x', sizeof(code));
		assert_int_equal(code_make(code), 0);
		assert_int_equal(strlen(code), 11);
		assert_int_equal(code[5], '-');
		bare(code, symbols);
		assert_int_equal(strspn(symbols, "0123456789ABCDEFGHJKMNPQRSTVWXYZ"), 10);
		assert_int_equal(symbols[9], check_symbol(symbols));
		assert_reads(code, code);
	}
}

/* 40 000 codes: each symbol is expected 1250 times at each place, with a deviation of 35. */
static void every_symbol_occurs_at_every_place(void **state)
{
	static unsigned int seen[10][128];

	(void)state;
	for (int i = 0; i < 40000; i++) {
		char code[CODE_SIZE], symbols[11];
		assert_int_equal(code_make(code), 0);
		bare(code, symbols);
		for (int k = 0; k < 10; k++)
			seen[k][symbols[k] & 127]++;
	}
	for (int k = 0; k < 10; k++)
		for (int s = 0; s < 32; s++)
			assert_in_range(seen[k][all_symbols[s] & 127], 1000, 1500);
}

static void known_codes_are_made_of_known_draws(void **state)
{
	static const struct {
		uint64_t draw;
		const char *code;
	} rows[] = {
	        {0, "00000-00000"},
	        {1, "00000-00011"},
	        {31, "00000-000ZZ"},
	        {37, "00000-00150"},
	        {UINT64_C(0xffffe00000000025), "00000-00150"}, /* 45 bits of the draw count */
	        {(UINT64_C(1) << 44) + 3, "G0000-00030"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char code[CODE_SIZE] = "";
		faults.draws = &rows[i].draw;
		faults.left = 1;
		assert_int_equal(code_make(code), 0);
		faults.draws = NULL;
		assert_string_equal(code, rows[i].code);
	}
}

/* 32 to 36 are the remainders whose symbols a person finds on no key, or not in the alphabet. */
static void a_draw_with_a_strange_check_symbol_is_drawn_again(void **state)
{
	static const uint64_t draws[] = {32, 33, 34, 35, 36, 32 + 37, 5, 6};
	char code[CODE_SIZE] = "";

	(void)state;
	faults.draws = draws;
	faults.left = COUNT(draws);
	assert_int_equal(code_make(code), 0);
	assert_string_equal(code, "00000-00055");
	assert_int_equal(faults.left, 1);
	faults.draws = NULL;
	assert_no_code("00000-0010*");
	assert_no_code("00000-0011~");
	assert_no_code("00000-0012$");
	assert_no_code("00000-0013=");
	assert_no_code("00000-0014U");
}

static void without_randomness_there_is_no_code(void **state)
{
	static const uint64_t draws[] = {32, 36};
	char code[CODE_SIZE] = "untouched";

	(void)state;
	for (size_t left = 0; left <= COUNT(draws); left++) {
		faults.draws = draws;
		faults.left = left;
		assert_int_equal(code_make(code), -EIO);
		assert_string_equal(code, "untouched");
	}
	faults.draws = NULL;
}

static void replace_one(const char symbols[static 11])
{
	for (int i = 0; i < 10; i++)
		for (int k = 0; k < 37; k++) {
			char other[11];
			memcpy(other, symbols, 11);
			other[i] = all_symbols[k];
			if (other[i] != symbols[i])
				assert_no_code(other);
		}
}

static void every_single_wrong_symbol_is_no_code(void **state)
{
	(void)state;
	each_fresh(replace_one);
}

static void transpose(const char symbols[static 11])
{
	for (int i = 0; i < 9; i++) {
		char other[11];
		memcpy(other, symbols, 11);
		other[i] = symbols[i + 1];
		other[i + 1] = symbols[i];
		if (other[i] != other[i + 1])
			assert_no_code(other);
		else
			assert_true(reads(other, 10));
	}
}

static void every_adjacent_transposition_is_no_code(void **state)
{
	(void)state;
	each_fresh(transpose);
}

static void drop_and_add(const char symbols[static 11])
{
	for (int i = 0; i < 10; i++) {
		char other[12];
		memcpy(other, symbols, (size_t)i);
		memcpy(other + i, symbols + i + 1, (size_t)(10 - i));
		assert_no_code(other);
	}
	for (int i = 0; i <= 10; i++)
		for (int s = 0; s < 32; s++) {
			char other[12];
			memcpy(other, symbols, (size_t)i);
			other[i] = all_symbols[s];
			memcpy(other + i + 1, symbols + i, (size_t)(11 - i));
			assert_no_code(other);
		}
}

static void every_missing_or_extra_symbol_is_no_code(void **state)
{
	(void)state;
	each_fresh(drop_and_add);
}

static void what_people_type_for_a_code_is_forgiven(void **state)
{
	static const char *const zeros[] = {"01A10-B01A0",  "01a10-b01a0",   "OlAIo-BOiAO",
	                                    "oLaLO-boIao",  "01A10B01A0",    "01A10 B01A0",
	                                    " 01A10-B01A0", "01A10-B01A0\t", "0-1-A-10B01A0",
	                                    "-01A10B01A0-", "01A10 - B01A0"};
	static const char *const ones[] = {"01A10-B01B1", "01A10-B01Bi", "01A10-B01BI",
	                                   "01A10-B01Bl", "01A10-B01BL", "oia1o bolbl"};

	(void)state;
	for (size_t i = 0; i < COUNT(zeros); i++)
		assert_reads(zeros[i], "01A10-B01A0");
	for (size_t i = 0; i < COUNT(ones); i++)
		assert_reads(ones[i], "01A10-B01B1");
	assert_reads("7kq4m-2xp9v", "7KQ4M-2XP9V");
}

static void what_is_not_of_code_form_is_no_code(void **state)
{
	static const char *const texts[] = {
	        "",
	        "-",
	        "-----------",
	        "hunter2",
	        "correct horse battery staple",
	        "7KQ4M-2XP9D",
	        "7KQ4M-2XP9V7KQ4M-2XP9V",
	        "7KQ4M_2XP9V",
	        "7KQ4M.2XP9V",
	        "7KQ4M-2XP9V\n",
	        "7KQ4M-2XP9V\r",
	        "7KQ4M-2XP9V!",
	        "U0000-00000",
	        "00000-0000U",
	        "00000-0000u",
	        "0000\357\274\220-00000",     /* a wide zero */
	        "00000\342\200\22000000",     /* a typographic hyphen */
	        "00000\302\24000000",         /* a blank that does not break */
	        "\260\260\260\260\260-00000", /* a zero's bits and one more */
	        "\357\273\27700000-00000",    /* a byte order mark */
	};
	char whole[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_no_code(texts[i]);
	assert_false(reads("00000\0-00000", 12));
	assert_false(reads("00000-00000\0", 12));
	assert_false(reads("00000-0000\0", 11));
	memset(whole, '0', sizeof(whole));
	assert_false(reads(whole, sizeof(whole)));
	memset(whole, '-', sizeof(whole));
	assert_false(reads(whole, sizeof(whole)));
	/* the length counts, not a NUL */
	assert_true(reads("00000-00000x", 11));
	assert_true(reads(whole, 0) == false);
}

static void no_byte_but_a_symbol_is_one(void **state)
{
	size_t taken = 0;

	(void)state;
	for (int c = 0; c < 256; c++) {
		char text[] = "00000-00000";
		text[0] = (char)c;
		taken += reads(text, 11);
	}
	assert_int_equal(taken, 3); /* 0, O, o: the check symbol tells all others apart */
}

/* RFC 4231 section 4.2: a key is filled up with zeros (RFC 2104), so 20 bytes of 0x0b and 12 of 0
 * are its key. */
static void the_digest_is_hmac_sha_256_of_rfc_4231(void **state)
{
	uint8_t secret[CODE_SECRET_BYTES] = {0};
	char digest[CODE_DIGEST_SIZE];

	(void)state;
	memset(secret, 0x0b, 20);
	assert_int_equal(code_digest(secret, (const char[CODE_SIZE]){"Hi There"}, digest), 0);
	assert_string_equal(digest,
	                    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

/* RFC 2104 section 2, of two plain digests. */
static void hmac(const uint8_t secret[static CODE_SECRET_BYTES], const char *code,
                 char ret_digest[static CODE_DIGEST_SIZE])
{
	uint8_t inner[64 + CODE_SIZE], outer[64 + 32];

	memset(inner, 0x36, 64);
	memset(outer, 0x5c, 64);
	for (int i = 0; i < CODE_SECRET_BYTES; i++) {
		inner[i] ^= secret[i];
		outer[i] ^= secret[i];
	}
	memcpy(inner + 64, code, strlen(code));
	assert_int_equal(key_sha256(inner, 64 + strlen(code), outer + 64), 0);
	assert_int_equal(key_sha256(outer, sizeof(outer), inner), 0);
	hex_encode(inner, 32, ret_digest);
}

static void the_digest_takes_the_whole_secret_and_the_whole_code(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		uint8_t secret[CODE_SECRET_BYTES];
		char code[CODE_SIZE], digest[CODE_DIGEST_SIZE], expected[CODE_DIGEST_SIZE];
		assert_int_equal(random_bytes(secret, sizeof(secret)), 0);
		assert_int_equal(code_make(code), 0);
		hmac(secret, code, expected);
		assert_int_equal(code_digest(secret, code, digest), 0);
		assert_string_equal(digest, expected);
		secret[i % CODE_SECRET_BYTES] ^= 1;
		assert_int_equal(code_digest(secret, code, digest), 0);
		assert_string_not_equal(digest, expected);
	}
}

static void without_a_mac_there_is_no_digest_and_no_trace(void **state)
{
	const uint8_t secret[CODE_SECRET_BYTES] = {1};
	char digest[CODE_DIGEST_SIZE] = "untouched";

	(void)state;
	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 7); /* somebody else's */
	faults.no_mac = true;
	assert_int_equal(code_digest(secret, "00000-00000", digest), -EIO);
	faults.no_mac = false;
	assert_string_equal(digest, "untouched");
	assert_int_equal(ERR_GET_REASON(ERR_get_error()), 7);
	assert_int_equal(ERR_get_error(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_code_has_its_form_and_the_check_symbol),
	        cmocka_unit_test(every_symbol_occurs_at_every_place),
	        cmocka_unit_test(known_codes_are_made_of_known_draws),
	        cmocka_unit_test(a_draw_with_a_strange_check_symbol_is_drawn_again),
	        cmocka_unit_test(without_randomness_there_is_no_code),
	        cmocka_unit_test(every_single_wrong_symbol_is_no_code),
	        cmocka_unit_test(every_adjacent_transposition_is_no_code),
	        cmocka_unit_test(every_missing_or_extra_symbol_is_no_code),
	        cmocka_unit_test(what_people_type_for_a_code_is_forgiven),
	        cmocka_unit_test(what_is_not_of_code_form_is_no_code),
	        cmocka_unit_test(no_byte_but_a_symbol_is_one),
	        cmocka_unit_test(the_digest_is_hmac_sha_256_of_rfc_4231),
	        cmocka_unit_test(the_digest_takes_the_whole_secret_and_the_whole_code),
	        cmocka_unit_test(without_a_mac_there_is_no_digest_and_no_trace),
	};

	return cmocka_run_group_tests_name("codes", tests, NULL, NULL);
}
