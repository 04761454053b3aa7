# SPDX-License-Identifier: Apache-2.0
"""How a token is written: other spellings of a good one, other forms of signed JSON, and every size."""
import base64
import json
import string

from forge import *
from keys import b64

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
SPACES = (b" ", b"\t", b"\n", b"\r", b"\r\n", b"\v", b"\f", b"\xc2\xa0", b"\xe2\x80\x8b", b"\xef\xbb\xbf", b"\x1f",
          b"\x7f")
STRANGE = (b"!", b"*", b"~", b"$", b"@", b",", b";", b":", b"/", b"+", b"=", b"|", b"\\", b"\"", b"'", b"<", b"&", b"%",
           b"%2E", b"\x01", b"\x80",
           b"\xff", b"\xc3\xa9", "\uff21".encode(), b"(", b"{", b"`", b"^", b"?", b"#")


def respelled_last(part):
    """Its last character with unused bits set; None where there are none."""
    unused = {2: 4, 3: 2}.get(len(part) % 4)
    if unused is None:
        return []
    at = ALPHABET.index(chr(part[-1]))
    return [part[:-1] + ALPHABET[at | bits].encode() for bits in range(1, 1 << unused)]


def put(part, pick, what):
    at = pick.randrange(len(part) + 1)
    return part[:at] + what + part[at:]


def canonical_only(part, pick):
    """(name, bytes): what lax decoders take for the same."""
    for what in SPACES:
        yield f"{what} at the end", part + what
        yield f"{what} at the beginning", what + part
        yield f"{what} inside", put(part, pick, what)
    for what in STRANGE:
        yield f"{what} inside", put(part, pick, what)
        yield f"{what} at the end", part + what
    for count in range(1, 6):
        yield f"{count} =", part + b"=" * count
    yield "padded as base64", part + b"=" * (-len(part) % 4 or 4)
    yield "percent-encoded padding", part + b"%3D"
    for number_of, other in enumerate(respelled_last(part)):
        yield f"unused bits {number_of + 1}", other
    yield "in lines", b"\n".join(part[at:at + 76] for at in range(0, len(part), 76)) + b"\n"
    at = pick.randrange(len(part))
    yield "a character percent-encoded", part[:at] + b"%%%02X" % part[at] + part[at + 1:]
    yield "an HTML entity", part[:at] + b"&#%d;" % part[at] + part[at + 1:]
    yield "fullwidth", part[:at] + chr(0xfee0 + part[at]).encode() + part[at + 1:]
    yield "quoted", b'"' + part + b'"'


def other_words(part):
    """(name, bytes): base64url, of something else."""
    yield "one character less", part[:-1]
    yield "one character more", part + b"A"
    yield "upper and lower case changed", part.swapcase()
    yield "twice", part + part
    yield "reversed", part[::-1]
    yield "base64url of it", b64(part)


def changed_alphabet(part):
    return part.replace(b"-", b"+").replace(b"_", b"/")


