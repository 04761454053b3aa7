# SPDX-License-Identifier: Apache-2.0
"""
Every door of sudo and su in every state that an access can be in, as two tables: DOORS and STATES. A cell is one
attempt. It counts with all that it left, by its very process: what came out of it, the events of jitd in their order
with their reasons (where jitd cannot answer: the module's line in syslog), the session, the uses, the environment.
Only an active access for the right account opens; where sudo's settings leave a gap, the cell says so and shows it.
"""
from typing import Callable, NamedTuple

from harness import *
from matrix_doors import *

POLICY = """
rule "all" {
  who = {"alice"}
  scope = {"sudo:root", "sudo:bob", "su:root", "su:bob"}
  approvers = {"carol"}
  uses = %d
}
"""
SCOPES = ("sudo:root", "sudo:bob", "su:root", "su:bob")
NO_ANSWER = "denied: no answer from jitd"
NO_MARK = "denied: real uid 0 in a session, but no auth or account before it"
LEAVES = "documented gap, a copy to read is left"

# ---- the states: from an active access for everything ----


def hold(scopes, *more):
    return {scope: grant("alice", scope, *more, by="carol") for scope in scopes}


def afresh(jitd, _, scopes):
    """As if there had never been another access than these."""
    jitd.stop()
    jitd.start()
    return hold(scopes)


def pending(_, held, scopes):
    cancel(held)
    return {scope: request("alice", scope) for scope in scopes}


def cancel(held):
    for access in held.values():
        said = run("alice", "jit", "cancel", str(access))
        if said.code != 0:
            raise SystemExit(f"jit cancel {access}: {said}")


def become(held, wanted):
    for access in held.values():
        if not wait_for(lambda: state(access) == wanted, 10):
            raise SystemExit(f"access {access} did not become {wanted}: {state(access)}")
    return held


def use_up(_, held, __):
    """The one for sudo:root was, where a ticket was made."""
    sudoers(NOPASSWD)
    for scope in held:
        service, account = scope.split(":")
        if state(held[scope]) == "active":
            run("alice", *{"sudo": ("sudo", "-u", account, "true"), "su": ("su", account, "-c", "true")}[service])
    return become(held, "used-up")


def expire(_, held, scopes):
    cancel(held)
    return become(hold(scopes, "--for", "1s"), "expired")


def take_back(_, held, __):
    for access in held.values():
        revoke("carol", access)
    return held


def lock(_, held, __):
    subprocess.run(["jitd-admin", "lock", "alice"], check=True, stdout=subprocess.DEVNULL)
    return held


def stop(jitd, held, _):
    jitd.stop()
    return held


def hang(jitd, held, _):
    jitd.hang()
    return held


class State(NamedTuple):
    name: str
    change: Callable  # jitd, what is held, what is to be held: what is held
    reason: str = ""  # jitd's word for a refusal
    says: str = ""  # what the person reads
    scopes: Callable = lambda door: SCOPES  # what is held when that door is tried
    uses: int = 1000
    silent: Callable = None  # jitd does not answer; this brings it back
    options: str = ""  # of pam_jit


def other_account(door):
    return tuple(scope for scope in SCOPES if not scope.endswith(":" + door.target))


def other_service(door):
    return tuple(scope for scope in SCOPES if not scope.startswith(door.service + ":"))


def start_again(jitd):
    jitd.start(fresh=False)


AGAIN = r"\. Ask again: jit request "
STATES = (
    State("no access", afresh, "no-access", "you hold no access for this. Ask: jit request ", lambda door: ()),
    State("pending", pending, "pending", r"access \d+ waits for its approval\. See: jit show \d+"),
    State("active", lambda jitd, held, scopes: held),
    State("wrong target", afresh, "wrong-account", r"access \d+ is for another account\. Ask: jit request ",
          other_account),
    State("another door", afresh, "no-access", "you hold no access for this. Ask: jit request ", other_service),
    State("used up", use_up, "used-up", r"access \d+ is used up" + AGAIN, uses=1),
    State("expired", expire, "expired", r"access \d+ is over" + AGAIN),
    State("revoked", take_back, "revoked", r"access \d+ was revoked" + AGAIN),
    State("locked", lock, "locked", "you are locked: talk to an administrator"),
    State("jitd stopped", stop, says="access service not reachable", silent=start_again),
    State("jitd hung", hang, says="access service not reachable", silent=Jitd.go_on, options=" timeout=1"),
)
WITHOUT = State("without pam-jit", None)  # each door opens: what refuses below is ours

