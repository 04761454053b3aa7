# SPDX-License-Identifier: Apache-2.0
"""One token in other words: what somebody who saw it, or who even has the key, would present in its place."""
import json

from forge import escaped, json_object, quote
from keys import EcKey, b64, unb64
from kinds_form import canonical_only


def malleated(text, key):
    """(r, n - s), which every ECDSA verifier takes as well."""
    signed, signature = text.rsplit(b".", 1)
    raw = unb64(signature)
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    return signed + b"." + b64(EcKey.join(r, key.curve.n - s))


def without_key(text, key, pick):
    """(name, bytes): nothing that needs the private key."""
    if isinstance(key, EcKey):
        yield "malleated", malleated(text, key)
    parts = text.split(b".")
    for place in range(3):
        for name, part in canonical_only(parts[place], pick):
            yield f"part {place}, {name}", b".".join(parts[:place] + [part] + parts[place + 1:])


def with_key(text, key, pick):
    """(name, bytes): the same claims, signed again by the key itself."""
    head, body = (json.loads(unb64(part)) for part in text.split(b".")[:2])

    def members(of, change=None):
        return [(quote(name), change(name, value) if change else json.dumps(value).encode()) for name,
                value in of.items()]

    def shuffled(of):
        pairs = members(of)
        pick.shuffle(pairs)
        return pairs

    def as_escaped(name, value):
        return escaped(value, pick) if isinstance(value, str) else json.dumps(value).encode()
    bodies = {"signed anew": unb64(text.split(b".")[1]), "with spaces": json_object(members(body),
        pick.getrandbits(32)),
              "reordered": json_object(shuffled(body)), "escaped": json_object(members(body, as_escaped)),
              "audience in an array": json_object(members({**body, "aud": [body["aud"]]})),
              "a claim more": json_object(members({**body, "x": pick.getrandbits(32)})),
              "a second longer": json_object(members({**body, "exp": body["exp"] + 1})),
              "without nbf": json_object(members({name: value for name, value in body.items() if name != "nbf"}))}
    heads = {"": unb64(text.split(b".")[0]), ", header reordered": json_object(shuffled(head)),
             ", header with spaces": json_object(members(head), pick.getrandbits(32))}
    for name, payload in bodies.items():
        for more, header in heads.items():
            signed = b64(header) + b"." + b64(payload)
            yield name + more, signed + b"." + b64(key.sign(signed, pick))


def code_spellings(code, pick):
    """A code as people write it: each is the code."""
    alike = {"0": "oO0", "1": "iIlL1"}
    plain = code.replace("-", "")
    while True:
        text = "".join(pick.choice(alike.get(character, character + character.lower())) for character in plain)
        yield pick.choice((text, f"{text[:5]}-{text[5:]}", text.upper(), text.lower()))
