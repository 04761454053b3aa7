# SPDX-License-Identifier: Apache-2.0
"""
read_all.py READER: every kind of token through the reader. No hostile one is read, each is refused for its own fault; no
good one is refused, and each says what it says. JIT_HOSTILE: how many times over; JIT_SEED: which ones.
"""
import collections
import hashlib
import os
import random
import subprocess
import sys
import tempfile

from generate import KINDS, Mint, counted, generate
from keys import EcKey, RsaKey, jwk_set

NOW, HOST = 1800000000, "web1.example.org"
PASSES, SEED = int(os.environ.get("JIT_HOSTILE", 1)), os.environ.get("JIT_SEED", "1")
failures = 0


def check(name, wrong):
    global failures
    failures += bool(wrong)
    print(f"{'not ok' if wrong else 'ok'} - {name}", *wrong[:20], sep="\n#   ", flush=True)


def answers(reader, mint, cases):
    """What the reader says of each: a list of words."""
    with tempfile.NamedTemporaryFile(suffix=".json" if mint.foreign else ".pem") as file:
        file.write(jwk_set(mint.key) if mint.foreign else mint.key.pem())
        file.flush()
        argv = [reader, mint.issuer, mint.audience, str(mint.now), str(mint.cap), file.name]
        told = subprocess.run(argv + [f"{name}={said(value)}" for name, value in mint.foreign[:3]], check=True,
                              input="".join(case.text.hex() + "\n" for case in cases).encode(),
                              stdout=subprocess.PIPE).stdout
    lines = told.decode(errors="replace").split("\n")[:-1]
    if len(lines) != len(cases):
        raise SystemExit(f"reader: {len(lines)} answers to {len(cases)} tokens")
    return [line.split("\t") for line in lines]


def said(value):
    """As a requirement has it, a string without its quotes."""
    return value.strip(b'"').decode()


def replay(case):
    """Of a foreign token: what it is burned as."""
    both = f"{case.claims['iss']}\0{case.claims['jti']}".encode() if case.claims["jti"] else case.text.rsplit(b".",
        1)[0]
    return hashlib.sha256(both).hexdigest()


def wrong_with(mint, case, told):
    """What is wrong with the answer; None."""
    word, *claims = told
    if not case.good:
        if not case.reasons or word in case.reasons:
            return None
        return f"{case.kind}: {case.name}: {word}, not {' or '.join(sorted(case.reasons))}: {case.text[:2000]!r}"
    kept = case.claims
    wanted = [kept["iss"], kept["sub"], kept.get("scope", ""), kept["jti"], str(kept.get("access", 0))]
    wanted += [str(kept[name]) for name in ("iat", "nbf", "exp")] + [str(kept.get("until", 0)), kept.get("cnf", "")]
    if mint.foreign:
        wanted.append(replay(case))
    if word == "allowed" and claims == wanted:
        return None
    return f"{case.kind}: {case.name}: {word} {claims}, not {wanted}: {case.text[:2000]!r}"


def through(reader, name, mint, passes, kinds=None):
    total, of_kind, found = collections.Counter(), collections.Counter(), {True: [], False: []}
    jtis = set()
    for number_of in range(passes):
        cases = list(generate(mint, f"{SEED}/{number_of}", kinds=kinds, huge=number_of == 0))
        for case, told in zip(cases, answers(reader, mint, cases)):
            total["good" if case.good else "hostile" if case.reasons else "left to the door"] += 1
            of_kind[case.kind] += 1
            jtis.add(case.jti)
            found[case.good].append(wrong_with(mint, case, told))
    for line in counted(of_kind):
        print(f"# {name}: {line}")
    check(f"{name}: {total['hostile']} hostile tokens: none is read, each is refused for what is wrong with it "
          f"({total['left to the door']} more are the door's to refuse)", [wrong for wrong in found[False] if wrong])
    check(f"{name}: each has a jti of its own", [] if len(jtis) == sum(total.values()) else [f"{len(jtis)} only"])
    check(f"{name}: {total['good']} good tokens: each is read, and right", [wrong for wrong in found[True] if wrong])


def same_again(mint):
    kinds = ["kid", "noise", "good: escapes"]
    return [] if [*generate(mint, 3, kinds=kinds)] == [*generate(mint, 3, kinds=kinds)] else ["they differ"]


FOREIGN = (("ref", b'"main"'), ("protected", b"true"), ("project", b'"ops/deploy"'), ("pipeline", b"42"))
SLOW = ("alg none", "another algorithm", "a stranger's key", "HMAC by the public key", "good: order and whitespace")
pick = random.Random(f"{SEED}/keys")
own = Mint(EcKey.made(pick), HOST, HOST, "alice", "ssh:alice", 42, NOW)
theirs = own._replace(key=EcKey.made(pick), issuer="https://gitlab.example.org", audience="https://web1.example.org",
                      foreign=FOREIGN)
rsa = RsaKey.made(pick)  # a hundred times slower to sign with
kinds = None if PASSES > 1 else [name for name in KINDS if KINDS[name].file == "kinds_signature" or name in SLOW]
check("a seed gives the same tokens again", same_again(own))
through(sys.argv[1], "ES256", own, PASSES)
through(sys.argv[1], "RS256", own._replace(key=rsa), max(1, PASSES // 10), kinds)
through(sys.argv[1], "foreign ES256", theirs, PASSES)
through(sys.argv[1], "foreign RS256", theirs._replace(key=rsa), max(1, PASSES // 10), kinds)
sys.exit(1 if failures else 0)
