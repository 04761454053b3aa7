# SPDX-License-Identifier: Apache-2.0
"""Signatures that look like some."""
import base64
import functools
import itertools

import curve
import der
from forge import *
from keys import EcKey, RsaKey, b64

N, P = curve.P256.n, curve.P256.p


EDGES = {"0": 0, "1": 1, "2": 2, "n-1": N - 1, "n": N, "n+1": N + 1, "p-n": P - N, "p-1": P - 1, "p": P, "p+1": P + 1,
         "2^256-1": 2**256 - 1, "2^255": 2**255, "n/2": N // 2, "n/2+1": N // 2 + 1, "gx": curve.P256.g[0]}


@kind("r and s at their edges", "T9")
def edges(mint, pick):
    """CVE-2022-21449 and its relatives."""
    if isinstance(mint.key, RsaKey):
        return
    for (r_name, r), (s_name, s) in itertools.product(EDGES.items(), repeat=2):
        draft = Draft(mint, pick)
        yield draft.case(f"r = {r_name}, s = {s_name}", draft.text(signature=EcKey.join(r, s)), SIGNATURE)
    yield from each(mint, pick, edge_shapes)


def edge_shapes(draft):
    r, s = draft.key.pair(draft.signed_text(), draft.pick)
    pairs = {"s, r": (s, r), "n-r, s": (N - r, s), "n-r, n-s": (N - r, N - s), "r, s+1": (r, (s + 1) % N),
             "r, r": (r, r),
             "r, 1/s": (r, pow(s, -1, N)), "s, s": (s, s), "x of the key, s": (draft.key.x, s),
             "p-r, s": ((P - r) % 2**256, s)}
    pairs |= {f"r, {name}": (r, value) for name, value in EDGES.items()}
    pairs |= {f"{name}, s": (value, s) for name, value in EDGES.items()}
    for name, pair in pairs.items():
        yield name, draft.text(signature=EcKey.join(*pair)), SIGNATURE


@kind("RSA numbers at their edges", "T9", "T10")
def rsa_edges(mint, pick):
    """Padding that is not what RFC 8017 has, as in the forgeries of 2006, which need e = 3 and are tried all the same."""
    if isinstance(mint.key, RsaKey):
        yield from each(mint, pick, rsa_shapes)


def rsa_shapes(draft):
    key = draft.key
    for name, value in {"0": 0, "1": 1, "2": 2, "n-1": key.n - 1, "n": key.n, "n+1": key.n + 1,
                        "2^k-1": 2**(8 * key.size) - 1}.items():
        yield f"s = {name}", draft.text(signature=value.to_bytes(key.size, "big")), SIGNATURE
    for name, block in paddings(key, key.padded(draft.signed_text()), draft.pick).items():
        raised = functools.partial(key.raise_to_d, int.from_bytes(block, "big"))
        yield name, lambda raised=raised: draft.text(signature=raised()), SIGNATURE
        yield f"{name}, not raised", draft.text(signature=block), SIGNATURE
    for name in ("sha256", "sha384", "sha512"):
        yield (f"PSS, {name}", lambda name=name: draft.text(signature=key.sign_pss(draft.signed_text(), draft.pick,
            name)),
               SIGNATURE)


def paddings(key, good, pick):
    """Blocks that are almost EMSA-PKCS1-v1_5."""
    info = good[good.index(b"\0", 2) + 1:]
    digest = info[-32:]
    blocks = {
        "trailing bytes": b"\0\1" + b"\xff" * 8 + b"\0" + info + pick.randbytes(key.size - len(info) - 11),
        "block type 2": b"\0\2" + good[2:], "block type 0": b"\0\0" + good[2:],
        "padding of 01": good.replace(b"\xff", b"\1"),
        "a hole in the padding": good[:40] + b"\0" + good[41:], "another in it": good[:9] + b"\xfe" + good[10:],
        "no DigestInfo": good[:2] + b"\xff" * (key.size - 35) + b"\0" + digest,
        "digest alone": digest.rjust(key.size, b"\0"),
        "no NULL in it": good[:2] + b"\xff" * (key.size - 52) + b"\0" + bytes.fromhex(
            "302f300b06096086480165030402010420") + digest,
        "another hash's name": good[:-33] + bytes((good[-33],)) + digest[::-1],
        "SHA-384's name": good[:-len(info)] + info.replace(b"\2\1\5", b"\2\2\5", 1),
        "no separator": good[:2] + b"\xff" * (key.size - len(info) - 2) + info}
    return {name: block for name, block in blocks.items() if len(block) == key.size and block != good}


@kind("signature of another length", "T10", "T12")
def lengths(mint, pick):
    yield from each(mint, pick, length_shapes)


def length_shapes(draft):
    good, pick = draft.sign(), draft.pick
    size = len(good)
    shapes = {f"first {length} bytes": good[:length] for length in (1, 8, size // 2, size - 2, size - 1)}
    shapes |= {f"{extra} bytes more": good + pick.randbytes(extra) for extra in (1, 2, 8, 32, 64, 200)}
    shapes |= {f"{extra} zeros more": good + bytes(extra) for extra in (1, 2, 32)}
    shapes |= {f"{extra} zeros before": bytes(extra) + good for extra in (1, 2, 32)}
    shapes |= {"twice": good + good, "in hex": good.hex().encode(), "in base64": base64.b64encode(good),
               "in base64url": b64(good),
               "last byte gone, a zero before": b"\0" + good[:-1], "a point before": b"\4" + good,
               "without its first byte": good[1:],
               "halves swapped": good[size // 2:] + good[:size // 2], "a byte out of its middle": good[:40] + good[41:]}
    for name, signature in shapes.items():
        yield name, draft.text(signature=signature), SIGNATURE if len(signature) == size else SIGNATURE_LENGTH
    yield "none at all", draft.text(signature=b""), FORM


@kind("DER signature", "T10")
def der_signature(mint, pick):
    if not isinstance(mint.key, RsaKey):
        yield from each(mint, pick, der_shapes)


def der_shapes(draft):
    for name, pair in {"good": draft.key.pair(draft.signed_text(), draft.pick), "0, 0": (0, 0), "n, n": (N, N),
                       "1, 1": (1, 1)}.items():
        both = der.integer(pair[0]) + der.integer(pair[1])
        whole = der.write(der.SEQUENCE, both)
        r, s = pair
        for how, signature in {
                "": whole, ", long length": bytes((0x30, 0x81, len(both))) + both, ", trailing byte": whole + b"\0",
                ", to 64 bytes": whole[:64].ljust(64, b"\0"), ", two integers": both,
                ", endless": b"\x30\x80" + both + b"\0\0",
                ", P1363 in OCTET STRING": der.write(der.OCTET_STRING, EcKey.join(r, s)),
                ", 33-byte halves": r.to_bytes(33, "big") + s.to_bytes(33, "big"),
                ", little-endian": r.to_bytes(32, "little") + s.to_bytes(32, "little")}.items():
            yield f"{name}{how}", draft.text(signature=signature), SIGNATURE if len(signature) == 64 else SIGNATURE_LENGTH


@kind("broken signature", "T9", "T11")
def broken(mint, pick):
    for _ in range(64):
        draft = Draft(mint, pick)
        good = bytearray(draft.sign())
        bit = pick.randrange(8 * len(good))
        good[bit // 8] ^= 1 << bit % 8
        yield draft.case(f"bit {bit}", draft.text(signature=bytes(good)), SIGNATURE)
    for _ in range(8):
        draft = Draft(mint, pick)
        yield draft.case("noise", draft.text(signature=pick.randbytes(len(draft.sign()))), SIGNATURE)
    for filler in (b"\0", b"\xff", b"A", b"\x80"):
        draft = Draft(mint, pick)
        yield draft.case(f"all {filler}", draft.text(signature=filler * len(draft.sign())), SIGNATURE)


@kind("signature over something else", "T1", "T12", "T21")
def over_something_else(mint, pick):
    """A good one, of the real key, for what the token does not say."""
    yield from each(mint, pick, over_shapes)
    changes = {"sub": b'"root"', "scope": b'"sudo:root"', "exp": number(mint.now + 9999),
               "access": number(mint.access + 1),
               "iss": b'"me"',
               "aud": b'"you"', "jti": quote(f"{pick.getrandbits(128):032x}")}
    for name, value in changes.items():
        draft = Draft(mint, pick)
        signature = draft.sign()
        yield draft.claim(name, value).case(f"{name} changed afterwards", draft.text(signature=signature), SIGNATURE)
    for name, value in (("typ", b'"jwt"'), ("alg", b'"none"')):
        draft = Draft(mint, pick)
        signature = draft.sign()
        yield draft.member(name, value).case(f"{name} changed afterwards", draft.text(signature=signature), TYPE,
                                             ALGORITHM)


def over_shapes(draft):
    other = Draft(draft.mint, draft.pick)
    raw_head, raw_body = draft.head(), draft.body()
    head, body = b64(raw_head), b64(raw_body)
    for name, text in {
            "the header": head, "the payload": body, "both without a dot": head + body,
            "the other way round": body + b"." + head,
            "decoded": raw_head + b"." + raw_body, "decoded payload": raw_body,
            "with a newline": head + b"." + body + b"\n",
            "with a dot": head + b"." + body + b".", "with padding": head + b"=." + body, "nothing": b"",
            "in UTF-16": (head + b"." + body).decode().encode("utf-16-le"), "another token": other.signed_text(),
            "another's payload": head + b"." + b64(other.body()), "in upper case": (head + b"." + body).upper(),
            "a prefix": (head + b"." + body)[:-4]}.items():
        yield f"over {name}", lambda text=text: draft.text(signature=draft.sign(text)), SIGNATURE
    yield "a space in the header afterwards", lambda: draft.text(head=b" " + raw_head,
        signature=draft.sign()), SIGNATURE


@kind("a key of another curve", "T4")
def another_curve(mint, pick):
    if isinstance(mint.key, RsaKey):
        return
    for secret in (mint.key.secret % curve.K256.n, pick.randrange(1, curve.K256.n)):
        draft = Draft(mint, pick)
        yield draft.case("secp256k1", draft.text(key=EcKey(secret, curve.K256)), SIGNATURE)
    for secret in (1, 2, N - 1, 3):
        draft = Draft(mint, pick)
        yield draft.case(f"the key {secret}", draft.text(key=EcKey(secret)), SIGNATURE)
