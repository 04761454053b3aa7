/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jitd-admin token explain: what goes to jitd, what it makes of the answer, and the same with
 * nothing but keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/pem.h>

#include "cli/cli_test_rows.h"
#include "token/token_test_sign.h"

#define CODE "7KQ4M-2XP9D"

static struct play *play;
static struct bench *bench;
static char keys_path[128];

static int set_up(void **state)
{
	int r = bench_setup(state);

	bench = *state;
	play = play_new();
	snprintf(keys_path, sizeof(keys_path), "%s/keys.pem", play->directory);
	return r;
}

static int tear_down(void **state)
{
	unlink(keys_path);
	play_free(play);
	return bench_teardown(state);
}

static void type(const char *text)
{
	play->typed = text;
	play->typed_length = strlen(text);
}

/* ---- with jitd ---- */

static void start(bool json)
{
	play_start(play, false, "jitd-admin", "token", "explain", "--service", "sudo", "--user",
	           "alice", "--ruser", "alice", json ? "--json" : NULL, NULL);
}

static void it_asks_jitd_and_prints_each_check(void **state)
{
	(void)state;
	type(CODE "\n");
	start(false);
	play_expect(play, MESSAGE_explain);
	assert_string_equal(play->in.explain.service, "sudo");
	assert_string_equal(play->in.explain.user, "alice");
	assert_string_equal(play->in.explain.ruser, "alice");
	assert_string_equal(play->in.explain.text, CODE);
	send_step(play, "form", "yes", "a code");
	send_step(play, "signature", "yes", "");
	play_send_end(play);
	assert_int_equal(play_finish(play), 0);
	assert_string_equal(play->out,
	                    "CHECK      VERDICT  WHAT\nform       yes      a code\nsignature  yes  "
	                    "    -\n");
	assert_string_equal(play->err, "");
}

static void the_key_of_the_login_goes_to_jitd(void **state)
{
	static const char key[] = "SHA256:uNiVztksCsDhcc0u9e8BgrJXVGjAVl8hYy5Sh7Vb+/8";

	(void)state;
	type(CODE);
	play_start(play, false, "jitd-admin", "token", "explain", "--service", "sshd", "--user",
	           "alice", "--user-key", key, NULL);
	play_expect(play, MESSAGE_explain);
	assert_string_equal(play->in.explain.user_key, key);
	send_step(play, "binding", "yes", "to that");
	play_send_end(play);
	assert_int_equal(play_finish(play), 0);
	play_start(play, false, "jitd-admin", "token", "explain", "--service", "sshd", "--user",
	           "alice", "--user-key", "x", NULL);
	finish_with(play, 2, NULL, "right is SHA256: and 43 characters");
	play_start(play, false, "jitd-admin", "token", "explain", "--keys", "x", "--user-key", key,
	           NULL);
	finish_with(play, 2, NULL, "--user-key: which key a login shows only jitd looks at");
}

static void json_is_an_array_of_checks(void **state)
{
	(void)state;
	type(CODE);
	start(true);
	play_expect(play, MESSAGE_explain);
	send_step(play, "form", "yes", "");
	send_step(play, "access", "no", "expired");
	play_send_end(play);
	assert_int_equal(play_finish(play), 1);
	assert_string_equal(play->out,
	                    "[\n{\"name\":\"form\",\"verdict\":\"yes\",\"text\":null},\n"
	                    "{\"name\":\"access\",\"verdict\":\"no\",\"text\":\"expired\"}\n]\n");
}

/* Whatever is not said in so many words is no yes. */
static void only_yes_to_everything_would_allow(void **state)
{
	static const char *const verdicts[] = {"no", "not-reached", "Yes", "yes ", "y"};

	(void)state;
	type(CODE);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		start(false);
		play_expect(play, MESSAGE_explain);
		send_step(play, "form", "yes", "");
		send_step(play, "access", verdicts[i], "");
		play_send_end(play);
		finish_with(play, 1, verdicts[i], NULL);
	}
	start(false);
	play_expect(play, MESSAGE_explain);
	play_send_end(play);
	finish_with(play, 1, "CHECK", NULL);
	start(false);
	play_expect(play, MESSAGE_explain);
	send_step(play, "form", "yes", "");
	play_hang_up(play);
	finish_with(play, 3, NULL, "closed the connection");
	start(false);
	play_expect(play, MESSAGE_explain);
	send_refused(play, "only administrators do this");
	finish_with(play, 1, NULL, "only administrators do this\n");
	start(false);
	play_expect(play, MESSAGE_explain);
	send_done(play, 0, "yes");
	finish_with(play, 1, NULL, "'done'");
}

