/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include "token/base64url.h"
#include "token/header.h"
#include "token/token_test_sign.h"

static char *header_with_algorithm(const struct bench *bench, const char *algorithm)
{
	return text_of("{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"JWT\"}", algorithm, bench->kid);
}

static char *unsigned_token(const char *header, const char *signature)
{
	text_owned payload = good_payload();
	text_owned first = encode(header, strlen(header));
	text_owned second = encode(payload, strlen(payload));

	return text_of("%s.%s.%s", first, second, signature);
}

static void t01_alg_none_in_every_spelling(void **state)
{
	struct bench *bench = *state;
	text_owned good = good_token(bench);
	const char *const signatures[] = {"", "AA", strrchr(good, '.') + 1};

	for (unsigned int cases = 0; cases < 16; cases++) {
		char none[] = "none";
		for (size_t i = 0; i < 4; i++)
			if (cases >> i & 1)
				none[i] = (char)(none[i] - 'a' + 'A');
		text_owned header = header_with_algorithm(bench, none);
		for (size_t i = 0; i < COUNT(signatures); i++) {
			text_owned token = unsigned_token(header, signatures[i]);
			assert_refused(bench, token);
		}
		assert_header(bench, strdup(header), ALGORITHM); /* also where it is truly signed */
	}
	assert_header(bench, header_with_algorithm(bench, ""), ALGORITHM);
	assert_header(bench, header_with_algorithm(bench, " none"), ALGORITHM);
	assert_header(bench, header_with_algorithm(bench, "n\\u006fne"), ALGORITHM);
	assert_header(bench, header_with_algorithm(bench, "none\\u0000"), HEADER);
	assert_header(bench, text_of("{\"alg\":null,\"kid\":\"%s\",\"typ\":\"JWT\"}", bench->kid),
	              HEADER);
	assert_header(bench, text_of("{\"kid\":\"%s\",\"typ\":\"JWT\"}", bench->kid), ALGORITHM);
}

/* Takes the token apart into all that an attacker may change without the key. */
static void t01_nothing_passes_without_its_signature(void **state)
{
	struct bench *bench = *state;
	text_owned token = good_token(bench);

	for (size_t i = 0; i < strlen(token); i++) {
		char was = token[i];
		token[i] = was == 'A' ? 'B' : 'A';
		assert_refused(bench, token);
		token[i] = was;
	}
	assert_allowed(bench, token);
	for (size_t i = 0; i < strlen(token); i++)
		assert_int_not_equal(read_reason(bench, token, i), TOKEN_REASON_UNSET);
}

static char *mac_token(const struct bench *bench, const char *algorithm, const EVP_MD *digest,
                       const void *secret, size_t secret_length)
{
	text_owned header = header_with_algorithm(bench, algorithm);
	text_owned payload = good_payload();
	text_owned first = encode(header, strlen(header));
	text_owned second = encode(payload, strlen(payload));
	text_owned text = text_of("%s.%s", first, second);
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int length = 0;

	assert_non_null(HMAC(digest, secret, (int)secret_length, (unsigned char *)text,
	                     strlen(text), mac, &length));
	text_owned signature = encode(mac, length);
	return text_of("%s.%s", text, signature);
}

/* Every encoding of the public key that somebody may have taken for a secret. */
static size_t public_encodings(const struct bench *bench, char *ret_texts[static 6],
                               size_t ret_lengths[static 6])
{
	BIO *in = BIO_new_mem_buf(bench->private_pem, -1), *out = BIO_new(BIO_s_mem());
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	unsigned char *der = NULL, *point = NULL;
	char *pem = NULL;
	size_t pem_length, point_length;
	int der_length = i2d_PUBKEY(pkey, &der);

	assert_int_equal(PEM_write_bio_PUBKEY(out, pkey), 1);
	pem_length = (size_t)BIO_get_mem_data(out, &pem);
	point_length = EVP_PKEY_get1_encoded_public_key(pkey, &point);
	ret_texts[0] = strndup(pem, ret_lengths[0] = pem_length);
	ret_texts[1] = strndup(pem, ret_lengths[1] = pem_length - 1); /* without the newline */
	ret_texts[2] = text_of(" %.*s", (int)pem_length, pem);
	ret_lengths[2] = pem_length + 1;
	ret_texts[3] = memcpy(calloc(1, 256), der, ret_lengths[3] = (size_t)der_length);
	ret_texts[4] = memcpy(calloc(1, 256), point, ret_lengths[4] = point_length);
	ret_texts[5] = strdup("");
	ret_lengths[5] = 0;
	OPENSSL_free(der);
	OPENSSL_free(point);
	EVP_PKEY_free(pkey);
	BIO_free(in);
	BIO_free(out);
	return 6;
}