@kind("base64url", "T12")
def base64url(mint, pick):
    """Under the signature of the good one, and signed as it stands."""
    draft = Draft(mint, pick)
    draft.spaces = None  # what is cut off at the end is not nothing
    head, body, signature = draft.parts()
    for name, part in canonical_only(head, pick):
        yield draft.case(f"header, {name}", part + b"." + body + b"." + signature, FORM)
        yield draft.case(f"header, {name}, signed so", draft.signed_parts(part, body), FORM)
    for name, part in canonical_only(body, pick):
        yield draft.case(f"payload, {name}", head + b"." + part + b"." + signature, SIGNATURE)
        yield draft.case(f"payload, {name}, signed so", draft.signed_parts(head, part), FORM)
    for name, part in canonical_only(signature, pick):
        yield draft.case(f"signature, {name}", head + b"." + body + b"." + part, FORM, SIGNATURE_LENGTH)
    for name, part in other_words(head):
        yield draft.case(f"header, {name}", draft.signed_parts(part, body), FORM, HEADER)
    for name, part in other_words(body):
        yield draft.case(f"payload, {name}", head + b"." + part + b"." + signature, SIGNATURE)
        yield draft.case(f"payload, {name}, signed so", draft.signed_parts(head, part), FORM, CLAIMS)
    for name, part in other_words(signature):
        yield draft.case(f"signature, {name}", head + b"." + body + b"." + part, FORM, SIGNATURE, SIGNATURE_LENGTH)
    for _ in range(3):
        draft = Draft(mint, pick).claim("x", quote("\u07ff>?~\u00fb\u00ff" * 6))
        head, body, signature = draft.parts()
        if changed_alphabet(body) != body:
            yield draft.case("payload in the other alphabet", head + b"." + changed_alphabet(body) + b"." + signature,
                             SIGNATURE)
            yield draft.case("payload in the other alphabet, signed so", draft.signed_parts(head,
                changed_alphabet(body)), FORM)
        if changed_alphabet(signature) != signature:
            yield draft.case("signature in the other alphabet", head + b"." + body + b"." + changed_alphabet(signature),
                             FORM)


@kind("around the token", "T12", "T29")
def around_it(mint, pick):
    draft = Draft(mint, pick)
    text = draft.text()
    for what in (*SPACES, *STRANGE, b"\0"):
        yield draft.case(f"{what} before", what + text, FORM, HEADER, KEY)
        if what != b"\0":
            yield draft.case(f"{what} after", text + what, FORM, SIGNATURE_LENGTH)
    for before, after in ((b"Bearer ", b""), (b"JWT ", b""), (b'"', b'"'), (b"'", b"'"), (b"<", b">"), (b"[", b"]"),
                          (b'["', b'"]'), (b"token=", b""),
                          (b"?token=", b"&x=1"), (b"data:application/jwt,", b""), (b"", b"#"), (b"", b" "),
                          (b"eyJ", b""), (b"", b"\0\0"), (b"", b"\0x"),
                          (b"(", b")"), (b"{", b"}"), (b"", b"\n\n"), (b"\n", b"\n"), (b"", b"; Path=/")):
        yield draft.case(f"in {before} {after}", before + text + after, FORM, HEADER, SIGNATURE_LENGTH, KEY)
    yield draft.case("percent-encoded dots", text.replace(b".", b"%2E"), FORM)
    yield draft.case("percent-encoded", b"".join(b"%%%02x" % byte for byte in text), FORM, LENGTH)
    yield draft.case("in hex", text.hex().encode(), FORM)
    yield draft.case("in base64", base64.b64encode(text), FORM)
    yield draft.case("in UTF-16", text.decode().encode("utf-16-le"), FORM)
    yield draft.case("a colon for a dot", text.replace(b".", b":"), FORM)
    yield draft.case("fullwidth dots", text.replace(b".", "\uff0e".encode()), FORM)
    yield draft.case("one fullwidth dot", text.replace(b".", "\u3002".encode(), 1), FORM)


@kind("dots", "T23", "T29")
def dots(mint, pick):
    draft = Draft(mint, pick)
    head, body, signature = draft.parts()
    text = draft.text()
    shapes = {"no dot": head + body + signature, "header alone": head, "two parts": head + b"." + body,
              "two parts, the wrong ones": head + b"." + signature,
              "a dot at the end": text + b".", "a dot before": b"." + text,
              "two dots": head + b".." + body + b"." + signature, "four parts": text + b".AA",
              "five parts": text + b".AA.AA", "six parts": text + b".AA.AA.AA",
              "detached payload": head + b".." + signature, "no header": b"." + body + b"." + signature,
              "no signature": head + b"." + body + b".", "only dots": b"..", "one dot": b".", "three dots": b"...",
              "four dots": b"....",
              "a hundred dots": text + b"." * 100, "thousands of dots": b"." * 4000,
              "dots between": b".".join([b"A"] * 1000),
              "the token twice": text + b"." + text, "the token twice, no dot": text + text,
              "signature first": signature + b"." + head + b"." + body,
              "payload first": body + b"." + head + b"." + signature, "a dot inside": put(head, pick,
                  b".") + b"." + body + b"." + signature,
              "a dot in the signature": head + b"." + body + b"." + put(signature, pick, b"."),
              "header twice": head + b"." + head + b"." + signature,
              "payload twice": body + b"." + body + b"." + signature,
              "header doubled": head + head + b"." + body + b"." + signature}
    for name, shape in shapes.items():
        yield draft.case(name, shape, FORM, HEADER, SIGNATURE, MEMBER, TYPE, KEY)


