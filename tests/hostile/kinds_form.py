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


def of_header(draft):
    head, body, signature = draft.parts()
    for name, part in canonical_only(head, draft.pick):
        yield f"header, {name}", part + b"." + body + b"." + signature, FORM
        yield f"header, {name}, signed so", lambda part=part: draft.signed_parts(part, body), FORM
    for name, part in other_words(head):
        yield f"header, {name}", lambda part=part: draft.signed_parts(part, body), FORM, HEADER


def of_payload(draft):
    """Nobody looks at it before the signature."""
    head, body, signature = draft.parts()
    for name, part in canonical_only(body, draft.pick):
        yield f"payload, {name}", head + b"." + part + b"." + signature, SIGNATURE
        yield f"payload, {name}, signed so", lambda part=part: draft.signed_parts(head, part), FORM
    for name, part in other_words(body):
        yield f"payload, {name}", head + b"." + part + b"." + signature, SIGNATURE
        yield f"payload, {name}, signed so", lambda part=part: draft.signed_parts(head, part), FORM, CLAIMS


def of_signature(draft):
    head, body, signature = draft.parts()
    for name, part in canonical_only(signature, draft.pick):
        yield f"signature, {name}", head + b"." + body + b"." + part, FORM, SIGNATURE_LENGTH
    for name, part in other_words(signature):
        yield f"signature, {name}", head + b"." + body + b"." + part, FORM, SIGNATURE, SIGNATURE_LENGTH


@kind("base64url", "T12")
def base64url(mint, pick):
    """Under the signature of the good one, and signed as it stands."""
    def unspaced(shapes):
        def of(draft):
            draft.spaces = None  # what is cut off at the end is not nothing
            return shapes(draft)
        return of
    for shapes in (of_header, of_payload, of_signature):
        yield from each(mint, pick, unspaced(shapes))
    for shapes in (other_payload, other_signature):
        for _ in range(3):
            yield from each(mint, pick, shapes)


def other_payload(draft):
    """In the alphabet of base64."""
    draft.claim("x", quote("\u07ff>?~\u00fb\u00ff" * 6))
    head, body, signature = draft.parts()
    if changed_alphabet(body) != body:
        yield "payload in the other alphabet", head + b"." + changed_alphabet(body) + b"." + signature, SIGNATURE
        yield ("payload in the other alphabet, signed so", lambda: draft.signed_parts(head, changed_alphabet(body)),
               FORM)


def other_signature(draft):
    head, body, signature = draft.parts()
    if changed_alphabet(signature) != signature:
        yield "signature in the other alphabet", head + b"." + body + b"." + changed_alphabet(signature), FORM


WRAPPERS = ((b"Bearer ", b""), (b"JWT ", b""), (b'"', b'"'), (b"'", b"'"), (b"<", b">"), (b"[", b"]"), (b'["', b'"]'),
            (b"token=", b""), (b"?token=", b"&x=1"), (b"data:application/jwt,", b""), (b"", b"#"), (b"", b"  "),
            (b"eyJ", b""),
            (b"", b"\0\0"), (b"", b"\0x"), (b"(", b")"), (b"{", b"}"), (b"", b"\n\n"), (b"\n", b"\n"),
            (b"", b"; Path=/"))


@kind("around the token", "T12", "T29")
def around_it(mint, pick):
    yield from each(mint, pick, around_shapes)


def around_shapes(draft):
    text = draft.text()
    for what in (*SPACES, *STRANGE, b"\0"):
        yield f"{what} before", what + text, FORM
        yield f"{what} after", text + what, FORM
    for before, after in WRAPPERS:
        yield f"in {before} {after}", before + text + after, FORM, HEADER, SIGNATURE_LENGTH
    for name, shape in {
            "percent-encoded dots": text.replace(b".", b"%2E"), "in hex": text.hex().encode(),
            "in base64": base64.b64encode(text),
            "in UTF-16": text.decode().encode("utf-16-le"), "a colon for a dot": text.replace(b".", b":"),
            "percent-encoded": b"".join(b"%%%02x" % byte for byte in text[:1300]),
            "fullwidth dots": text.replace(b".", "\uff0e".encode()), "one fullwidth dot": text.replace(b".",
                "\u3002".encode(), 1)
    }.items():
        yield name, shape, FORM


