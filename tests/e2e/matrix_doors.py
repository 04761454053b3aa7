# SPDX-License-Identifier: Apache-2.0
"""The doors of the matrix: what is typed, under which sudoers, which phases ask pam_jit, what shows that it opened."""
import contextlib
import pathlib
import subprocess
from typing import Callable, NamedTuple

import pexpect

from harness import AS, Attempt, Jitd, run, run_pty, sudoers

UIDS = {"root": 0, "alice": 2001, "bob": 2002}
NOPASSWD = "alice ALL=(ALL:ALL) NOPASSWD: ALL"
PASSWORD = "alice ALL=(ALL:ALL) ALL"
NO_SESSION = "Defaults !pam_session"
NO_ACCOUNT = "Defaults !pam_acct_mgmt"
EDITED = pathlib.Path("/etc/edit-me")

# ---- what an opened door runs ----

PROGRAMS = {
    "opened": 'echo "opened by $(id -u)"\nenv | sed "s/^/env /"\n',
    "editor": 'echo "opened by $(id -u)"\nenv | sed "s/^/env /"\necho edited >"$1"\n',
}


def programs():
    for name, text in PROGRAMS.items():
        path = pathlib.Path("/usr/local/bin") / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)


def copies():
    """What sudoedit left of the file for alice to read."""
    found = [path for path in pathlib.Path("/var/tmp").glob(EDITED.name + ".*") if path.stat().st_uid == UIDS["alice"]]
    texts = [path.read_text() for path in found]
    for path in found:
        path.unlink()
    return texts


# ---- how a door is tried ----


def plain(door, _, stdin=""):
    return run(door.user, *door.argv, stdin=stdin)


def typing(door, _):
    """sudo -S reads an answer there, where the stack asks for one; ours must not."""
    return plain(door, _, stdin="pw-alice\n")


def terminal(door, _):
    return run_pty(door.user, *door.argv)


def ticket(door):
    """A terminal on which a first sudo has opened; the second is the attempt, in the shell's own process."""
    sudoers(*door.rules)
    twice = 'sudo "$@" >/dev/null && read -r -p "go on? " && exec sudo "$@"'
    child = pexpect.spawn(AS, [door.user, "bash", "-c", twice, "-", *door.argv[1:]], timeout=30, encoding="utf-8",
                          codec_errors="replace")
    if child.expect([r"go on\? ", pexpect.EOF, pexpect.TIMEOUT]) != 0:
        raise SystemExit(f"the first sudo on this terminal did not open: {child.before}")
    return child


def again(_, child):
    attempt = Attempt(Jitd.running)
    attempt.pid = child.pid
    child.sendline()
    child.expect([pexpect.EOF])
    child.close()
    return attempt.ended(child.exitstatus, child.before)


@contextlib.contextmanager
def expired_password():
    subprocess.run(["chage", "-d", "0", "alice"], check=True)
    yield
    subprocess.run(["chage", "-d", "19000", "alice"], check=True)


# ---- how it is seen that it opened ----


def runs(door, attempt):
    return [] if f"opened by {UIDS[door.target]}\n" in attempt.text else [f"nothing ran as {door.target}"]


def edits(_, attempt):
    """The editor is alice's own process; what opens is the file."""
    found = EDITED.stat()
    good = EDITED.read_text() == "edited\n" and found.st_uid == 0 and found.st_mode & 0o777 == 0o600
    wrong = [] if "opened by 2001\n" in attempt.text else ["no editor ran"]
    return wrong + ([] if good else ["the file was not edited"])


def lists(_, attempt):
    return [] if "may run the following commands" in attempt.text else ["it does not list"]


def validates(_, attempt):
    return [] if attempt.text == "" else ["it says something"]


# ---- the doors ----


