# SPDX-License-Identifier: Apache-2.0
"""Good signatures under claims that are missing, of another type, almost right, too early, too late or too long."""
import unicodedata

from forge import *
from keys import b64

WRONG = (b"null", b"true", b"false", b"0", b"1", b"-1", b"1.5", b"[]", b"{}", b"[[]]", b"[null]", b'""')
NO_TIMES = (b"null", b"true", b"false", b"[]", b"{}", b'""', b'"x"', b"-1", b"-9223372036854775808",
            b"9007199254740993", b"9223372036854775807", b"1e300", b"-1e300",
            b"1.0", b"0.5", b"1e0", b"1E+2", b"9223372036854775808", b"18446744073709551615", b"1e400", b"4294967296.0",
            b"9007199254740992.0")
ORACLE = {"iss": ISSUER, "aud": AUDIENCE}


def mutations(text, pick):
    """(name, JSON): everything that is nearly that text, and is not."""
    at = pick.randrange(len(text))
    other = chr(ord(text[at]) + (1 if text[at] not in "z9" else -1))
    shapes = {
        "without its last character": text[:-1], "without its first": text[1:], "a character more": text + "x",
        "one before": "x" + text, "twice": text + text, "upper case": text.upper(),
        "title case": text.title(), "one in the other case": text[:at] + text[at].swapcase() + text[at + 1:],
        "another character": text[:at] + other + text[at + 1:],
        "two exchanged": text[:-2] + text[-1] + text[-2], "backwards": text[::-1], "a space behind": text + " ",
        "a space before": " " + text, "a space inside": text[:at] + " " + text[at:],
        "a no-break space": text + "\u00a0", "a dot behind": text + ".", "a slash behind": text + "/", "a star": "*",
        "a star behind": text[:-1] + "*", "a question mark": text[:-1] + "?",
        "a percent sign": "%", "percent-encoded": "".join(f"%{ord(c):02x}" for c in text), "in quotes": f'"{text}"',
        "in single quotes": f"'{text}'", "a list": f"{text},{text}",
        "a list of words": f"{text} {text}", "the right one among words": f"evil {text}",
        "as a scheme": f"https://{text}", "below evil": f"{text}.evil.example", "evil below": f"evil.{text}",
        "evil at it": f"{text}@evil", "at evil": f"evil@{text}", "with a port": f"{text}:22",
        "with a path": f"{text}/x", "a dash for a dot": text.replace(".", "-") + "-",
        "a dot for a dash": text.replace("-", ".") + ".",
        "a zero-width joiner": text[:at] + "\u200d" + text[at:], "a soft hyphen": text[:at] + "\u00ad" + text[at:],
        "fullwidth": "".join(chr(0xfee0 + ord(c)) if "!" <= c <= "~" else c for c in text),
        "a Cyrillic letter": text[:at] + "\u0430" + text[at + 1:],
        "a combining mark": text[:at] + text[at] + "\u0301" + text[at + 1:],
        "decomposed": unicodedata.normalize("NFD", "\u00e9") + text[1:],
        "a long s": text.replace("s", "\u017f") + ("" if "s" in text else "\u017f"),
        "a dotless i": text.replace("i", "\u0131") + ("" if "i" in text else "\u0131"),
        "longer than anything": text + "x" * 1100,
        "300 bytes": (text * 300)[:300], "a dollar behind": text + "$", "a regular expression": "^" + text + "$",
        ".*": ".*", "an LDAP filter": f"{text})(uid=*", "SQL": f"{text}' OR '1'='1", "shell": f"{text};id",
        "a format": text + "%n", "a colon behind": text + ":", "a hash behind": text + "#", "a semicolon": text + ";",
        "a backslash": text + "\\", "root": "root", "0": "0", "null": "null", "self": "self", "any": "any"}
    for name, shape in shapes.items():
        if shape != text:
            yield name, quote(shape)
    yield "in an object", b'{"value":' + quote(text) + b"}"
    yield "in an array in an array", b"[[" + quote(text) + b"]]"


