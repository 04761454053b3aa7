# SPDX-License-Identifier: Apache-2.0
"""
Tokens as somebody makes them who has the real key, a stranger's, or none. A draft is a good token, a little different
each time; a kind of attack changes one thing about it, so that this one thing is all that is wrong.

    mint = Mint(key, issuer="web1", audience="web1", subject="alice", scope="ssh:alice", access=42, now=1800000000)
    for case in generate(mint, seed=1):
        ...
"""
import itertools
import json
import random
from typing import NamedTuple

from keys import EcKey, b64

SKEW, LIFETIME_MAX, TOKEN_MAX, HEADER_MAX = 5, 43200, 4096, 1024  # token/token.h

# the reader's words (token/token.h)
LENGTH, FORM, HEADER, MEMBER, TYPE, ALGORITHM, KEY, SIGNATURE_LENGTH, SIGNATURE, CLAIMS, MISSING, BINDING, ISSUER, \
    AUDIENCE, REQUIRE, EXPIRED, EARLY, LIFETIME = (f"token-{word}" for word in (
        "length", "form", "header", "header-member", "type", "algorithm", "key-unknown", "signature-length",
        "signature",
        "claims", "claim-missing", "binding", "issuer", "audience", "require", "expired", "early", "lifetime"))


class Case(NamedTuple):
    """
    One token. good: it must be read, and gives `claims`; else the reader must refuse it for one of `reasons`. Without
    reasons it is genuine, and the door must refuse it. jti, exp, access: the row under which it would open. exact: it is
    what it is at the mint's very second only.
    """
    kind: str
    name: str
    text: bytes
    good: bool
    reasons: frozenset
    jti: str
    exp: int
    access: int
    claims: dict
    exact: bool


class Mint(NamedTuple):
    """What a good token says. key signs; strangers has a key of somebody else's for each kind of it."""
    key: object
    issuer: str
    audience: str
    subject: str
    scope: str
    access: int
    now: int
    cap: int = LIFETIME_MAX
    stranger: object = None
    other_access: int = 7
    foreign: tuple = ()  # of another issuer: (name, JSON) of the claims that its tokens have besides; no scope, no access

    @property
    def algorithm(self):
        return self.key.algorithm

    @property
    def texts(self):
        """Claims that are text, and that there must be, but for a foreign jti."""
        return ("iss", "aud", "sub", "jti") if self.foreign else ("iss", "aud", "sub", "scope", "jti")

    @property
    def numbers(self):
        return ("iat", "nbf", "exp") if self.foreign else ("iat", "nbf", "exp", "access")

    @property
    def optional(self):
        return ("nbf", "jti") if self.foreign else ("nbf",)


def quote(text):
    """As any JSON writer has it."""
    return json.dumps(text, ensure_ascii=False).encode()


def number(value):
    return str(value).encode()


def hexed(character):
    """In JSON's own hexadecimal."""
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))


def escaped(text, pick):
    """The same string with some of its characters, one at least, in hexadecimal."""
    sure = pick.randrange(len(text))
    return ('"' + "".join(hexed(character) if index == sure or pick.random() < 0.3 else json.dumps(character)[1:-1]
                          for index, character in enumerate(text)) + '"').encode()


def json_object(members, spaces=None):
    """Of (name, value) pairs that are JSON already. spaces: a seed for whitespace where JSON has it."""
    pick = spaces is not None and random.Random(spaces)

    def gap():
        return bytes(pick.choice(b" \t\n\r") for _ in range(pick.choice((0, 0, 0, 1, 2)))) if pick else b""
    inside = b",".join(gap() + name + gap() + b":" + gap() + value + gap() for name, value in members)
    return gap() + b"{" + inside + b"}" + gap()