class Door(NamedTuple):
    name: str
    argv: tuple
    rules: tuple = (NOPASSWD,)
    phases: tuple = ("account", "open-session")  # in which pam_jit is asked
    target: str = "root"
    service: str = "sudo"  # as in scopes
    pam: str = "sudo"  # the PAM service
    user: str = "alice"
    prepare: Callable = lambda door: None
    run: Callable = plain
    proof: Callable = runs
    around: Callable = contextlib.nullcontext
    never: str = ""  # what refuses it whatever jitd says: "sudo", "module"

    @property
    def scope(self):
        return f"{self.service}:{self.target}"


AUTH = ("auth", "account", "open-session")
EDIT = ("env", "SUDO_EDITOR=/usr/local/bin/editor", "sudoedit", str(EDITED))
SU = {"service": "su", "pam": "su", "phases": AUTH}
ROOT = {"user": "root", "phases": ()}

DOORS = (
    Door("sudo, password rule, terminal", ("sudo", "opened"), (PASSWORD,), AUTH, run=terminal),
    Door("sudo -S, password rule", ("sudo", "-S", "opened"), (PASSWORD,), AUTH, run=typing),
    Door("sudo, NOPASSWD", ("sudo", "opened")),
    Door("sudo, cached ticket", ("sudo", "opened"), (PASSWORD,), prepare=ticket, run=again),
    Door("sudo -u bob", ("sudo", "-u", "bob", "opened"), target="bob"),
    Door("sudo -u bob, password rule", ("sudo", "-u", "bob", "opened"), (PASSWORD,), AUTH, target="bob"),
    Door("sudo -i", ("sudo", "-i", "opened"), pam="sudo-i"),
    Door("sudo -l", ("sudo", "-l"), phases=("account",), proof=lists),
    Door("sudo -l, password rule", ("sudo", "-l"), (PASSWORD,), ("auth", "account"), proof=lists),
    Door("sudo -v", ("sudo", "-v"), phases=("account",), proof=validates),
    Door("sudo -v, password rule", ("sudo", "-v"), (PASSWORD,), ("auth", "account"), proof=validates),
    Door("sudo -n, NOPASSWD", ("sudo", "-n", "opened")),
    Door("sudo -n, password rule", ("sudo", "-n", "opened"), (PASSWORD,), (), never="sudo"),
    Door("sudoedit", EDIT, proof=edits),
    Door("sudoedit, password rule", EDIT, (PASSWORD,), AUTH, proof=edits),
    Door("sudo, !pam_session", ("sudo", "opened"), (NOPASSWD, NO_SESSION), ("account",)),
    Door("sudo, !pam_session, password rule", ("sudo", "opened"), (PASSWORD, NO_SESSION), ("auth", "account")),
    Door("sudo, !pam_acct_mgmt", ("sudo", "opened"), (NOPASSWD, NO_ACCOUNT), ("open-session",)),
    Door("sudo, !pam_acct_mgmt, password rule", ("sudo", "opened"), (PASSWORD, NO_ACCOUNT), ("auth", "open-session")),
    Door("sudoedit, !pam_acct_mgmt", EDIT, (NOPASSWD, NO_ACCOUNT), ("open-session",), proof=edits, never="module"),
    Door("sudoedit, !pam_acct_mgmt, password rule", EDIT, (PASSWORD, NO_ACCOUNT), ("auth", "open-session"),
         proof=edits),
    Door("sudo, NOPASSWD, expired password", ("sudo", "opened"), around=expired_password),
    Door("su", ("su", "-c", "opened"), **SU),
    Door("su -", ("su", "-", "-c", "opened"), **SU | {"pam": "su-l"}),
    Door("su bob", ("su", "bob", "-c", "opened"), target="bob", **SU),
    Door("root's own sudo", ("sudo", "opened"), **ROOT),
    Door("root's own sudo -u bob", ("sudo", "-u", "bob", "opened"), target="bob", **ROOT),
    Door("root's own sudo, !pam_acct_mgmt", ("sudo", "opened"), (NO_ACCOUNT,), never="module", user="root"),
    Door("root's own su", ("su", "-c", "opened"), **SU | ROOT),
    Door("root's own su - bob", ("su", "-", "bob", "-c", "opened"), target="bob", **SU | ROOT),
)
