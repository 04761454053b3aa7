# SPDX-License-Identifier: Apache-2.0
"""The throw-away machine itself: whose login uid people run under, and that nothing is left of the host's people."""
from harness import *

LOGIN = "/proc/self/loginuid"
UNSET = "4294967295"


def login_uid(user, *, set_first=None, **more):
    """What `as USER` gives; from a shell whose login uid is set_first."""
    if set_first is None:
        return run(user, "cat", LOGIN, **more).output.strip()
    return subprocess.run(["bash", "-c", f"echo {set_first} >{LOGIN} && exec {AS} {user} cat {LOGIN}"],
                          capture_output=True, text=True).stdout.strip()


if os.path.exists(LOGIN):
    check("as: a person's own login uid", login_uid("alice") == "2001", login_uid("alice"))
    check("as: another login uid becomes the person's", login_uid("alice", set_first=2002) == "2001")
    check("as --no-loginuid: none", login_uid("alice", login_uid=False) == UNSET)
who = run("alice", "id")
check("as: all ids and groups", who.output.strip() == "uid=2001(alice) gid=2001(alice) groups=2001(alice)", who)
traced = run("alice", "grep", "-E", "^(Uid|Gid|CapEff|CapPrm):", "/proc/self/status").output.split()
check("as: nothing of root is left", set(traced) == {"Uid:", "Gid:", "CapEff:", "CapPrm:", "2001", "0" * 16}, traced)
check("as: no such person", run("mallory", "id").code == 125)
people = [line.split(":")[0] for line in open("/etc/passwd") if 1000 <= int(line.split(":")[2]) < 65534]
check("only alice, bob and carol live here", people == ["alice", "bob", "carol"], people)
pam("su", "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n")
check("passwords are as told", run("alice", "su", "bob", "-c", "id", stdin="pw-bob\n").code == 0)
finish()
