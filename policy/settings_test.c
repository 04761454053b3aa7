/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "policy/heard.h"
#include "policy/settings.h"

static const struct {
	const char *text, *lines;
} refused[] = {
        {"bogus = 1\n",
         "x.conf:1: bogus: unknown key; known here: host-id max-grant algorithm admins auditors requests-per-minute exempt user state-dir socket-dir policy-dir\n"},
        {"max-grant = \"1h\"\nmax-grant = \"2h\"\n",
         "x.conf:2: max-grant: given twice, first in line 1; leave one\n"},
        {"max-grant = \"0s\"\n",
         "x.conf:1: max-grant: \"0s\" is not above 0; write for example \"15m\"\n"},
        {"max-grant = \"12h1s\"\n",
         "x.conf:1: max-grant: \"12h1s\" is above 12h, and no token lives longer; write \"12h\" or less\n"},
        {"max-grant = 3600\n",
         "x.conf:1: max-grant: takes one string, in double quotes: max-grant = \"...\"\n"},
        {"requests-per-minute = 0\n",
         "x.conf:1: requests-per-minute: 0 is out of range; write 1 to 2000\n"},
        {"requests-per-minute = 2001\n",
         "x.conf:1: requests-per-minute: 2001 is out of range; write 1 to 2000\n"},
        {"requests-per-minute = -1\n",
         "x.conf:1: requests-per-minute: takes a whole number, in decimal digits without quotes, sign or leading zero: requests-per-minute = 2\n"},
        {"host-id = \"\"\n",
         "x.conf:1: host-id: \"\" is no name of a host; write 1 to 255 of A-Z a-z 0-9 . -\n"},
        {"host-id = \"a_b\"\n",
         "x.conf:1: host-id: \"a_b\" is no name of a host; write 1 to 255 of A-Z a-z 0-9 . -\n"},
        {"host-id = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n",
         "x.conf:1: host-id: \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is no name of a host; write 1 to 255 of A-Z a-z 0-9 . -\n"},
        {"admins = \"alice\"\n",
         "x.conf:1: admins: takes a list of at most 256 strings, in braces and double quotes: admins = {\"...\", \"...\"}\n"},
        {"admins = {\"a b\", \"%\", \"bob\", \"bob\"}\n",
         "x.conf:1: admins: \"a b\" is the name of no user or group; write \"alice\" or \"%dba\"\n"
         "x.conf:1: admins: \"%\" is the name of no user or group; write \"alice\" or \"%dba\"\n"
         "x.conf:1: admins: \"bob\" is named twice; leave one\n"},
        {"auditors = {\"x:y\"}\n",
         "x.conf:1: auditors: \"x:y\" is the name of no user or group; write \"alice\" or \"%dba\"\n"},
        {"exempt = {\"sudo\", \"sshd\", \"ssh\", \"sudo-i\", \"su\", \"su-l\", \"login\"}\n",
         "x.conf:1: exempt: \"sudo\" is a door that is guarded, and cannot be exempt; take it out\n"
         "x.conf:1: exempt: \"sshd\" is a door that is guarded, and cannot be exempt; take it out\n"
         "x.conf:1: exempt: \"ssh\" is a door that is guarded, and cannot be exempt; take it out\n"
         "x.conf:1: exempt: \"sudo-i\" is a door that is guarded, and cannot be exempt; take it out\n"
         "x.conf:1: exempt: \"su\" is a door that is guarded, and cannot be exempt; take it out\n"
         "x.conf:1: exempt: \"su-l\" is a door that is guarded, and cannot be exempt; take it out\n"
         "x.conf:1: exempt: \"login\" is a door that is guarded, and cannot be exempt; take it out\n"},
        {"exempt = {\"\", \"Cron\", \"../sudo\", \"-x\", \".x\"}\n",
         "x.conf:1: exempt: \"\" is no PAM service; write a name of /etc/pam.d, such as \"cron\"\n"
         "x.conf:1: exempt: \"Cron\" is no PAM service; write a name of /etc/pam.d, such as \"cron\"\n"
         "x.conf:1: exempt: \"../sudo\" is no PAM service; write a name of /etc/pam.d, such as \"cron\"\n"
         "x.conf:1: exempt: \"-x\" is no PAM service; write a name of /etc/pam.d, such as \"cron\"\n"
         "x.conf:1: exempt: \".x\" is no PAM service; write a name of /etc/pam.d, such as \"cron\"\n"},
        {"algorithm = \"none\"\n",
         "x.conf:1: algorithm: \"none\" is no algorithm that jitd signs with; write \"ES256\" or \"RS256\"\n"},
        {"algorithm = \"es256\"\n",
         "x.conf:1: algorithm: \"es256\" is no algorithm that jitd signs with; write \"ES256\" or \"RS256\"\n"},
        {"user = \"root\"\n",
         "x.conf:1: user: jitd does not stay root; write a user of its own, such as \"jitd\"\n"},
        {"user = \"a b\"\n",
         "x.conf:1: user: \"a b\" is the name of no user; write for example \"jitd\"\n"},
        {"user = {\"jitd\"}\n",
         "x.conf:1: user: takes one string, in double quotes: user = \"...\"\n"},
        {"state-dir = \"lib\"\n",
         "x.conf:1: state-dir: \"lib\" is no plain path; write it from / on, without \"..\", \".\", \"//\" or a / at the end\n"},
        {"state-dir = \"/a/../b\"\n",
         "x.conf:1: state-dir: \"/a/../b\" is no plain path; write it from / on, without \"..\", \".\", \"//\" or a / at the end\n"},
        {"socket-dir = \"/a//b\"\n",
         "x.conf:1: socket-dir: \"/a//b\" is no plain path; write it from / on, without \"..\", \".\", \"//\" or a / at the end\n"},
        {"policy-dir = \"/a/\"\n",
         "x.conf:1: policy-dir: \"/a/\" is no plain path; write it from / on, without \"..\", \".\", \"//\" or a / at the end\n"},
        {"policy-dir = \"/\"\n",
         "x.conf:1: policy-dir: \"/\" is no plain path; write it from / on, without \"..\", \".\", \"//\" or a / at the end\n"},
        {"policy-dir = \"/./a\"\n",
         "x.conf:1: policy-dir: \"/./a\" is no plain path; write it from / on, without \"..\", \".\", \"//\" or a / at the end\n"},
        {"state-dir = \"\"\n",
         "x.conf:1: state-dir: \"\" is no plain path; write it from / on, without \"..\", \".\", \"//\" or a / at the end\n"},
        {"socket-dir = \"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n",
         "x.conf:1: socket-dir: \"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is longer than 96 bytes\n"},
        {"state-dir = \"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"\n",
         "x.conf:1: state-dir: \"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...\" is longer than 255 bytes\n"},
        {"notification {\nissuer = \"x\" scope = {\"ssh:a\"}\n}\nsudo-plugin = true\ntoken-ttl = \"5m\"\nbreak-glass { }\nrule \"x\" { }\n",
         "x.conf:1: notification: a block that is not known to this version; take it out\n"
         "x.conf:4: sudo-plugin: not known to this version; take it out\n"
         "x.conf:5: token-ttl: not known to this version; take it out\n"
         "x.conf:6: break-glass: a block that is not known to this version; take it out\n"
         "x.conf:7: rule: unknown block; take it out, or write = after a key\n"},
        {"user = \"${USER}\"\n", "x.conf:1: nothing is substituted here; take the ${ out\n"},
        {"user += \"x\"\n",
         "x.conf:1: += is not taken here; write the whole value once, after =\n"},
        {"include(\"/etc/passwd\")\n",
         "x.conf:1: there are no functions here, and no include(); each file stands alone\n"},
};