class Draft:
    """
    A token before it is written. header and claims are lists of [name, value], both JSON already; `kept` is what a reader
    would take from them. Change it, and have it written.
    """

    def __init__(self, mint, pick, plain=False):
        self.mint, self.pick = mint, pick
        self.key = mint.key
        self.jti = f"{pick.getrandbits(128):032x}"
        begun = mint.now - pick.randrange(5, 60)
        self.kept = {"iss": mint.issuer, "aud": mint.audience, "sub": mint.subject, "scope": mint.scope, "iat": begun,
                     "nbf": begun, "exp": mint.now + pick.randrange(3000, 3600), "jti": self.jti, "access": mint.access}
        self.header = [[quote(name), quote(value)] for name, value in
                       (("alg", mint.algorithm), ("kid", mint.key.kid), ("typ", "JWT"))]
        if mint.foreign:
            del self.kept["scope"], self.kept["access"]
        self.claims = [[quote(name), quote(value)] for name, value in self.kept.items()]
        self.claims += [[quote(name), value] for name, value in mint.foreign]
        self.spaces = None
        if not plain:
            self.vary()

    def vary(self):
        """What makes no difference."""
        pick = self.pick
        if pick.random() < 0.5:
            pick.shuffle(self.claims)
            pick.shuffle(self.header)
        if self.mint.foreign and pick.random() < 0.3:
            self.member("x5t", quote(b64(pick.randbytes(20)).decode()))
        if pick.random() < 0.2:
            self.spaces = pick.getrandbits(32)
        if pick.random() < 0.2:
            self.leave_out("nbf")
        if pick.random() < 0.2:
            self.claim("aud", b"[" + quote(self.mint.audience) + b"]")
        if pick.random() < 0.2:
            self.claims.insert(pick.randrange(len(self.claims)), [b'"azp"', quote("somebody")])

    # ---- changing it ----

    @staticmethod
    def _set(members, name, value):
        for member in members:
            if member[0] == quote(name):
                member[1] = value
                return
        members.append([quote(name), value])

    def claim(self, name, value):
        """value: JSON."""
        self._set(self.claims, name, value)
        return self

    def member(self, name, value):
        self._set(self.header, name, value)
        return self

    def leave_out(self, name, of=None):
        members = self.claims if of is None else of
        members[:] = [member for member in members if member[0] != quote(name)]
        if name == "nbf":
            self.kept["nbf"] = self.kept["iat"]
        return self

    def times(self, **times):
        for name, value in times.items():
            self.claim(name, number(value))
            self.kept[name] = value
        if not any(member[0] == b'"nbf"' for member in self.claims):
            self.kept["nbf"] = self.kept["iat"]
        return self

    # ---- writing it ----

    def head(self):
        return json_object(self.header, self.spaces)

    def body(self):
        return json_object(self.claims, self.spaces)

    def signed_text(self, head=None, body=None):
        return b64(self.head() if head is None else head) + b"." + b64(self.body() if body is None else body)

    def sign(self, text=None, key=None, digest="sha256"):
        """A signature over the text (what it would be over, unless given)."""
        return (key or self.key).sign(self.signed_text() if text is None else text, self.pick, digest)

    def text(self, head=None, body=None, signature=None, key=None):
        """The token; head and body are its JSON, where they are not what the draft has."""
        signed = self.signed_text(head, body)
        return signed + b"." + b64(self.sign(signed, key) if signature is None else signature)

    def parts(self):
        return self.text().split(b".")

    def signed_parts(self, head, body):
        """Both as they stand in the token, which need not be base64url; the signature is good."""
        text = head + b"." + body
        return text + b"." + b64(self.sign(text))

    # ---- what it is ----

    def case(self, name, text=None, *reasons, good=False, exact=False):
        return Case("", name, self.text() if text is None else text, good, frozenset(reasons), self.jti,
                    self.kept["exp"],
                    self.mint.access, dict(self.kept), exact)


# ---- all of them ----

def each(mint, pick, shapes):
    """A case, with a draft of its own, for each of what shapes(draft) gives: (name, text, *reasons). A text that has to be
    signed first may be a function."""
    for index in itertools.count():
        draft = Draft(mint, pick)
        found = list(shapes(draft))
        if index >= len(found):
            return
        name, text, *reasons = found[index]
        yield draft.case(name, text() if callable(text) else text, *reasons)


class Kind(NamedTuple):
    """numbers: the T-numbers of what it tries. huge: megabytes, which once is enough for."""
    numbers: tuple
    file: str
    huge: bool
    cases: object


KINDS = {}


def kind(name, *numbers, huge=False):
    """Registers a function (mint, pick) that yields cases; each call of it yields others."""
    def register(function):
        KINDS[name] = Kind(numbers, function.__module__, huge, function)
        return function
    return register


def generate(mint, seed, kinds=None, huge=True, most=None):
    """Every kind (so many of each at most); the same again from the same seed and mint."""
    if mint.stranger is None:
        mint = mint._replace(stranger=EcKey.made(random.Random(f"{seed}/stranger")))
    for name in kinds or KINDS:
        if huge or not KINDS[name].huge:
            cases = KINDS[name].cases(mint, random.Random(f"{seed}/{name}"))
            for case in itertools.islice(cases, most):
                yield case._replace(kind=name)
