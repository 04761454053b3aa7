/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The examples of RFC 7515 and RFC 7520: the signatures of A.2, A.3 and 4.1 hold, and the reader
 * takes none of all the tokens there, whose kind is not ours or which are nobody's.
 */
#include <stdlib.h>
#include <string.h>

#include "token/base64url.h"
#include "token/token_test_foreign.h"

/* RFC 7515, appendix A */
#define JOE                                                                                        \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9p"             \
	"c19yb290Ijp0cnVlfQ"
#define A1_SIGNATURE "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
#define A2_N                                                                                       \
	"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrc"             \
	"S2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGz"             \
	"jb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xs"             \
	"mtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8"             \
	"q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
#define A2_SIGNATURE                                                                               \
	"cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Q"             \
	"c_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTy"             \
	"WzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwu"             \
	"sC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5A"             \
	"XLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
#define A3_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define A3_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define A3_SIGNATURE                                                                               \
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqP"             \
	"P3-Kg6NU1Q"
#define A4_SIGNATURE                                                                               \
	"AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB"             \
	"34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNr"             \
	"mxYbSW9ERBXukOXolLzeO_Jn"

/* RFC 7520, sections 3.3 and 4 */
#define FRODO                                                                                      \
	"SXTigJlzIGEgZGFuZ2Vyb3VzIGJ1c2luZXNzLCBGcm9kbywgZ29pbmcgb3V0IHlvdXIgZG9vci4g"             \
	"WW91IHN0ZXAgb250byB0aGUgcm9hZCwgYW5kIGlmIHlvdSBkb24ndCBrZWVwIHlvdXIgZmVldCwg"             \
	"dGhlcmXigJlzIG5vIGtub3dpbmcgd2hlcmUgeW91IG1pZ2h0IGJlIHN3ZXB0IG9mZiB0by4"
#define BILBO_N                                                                                    \
	"n4EPtAOCc9AlkeQHPzHStgAbgs7bTZLwUBZdR8_KuKPEHLd4rHVTeT-O-XV2jRojdNhxJWTDvNd7"             \
	"nqQ0VEiZQHz_AJmSCpMaJMRBSFKrKb2wqVwGU_NsYOYL-QtiWN2lbzcEe6XC0dApr5ydQLrHqkHH"             \
	"ig3RBordaZ6Aj-oBHqFEHYpPe7Tpe-OfVfHd1E6cS6M1FZcD1NNLYD5lFHpPI9bTwJlsde3uhGqC"             \
	"0ZCuEHg8lhzwOHrtIQbS0FVbb9k3-tVTU4fg_3L_vniUFAKwuCLqKnS2BYwdq_mzSnbLY7h_qixo"             \
	"R7jig3__kRhuaxwUkRz5iaiQkqgc5gHdrNP5zw"
#define S41_HEADER "eyJhbGciOiJSUzI1NiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9"
#define S41_SIGNATURE                                                                              \
	"MRjdkly7_-oTPTS3AXP41iQIGKa80A0ZmTuV5MEaHoxnW2e5CZ5NlKtainoFmKZopdHM1O2U4mwz"             \
	"JdQx996ivp83xuglII7PNDi84wnB-BDkoBwA78185hX-Es4JIwmDLJK3lfWRa-XtL0RnltuYv746"             \
	"iYTh_qHRD68BNt1uSNCrUCTJDt5aAE6x8wW1Kt9eRo4QPocSadnHXFxnt8Is9UzpERV0ePPQdLuW"             \
	"3IS_de3xyIrDaLGdjluPxUAhb6L2aXic1U12podGU0KLUQSE_oI-ZnmKJ3F4uOZDnd6QZWJushZ4"             \
	"1Axf_fcIe8u9ipH84ogoree7vjbU5y18kDquDg"
