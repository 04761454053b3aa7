# SPDX-License-Identifier: Apache-2.0
"""
Tokens that jitd takes for its own: signed with its key, and with a row in its database under their text. So nothing but
the one thing that is wrong with a token is between it and the door; and a good one opens, however it is written.
"""
import hashlib
import json
import sqlite3
import subprocess
import sys
from typing import NamedTuple

from harness import TOP, pathlib, wait_for

sys.path.insert(0, str(TOP / "tests" / "hostile"))
from keys import key_of_pem  # noqa: E402

DATABASE = "/var/lib/jitd/jitd.db"


def signing_key():
    """jitd's own."""
    said = subprocess.run(["jitd-admin", "keys", "list", "--json"], capture_output=True, text=True, timeout=20, check=True)
    kid = next(key["kid"] for key in json.loads(said.stdout) if key["state"] == "current")
    path = pathlib.Path(f"/var/lib/jitd/keys/{kid}.pem")
    wait_for(path.exists, 20)  # what a start makes is listed a moment before its file has its name
    return key_of_pem(path.read_text())


class Row(NamedTuple):
    jti: str
    access: int
    exp: int
    text: bytes
    kind: str = "token"
    revoked: object = None
    burned: object = None


def keep(rows, kid, now):
    """While jitd is stopped."""
    with sqlite3.connect(DATABASE) as database:
        database.executemany(
            "INSERT INTO token (exp, jti, access, kid, iat, revoked, kind, held, digest, burned) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(min(row.exp, 2**62), row.jti, row.access, kid, now, row.revoked, row.kind,
              row.text.decode() if row.kind == "held" else None,
              None if row.kind == "held" else hashlib.sha256(row.text).hexdigest(), row.burned) for row in rows])
    database.close()


def one_number(statement, *values):
    """What jitd has on disk, also while it runs."""
    database = sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True)
    try:
        return database.execute(statement, values).fetchone()[0]
    finally:
        database.close()


def burned():
    return one_number("SELECT count(*) FROM token WHERE burned > 1")