static void stdin_is_one_line_of_4096_bytes(void **state)
{
	static char longest[4099];

	(void)state;
	memset(longest, 'x', 4096);
	memcpy(longest + 4096, "\r\n", 3);
	type(longest);
	start(false);
	play_expect(play, MESSAGE_explain);
	assert_int_equal(strlen(play->in.explain.text), 4096);
	send_step(play, "form", "no", "token-form");
	play_send_end(play);
	finish_with(play, 1, "token-form", NULL);
	play_deafen(play);
	memcpy(longest + 4096, "x\n", 3);
	type(longest);
	start(false);
	finish_with(play, 2, NULL, "more than 4096 bytes");
	memcpy(longest + 4096, "xx", 3);
	type(longest);
	start(false);
	finish_with(play, 2, NULL, "more than 4096 bytes");
	type("one\ntwo\n");
	start(false);
	finish_with(play, 2, NULL, "more than one line");
	play->typed = "a\0b";
	play->typed_length = 3;
	start(false);
	finish_with(play, 2, NULL, "NUL");
	type("\n");
	start(false);
	finish_with(play, 2, NULL, "nothing on standard input");
}

/* ---- with keys ---- */

static void write_public_key(FILE *to)
{
	BIO *in = BIO_new_mem_buf(bench->private_pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);

	assert_int_equal(PEM_write_PUBKEY(to, key), 1);
	EVP_PKEY_free(key);
	BIO_free(in);
}

static void write_keys(const char *before, const char *after)
{
	FILE *file = fopen(keys_path, "w");

	assert_non_null(file);
	fputs(before, file);
	write_public_key(file);
	fputs(after, file);
	assert_int_equal(fclose(file), 0);
}

static void offline(const char *token, const char *host)
{
	type(token);
	play_start(play, false, "jitd-admin", "token", "explain", "--keys", keys_path, "--host-id",
	           host, NULL);
}

static void offline_from(const char *token, const char *issuer, const char *audience)
{
	type(token);
	play_start(play, false, "jitd-admin", "token", "explain", "--keys", keys_path, "--issuer",
	           issuer, audience ? "--audience" : "--host-id", audience ? audience : "web1",
	           NULL);
}

/* A token of now, with this lifetime. */
static char *token_of(const struct bench *signer, int64_t seconds)
{
	int64_t now = (int64_t)time(NULL);
	text_owned payload = text_of(
	        "{\"iss\":\"web1\",\"aud\":\"web1\",\"sub\":\"alice\",\"scope\":\"ssh:alice\","
	        "\"jti\":\"0123456789abcdef0123456789abcdef\",\"access\":42,\"iat\":%lld,"
	        "\"exp\":%lld}",
	        (long long)(now - 600), (long long)(now + seconds));

	return sign_payload(signer, payload);
}

static char *token_until(int64_t seconds)
{
	return token_of(bench, seconds);
}

/* Each line of `lines` begins a line of the output, in this order. */
static void assert_lines(const char *const *lines, size_t count)
{
	const char *at = play->out;

	for (size_t i = 0; i < count; i++) {
		text_owned line = text_of("\n%s", lines[i]);
		at = strstr(at, line);
		if (!at)
			fail_msg("\"%s\" is not in %s", lines[i], play->out);
	}
}

