# SPDX-License-Identifier: Apache-2.0
"""Payloads that two parsers would read in two ways, signed by the real key."""
import itertools
import json

from forge import *
from keys import b64

BAD_UTF8 = (b"\x80", b"\xbf", b"\xc0\x80", b"\xc0\xaf", b"\xc1\xbf", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xed\xbf\xbf",
            b"\xf0\x80\x80\x80", b"\xf4\x90\x80\x80",
            b"\xf5\x80\x80\x80", b"\xfe", b"\xff", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\xbd\xed\xb8\x80",
            b"\xfc\x80\x80\x80\x80\x80")
LONE = (b"\\ud800", b"\\udfff", b"\\ud83d", b"\\ude00\\ud83d", b"\\ud83dx", b"\\ud800\\u0041")


def evil(mint, name):
    """What somebody would want there instead."""
    return {"iss": b'"evil"', "aud": b'"evil"', "sub": b'"root"', "scope": b'"sudo:root"', "jti": b'"0"', "iat": b"1",
            "nbf": b"1",
            "exp": number(mint.now + 40000), "access": b"1"}[name]


@kind("claim twice", "T14")
def twice(mint, pick):
    for name, first, hidden in itertools.product((*mint.texts, *mint.numbers), (False, True), (False, True)):
        for same in (False, True):
            draft = Draft(mint, pick)
            if name == "nbf":
                draft.claim("nbf", number(draft.kept["iat"]))
            value = dict(map(tuple, draft.claims))[quote(name)] if same else evil(mint, name)
            spelled = escaped(name, pick) if hidden else quote(name)
            draft.claims.insert(0 if first else len(draft.claims), [spelled, value])
            how = f"{'first' if first else 'last'}{', escaped' * hidden}"
            yield draft.case(f"{name}, {'the same' if same else value} {how}", draft.text(), CLAIMS)
    for value in (b'{"a":1,"a":2}', b'[{"a":1,"a":1}]', b'{"a":{"b":1,"\\u0062":2}}'):
        draft = Draft(mint, pick).claim("x", value)
        yield draft.case(f"inside another claim: {value}", draft.text(), CLAIMS)
    draft = Draft(mint, pick)
    draft.claims += [[b'"x"', b"1"], [b'"x"', b"1"]]
    yield draft.case("an unknown claim", draft.text(), CLAIMS)
    draft = Draft(mint, pick)
    draft.claims += draft.claims
    yield draft.case("all of them", draft.text(), CLAIMS)


@kind("NUL and control characters", "T15")
def control(mint, pick):
    for name in mint.texts:
        good = {"iss": mint.issuer, "aud": mint.audience, "sub": mint.subject, "scope": mint.scope}
        for what in ("\\u0000", "\\u0001", "\\n", "\\r", "\\t", "\\b", "\\u001b[31m", "\\u007f", "\\u0085", "\\u2028",
                     "\\u202e", "\\u200f", "\\u2066", "\\ufeff", "\\u0000x"):
            for before in (False, True):
                draft = Draft(mint, pick)
                text = good.get(name, draft.jti).encode()
                draft.claim(name, b'"' + what.encode() * before + text + what.encode() * (not before) + b'"')
                yield draft.case(f"{what} {'before' if before else 'after'} {name}", draft.text(), CLAIMS)
        draft = Draft(mint, pick).claim(name, b'"\\u0000"')
        yield draft.case(f"{name} of NUL alone", draft.text(), CLAIMS)
        draft = Draft(mint, pick).claim(name, quote(good.get(name, draft.jti))[:-1] + b'\0"')
        yield draft.case(f"a raw NUL in {name}", draft.text(), CLAIMS)
        for raw in (b"\n", b"\x1f", b"\t"):
            draft = Draft(mint, pick).claim(name, quote(good.get(name, draft.jti))[:-1] + raw + b'"')
            yield draft.case(f"a raw {raw} in {name}", draft.text(), CLAIMS)
    for key in (b'"x\\u0000"', b'"exp\\u0000"', b'"\\u0000"', b'"su\0b"', b'"sub\n"'):
        draft = Draft(mint, pick)
        draft.claims.append([key, b"1"])
        yield draft.case(f"the name {key}", draft.text(), CLAIMS)
    draft = Draft(mint, pick).claim("x", b'"\\u0000"')
    yield draft.case("NUL in an unknown claim", draft.text(), CLAIMS)


@kind("not UTF-8", "T15")
def not_utf8(mint, pick):
    for what in (*BAD_UTF8, *LONE):
        for name in (*mint.texts, "x"):
            draft = Draft(mint, pick)
            draft.claim(name, b'"' + draft.kept.get(name, "x").encode() + what + b'"')
            yield draft.case(f"{what} in {name}", draft.text(), CLAIMS)
        draft = Draft(mint, pick)
        draft.claims.append([b'"x' + what + b'"', b"1"])
        yield draft.case(f"{what} in a name", draft.text(), CLAIMS)
    for name in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-7", "cp037"):
        draft = Draft(mint, pick, plain=True)
        text = draft.body().decode().encode(name)
        if name == "utf-7":
            text = text.replace(b"{", b"+AHs-")
        yield draft.case(f"in {name}", draft.text(body=text), CLAIMS)
    draft = Draft(mint, pick)
    yield draft.case("with a BOM", draft.text(body=b"\xef\xbb\xbf" + draft.body()), CLAIMS)
    draft = Draft(mint, pick)
    yield draft.case("with a BOM behind", draft.text(body=draft.body() + b"\xef\xbb\xbf"), CLAIMS)


