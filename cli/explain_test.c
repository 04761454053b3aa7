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

/* A token of now, with this lifetime. */
static char *token_until(int64_t seconds)
{
	int64_t now = (int64_t)time(NULL);
	text_owned payload = text_of(
	        "{\"iss\":\"web1\",\"aud\":\"web1\",\"sub\":\"alice\",\"scope\":\"ssh:alice\","
	        "\"jti\":\"0123456789abcdef0123456789abcdef\",\"access\":42,\"iat\":%lld,"
	        "\"exp\":%lld}",
	        (long long)(now - 600), (long long)(now + seconds));

	return sign_payload(bench, payload);
}

static void a_genuine_token_passes_without_jitd(void **state)
{
	text_owned token = token_until(300);

	(void)state;
	play_deafen(play);
	write_keys("", "");
	offline(token, "web1");
	finish_with(play, 0,
	            "CHECK      VERDICT      WHAT\n"
	            "form       yes          -\n"
	            "header     yes          -\n"
	            "key        yes          -\n"
	            "signature  yes          -\n"
	            "claims     yes          -\n"
	            "issuer     yes          web1\n"
	            "audience   yes          web1\n"
	            "time       yes          -\n"
	            "door       not-reached  only jitd knows\n"
	            "access     not-reached  only jitd knows\n"
	            "revoked    not-reached  only jitd knows\n"
	            "spent      not-reached  only jitd knows\n"
	            "\n"
	            "iss     web1\n"
	            "sub     alice\n"
	            "scope   ssh:alice\n"
	            "access  42\n",
	            NULL);
	assert_non_null(strstr(play->out, bench->kid));
	assert_null(strstr(play->out, token));
}

static void a_broken_token_says_where_it_breaks(void **state)
{
	text_owned good = token_until(300);
	text_owned late = token_until(-300);
	text_owned broken = token_until(300);

	(void)state;
	write_keys("", "");
	offline(late, "web1");
	finish_with(play, 1,
	            "audience   yes          web1\n"
	            "time       no           token-expired\n"
	            "door       not-reached  only jitd knows\n",
	            NULL);
	assert_null(strstr(play->out, "alice")); /* no claims of what did not pass */
	offline(good, "web2");
	finish_with(play, 1,
	            "claims     yes          -\n"
	            "issuer     no           token-issuer: not web2\n"
	            "audience   not-reached  -\n",
	            NULL);
	broken[strlen(broken) - 10] = broken[strlen(broken) - 10] == 'A' ? 'B' : 'A';
	offline(broken, "web1");
	finish_with(play, 1,
	            "key        yes          -\n"
	            "signature  no           token-signature\n"
	            "claims     not-reached  -\n",
	            NULL);
	offline("nonsense", "web1");
	finish_with(play, 1, "form       no           token-form\nheader     not-reached", NULL);
	assert_int_equal(truncate(keys_path, 0), 0);
	offline(good, "web1");
	finish_with(play, 1, NULL, "keys.pem: key 1: ");
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
	        EACH(json_is_an_array_of_checks),
	        EACH(only_yes_to_everything_would_allow),
	        EACH(stdin_is_one_line_of_4096_bytes),
	        EACH(a_genuine_token_passes_without_jitd),
	        EACH(a_broken_token_says_where_it_breaks),
	        EACH(keys_are_a_file_of_public_ones),
	        EACH(a_code_has_no_keys),
	};

	return cmocka_run_group_tests_name("explain", tests, NULL, NULL);
}