@kind("another form", "T29")
def other_forms(mint, pick):
    draft = Draft(mint, pick)
    head, body, signature = (part.decode() for part in draft.parts())
    flat = {"payload": body, "protected": head, "signature": signature}
    one = {"protected": head, "signature": signature}
    forms = {"flattened JSON": flat, "flattened JSON with header": {**flat, "header": {"kid": mint.key.kid}},
             "general JSON": {"payload": body, "signatures": [one]},
             "general JSON, no signatures": {"payload": body, "signatures": []},
             "general JSON, a bad one beside": {"payload": body, "signatures": [{"protected": head, "signature": "AA"},
                 one]},
             "unprotected header": {"payload": body, "header": {"alg": mint.algorithm, "kid": mint.key.kid},
                                    "signature": signature},
             "in an array": [f"{head}.{body}.{signature}"], "in a member": {"token": f"{head}.{body}.{signature}"},
             "JWE, JSON": {"protected": head, "encrypted_key": "AA", "iv": "AA", "ciphertext": body, "tag": "AA"}}
    for name, form in forms.items():
        yield draft.case(name, json.dumps(form).encode(), FORM)
        yield draft.case(f"{name}, in base64url", b64(json.dumps(form).encode()), FORM)
    for algorithm in ("dir", "RSA-OAEP", "RSA1_5", "A128KW", "ECDH-ES", "PBES2-HS256+A128KW"):
        outer = Draft(mint, pick).member("alg", quote(algorithm)).member("enc", b'"A128GCM"')
        parts = [b64(outer.head()), b"" if algorithm == "dir" else b64(pick.randbytes(40)), b64(pick.randbytes(12)),
                 b64(draft.text()), b64(pick.randbytes(16))]
        yield draft.case(f"JWE with {algorithm}", b".".join(parts), FORM)
        yield draft.case(f"JWE with {algorithm}, three parts", b".".join(parts[index] for index in (0, 3, 4)), MEMBER,
                         ALGORITHM)
    for name, change in (("nested", lambda outer: outer), ("nested, cty", lambda outer: outer.member("cty", b'"JWT"'))):
        for inner in (draft.text(), quote(draft.text().decode()), b'{"jwt":' + quote(draft.text().decode()) + b"}"):
            outer = change(Draft(mint, pick))
            yield outer.case(f"{name} {inner[:6]}", outer.text(body=inner), CLAIMS, MEMBER, MISSING)
    pem = mint.key.pem()
    for name, text in {"nothing": b"", "a public key": pem, "a PASETO": b"v4.public." + b64(draft.body()),
                       "SAML": b64(b"<saml:Assertion/>"), "a macaroon": b64(b"0021location x"),
                       "a cookie": b"session=" + draft.text(), "CBOR": b"\xd2\x84\x43\xa1\x01\x26\xa0",
                       "an SSH key": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
                       "SQL": b"' OR 1=1 --.a.b", "a format": b"%s%n.%s%n.%s%n", "shell": b"$(id).`id`.;id",
                       "a path": b"../../etc/passwd", "spaces": b"   ",
                       "a password": b"pw-alice", "two words": b"yes yes", "JSON": draft.body()}.items():
        yield draft.case(name, text, LENGTH, FORM)


