# SPDX-License-Identifier: Apache-2.0
"""
Keys to sign with: one of a seed, or one that jitd made. Both kinds sign over any hash, and say all the ways in which
somebody may have written their public half down.
"""
import base64
import hashlib
import hmac
import json
import math

import curve
import der

EXPONENT = 65537
SMALL = math.prod(n for n in range(3, 2000, 2) if all(n % m for m in range(3, math.isqrt(n) + 1, 2)))
DIGEST_INFO = {"sha1": "3021300906052b0e03021a05000414", "sha256": "3031300d060960864801650304020105000420",
               "sha384": "3041300d060960864801650304020205000430", "sha512": "3051300d060960864801650304020305000440"}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def unb64(text):
    return base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))


class Key:
    """What both kinds have; `kid` is RFC 7638's thumbprint, its first 8 characters."""

    @property
    def kid(self):
        members = json.dumps(self.jwk(), sort_keys=True, separators=(",", ":"))
        return b64(hashlib.sha256(members.encode()).digest()).decode()[:8]

    def pem(self):
        return der.pem("PUBLIC KEY", self.der())

    def spellings(self):
        """(name, bytes): the public key as a secret that a verifier might take an HMAC by."""
        text, data, jwk = self.pem(), self.der(), self.jwk()
        yield from {
            "PEM": text, "PEM without its last newline": text.rstrip(b"\n"), "PEM after a newline": b"\n" + text,
            "PEM after a space": b" " + text, "PEM with CRLF": text.replace(b"\n", b"\r\n"),
            "PEM on one line": text.replace(b"\n", b""), "PEM with \\n": text.replace(b"\n", b"\\n"),
            "PEM's base64": base64.b64encode(data), "DER": data, "DER in hex": data.hex().encode(),
            "PEM with a NUL": text + b"\0", "JWK": json.dumps(jwk, separators=(",", ":")).encode(),
            "JWK with spaces": json.dumps(jwk).encode(), "JWK, sorted": json.dumps(jwk, sort_keys=True).encode(),
            "JWK with kid": json.dumps({**jwk, "kid": self.kid}).encode(),
            "JWKS": jwk_set(self),
        }.items()
        yield from self.own_spellings()


class EcKey(Key):
    """algorithm: ES256; with another curve one that no reader of ours has."""
    algorithm, hash = "ES256", "sha256"

    def __init__(self, secret, of=curve.P256):
        self.curve, self.secret = of, secret
        self.x, self.y = curve.multiple(of, secret)

    @classmethod
    def made(cls, pick, of=curve.P256):
        return cls(pick.randrange(1, of.n), of)

    def raw(self):
        return self.x.to_bytes(32, "big") + self.y.to_bytes(32, "big")

    def jwk(self):
        return {"kty": "EC", "crv": self.curve.name, "x": b64(self.raw()[:32]).decode(),
                "y": b64(self.raw()[32:]).decode()}

    def der(self):
        name = der.P256 if self.curve is curve.P256 else der.K256
        return der.public(der.EC, der.write(der.OBJECT, name), b"\4" + self.raw())

    def own_spellings(self):
        raw = self.raw()
        yield from {"point": b"\4" + raw, "x and y": raw, "x": raw[:32], "y": raw[32:],
                    "point in hex": (b"\4" + raw).hex().encode(),
                    "point, compressed": bytes((2 + self.y % 2,)) + raw[:32], "x in base64url": b64(raw[:32])}.items()

    def pair(self, data, pick, name="sha256"):
        return curve.sign(self.curve, self.secret, hashlib.new(name, data).digest(), pick.randrange(1, self.curve.n))

    def sign(self, data, pick, name="sha256"):
        return self.join(*self.pair(data, pick, name))

    @staticmethod
    def join(r, s):
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