@kind("claim missing", "T17")
def missing(mint, pick):
    for name in (*mint.texts, *mint.numbers):
        if name in mint.optional:
            continue
        for value in (None, b"null", b'""'):
            draft = Draft(mint, pick)
            if value is None:
                yield draft.leave_out(name).case(f"no {name}", draft.text(), MISSING)
                draft = Draft(mint, pick)
                draft.leave_out(name).claim(name.upper(), b"1")
                yield draft.case(f"{name.upper()} for {name}", draft.text(), MISSING)
                draft = Draft(mint, pick)
                value = dict(map(tuple, draft.claims))[quote(name)]
                draft.leave_out(name).claim("claims", b'{"' + name.encode() + b'":' + value + b"}")
                yield draft.case(f"{name} inside another claim", draft.text(), MISSING)
                draft = Draft(mint, pick)
                yield draft.leave_out(name).case(f"{name} in the header alone", draft.member(name, value).text(),
                                                 MEMBER)
            else:
                reason = AUDIENCE if (name, value) == ("aud", b'""') else CLAIMS
                yield draft.claim(name, value).case(f"{name} {value}", draft.text(), reason)
    for kept in (*mint.texts, *mint.numbers):
        draft = Draft(mint, pick)
        draft.claims = [member for member in draft.claims if member[0] == quote(kept)] or [[b'"x"', b"1"]]
        yield draft.case(f"nothing but {kept}", draft.text(), MISSING)


@kind("claim of another type", "T16", "T17")
def types(mint, pick):
    for name in mint.texts:
        good = quote(Draft(mint, pick).kept[name])
        for value in (*WRONG, b"[" + good + b"]", b"{" + good + b":1}", b"[" + good + b",1]", b"[1," + good + b"]",
                      b"[" + good + b",null]", b"[[" + good + b"]," + good + b"]",
                      b"[" + good + b',"\\u0007"]', b'["\\u0000",' + good + b"]", b"[" + good + b",{}]"):
            if name == "aud" and value == b"[" + good + b"]":
                continue
            draft = Draft(mint, pick).claim(name, value)
            reasons = (CLAIMS, AUDIENCE) if name == "aud" else (CLAIMS,)
            yield draft.case(f"{name} {value[:50]}", draft.text(), *reasons)
    for name in mint.numbers:
        draft = Draft(mint, pick)
        good = number(draft.kept[name])
        for value in (*NO_TIMES, b'"' + good + b'"', good + b".0", good + b"e0", good + b".5", b"[" + good + b"]",
                      b"{}", b"-" + good, b'" ' + good + b'"', b'"2100-01-01T00:00:00Z"', b'"never"',
                      b'"Infinity"', good + b"E-0", b'"0x7fffffff"', good[:-1] + b"." + good[-1:] + b"e1"):
            draft = Draft(mint, pick).claim(name, value)
            yield draft.case(f"{name} {value}", draft.text(), CLAIMS)
    if mint.foreign:
        return
    for value in (b"0", b"-1", b"4294967296", b"4294967297", b"9007199254740992", b"1" * 19, b"-0"):
        draft = Draft(mint, pick).claim("access", value)
        yield draft.case(f"access {value}", draft.text(), CLAIMS)


@kind("issuer and audience, almost", "T20")
def parties(mint, pick):
    for name in ("iss", "aud"):
        text = mint.issuer if name == "iss" else mint.audience
        for how, value in mutations(text, pick):
            draft = Draft(mint, pick).claim(name, value)
            yield draft.case(f"{name}, {how}", draft.text(), ORACLE[name], CLAIMS)
            if name == "aud":
                draft = Draft(mint, pick).claim("aud", b"[" + value + b"]")
                yield draft.case(f"aud, {how}, in an array", draft.text(), AUDIENCE,
                    CLAIMS)
    for value in (b"[]", b'["web2"]', b'["a","b","c"]', b"[" + quote("x" + mint.audience) + b"]",
                  b"[" + quote(mint.audience + "x") + b',"' + mint.audience[1:].encode() + b'"]', b'[""]'):
        draft = Draft(mint, pick).claim("aud", value)
        yield draft.case(f"aud {value}", draft.text(), AUDIENCE)
    draft = Draft(mint, pick).claim("iss", quote(mint.audience + "2")).claim("aud", quote(mint.issuer + "2"))
    yield draft.case("both another host's", draft.text(), ISSUER)
    draft = Draft(mint, pick).claim("aud", quote("web2"))
    yield draft.case("a token for another host", draft.text(), AUDIENCE)