@kind("broken JSON", "T14", "T29")
def broken(mint, pick):
    yield from each(mint, pick, broken_shapes)
    for _ in range(40):
        draft = Draft(mint, pick)
        text = bytearray(draft.body())
        place = pick.choice([at for at, byte in enumerate(text) if byte in b'{}[]:,"'])
        text[place:place + 1] = pick.choice((b"", b"", b"{", b"}", b"[", b"]", b":", b",", b"\0", b"\xff", b"'"))
        if not _is_an_object(bytes(text)):
            yield draft.case(f"byte {place} changed", draft.text(body=bytes(text)), CLAIMS)


def broken_shapes(draft):
    body = draft.body().strip()
    inner = body[1:-1]
    shapes = {
        "a space": b" ", "null": b"null", "true": b"true", "a number": b"1", "a string": b'"x"', "an array": b"[]",
        "the string of it": quote(body.decode()), "an array of it": b"[" + body + b"]",
        "an array of pairs": b"[" + inner.replace(b":", b",") + b"]", "two of them": body + body,
        "two of them, a newline between": body + b"\n" + body, "something behind": body + b"x",
        "a NUL behind": body + b"\0",
        "an empty object behind": body + b"{}", "a brace behind": body + b"}", "a comma behind": body + b",",
        "no end": body[:-1], "no beginning": body[1:], "a comma at the end": b"{" + inner + b",}",
        "a comma first": b"{," + inner + b"}", "two commas": body.replace(b",", b",,", 1),
        "no comma": body.replace(b",", b" ", 1),
        "no colon": body.replace(b":", b" ", 1), "an equals sign": body.replace(b":", b"=", 1),
        "single quotes": body.replace(b'"', b"'"), "names without quotes": body.replace(b'"exp"', b"exp"),
        "a comment": b"/* */" + body, "a comment inside": b"{/**/" + inner + b"}", "a line comment": b"//\n" + body,
        "a hash comment": b"#\n" + body, "text before": b"x" + body, "a prefix": b")]}',\n" + body,
        "a record separator": b"\x1e" + body, "a form feed": b"\f" + body, "a no-break space": b"\xc2\xa0" + body,
        "base64url of it": b64(body), "YAML": b"exp: 1\nsub: alice\n", "a form": b"sub=alice&exp=1",
        "XML": b"<claims/>",
        "pickle": b"\x80\4\x95.", "CBOR": b"\xa1\x63exp\x01", "noise": draft.pick.randbytes(200), "zeros": bytes(100)}
    for name, shape in shapes.items():
        yield name, lambda shape=shape: draft.text(body=shape), CLAIMS
    for more in (b'"x":"\\x41"', b'"x":"\\u12"', b'"x":NaN', b'"x":Infinity', b'"x":-Infinity', b'"x":undefined',
                 b'"x":True',
                 b'"x":0x10', b'"x":01', b'"x":+1', b'"x":1e999', b'"x":18446744073709551616', b'"x":1.', b'"x":.5',
                 b'"x":1e',
                 b'"x":-', b'"x":[1,]', b'"x":[1', b'"x"', b"1:2", b"null:2", b'"x":"', b'"x":', b'"x":1 2',
                 b'"x":1_000',
                 b'"x":0o7', b'"x":1e+', b'"x":nul', b'"x":"\\\'"', b'"x":0b1'):
        yield f"with {more}", lambda more=more: draft.text(body=b"{" + inner + b"," + more + b"}"), CLAIMS
    yield "nothing", lambda: draft.text(body=b""), FORM
    yield "an empty object", lambda: draft.text(body=b"{}"), MISSING


def _is_an_object(text):
    try:
        return isinstance(json.loads(text.decode()), dict)
    except ValueError:
        return False


@kind("deep and wide", "T25")
def bounds(mint, pick):
    for depth in (16, 17, 18, 32, 100, 256, 500, 1000):
        for opening, closing in ((b"[", b"]"), (b'{"a":', b"}")):
            if depth * len(opening + closing) > 2500:
                continue
            value = opening * depth + (b"1" if opening != b"[" else b"") + closing * depth
            draft = Draft(mint, pick).claim("x", value)
            yield draft.case(f"{depth} {opening}", draft.text(), CLAIMS)
    for count in (65, 66, 100, 250):
        draft = Draft(mint, pick)
        draft.claims += [[b'"%d"' % index, b"1"] for index in range(count - len(draft.claims))]
        yield draft.case(f"{count} claims", draft.text(), CLAIMS)
        for value in (b"[" + b",".join([b"1"] * count) + b"]", b"{" + b",".join(b'"%d":1' % index
            for index in range(count)) + b"}"):
            draft = Draft(mint, pick).claim("x", value)
            yield draft.case(f"{count} in {value[:1]}", draft.text(), CLAIMS)
            draft = Draft(mint, pick).claim("x", b"[" + value + b"]")
            yield draft.case(f"{count} in {value[:1]} in an array", draft.text(), CLAIMS)
        draft = Draft(mint, pick).claim("aud", b"[" + b",".join([quote(mint.audience), *[b'""'] * (count - 1)]) + b"]")
        yield draft.case(f"{count} audiences", draft.text(), CLAIMS)
