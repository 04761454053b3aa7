/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which prompts are pam-jit's, of whom and of which host; everything else is nobody's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "cli/subject/prompt.h"

#define NAME_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HOST_64 NAME_64
#define HOST_255                                                                                   \
	HOST_64 HOST_64 HOST_64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *text;
	enum prompt_kind kind;
	const char *user, *host;
} prompts[] = {
        {"JIT token or code: ", PROMPT_BARE, "", ""},
        {"(alice@web1) JIT token or code: ", PROMPT_SSH, "alice", "web1"},
        {"(alice@web1.example.org) JIT token or code: ", PROMPT_SSH, "alice", "web1.example.org"},
        {"(alice@10.0.0.1) JIT token or code: ", PROMPT_SSH, "alice", "10.0.0.1"},
        {"(alice@::1) JIT token or code: ", PROMPT_SSH, "alice", "::1"},
        {"(alice@fe80::1%eth0) JIT token or code: ", PROMPT_SSH, "alice", "fe80::1%eth0"},
        {"(" NAME_64 "@" HOST_255 ") JIT token or code: ", PROMPT_SSH, NAME_64, HOST_255},
        {"alice@web1's password: ", PROMPT_SSH_PASSWORD, "alice", "web1"},
        {"alice@::1's password: ", PROMPT_SSH_PASSWORD, "alice", "::1"},
        /* an account may hold '@'; a host cannot */
        {"(alice@corp@web1) JIT token or code: ", PROMPT_SSH, "alice@corp", "web1"},
        {"(alice@web1@evil) JIT token or code: ", PROMPT_SSH, "alice@web1", "evil"},
        {"alice@web1@evil's password: ", PROMPT_SSH_PASSWORD, "alice@web1", "evil"},
        /* what the server adds to get another host's code */
        {"(alice@evil) (alice@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@evil) alice@web1's password: ", PROMPT_OTHER, "", ""},
        {"(alice@evil) \r(alice@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@evil) x) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@evil) @web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@evil) JIT token or code: \n(alice@web1) JIT token or code: ", PROMPT_OTHER, "",
         ""},
        {"(alice@evil) JIT token or code: JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@evil) 's password: ", PROMPT_OTHER, "", ""},
        {"(alice@evil) Password of alice@web1's password: ", PROMPT_OTHER, "", ""},
        /* other questions of the right host */
        {"(alice@web1) Password: ", PROMPT_OTHER, "", ""},
        {"(alice@web1) ", PROMPT_OTHER, "", ""},
        {"(alice@web1)", PROMPT_OTHER, "", ""},
        {"(alice@web1) JIT token or code:", PROMPT_OTHER, "", ""},
        {"(alice@web1) JIT token or code:  ", PROMPT_OTHER, "", ""},
        {"(alice@web1) jit token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@web1)  JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@web1) JIT token or code: \n", PROMPT_OTHER, "", ""},
        {"(alice@web1) Verification code: JIT token or code: ", PROMPT_OTHER, "", ""},
        {"Enter alice@web1's old password: ", PROMPT_OTHER, "", ""},
        {"Enter alice@web1's new password: ", PROMPT_OTHER, "", ""},
        {"alice@web1's password:", PROMPT_OTHER, "", ""},
        {"alice@web1's password: \n", PROMPT_OTHER, "", ""},
        {"Password for alice@web1's password: ", PROMPT_OTHER, "", ""},
        /* no host, no user, or none that is one */
        {"(alice) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(@) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"() JIT token or code: ", PROMPT_OTHER, "", ""},
        {"( JIT token or code: ", PROMPT_OTHER, "", ""},
        {") JIT token or code: ", PROMPT_OTHER, "", ""},
        {"alice@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@web1 JIT token or code: ", PROMPT_OTHER, "", ""},
        {"((alice@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"((alice@web1)) JIT token or code: ", PROMPT_OTHER, "", ""},
        {" (alice@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(al ice@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@web 1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@web1\n) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@web1\033[2K) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@web(1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@web1/x) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@w\xc3\xa9"
         "b1) JIT token or code: ",
         PROMPT_OTHER, "", ""},
        {"(al\033ice@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(-alice@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(../alice@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(a" NAME_64 "@web1) JIT token or code: ", PROMPT_OTHER, "", ""},
        {"(alice@a" HOST_255 ") JIT token or code: ", PROMPT_OTHER, "", ""},
        {"a" NAME_64 "@web1's password: ", PROMPT_OTHER, "", ""},
        {"'s password: ", PROMPT_OTHER, "", ""},
        {"@'s password: ", PROMPT_OTHER, "", ""},
        {"alice's password: ", PROMPT_OTHER, "", ""},
        /* sudo's with something before or after */
        {"[sudo] JIT token or code: ", PROMPT_OTHER, "", ""},
        {"\nJIT token or code: ", PROMPT_OTHER, "", ""},
        {"JIT token or code: x", PROMPT_OTHER, "", ""},
        /* nothing of ours */
        {"", PROMPT_OTHER, "", ""},
        {" ", PROMPT_OTHER, "", ""},
        {"Password: ", PROMPT_OTHER, "", ""},
        {"[sudo] password for alice: ", PROMPT_OTHER, "", ""},
        {"Enter passphrase for key '/home/alice/.ssh/id_ed25519': ", PROMPT_OTHER, "", ""},
        {"Are you sure you want to continue connecting (yes/no/[fingerprint])? ", PROMPT_OTHER, "",
         ""},
};
#define PROMPTS (sizeof(prompts) / sizeof(prompts[0]))

static void a_prompt_is_ours_to_the_last_byte_or_nobodys(void **state)
{
	struct prompt prompt;

	(void)state;
	for (size_t i = 0; i < PROMPTS; i++) {
		prompt_read(prompts[i].text, NULL, &prompt);
		if (prompt.kind != prompts[i].kind)
			fail_msg("'%s': %d", prompts[i].text, prompt.kind);
		assert_string_equal(prompt.user, prompts[i].user);
		assert_string_equal(prompt.host, prompts[i].host);
	}
}

static void with_a_hint_it_is_never_ours(void **state)
{
	static const char *const words[] = {"confirm", "none", "", "other"};
	struct prompt prompt;

	(void)state;
	for (size_t i = 0; i < PROMPTS; i++)
		for (size_t h = 0; h < sizeof(words) / sizeof(words[0]); h++) {
			prompt_read(prompts[i].text, words[h], &prompt);
			assert_int_equal(prompt.kind, PROMPT_OTHER);
		}
	prompt_read("Allow use of key x?", "confirm", &prompt);
	assert_int_equal(prompt.answer, ANSWER_CONFIRM);
	prompt_read("Confirm user presence for key x", "none", &prompt);
	assert_int_equal(prompt.answer, ANSWER_NONE);
}

static void very_long_prompts_are_nobodys(void **state)
{
	static const char *const ends[] = {"JIT token or code: ", "@web1) JIT token or code: ",
	                                   "@web1's password: ", ") JIT token or code: "};
	size_t length = 100000;
	struct prompt prompt;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		text = malloc(length + strlen(ends[i]) + 1);
		assert_non_null(text);
		memset(text, 'a', length);
		text[0] = '(';
		memcpy(text + length, ends[i], strlen(ends[i]) + 1);
		prompt_read(text, NULL, &prompt);
		assert_int_equal(prompt.kind, PROMPT_OTHER);
		free(text);
	}
}

static void only_questions_without_a_secret_are_shown(void **state)
{
	static const struct {
		const char *text;
		enum prompt_answer answer;
	} rows[] = {
	        {"The authenticity of host 'web1 (10.0.0.1)' can't be established.\n"
	         "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
	         ANSWER_SHOWN},
	        {"Please type 'yes', 'no' or the fingerprint: ", ANSWER_SHOWN},
	        {"Username for 'https://example.org': ", ANSWER_SHOWN},
	        {"Password for 'https://alice@example.org': ", ANSWER_SECRET},
	        {"Enter passphrase for key 'x': ", ANSWER_SECRET},
	        {"(alice@web1) Password: ", ANSWER_SECRET},
	        {"", ANSWER_SECRET},
	};
	struct prompt prompt;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		prompt_read(rows[i].text, NULL, &prompt);
		assert_int_equal(prompt.answer, rows[i].answer);
	}
}