@kind("subject, scope, access, jti, almost", "T20", "T22")
def bound(mint, pick):
    """The reader cannot know; the door must."""
    if mint.foreign:
        return
    for name in ("sub", "scope", "jti"):
        draft = Draft(mint, pick)
        for how, value in mutations(draft.kept[name], pick):
            draft = Draft(mint, pick).claim(name, value)
            yield draft.case(f"{name}, {how}", draft.text())
    scopes = (f"{mint.scope} sudo:root", f"sudo:root {mint.scope}", f"{mint.scope}  {mint.scope}", "sudo:root", "ssh:*",
              "*", "*:*", "ssh:", ":", mint.scope + "\u00a0sudo:root", "ssh:root",
              "ssh:bob", "login:alice", "su:alice", "sudo:alice", mint.scope + ",sudo:root", "sshd:alice", "SSH:alice",
              "ssh:~", "ssh:ALICE", f"{mint.scope} ", "ssh :alice", "ssh: alice")
    for scope in scopes:
        draft = Draft(mint, pick).claim("scope", quote(scope))
        yield draft.case(f"scope {scope}", draft.text())
    for subject in ("bob", "root", "carol", "nobody", "0", "2001", "mallory", "alice,root", "Alice", "alice@pam-jit",
                    "%alice", "-alice", "..", "alice$", "a" * 64):
        draft = Draft(mint, pick).claim("sub", quote(subject))
        yield draft.case(f"sub {subject}", draft.text())
    for access in (mint.access + 1, mint.other_access, 1, 2, 2**31 - 1, 2**31, 2**32 - 1, mint.access * 10,
                   mint.access + 2**16, 999999):
        if access != mint.access:
            draft = Draft(mint, pick).claim("access", number(access))
            yield draft.case(f"access {access}", draft.text())
    for jti in ("0", "00000000000000000000000000000000", "x" * 128, "' OR 1=1 --", "%", "../x", "\u00e9", "null"):
        draft = Draft(mint, pick).claim("jti", quote(jti))
        yield draft.case(f"jti {jti[:20]}", draft.text())


