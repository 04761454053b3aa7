# SPDX-License-Identifier: Apache-2.0
"""What a cell of a matrix leaves, and what is wrong with it: a list of complaints from each function."""
import json
import re
import subprocess
from typing import NamedTuple

from harness import check, syslog, wait_for

NAMELESS = ("no-access", "locked", "wrong-code", "not-a-token", "nothing-typed", "token-audience",
            "token-expired")  # reasons that are no access's


class Expected(NamedTuple):
    opens: bool
    allowed: tuple = ()  # the phases that jitd allows
    refused: str = ""  # the phase that is refused
    reason: str = ""
    log: str = ""  # what the module says in syslog
    says: str = ""
    gap: str = ""

    @property
    def session(self):
        return "open-session" in self.allowed

    def events(self):
        found = []
        for phase in self.allowed:
            found += [("session-open", None, None, None)] if phase == "open-session" else []
            found.append(("check", phase, "allow", None))
        return found + ([("check", self.refused, "deny", self.reason)] if self.reason else [])


def log_line(door, phase, text):
    return rf"pam_jit\({door.pam}:{phase.replace('open-', '')}\): {text}"


def uses():
    listed = subprocess.run(["jitd-admin", "list", "--json"], capture_output=True, text=True, timeout=20, check=True)
    return {access["id"]: access["uses_left"] for access in json.loads(listed.stdout)}


def environment(attempt):
    """As the program `opened` prints it."""
    return dict(line[4:].split("=", 1) for line in attempt.text.splitlines() if re.match(r"env \w+=", line))


def wrong_with_environment(known, access, attempt, apart=()):
    """JIT_ACCESS, and else that of the same door without pam-jit."""
    ours = {"JIT_ACCESS": str(access)} if access else {}
    seen = environment(attempt)
    different = {name for name in seen.keys() | (known | ours).keys()
                 if seen.get(name) != (known | ours).get(name)} - set(apart)
    return [f"environment: {different}"] if different or not seen else []


def wrong_with_numbers(door, held, event):
    access = held.get(door.scope)
    if event["event"] == "session-open" or event["phase"] == "open-session":
        if event["account"] != door.target:
            return [f"account: {event}"]
        if event["verdict"] != "deny" and event["access"] != access:
            return [f"access: {event}"]
    named = {None} if event["reason"] in NAMELESS else set(held.values())
    return [] if event["access"] in named else [f"access: {event}"]


def wrong_with_events(jitd, wanted, held, door, attempt):
    """All that jitd wrote of the attempt's very processes, in its order, and the end of its session."""
    def told():
        return [(event["event"], event["phase"], event["verdict"], event["reason"])
                for event in jitd.events(attempt.event_mark, attempt.pids)]
    if not wait_for(lambda: told() == wanted.events(), 3):
        return [f"events {told()}, expected {wanted.events()}"]
    wrong = []
    for event in jitd.events(attempt.event_mark, attempt.pids):
        wrong += wrong_with_numbers(door, held, event)
        if event["event"] == "session-open" and not jitd.find(attempt, pid=False, event="session-close",
                                                              session=event["session"]):
            wrong.append(f"no end of session {event['session']}")
    return wrong


def wrong_with_log(wanted, attempt):
    """A line of the module for a refusal, by this very process, and nothing where it passes or is not asked."""
    lines = [line for line in syslog.of(attempt) if "pam_jit(" in line]
    if wanted.log and wanted.refused == "auth":  # login closes also what it did not open
        lines = [line for line in lines if "(login:session)" not in line]
    if wanted.opens or not wanted.refused:
        return [f"pam_jit says {lines}"] if lines else []
    good = len(lines) == 1 and re.search(wanted.log or "denied: pam-jit: ", lines[0])
    return [] if good else [f"one line {wanted.log!r} expected in syslog: {lines}"]


def wrong_with_uses(before, wanted, access):
    spent = {access: 1} if wanted.session else {}
    left = {number: count - spent.get(number, 0) for number, count in before.items()}
    after = uses()
    return [] if after == left else [f"uses were {before} and are {after}"]


def silence_was_kept(name, jitd, first, before, last):
    """What was asked while jitd did not answer neither opened nor spent anything, then or afterwards. first: an attempt
    that came after all that waited, and opened. before: the uses, last: the last event before the silence."""
    opened = [event["pid"] for event in jitd.events(last) if event["event"] == "session-open"]
    spent = sum(before.values()) - sum(uses().values())
    check(f"{name}: one more opens, and it alone was counted", first.code == 0 and opened == [first.pid] and spent == 1,
          f"{first}, opened by {opened}, {spent} spent")
