# SPDX-License-Identifier: Apache-2.0
"""A jitd in a folder of its own, with an access of the person at the door and as many tokens for it as will be typed."""
import hashlib
import json
import os
import sqlite3
import subprocess
import time
from contextlib import closing

from mint import Signer
from place import DAEMON, PERSON, ROOT, Notified, as_person, die_with_parent, kibibytes, only_child, processor_us, said, signal

HOURS = 12
SCOPE = f"sudo:root login:{PERSON.pw_name}"
RULE = """rule "bench" {{ who = {{"{name}"}} scope = {{"sudo:root", "login:{name}"}} approvals = 0
  max = "12h" default = "12h" reason = "optional" present = "{present}" }}
"""


class Jitd:
    """present: "typed" or "held". rules: of a policy besides; strace: a command that jitd runs under."""

    def __init__(self, place, name, present="typed", algorithm="ES256", rules="", under=()):
        self.place, self.name, self.under = place, name, list(under)
        self.folder = place.folder(f"jitd-{name}")
        self.sockets = place.sockets / name
        self.sockets.mkdir(mode=0o755)
        self.sockets.chmod(0o755)
        self.state = self.folder / "state"
        self.database = self.state / "jitd.db"
        self.log = self.folder / "log"
        self.process, self.started_ms, self.access, self.tokens, self.next = None, 0, 0, [], 0
        self.exp = int(time.time()) + HOURS * 1800  # of the next token: they grow, as in life
        self._configure(present, algorithm, rules)

    def _configure(self, present, algorithm, rules):
        policy = self.folder / "policy"
        for folder, mode in ((policy, 0o755), (self.state, 0o700)):
            folder.mkdir()
            folder.chmod(mode)
        if ROOT:
            subprocess.run(["chown", f"{DAEMON}:", str(self.state)], check=True)
        (policy / "10-bench.conf").write_text(rules + RULE.format(name=PERSON.pw_name, present=present))
        (self.folder / "jitd.conf").write_text(
            f'host-id = "bench"\nuser = "{DAEMON}"\nalgorithm = "{algorithm}"\nrequests-per-minute = 2000\n'
            f'auditors = {{"{PERSON.pw_name}"}}\n'
            f'state-dir = "{self.state}"\nsocket-dir = "{self.sockets}"\npolicy-dir = "{policy}"\n')
        for path in (self.folder / "jitd.conf", policy / "10-bench.conf"):
            path.chmod(0o644)

    # ---- the process ----

    def start(self):
        """Until it says that it is ready; how long that took stays in started_ms."""
        notified = Notified(self.sockets / "notify")
        begun = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.under, self.place.program("jitd/jitd"), "--config", str(self.folder / "jitd.conf")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent,
                env=dict(os.environ, NOTIFY_SOCKET=notified.path))
        ready = notified.wait(self.process)
        self.started_ms = (time.monotonic() - begun) * 1000
        notified.close()
        if not ready:
            raise SystemExit(f"bench: jitd {self.name} did not come up: {self.log.read_text()[-1000:]}")
        return self

    @property
    def pid(self):
        """Its own, also under strace."""
        return only_child(self.process.pid) if self.under else self.process.pid

    def stop(self):
        if self.process and self.process.poll() is None:
            os.kill(self.pid, signal.SIGTERM)
            self.process.wait(60)
        self.process = None

    def admin(self, *words):
        return said([self.place.program("cli/jitd-admin"), "--socket", self.sockets / "jitd.sock", *words])

    def admin_unheard(self, *words):
        """The same where it has much to say."""
        said(["sh", "-c", '"$@" >/dev/null', "-", self.place.program("cli/jitd-admin"), "--socket", self.sockets / "jitd.sock",
              *words], timeout=600)

    def counters(self):
        return json.loads(self.admin("status", "--json"))

    def processor_us(self):
        return processor_us(self.pid)

    def rss(self, what="VmRSS"):
        return kibibytes(self.pid, what)

    # ---- what it opens for ----

    def request(self):
        """An access that begins at once."""
        told = as_person(self.place.program("cli/jit"), "--socket", self.sockets / "jitd.sock", "request", SCOPE,
                         "--for", f"{HOURS}h", "--no-wait", "--json")
        self.access = json.loads(told)["id"]
        return self

    def signer(self):
        keys = json.loads(self.admin("keys", "list", "--json"))
        kid = next(key["kid"] for key in keys if key["state"] == "current")
        return Signer((self.state / "keys" / f"{kid}.pem").read_bytes(), kid)

    def mint(self, count):
        """So many more tokens for its access, each good once, as rows that jitd finds when it starts again."""
        signer, now, rows = self.signer(), int(time.time()), []
        self.stop()
        for number in range(count):
            jti = os.urandom(16).hex()
            exp = self.exp + number // 1000
            text = signer.sign({"iss": "bench", "aud": "bench", "sub": PERSON.pw_name, "scope": SCOPE, "iat": now,
                                "nbf": now, "exp": exp, "jti": jti, "access": self.access})
            rows.append((exp, jti, self.access, signer.kid, now, hashlib.sha256(text.encode()).hexdigest()))
            self.tokens.append(text)
        self.exp += count // 1000 + 1
        self.rows("INSERT INTO token (exp, jti, access, kid, iat, kind, digest) VALUES (?, ?, ?, ?, ?, 'token', ?)", rows)
        return self.start()

    def take(self, count):
        """A file with so many tokens that nobody has typed yet."""
        if self.next + count > len(self.tokens):
            raise SystemExit(f"bench: jitd {self.name} has {len(self.tokens)} tokens, and more are wanted")
        path = self.folder / "answers"
        path.write_text("".join(text + "\n" for text in self.tokens[self.next:self.next + count]))
        self.next += count
        return path

    # ---- its database, while it is stopped ----

    def rows(self, statement, rows):
        with closing(sqlite3.connect(self.database)) as database, database:
            database.executemany(statement, rows)

    def number(self, statement):
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as database:
            return database.execute(statement).fetchone()[0]
