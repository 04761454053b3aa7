# SPDX-License-Identifier: Apache-2.0
"""
Where nobody vouches, everybody hears the same: a user that does not exist, one without access, one with an access and
the wrong token, at the prompt and as the password. No refusal comes before jitd's 50 ms are over, whatever it took
to find; how alike the times are is for tests/bench/refusals.py.
"""
from harness import *
from pam_host import SUCCESS, Login, logins
from ssh_door import *

POLICY = """
rule "own" { who = {"alice", "carol"} scope = {"ssh:alice", "ssh:carol"} approvers = {"bob"} present = "typed" }
"""
KBDINT, PASSWORD = 2701, 2702


def fresh(access, *kind):
    return run("alice", "jit", "token", str(access), *kind).output.strip()


def other(token):
    """With one character of the signature broken."""
    return token[:-40] + ("A" if token[-40] != "A" else "B") + token[-39:]


def people():
    """Who, to which account, with what, and why jitd refuses. root's and strangers' answers do not come through sshd."""
    access = grant("alice", "ssh:alice", by="bob")
    good, used, gone = fresh(access), fresh(access), fresh(grant("alice", "ssh:alice", by="bob"))
    opened = ssh_kbdint("alice", "id", answer=used, port=KBDINT)
    check("a good token opens", opened.code == 0 and "uid=2001(alice)" in opened.output, opened)
    revoke("bob", access + 1)
    code = fresh(access, "--code")
    request("carol", "ssh:carol")
    return [
        ("a user that does not exist", "mallory", other(good), "not-a-token"),
        ("a user that does not exist, with a good token", "mallory", good, "not-a-token"),
        ("a user without access, with a broken token", "bob", other(good), "token-signature"),
        ("a user without access, with another's good token", "bob", good, "wrong-account"),
        ("a user whose access is pending", "carol", other(good), "token-signature"),
        ("a user with access, with a broken token", "alice", other(good), "token-signature"),
        ("a user with access, with a used token", "alice", used, "token-used"),
        ("a user with access, with a token of a revoked access", "alice", gone, "revoked"),
        ("a user with access, with a code that is not", "alice", code[:-1] + ("0" if code[-1] != "0" else "1"), "not-a-token"),
        ("a user with access, with the login password", "alice", "pw-alice", "not-a-token"),
        ("a user with access, with nothing", "alice", "", "nothing-typed"),
        ("a user with access, with a token that looks like nothing", "alice", "a.b.c", "token-form"),
        ("root", "root", other(good), "not-a-token"),
        ("a system account", "daemon", other(good), "token-signature"),
    ]


def seen(attempt, account):
    """All that somebody outside can tell of an attempt."""
    def plain(text):
        return text.replace(account, "USER")
    return attempt.code, plain(attempt.output), tuple(map(plain, attempt.prompts))


def alike(name, method, port, everybody):
    heard = {}
    for who, account, answer, reason in everybody:
        attempt = method("bob", "id", answer=answer, port=port, to=account)
        found = jitd.find(attempt, verdict="deny")
        check(f"{name}, {who}: refused, {reason}", [event["reason"] for event in found] == [reason] and attempt.code == 255,
              f"{found} {attempt}")
        heard.setdefault(seen(attempt, account), []).append(who)
    check(f"{name}: all {len(everybody)} saw and read the same", len(heard) == 1, heard)
    print(f"# {name}: {next(iter(heard))}")


def none_sooner(everybody):
    """Through the PAM host, which is there in a few milliseconds."""
    times = {}
    for who, account, answer, _ in everybody:
        begun = time.monotonic()
        result = logins([Login(account, "127.7.0.1", answer)])[0]
        times[who] = (time.monotonic() - begun) * 1000
        if result.auth == SUCCESS:
            raise SystemExit(f"{who} passed")
    check("none is refused sooner than after 50 ms", min(times.values()) >= 49.5, times)
    print(f"# from {min(times.values()):.0f} to {max(times.values()):.0f} ms")


pam("sshd", witnessed())
policy(POLICY)
with Sshd("keyboard-interactive", KBDINT), Sshd("password", PASSWORD), Jitd() as jitd:
    everybody = people()
    alike("prompt", ssh_kbdint, KBDINT, everybody)
    none_sooner(everybody)
    # an empty password never reaches PAM
    alike("password", ssh_password, PASSWORD, [one for one in everybody if one[2]])
finish()
