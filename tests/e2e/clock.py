# SPDX-License-Identifier: Apache-2.0
"""
A host whose clock is set, glitches, or comes up wrong (C1, C2, C3, C5): no grant is longer than granted, and nobody is
locked out for longer than jitd(8) tells. jitd alone sees the clocks moved, and another boot id after a reboot.
"""
from harness import *

POLICY = """
rule "root" { who = {"alice"} scope = {"sudo:root"} approvers = {"bob"} max = "1h" default = "15m" }
"""
CLOCK, MOVED, BOOT_ID = pathlib.Path("/run/e2e-clock"), "/usr/lib/clock_moved.so", "/proc/sys/kernel/random/boot_id"
MINUTE, HOUR, DAY, YEAR = 60, 3600, 86400, 365 * 86400
BEHIND = "clock is behind"


class Host:
    """Its two clocks, and its boots."""

    def __init__(self):
        self.wall = self.boot = self.boots = 0
        self.write()

    def write(self):
        fresh = CLOCK.with_suffix(".new")
        fresh.write_text(f"{self.wall} {self.boot}\n")
        fresh.replace(CLOCK)

    def set_clock(self, seconds):
        self.wall += seconds
        self.write()

    def passes(self, seconds):
        self.boot += seconds
        self.set_clock(seconds)

    def reboot(self, jitd, off, how=signal.SIGTERM):
        jitd.stop(how)
        self.boots += 1
        name = pathlib.Path(f"/run/boot_id.{self.boots}")
        name.write_text(f"00000000-0000-4000-8000-{self.boots:012}\n")
        subprocess.run(["mount", "--bind", name, BOOT_ID], check=True)
        self.boot = 20 - int(time.clock_gettime(time.CLOCK_BOOTTIME))
        self.set_clock(off)
        jitd.start(fresh=False)


def sudo():
    return run("alice", "sudo", "-n", "id", "-u")


def status(name="clock"):
    said = subprocess.run(["jitd-admin", "status"], capture_output=True, text=True, timeout=20).stdout
    return dict(line.split(None, 1) for line in said.splitlines() if " " in line.strip()).get(name, "")


def events(jitd, text):
    return [event for event in jitd.events() if event["event"] == "clock" and text in (event["text"] or "")]


def opens(name, jitd):
    """Whoever asks now is let in now."""
    access = grant("alice", "sudo:root", by="bob")
    cell(f"{name}: asked, approved, opens", jitd, sudo(), opens="0", access=access)
    return access


def settle(host, name):
    status()
    host.passes(10 * MINUTE)
    check(f"{name}: confirmed after ten minutes", status() == "confirmed", status())


def refuses(name, user, *command):
    said = run(user, *command)
    check(f"{name}: {' '.join(command[:3])} is refused", said.code == 1 and BEHIND in said.output, said)


def length(host, jitd):
    """By either clock, whichever comes first; then nothing opens."""
    opens("the first minutes of all", jitd)
    check("they are unconfirmed", status().startswith("unconfirmed"), status())
    settle(host, "the first minutes")
    opens("as it went on", jitd)
    host.set_clock(-50)
    host.passes(14 * MINUTE)
    cell("set back by less than a minute: lives", jitd, sudo(), opens="0")
    host.passes(MINUTE)
    cell("and is no longer than granted", jitd, sudo(), opens=False, reason="expired")
    host.set_clock(50)
    status()


def back(host, jitd):
    access, later = opens("before", jitd), request("alice", "sudo:root")
    host.set_clock(-DAY)
    cell("back a day: nothing opens, and it is told why", jitd, sudo(), opens=False, reason="clock", says=BEHIND)
    check("back a day: status", status().startswith("behind by 1d"), status())
    check("back a day: an event", len(events(jitd, "set back by 1d")) == 1, events(jitd, ""))
    refuses("back a day", "alice", "jit", "request", "sudo:root", "--reason", "x", "--no-wait")
    refuses("back a day", "alice", "jit", "token", str(access), "--code")
    refuses("back a day", "bob", "jitd-admin", "approve", str(later))
    check("back a day: root's own sudo opens", run("root", "sudo", "-n", "id", "-u").output.strip() == "0")
    check("back a day: what takes away does so", run("bob", "jitd-admin", "deny", str(later)).code == 0 and state(later) == "denied")
    jitd.kill()
    jitd.start(fresh=False)
    cell("back a day, jitd killed and started: nothing opens", jitd, sudo(), opens=False, reason="clock")
    host.set_clock(DAY)
    cell("set right: opens", jitd, sudo(), opens="0", access=access)
    check("set right: confirmed", status() == "confirmed", status())
    host.set_clock(-DAY)
    cell("back again", jitd, sudo(), opens=False, reason="clock")
    said = run("alice", "jitd-admin", "clock", "accept")
    check("accept is not for everybody", said.code == 1 and status().startswith("behind"), said)
    said = run("root", "jitd-admin", "clock", "accept")
    check("an administrator accepts", said.code == 0 and status() == "confirmed", said)
    check("which is an event", len(events(jitd, "accepted: ")) == 1, events(jitd, ""))
    cell("accepted: a grant of a day to come opens nothing", jitd, sudo(), opens=False, reason="expired")
    opens("accepted", jitd)
    host.passes(15 * MINUTE)
    cell("accepted, and its time is up", jitd, sudo(), opens=False, reason="expired")


