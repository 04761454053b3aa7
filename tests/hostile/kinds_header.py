# SPDX-License-Identifier: Apache-2.0
"""What a header says about how it wants to be verified: none of it may be believed."""
import base64
import itertools
import json
import zlib

from forge import *
from keys import b64, mac

FAMILIES = {"ES384": "sha384", "ES512": "sha512", "ES256": "sha256", "ES256K": "sha256", "RS256": "sha256",
            "RS384": "sha384",
            "RS512": "sha512", "PS256": "sha256", "PS384": "sha384", "PS512": "sha512", "EdDSA": "sha512",
            "Ed25519": "sha512",
            "Ed448": "sha512", "HS256": "sha256", "RS1": "sha1", "ML-DSA-44": "sha256"}
ODD = (b"null", b"true", b"false", b"0", b"1", b"256", b"1.5", b"[]", b"{}", b'""', b'" "')


def around(text):
    """Spellings of a word that somebody might take for it: JSON."""
    yield from (quote(wrong) for wrong in sorted({
        text.lower(), text.upper(), text.swapcase(), text.capitalize(), text + " ", " " + text, text + "\t",
        text + "\n",
        text + "\r\n", text + "\v", text + "\u00a0", text + "\u200b", "\ufeff" + text, text + ".", text + "/",
        text + ",", "\u202e" + text,
        text + text, text[:-1], text[1:], text[::-1], text.replace("S", "\u017f"), text.replace("2", "\u00b2"),
        text[:1] + "\u0301" + text[1:], text + "=", text + "+x", text + ";", text + "%00"} - {text}))
    yield quote(text)[:-1] + b'\\u0000"'
    yield b"[" + quote(text) + b"]"
    yield b'{"' + text.encode() + b'":' + quote(text) + b"}"


@kind("alg none", "T1")
def alg_none(mint, pick):
    shapes = ["".join(letters) for letters in itertools.product("nN", "oO", "nN", "eE")]
    shapes += ["null", "nil", "None ", " none", "none\n", "no\u0307ne", "\uff4e\uff4f\uff4e\uff45", "non", "NULL",
               "plain",
               "none,ES256", "Unsecured"]
    words = [quote(shape) for shape in shapes] + [escaped("none", pick), b'"none\\u0000"', b'["none"]', *ODD]
    for word in words:
        draft = Draft(mint, pick).member("alg", word)
        signatures = {"no signature": b"", "zeros": bytes(64), "noise": pick.randbytes(64), "one byte": b"\0",
                      "a good one": draft.sign()}
        name, signature = pick.choice(list(signatures.items()))
        yield draft.case(f"alg {word}, {name}", draft.text(signature=signature), ALGORITHM, FORM, HEADER)
        draft = Draft(mint, pick).member("alg", word)
        yield draft.case(f"alg {word}, unsigned", draft.signed_text() + pick.choice((b"", b".", b"..")), FORM,
                         ALGORITHM)
    for change in ("kid", "typ"):
        draft = Draft(mint, pick).member("alg", b'"none"')
        draft.leave_out(change, of=draft.header)
        yield draft.case(f"alg none without {change}", draft.signed_text() + b".", FORM)
    draft = Draft(mint, pick)
    draft.header = [[b'"alg"', b'"none"']]
    yield draft.case("alg none alone", draft.text(signature=b"\0"), TYPE, KEY)


@kind("HMAC by the public key", "T2", "T26")
def hmac_confusion(mint, pick):
    words = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512", "hs256": "sha256", mint.algorithm: "sha256"}
    more = {"no key": b"", "a NUL": b"\0", "kid": mint.key.kid.encode(), "issuer": mint.issuer.encode(),
            "secret": b"secret",
            "32 zeros": bytes(32), "the header": b'{"alg":"HS256"}'}
    for name, secret in [*mint.key.spellings(), *more.items()]:
        for word, digest in words.items():
            draft = Draft(mint, pick, plain=True).member("alg", quote(word))
            tag = mac(secret, draft.signed_text(), digest)
            reasons = (SIGNATURE_LENGTH, SIGNATURE) if word == mint.algorithm else (ALGORITHM,)
            yield draft.case(f"{word} keyed with {name}", draft.text(signature=tag), *reasons)
    secret = dict(mint.key.spellings())["PEM"]
    draft = Draft(mint, pick).member("alg", b'"HS256"')
    draft.leave_out("kid", of=draft.header)
    yield draft.case("HS256 without kid", draft.text(signature=mac(secret, draft.signed_text())), KEY)