static void a_genuine_token_passes_without_jitd(void **state)
{
	static const char *const lines[] = {
	        "form       yes          ",
	        "header     yes          alg ES256, kid ",
	        "key        yes          ",
	        "signature  yes          64 bytes\n",
	        "claims     yes          ",
	        "iss        yes          \"web1\"\n",
	        "aud        yes          \"web1\"\n",
	        "subject    yes          \"alice\"\n",
	        "scope      yes          \"ssh:alice\"\n",
	        "jti        yes          \"0123456789abcdef0123456789abcdef\"\n",
	        "access     yes          42\n",
	        "iat        yes          20",
	        "nbf        yes          -\n",
	        "exp        yes          20",
	        "lifetime   yes          15m\n",
	        "until      yes          -\n",
	        "cnf        yes          -\n",
	        "door       not-reached  only jitd knows\n",
	        "grant      not-reached  only jitd knows\n",
	        "revoked    not-reached  only jitd knows\n",
	        "spent      not-reached  only jitd knows\n",
	};
	text_owned token = token_until(300);

	(void)state;
	play_deafen(play);
	write_keys("", "");
	offline(token, "web1");
	finish_with(play, 0, "CHECK      VERDICT      WHAT\nform ", NULL);
	assert_lines(lines, COUNT(lines));
	assert_non_null(strstr(play->out, bench->kid));
	assert_null(strstr(play->out, token));
}

static void a_broken_token_says_where_it_breaks(void **state)
{
	static const char *const expired[] = {
	        "aud        yes          \"web1\"\n", "exp        no           token-expired: 20",
	        "lifetime   not-reached  -\n", "door       not-reached  only jitd knows\n"};
	static const char *const elsewhere[] = {
	        "claims     yes          ",
	        "iss        no           token-issuer: \"web1\", need web2\n",
	        "aud        not-reached  -\n"};
	static const char *const unsigned_[] = {
	        "key        yes          ", "signature  no           token-signature: 64 bytes\n",
	        "claims     not-reached  -\n", "iss        not-reached  -\n"};
	text_owned good = token_until(300);
	text_owned late = token_until(-300);
	text_owned broken = token_until(300);

	(void)state;
	write_keys("", "");
	offline(late, "web1");
	finish_with(play, 1, "CHECK", NULL);
	assert_lines(expired, COUNT(expired));
	offline(good, "web2");
	finish_with(play, 1, "CHECK", NULL);
	assert_lines(elsewhere, COUNT(elsewhere));
	broken[strlen(broken) - 10] = broken[strlen(broken) - 10] == 'A' ? 'B' : 'A';
	offline(broken, "web1");
	finish_with(play, 1, "CHECK", NULL);
	assert_lines(unsigned_, COUNT(unsigned_));
	assert_null(strstr(play->out, "alice")); /* nothing of what nobody signed */
	offline("nonsense", "web1");
	finish_with(play, 1, "form       no           token-form: 8 bytes\nheader     not-reached",
	            NULL);
	assert_int_equal(truncate(keys_path, 0), 0);
	offline(good, "web1");
	finish_with(play, 1, NULL, "keys.pem: key 1: ");
}

static void steps_without_jitd_are_json_too(void **state)
{
	text_owned token = token_until(300);

	(void)state;
	write_keys("", "");
	type(token);
	play_start(play, false, "jitd-admin", "token", "explain", "--keys", keys_path, "--host-id",
	           "web1", "--json", NULL);
	finish_with(play, 0, "{\"name\":\"access\",\"verdict\":\"yes\",\"text\":\"42\"},\n", NULL);
	assert_non_null(strstr(play->out, "{\"name\":\"subject\",\"verdict\":\"yes\",\"text\":"
	                                  "\"\\\"alice\\\"\"},\n"));
}