@kind("dots", "T23", "T29")
def dots(mint, pick):
    yield from each(mint, pick, dot_shapes)


def dot_shapes(draft):
    head, body, signature = draft.parts()
    text, pick = b".".join((head, body, signature)), draft.pick
    for name, shape in {
            "no dot": head + body + signature, "header alone": head, "two parts": head + b"." + body,
            "a dot at the end": text + b".",
            "two parts, the wrong ones": head + b"." + signature, "a dot before": b"." + text,
            "four parts": text + b".AA",
            "two dots": head + b".." + body + b"." + signature, "five parts": text + b".AA.AA",
            "six parts": text + b".AA.AA.AA",
            "detached payload": head + b".." + signature, "no header": b"." + body + b"." + signature,
            "no signature": head + b"." + body + b".", "only dots": b"..", "one dot": b".", "three dots": b"...",
            "four dots": b"....", "a hundred dots": text + b"." * 100, "thousands of dots": b"." * 4000,
            "dots between": b".".join([b"A"] * 1000), "the token twice": text + b"." + text,
            "the token twice, no dot": text + text,
            "a dot inside": put(head, pick, b".") + b"." + body + b"." + signature,
            "a dot in the signature": head + b"." + body + b"." + put(signature, pick, b".")}.items():
        yield name, shape, FORM
    for name, parts in {"signature first": (signature, head, body), "payload first": (body, head, signature),
                        "header twice": (head, head, signature), "payload twice": (body, body, signature),
                        "header doubled": (head + head, body, signature)}.items():
        yield name, b".".join(parts), FORM, HEADER, SIGNATURE, MEMBER


@kind("another form", "T29")
def other_forms(mint, pick):
    yield from each(mint, pick, json_forms)
    yield from each(mint, pick, encrypted_forms)
    yield from each(mint, pick, nested_forms)
    for name, text in {
            "nothing": b"", "a public key": mint.key.pem(), "a PASETO": b"v4.public." + b64(pick.randbytes(90)),
            "SAML": b64(b"<saml:Assertion/>"), "a macaroon": b64(b"0021location x"),
            "CBOR": b"\xd2\x84\x43\xa1\x01\x26\xa0",
            "an SSH key": b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI", "SQL": b"' OR 1=1 --.a.b",
            "a format": b"%s%n.%s%n.%s%n",
            "shell": b"$(id).`id`.;id", "a path": b"../../etc/passwd", "spaces": b"   ", "a password": b"pw-alice",
            "two words": b"yes yes", "JSON": Draft(mint, pick).body()}.items():
        yield Draft(mint, pick).case(name, text, LENGTH, FORM)


def json_forms(draft):
    """RFC 7515 section 7.2."""
    head, body, signature = (part.decode() for part in draft.parts())
    one = {"protected": head, "signature": signature}
    for name, form in {
            "flattened JSON": {"payload": body, **one}, "flattened JSON with header": {"payload": body, **one,
                "header": {"kid": "x"}},
            "general JSON": {"payload": body, "signatures": [one]}, "general JSON, no signatures": {"payload": body,
                "signatures": []},
            "general JSON, a bad one beside": {"payload": body, "signatures": [{"protected": head, "signature": "AA"},
                one]},
            "unprotected header": {"payload": body, "header": {"alg": "ES256"}, "signature": signature},
            "in an array": [f"{head}.{body}.{signature}"], "in a member": {"token": f"{head}.{body}.{signature}"},
            "JWE, JSON": {"protected": head, "encrypted_key": "AA", "iv": "AA", "ciphertext": body,
                          "tag": "AA"}}.items():
        yield name, json.dumps(form).encode(), FORM
        yield f"{name}, in base64url", b64(json.dumps(form).encode()), FORM


