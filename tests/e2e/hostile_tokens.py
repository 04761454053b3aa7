# SPDX-License-Identifier: Apache-2.0
"""
Every kind of hostile token, and good ones however they are written, through `token explain` and through real PAM: none
of the former opens, none of the latter is refused, jitd lives. All are signed with jitd's own key where the attack is
not in the signature, and all have their row in its database, so that nothing but the attack is in the way.
JIT_HOSTILE: how many times over (about 4000 each); JIT_SEED: which ones.
"""
import collections
import random

from harness import *
from pam_host import NOT_REACHED
from ssh_door import *
from token_crowd import (ALONE, SEED, at_host, explain_all, host_all, kibibytes, refused_for, sample, shown,
                         used_ones)
from token_rows import Row, burned, keep, one_number, signing_key
from wire import Explain

from forge import EcKey, Draft  # noqa: E402: token_rows says where it is
from generate import Mint, counted, generate

PASSES = int(os.environ.get("JIT_HOSTILE", 1))
HOST, PORT = "pam-jit", 2501
IN, ROOT = "uid=2001(alice)", "uid=0(root)"
SOME = {"sshd": 16, "sudo": 40, "tool": 40}  # through the slower doors
POLICY = """
defaults { max = "8h" default = "8h" present = "typed" }
rule "alice" { who = {"alice"} scope = {"ssh:alice", "sudo:root", "login:alice"} approvers = {"carol"} }
rule "bob" { who = {"bob"} scope = {"ssh:bob"} approvers = {"carol"} }
"""


# ---- tokens and what they are kept as ----


def made(mint, passes, **more):
    """This mint's cases: what the clock alone would mend is another test's."""
    for number_of in range(passes):
        for case in generate(mint, f"{SEED}/{number_of}/{mint.scope}", huge=number_of == 0, **more):
            if not case.exact:
                yield case


def at_the_door(mint, accesses):
    """(name, text, row): genuine tokens, all in order, of an access or with a row that does not let them open this door."""
    pick = random.Random(f"{SEED}/door")

    def token(**changes):
        draft = Draft(mint._replace(**changes), pick)
        return draft, draft.text()
    for state in ("revoked", "returned", "pending", "denied"):
        draft, text = token(access=accesses[state])
        yield state, text, Row(draft.jti, accesses[state], draft.kept["exp"], text)
    for name, changes in (("bob's", {"access": accesses["bob"], "subject": "bob", "scope": "ssh:bob"}),
                          ("alice's for sudo", {"access": accesses["sudo"], "scope": "sudo:root"}),
                          ("alice's for login", {"access": accesses["login"], "scope": "login:alice"})):
        draft, text = token(**changes)
        yield name, text, Row(draft.jti, draft.mint.access, draft.kept["exp"], text)
    for name, how in (("no row", None), ("a code's row", {"kind": "code"}), ("a held token's row", {"kind": "held"}),
                      ("a revoked one", {"revoked": 1}), ("one that was used", {"burned": 1}),
                      ("another access's row", {"access": accesses["sudo"]}),
                      ("another text's row", {"text": b"another"})):
        for _ in range(4):
            draft, text = token()
            row = Row(draft.jti, mint.access, draft.kept["exp"], text)
            yield name, text, row._replace(**how) if how is not None else None


# ---- through the slower doors ----


def tool(case, *how):
    return subprocess.run(["jitd-admin", "token", "explain", *how], input=case.text, capture_output=True,
                          timeout=30).returncode


def through_tool(name, cases, key):
    """The command itself, with jitd and without; the largest ones too."""
    pem = pathlib.Path("/root/public.pem")
    pem.write_bytes(key.pem())
    wrong, longest = [], max(len(case.text) for case in cases)
    for case in cases:
        codes = tool(case, "--service", "sshd", "--user", "alice"), tool(case, "--keys", str(pem), "--host-id", HOST)
        known = case.good or case.reasons  # of a genuine token that is no good here the keys alone do not tell
        if (codes[0] == 0) != case.good or known and (codes[1] == 0) != case.good or set(codes) - {0, 1, 2}:
            wrong.append(shown(case, codes))
    check(f"{name}: jitd-admin token explain: {len(cases)} tokens, with and without jitd, up to {longest} bytes: "
          "0 for the good ones alone", not wrong, wrong[:20])


def door_cases(name, cases):
    explain = Explain("sshd", "alice")
    said = {}
    for which, text, _ in cases:
        steps = explain.ask(text)
        said.setdefault(which, set()).add((refused_for(steps) or ["allow"])[0])
    results = at_host([text for _, text, _ in cases])
    check(f"{name}: {len(cases)} genuine tokens that do not open this door: none does ({said})",
          {result.opened for result in results} == {NOT_REACHED} and "allow" not in set.union(*said.values()), said)


def told(name, door, cases, wrong, begun):
    good = sum(case.good for case in cases)
    check(f"{name}: {door}: of {len(cases)} tokens typed the {good} good ones opened, and no other "
          f"({time.monotonic() - begun:.0f} s)", not wrong, wrong[:20])