class RsaKey(Key):
    """algorithm: RS256."""
    algorithm, hash = "RS256", "sha256"

    def __init__(self, n, d, p, q):
        self.n, self.d, self.p, self.q = n, d, p, q
        self.size = (n.bit_length() + 7) // 8

    @classmethod
    def made(cls, pick, bits=2048):
        p, q = _prime(pick, bits // 2), _prime(pick, bits // 2)
        return cls(p * q, pow(EXPONENT, -1, (p - 1) * (q - 1)), p, q)

    def jwk(self):
        return {"kty": "RSA", "e": "AQAB", "n": b64(self.n.to_bytes(self.size, "big")).decode()}

    def pkcs1(self):
        return der.write(der.SEQUENCE, der.integer(self.n), der.integer(EXPONENT))

    def der(self):
        return der.public(der.RSA, der.write(der.NULL), self.pkcs1())

    def own_spellings(self):
        yield from {"PKCS #1": self.pkcs1(), "PEM of PKCS #1": der.pem("RSA PUBLIC KEY", self.pkcs1()),
                    "n": self.n.to_bytes(self.size, "big"), "n in base64url": self.jwk()["n"].encode()}.items()

    def raise_to_d(self, number):
        """By the halves, twice as fast."""
        at_p, at_q = pow(number, self.d % (self.p - 1), self.p), pow(number, self.d % (self.q - 1), self.q)
        power = at_q + (at_p - at_q) * pow(self.q, -1, self.p) % self.p * self.q
        return power.to_bytes(self.size, "big")

    def padded(self, data, name="sha256"):
        """EMSA-PKCS1-v1_5 (RFC 8017 section 9.2)."""
        info = bytes.fromhex(DIGEST_INFO[name]) + hashlib.new(name, data).digest()
        return b"\0\1" + b"\xff" * (self.size - len(info) - 3) + b"\0" + info

    def sign(self, data, _pick, name="sha256"):
        return self.raise_to_d(int.from_bytes(self.padded(data, name), "big"))

    def sign_pss(self, data, pick, name="sha256"):
        """EMSA-PSS (RFC 8017 section 9.1), salt as long as the hash."""
        digest = hashlib.new(name, data).digest()
        salt = pick.randbytes(len(digest))
        seed = hashlib.new(name, bytes(8) + digest + salt).digest()
        block = bytes(self.size - 2 * len(digest) - 2) + b"\1" + salt
        mask = b"".join(hashlib.new(name, seed + count.to_bytes(4, "big")).digest() for count in range(32))
        masked = int.from_bytes(block, "big") ^ int.from_bytes(mask[:len(block)], "big")
        masked &= (1 << (8 * len(block) - 1)) - 1
        return self.raise_to_d(int.from_bytes(masked.to_bytes(len(block), "big") + seed + b"\xbc", "big"))


def _prime(pick, bits):
    while True:
        number = pick.getrandbits(bits) | 3 << bits - 2 | 1
        if math.gcd(number, SMALL) == 1 and number % EXPONENT != 1 and all(
                _probably_prime(number, pick.randrange(2, number)) for _ in range(8)):
            return number


def _probably_prime(number, base):
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    power = pow(base, odd, number)
    return power in (1, number - 1) or any((power := power * power % number) == number - 1 for _ in range(twos - 1))


def key_of_pem(text):
    """PKCS #8, as jitd keeps its keys."""
    _, (_, algorithm), (_, inner) = der.read(der.read(der.unpem(text))[0][1])
    numbers = [value for _, value in der.read(der.read(inner)[0][1])]
    if der.read(algorithm)[0][1] == der.EC:
        return EcKey(int.from_bytes(numbers[1], "big"))
    n, _, d, p, q = (int.from_bytes(value, "big") for value in numbers[1:6])
    return RsaKey(n, d, p, q)


def jwk_set(*keys):
    """A JWK Set, as an issuer publishes it."""
    return json.dumps({"keys": [{**key.jwk(), "kid": key.kid, "alg": key.algorithm, "use": "sig"}
                                for key in keys]}).encode()


def mac(secret, data, name="sha256"):
    return hmac.new(secret, data, name).digest()
