/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "policy/heard.h"
#include "policy/policy.h"

/* A rule that is right but for `body`, which begins in line 3. */
#define RULE(body)                                                                                 \
	"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"bob\"}\n" body     \
	"\n}\n"

#define NAME_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Every way to write a file of rules wrongly that we know, with all that is said about it. */
static const struct {
	const char *text, *lines;
} refused
        [] =
                {
                        {RULE("max += \"1h\""),
                         "x.conf:3: += is not taken here; write the whole value once, after =\n"},
                        {RULE("who2 = ${HOME}"),
                         "x.conf:3: nothing is substituted here; write the value itself, in double quotes\n"},
                        {RULE("max = \"${HOME}\""),
                         "x.conf:3: nothing is substituted here; take the ${ out\n"},
                        {RULE("max = '1h'"), "x.conf:3: strings stand in double quotes: \"...\"\n"},
                        {"include(\"/etc/passwd\")\n",
                         "x.conf:1: there are no functions here, and no include(); each file stands alone\n"},
                        {RULE("max = include(\"x\")"),
                         "x.conf:3: there are no functions here, and no include(); each file stands alone\n"},
                        {RULE("max = \"1h\";"),
                         "x.conf:3: no semicolons here; a value ends where the next key begins\n"},
                        {"// no\n", "x.conf:1: comments begin with #\n"},
                        {"/* no */\n", "x.conf:1: comments begin with #\n"},
                        {RULE("max = \"1h\n\""),
                         "x.conf:3: a string without its closing \" on the same line\n"},
                        {RULE("reason = \"a\tb\""), "x.conf:3: a tab in a string; take it out\n"},
                        {RULE("max = \"1\\x41\""),
                         "x.conf:3: only \\\" and \\\\ are known after a backslash\n"},
                        {RULE("max = \"1\\\n h\""),
                         "x.conf:3: only \\\" and \\\\ are known after a backslash\n"},
                        {"rule \"a\" {\r\n}\r\n",
                         "x.conf:1: a carriage return; end lines with a newline alone\n"},
                        {"rule \001",
                         "x.conf:1: a control character, an invisible one or a byte that is no UTF-8; take it out\n"},
                        {"rule \"\377\" {}\n",
                         "x.conf:1: a control character, an invisible one or a byte that is no UTF-8; take it out\n"},
                        {"# \342\200\256\n",
                         "x.conf:1: a control character, an invisible one or a byte that is no UTF-8; take it out\n"},
                        {"\357\273\277rule\n",
                         "x.conf:1: a control character, an invisible one or a byte that is no UTF-8; take it out\n"},
                        {RULE("max = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\""),
                         "x.conf:3: a string longer than 1024 bytes\n"},
                        {"}\n", "x.conf:1: unexpected }; expected a key or a block\n"},
                        {"= 1\n", "x.conf:1: unexpected =; expected a key or a block\n"},
                        {"\"x\"\n", "x.conf:1: unexpected \"x\"; expected a key or a block\n"},
                        {"rule\n",
                         "x.conf:1: the file ends too early; expected = after a key, or a title in double quotes\n"},
                        {"rule \"a\"\n",
                         "x.conf:1: the file ends too early; expected { after the title\n"},
                        {"rule a { }\n",
                         "x.conf:1: unexpected a; expected = after a key, or a title in double quotes\n"},
                        {"rule \"a\" {\nwho\n}\n",
                         "x.conf:3: unexpected }; expected = after the key\n"},
                        {"rule \"a\" {\nwho {\"alice\"}\n}\n",
                         "x.conf:2: unexpected {; expected = after the key\n"},
                        {"rule \"a\" {\nwho = }\n", "x.conf:2: unexpected }; expected a value\n"},
                        {"rule \"a\" {\nwho = {\"alice\" \"bob\"}\n}\n",
                         "x.conf:2: unexpected \"bob\"; expected a comma, or } to end the list\n"},
                        {"rule \"a\" {\nwho = {{\"alice\"}}\n}\n",
                         "x.conf:2: unexpected {; expected a value in double quotes, or } to end the list\n"},
                        {"rule \"a\" {\nwho = {\"alice\",,}\n}\n",
                         "x.conf:2: unexpected ,; expected a value in double quotes, or } to end the list\n"},
                        {"rule \"a\" {\nwho = {\"alice\"\n",
                         "x.conf:2: the file ends too early; expected a comma, or } to end the list\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"bob\"}\n",
                         "x.conf:1: rule: the block that begins here has no end; close it with }\n"},
                        {"rule \"a\" {\nrule \"b\" {\n}\n}\n",
                         "x.conf:2: unexpected \"b\"; expected = after the key\n"},
                        {"rule \"a\" {\nmax = \"1h\", default = \"1m\"\n}\n",
                         "x.conf:2: unexpected ,; expected a key, or } to end the block\n"},
                        {"x = {\n",
                         "x.conf:1: the file ends too early; expected a value in double quotes, or } to end the list\n"},
                        {"rule { }\n", "x.conf:1: rule: has no title; write rule \"title\" {\n"},
                        {"rule \"\" { }\n",
                         "x.conf:1: rule: \"\" is no title; write 1 to 64 of A-Z a-z 0-9 . _ -\n"},
                        {"rule \"a b\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"bob\"} }\n",
                         "x.conf:1: rule: \"a b\" is no title; write 1 to 64 of A-Z a-z 0-9 . _ -\n"},
                        {"rule \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"bob\"} }\n",
                         "x.conf:1: rule: \"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\" is no title; write 1 to 64 of A-Z a-z 0-9 . _ -\n"},
                        {"defaults \"x\" { }\n",
                         "x.conf:1: defaults: takes no title; write defaults {\n"},
                        {"Rule \"a\" { }\n",
                         "x.conf:1: Rule: unknown block; take it out, or write = after a key\n"},
                        {"trust \"x\" { a = {\"b\"} }\n",
                         "x.conf:1: trust: unknown block; take it out, or write = after a key\n"},
                        {"defaults|max = \"1h\"\n",
                         "x.conf:1: defaults|max: a key outside every block; write it into one\n"},
                        {"max = \"1h\"\n",
                         "x.conf:1: max: a key outside every block; write it into one\n"},
                        {RULE("longest = \"1h\""),
                         "x.conf:3: longest: unknown key; known here: who scope commands hosts via when approvers approvals denials max default pending token-ttl uses present bind knock reason ticket at-end keep-max warn effect\n"},
                        {RULE("Max = \"1h\""), "x.conf:3: Max: unknown key; did you mean max?\n"},
                        {RULE("aprovers = {\"carol\"}\ndenails = 2\nat_end = \"keep\""),
                         "x.conf:3: aprovers: unknown key; did you mean approvers?\n"
                         "x.conf:4: denails: unknown key; did you mean denials?\n"
                         "x.conf:5: at_end: unknown key; did you mean at-end?\n"},
                        {RULE("max = \"1h\"\nmax = \"2h\"\nmax = \"3h\""),
                         "x.conf:4: max: given twice, first in line 3; leave one\n"
                         "x.conf:5: max: given twice, first in line 3; leave one\n"},
                        {RULE("who = {\"carol\"}"),
                         "x.conf:3: who: given twice, first in line 2; leave one\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"bob\"}\n\n}\nrule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"bob\"}\n\n}\n",
                         "x.conf:5: rule: the title \"a\" is taken, in x.conf:1; choose another\n"},
                        {"defaults { }\ndefaults { }\n",
                         "x.conf:2: defaults: given twice, first in x.conf:1; leave one\n"},
                        {"defaults { who = {\"x\"} scope = {\"sudo:root\"}\napprovers = {\"b\"} effect = \"deny\" }\n",
                         "x.conf:1: who: belongs to each rule, not to defaults; move it\n"
                         "x.conf:1: scope: belongs to each rule, not to defaults; move it\n"
                         "x.conf:2: approvers: belongs to each rule, not to defaults; move it\n"
                         "x.conf:2: effect: belongs to each rule, not to defaults; move it\n"},
                        {"rule \"a\" {\nwho = \"alice\" scope = {\"sudo:root\"} approvers = {\"bob\"}\n\n}\n",
                         "x.conf:2: who: takes a list of at most 256 strings, in braces and double quotes: who = {\"...\", \"...\"}\n"},
                        {"rule \"a\" {\nwho = {alice} scope = {\"sudo:root\"} approvers = {\"bob\"}\n\n}\n",
                         "x.conf:2: who: takes a list of at most 256 strings, in braces and double quotes: who = {\"...\", \"...\"}\n"},
                        {RULE("max = 1h"),
                         "x.conf:3: max: takes one string, in double quotes: max = \"...\"\n"},
                        {RULE("max = {\"1h\"}"),
                         "x.conf:3: max: takes one string, in double quotes: max = \"...\"\n"},
                        {RULE("approvals = \"1\""),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("approvals = 010"),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("approvals = 0x1"),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("approvals = -1"),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("approvals = +1"),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("approvals = 1.5"),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("approvals = 1//2"),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("approvals = {1}"),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("approvals = 9999999999999999999999"),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("approvals = true"),
                         "x.conf:3: approvals: takes a whole number, in decimal digits without quotes, sign or leading zero: approvals = 2\n"},
                        {RULE("effect = deny"),
                         "x.conf:3: effect: takes one string, in double quotes: effect = \"...\"\n"},
                        {RULE("approvals = 17"),
                         "x.conf:3: approvals: 17 is out of range; write 0 to 16\n"},
                        {RULE("uses = 1000001"),
                         "x.conf:3: uses: 1000001 is out of range; write 0 to 1000000\n"},
                        {RULE("uses = 999999999999999999"),
                         "x.conf:3: uses: 999999999999999999 is out of range; write 0 to 1000000\n"},
                        {RULE("max = \"90\""),
                         "x.conf:3: max: \"90\" is no length of time; write for example \"15m\" or \"1h30m\"\n"},
                        {RULE("max = \"\""),
                         "x.conf:3: max: \"\" is no length of time; write for example \"15m\" or \"1h30m\"\n"},
                        {RULE("max = \"0s\""),
                         "x.conf:3: max: \"0s\" is not above 0; write for example \"15m\"\n"},
                        {RULE("max = \"-1h\""),
                         "x.conf:3: max: \"-1h\" is not above 0; write for example \"15m\"\n"},
                        {RULE("max = \"1h 30m\""),
                         "x.conf:3: max: \"1h 30m\" is no length of time; write for example \"15m\" or \"1h30m\"\n"},
                        {RULE("max = \"30m1h\""),
                         "x.conf:3: max: \"30m1h\" is no length of time; write for example \"15m\" or \"1h30m\"\n"},
                        {RULE("max = \"999w\""),
                         "x.conf:3: max: \"999w\" is longer than 10 years\n"},
                        {RULE("max = \"13h\""),
                         "x.conf:3: max: 13h is above max-grant of jitd.conf, which is 12h; write that or less\n"},
                        {RULE("default = \"2h\""),
                         "x.conf:3: default: 2h is above max, which is 1h; write that or less\n"},
                        {RULE("max = \"10m\" default = \"11m\""),
                         "x.conf:3: default: 11m is above max, which is 10m; write that or less\n"},
                        {RULE("pending = \"0s\"\ndefault = \"x\""),
                         "x.conf:3: pending: \"0s\" is not above 0; write for example \"15m\"\n"
                         "x.conf:4: default: \"x\" is no length of time; write for example \"15m\" or \"1h30m\"\n"},
                        {RULE("token-ttl = 300"),
                         "x.conf:3: token-ttl: takes one string, in double quotes: token-ttl = \"...\"\n"},
                        {RULE("token-ttl = \"0s\""),
                         "x.conf:3: token-ttl: \"0s\" is not above 0; write for example \"15m\"\n"},
                        {RULE("token-ttl = \"1h1s\" max = \"2h\""),
                         "x.conf:3: token-ttl: 1h1s is longer than a token may lie about; write 1h or less\n"},
                        {RULE("token-ttl = \"10m1s\" max = \"10m\" default = \"11m\""),
                         "x.conf:3: default: 11m is above max, which is 10m; write that or less\n"
                         "x.conf:3: token-ttl: 10m1s is above max, which is 10m; write that or less\n"},
                        {RULE("present = \"Held\""),
                         "x.conf:3: present: \"Held\" is neither \"held\" nor \"typed\"\n"},
                        {RULE("present = \"\""),
                         "x.conf:3: present: \"\" is neither \"held\" nor \"typed\"\n"},
                        {RULE("present = {\"held\", \"typed\"}"),
                         "x.conf:3: present: takes one string, in double quotes: present = \"...\"\n"},
                        {"defaults { max = \"10m\" token-ttl = \"11m\" present = \"key\" }\n",
                         "x.conf:1: present: \"key\" is neither \"held\" nor \"typed\"\n"},
                        {"defaults { max = \"10m\" token-ttl = \"11m\" }\n",
                         "x.conf:1: token-ttl: 11m is above max, which is 10m; write that or less\n"},
                        {RULE("reason = \"yes\""),
                         "x.conf:3: reason: \"yes\" is neither \"optional\" nor \"required\"\n"},
                        {RULE("reason = \"Required\""),
                         "x.conf:3: reason: \"Required\" is neither \"optional\" nor \"required\"\n"},
                        {RULE("effect = \"permit\""),
                         "x.conf:3: effect: \"permit\" is neither \"allow\" nor \"deny\"\n"},
                        {"defaults { max = \"13h\" }\n",
                         "x.conf:1: max: 13h is above max-grant of jitd.conf, which is 12h; write that or less\n"},
                        {"defaults { max = \"10m\" default = \"11m\" }\n",
                         "x.conf:1: default: 11m is above max, which is 10m; write that or less\n"},
                        {"defaults { approvals = 99 reason = \"no\" }\n",
                         "x.conf:1: approvals: 99 is out of range; write 0 to 16\n"
                         "x.conf:1: reason: \"no\" is neither \"optional\" nor \"required\"\n"},
                        {"rule \"a\" {\nwho = {\"al ice\", \"%\", \"-x\", \"\", \"../x\", \"a:b\", \"alice\", \"alice\", \"*\"} scope = {\"sudo:root\"} approvers = {\"bob\"}\n\n}\n",
                         "x.conf:2: who: \"al ice\" is the name of no user or group; write \"alice\" or \"%dba\"\n"
                         "x.conf:2: who: \"%\" is the name of no user or group; write \"alice\" or \"%dba\"\n"
                         "x.conf:2: who: \"-x\" is the name of no user or group; write \"alice\" or \"%dba\"\n"
                         "x.conf:2: who: \"\" is the name of no user or group; write \"alice\" or \"%dba\"\n"
                         "x.conf:2: who: \"../x\" is the name of no user or group; write \"alice\" or \"%dba\"\n"
                         "x.conf:2: who: \"a:b\" is the name of no user or group; write \"alice\" or \"%dba\"\n"
                         "x.conf:2: who: \"alice\" is named twice; leave one\n"
                         "x.conf:2: who: \"*\" is the name of no user or group; write \"alice\" or \"%dba\"\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"root\"}\n\n}\n",
                         "x.conf:2: approvers: root never approves; name people or a group\n"},
                        {"rule \"a\" {\nwho = {\"user000000000000000000000000000000000000000000000000000000000000\",\"user000000000000000000000000000000000000000000000000000000000001\",\"user000000000000000000000000000000000000000000000000000000000002\",\"user000000000000000000000000000000000000000000000000000000000003\",\"user000000000000000000000000000000000000000000000000000000000004\",\"user000000000000000000000000000000000000000000000000000000000005\",\"user000000000000000000000000000000000000000000000000000000000006\",\"user000000000000000000000000000000000000000000000000000000000007\",\"user000000000000000000000000000000000000000000000000000000000008\",\"user000000000000000000000000000000000000000000000000000000000009\",\"user000000000000000000000000000000000000000000000000000000000010\",\"user000000000000000000000000000000000000000000000000000000000011\",\"user000000000000000000000000000000000000000000000000000000000012\",\"user000000000000000000000000000000000000000000000000000000000013\",\"user000000000000000000000000000000000000000000000000000000000014\",\"user000000000000000000000000000000000000000000000000000000000015\",\"user000000000000000000000000000000000000000000000000000000000016\"} scope = {\"sudo:root\"} approvers = {\"bob\"}\n\n}\n",
                         "x.conf:2: who: longer than 1024 bytes in all; name a group instead\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo\", \"sudo:root su:root\", \"sudo:root\", \"sudo-i:root\", \"sudo:ALL\", \"s\"} approvers = {\"bob\"}\n\n}\n",
                         "x.conf:2: scope: \"sudo\" is no scope: write SERVICE:ACCOUNT, such as \"sudo:root\"\n"
                         "x.conf:2: scope: \"sudo:root su:root\" holds a blank; write one scope in each string\n"
                         "x.conf:2: scope: \"sudo-i:root\" is named twice (as \"sudo:root\"); leave one\n"
                         "x.conf:2: scope: \"sudo:ALL\" is no scope: none stands for everything; name service and account\n"
                         "x.conf:2: scope: \"s\" is no scope: write SERVICE:ACCOUNT, such as \"sudo:root\"\n"},
                        {"rule \"a\" { }\n",
                         "x.conf:1: who: rule \"a\" names none; write who = {\"alice\", \"%dba\"}\n"
                         "x.conf:1: scope: rule \"a\" names none; write scope = {\"sudo:root\"}\n"
                         "x.conf:1: approvers: rule \"a\" names none; write approvers = {\"bob\", \"%leads\"}, or approvals = 0\n"},
                        {"rule \"a\" {\nwho = {}\nscope = {}\napprovers = {}\n}\n",
                         "x.conf:2: who: rule \"a\" names none; write who = {\"alice\", \"%dba\"}\n"
                         "x.conf:3: scope: rule \"a\" names none; write scope = {\"sudo:root\"}\n"
                         "x.conf:4: approvers: rule \"a\" names none; write approvers = {\"bob\", \"%leads\"}, or approvals = 0\n"},
                        {"rule \"a\" {\neffect = \"deny\"\n}\n",
                         "x.conf:1: who: rule \"a\" names none; write who = {\"alice\", \"%dba\"}\n"
                         "x.conf:1: scope: rule \"a\" names none; write scope = {\"sudo:root\"}\n"},
                        {"rule \"a\" {\napprovals = 0\n}\n",
                         "x.conf:1: who: rule \"a\" names none; write who = {\"alice\", \"%dba\"}\n"
                         "x.conf:1: scope: rule \"a\" names none; write scope = {\"sudo:root\"}\n"},
                        {RULE("approvals = 2"),
                         "x.conf:1: approvers: rule \"a\" wants 2 approvals and names 1; name more people, or want fewer\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"alice\"}\n\n}\n",
                         "x.conf:1: approvers: rule \"a\": nobody approves their own request, so nobody in who could get approvals = 1; name more people\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"alice\", \"bob\"}\napprovals = 2\n}\n",
                         "x.conf:1: approvers: rule \"a\": nobody approves their own request, so nobody in who could get approvals = 2; name more people\n"},
                        {"rule \"a\" {\nwho = {\"alice\", \"bob\"} scope = {\"sudo:root\"} approvers = {\"alice\", \"bob\"} approvals = 2\n}\n",
                         "x.conf:1: approvers: rule \"a\": nobody approves their own request, so nobody in who could get approvals = 2; name more people\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"ssh:bob\"} approvers = {\"bob\"} present = \"typed\"\n\n}\n",
                         "x.conf:1: scope: rule \"a\" lets somebody become \"bob\", who approves in rule \"a\"; take one of the two out\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"%leads\", \"carol\"}\n\n}\nrule \"b\" {\nwho = {\"%staff\"} scope = {\"su:carol\"} approvals = 0\n}\n",
                         "x.conf:5: scope: rule \"b\" lets somebody become \"carol\", who approves in rule \"a\"; take one of the two out\n"},
                        {"rule \"a\" {\nwho = {\"%x\"} scope = {\"su:web\"} approvers = {\"abe\", \"bob\", \"carol\"}\n}\nrule \"b\" {\nwho = {\"%x\"} scope = {\"su:db\"} approvers = {\"abe\", \"bob\", \"carol\"}\n}\n"
                         "rule \"c\" {\nwho = {\"%x\"} scope = {\"su:carol\"} approvals = 0\n}\n",
                         "x.conf:7: scope: rule \"c\" lets somebody become \"carol\", who approves in rule \"a\"; take one of the two out\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"ssh:bob\"} approvers = {\"bob\"}\n}\n",
                         "x.conf:1: scope: rule \"a\" lets somebody become \"bob\", who approves in rule \"a\"; take one of the two out\n"
                         "x.conf:1: present: rule \"a\": ssh:bob is another's account for some in who; write present = \"typed\", or bind = {\"ssh-key\"}\n"},
                        {"\nrule \"t\" {\nwho = {\"alice\"} scope = {\"ssh:alice\", \"ssh:postgres\", \"login:web\"} approvals = 0\n}\n",
                         "x.conf:2: present: rule \"t\": ssh:postgres is another's account for some in who; write present = \"typed\", or bind = {\"ssh-key\"}\n"},
                        {"rule \"t\" {\nwho = {\"%dba\"} scope = {\"sshd:postgres\"} approvals = 0 present = \"held\"\n}\n",
                         "x.conf:1: present: rule \"t\": ssh:postgres is another's account for some in who; write present = \"typed\", or bind = {\"ssh-key\"}\n"},
                        {"rule \"t\" {\nwho = {\"alice\", \"carol\"} scope = {\"ssh:alice\"} approvals = 0\n}\n",
                         "x.conf:1: present: rule \"t\": ssh:alice is another's account for some in who; write present = \"typed\", or bind = {\"ssh-key\"}\n"},
                        {"rule \"t\" {\nwho = {\"%alice\"} scope = {\"su:root\", \"login:alice\"} approvals = 0\n}\n",
                         "x.conf:1: present: rule \"t\": login:alice is another's account for some in who; write present = \"typed\"\n"},
                        {"defaults { present = \"typed\" }\nrule \"t\" {\nwho = {\"alice\"} scope = {\"login:root\"} approvals = 0\npresent = \"held\"\n}\n"
                         "rule \"u\" {\nwho = {\"alice\"} scope = {\"ssh:root\"} approvals = 0\n}\n",
                         "x.conf:2: present: rule \"t\": login:root is another's account for some in who; write present = \"typed\"\n"},
                        /* ---- patterns ---- */
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"*\", \"sudo:~x\", \"~:root\", \"ssh:~\", \"sshd:~\", \"su:\"} approvers = {\"%x\"}\n}\n",
                         "x.conf:2: scope: \"*\" is no scope: write SERVICE:ACCOUNT, such as \"sudo:root\"\n"
                         "x.conf:2: scope: \"sudo:~x\" is no scope: the account after the colon is the name of a user, such as root in \"sudo:root\"\n"
                         "x.conf:2: scope: \"~:root\" is no scope: the service before the colon is 1 to 64 of a-z 0-9 _ -, such as sudo in \"sudo:root\"\n"
                         "x.conf:2: scope: \"sshd:~\" is named twice (as \"ssh:~\"); leave one\n"
                         "x.conf:2: scope: \"su:\" is no scope: the account after the colon is the name of a user, such as root in \"sudo:root\"\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:b*\"} approvers = {\"bob\"}\n}\n",
                         "x.conf:1: scope: rule \"a\" lets somebody become \"bob\", who approves in rule \"a\"; take one of the two out\n"},
                        {"rule \"a\" {\nwho = {\"%x\"} scope = {\"su?:web\", \"*:web\"} approvals = 0\n}\n"
                         "rule \"b\" {\nwho = {\"%x\"} scope = {\"s*:web\"} approvals = 0\n}\n",
                         "x.conf:1: present: rule \"a\": *:web is another's account for some in who; write present = \"typed\", or bind = {\"ssh-key\"}\n"
                         "x.conf:4: present: rule \"b\": s*:web is another's account for some in who; write present = \"typed\", or bind = {\"ssh-key\"}\n"},
                        {RULE("hosts = {\"a b\", \"\", \"[x]\", \"db*.example.org\", \"DB*.Example.Org\"}"), "x.conf:3: hosts: \"a b\" is no name of a host; write 1 to 255 of A-Z a-z 0-9 . - and the patterns * and ?\n"
                                                                                                             "x.conf:3: hosts: \"\" is no name of a host; write 1 to 255 of A-Z a-z 0-9 . - and the patterns * and ?\n"
                                                                                                             "x.conf:3: hosts: \"[x]\" is no name of a host; write 1 to 255 of A-Z a-z 0-9 . - and the patterns * and ?\n"
                                                                                                             "x.conf:3: hosts: \"db*.example.org\" is named twice; leave one\n"},
                        {RULE("hosts = {} commands = {}\nwhen = {}"),
                         "x.conf:3: hosts: an empty list; name what is meant, or leave the key out\n"
                         "x.conf:3: commands: an empty list; name what is meant, or leave the key out\n"
                         "x.conf:4: when: an empty list; name what is meant, or leave the key out\n"},
                        {RULE("commands = {\"id\", \"/\", \"/bin/\", \"/bin//id\", \"/bin/../id\", \"/bin/./id\", \"/bin/id  x\", \"/bin/id \", \"/bin/id\", \"/bin/id\", \"/bin/cat /../x\"}"),
                         "x.conf:3: commands: \"id\" begins with no path; write it from / on, such as \"/usr/bin/id\"\n"
                         "x.conf:3: commands: \"/\" begins with no path; write it from / on, such as \"/usr/bin/id\"\n"
                         "x.conf:3: commands: \"/bin/\" names a directory; name the program\n"
                         "x.conf:3: commands: \"/bin//id\" holds no plain path; leave out \"//\", \".\" and \"..\"\n"
                         "x.conf:3: commands: \"/bin/../id\" holds no plain path; leave out \"//\", \".\" and \"..\"\n"
                         "x.conf:3: commands: \"/bin/./id\" holds no plain path; leave out \"//\", \".\" and \"..\"\n"
                         "x.conf:3: commands: \"/bin/id  x\" holds a blank too many; separate words by one\n"
                         "x.conf:3: commands: \"/bin/id \" holds a blank too many; separate words by one\n"
                         "x.conf:3: commands: \"/bin/id\" is named twice; leave one\n"},
                        {RULE("effect = \"deny\"\ncommands = {\"/bin/sh\"}"),
                         "x.conf:4: commands: rule \"a\": a rule that denies some commands is walked around by another name of the same; take commands out, and list what is allowed instead\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\", \"su:root\"} approvers = {\"bob\"}\ncommands = {\"/bin/id\"}\n}\n",
                         "x.conf:3: commands: rule \"a\": sudo alone knows commands; take the other scopes out, or commands\n"},
                        {RULE("via = \"\""),
                         "x.conf:3: via: \"\" is the name of no trust; write 1 to 64 of A-Z a-z 0-9 . _ -\n"},
                        {RULE("via = \"git lab\""),
                         "x.conf:3: via: \"git lab\" is the name of no trust; write 1 to 64 of A-Z a-z 0-9 . _ -\n"},
                        /* ---- windows ---- */
                        {RULE("when = {\"always\", \"mon-fri\", \"mon-wed,thu,fri\"}"),
                         "x.conf:3: when: \"always\" names no days; write mon tue wed thu fri sat sun, such as \"mon-fri\" or \"sat,sun\", each day once\n"
                         "x.conf:3: when: \"mon-wed,thu,fri\" is there twice; leave one\n"},
                        {RULE("when = {\"mon-mon\", \"mon,mon\", \"mon-wed,tue\", \"Mon\", \"mon-\"}"),
                         "x.conf:3: when: \"mon-mon\" names no days; write mon tue wed thu fri sat sun, such as \"mon-fri\" or \"sat,sun\", each day once\n"
                         "x.conf:3: when: \"mon,mon\" names no days; write mon tue wed thu fri sat sun, such as \"mon-fri\" or \"sat,sun\", each day once\n"
                         "x.conf:3: when: \"mon-wed,tue\" names no days; write mon tue wed thu fri sat sun, such as \"mon-fri\" or \"sat,sun\", each day once\n"
                         "x.conf:3: when: \"Mon\" names no days; write mon tue wed thu fri sat sun, such as \"mon-fri\" or \"sat,sun\", each day once\n"
                         "x.conf:3: when: \"mon-\" names no days; write mon tue wed thu fri sat sun, such as \"mon-fri\" or \"sat,sun\", each day once\n"},
                        {RULE("when = {\"\", \"mon \", \"mon8:00-9:00\", \"mon 8:00-9:00\", \"08:00\", \"08:00-\", \"08:60-09:00\", \"24:00-02:00\", \"20:00-24:01\", \"mon  08:00-09:00\"}"),
                         "x.conf:3: when: \"\" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"
                         "x.conf:3: when: \"mon \" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"
                         "x.conf:3: when: \"mon8:00-9:00\" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"
                         "x.conf:3: when: \"mon 8:00-9:00\" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"
                         "x.conf:3: when: \"08:00\" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"
                         "x.conf:3: when: \"08:00-\" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"
                         "x.conf:3: when: \"08:60-09:00\" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"
                         "x.conf:3: when: \"24:00-02:00\" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"
                         "x.conf:3: when: \"20:00-24:01\" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"
                         "x.conf:3: when: \"mon  08:00-09:00\" holds no times of the day; write for example \"mon-fri 08:00-18:00\" or \"22:00-06:00\"\n"},
                        {RULE("when = {\"08:00-08:00\", \"mon 08:00-09:00,10:00-11:00\"}"),
                         "x.conf:3: when: \"08:00-08:00\" ends where it begins; leave the times out for the whole day\n"
                         "x.conf:3: when: \"mon 08:00-09:00,10:00-11:00\" goes on after its times; write each window as a string of its own\n"},
                        /* ---- tickets ---- */
                        {RULE("ticket = \"\""),
                         "x.conf:3: ticket: \"\" is empty; leave the key out where no ticket is wanted\n"},
                        {RULE("ticket = \"(a)\\\\1\""),
                         "x.conf:3: ticket: \"(a)\\1\" holds a back-reference; write out what it stands for\n"},
                        {RULE("ticket = \"\\\\d+\""),
                         "x.conf:3: ticket: \"\\d+\" holds a backslash before a letter or at its end; write it before the sign that is meant, such as \\.\n"},
                        {RULE("ticket = \"a{17}\""),
                         "x.conf:3: ticket: \"a{17}\" holds a count over 16; write a smaller one, or + without a count\n"},
                        {RULE("ticket = \"a{1,17}\""),
                         "x.conf:3: ticket: \"a{1,17}\" holds a count over 16; write a smaller one, or + without a count\n"},
                        {RULE("ticket = \"(a{9}b){9}\""),
                         "x.conf:3: ticket: \"(a{9}b){9}\" holds a count after another repeat or around one; write it out\n"},
                        {RULE("ticket = \"a+{9}\""),
                         "x.conf:3: ticket: \"a+{9}\" holds a count after another repeat or around one; write it out\n"},
                        {RULE("ticket = \"a{,3}\""),
                         "x.conf:3: ticket: \"a{,3}\" holds a { that begins no count; write \\{ for the sign itself, or {3}\n"},
                        {RULE("ticket = \"a{3\""),
                         "x.conf:3: ticket: \"a{3\" holds a { that begins no count; write \\{ for the sign itself, or {3}\n"},
                        {RULE("ticket = \"[a\""),
                         "x.conf:3: ticket: \"[a\" holds a [ without its ]; write \\[ for the sign itself\n"},
                        {RULE("ticket = \"a)\""),
                         "x.conf:3: ticket: \"a)\" holds a ) without its (; write \\) for the sign itself\n"},
                        {RULE("ticket = \"(a\""),
                         "x.conf:3: ticket: \"(a\" is no extended regular expression: Unmatched ( or \\(\n"},
                        {RULE("ticket = \"[z-a]\""),
                         "x.conf:3: ticket: \"[z-a]\" is no extended regular expression: Invalid range end\n"},
                        {RULE("ticket = \"" NAME_64 NAME_64 "x\""),
                         "x.conf:3: ticket: \"" NAME_64 NAME_64 "x\" is longer than 128 bytes\n"},
                        /* ---- the other keys ---- */
                        {RULE("denials = 0"),
                         "x.conf:3: denials: 0 is out of range; write 1 to 16\n"},
                        {RULE("denials = 17"),
                         "x.conf:3: denials: 17 is out of range; write 1 to 16\n"},
                        {RULE("bind = {\"tty\", \"ssh-key\"}"),
                         "x.conf:3: bind: \"tty\" is nothing that a token is bound to; write \"ssh-key\"\n"
                         "x.conf:3: bind: \"ssh-key\" is all there is; write bind = {\"ssh-key\"}\n"},
                        {RULE("knock = \"true\""),
                         "x.conf:3: knock: takes true or false, without quotes: knock = true\n"},
                        {RULE("knock = true"),
                         "x.conf:3: knock: rule \"a\": only ssh logins knock; take it out, or name an ssh scope\n"},
                        {RULE("at-end = \"kill\""),
                         "x.conf:3: at-end: \"kill\" is neither \"keep\" nor \"terminate\"\n"},
                        {RULE("keep-max = \"1h\""),
                         "x.conf:3: keep-max: rule \"a\": nothing is kept; write at-end = \"keep\" beside it, or take it out\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"ssh:alice\"} approvers = {\"bob\"}\nat-end = \"keep\"\n}\n",
                         "x.conf:3: at-end: rule \"a\": a login cannot be kept past its grant; write at-end = \"terminate\"\n"},
                        {"rule \"a\" {\nwho = {\"alice\"} scope = {\"s*:app\"} approvers = {\"bob\"} present = \"typed\"\nat-end = \"keep\"\n}\n",
                         "x.conf:3: at-end: rule \"a\": a login cannot be kept past its grant; write at-end = \"terminate\"\n"},
                        {"defaults { at-end = \"keep\" }\nrule \"a\" {\nwho = {\"alice\"} scope = {\"login:alice\"} approvers = {\"bob\"}\n}\n",
                         "x.conf:2: at-end: rule \"a\": a login cannot be kept past its grant; write at-end = \"terminate\"\n"},
                        {RULE("warn = \"2h\""),
                         "x.conf:3: warn: 2h is above max, which is 1h; write that or less\n"},
                        {RULE("warn = \"2\""),
                         "x.conf:3: warn: \"2\" is no length of time; write for example \"15m\" or \"1h30m\"\n"},
                        {"defaults { hosts = {\"a b\"} when = {\"x\"} ticket = \"(\" }\nrule \"a\" {\nwho = {\"alice\"} scope = {\"sudo:root\"} approvers = {\"bob\"}\n}\n",
                         "x.conf:1: hosts: \"a b\" is no name of a host; write 1 to 255 of A-Z a-z 0-9 . - and the patterns * and ?\n"
                         "x.conf:1: when: \"x\" names no days; write mon tue wed thu fri sat sun, such as \"mon-fri\" or \"sat,sun\", each day once\n"
                         "x.conf:1: ticket: \"(\" is no extended regular expression: Unmatched ( or \\(\n"},
                        {"rule \"a\" {\nwho = \"alice\"\nscope = {\"sudo:[ab]\"}\nbogus = 1\nmax = \"0s\"\n}\nrule \"b\" {\nuses = 03\n}\nx = 1\n",
                         "x.conf:2: who: takes a list of at most 256 strings, in braces and double quotes: who = {\"...\", \"...\"}\n"
                         "x.conf:4: bogus: unknown key; known here: who scope commands hosts via when approvers approvals denials max default pending token-ttl uses present bind knock reason ticket at-end keep-max warn effect\n"
                         "x.conf:8: uses: takes a whole number, in decimal digits without quotes, sign or leading zero: uses = 2\n"
                         "x.conf:10: x: a key outside every block; write it into one\n"
                         "x.conf:3: scope: \"sudo:[ab]\" is no scope: the account after the colon is the name of a user, such as root in \"sudo:root\"\n"
                         "x.conf:5: max: \"0s\" is not above 0; write for example \"15m\"\n"},
};

static void what_is_wrong_is_said_with_file_line_and_key(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct policy_source source = {"x.conf", refused[i].text};
		struct policy *policy = NULL;
		struct heard heard = {0};
		int r = policy_parse(&source, 1, &(struct policy_site){.max_grant = 43200}, hear,
		                     &heard, &policy);
		if (r != -EINVAL || strcmp(heard.text, refused[i].lines))
			fail_msg("\n%s\ngave %d and\n%sfor\n%s", refused[i].text, r, heard.text,
			         refused[i].lines);
		assert_null(policy);
		assert_int_not_equal(heard.errors, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_wrong_is_said_with_file_line_and_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
