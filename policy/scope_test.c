/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/scope.h"

#define NAME_64 "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"

static void a_good_scope_becomes_canonical(void **state)
{
	static const struct {
		const char *text, *canonical;
	} rows[] = {
	        {"sudo:root", "sudo:root"},
	        {"sshd:alice", "ssh:alice"},
	        {"sudo-i:root", "sudo:root"},
	        {"su-l:postgres", "su:postgres"},
	        {"login:alice", "login:alice"},
	        {"my_door-2:svc$", "my_door-2:svc$"},
	        {"ssh:Alice.B@corp", "ssh:Alice.B@corp"},
	        {"su:root sudo:root", "su:root sudo:root"},
	        {"sudo:root sudo-i:root sudo:root", "sudo:root"},
	        {"sshd:a ssh:b ssh:a", "ssh:a ssh:b"},
	        {NAME_64 ":" NAME_64, NAME_64 ":" NAME_64},
	        {"a:b c:d e:f g:h i:j k:l m:n o:p", "a:b c:d e:f g:h i:j k:l m:n o:p"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[SCOPES_SIZE] = "", again[SCOPES_SIZE] = "";
		struct fault fault = {""};
		if (scope_canonical(rows[i].text, text, &fault) != 0)
			fail_msg("%s: %s", rows[i].text, fault.text);
		assert_string_equal(text, rows[i].canonical);
		assert_int_equal(scope_canonical(text, again, &fault), 0);
		assert_string_equal(again, text);
	}
}

static void a_text_that_is_no_scope_is_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
	        {"", "no scope; write SERVICE:ACCOUNT"},
	        {" ", "an empty scope"},
	        {"sudo:root ", "an empty scope"},
	        {" sudo:root", "an empty scope"},
	        {"sudo:root  su:root", "an empty scope"},
	        {"sudo", "write SERVICE:ACCOUNT"},
	        {"all", "write SERVICE:ACCOUNT"},
	        {"ALL:ALL", "none stands for everything"},
	        {"sudo:all", "none stands for everything"},
	        {"all:root", "none stands for everything"},
	        {":root", "the service before the colon"},
	        {"sudo:", "the account after the colon"},
	        {":", "the service before the colon"},
	        {"sudo:root:x", "the account after the colon"},
	        {"Sudo:root", "the service before the colon"},
	        {"-x:root", "the service before the colon"},
	        {"su do:root", "write SERVICE:ACCOUNT"},
	        {"sudo:../root", "the account after the colon"},
	        {"sudo:-root", "the account after the colon"},
	        {"sudo:%wheel", "the account after the colon"},
	        {"sudo:root\nsu:root", "the account after the colon"},
	        {"sudo\t:root", "the service before the colon"},
	        {"sudo:*", "patterns stand in rules"},
	        {"s?do:root", "patterns stand in rules"},
	        {"sudo:[ab]", "patterns stand in rules"},
	        {"ssh:~", "patterns stand in rules"},
	        {"sudo:gr\xc3\xbc\xc3\x9f", "the account after the colon"},
	        {NAME_64 "e:root", "the service before the colon"},
	        {"sudo:" NAME_64 "e", "the account after the colon"},
	        {"a:" NAME_64 NAME_64 NAME_64 NAME_64 NAME_64, "longer than two names"},
	        {"a:b a:c a:d a:e a:f a:g a:h a:i a:j", "more than 8 scopes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[SCOPES_SIZE] = "untouched";
		struct fault fault = {""};
		assert_int_equal(scope_canonical(rows[i].text, text, &fault), -EINVAL);
		assert_string_equal(text, "untouched");
		if (!strstr(fault.text, rows[i].says) || strchr(fault.text, '\n'))
			fail_msg("\"%s\" gave: %s", rows[i].text, fault.text);
	}
}

static void eight_scopes_of_full_length_do_not_fit_and_are_refused(void **state)
{
	char wide[2048] = "", text[SCOPES_SIZE];
	struct fault fault;

	(void)state;
	for (int i = 0; i < 8; i++)
		(void)snprintf(wide + strlen(wide), sizeof(wide) - strlen(wide), "%s%d%.63s:%s",
		               i ? " " : "", i, NAME_64, NAME_64);
	assert_int_equal(scope_canonical(wide, text, &fault), -EINVAL);
	assert_non_null(strstr(fault.text, "longer than 1024 bytes"));
}

static void a_pam_service_has_its_word(void **state)
{
	(void)state;
	assert_string_equal(scope_service("sshd"), "ssh");
	assert_string_equal(scope_service("sudo-i"), "sudo");
	assert_string_equal(scope_service("su-l"), "su");
	assert_string_equal(scope_service("login"), "login");
	assert_string_equal(scope_service(""), "");
}

static void a_list_is_searched_by_whole_words(void **state)
{
	static const char list[] = "sudo:root ssh:alice";

	(void)state;
	assert_true(scope_contains(list, "sudo:root"));
	assert_true(scope_contains(list, "ssh:alice"));
	assert_false(scope_contains(list, "sudo:roo"));
	assert_false(scope_contains(list, "udo:root"));
	assert_false(scope_contains(list, "ssh:alice2"));
	assert_false(scope_contains(list, "sudo:root ssh:alice"));
	assert_false(scope_contains(list, ""));
	assert_false(scope_contains("", "sudo:root"));
	assert_true(scope_has_service(list, "sudo"));
	assert_true(scope_has_service(list, "ssh"));
	assert_false(scope_has_service(list, "su"));
	assert_false(scope_has_service(list, "root"));
	assert_false(scope_has_service(list, ""));
	assert_false(scope_has_service("", "su"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_good_scope_becomes_canonical),
	        cmocka_unit_test(a_text_that_is_no_scope_is_refused),
	        cmocka_unit_test(eight_scopes_of_full_length_do_not_fit_and_are_refused),
	        cmocka_unit_test(a_pam_service_has_its_word),
	        cmocka_unit_test(a_list_is_searched_by_whole_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
