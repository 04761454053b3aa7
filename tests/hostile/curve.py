# SPDX-License-Identifier: Apache-2.0
"""
ECDSA as a forger wants it: any numbers, any nonce, another curve, and the same bytes again from the same seed. For tests
alone: it takes no care of secrets or of time.
"""
from typing import NamedTuple


class Curve(NamedTuple):
    """y^2 = x^3 + a x + b over p; g has the order n."""
    name: str
    p: int
    a: int
    b: int
    n: int
    g: tuple


P256 = Curve("P-256", 2**256 - 2**224 + 2**192 + 2**96 - 1, -3,
             0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
             0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
             (0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
              0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5))
K256 = Curve("secp256k1", 2**256 - 2**32 - 977, 0, 7,
             0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
             (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
              0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8))
_tables = {}


def add(curve, left, right):
    """The sum of two points; None is the neutral one."""
    if left is None or right is None:
        return left or right
    (x1, y1), (x2, y2), p = left, right, curve.p
    if x1 == x2:
        if (y1 + y2) % p == 0:
            return None
        slope = (3 * x1 * x1 + curve.a) * pow(2 * y1, -1, p)
    else:
        slope = (y2 - y1) * pow(x2 - x1, -1, p)
    x = (slope * slope - x1 - x2) % p
    return x, (slope * (x1 - x) - y1) % p


def _table(curve):
    """For each hex digit of a number, lowest first, its 15 multiples of the base point."""
    if curve.name not in _tables:
        rows, base = [], curve.g
        for _ in range(64):
            row = [None, base]
            for _ in range(14):
                row.append(add(curve, row[-1], base))
            rows.append(row)
            base = add(curve, row[-1], base)
        _tables[curve.name] = rows
    return _tables[curve.name]


def _add_mixed(p, point, other):
    """Jacobian and affine, neither of them neutral nor the same."""
    (x1, y1, z1), (x2, y2) = point, other
    zz = z1 * z1 % p
    h, r = (x2 * zz - x1) % p, (y2 * zz * z1 - y1) % p
    hh = h * h % p
    hhh, v = h * hh % p, x1 * hh % p
    x = (r * r - hhh - 2 * v) % p
    return x, (r * (v - x) - y1 * hhh) % p, z1 * h % p


def multiple(curve, number):
    """That many times the base point, for 1 to n - 1."""
    sum_, table, p = None, _table(curve), curve.p
    for place in range(64):
        point = table[place][number >> 4 * place & 15]
        if point:
            sum_ = _add_mixed(p, sum_, point) if sum_ else (*point, 1)
    x, y, z = sum_
    inverse = pow(z, -1, p)
    return x * inverse * inverse % p, y * inverse * inverse * inverse % p


def sign(curve, secret, digest, nonce):
    """(r, s) over that digest, its leftmost 256 bits."""
    r = multiple(curve, nonce)[0] % curve.n
    return r, pow(nonce, -1, curve.n) * (int.from_bytes(digest[:32], "big") + r * secret) % curve.n