static void t02_the_public_key_is_no_hmac_secret(void **state)
{
	struct bench *bench = *state;
	char *secrets[6];
	size_t lengths[6];
	size_t count = public_encodings(bench, secrets, lengths);

	for (size_t i = 0; i < count; i++) {
		const struct {
			const char *name;
			const EVP_MD *digest;
			enum token_reason reason;
		} macs[] = {
		        {"HS256", EVP_sha256(), TOKEN_REASON_ALGORITHM},
		        {"HS384", EVP_sha384(), TOKEN_REASON_ALGORITHM},
		        {"HS512", EVP_sha512(), TOKEN_REASON_ALGORITHM},
		        {"ES256", EVP_sha256(), TOKEN_REASON_SIGNATURE_LENGTH},
		        {"ES256", EVP_sha512(), TOKEN_REASON_SIGNATURE}, /* 64 bytes, as ours */
		};
		for (size_t j = 0; j < COUNT(macs); j++) {
			text_owned token = mac_token(bench, macs[j].name, macs[j].digest,
			                             secrets[i], lengths[i]);
			assert_int_equal(read_reason(bench, token, strlen(token)), macs[j].reason);
		}
		free(secrets[i]);
	}
}

static void t03_the_algorithm_is_exact(void **state)
{
	static const char *const others[] = {"ES384",
	                                     "ES512",
	                                     "ES256K",
	                                     "RS256",
	                                     "RS384",
	                                     "RS512",
	                                     "PS256",
	                                     "EdDSA",
	                                     "HS256",
	                                     "es256",
	                                     "Es256",
	                                     "ES256 ",
	                                     " ES256",
	                                     "ES25",
	                                     "ES2566",
	                                     "ES256\\n",
	                                     "E\\u0085S256",
	                                     "ES256,none",
	                                     "ES256 and sixteen bytes more"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(others); i++)
		assert_header(bench, header_with_algorithm(bench, others[i]), ALGORITHM);
}

static const char *const hostile_kids[] = {
        "../../../etc/passwd",
        "/dev/null",
        "..\\\\..\\\\key",
        "' OR '1'='1",
        "x'; DROP TABLE keys;--",
        "$(id)",
        "`id`",
        "|id",
        "a b",
        "a\\tb",
        "a\\nforged log line",
        "\\u001b[2J",
        "%s%n",
        "k\\u00fc",
        "\\u202ekid",
        "",
        "*",
        "key:1",
        "key@1",
        "a+b",
        "0123456789012345678901234567890123456789012345678901234567890123x",
};

static void t05_hostile_kids_find_nothing(void **state)
{
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(hostile_kids); i++) {
		text_owned header = text_of("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
		                            hostile_kids[i]);
		struct header read;
		/* by its form already, before any key is looked for */
		assert_int_equal(header_read((uint8_t *)header, strlen(header), &header_own, &read),
		                 TOKEN_REASON_KEY_UNKNOWN);
		assert_header(bench, strdup(header), KEY_UNKNOWN);
	}
	assert_header(bench, strdup("{\"alg\":\"ES256\",\"kid\":17,\"typ\":\"JWT\"}"), HEADER);
	assert_header(bench, strdup("{\"alg\":\"ES256\",\"kid\":[],\"typ\":\"JWT\"}"), HEADER);
	assert_header(
	        bench,
	        text_of("{\"alg\":\"ES256\",\"kid\":\"%s\\u0000\",\"typ\":\"JWT\"}", bench->kid),
	        HEADER);
}