SIZES = (1, 2, 3, 4, 5, 8, 63, 64, 255, 256, 510, 511, 512, 513, 1022, 1023, 1024, 4094, 4095, 4096, 4097, 8191, 8192,
         16383, 16384)
HUGE = (65535, 65536, 1 << 20, 9 << 20, 16 << 20)


def of_size(draft, text, size):
    """Of one letter, of dots, and a good token with more behind it."""
    for name, filler in (("A", b"A"), ("dots", b"."), ("A.", b"A.")):
        yield draft.case(f"{size} of {name}", (filler * size)[:size], LENGTH, FORM, HEADER)
    if size > len(text):
        yield draft.case(f"a good token, {size} in all", text + b"A" * (size - len(text)), LENGTH, FORM,
                         SIGNATURE_LENGTH)
    elif size < len(text):
        yield draft.case(f"the first {size} of a good one", text[:size], FORM, HEADER, SIGNATURE_LENGTH, SIGNATURE)


def signed_of_size(mint, pick, size):
    """Nothing is wrong with it but its length."""
    draft = Draft(mint, pick).claim("x", b'""')
    room = size - len(draft.text())
    draft.claim("x", b'"' + b"x" * (room * 3 // 4 + 4) + b'"')
    return draft.case(f"a good token of {size} and more", draft.text(), LENGTH)


@kind("size", "T23", "T24", "T25")
def sizes(mint, pick):
    draft = Draft(mint, pick)
    text = draft.text()
    for size in SIZES:
        yield from of_size(draft, text, size)
    for size in (TOKEN_MAX + 1, TOKEN_MAX + 2, 6000, 8192, 16384):
        yield signed_of_size(mint, pick, size)
    yield draft.case("4096 dots in a token", text.replace(b".", b"." * TOKEN_MAX, 1), LENGTH)


@kind("size up to 16 MiB", "T23", "T24", "T25", huge=True)
def huge_sizes(mint, pick):
    draft = Draft(mint, pick)
    text = draft.text()
    for size in HUGE:
        yield from of_size(draft, text, size)
        yield signed_of_size(mint, pick, size)


@kind("noise", "T23", "T25")
def noise(mint, pick):
    """Bytes changed, moved, left out and put in at random; what comes out as it went in is left out."""
    donor = Draft(mint, pick).text()
    for _ in range(150):
        draft = Draft(mint, pick)
        good = draft.text()
        text = bytearray(good)
        for _ in range(pick.choice((1, 1, 1, 2, 3, 8))):
            at, way = pick.randrange(len(text)), pick.randrange(6)
            if way == 0:
                text[at] ^= 1 << pick.randrange(8)
            elif way == 1:
                text[at] = ord(pick.choice(ALPHABET))
            elif way == 2:
                del text[at:at + pick.choice((1, 1, 2, 16))]
            elif way == 3:
                text[at:at] = bytes(pick.randrange(1, 256) for _ in range(pick.choice((1, 2, 16))))
            elif way == 4:
                text[at:at + 20] = donor[at:at + 20]
            else:
                text[at:] = donor[at:]
            text = text or bytearray(b".")
        if bytes(text) not in (good, donor):
            yield draft.case("at random", bytes(text), *ANY)
    for _ in range(20):
        draft = Draft(mint, pick)
        size = pick.randrange(1, 2000)
        shape = b".".join(bytes(pick.choice(ALPHABET.encode()) for _ in range(size // 3 + 1)) for _ in range(3))
        yield draft.case("three parts of letters", shape, *ANY)
        yield draft.case("bytes", bytes(pick.randrange(1, 256) for _ in range(size)), *ANY)


ANY = (LENGTH, FORM, HEADER, MEMBER, TYPE, ALGORITHM, KEY, SIGNATURE_LENGTH, SIGNATURE)