# ---- what is expected ----


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


def expected_with_wrong_target(door, at):
    """sudo tells PAM the account at open_session only; su from the beginning."""
    where = 0 if door.service == "su" else len(door.phases) - 1
    if door.phases[where] == "open-session" or door.service == "su":
        return Expected(False, door.phases[:where], door.phases[where], at.reason, says=at.says,
                        gap=LEAVES if door.proof is edits else "")
    gap = "documented gap, it opens" if door.proof is runs else "opens nothing, so it passes"
    return Expected(True, door.phases, gap=gap)


def expected(door, at):
    if door.never == "sudo":
        return Expected(False, says="sudo: a password is required")
    if at is WITHOUT:
        return Expected(True)
    if door.never == "module":
        return Expected(False, (), "open-session", log=log_line(door, "session", NO_MARK), says="ask an administrator",
                        gap="refused in every state" + (f", {LEAVES}" if door.proof is edits else ", documented"))
    if door.user == "root":
        return Expected(True)
    if at.silent:
        return Expected(False, (), door.phases[0], log=log_line(door, door.phases[0], NO_ANSWER), says=at.says)
    if at.reason == "wrong-account":
        return expected_with_wrong_target(door, at)
    if at.reason:
        return Expected(False, (), door.phases[0], at.reason, says=at.says)
    return Expected(True, door.phases)


# ---- a cell ----

environments = {}  # of each door without pam-jit


def uses():
    listed = subprocess.run(["jitd-admin", "list", "--json"], capture_output=True, text=True, timeout=20, check=True)
    return {access["id"]: access["uses_left"] for access in json.loads(listed.stdout)}


def environment(attempt):
    return dict(line[4:].split("=", 1) for line in attempt.text.splitlines() if re.match(r"env \w+=", line))


def wrong_with_outcome(door, wanted, attempt):
    if attempt.code == "timeout" or attempt.seconds > 6:
        return ["it took too long"]
    wrong = []
    if wanted.opens:
        wrong += [f"exit {attempt.code}"] if attempt.code != 0 else []
        wrong += door.proof(door, attempt)
    else:
        wrong += ["it was not refused"] if attempt.code == 0 or "opened by" in attempt.text else []
        wrong += ["the file was edited"] if EDITED.read_text() != "as it was\n" else []
        wrong += [] if re.search(wanted.says, attempt.text) else [f"it does not say {wanted.says!r}"]
    if "password for" in attempt.text:
        wrong.append("it asked for a password")
    return wrong


def wrong_with_copies(door, wanted, at):
    """sudo makes the editor's copy before open_session, and leaves it where that refuses: documented."""
    left = door.proof is edits and wanted.refused == "open-session"
    found = copies()
    return [] if found == (["as it was\n"] if left else []) else [f"copies of the file, state {at.name}: {found}"]


def wrong_with_environment(door, wanted, access, attempt):
    if not wanted.opens or door.proof not in (runs, edits):
        return []
    ours = {"JIT_ACCESS": str(access)} if wanted.session else {}
    seen, known = environment(attempt), environments[door.name]
    different = {name for name in seen.keys() | (known | ours).keys() if seen.get(name) != (known | ours).get(name)}
    return [f"environment: {different}"] if different or not seen else []


def wrong_with_numbers(door, held, event):
    access = held.get(door.scope)
    if event["event"] == "session-open" or event["phase"] == "open-session":
        if event["account"] != door.target:
            return [f"account: {event}"]
        if event["verdict"] != "deny" and event["access"] != access:
            return [f"access: {event}"]
    named = {None} if event["reason"] in ("no-access", "locked") else set(held.values())
    return [] if event["access"] in named else [f"access: {event}"]


def wrong_with_events(jitd, wanted, held, door, attempt):
    """All that jitd wrote of this very process, in its order, and the end of its session."""
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
    lines = [line for line in syslog.of(attempt) if "pam_jit" in line]
    if wanted.opens or not wanted.refused:
        return [f"pam_jit says {lines}"] if lines else []
    good = len(lines) == 1 and re.search(wanted.log or "denied: pam-jit: ", lines[0])
    return [] if good else [f"one line {wanted.log!r} expected in syslog: {lines}"]