#define S42_HEADER "eyJhbGciOiJQUzM4NCIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9"
#define S42_SIGNATURE                                                                              \
	"cu22eBqkYDKgIlTpzDXGvaFfz6WGoz7fUDcfT0kkOy42miAh2qyBzk1xEsnk2IpN6-tPid6VrklH"             \
	"kqsGqDqHCdP6O8TTB5dDDItllVo6_1OLPpcbUrhiUSMxbbXUvdvWXzg-UD8biiReQFlfz28zGWVs"             \
	"diNAUf8ZnyPEgVFn442ZdNqiVJRmBqrYRXe8P_ijQ7p8Vdz0TTrxUeT3lm8d9shnr2lfJT8ImUjv"             \
	"AA2Xez2Mlp8cBE5awDzT0qI0n6uiP1aCN_2_jLAeQTlqRHtfa64QQSUmFAAjVKPbByi7xho0uTOc"             \
	"bH510a6GYmJUAfmWjwZ6oD4ifKo8DYM-X72Eaw"
#define S43_HEADER "eyJhbGciOiJFUzUxMiIsImtpZCI6ImJpbGJvLmJhZ2dpbnNAaG9iYml0b24uZXhhbXBsZSJ9"
#define S43_SIGNATURE                                                                              \
	"AE_R_YZCChjn4791jSQCrdPZCNYqHXCTZH0-JZGYNlaAjP2kqaluUIIUnC9qvbu9Plon7KRTzoNE"             \
	"uT4Va2cmL1eJAQy3mtPBu_u_sDDyYjnAMDxXPn7XrT0lw-kvAD890jl8e2puQens_IEKBpHABlsb"             \
	"EPX6sFY8OcGDqoRuBomu9xQ2"
#define S44_HEADER                                                                                 \
	"eyJhbGciOiJIUzI1NiIsImtpZCI6IjAxOGMwYWU1LTRkOWItNDcxYi1iZmQ2LWVlZjMxNGJjNzAz"             \
	"NyJ9"
#define S44_SIGNATURE "s0h6KThzkfBBBkLspW1h84VsJZFTsPPqMDA7g1Md7p0"
#define S46_SIGNATURE "bWUSVaxorn7bEF1djytBd0kHv70Ly5pvbomzMWSOr20"
#define S47_SIGNATURE "xuLifqLGiblpv9zBpuZczWhNj1gARaLV3UxvxhJxZuk"
#define S48_RS256                                                                                  \
	"MIsjqtVlOpa71KE-Mss8_Nq2YH4FGhiocsqrgi5NvyG53uoimic1tcMdSg-qptrzZc7CG6Svw2Y1"             \
	"3TDIqHzTUrL_lR2ZFcryNFiHkSw129EghGpwkpxaTn_THJTCglNbADko1MZBCdwzJxwqZc-1RlpO"             \
	"2HibUYyXSwO97BSe0_evZKdjvvKSgsIqjytKSeAMbhMBdMma622_BG5t4sdbuCHtFjp9iJmkio47"             \
	"AIwqkZV1aIZsv33uPUqBBCXbYoQJwt7mxPftHmNlGoOSMxR_3thmXTCm4US-xiNOyhbm8afKK64j"             \
	"U6_TPtQHiJeQJxz9G3Tx-083B745_AfYOnlC9w"
#define S48_ES512                                                                                  \
	"ARcVLnaJJaUWG8fG-8t5BREVAuTY8n8YHjwDO1muhcdCoFZFFjfISu0Cdkn9Ybdlmi54ho0x924D"             \
	"Uz8sK7ZXkhc7AFM8ObLfTvNCrqcI3Jkl2U5IX3utNhODH6v7xgy1Qahsn0fyb4zSAkje8bAWz4vI"             \
	"fj5pCMYxxm4fgV3q7ZYhm5eD"

#define A2 "eyJhbGciOiJSUzI1NiJ9." JOE
#define A3 "eyJhbGciOiJFUzI1NiJ9." JOE

static const char keys_of_the_rfcs[] =
        "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"" A2_N "\",\"e\":\"AQAB\",\"kid\":\"2010-12-29\"},"
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" A3_X "\",\"y\":\"" A3_Y
        "\",\"kid\":\"e9bc097a-ce51-4036-9562-d2ade882db0d\"},"
        "{\"kty\":\"RSA\",\"n\":\"" BILBO_N "\",\"e\":\"AQAB\",\"kid\":\"bilbo.baggins\"}]}";

