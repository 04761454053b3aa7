# SPDX-License-Identifier: Apache-2.0
"""Tokens that nothing is wrong with, however they are written: each must be read, and say what it says."""
import itertools
import json

from forge import *
from keys import EcKey, b64

EXTRA = (b"1", b"-1", b"1.5", b"1e300", b"true", b"null", b'""', b'"\\n\\t\\u0001"', b"[]", b"{}", b'{"a":[1,{"b":2}]}',
         b'["x","x"]', b"9223372036854775807", b"0.1", b"-0.0",
         '"\u00e9\u4e2d\U0001f511"'.encode(), b'"\\ud83d\\udd11"', b'"\\/\\"\\\\"', b"[" * 15 + b"]" * 15,
         b'{"a":' * 14 + b"{}" + b"}" * 14, b"[" + b",".join([b"0"] * 64) + b"]")
UNKNOWN = ("azp", "amr", "acr", "sid", "email", "auth_time", "nonce", "client_id", "groups", "act", "may_act", "EXP",
           "Sub", "ISS", "Aud", "scopes", "scp", "roles", "crit", "kid", "alg",
           "jwk", "x", "x y", "\u00e9", "https://example.org/claim", "iss2", "_", "0", "authorization_details", "ver",
           "tid", "exp ", " exp")


def good(draft, name, text=None, exact=False):
    return draft.case(name, text, good=True, exact=exact)


@kind("good: order and whitespace")
def order(mint, pick):
    for _ in range(20):
        draft = Draft(mint, pick, plain=True)
        pick.shuffle(draft.claims)
        pick.shuffle(draft.header)
        yield good(draft, "reordered")
    for _ in range(20):
        draft = Draft(mint, pick)
        draft.spaces = pick.getrandbits(32)
        yield good(draft, "with whitespace")
    for gap in (b" ", b"\n", b"\t", b"\r\n", b" \t\r\n" * 20):
        draft = Draft(mint, pick, plain=True)
        yield good(draft, f"{gap[:4]} around", draft.text(head=gap + draft.head() + gap, body=gap + draft.body() + gap))
    draft = Draft(mint, pick)
    head = draft.head()
    yield good(draft, f"a header of {HEADER_MAX} bytes", draft.text(head=head + b" " * (HEADER_MAX - len(head))))
    for _ in range(10):
        yield good(Draft(mint, pick), "as it comes")


@kind("good: escapes")
def escapes(mint, pick):
    for name in mint.texts:
        for _ in range(3):
            draft = Draft(mint, pick)
            draft.claim(name, escaped(draft.kept[name], pick))
            yield good(draft, f"{name} escaped")
    for member in ("alg", "kid", "typ"):
        draft = Draft(mint, pick)
        value = json.loads(dict(map(tuple, draft.header))[quote(member)])
        draft.member(member, escaped(value, pick))
        yield good(draft, f"{member} escaped")
        draft = Draft(mint, pick)
        for pair in draft.header:
            if pair[0] == quote(member):
                pair[0] = escaped(member, pick)
        yield good(draft, f"the name {member} escaped")
    for name in (*mint.texts, "exp", "iat"):
        draft = Draft(mint, pick)
        for pair in draft.claims:
            if pair[0] == quote(name):
                pair[0] = escaped(name, pick)
        yield good(draft, f"the name {name} escaped")


@kind("good: audience")
def audience(mint, pick):
    ours = quote(mint.audience)
    for others in ((), ("web2",), ("a", "b"), (mint.audience + "x", "x" + mint.audience), (mint.audience,), ("", "x"),
                   ("\u00e9",), tuple(f"host{index}" for index in range(63))):
        for place in {0, len(others)}:
            values = [quote(other) for other in others]
            values.insert(place, ours)
            draft = Draft(mint, pick).claim("aud", b"[" + b",".join(values) + b"]")
            yield good(draft, f"one of {len(values)}, at {place}")
    draft = Draft(mint, pick).claim("aud", b"[ " + ours + b" ,\n\"web2\" ]")
    yield good(draft, "with whitespace")


