# SPDX-License-Identifier: Apache-2.0
"""
What jitd mints, another reader takes: PyJWT, with the keys of `jitd-admin keys export` alone. Typed tokens that are signed with
ES256, held ones with RS256, through rotations; JIT_INTEROP is how many in all.
"""
import sqlite3

import jwt

from harness import *

COUNT = int(os.environ.get("JIT_INTEROP", 40))
ROTATIONS = 4
AT_ONCE = 15  # unused tokens of one access
POLICY = """
defaults { approvals = 0  max = "12h"  default = "12h" }
rule "typed" { who = {"alice"} scope = {"ssh:alice"} present = "typed" token-ttl = "1h" }
rule "held"  { who = {"alice"} scope = {"sudo:root"} }
"""
CLAIMS = ["iss", "aud", "sub", "scope", "iat", "nbf", "exp", "jti", "access"]


def ask(*argv, user="root"):
    said = run(user, *argv)
    if said.code != 0:
        raise SystemExit(f"{argv}: {said}")
    return said.output


def exported():
    return {key.key_id: key for key in jwt.PyJWKSet.from_json(ask("jitd-admin", "keys", "export")).keys}


def why_not(token, keys, algorithm):
    """None where PyJWT takes it, by the key that it names; else why not."""
    kid = jwt.get_unverified_header(token)["kid"]
    if kid not in keys:
        return f"no key {kid}"
    try:
        claims = jwt.decode(token, keys[kid].key, algorithms=[algorithm], audience="pam-jit", issuer="pam-jit",
                            options={"require": CLAIMS})
    except jwt.PyJWTError as error:
        return repr(error)
    return None if (claims["sub"], claims["nbf"]) == ("alice", claims["iat"]) else f"claims: {claims}"


def altered(token):
    """With another last character but one of the payload, and with another signature."""
    header, payload, signature = token.split(".")
    other = "A" if payload[-2] != "A" else "B"
    swapped = ("A" if signature[0] != "A" else "B") + signature[1:]
    return f"{header}.{payload[:-2]}{other}{payload[-1]}.{signature}", f"{header}.{payload}.{swapped}"


def typed(count):
    """So many tokens as alice gets them for a prompt, over some rotations."""
    tokens, access = [], None
    for number in range(count):
        if number % AT_ONCE == 0:
            access = request("alice", "ssh:alice")
        tokens.append(ask("jit", "token", str(access), user="alice").strip())
        if number % max(1, count // ROTATIONS) == 0:
            ask("jitd-admin", "keys", "rotate")
    return tokens


def held(count):
    """So many tokens as jitd keeps them."""
    for number in range(count):
        request("alice", "sudo:root")
        if number % max(1, count // ROTATIONS) == 0:
            ask("jitd-admin", "keys", "rotate")
    with sqlite3.connect("/var/lib/jitd/jitd.db", timeout=10) as database:
        return [row[0] for row in database.execute("SELECT held FROM token WHERE held IS NOT NULL")]


def all_good(name, tokens, keys, algorithm, wanted):
    bad = [why for why in (why_not(token, keys, algorithm) for token in tokens) if why]
    kids = {jwt.get_unverified_header(token)["kid"] for token in tokens}
    check(f"{name}: {len(tokens)} tokens by {len(kids)} keys, all of them verify",
          not bad and len(set(tokens)) == wanted and len(kids) > 2, bad[:3])
    taken = [token for one in tokens for token in altered(one) if not why_not(token, keys, algorithm)]
    check(f"{name}: altered, none does ({2 * len(tokens)} tried)", not taken, taken[:1])


policy(POLICY)
pathlib.Path("/etc/jitd/jitd.conf").write_text("")
with Jitd() as jitd:
    es256 = typed(COUNT - COUNT // 2)
    all_good("ES256", es256, exported(), "ES256", COUNT - COUNT // 2)
    jitd.stop()
    with open("/etc/jitd/jitd.conf", "a") as conf:
        conf.write('algorithm = "RS256"\n')
    jitd.start(fresh=False)
    rs256 = held(COUNT // 2)
    keys = exported()
    all_good("RS256", rs256, keys, "RS256", COUNT // 2)
    all_good("ES256, after the change of algorithm", es256, keys, "ES256", COUNT - COUNT // 2)
    kid = jwt.get_unverified_header(rs256[0])["kid"]
    ask("jitd-admin", "keys", "retire", "--", kid)
    check("a retired key is not told any more", why_not(rs256[0], exported(), "RS256") == f"no key {kid}")
finish()