@kind("another algorithm", "T3")
def families(mint, pick):
    for word, digest in FAMILIES.items():
        if word != mint.algorithm:
            draft = Draft(mint, pick).member("alg", quote(word))
            yield draft.case(f"{word}, {digest}", draft.text(signature=draft.sign(digest=digest)), ALGORITHM)
            draft = Draft(mint, pick).member("alg", quote(word))
            yield draft.case(f"{word}, signed as {mint.algorithm}", draft.text(), ALGORITHM)
    for digest in ("sha1", "sha384", "sha512"):
        draft = Draft(mint, pick)
        yield draft.case(f"{mint.algorithm} over {digest}", draft.text(signature=draft.sign(digest=digest)), SIGNATURE)
    for word in [*around(mint.algorithm), *ODD]:
        draft = Draft(mint, pick).member("alg", word)
        yield draft.case(f"alg {word}", draft.text(), ALGORITHM, HEADER)
    draft = Draft(mint, pick)
    draft.leave_out("alg", of=draft.header)
    yield draft.case("no alg", draft.text(), ALGORITHM)


@kind("kid", "T5", "T6")
def kids(mint, pick):
    kid = mint.key.kid
    words = [quote(word) for word in (
        "unknown1", mint.stranger.kid, "../../../../../../dev/null", "/dev/null", "/proc/sys/kernel/randomize_va_space",
        f"/var/lib/jitd/keys/{kid}.pem", f"{kid}.pem", f"keys/{kid}", f"./{kid}", f"../keys/{kid}", ".", "..", "-", "_",
        "x' UNION SELECT 'key' --", f"{kid}' OR '1'='1", "'; DROP TABLE token; --", f"{kid}\"", "%", "*", "_" * 8, "?",
        "|id", "$(id)", "`id`", f"{kid};id", f"{kid}&&id", "%s%s%s%n", "${jndi:ldap://127.0.0.1/a}", "{{7*7}}",
        "http://127.0.0.1:1/k.pem", "file:///dev/null", "data:,", kid * 2, kid * 8 + "x", "k" * 64, "k" * 65, "k" * 600,
        f"{kid}\nalg: none", f"{kid}\x1b[2J", "\u202e" + kid[::-1], "k\u0456d", f"{kid},{kid}", f"{kid} {kid}",
        f"{{{kid}}}",
        base64.b64encode(kid.encode()).decode(), kid.encode().hex(), "".join(f"%{ord(c):02x}" for c in kid), "0",
        "null",
        "undefined", "constructor", "__proto__", "default", "current", "1", "ES256", mint.issuer, kid[:-1] + "A",
        "A" * 8)]
    for word in [*words, *around(kid), *ODD]:
        draft = Draft(mint, pick).member("kid", word)
        if word == quote(kid):
            continue
        yield draft.case(f"kid {word[:60]}", draft.text(), KEY, HEADER)
    for secret in (b"", b"\0", b"2\n"):  # what such a path would have held
        draft = Draft(mint, pick).member("alg", b'"HS256"').member("kid", b'"/dev/null"')
        yield draft.case("HS256 by the file that kid names", draft.text(signature=mac(secret, draft.signed_text())),
                         KEY)
    draft = Draft(mint, pick)
    draft.leave_out("kid", of=draft.header)
    yield draft.case("no kid", draft.text(), KEY)
    for key, name in ((mint.stranger, "a stranger's key, its own kid"),):
        draft = Draft(mint, pick).member("kid", quote(key.kid))
        yield draft.case(name, draft.text(key=key), KEY)