static void a_host_is_its_name_or_the_first_label_of_it(void **state)
{
	static const struct {
		const char *typed, *host;
		bool same;
	} rows[] = {
	        {"web1", "web1", true},
	        {"WEB1", "web1", true},
	        {"web1", "web1.example.org", true},
	        {"Web1.Example.Org", "web1.example.org", true},
	        /* whoever has a domain can have a web1 in it */
	        {"web1.example.org", "web1", false},
	        {"web1.evil.org", "web1", false},
	        {"web1.evil.org.", "web1", false},
	        {"web1..", "web1", false},
	        {".", "web1", false},
	        {"web1.example.org.", "web1.example.org", true},
	        {"web1.example.org", "web1.example.net", false},
	        {"web1.example", "web1.example.org", false},
	        {"web1.example.org", "web1.example", false},
	        {"web", "web1", false},
	        {"web1", "web", false},
	        {"web1", "web10.example.org", false},
	        {"web10.example.org", "web1", false},
	        {"evil.web1", "web1", false},
	        {"example.org", "web1.example.org", false},
	        {"web1.", "web1", true}, /* the root's dot */
	        {".web1", "web1", false},
	        {"", "web1", false},
	        {"web1", "", false},
	        {"", "", false},
	        {"10.0.0.1", "10", false},
	        {"10", "10.0.0.1", false},
	        {"10.0.0.1", "10.0.0.1", false},
	        {"::1", "::1", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (host_is(rows[i].typed, rows[i].host) != rows[i].same)
			fail_msg("'%s', '%s'", rows[i].typed, rows[i].host);
}

static void scopes_are_compared_whole(void **state)
{
	(void)state;
	assert_true(scope_list_has("ssh:alice", "ssh", "alice"));
	assert_true(scope_list_has("sudo:root ssh:alice", "ssh", "alice"));
	assert_true(scope_list_has("ssh:bob ssh:alice", "ssh", "alice"));
	assert_true(scope_list_has("su:root sudo:postgres", "sudo", NULL));
	assert_false(scope_list_has("ssh:alice", "ssh", "alic"));
	assert_false(scope_list_has("ssh:alice", "ssh", "alice2"));
	assert_false(scope_list_has("ssh:Alice", "ssh", "alice"));
	assert_false(scope_list_has("sudo:alice", "ssh", "alice"));
	assert_false(scope_list_has("xssh:alice", "ssh", "alice"));
	assert_false(scope_list_has("su:root", "sudo", NULL));
	assert_false(scope_list_has("sudo:", "sudo", NULL));
	assert_false(scope_list_has("", "ssh", "alice"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_prompt_is_ours_to_the_last_byte_or_nobodys),
	        cmocka_unit_test(with_a_hint_it_is_never_ours),
	        cmocka_unit_test(very_long_prompts_are_nobodys),
	        cmocka_unit_test(only_questions_without_a_secret_are_shown),
	        cmocka_unit_test(a_host_is_its_name_or_the_first_label_of_it),
	        cmocka_unit_test(scopes_are_compared_whole),
	};

	return cmocka_run_group_tests_name("prompt", tests, NULL, NULL);
}