def encrypted_forms(draft):
    """RFC 7516: five parts, of which a verifier must not open any."""
    body, pick = draft.text(), draft.pick
    draft.member("enc", b'"A128GCM"')
    for algorithm in ("dir", "RSA-OAEP", "RSA1_5", "A128KW", "ECDH-ES", "PBES2-HS256+A128KW"):
        draft.member("alg", quote(algorithm))
        parts = [b64(draft.head()), b"" if algorithm == "dir" else b64(pick.randbytes(40)), b64(pick.randbytes(12)),
                 b64(body),
                 b64(pick.randbytes(16))]
        yield f"JWE with {algorithm}", b".".join(parts), FORM
        yield f"JWE with {algorithm}, three parts", b".".join(parts[index] for index in (0, 3, 4)), MEMBER


def nested_forms(draft):
    inner = draft.text()
    bodies = (inner, quote(inner.decode()), b'{"jwt":' + quote(inner.decode()) + b"}")
    for body in bodies:
        yield f"nested {body[:6]}", lambda body=body: draft.text(body=body), CLAIMS, MISSING
        yield f"nested, cty {body[:6]}", lambda body=body: draft.member("cty", b'"JWT"').text(body=body), MEMBER


SIZES = (1, 2, 3, 4, 5, 8, 63, 64, 255, 256, 510, 511, 512, 513, 1022, 1023, 1024, 4094, 4095, 4096, 4097, 8191, 8192,
         16383, 16384)
HUGE = (65535, 65536, 1 << 20, 9 << 20, 16 << 20)


def of_size(draft, size):
    """Of one letter, of dots, and a good token with more behind it."""
    text = draft.text()
    for name, filler in (("A", b"A"), ("dots", b"."), ("A.", b"A."))[:1 if size > 1 << 20 else 3]:
        yield f"{size} of {name}", (filler * size)[:size], LENGTH, FORM, HEADER
    if size > len(text):
        yield f"a good token, {size} in all", text + b"A" * (size - len(text)), LENGTH, FORM, SIGNATURE_LENGTH
    elif size < len(text):
        yield f"the first {size} of a good one", text[:size], FORM, HEADER, SIGNATURE_LENGTH, SIGNATURE


def signed_of_size(mint, pick, size):
    """Nothing is wrong with it but its length."""
    draft = Draft(mint, pick).claim("x", b'""')
    room = size - len(draft.text())
    draft.claim("x", b'"' + b"x" * (room * 3 // 4 + 4) + b'"')
    return draft.case(f"a good token of {size} and more", draft.text(), LENGTH)


@kind("size", "T23", "T24", "T25")
def sizes(mint, pick):
    for size in SIZES:
        yield from each(mint, pick, lambda draft, size=size: of_size(draft, size))
    for size in (TOKEN_MAX + 1, TOKEN_MAX + 2, 6000, 8192, 16384):
        yield signed_of_size(mint, pick, size)
    draft = Draft(mint, pick)
    yield draft.case("4096 dots in a token", draft.text().replace(b".", b"." * TOKEN_MAX, 1), LENGTH)


@kind("size up to 16 MiB", "T23", "T24", "T25", huge=True)
def huge_sizes(mint, pick):
    for size in HUGE:
        yield from each(mint, pick, lambda draft, size=size: of_size(draft, size))
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
        yield Draft(mint, pick).case("bytes", bytes(pick.randrange(1, 256) for _ in range(size)), *ANY)


ANY = (LENGTH, FORM, HEADER, MEMBER, TYPE, ALGORITHM, KEY, SIGNATURE_LENGTH, SIGNATURE)
