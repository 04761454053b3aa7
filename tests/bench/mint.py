# SPDX-License-Identifier: Apache-2.0
"""Tokens as jitd mints them, by its own key, many at a time."""
import base64
import json

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def _encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _json(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Signer:
    def __init__(self, pem, kid):
        self.key, self.kid = serialization.load_pem_private_key(pem, None), kid
        self.curve = isinstance(self.key, ec.EllipticCurvePrivateKey)
        self.header = _encoded(_json({"alg": "ES256" if self.curve else "RS256", "kid": kid, "typ": "JWT"}))

    def public_pem(self):
        return self.key.public_key().public_bytes(serialization.Encoding.PEM,
                                                  serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, claims):
        text = self.header + b"." + _encoded(_json(claims))
        if self.curve:
            r, s = decode_dss_signature(self.key.sign(text, ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        else:
            signature = self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return (text + b"." + _encoded(signature)).decode()