static void t05_kids_of_good_form_are_read_whole(void **state)
{
	static const char *const good[] = {
	        "a", "A-z_0.9", "..",
	        "0123456789012345678901234567890123456789012345678901234567890123"};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		text_owned header =
		        text_of("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", good[i]);
		struct header read;
		assert_int_equal(header_read((uint8_t *)header, strlen(header), &header_own, &read),
		                 0);
		assert_string_equal(read.kid, good[i]);
		assert_string_equal(read.algorithm, "ES256");
	}
}

static void t06_an_unknown_kid_has_no_fallback(void **state)
{
	struct bench *bench = *state;
	text_owned shorter = strndup(bench->kid, KID_SIZE - 2);

	assert_header(bench, strdup("{\"alg\":\"ES256\",\"typ\":\"JWT\"}"), KEY_UNKNOWN);
	assert_header(bench, strdup("{\"alg\":\"ES256\",\"kid\":\"AAAAAAAA\",\"typ\":\"JWT\"}"),
	              KEY_UNKNOWN);
	assert_header(bench, text_of("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}", shorter),
	              KEY_UNKNOWN);
	assert_header(bench,
	              text_of("{\"alg\":\"ES256\",\"kid\":\"%sA\",\"typ\":\"JWT\"}", bench->kid),
	              KEY_UNKNOWN);
}

static int listen_on_loopback(in_port_t *ret_port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
	                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	*ret_port = ntohs(address.sin_port);
	return fd;
}

static void t07_no_key_comes_with_the_token(void **state)
{
	struct bench *bench = *state;
	in_port_t port = 0;
	int fd = listen_on_loopback(&port);
	struct pollfd canary = {.fd = fd, .events = POLLIN};
	static const char *const places[] = {"jku", "x5u"};
	static const char *const carried[] = {
	        "\"jwk\":{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
	        "\"jwk\":null",
	        "\"x5c\":[\"MIIB\"]",
	        "\"x5t\":\"AA\"",
	        "\"x5t#S256\":\"AA\"",
	};

	for (size_t i = 0; i < COUNT(places); i++)
		assert_header(bench,
		              text_of("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\",\"%s\":"
		                      "\"http://127.0.0.1:%u/\"}",
		                      bench->kid, places[i], port),
		              HEADER_MEMBER);
	for (size_t i = 0; i < COUNT(carried); i++)
		assert_header(bench,
		              text_of("{%s,\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
		                      carried[i], bench->kid),
		              HEADER_MEMBER);
	assert_int_equal(poll(&canary, 1, 0), 0);
	close(fd);
}

static void t08_crit_and_all_unknown_members_deny(void **state)
{
	static const char *const members[] = {"\"crit\":[\"exp\"]",
	                                      "\"crit\":[]",
	                                      "\"crit\":null",
	                                      "\"crit\":\"b64\"",
	                                      "\"crit\":{}",
	                                      "\"crit\":[\"b64\"],\"b64\":false",
	                                      "\"b64\":false",
	                                      "\"b64\":true",
	                                      "\"zip\":\"DEF\"",
	                                      "\"cty\":\"JWT\"",
	                                      "\"enc\":\"A128GCM\"",
	                                      "\"p2c\":2000000",
	                                      "\"iss\":\"x\"",
	                                      "\"\":0",
	                                      "\"Alg\":\"none\"",
	                                      "\"alg \":\"none\"",
	                                      "\"cri\\u0074\":[\"exp\"]"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(members); i++)
		assert_header(bench,
		              text_of("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\",%s}",
		                      bench->kid, members[i]),
		              HEADER_MEMBER);
}

static void t14_duplicate_header_members_deny(void **state)
{
	static const char *const twice[] = {"\"alg\":\"ES256\"", "\"alg\":\"none\"",
	                                    "\"\\u0061lg\":\"ES256\"", "\"typ\":\"JWT\"",
	                                    "\"kid\":\"AAAAAAAA\""};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(twice); i++) {
		assert_header(bench,
		              text_of("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\",%s}",
		                      bench->kid, twice[i]),
		              HEADER);
		assert_header(bench,
		              text_of("{%s,\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
		                      twice[i], bench->kid),
		              HEADER);
	}
}

