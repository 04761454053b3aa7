# SPDX-License-Identifier: Apache-2.0
"""As much of DER and PEM as keys and signatures need."""
import base64
import textwrap

INTEGER, BIT_STRING, OCTET_STRING, NULL, OBJECT, SEQUENCE = 2, 3, 4, 5, 6, 0x30
EC, P256, K256, RSA = (bytes.fromhex(text) for text in
                       ("2a8648ce3d0201", "2a8648ce3d030107", "2b8104000a", "2a864886f70d010101"))


def write(tag, *contents):
    body = b"".join(contents)
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    length = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + body


def integer(number):
    return write(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def public(algorithm, parameters, body):
    """SubjectPublicKeyInfo."""
    return write(SEQUENCE, write(SEQUENCE, write(OBJECT, algorithm), parameters), write(BIT_STRING, b"\0", body))


def read(data):
    """All elements: (tag, contents)."""
    found = []
    while data:
        length, at = data[1], 2
        if length & 0x80:
            at += length & 0x7f
            length = int.from_bytes(data[2:at], "big")
        found.append((data[0], data[at:at + length]))
        data = data[at + length:]
    return found


def pem(kind, data):
    text = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    return f"-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n".encode()


def unpem(text):
    return base64.b64decode("".join(line for line in text.split("\n") if not line.startswith("-----")))