static int read_keys(void **state)
{
	struct bench *bench;
	struct fault fault = {""};

	assert_int_equal(bench_setup(state), 0);
	bench = *state;
	bench->keys = keyset_free(bench->keys);
	assert_int_equal(keyset_read_jwks(keys_of_the_rfcs, strlen(keys_of_the_rfcs),
	                                  KEY_BIT(KEY_ES256) | KEY_BIT(KEY_RS256), NULL,
	                                  &bench->keys, &fault),
	                 0);
	assert_non_null(keyset_at(bench->keys, 2));
	return 0;
}

static int verify(const struct bench *bench, const char *kid, const char *text,
                  const uint8_t *signature, size_t length)
{
	const struct keyset_entry *entry = keyset_find(bench->keys, kid, strlen(kid));

	assert_non_null(entry);
	return key_verify(entry->key, text, strlen(text), signature, length);
}

/* It holds, and not with any of its bits changed, for another text, or of another length. */
static void assert_holds(const struct bench *bench, const char *kid, const char *text,
                         const char *signature)
{
	uint8_t raw[KEY_SIGNATURE_MAX + 1] = {0};
	size_t length = 0;
	text_owned shorter = strndup(text, strlen(text) - 1), longer = text_of("%sA", text);

	assert_int_equal(base64url_decode(signature, strlen(signature), raw, sizeof(raw), &length),
	                 0);
	assert_int_equal(verify(bench, kid, text, raw, length), 0);
	assert_int_equal(verify(bench, kid, shorter, raw, length), KEY_BAD_SIGNATURE);
	assert_int_equal(verify(bench, kid, longer, raw, length), KEY_BAD_SIGNATURE);
	assert_int_equal(verify(bench, kid, text, raw, length - 1), KEY_BAD_LENGTH);
	assert_int_equal(verify(bench, kid, text, raw, length + 1), KEY_BAD_LENGTH);
	for (size_t bit = 0; bit < 8 * length; bit++) {
		raw[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_equal(verify(bench, kid, text, raw, length), KEY_BAD_SIGNATURE);
		raw[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_int_equal(verify(bench, kid, text, raw, length), 0);
}

static void rfc_7515_a_2_holds(void **state)
{
	assert_holds(*state, "2010-12-29", A2, A2_SIGNATURE);
}

static void rfc_7515_a_3_holds(void **state)
{
	assert_holds(*state, "e9bc097a-ce51-4036-9562-d2ade882db0d", A3, A3_SIGNATURE);
}

static void rfc_7520_4_1_holds(void **state)
{
	assert_holds(*state, "bilbo.baggins", S41_HEADER "." FRODO, S41_SIGNATURE);
	/* and the first of section 4.8, which is the same but for the header */
	assert_holds(*state, "bilbo.baggins", "eyJhbGciOiJSUzI1NiJ9." FRODO, S48_RS256);
}

/* PS384 and ES512 with keys that are there, RS256 with the other one */
static void t03_the_other_signatures_do_not_hold(void **state)
{
	static const struct {
		const char *kid, *text, *signature;
		int result;
	} rows[] = {
	        {"bilbo.baggins", S42_HEADER "." FRODO, S42_SIGNATURE, KEY_BAD_SIGNATURE},
	        {"bilbo.baggins", S43_HEADER "." FRODO, S43_SIGNATURE, KEY_BAD_LENGTH},
	        {"bilbo.baggins", S44_HEADER "." FRODO, S44_SIGNATURE, KEY_BAD_LENGTH},
	        {"bilbo.baggins", A2, A2_SIGNATURE, KEY_BAD_SIGNATURE},
	        {"2010-12-29", S41_HEADER "." FRODO, S41_SIGNATURE, KEY_BAD_SIGNATURE},
	        {"2010-12-29", A3, A3_SIGNATURE, KEY_BAD_LENGTH},
	        {"e9bc097a-ce51-4036-9562-d2ade882db0d", A2, A2_SIGNATURE, KEY_BAD_LENGTH},
	        {"e9bc097a-ce51-4036-9562-d2ade882db0d", "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA",
	         A4_SIGNATURE, KEY_BAD_LENGTH},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		uint8_t raw[KEY_SIGNATURE_MAX];
		size_t length = 0;
		assert_int_equal(base64url_decode(rows[i].signature, strlen(rows[i].signature), raw,
		                                  sizeof(raw), &length),
		                 0);
		assert_int_equal(verify(*state, rows[i].kid, rows[i].text, raw, length),
		                 rows[i].result);
	}
}

/* Neither as our own nor as somebody else's. */
static void assert_nobodys(const struct bench *bench, const char *token, const char *own,
                           const char *foreign)
{
	const struct foreign_expectation expectation = expected();

	assert_string_equal(token_reason_word(read_reason(bench, token, strlen(token))), own);
	assert_string_equal(token_reason_word(read_with(bench, token, &expectation).reason),
	                    foreign);
}

static void t01_t02_t03_compact_examples_are_refused(void **state)
{
	static const char *const rows[][3] = {
	        /* RFC 7515: A.1 HS256, A.2 and A.3 without a kid, A.4 ES512, A.5 none */
	        {"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." JOE "." A1_SIGNATURE,
	         "token-key-unknown", "token-key-unknown"},
	        {A2 "." A2_SIGNATURE, "token-type", "token-key-unknown"},
	        {A3 "." A3_SIGNATURE, "token-type", "token-key-unknown"},
	        {"eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA." A4_SIGNATURE, "token-type",
	         "token-key-unknown"},
	        {"eyJhbGciOiJub25lIn0." JOE ".", "token-form", "token-form"},
	        /* appendix E: a critical member; appendix F: detached content */
	        {"eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQo"
	         "gImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.",
	         "token-form", "token-form"},
	        {"eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQo"
	         "gImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRklORUQiOnRydWUNCn0.RkFJTA.AA",
	         "token-header-member", "token-header-member"},
	        {"eyJhbGciOiJSUzI1NiJ9.." A2_SIGNATURE, "token-form", "token-form"},
	        /* RFC 7520: 4.1 has a kid with an @; 4.2 PS384, 4.3 ES512, 4.4 HS256, 4.5 detached,
	         * 4.6 to 4.8 as far as they can be told so at all */
	        {S41_HEADER "." FRODO "." S41_SIGNATURE, "token-type", "token-key-unknown"},
	        {S42_HEADER "." FRODO "." S42_SIGNATURE, "token-type", "token-key-unknown"},
	        {S43_HEADER "." FRODO "." S43_SIGNATURE, "token-type", "token-key-unknown"},
	        {S44_HEADER "." FRODO "." S44_SIGNATURE, "token-type", "token-key-unknown"},
	        {S44_HEADER ".." S44_SIGNATURE, "token-form", "token-form"},
	        {"eyJhbGciOiJIUzI1NiJ9." FRODO "." S46_SIGNATURE, "token-type",
	         "token-key-unknown"},
	        {"." FRODO "." S47_SIGNATURE, "token-form", "token-form"},
	        {"eyJhbGciOiJSUzI1NiJ9." FRODO "." S48_RS256, "token-type", "token-key-unknown"},
	        /* RFC 7797, section 4.2: a payload that is not encoded */
	        {"eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19..A5dxf2s96_n5FLueVuW1Z"
	         "_vh161FwXZC4YLPff6dmDY",
	         "token-form", "token-form"},
	        {"eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19.$02.A5dxf2s96_n5FLueVu"
	         "W1Z_vh161FwXZC4YLPff6dmDY",
	         "token-header-member", "token-header-member"},
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_nobodys(*state, rows[i][0], rows[i][1], rows[i][2]);
}

#define FLAT(payload, header, signature)                                                           \
	"{\"payload\":\"" payload "\"," header ",\"signature\":\"" signature "\"}"
#define GENERAL(payload, signatures) "{\"payload\":\"" payload "\",\"signatures\":[" signatures "]}"
#define ONE(header, signature)       "{" header ",\"signature\":\"" signature "\"}"
#define PROTECTED(header)            "\"protected\":\"" header "\""
#define HEADER(members)              "\"header\":{" members "}"
#define RS256_HEADER                 PROTECTED("eyJhbGciOiJSUzI1NiJ9")
#define ES256_HEADER                 PROTECTED("eyJhbGciOiJFUzI1NiJ9")
#define HS256_HEADER                 PROTECTED("eyJhbGciOiJIUzI1NiJ9")
#define SHARED_KID                   "\"kid\":\"018c0ae5-4d9b-471b-bfd6-eef314bc7037\""
#define BILBO_KID                    "\"kid\":\"bilbo.baggins@hobbiton.example\""

static void t29_json_serialisations_are_refused(void **state)
{
	static const char *const tokens[] = {
	        /* RFC 7515, A.6 and A.7 */
	        GENERAL(JOE, ONE(RS256_HEADER "," HEADER("\"kid\":\"2010-12-29\""),
	                         A2_SIGNATURE) "," ONE(ES256_HEADER
	                                               "," HEADER("\"kid\":\"e9bc097a-ce51-4036-"
	                                                          "9562-d2ade882db0d\""),
	                                               A3_SIGNATURE)),
	        FLAT(JOE,
	             ES256_HEADER "," HEADER("\"kid\":\"e9bc097a-ce51-4036-9562-d2ade882db0d\""),
	             A3_SIGNATURE),
	        /* RFC 7520, 4.1 to 4.4: the same as above in two more forms each */
	        GENERAL(FRODO, ONE(PROTECTED(S41_HEADER), S41_SIGNATURE)),
	        FLAT(FRODO, PROTECTED(S41_HEADER), S41_SIGNATURE),
	        GENERAL(FRODO, ONE(PROTECTED(S42_HEADER), S42_SIGNATURE)),
	        FLAT(FRODO, PROTECTED(S42_HEADER), S42_SIGNATURE),
	        GENERAL(FRODO, ONE(PROTECTED(S43_HEADER), S43_SIGNATURE)),
	        FLAT(FRODO, PROTECTED(S43_HEADER), S43_SIGNATURE),
	        GENERAL(FRODO, ONE(PROTECTED(S44_HEADER), S44_SIGNATURE)),
	        FLAT(FRODO, PROTECTED(S44_HEADER), S44_SIGNATURE),
	        /* 4.5 */
	        "{\"signatures\":[" ONE(PROTECTED(S44_HEADER), S44_SIGNATURE) "]}",
	        ONE(PROTECTED(S44_HEADER), S44_SIGNATURE),
	        /* 4.6 */
	        GENERAL(FRODO, ONE(HS256_HEADER "," HEADER(SHARED_KID), S46_SIGNATURE)),
	        FLAT(FRODO, HS256_HEADER "," HEADER(SHARED_KID), S46_SIGNATURE),
	        /* 4.7 */
	        GENERAL(FRODO, ONE(HEADER("\"alg\":\"HS256\"," SHARED_KID), S47_SIGNATURE)),
	        FLAT(FRODO, HEADER("\"alg\":\"HS256\"," SHARED_KID), S47_SIGNATURE),
	        /* 4.8 */
	        GENERAL(FRODO, ONE(RS256_HEADER "," HEADER(BILBO_KID), S48_RS256) "," ONE(
	                               HEADER("\"alg\":\"ES512\"," BILBO_KID),
	                               S48_ES512) "," ONE(PROTECTED(S44_HEADER), S44_SIGNATURE)),
	};

	for (size_t i = 0; i < COUNT(tokens); i++)
		assert_nobodys(*state, tokens[i], "token-form", "token-form");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(rfc_7515_a_2_holds),
	        cmocka_unit_test(rfc_7515_a_3_holds),
	        cmocka_unit_test(rfc_7520_4_1_holds),
	        cmocka_unit_test(t03_the_other_signatures_do_not_hold),
	        cmocka_unit_test(t01_t02_t03_compact_examples_are_refused),
	        cmocka_unit_test(t29_json_serialisations_are_refused),
	};

	return cmocka_run_group_tests_name("token RFC examples", tests, read_keys, bench_teardown);
}
