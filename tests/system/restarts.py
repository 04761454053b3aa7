# SPDX-License-Identifier: Apache-2.0
"""
jitd is restarted and killed while sessions live, also while they end: all of them end on time, each one once.
Arguments: how many sessions (default 12), how many restarts (default 6).
"""
import shlex

from units import *
from kinds import Kinds
from ssh_door import give_key, ssh_client

SESSIONS, RESTARTS = (int(sys.argv[i]) if len(sys.argv) > i else few for i, few in ((2, 12), (3, 6)))
SECONDS = 15 + SESSIONS + 2 * RESTARTS  # of a grant that ends by itself
LATE = 2  # jitd may be down at the time: then systemd ends it
POLICY = """
rule "short" { who = {"alice"} scope = {"sudo:root", "ssh:alice"} approvers = {"bob"} max = "1h" }
rule "long" { who = {"carol"} scope = {"sudo:root", "ssh:carol"} approvers = {"bob"} max = "1h" }
"""


def sudo_session(user, kinds):
    command = [AS, user, "bash", "-c", shlex.join(["sudo", "-n", *kinds.argv]) + "; true"]
    return subprocess.Popen(["script", "-qfec", shlex.join(command), "/dev/null"], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def ssh_session(user, kinds):
    return ssh_client(user, "publickey", shlex.join(kinds.argv)).process


DOORS = (("sudo:root", sudo_session), ("ssh:{}", ssh_session))


class Session:
    def __init__(self, number):
        self.user = ("alice", "carol")[number % 2]
        self.scope, start = DOORS[number // 2 % 2]
        self.kinds = Kinds(f"/run/kinds{number}", "setsid", "ignores")
        self.process = start(self.user, self.kinds)
        self.died = None


def listed():
    return json.loads(run("root", "jitd-admin", "sessions", "--json").output)


def watch_ends(sessions, until):
    """Notes when each one is dead, until the time is up."""
    while time.time() < until and any(session.died is None for session in sessions):
        for session in sessions:
            if session.died is None and not session.kinds.alive():
                session.died = time.time()
        time.sleep(0.02)


def restart_until(ends):
    """As many as told, one after the other, the last of them after the sessions' time is up."""
    pause = (ends + 1 - time.time()) / RESTARTS
    for number in range(RESTARTS):
        begun = time.monotonic()
        jitd.restart() if number % 2 else jitd.crash()
        time.sleep(max(0, pause - (time.monotonic() - begun)))


def expiring(sessions, ends):
    watcher = threading.Thread(target=watch_ends, args=(sessions, ends + 15))
    watcher.start()
    restart_until(ends)
    watcher.join()
    early = [session.died - ends for session in sessions if session.died and session.died < ends - 1]
    check("expired: none ended before its time", not early, early)
    late = sorted(session.died - ends if session.died else 99 for session in sessions)
    print(f"# expired: {len(late)} sessions, {RESTARTS} restarts, late p50 {late[len(late) // 2]:.3f} s, max {late[-1]:.3f} s")
    check(f"expired: all ended within {LATE} s", late[-1] <= LATE, late)


def revoked(sessions, accesses):
    left = [session for session in sessions if session.kinds.alive() != ["command", "ignores", "setsid"]]
    check("not yet over: all live on", not left, [session.kinds.alive() for session in left])
    jitd.crash()
    for access in accesses:
        revoke("bob", access)
    begun = time.time()
    jitd.restart()
    watch_ends(sessions, begun + 15)
    taken = sorted(session.died - begun if session.died else 99 for session in sessions)
    print(f"# revoked, jitd restarted at once: {len(taken)} sessions, p50 {taken[len(taken) // 2]:.3f} s, max {taken[-1]:.3f} s")
    check("revoked: none lives on", taken[-1] < 99, taken)


def told(count):
    check("all are closed", wait_for(lambda: not listed(), 10), listed())
    events = [event for event in jitd.events() if event["event"] in ("session-open", "session-close", "not-ended")]
    opened, closed = ([event["session"] for event in events if event["event"] == name] for name in ("session-open", "session-close"))
    check("each was opened and closed once", sorted(opened) == sorted(closed) and len(set(opened)) == len(opened) == count, events)
    check("none could not be ended", len(opened) + len(closed) == len(events), events)


def no_end_to_restarts():
    """systemd gives a unit up that starts too often, unless told otherwise: then nobody gets in or is ended."""
    access = grant("alice", "sudo:root", by="bob")
    for _ in range(8):  # more than five within ten seconds
        jitd.crash()
        systemctl("kill", "--signal=KILL", "jit-reaper.service", check=False)
    kinds = Kinds("/run/kinds-crashed", "ignores")
    process = sudo_session("alice", kinds)
    check("killed again and again, jitd and jit-reaper come back", not kinds.started(), run("alice", "sudo", "-n", "id"))
    revoke("bob", access)
    left, _ = kinds.all_dead(5)
    check("and what is revoked then ends", not left, left)
    process.wait(20)


for person in "alice", "carol":
    give_key(person)
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL", "carol ALL=(ALL:ALL) NOPASSWD: ALL")
with Units() as jitd:
    for scope, _ in DOORS:
        short = grant("alice", scope.format("alice"), "--for", f"{SECONDS}s", by="bob")
    long = [grant("carol", scope.format("carol"), by="bob") for scope, _ in DOORS]
    ends = json.loads(run("root", "jitd-admin", "show", str(short), "--json").output)["until"]
    ends = time.mktime(time.strptime(ends, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
    opened = [Session(number) for number in range(SESSIONS)]
    missing = [session.kinds.started(max(1, ends - time.time() - RESTARTS)) for session in opened]
    check("all run", not any(missing) and len(listed()) == SESSIONS, missing)
    expiring([session for session in opened if session.user == "alice"], ends)
    revoked([session for session in opened if session.user == "carol"], long)
    told(SESSIONS)
    for session in opened:
        session.kinds.kill()
        session.process.wait(20)
    no_end_to_restarts()
    (KEEP / "jitd.service.journal").write_text(journal("jitd.service"))
finish()
