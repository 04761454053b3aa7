# SPDX-License-Identifier: Apache-2.0
"""jitd is killed (-9) under load, again and again: what it acknowledged is there when it is back."""
import random
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from harness import *

ROUNDS, SEED = 50, 7
POLICY = """
rule "root" { who = {"alice", "carol"} scope = {"sudo:root"} approvers = {"bob"} }
"""


def try_to(user, *argv):
    """run() without asking jitd first how many events there are: it may be gone."""
    return subprocess.run([AS, user, *argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, start_new_session=True, timeout=30)


class Acknowledged:
    """What somebody was told is done: access number → its last acknowledged state, and uses by subject."""

    def __init__(self):
        self.states = {}
        self.uses = {"alice": 0, "carol": 0}
        self.steps = 0
        self.changed = threading.Condition()

    def note(self, access, state):
        with self.changed:
            self.states[access] = state
            self._step()

    def used(self, subject):
        with self.changed:
            self.uses[subject] += 1
            self._step()

    def _step(self):
        self.steps += 1
        self.changed.notify_all()

    def await_steps(self, more):
        """However slow the machine is."""
        with self.changed:
            until = self.steps + more
            return self.changed.wait_for(lambda: self.steps >= until, 60)


def work(told, subject, stop):
    """Asks, gets a yes, uses, and sometimes is revoked or gives it back, until jitd is gone."""
    while not stop.is_set():
        asked = try_to(subject, "jit", "request", "sudo:root", "--no-wait", "--json")
        if asked.returncode != 0:
            return
        access = json.loads(asked.stdout)["id"]
        told.note(access, "pending")
        if try_to("bob", "jitd-admin", "approve", str(access)).returncode != 0:
            return
        told.note(access, "active")
        if try_to(subject, "sudo", "-n", "true").returncode == 0:
            told.used(subject)
        if access % 3 == 0 and try_to("bob", "jitd-admin", "revoke", str(access)).returncode == 0:
            told.note(access, "revoked")
        if access % 3 == 1 and try_to(subject, "jit", "cancel", str(access)).returncode == 0:
            told.note(access, "returned")


# what may follow a state that was acknowledged, when the next step was on its way and not acknowledged
LATER = {"pending": {"active"}, "active": {"revoked", "returned"}, "revoked": set(), "returned": set()}


def all_accesses():
    return {access["id"]: access for access in json.loads(run("root", "jitd-admin", "list", "--all", "--json").output)}


def missing(told):
    """Everything acknowledged that is not there."""
    accesses = all_accesses()
    wrong = [f"access {number}: {state} acknowledged, {accesses.get(number, {}).get('state')} found"
             for number, state in told.states.items()
             if number not in accesses or accesses[number]["state"] not in LATER[state] | {state}]
    for subject, uses in told.uses.items():
        found = sum(len(access["sessions"]) for access in accesses.values() if access["subject"] == subject)
        if found < uses:
            wrong.append(f"{subject}: {uses} uses acknowledged, {found} sessions found")
    return wrong


def withdraw(told):
    """What is left waiting: a person may have so many of them, and the next round would come to nothing."""
    for access in all_accesses().values():
        if access["state"] == "pending":
            told.states.pop(access["id"], None)
            try_to(access["subject"], "jit", "cancel", str(access["id"]))


def one_round(jitd, told, pick):
    stop = threading.Event()
    with ThreadPoolExecutor(4) as crowd:
        workers = [crowd.submit(work, told, subject, stop) for subject in ("alice", "carol", "alice", "carol")]
        loaded = told.await_steps(pick.randint(1, 20))
        time.sleep(pick.uniform(0, 0.1))  # the moment of the kill is the point: any will do
        jitd.kill()
        stop.set()
        for worker in workers:
            worker.result()
    jitd.start(fresh=False)
    lost = missing(told)
    withdraw(told)
    return lost if loaded else [*lost, "there was no load"]


def by_state(told):
    return {word: list(told.states.values()).count(word) for word in LATER}


def was_loaded(told):
    states = by_state(told)
    return states["revoked"] > 5 and states["returned"] > 5 and sum(told.uses.values()) > 20


pam("sudo")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL", "carol ALL=(ALL:ALL) NOPASSWD: ALL")
pick = random.Random(SEED)
told = Acknowledged()
with Jitd() as jitd:
    lost = [line for _ in range(ROUNDS) for line in one_round(jitd, told, pick)]
    check(f"{ROUNDS} kills: nothing acknowledged is missing", not lost, "; ".join(lost[:5]))
    check(f"there was a load: {by_state(told)}, uses {told.uses}", was_loaded(told))
    jitd.stop()
    with sqlite3.connect("/var/lib/jitd/jitd.db") as database:
        verdict = database.execute("PRAGMA integrity_check").fetchall()
    check("the database is sound", verdict == [("ok",)], str(verdict))
finish()
