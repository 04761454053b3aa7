# SPDX-License-Identifier: Apache-2.0
"""The held token is a real JWT and is verified at every use: what stands in its place in the database opens nothing."""
import base64
import sqlite3
from harness import *

POLICY = """
rule "root" { who = {"alice", "carol"} scope = {"sudo:root"} approvers = {"bob"} }
rule "su"   { who = {"alice"} scope = {"su:root"} approvers = {"bob"} }
"""
DATABASE = "/var/lib/jitd/jitd.db"


def held(access, token=None):
    """The held token of an access; puts another in its place."""
    with sqlite3.connect(DATABASE, timeout=10) as database:
        if token is not None:
            database.execute("UPDATE token SET held = ? WHERE access = ?", (token, access))
        return database.execute("SELECT held FROM token WHERE access = ?", (access,)).fetchone()[0]


def part(text):
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def encode(claims):
    return base64.urlsafe_b64encode(json.dumps(claims, separators=(",", ":")).encode()).rstrip(b"=").decode()


def other(character):
    return "A" if character != "A" else "B"


def sudo(user="alice"):
    return run(user, "sudo", "-n", "id", "-u")


pam("sudo")
pam("su")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL", "carol ALL=(ALL:ALL) NOPASSWD: ALL")
with Jitd() as jitd:
    access, of_su, of_carol = (grant("alice", "sudo:root", by="bob"), grant("alice", "su:root", by="bob"),
                               grant("carol", "sudo:root", by="bob"))
    good = held(access)
    header, payload, signature = good.split(".")
    claims = part(payload)
    check("header: alg, kid, typ and no more", part(header) == {"alg": "ES256", "kid": part(header)["kid"], "typ": "JWT"},
          part(header))
    check("claims: as the access is", claims["sub"] == "alice" and claims["scope"] == "sudo:root" and claims["access"] == access
          and claims["iss"] == claims["aud"] == "pam-jit" and claims["exp"] - claims["iat"] == 900 and len(claims["jti"]) == 32,
          claims)
    check("it fits a prompt", len(good) <= 511, len(good))
    cell("as minted: opens", jitd, sudo(), opens="0")
    longer = f"{header}.{encode(claims | {'exp': claims['exp'] + 3600})}.{signature}"
    none = f"{encode({'alg': 'none', 'kid': part(header)['kid'], 'typ': 'JWT'})}.{payload}."
    for name, token, reason in (
            ("one character of the signature", f"{header}.{payload}.{other(signature[0])}{signature[1:]}", "token-signature"),
            ("a later end", longer, "token-signature"),
            ("no signature", f"{header}.{payload}.", "token-form"),
            ("alg none", none, "token-form"),
            ("another key's name", f"{encode(part(header) | {'kid': 'AAAAAAAA'})}.{payload}.{signature}", "token-key-unknown"),
            ("a blank behind it", good + " ", "token-form"),
            ("nothing", "", "token-length"),
            ("another access of the same person", held(of_su), "token-mismatch"),
            ("another person's", held(of_carol), "token-mismatch")):
        held(access, token)
        cell(f"in its place {name}: refused", jitd, sudo(), opens=False, reason=reason)
    held(access, good)
    cell("put back: opens", jitd, sudo(), opens="0")
    told = run("root", "jitd-admin", "audit", "list", "--json").output + run("root", "jitd-admin", "list", "--all", "--json").output
    told += jitd.log.read_text()
    check("no token is in a listing, an event or the log", signature not in told and payload not in told)
    revoke("bob", access)
    with sqlite3.connect(DATABASE, timeout=10) as database:
        left = database.execute("SELECT held FROM token WHERE access = ?", (access,)).fetchone()[0]
    check("revoked: jitd keeps it no longer", left is None, left)
    cell("revoked: refused", jitd, sudo(), opens=False, reason="revoked")
finish()