def waited_for(host, jitd):
    status()
    host.set_clock(-DAY)
    cell("back a day, and nobody does anything", jitd, sudo(), opens=False, reason="clock")
    host.passes(DAY - 2 * MINUTE)
    cell("a day less two minutes later", jitd, sudo(), opens=False, reason="clock")
    host.passes(MINUTE + 30)
    opens("a day later", jitd)
    host.set_clock(DAY)
    settle(host, "set right")


def forth(host, jitd, name, seconds, word):
    old = opens(f"before {name}", jitd)
    host.set_clock(seconds)
    cell(f"{name}: it is over", jitd, sudo(), opens=False, reason="expired")
    check(f"{name}: an event, and unconfirmed", bool(events(jitd, f"set forth by {word}")) and status().startswith("unconfirmed"),
          status())
    check(f"{name}: written down", state(old) == "expired", state(old))
    ahead, asked = opens(name, jitd), request("alice", "sudo:root")
    host.passes(30)
    host.set_clock(-seconds)
    cell(f"{name}, and back: nothing is revived", jitd, sudo(), opens=False, reason="expired")
    check(f"{name}, and back: confirmed", status() == "confirmed", status())
    check(f"{name}, and back: what was asked waits", state(asked) == "pending", state(asked))
    approve("bob", asked)
    cell(f"{name}, and back: approved, opens", jitd, sudo(), opens="0", access=asked)
    revoke("bob", asked)
    host.reboot(jitd, seconds - 30)
    cell(f"{name}: when its day comes, after a reboot", jitd, sudo(), opens=False)
    check(f"{name}: it is over", state(ahead) == "expired", state(ahead))
    host.reboot(jitd, -seconds + 60)
    settle(host, f"after {name}")


def session_ends(host, jitd):
    opens("a session", jitd)
    process = subprocess.Popen([AS, "alice", "sudo", "-n", "sleep", "1000"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    check("it runs", wait_for(lambda: status("sessions") == "1", 10), status("sessions"))
    host.set_clock(DAY)
    status()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        pass
    check("forth a day ends a live session", process.poll() is not None)
    check("and it is closed", wait_for(lambda: status("sessions") == "0", 10), status("sessions"))
    host.set_clock(-DAY)
    check("back: confirmed", status() == "confirmed", status())


def reboots(host, jitd):
    for name, off in (("a minute", MINUTE), ("12 hours", 12 * HOUR), ("30 days", 30 * DAY)):
        host.reboot(jitd, off)
        opens(f"off for {name}", jitd)
        settle(host, f"off for {name}")
    opens("before 1970", jitd)
    right = host.wall
    host.reboot(jitd, 5 - right - int(time.time()), how=signal.SIGKILL)
    cell("1970 at boot: nothing opens", jitd, sudo(), opens=False, reason="clock", says=BEHIND)
    check("1970 at boot: an event", len(events(jitd, "the clock is behind by")) == 1, events(jitd, ""))
    refuses("1970 at boot", "alice", "jit", "request", "sudo:root", "--reason", "x", "--no-wait")
    host.passes(HOUR)
    cell("1970 at boot, an hour later", jitd, sudo(), opens=False, reason="clock")
    host.wall = right + HOUR
    host.write()
    opens("1970 at boot, and set right", jitd)


subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o", MOVED, TOP / "tests" / "e2e" / "clock_moved.c"],
               check=True)
pam("sudo")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL", "root ALL=(ALL:ALL) NOPASSWD: ALL")
machine = Host()
with Reaper(), Jitd(environment={"LD_PRELOAD": MOVED}) as daemon:
    length(machine, daemon)
    back(machine, daemon)
    waited_for(machine, daemon)
    forth(machine, daemon, "forth a day", DAY, "1d")
    forth(machine, daemon, "2036 for half a minute", 10 * YEAR, "52")
    session_ends(machine, daemon)
    reboots(machine, daemon)
finish()