def at_sshd(name, cases):
    wrong, begun = [], time.monotonic()
    for begin in range(0, len(cases), 8):
        batch = cases[begin:begin + 8]
        clients = [ssh_client("alice", "keyboard-interactive", "id", answer=case.text.decode(), port=PORT)
                   for case in batch]
        for case, client in zip(batch, clients):
            attempt = client.end(60)
            opened = attempt.code == 0 and IN in attempt.output
            if opened != case.good or (not opened and attempt.code != 255):
                wrong.append(shown(case, attempt))
    told(name, "sshd", cases, wrong, begun)


def at_sudo(name, cases):
    wrong, begun = [], time.monotonic()
    for case in cases:
        attempt = run("alice", "sudo", "-S", "-k", "id", stdin=case.text.decode() + "\n")
        opened = attempt.code == 0 and ROOT in attempt.output
        if opened != case.good or (not opened and attempt.code != 1):
            wrong.append(shown(case, attempt))
    told(name, "sudo", cases, wrong, begun)


# ---- all of it ----


def make_accesses():
    accesses = {"ssh": grant("alice", "ssh:alice", by="carol"), "other": grant("alice", "ssh:alice", by="carol"),
                "sudo": grant("alice", "sudo:root", by="carol"), "login": grant("alice", "login:alice", by="carol"),
                "bob": grant("bob", "ssh:bob", by="carol"), "pending": request("alice", "ssh:alice"),
                "denied": request("alice", "ssh:alice"), "revoked": grant("alice", "ssh:alice", by="carol"),
                "returned": grant("alice", "ssh:alice", by="carol")}
    run("carol", "jitd-admin", "deny", str(accesses["denied"]))
    run("alice", "jit", "cancel", str(accesses["returned"]))
    revoke("carol", accesses["revoked"])
    check("accesses in every state", [state(accesses[name]) for name in ("ssh", "pending", "denied", "revoked",
        "returned")] ==
          ["active", "pending", "denied", "revoked", "returned"])
    return accesses


def report(name, cases):
    for line in counted(collections.Counter(case.kind for case in cases)):
        print(f"# {name}: {line}")


def begin_with(jitd, algorithm):
    """A jitd that signs so, with accesses in every state; stopped, so that rows can be written. Gives the mint's beginning."""
    conf = pathlib.Path("/etc/jitd/jitd.conf")
    conf.write_text(re.sub(r"(?m)^algorithm = .*\n", "", conf.read_text()) + f'algorithm = "{algorithm}"\n')
    jitd.start()
    accesses, key = make_accesses(), signing_key()
    jitd.stop()
    return accesses, Mint(key, HOST, HOST, "alice", "ssh:alice", accesses["ssh"], int(time.time()),
                          stranger=EcKey.made(random.Random(SEED)), other_access=accesses["other"])


def play(jitd, algorithm, passes, **more):
    accesses, mint = begin_with(jitd, algorithm)
    ssh = list(made(mint, passes, **more))
    sudo = list(made(mint._replace(scope="sudo:root", access=accesses["sudo"]), 1, most=4))
    doors = list(at_the_door(mint, accesses))
    # what the samples take is not typed again elsewhere
    longest = 511 if algorithm == "ES256" else 1000
    tried = {"sudo": sample(sudo, SOME["sudo"], 511) if longest == 511 else [],
             "sshd": sample(ssh, SOME["sshd"], longest)}
    left = [case for case in ssh if case not in tried["sshd"]]
    report(algorithm, ssh)
    keep([Row(case.jti, case.access, case.exp, case.text) for case in ssh + tried["sudo"]] +
         [row for _, _, row in doors if row], mint.key.kid, mint.now)
    jitd.start(fresh=False)
    pid, before = jitd.process.pid, burned()
    explain_all(algorithm, ssh)
    check(f"{algorithm}: token explain: nothing is burned", burned() == before)
    held = kibibytes(jitd, "VmRSS")
    through_tool(algorithm, sample(left, SOME["tool"], 4096) + [case for case in left if len(case.text) > 4096],
                 mint.key)
    pam("sshd", ALONE)
    typed = host_all(algorithm, left)
    print(f"# {algorithm}: jitd has {held} KiB after token explain, {kibibytes(jitd, 'VmRSS')} KiB after PAM, "
          f"{kibibytes(jitd, 'VmHWM')} KiB at most")
    used_ones(algorithm, typed)
    door_cases(algorithm, doors)
    pam("sshd")
    if tried["sudo"]:  # which takes 511 bytes
        at_sudo(algorithm, tried["sudo"])
    at_sshd(algorithm, tried["sshd"])
    every = typed + tried["sudo"] + tried["sshd"]
    opened = sum(case.good for case in every)
    check(f"{algorithm}: {opened} sessions, one for each good token",
          one_number("SELECT count(*) FROM session") == opened)
    check(f"{algorithm}: jitd never went down", jitd.process.poll() is None and jitd.process.pid == pid)
    print(f"# {algorithm}: {len(every)} typed: {len(every) - opened} hostile or misdirected, {opened} good")


pam("sudo")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) ALL")
with Jitd() as jitd, Sshd("keyboard-interactive", PORT):
    jitd.stop()
    play(jitd, "RS256", 1, most=6 if PASSES == 1 else 60)
    jitd.stop()
    play(jitd, "ES256", PASSES)
    fresh = token("alice", grant("alice", "sudo:root", by="carol"))
    cell("and a token that jitd mints opens", jitd, run("alice", "sudo", "-S", "-k", "id", stdin=fresh + "\n"),
         opens=ROOT)
finish()
