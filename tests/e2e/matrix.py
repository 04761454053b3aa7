# SPDX-License-Identifier: Apache-2.0
"""
Every door of sudo and su in every state that an access can be in, as two tables: DOORS and STATES. A cell is one
attempt. It counts with all that it left, by its very process: what came out of it, the events of jitd in their order
with their reasons (where jitd cannot answer: the module's line in syslog), the session, the uses, the environment.
Only an active access for the right account opens; where sudo's settings leave a gap, the cell says so and shows it.
"""
from harness import *
from matrix_cells import *
from matrix_doors import *
from matrix_states import *

POLICY = """
rule "all" {
  who = {"alice"}
  scope = {"sudo:root", "sudo:bob", "su:root", "su:bob"}
  approvers = {"carol"}
  uses = %d
}
"""
SCOPES = ("sudo:root", "sudo:bob", "su:root", "su:bob")
NO_MARK = "denied: real uid 0 in a session, but no auth or account before it"
LEAVES = "documented gap, a copy to read is left"



class Caller(Holder):
    """Somebody on this host, who calls sudo and su."""

    def use(self, scope):
        sudoers(NOPASSWD)
        service, account = scope.split(":")
        run("alice", *{"sudo": ("sudo", "-u", account, "true"), "su": ("su", account, "-c", "true")}[service])


# ---- what is expected ----


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


def wrong_with_opened(door, wanted, access, attempt):
    if not wanted.opens or door.proof not in (runs, edits):
        return []
    return wrong_with_environment(environments[door.name], access if wanted.session else None, attempt)


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
        wrong += wrong_with_opened(door, wanted, access, attempt)
    if answering:
        wrong += wrong_with_events(jitd, wanted, held, door, attempt)
        wrong += wrong_with_uses(before, wanted, access)
    check(f"matrix: {door.name} x {at.name}" + (f" ({wanted.gap})" if wanted.gap else ""), not wrong,
          "; ".join(wrong + [repr(attempt)]))


# ---- a column ----


def stacks(change):
    for service in "sudo", "sudo-i", "su", "su-l":
        pam(service, change((TOP / "packaging" / "pam" / service).read_text()))


def try_all(jitd, doors, at, held, prepared):
    for door in doors:
        cell_of(jitd, door, at, held, prepared[door])


def column(jitd, at, doors):
    policy(POLICY % at.uses)
    jitd.start()
    holder = Caller(jitd)
    holder.hold(SCOPES)
    prepared = {door: door.prepare(door) for door in doors}
    before = uses(), jitd.last_event()
    holder.come_to(at, at.scopes(doors[0], SCOPES))
    try_all(jitd, doors, at, holder.held, prepared)
    if at.name == "jitd hung":
        stacks(str)
        five = run("alice", "sudo", "opened")
        check("matrix: sudo, as published, x jitd hung: refused after 5 s, once", not five.output.count("opened by")
              and five.code == 1 and 4.5 < five.seconds < 6 and len(syslog.of(five)) == 2, f"{five}: {syslog.of(five)}")
    if at.silent:
        at.silent(jitd)
        sudoers(NOPASSWD)
        silence_was_kept(f"matrix: {at.name}, then not", jitd, run("alice", "sudo", "-u", "bob", "true"), *before)
    jitd.stop()


def documented():
    readme = (TOP / "README.md").read_text()
    missing = [word for word in ("Defaults !pam_session", "Defaults !pam_acct_mgmt", "!sudoedit") if word not in readme]
    check("matrix: README tells of each gap", not missing, missing)


def without_sudoedit():
    """What README advises against the copies."""
    EDITED.write_text("as it was\n")
    stacks(str)
    with Jitd() as jitd:
        Caller(jitd).hold(["sudo:bob"])
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
    for scopes in dict.fromkeys(at.scopes(door, SCOPES) for door in DOORS):
        column(Jitd(), at, [door for door in DOORS if at.scopes(door, SCOPES) == scopes])
without_sudoedit()
documented()
print(f"# {len(DOORS)} doors, {len(STATES) + 1} states, {time.monotonic() - begun:.0f} seconds")
finish()
