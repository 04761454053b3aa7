# SPDX-License-Identifier: Apache-2.0
"""Tokens of another issuer, where a trust asks for more than a signature: Mint.foreign, whose first claims are required."""
from forge import *
from kinds_claims import mutations


@kind("foreign: what a trust requires", "T20")
def required(mint, pick):
    for name, good in mint.foreign[:3]:
        draft = Draft(mint, pick)
        yield draft.leave_out(name).case(f"no {name}", draft.text(), REQUIRE)
        wrong = [b"null", b"0", b"1", b"-1", b"1.0", b"[]", b"{}", b'""', b"[[" + good + b"]]", b'{"x":' + good + b"}",
                 b'"' + good.strip(b'"') + b'x"',
                 b"true" if good != b"true" else b"false", b'"true"', b'"1"', b'["x"]', good[:-1] + b'\\n"'
                 if good[:1] == b'"' else b'"\\n"']
        if good[:1] == b'"':
            wrong += [value for _, value in mutations(json.loads(good), pick)]
        for value in wrong:
            if value not in (good, b'"' + good + b'"') and not (good[:1] == b'"' and value == b"[" + good + b"]"):
                draft = Draft(mint, pick).claim(name, value)
                yield draft.case(f"{name} {value[:60]}", draft.text(), REQUIRE, CLAIMS)
        draft = Draft(mint, pick)
        yield draft.leave_out(name).claim("x", b'{"' + name.encode() + b'":' + good + b"}").case(f"{name} elsewhere",
            draft.text(), REQUIRE)


@kind("foreign: as jitd mints them", "T22")
def as_our_own(mint, pick):
    """A token of theirs that looks like one of ours: what it says beyond the trust's claims decides nothing, or denies."""
    if not mint.foreign:
        return
    for name, value in (("iss", quote("pam-jit")), ("iss", quote("web1.example.org")), ("aud", quote("pam-jit")),
                        ("iss", quote(mint.issuer + "/")),
                        ("iss", quote(mint.issuer.replace("https", "http"))), ("iss", quote(mint.issuer.upper()))):
        draft = Draft(mint, pick).claim("access", number(mint.access)).claim("scope", b'"ssh:root"').claim(name, value)
        yield draft.case(f"{name} {value}", draft.text(), ISSUER, AUDIENCE)


@kind("good: foreign")
def good_foreign(mint, pick):
    if not mint.foreign:
        return
    for name in ("access", "scope", "until", "roles", "groups"):
        draft = Draft(mint, pick).claim(name, number(mint.now + 9999))
        if name == "until":
            draft.kept["until"] = mint.now + 9999
        if name == "access":
            draft.kept["access"] = mint.now + 9999
        yield draft.case(f"{name} is theirs", good=True)
    for name in ("x5t", "x5t#S256"):
        draft = Draft(mint, pick).member(name, b'"AAAA"')
        yield draft.case(f"with {name}", good=True)
    for _ in range(3):
        draft = Draft(mint, pick)
        draft.leave_out("typ", of=draft.header)
        yield draft.case("no typ", good=True)
        draft = Draft(mint, pick).leave_out("jti")
        draft.kept["jti"] = ""
        yield draft.case("no jti", good=True)
    for name, good in mint.foreign[:3]:
        if good[:1] != b'"':
            yield Draft(mint, pick).claim(name, b'"' + good + b'"').case(f"{name} as a string", good=True)
        else:
            draft = Draft(mint, pick).claim(name, b'["x",' + good + b"]")
            yield draft.case(f"{name} among others", good=True)
            draft = Draft(mint, pick).claim(name, escaped(json.loads(good), pick))
            yield draft.case(f"{name} escaped", good=True)
