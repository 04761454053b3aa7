# SPDX-License-Identifier: Apache-2.0
"""The columns of the matrices: the states that an access can be in, and how alice's accesses come to them."""
import sqlite3
import subprocess
import sys
from typing import Callable, NamedTuple

from harness import Jitd, grant, request, revoke, run, state, wait_for

DATABASE = "/var/lib/jitd/jitd.db"


class Holder:
    """What alice holds in a column: the number of the access for each scope. Each change begins with active ones."""

    short = "1s"  # what is to expire

    def __init__(self, jitd):
        self.jitd = jitd
        self.held = {}

    def granted(self, scope):
        """For a matrix that wants more of an access while it is fresh."""

    def use(self, scope):
        """Opens one session."""
        raise NotImplementedError

    def come_to(self, at, scopes):
        if at.change:
            getattr(self, at.change)(scopes)

    def hold(self, scopes, *more):
        self.held = {}
        for scope in scopes:
            self.held[scope] = grant("alice", scope, *more, by="carol")
            self.granted(scope)

    def afresh(self, scopes):
        """As if there had never been another access than these."""
        self.jitd.stop()
        self.jitd.start()
        self.hold(scopes)

    def pending(self, scopes):
        self.cancel()
        self.held = {scope: request("alice", scope) for scope in scopes}

    def cancel(self):
        for access in self.held.values():
            said = run("alice", "jit", "cancel", str(access))
            if said.code != 0:
                raise SystemExit(f"jit cancel {access}: {said}")

    def become(self, wanted):
        for access in self.held.values():
            if not wait_for(lambda: state(access) == wanted, 30):
                raise SystemExit(f"access {access} did not become {wanted}: {state(access)}")

    def change_host(self, _):
        """No jitd writes such a row, or takes one."""
        self.jitd.stop()
        with sqlite3.connect(DATABASE) as database:
            database.execute("UPDATE access SET host = 'elsewhere.example.org'")
        database.close()
        subprocess.run(["chown", "-R", "jitd:jitd", "/var/lib/jitd"], check=True)
        self.jitd.start(fresh=False)

    def use_up(self, _):
        for scope, access in self.held.items():
            if state(access) == "active":  # not the one for sudo:root, where a ticket was made
                self.use(scope)
        self.become("used-up")

    def expire(self, scopes):
        self.cancel()
        self.hold(scopes, "--for", self.short)
        self.become("expired")

    def take_back(self, _):
        for access in self.held.values():
            revoke("carol", access)

    def lock(self, _):
        subprocess.run(["jitd-admin", "lock", "alice"], check=True, stdout=subprocess.DEVNULL)

    def stop(self, _):
        self.jitd.stop()

    def hang(self, _):
        self.jitd.hang()


class State(NamedTuple):
    name: str
    change: str = ""  # the Holder's, from active for all of the matrix to what is held in the column
    reason: str = ""  # jitd's word for a refusal, where somebody vouches
    says: str = ""  # what the person reads there
    scopes: Callable = lambda door, scopes: scopes  # of all those of the matrix: what is held when that door is tried
    uses: int = 1000
    silent: Callable = None  # jitd does not answer; this brings it back
    options: str = ""  # of pam_jit


def other_account(door, scopes):
    return tuple(scope for scope in scopes if not scope.endswith(":" + door.target))


def other_service(door, scopes):
    return tuple(scope for scope in scopes if not scope.startswith(door.service + ":"))


def start_again(jitd):
    jitd.start(fresh=False)


AGAIN = r"\. Ask again: jit request "
STATES = (
    State("no access", "afresh", "no-access", "you hold no access for this. Ask: jit request ",
          lambda door, scopes: ()),
    State("pending", "pending", "pending", r"access \d+ waits for its approval\. See: jit show \d+"),
    State("active"),
    State("wrong host", "change_host", "wrong-host", r"access \d+ is for another host" + AGAIN),
    State("wrong target", "afresh", "wrong-account", r"access \d+ is for another account\. Ask: jit request ",
          other_account),
    State("another door", "afresh", "no-access", "you hold no access for this. Ask: jit request ", other_service),
    State("used up", "use_up", "used-up", r"access \d+ is used up" + AGAIN, uses=1),
    State("expired", "expire", "expired", r"access \d+ is over" + AGAIN),
    State("revoked", "take_back", "revoked", r"access \d+ was revoked" + AGAIN),
    State("locked", "lock", "locked", "you are locked: talk to an administrator"),
    State("jitd stopped", "stop", says="access service not reachable", silent=start_again),
    State("jitd hung", "hang", says="access service not reachable", silent=Jitd.go_on, options=" timeout=1"),
)
WITHOUT = State("without pam-jit")  # each door opens: what refuses below is ours
NO_ANSWER = "denied: no answer from jitd"
if sys.argv[2:]:  # these columns alone
    STATES = tuple(at for at in STATES if at.name in sys.argv[2:])
    if len(STATES) != len(sys.argv[2:]):
        raise SystemExit(f"one of these is no state: {sys.argv[2:]}")