@kind("a stranger's key", "T4", "T6", "T7")
def strangers_key(mint, pick):
    """Signed by somebody else under our kid; with the key that would verify it brought along, too."""
    jwk = json.dumps({**mint.stranger.jwk(), "kid": mint.key.kid}).encode()
    for _ in range(8):
        draft = Draft(mint, pick)
        yield draft.case("our kid", draft.text(key=mint.stranger), SIGNATURE, SIGNATURE_LENGTH)
    ways = {"jwk": jwk, "jwks": b'{"keys":[' + jwk + b"]}", "jku": b'"http://127.0.0.1:1/jwks"',
            "x5u": b'"http://127.0.0.1:1/x5u"',
            "x5c": b"[" + quote(base64.b64encode(mint.stranger.der()).decode()) + b"]",
            "x5t": quote(b64(pick.randbytes(20)).decode()), "x5t#S256": quote(b64(pick.randbytes(32)).decode()),
            "key": quote(mint.stranger.pem().decode()), "pem": quote(mint.stranger.pem().decode()), "epk": jwk}
    if mint.foreign:  # some issuers send these, and nobody looks at them
        del ways["x5t"], ways["x5t#S256"]
    for name, value in ways.items():
        for signer in (mint.stranger, mint.key):
            draft = Draft(mint, pick).member(name, value)
            yield draft.case(f"{name} in the header", draft.text(key=signer), MEMBER, HEADER)
        draft = Draft(mint, pick).member(name, value)
        draft.leave_out("kid", of=draft.header)
        yield draft.case(f"{name} instead of kid", draft.text(key=mint.stranger), MEMBER, HEADER)


@kind("header member", "T7", "T8", "T23")
def members(mint, pick):
    values = {
        "crit": (b"[]", b'["exp"]', b'["b64"]', b'["alg"]', b'["crit"]', b'["x"]', b'["typ","kid"]', b'"exp"', b"null",
                 b"{}", b"true",
                 b"0", b"[1]", b"[[]]", b'["http://example.org/x"]', b'["' + b'","'.join([b"a"] * 40) + b'"]', b'[""]'),
        "b64": (b"false", b"true", b"null", b"0", b'"false"'), "zip": (b'"DEF"', b'"GZ"', b'""', b"null"),
        "cty": (b'"JWT"', b'"json"', b'""'), "enc": (b'"A256GCM"', b'"none"'), "p2c": (b"2147483647", b"1"),
        "p2s": (b'"AAAA"',),
        "iv": (b'"AA"',), "tag": (b'"AA"',), "apu": (b'"AA"',), "apv": (b'"AA"',), "url": (b'"https://x"',),
        "nonce": (b'"1"',),
        "iss": (quote(mint.issuer),), "sub": (b'"root"',), "aud": (quote(mint.audience),), "exp": (b"4102444800",),
        "jti": (b'"1"',),
        "ver": (b'"1.0"',), "alg2": (b'"none"',), "": (b'""',), " ": (b'"alg"',), "signature": (b'""',),
        "header": (b"{}",),
        "Alg": (b'"none"',), "ALG": (b'"none"',), "KID": (b'"x"',), "Typ": (b'"JWT"',), "Crit": (b'["exp"]',),
        "a\u0300lg": (b'"none"',),
        "__proto__": (b'{"alg":"none"}',), "$ref": (b'"#"',), "x": (b'"' + b"x" * 400 + b'"',)}
    for name, several in values.items():
        for value in several:
            draft = Draft(mint, pick).member(name, value)
            pick.shuffle(draft.header)
            yield draft.case(f"{name} {value[:40]}", draft.text(), MEMBER, HEADER)
    draft = Draft(mint, pick).member("b64", b"false").member("crit", b'["b64"]')
    yield draft.case("RFC 7797, unencoded payload", draft.signed_parts(b64(draft.head()), draft.body().replace(b".",
        b"\\u002e")), MEMBER)
    draft = Draft(mint, pick).member("zip", b'"DEF"')
    deflated = zlib.compress(draft.body(), 9)[2:-4]
    yield draft.case("compressed", draft.text(body=deflated), MEMBER)
    draft = Draft(mint, pick).member("zip", b'"DEF"')
    bomb = zlib.compress(bytes(1 << 20), 9)[2:-4]
    yield draft.case("a bomb", draft.text(body=bomb), MEMBER)
    for secret in ("jwk", "crit"):
        draft = Draft(mint, pick)
        draft.header.append([escaped(secret, pick), b"[]"])
        yield draft.case(f"{secret}, its name escaped", draft.text(), MEMBER)
    for name in ("alg", "kid", "typ"):
        draft = Draft(mint, pick)
        value = dict(map(tuple, draft.header))[quote(name)]
        draft.leave_out(name, of=draft.header)
        draft.header.append([quote(name.upper()), value])
        yield draft.case(f"{name.upper()} for {name}", draft.text(), MEMBER)