def cell_of(jitd, door, at, held, prepared):
    wanted = expected(door, at)
    EDITED.write_text("as it was\n")
    EDITED.chmod(0o600)
    sudoers(*door.rules)
    answering = jitd and Jitd.running
    before = uses() if answering else {}
    with door.around():
        attempt = door.run(door, prepared)
    attempt.text = attempt.output.replace("\r", "")
    access = held.get(door.scope)
    wrong = (wrong_with_outcome(door, wanted, attempt) + wrong_with_copies(door, wanted, at) +
             wrong_with_log(wanted, attempt))
    if at is WITHOUT:
        environments[door.name] = environment(attempt)
    else:
        wrong += wrong_with_environment(door, wanted, access, attempt)
    if answering:
        wrong += wrong_with_events(jitd, wanted, held, door, attempt)
        spent = {access: 1} if wanted.session else {}
        after = uses()
        left = {number: count - spent.get(number, 0) for number, count in before.items()}
        wrong += [] if after == left else [f"uses were {before} and are {after}"]
    check(f"matrix: {door.name} x {at.name}" + (f" ({wanted.gap})" if wanted.gap else ""), not wrong,
          "; ".join(wrong + [repr(attempt)]))


# ---- a column ----


def stacks(change):
    for service in "sudo", "sudo-i", "su", "su-l":
        pam(service, change((TOP / "packaging" / "pam" / service).read_text()))


def try_all(jitd, doors, at, held, prepared):
    for door in doors:
        cell_of(jitd, door, at, held, prepared[door])


def back(jitd, at, before):
    """What was asked while jitd did not answer neither opened nor spent anything, then or afterwards."""
    mark = max(before[1])
    at.silent(jitd)
    sudoers(NOPASSWD)
    first = run("alice", "sudo", "-u", "bob", "true")  # comes after all that waited
    opened = [event["pid"] for event in jitd.events(mark) if event["event"] == "session-open"]
    spent = sum(before[0].values()) - sum(uses().values())
    check(f"matrix: {at.name}, then not: one sudo opens, and it alone was counted",
          first.code == 0 and opened == [first.pid] and spent == 1, f"{first}, opened by {opened}, {spent} spent")


def column(jitd, at, doors):
    policy(POLICY % at.uses)
    jitd.start()
    held = hold(SCOPES)
    prepared = {door: door.prepare(door) for door in doors}
    before = uses(), [event["id"] for event in jitd.events()]
    held = at.change(jitd, held, at.scopes(doors[0]))
    try_all(jitd, doors, at, held, prepared)
    if at.name == "jitd hung":
        stacks(str)
        five = run("alice", "sudo", "opened")
        check("matrix: sudo, as published, x jitd hung: refused after 5 s, once", not five.output.count("opened by")
              and five.code == 1 and 4.5 < five.seconds < 6 and len(syslog.of(five)) == 2, f"{five}: {syslog.of(five)}")
    if at.silent:
        back(jitd, at, before)
    jitd.stop()


def documented():
    readme = (TOP / "README.md").read_text()
    missing = [word for word in ("Defaults !pam_session", "Defaults !pam_acct_mgmt", "!sudoedit") if word not in readme]
    check("matrix: README tells of each gap", not missing, missing)


def without_sudoedit():
    """What README advises against the copies."""
    EDITED.write_text("as it was\n")
    stacks(str)
    with Jitd():
        hold(["sudo:bob"])
        sudoers(NOPASSWD + ", !sudoedit")
        tried = run("alice", *EDIT)
        other = run("alice", "sudo", "-u", "bob", "opened")
        good = tried.code == 1 and "not allowed to execute 'sudoedit" in tried.output and other.code == 0
        check("matrix: sudoedit, forbidden by sudoers, x wrong target: no copy", good and not copies(),
              f"{tried}, {other}")


begun = time.monotonic()
programs()
pathlib.Path("/etc/default/su").write_text("FAIL_DELAY 0\n")  # else su waits a second after each refusal
stacks(lambda text: text.replace("pam_jit.so", "pam_permit.so"))
try_all(None, DOORS, WITHOUT, {}, {door: door.prepare(door) for door in DOORS})
for at in STATES:
    stacks(lambda text: text.replace("pam_jit.so", "pam_jit.so" + at.options))
    for scopes in dict.fromkeys(at.scopes(door) for door in DOORS):
        column(Jitd(), at, [door for door in DOORS if at.scopes(door) == scopes])
without_sudoedit()
documented()
print(f"# {len(DOORS)} doors, {len(STATES) + 1} states, {time.monotonic() - begun:.0f} seconds")
finish()