@kind("time", "T16", "T18", "T19")
def times(mint, pick):
    """Each edge from its wrong side; what the clock alone would mend is `exact`."""
    now, cap = mint.now, mint.cap
    wrong = {  # iat, nbf, exp, reason, exact
        "expired this second": (now - 100, now - 100, now, EXPIRED, False),
        "expired a second ago": (now - 100, now - 100, now - 1, EXPIRED, False),
        "expired within any leeway": (now - 100, now - 100, now - 5, EXPIRED, False),
        "expired long ago": (1, 1, 2, EXPIRED, False), "exp 0": (0, 0, 0, EXPIRED, False),
        "exp before iat": (now, now, now - 1, EXPIRED, False), "iat a second too far ahead": (now + SKEW + 1, now,
            now + 3000, EARLY, True),
        "nbf a second too far ahead": (now - 1, now + SKEW + 1, now + 3000, EARLY, True),
        "iat far ahead": (now + 20000, now, now + 30000, EARLY, False),
        "nbf far ahead": (now - 1, now + 20000, now + 30000, EARLY, False),
        "nbf after exp": (now - 1, now + 40000, now + 30000, EARLY, False),
        "nbf at 2^53": (now - 1, 2**53, now + 3000, EARLY, False), "iat at 2^53": (2**53, now, 2**53, EARLY, False),
        "a second over the cap": (now - 10, now - 10, now - 9 + cap, LIFETIME, False),
        "a day": (now - 10, now - 10, now + 86400, LIFETIME, False), "for ever": (now - 10, now - 10, 2**53, LIFETIME,
            False), "almost for ever": (now - 10, now - 10, 2**53 - 1, LIFETIME, False),
        "from 1970": (0, 0, now + 3000, LIFETIME, False), "milliseconds": (now * 1000, now * 1000, (now + 3000) * 1000,
            EARLY, False), "exp in milliseconds": (now - 10, now - 10, (now + 300) * 1000, LIFETIME, False),
        "iat in milliseconds": (now * 1000, now, now + 3000, EARLY, False),
        "microseconds": (now * 10**6, now * 10**6, 2**53, EARLY, False), "until 2038": (now - 10, now - 10,
            2**31 - 1 + now, LIFETIME, False),
        "until 2106": (now - 10, now - 10, 2**32 + now, LIFETIME, False), "no lifetime, ahead": (now + SKEW, now,
            now + SKEW, LIFETIME, True), "exp before iat, ahead": (now + 4, now, now + 3, LIFETIME, True)}
    for name, (iat, nbf, exp, reason, exact) in wrong.items():
        draft = Draft(mint, pick).times(iat=iat, nbf=nbf, exp=exp)
        yield draft.case(name, draft.text(), reason, CLAIMS, exact=exact)
    for name in ("iat", "nbf", "exp"):
        for value in (2**53 + 1, 2**63 - 1, 2**63, 2**64, -1, -2**31, -2**63, -2**63 - 1, 10**40):
            draft = Draft(mint, pick).claim(name, number(value))
            yield draft.case(f"{name} {value}", draft.text(), CLAIMS)
    for _ in range(12):
        draft = Draft(mint, pick).times(iat=now - pick.randrange(100, 40000), exp=now - pick.randrange(90))
        yield draft.leave_out("nbf").case("expired", draft.text(), EXPIRED)
        begun = now - pick.randrange(0, cap)
        draft = Draft(mint, pick).times(iat=begun, nbf=begun, exp=begun + cap + pick.randrange(1, 10**9))
        yield draft.case("over the cap", draft.text(), LIFETIME, EXPIRED)


@kind("until and cnf", "T16")
def until_and_cnf(mint, pick):
    """RFC 7800: a confirmation that nobody here can check must not be passed over."""
    print_ = b"SHA256:" + b64(pick.randbytes(32)).replace(b"-", b"+").replace(b"_", b"/")
    for value in (b"null", b"true", b"[]", b"{}", b'""', b"1", b'"' + print_ + b'"', b'{"ssh":null}', b'{"ssh":""}',
                  b'{"ssh":1}', b'{"ssh":[]}', b'{"jwk":{"kty":"EC"}}', b'{"kid":"x"}',
                  b'{"x5t#S256":"AA"}', b'{"jkt":"AA"}', b'{"ssh":"' + print_ + b'","jkt":"AA"}',
                  b'{"ssh":"' + print_ + b'="}', b'{"ssh":"' + print_[:-1] + b'"}', b'{"ssh":"' + print_ + b'A"}',
                  b'{"ssh":"' + print_.lower() + b'"}', b'{"ssh":"MD5:' + b":".join([b"aa"] * 16) + b'"}',
                  b'{"ssh":" ' + print_ + b'"}', b'{"ssh":"' + print_ + b'\\u0000"}', b'{"SSH":"' + print_ + b'"}',
                  b'[{"ssh":"' + print_ + b'"}]', b'{"ssh":"' + print_[7:] + b'"}',
                  b'{"ssh":"SHA256:' + b"-" * 43 + b'"}', b'{"ssh":"SHA512:' + print_[7:] + b'"}',
                  b'{"ssh":["' + print_ + b'"]}', b'{"ssh":{}}'):
        draft = Draft(mint, pick).claim("cnf", value)
        yield draft.case(f"cnf {value}", draft.text(), BINDING, CLAIMS)
    for value in (*NO_TIMES, b'"' + number(mint.now + 100) + b'"', number(mint.now + 100) + b".0",
                  b"[" + number(mint.now + 100) + b"]"):
        draft = Draft(mint, pick).claim("until", value)
        yield draft.case(f"until {value}", draft.text(), CLAIMS)
    for value in (0, 1, mint.now - 1, mint.now):
        draft = Draft(mint, pick).claim("until", number(value))
        yield draft.case(f"until {value}", draft.text(), EXPIRED, CLAIMS)
