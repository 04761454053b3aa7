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
from pam_host import NOT_REACHED, SUCCESS, Login, logins
from ssh_door import *
from token_rows import Row, burned, keep, one_number, signing_key
from wire import Explain

from forge import EcKey, Draft  # noqa: E402: token_rows says where it is
from generate import Mint, counted, generate

PASSES, SEED = int(os.environ.get("JIT_HOSTILE", 1)), os.environ.get("JIT_SEED", "1")
HOST, PORT = "pam-jit", 2501
IN, ROOT = "uid=2001(alice)", "uid=0(root)"
SOME = {"sshd": 16, "sudo": 40, "tool": 40}  # through the slower doors
MANY = 8192  # at a time through the PAM host
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


def is_typeable(text, most):
    return 0 < len(text) <= most and all(32 < byte < 127 for byte in text)


def typed_words(case):
    """What jitd may say where it refuses the case: the reader's word, or its own for what is no token at all."""
    text = case.text
    if text.count(b".") < 2:
        return {"nothing-typed", "not-a-token", "cut-off", "wrong-code"}
    return case.reasons | ({"cut-off"} if len(text) == 1023 else set())


# ---- through token explain ----


def explain_all(cases):
    """All that a message can carry."""
    explain, words, wrong, seconds = Explain("sshd", "alice"), collections.Counter(), [], []
    for case in cases:
        if len(case.text) > 4096 or b"\0" in case.text:
            continue
        begun = time.monotonic()
        steps = explain.ask(case.text)
        seconds.append(time.monotonic() - begun)
        said = [text for _, verdict, text in steps if verdict == "no"]
        opens = bool(steps) and {verdict for _, verdict, _ in steps} == {"yes"}
        words[said[0] if said else "allow" if opens else "nothing"] += 1
        if opens != case.good or (not opens and len(said) != 1) or (case.reasons and said[0] not in typed_words(case)):
            wrong.append(f"{case.kind}: {case.name}: {steps}: {case.text!r}")
    seconds.sort()
    print(f"# token explain: median {seconds[len(seconds) // 2] * 1000:.2f} ms, 99 % {seconds[len(seconds) * 99 // 100] * 1000:.2f} ms, "
          f"all {seconds[-1] * 1000:.2f} ms; " + ", ".join(f"{word} {count}" for word, count in words.most_common()))
    good = sum(case.good for case in cases)
    check(f"token explain: of {len(seconds)} tokens the {good} good ones would open, and no other; each for its own reason", not wrong, wrong[:20])


def tool(case, *how):
    return subprocess.run(["jitd-admin", "token", "explain", *how], input=case.text, capture_output=True,
                          timeout=30).returncode


def through_tool(cases, key):
    """The command itself, with jitd and without; the largest ones too."""
    pem = pathlib.Path("/root/public.pem")
    pem.write_bytes(key.pem())
    wrong = []
    for case in cases:
        with_jitd = tool(case, "--service", "sshd", "--user", "alice")
        without = tool(case, "--keys", str(pem), "--host-id", HOST)
        # of a genuine token that is no good here the keys alone do not tell
        if (with_jitd == 0) != case.good or (case.good or case.reasons) and (without == 0) != case.good or {with_jitd,
            without} - {0, 1, 2}:
            wrong.append(f"{case.kind}: {case.name}: {with_jitd}, {without}: {case.text[:2000]!r}")
    check(f"jitd-admin token explain: {len(cases)} tokens, with and without jitd, up to {max(len(case.text) for case in cases)} bytes: "
          "0 for the good ones alone", not wrong, wrong[:20])


# ---- through PAM ----


def source(number):
    return f"127.5.{number // 250 % 250}.{number % 250 + 1}"


def at_host(texts):
    results = []
    while len(results) < len(texts):
        batch, size = [], 0  # what its processes have to carry along
        for text in texts[len(results):len(results) + MANY]:
            batch.append(Login("alice", source(len(batch)), text))
            size += len(text)
            if size > 4 << 20:
                break
        results += logins(batch, at_a_time=64, timeout=600)
    return results


def host_all(cases):
    """Each at a prompt; what has a NUL in it no prompt can carry."""
    cases = [case for case in cases if b"\0" not in case.text]
    before, begun = burned(), time.monotonic()
    results = at_host([case.text for case in cases])
    seconds = time.monotonic() - begun
    wrong = [f"{case.kind}: {case.name}: {result}: {case.text[:2000]!r}" for case, result in zip(cases, results)
             if (result.opened == SUCCESS) != case.good or (result.auth == SUCCESS) != case.good]
    good = sum(case.good for case in cases)
    check(f"PAM: of {len(cases)} tokens typed the {good} good ones opened, and no other ({seconds:.0f} s)", not wrong,
          wrong[:20])
    told = collections.Counter((result.prompts, result.prompt, result.said, result.auth) for case,
                               result in zip(cases, results)
                               if not case.good and len(case.text) != 1023 and
                               len(case.text) <= 4096)
    check("PAM: whatever was wrong, everybody got the same prompt, line and code (T27)", len(told) == 1, told)
    check(f"PAM: {good} rows are burned, no other", burned() - before == good, burned() - before)
    return cases