@kind("good: unknown claims")
def unknown(mint, pick):
    for name, value in itertools.product(UNKNOWN, pick.sample(EXTRA, 4)):
        draft = Draft(mint, pick)
        draft.claims.insert(pick.randrange(len(draft.claims) + 1), [quote(name), value])
        if len({bytes(member[0]) for member in draft.claims}) == len(draft.claims):
            yield good(draft, f"{name} {value[:30]}")
    draft = Draft(mint, pick)
    draft.claims += [[b'"%d"' % index, b"1"] for index in range(64 - len(draft.claims))]
    yield good(draft, "64 claims")


@kind("good: times")
def times(mint, pick):
    now, cap = mint.now, mint.cap
    right = {  # iat, nbf, exp, exact
        "a second left": (now - 10, now - 10, now + 1, True), "all of a life of a second": (now, now, now + 1, True),
        "minted this second": (now, now, now + 300, False),
        "minted on a clock ahead": (now + SKEW, now + SKEW, now + 3000, False),
        "nbf ahead": (now - 1, now + SKEW, now + 3000, False), "as long as the cap": (now - 10, now - 10,
            now - 10 + cap, False),
        "the cap's last second": (now + 1 - cap, now, now + 1, True), "the cap, ahead": (now + SKEW, now,
            now + SKEW + cap, False), "nbf before iat": (now - 10, 0, now + 3000, False),
            "nbf 0": (now, 0, now + 3000, False),
        "nbf after iat": (now - 100, now - 1, now + 3000, False), "nbf in the last second": (now - 100, now, now + 3000,
            False)}
    for name, (iat, nbf, exp, exact) in right.items():
        draft = Draft(mint, pick, plain=True).times(iat=iat, nbf=nbf, exp=exp)
        yield good(draft, name, exact=exact)
    for _ in range(5):
        yield good(Draft(mint, pick).leave_out("nbf"), "no nbf")
    for _ in range(10):
        begun = now - pick.randrange(0, cap - 3600)
        draft = Draft(mint, pick).times(iat=begun, nbf=begun, exp=min(begun + cap, now + pick.randrange(3000, 9000)))
        yield good(draft, "some time")


@kind("good: signature")
def signature(mint, pick):
    if not isinstance(mint.key, EcKey):
        return
    for wanted in ("r begins with zeros", "s begins with zeros", "s is high", "s is low"):
        draft = Draft(mint, pick)
        while True:
            r, s = draft.key.pair(draft.signed_text(), pick)
            if {"r begins with zeros": r >> 248 == 0, "s begins with zeros": s >> 248 == 0,
                "s is high": s > draft.key.curve.n // 2, "s is low": s <= draft.key.curve.n // 2}[wanted]:
                break
            if wanted == "s begins with zeros":
                draft.claim("x", number(pick.randrange(1 << 60)))
        yield good(draft, wanted, draft.text(signature=EcKey.join(r, s)))


@kind("good: size")
def size(mint, pick):
    for wanted in (511, 1022, 1024, 2048, TOKEN_MAX - 1, TOKEN_MAX):
        draft = Draft(mint, pick, plain=True).claim("x", b'""')
        while True:
            length = len(draft.text())
            if length >= wanted:
                break
            draft.claim("x", b'"' + b"x" * (len(draft.claims[-1][1]) - 2 + max(1,
                (wanted - length) * 3 // 4 - 1)) + b'"')
        if length == wanted:
            yield good(draft, f"{wanted} bytes")


@kind("good: jti")
def jti(mint, pick):
    for text in ("a", "0", pick.randbytes(8).hex(), "x" * 128, b64(pick.randbytes(33)).decode(), "urn:uuid:6a1c",
                 "\u00e9-\u4e2d", "a b", "-", "'", '"', "\\", "%s", "/"):
        text = f"{text[:100]}{pick.getrandbits(64):016x}"
        draft = Draft(mint, pick).claim("jti", quote(text))
        draft.jti = draft.kept["jti"] = text
        yield good(draft, f"jti {text[:20]}")


@kind("good: until and cnf")
def until_and_cnf(mint, pick):
    """As long as nothing is bound: until. What a door says to cnf depends on the key that came."""
    for ahead in (3600, 86400, 2**40):
        draft = Draft(mint, pick).claim("until", number(mint.now + ahead))
        draft.kept["until"] = mint.now + ahead
        yield good(draft, f"until {ahead} s from now")