static void what_is_wrong_is_said_with_file_line_and_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct policy_source source = {"x.conf", refused[i].text};
		struct settings *settings = NULL;
		struct heard heard = {0};
		int r = settings_parse(&source, hear, &heard, &settings);
		if (r != -EINVAL || strcmp(heard.text, refused[i].lines))
			fail_msg("\n%s\ngave %d and\n%sfor\n%s", refused[i].text, r, heard.text,
			         refused[i].lines);
		assert_null(settings);
	}
}

static struct settings *parsed(const char *text)
{
	struct policy_source source = {"jitd.conf", text};
	struct settings *settings = NULL;
	struct heard heard = {0};

	if (settings_parse(&source, hear, &heard, &settings) != 0)
		fail_msg("%s\n%s", text, heard.text);
	assert_string_equal(heard.text, "");
	return settings;
}

static void an_empty_file_gives_the_defaults(void **state)
{
	static const char *const empty[] = {"", "\n", "# nothing\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++) {
		cleanup(cleanup_settings) struct settings *settings = parsed(empty[i]);
		assert_null(settings->host_id);
		assert_int_equal(settings->max_grant, 43200);
		assert_int_equal(settings->requests_per_minute, 30);
		assert_int_equal(settings->admins.count, 0);
		assert_int_equal(settings->auditors.count, 0);
		assert_int_equal(settings->exempt.count, 0);
		assert_string_equal(settings->user, "jitd");
		assert_string_equal(settings->state_dir, LOCALSTATEDIR "/lib/jitd");
		assert_string_equal(settings->socket_dir, RUNDIR);
		assert_string_equal(settings->policy_dir, SYSCONFDIR "/jitd/policy.d");
	}
}

static void every_key_is_taken(void **state)
{
	cleanup(cleanup_settings) struct settings *settings =
	        parsed("# all of them\n"
	               "host-id = \"web1.example.org\"   max-grant = \"1h30m\"\n"
	               "admins = {\"carol\", \"%admins\"} # two\n"
	               "auditors = {\n\t\"dave\",\n}\n"
	               "exempt = {\"cron\", \"systemd-user\"}\n"
	               "user = \"_jitd\" state-dir = \"/srv/jitd\" socket-dir = \"/run/other\"\n"
	               "policy-dir = \"/etc/other/rules.d\"");

	(void)state;
	assert_string_equal(settings->host_id, "web1.example.org");
	assert_int_equal(settings->max_grant, 5400);
	assert_int_equal(settings->admins.count, 2);
	assert_string_equal(settings->admins.items[0], "carol");
	assert_string_equal(settings->admins.items[1], "%admins");
	assert_int_equal(settings->auditors.count, 1);
	assert_string_equal(settings->auditors.items[0], "dave");
	assert_int_equal(settings->exempt.count, 2);
	assert_string_equal(settings->exempt.items[1], "systemd-user");
	assert_string_equal(settings->user, "_jitd");
	assert_string_equal(settings->state_dir, "/srv/jitd");
	assert_string_equal(settings->socket_dir, "/run/other");
	assert_string_equal(settings->policy_dir, "/etc/other/rules.d");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_wrong_is_said_with_file_line_and_key),
	        cmocka_unit_test(an_empty_file_gives_the_defaults),
	        cmocka_unit_test(every_key_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