def used_ones(cases):
    good = [case for case in cases if case.good]
    results = at_host([case.text for case in good])
    check(f"PAM: the {len(good)} good ones typed again: each is used", {result.opened
        for result in results} == {NOT_REACHED})


def door_cases(jitd, cases):
    explain = Explain("sshd", "alice")
    said = {}
    for name, text, _ in cases:
        steps = explain.ask(text)
        said.setdefault(name, set()).add(next((word for _, verdict, word in steps if verdict == "no"), "allow"))
    results = at_host([text for _, text, _ in cases])
    check(f"{len(cases)} genuine tokens that do not open this door: none does ({said})",
          {result.opened for result in results} == {NOT_REACHED} and "allow" not in set.union(*said.values()), said)


def sample(cases, number, most):
    """Of every kind one, then more of them, and as many good ones as fit."""
    pick = random.Random(f"{SEED}/sample")
    fit = [case for case in cases if is_typeable(case.text, most)]
    pick.shuffle(fit)
    seen, first, rest = set(), [], []
    for case in fit:
        (rest if case.kind in seen else first).append(case)
        seen.add(case.kind)
    return (first + rest)[:max(number, 1)]


def at_sshd(cases):
    wrong, begun = [], time.monotonic()
    for begin in range(0, len(cases), 8):
        batch = cases[begin:begin + 8]
        clients = [ssh_client("alice", "keyboard-interactive", "id", answer=case.text.decode(), port=PORT)
                   for case in batch]
        for case, client in zip(batch, clients):
            attempt = client.end()
            opened = attempt.code == 0 and IN in attempt.output
            if opened != case.good or (not opened and attempt.code != 255):
                wrong.append(f"{case.kind}: {case.name}: {attempt}: {case.text!r}")
    good = sum(case.good for case in cases)
    check(f"sshd: of {len(cases)} tokens typed the {good} good ones opened, and no other ({time.monotonic() - begun:.0f} s)", not wrong, wrong[:20])


def at_sudo(cases):
    wrong, begun = [], time.monotonic()
    for case in cases:
        attempt = run("alice", "sudo", "-S", "-k", "id", stdin=case.text.decode() + "\n")
        opened = attempt.code == 0 and ROOT in attempt.output
        if opened != case.good or (not opened and attempt.code != 1):
            wrong.append(f"{case.kind}: {case.name}: {attempt}: {case.text!r}")
    good = sum(case.good for case in cases)
    check(f"sudo: of {len(cases)} tokens typed the {good} good ones opened, and no other ({time.monotonic() - begun:.0f} s)", not wrong, wrong[:20])


# ---- all of it ----


def kibibytes(jitd, what):
    return int(re.search(rf"^{what}:\s+(\d+)", pathlib.Path(f"/proc/{jitd.process.pid}/status").read_text(), re.M)[1])


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


pam("sshd")
pam("sudo")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) ALL")
with Jitd() as jitd:
    accesses = make_accesses()
    key = signing_key(token("alice", accesses["ssh"]))
    jitd.stop()
    now = int(time.time())
    mint = Mint(key, HOST, HOST, "alice", "ssh:alice", accesses["ssh"], now, stranger=EcKey.made(random.Random(SEED)),
                other_access=accesses["other"])
    ssh, sudo = list(made(mint, PASSES)), list(made(mint._replace(scope="sudo:root", access=accesses["sudo"]), 1,
                                                    most=4))
    doors = list(at_the_door(mint, accesses))
    # what the samples take is not typed again elsewhere
    tried = {"sudo": sample(sudo, SOME["sudo"], 511), "sshd": sample(ssh, SOME["sshd"], 1000)}
    left = [case for case in ssh if case not in tried["sshd"]]
    report("made", ssh)
    keep([Row(case.jti, case.access, case.exp, case.text) for case in ssh + tried["sudo"]] + [row for _, _, row in doors
        if row], key.kid, now)
    jitd.start(fresh=False)
    pid, before = jitd.process.pid, burned()
    with Sshd("keyboard-interactive", PORT):
        explain_all(ssh)
        check("token explain: nothing is burned", burned() == before)
        held = kibibytes(jitd, "VmRSS")
        largest = [case for case in left if len(case.text) > 4096]
        through_tool(sample(left, SOME["tool"], 4096) + largest, key)
        typed = host_all(left)
        print(f"# jitd: {held} KiB after token explain, {kibibytes(jitd, 'VmRSS')} KiB after PAM, {kibibytes(jitd, 'VmHWM')} KiB at most")
        used_ones(typed)
        door_cases(jitd, doors)
        at_sudo(tried["sudo"])
        at_sshd(tried["sshd"])
    opened = sum(case.good for case in typed + tried["sudo"] + tried["sshd"])
    check(f"{opened} sessions, one for each good token", one_number("SELECT count(*) FROM session") == opened)
    check("jitd never went down", jitd.process.poll() is None and jitd.process.pid == pid)
    fresh = token("alice", grant("alice", "sudo:root", by="carol"))
    cell("and a token that jitd mints opens", jitd, run("alice", "sudo", "-S", "-k", "id", stdin=fresh + "\n"),
         opens=ROOT)
print(f"# figures: {len(typed)} through PAM, {sum(not case.good for case in typed)} of them hostile and 0 accepted where all above is ok, "
      f"{sum(case.good for case in typed)} good")
finish()
