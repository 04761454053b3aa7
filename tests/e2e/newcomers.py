# SPDX-License-Identifier: Apache-2.0
"""
Eight mistakes that people make on their first day with rules, and all that `jitd-admin policy check` says of each: file,
line, key, what is wrong and what would be right. carol checks a draft of her own in ~/rules; everything that she reads
is held against the words below, and is printed, so that it can be quoted.
"""
from commands_tool import *

DRAFT = pathlib.Path("/home/carol/rules")
CAROL = 2003
GOOD = """rule "db-maintenance" {
	who       = {"%dba"}
	scope     = {"sudo:postgres"}
	approvers = {"%leads"}
	max       = "15m"
}
"""


def wrong(old, new):
    """The good rule with one thing done wrong."""
    if GOOD.count(old) != 1:
        raise SystemExit(f"the good rule does not hold {old!r} once")
    return GOOD.replace(old, new)


SHADOWED = GOOD + """
rule "db-backup" {
	who       = {"%dba"}
	scope     = {"sudo:postgres"}
	approvers = {"%leads"}
	max       = "8h"
}
"""

# what it is, the files of the draft (text, mode), the exit code, what is printed
MISTAKES = (
    ("a wrong unit", {"10-db.conf": (wrong('"15m"', '"15 min"'), 0o644)}, 1, """\
rules/10-db.conf:5: max: "15 min" is no length of time; write for example "15m" or "1h30m"
1 error
"""),
    ("a group that nobody has made", {"10-db.conf": (wrong('"%dba"', '"%dbas"'), 0o644)}, 0, """\
warning: rules/10-db.conf:1: who: rule "db-maintenance": no group "dbas" on this host; correct the name, or make the group
1 rule, no error
"""),
    ("a key with a typo", {"10-db.conf": (wrong("approvers", "aprovers"), 0o644)}, 1, """\
rules/10-db.conf:4: aprovers: unknown key; did you mean approvers?
1 error
"""),
    ("a brace that is missing", {"10-db.conf": (GOOD.removesuffix("}\n"), 0o644)}, 1, """\
rules/10-db.conf:1: rule: the block that begins here has no end; close it with }
1 error
"""),
    ("a rule that an earlier one hides", {"10-db.conf": (SHADOWED, 0o644)}, 0, """\
warning: rules/10-db.conf:8: rule: "db-backup" never decides: rule "db-maintenance" (rules/10-db.conf:1) matches first; \
put it before that one, or take it out
2 rules, no error
"""),
    ("oneself as the only approver",
     {"10-db.conf": (wrong('{"%dba"}', '{"alice"}').replace('{"%leads"}', '{"alice"}'), 0o644)}, 1, """\
rules/10-db.conf:1: approvers: rule "db-maintenance": nobody approves their own request, so nobody in who could get \
approvals = 1; name more people
1 error
"""),
    ("a file that others may write to", {"10-db.conf": (GOOD, 0o666)}, 1, """\
rules/10-db.conf: mode 0666 lets others in; remove 0022 (chmod 0644 rules/10-db.conf)
1 error
"""),
    ("a file from another system, and a tab in a name",
     {"10-db.conf": (GOOD.replace("\n", "\r\n"), 0o644), "20-db.conf": (wrong('"%leads"', '"%leads\t"'), 0o644)}, 1, """\
rules/10-db.conf:1: a carriage return; end lines with a newline alone
rules/20-db.conf:4: a tab in a string; take it out
2 errors
"""),
)


def draft(files):
    """~/rules holds exactly these, and belongs to carol."""
    shutil.rmtree(DRAFT, ignore_errors=True)
    DRAFT.mkdir(mode=0o755)
    os.chown(DRAFT, CAROL, CAROL)
    for name, (text, mode) in files.items():
        path = DRAFT / name
        path.write_bytes(text.encode())
        path.chmod(mode)
        os.chown(path, CAROL, CAROL)


def policy_check():
    return tool("carol", "sh", "-c", "cd && exec jitd-admin policy check rules")


def quote(name, said):
    print(f"# {name}:")
    for line in said.out.splitlines():
        print(f"#     {line}")


def try_mistake(name, files, code, says):
    draft(files)
    said = policy_check()
    quote(name, said)
    check(f"{name}: all that is said", said.code == code and not said.err and said.out == says, said)


def try_set_right():
    """What the words above tell people to write is taken, and there is nothing more to say."""
    draft({"10-db.conf": (GOOD, 0o644)})
    done("set right", policy_check(), "^1 rule, no error\n$")


def try_all_at_once():
    """Who makes several mistakes hears of all of them, not of one after the other."""
    text = wrong('"15m"', '"15 min"').replace("approvers", "aprovers") + wrong('"%dba"', "%dba")
    draft({"10-db.conf": (text, 0o644), "20-db.conf": (GOOD.removesuffix("}\n"), 0o644)})
    said = policy_check()
    quote("five mistakes in two files", said)
    check("five mistakes in two files: each with its line", said.code == 1 and said.out == """\
rules/10-db.conf:4: aprovers: unknown key; did you mean approvers?
rules/10-db.conf:8: who: takes a list of at most 256 strings, in braces and double quotes: who = {"...", "..."}
rules/20-db.conf:1: rule: the block that begins here has no end; close it with }
rules/10-db.conf:5: max: "15 min" is no length of time; write for example "15m" or "1h30m"
rules/10-db.conf:7: rule: the title "db-maintenance" is taken, in rules/10-db.conf:1; choose another
5 errors
""", said)


with open("/etc/group", "a") as group:
    group.write("dba:x:3001:alice\nleads:x:3002:bob\n")
with open("/etc/passwd", "a") as passwd:
    passwd.write("postgres:x:3003:3003::/home:/bin/sh\n")
for mistake in MISTAKES:
    try_mistake(*mistake)
try_set_right()
try_all_at_once()
finish()