static void another_issuers_token_is_read_as_such(void **state)
{
	int64_t now = (int64_t)time(NULL);
	text_owned payload = text_of("{\"iss\":\"https://ci.example.org\",\"aud\":[\"x\",\"web1\"],"
	                             "\"sub\":\"project:7\",\"iat\":%lld,\"exp\":%lld}",
	                             (long long)now, (long long)(now + 300));
	text_owned token = sign_payload(bench, payload);

	(void)state;
	write_keys("", "");
	offline_from(token, "https://ci.example.org", NULL);
	finish_with(play, 0, "subject    yes          \"project:7\"\n", NULL);
	offline_from(token, "https://ci.example.org", "x");
	finish_with(play, 0, "aud        yes          [\"x\",\"web1\"]\n", NULL);
	offline_from(token, "https://ci.example.org", "web2");
	finish_with(play, 1,
	            "aud        no           token-audience: [\"x\",\"web1\"], need web2\n", NULL);
	offline_from(token, "https://ci.example.com", NULL);
	finish_with(play, 1, "iss        no           token-issuer: ", NULL);
	offline(token, "web1"); /* it is not this host's own */
	finish_with(play, 1, "iss        no           token-issuer: ", NULL);
}

static void write_text(const char *text)
{
	FILE *file = fopen(keys_path, "w");

	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static void keys_may_be_a_jwk_set(void **state)
{
	text_owned token = token_until(300), set = NULL;
	void *other = NULL;
	struct bench *rsa;

	(void)state;
	assert_int_equal(keyset_write_jwks(bench->keys, &set), 0);
	text_owned mixed = text_of(" {\"keys\":[{\"kty\":\"OKP\"},%s", strchr(set, '[') + 1);
	write_text(mixed);
	offline(token, "web1");
	finish_with(play, 0, "signature  yes", "warning: ");
	assert_non_null(strstr(play->err, "keys.pem: key 1 is passed over: its kty"));
	write_text("{\"keys\":[{\"kty\":\"EC\",\"d\":\"x\"}]}");
	offline(token, "web1");
	finish_with(play, 1, NULL, "keys.pem: key 1 has the private member \"d\"");
	write_text("{\"keys\":[]}");
	offline(token, "web1");
	finish_with(play, 1, NULL, "none of its 0 keys can be used");
	assert_int_equal(bench_setup_rsa(&other), 0);
	rsa = other;
	free(set);
	assert_int_equal(keyset_write_jwks(rsa->keys, &set), 0);
	write_text(set);
	offline(token, "web1");
	finish_with(play, 1, "key        no           token-key-unknown\n", NULL);
	text_owned second = token_of(rsa, 300);
	offline(second, "web1");
	finish_with(play, 0, "signature  yes          256 bytes\n", NULL);
	bench_teardown(&other);
}

static void keys_are_a_file_of_public_ones(void **state)
{
	text_owned token = token_until(300);
	FILE *file;

	(void)state;
	write_keys("", "");
	file = fopen(keys_path, "a");
	write_public_key(file); /* a second block, as in a rotation */
	fclose(file);
	offline(token, "web1");
	finish_with(play, 0, "signature  yes", NULL);
	write_keys("", bench->private_pem);
	offline(token, "web1");
	finish_with(play, 1, NULL, "keys.pem: key 2: ");
	assert_null(strstr(play->err, "MIGH"));
	write_keys("nothing to do with it\n", "");
	offline(token, "web1");
	finish_with(play, 1, NULL, "keys.pem: key 1: ");
	unlink(keys_path);
	offline(token, "web1");
	finish_with(play, 1, NULL, "keys.pem");
}

static void a_code_has_no_keys(void **state)
{
	(void)state;
	write_keys("", "");
	offline("0000000000", "web1"); /* value 0, check symbol 0 */
	finish_with(play, 2, NULL, "only jitd knows; leave out --keys\n");
	assert_null(strstr(play->err, "0000"));
}

int main(void)
{
#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        EACH(it_asks_jitd_and_prints_each_check),
	        EACH(the_key_of_the_login_goes_to_jitd),
	        EACH(json_is_an_array_of_checks),
	        EACH(only_yes_to_everything_would_allow),
	        EACH(stdin_is_one_line_of_4096_bytes),
	        EACH(a_genuine_token_passes_without_jitd),
	        EACH(a_broken_token_says_where_it_breaks),
	        EACH(steps_without_jitd_are_json_too),
	        EACH(another_issuers_token_is_read_as_such),
	        EACH(keys_may_be_a_jwk_set),
	        EACH(keys_are_a_file_of_public_ones),
	        EACH(a_code_has_no_keys),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
