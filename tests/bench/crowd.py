# SPDX-License-Identifier: Apache-2.0
"""Rows by the million in a stopped jitd's database: copies of its own, with what makes each another one."""
import os
import pathlib
import sqlite3
import time
from contextlib import closing

SPENT_DAYS = 30
OTHERS = 1000  # people
RULES = '''rule "other-{n}" {{ who = {{"u{n}", "%g{n}"}} scope = {{"sudo:app-{n}"}} approvers = {{"lead-{n}"}} }}
'''


def rules(count):
    """So many that are looked at before the one that fits."""
    return "".join(RULES.format(n=number) for number in range(count))


def _copies(database, table, where, count, columns):
    """So many copies of one row; `columns`: what is put into these instead, n.i being the number of the copy."""
    names = [row[1] for row in database.execute(f"PRAGMA table_info({table})") if not (row[1] == "id" and row[5])]
    values = [columns.get(name, f"one.{name}") for name in names]
    database.execute(f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) "
                     f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
                     f"FROM n CROSS JOIN (SELECT * FROM {table} WHERE {where} LIMIT 1) AS one")


JTI = "lower(hex(randomblob(16)))"
DIGEST = "lower(hex(randomblob(32)))"


class Crowd:
    """What is added; the numbers are of rows."""

    def __init__(self, jitd):
        self.jitd, self.now = jitd, int(time.time())

    def _do(self, *copies):
        with closing(sqlite3.connect(self.jitd.database)) as database:
            database.execute("PRAGMA synchronous = OFF")
            database.execute("PRAGMA cache_size = -200000")
            with database:
                for copy in copies:
                    _copies(database, *copy)
        os.sync()  # or what is measured next waits for it

    def _of_others(self, count, **columns):
        return ("access", f"id = {self.jitd.access}", count,
                {"uid": f"10000 + n.i % {OTHERS}", "subject": f"'u' || (n.i % {OTHERS})", **columns})

    def over(self, accesses, revoked):
        """Accesses of others that have ended, and so many more that were revoked with their tokens."""
        past = f"{self.now - SPENT_DAYS * 86400} + n.i % {SPENT_DAYS * 86000}"
        times = {"requested": past, "decided": past, "from_": past, "until": f"{past} + 600", "lapses": f"{past} + 600"}
        copies = [self._of_others(accesses, state="'expired'", ended="'expired'", **times)]
        if revoked:
            copies += [self._of_others(revoked, state="'revoked'", ended="'by root'", **times),
                       self._tokens(revoked, exp=f"{self.now + 3600} + n.i / 100", revoked=str(self.now - 60))]
        self._do(*copies)

    def _tokens(self, count, **columns):
        return ("token", f"access = {self.jitd.access} AND kind = 'token'", count,
                {"jti": JTI, "digest": DIGEST, **columns})

    def spent(self, count):
        """Typed tokens, burned: a tenth of them not yet past their time."""
        self._do(self._tokens(count * 9 // 10, exp=f"{self.now - SPENT_DAYS * 86400} + n.i", burned=str(self.now - 60)),
                 self._tokens(count // 10, exp=f"{self.now + 60} + n.i / 10", burned=str(self.now - 60)))

    def stale(self, count):
        """Tokens of an access that is over, older than all others."""
        self._do(self._tokens(count, access="(SELECT min(id) FROM access WHERE state = 'expired')",
                              exp=f"{self.now - 2 * SPENT_DAYS * 86400} + n.i / 100", burned=str(self.now - 60)))

    def events(self, count):
        self._do(("event", "event = 'grant'", count, {"at": f"{self.now - 86400} + n.i / 20"}))

    def held(self, count):
        """Active accesses of others, each with a token that jitd holds."""
        first = self.jitd.number("SELECT max(id) FROM access")
        self._do(self._of_others(count, state="'active'", present="'held'"),
                 self._tokens(count, access=f"{first} + n.i", kind="'held'", held=f"'{'x' * 400}'", digest="NULL"))

    def sessions(self, count, pid):
        """Open ones of accesses of others, all by one process that lives."""
        first = self.jitd.number("SELECT max(id) FROM access")
        started = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[19]
        boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        until = int(time.clock_gettime(time.CLOCK_BOOTTIME)) + 43200
        self._do(self._of_others(count, state="'active'"))
        self.jitd.rows("INSERT INTO session (access, n, subject, service, account, tty, rhost, pid, start_time, boot_id, handle, "
                       "since, until, boot_until, user_key) VALUES (?, 1, ?, 'sudo', 'root', 'pts/1', '', ?, ?, ?, ?, ?, ?, ?, '')",
                       [(first + number + 1, f"u{number % OTHERS}", pid, int(started), boot, f"{number:032x}", self.now,
                         self.now + 43200, until) for number in range(count)])