static void t22_the_type_is_ours(void **state)
{
	static const char *const types[] = {"\"jwt\"",  "\"JWS\"", "\"at+jwt\"",
	                                    "\"JOSE\"", "\"\"",    "\"JWT \"",
	                                    "\"JWTX\"", "\"JW\"",  "\"application/JWT\""};
	static const char *const wrong[] = {"null", "1", "[\"JWT\"]", "{}", "true"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(types); i++)
		assert_header(bench,
		              text_of("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":%s}", bench->kid,
		                      types[i]),
		              TYPE);
	for (size_t i = 0; i < COUNT(wrong); i++)
		assert_header(bench,
		              text_of("{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":%s}", bench->kid,
		                      wrong[i]),
		              HEADER);
	assert_header(bench, text_of("{\"alg\":\"ES256\",\"kid\":\"%s\"}", bench->kid), TYPE);
}

static void headers_are_one_strict_json_object(void **state)
{
	static const char *const bad[] = {"{}x",
	                                  "[]",
	                                  "\"\"",
	                                  "null",
	                                  "1",
	                                  "",
	                                  "{",
	                                  "{\"alg\":\"ES256\",}",
	                                  "{'alg':'ES256'}",
	                                  "\xef\xbb\xbf{}",
	                                  "{\"alg\":\"\xff\"}",
	                                  "{\"alg\":\"\xc0\x80\"}",
	                                  "{\"alg\":\"\\ud800\"}",
	                                  "{\"alg\":NaN}",
	                                  "{\"alg\":\"a\nb\"}",
	                                  "{} {}"};
	struct bench *bench = *state;

	for (size_t i = 0; i < COUNT(bad); i++) {
		if (bad[i][0] == '\0')
			assert_header(bench, strdup(bad[i]), FORM);
		else
			assert_header(bench, strdup(bad[i]), HEADER);
	}
}

static void t25_headers_are_bounded(void **state)
{
	struct bench *bench = *state;
	text_owned good = good_header(bench);
	struct timespec from, to;
	text_owned deep = malloc(TOKEN_HEADER_MAX + 1);

	assert_header(bench, text_of("%s%*s", good, (int)(1024 - strlen(good)), ""), UNSET);
	assert_header(bench, text_of("%s%*s", good, (int)(1025 - strlen(good)), ""), HEADER);
	memset(deep, '[', TOKEN_HEADER_MAX);
	memcpy(deep, "{\"a\":", 5);
	deep[TOKEN_HEADER_MAX] = '\0';
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from), 0);
	for (int i = 0; i < 20; i++) {
		struct header read;
		assert_int_equal(header_read((uint8_t *)deep, TOKEN_HEADER_MAX, &header_own, &read),
		                 TOKEN_REASON_HEADER);
	}
	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to), 0);
	assert_true((to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000 <
	            20 * 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(t01_alg_none_in_every_spelling),
	        cmocka_unit_test(t01_nothing_passes_without_its_signature),
	        cmocka_unit_test(t02_the_public_key_is_no_hmac_secret),
	        cmocka_unit_test(t03_the_algorithm_is_exact),
	        cmocka_unit_test(t05_hostile_kids_find_nothing),
	        cmocka_unit_test(t05_kids_of_good_form_are_read_whole),
	        cmocka_unit_test(t06_an_unknown_kid_has_no_fallback),
	        cmocka_unit_test(t07_no_key_comes_with_the_token),
	        cmocka_unit_test(t08_crit_and_all_unknown_members_deny),
	        cmocka_unit_test(t14_duplicate_header_members_deny),
	        cmocka_unit_test(t22_the_type_is_ours),
	        cmocka_unit_test(headers_are_one_strict_json_object),
	        cmocka_unit_test(t25_headers_are_bounded),
	};

	return cmocka_run_group_tests_name("token header", tests, bench_setup, bench_teardown);
}