@kind("typ", "T22", "T29")
def types(mint, pick):
    words = [quote(word) for word in ("JOSE", "JOSE+JSON", "at+jwt", "JWS", "JWE", "jit+jwt", "secevent+jwt",
                                      "dpop+jwt", "SAML", "jwt+x",
                                      "application/jwt", "application/JWT", "application/at+jwt", "JWT, JWS",
                                      "urn:ietf:params:oauth:token-type:jwt")]
    for word in [*words, *around("JWT"), *ODD]:
        draft = Draft(mint, pick).member("typ", word)
        yield draft.case(f"typ {word}", draft.text(), TYPE, HEADER)
    if not mint.foreign:
        draft = Draft(mint, pick)
        draft.leave_out("typ", of=draft.header)
        yield draft.case("no typ", draft.text(), TYPE)


@kind("header twice", "T14")
def header_twice(mint, pick):
    for name, others in (("alg", (b'"none"', b'"HS256"', quote(mint.algorithm))),
                         ("kid", (b'"x"', quote(mint.key.kid))),
                         ("typ", (b'"JWT"', b'"JWE"'))):
        for other, spelled, first in itertools.product(others, (quote(name), escaped(name, pick)), (False, True)):
            draft = Draft(mint, pick)
            draft.header.insert(0 if first else len(draft.header), [spelled, other])
            yield draft.case(f"{name} twice, {other} {'first' if first else 'last'}", draft.text(), HEADER)


@kind("header that is none", "T25", "T29")
def broken_header(mint, pick):
    yield from each(mint, pick, header_shapes)
    for size in (HEADER_MAX + 1, HEADER_MAX + 2, 2048):
        draft = Draft(mint, pick)
        long_one = draft.head() + b" " * (size - len(draft.head()))
        yield draft.case(f"header of {len(long_one)} bytes", draft.text(head=long_one), HEADER)
    draft = Draft(mint, pick)
    many = draft.head().rstrip()[:-1] + b"," + b",".join(b'"%d":1' % count for count in range(70)) + b"}"
    yield draft.case("header of 73 members", draft.text(head=many), HEADER, MEMBER)


def header_shapes(draft):
    head = draft.head().strip()
    for shape in (b"null", b"true", b"1", b'"x"', b"[]", b"[" + head + b"]", b'"' + b64(head) + b'"', head[:-1],
                  head[1:],
                  head + b"}", head + head, head + b"x", head + b"\0", b"\xef\xbb\xbf" + head,
                  head.decode().encode("utf-16"),
                  head.decode().encode("utf-16-le"), head.decode().encode("utf-32"), head.replace(b'"', b"'"),
                  head[:-1] + b",}", b"/**/" + head, head + b"//", head.replace(b":", b"="), b"\x1e" + head,
                  head.replace(b"alg", b"al\xe7"), head.replace(b"JWT", b"JW\xff"), head.replace(b"JWT", b"JW\x01"),
                  b'{"a":' * 100 + b"1" + b"}" * 100, b"[" * 500 + b"]" * 500, b"alg=none", b"<alg/>", b"\x80\4\x95",
                  bytes(32), draft.pick.randbytes(64)):
        yield f"header {shape[:30]}", lambda shape=shape: draft.text(head=shape), HEADER
    yield "header of nothing", lambda: draft.text(head=b""), FORM
    yield "header {}", lambda: draft.text(head=b"{}"), TYPE, ALGORITHM
