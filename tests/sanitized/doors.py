# SPDX-License-Identifier: Apache-2.0
"""Each door once in each way that its code takes: a held token, a code, a token, no access, nothing typed, far too much
typed. Under the sanitizers: what counts is that every hook was passed, and what they have to say about it."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from harness import *
from login_door import TOKEN, login
from ssh_door import *

POLICY = """
rule "alice" { who = {"alice"} scope = {"sudo:root", "su:bob", "ssh:alice", "login:alice"} approvers = {"carol"} }
"""
LENGTHS = (1500,) if sys.argv[2:] == ["once"] else (0, 510, 512, 1023, 1500)
PROMPT = re.escape(TOKEN)
OWN, ROOT, BOB = "uid=2001(alice)", "uid=0(root)", "uid=2002(bob)"


def secret(access, *more):
    """What `jit token` prints."""
    said = run("alice", "jit", "token", str(access), *more)
    if said.code != 0:
        raise SystemExit(f"jit token {access}: {said}")
    return said.output.strip()


def at_terminal(*argv):
    """The token is asked for where nothing is held; each time another answer."""
    for length in LENGTHS:
        tried = run_pty("alice", *argv, answers=[(PROMPT, "x" * length)])
        check(f"{argv[0]}: an answer of {length} bytes opens nothing", tried.code not in (0, "timeout"), tried)


pam("sshd", witnessed())
give_key("alice")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) ALL")
with Jitd() as jitd:
    check("sudo without access", run("alice", "sudo", "-S", "id").code == 1)
    check("su without access", run("alice", "su", "bob", "-c", "id").code == 1)
    at_terminal("sudo", "id")
    at_terminal("su", "bob", "-c", "id")
    held = {scope: grant("alice", scope, by="carol") for scope in ("sudo:root", "su:bob", "ssh:alice", "login:alice")}
    cell("sudo, held", jitd, run("alice", "sudo", "-S", "id"), opens=ROOT)
    cell("sudo -i, held", jitd, run("alice", "sudo", "-i", "id"), opens=ROOT)
    cell("su, held", jitd, run("alice", "su", "bob", "-c", "id"), opens=BOB)
    with Sshd("publickey publickey,keyboard-interactive keyboard-interactive password"):
        cell("ssh, key", jitd, ssh_key("alice", "id"), opens=OWN)
        cell("ssh, code", jitd, ssh_kbdint("alice", "id", answer=secret(held["ssh:alice"], "--code")), opens=OWN)
        cell("ssh, token", jitd, ssh_kbdint("alice", "id", answer=secret(held["ssh:alice"])), opens=OWN)
        cell("ssh, code as password", jitd, ssh_password("alice", "id", answer=secret(held["ssh:alice"], "--code")),
             opens=OWN)
        for length in LENGTHS:
            tried = ssh_kbdint("alice", "id", answer="x" * length)
            check(f"ssh: an answer of {length} bytes opens nothing", tried.code not in (0, "timeout"), tried)
        stranger = ssh_kbdint("alice", "id", to="mallory", answer="x")
        check("ssh: an unknown account", stranger.code not in (0, "timeout"), stranger)
    cell("login, code", jitd, login("alice", token=secret(held["login:alice"], "--code"), timeout=15), opens=OWN)
    tried = login("alice", token="x" * 1500, timeout=15)
    check("login: an answer of 1500 bytes opens nothing", OWN not in tried.output, tried)
    revoke("carol", held["ssh:alice"])
    with Sshd("publickey"):
        cell("ssh, key, revoked", jitd, ssh_key("alice", "id"), opens=False)
    jitd.stop()
    with Sshd("publickey"):
        check("ssh, jitd stopped", ssh_key("alice", "id").code not in (0, "timeout"))
finish()
