# SPDX-License-Identifier: Apache-2.0
"""
jitd is killed (-9) under load, and its disk loses power, again and again: what it acknowledged is there when it is back.
"""
import fcntl
import random
import sqlite3
import stat
from concurrent.futures import ThreadPoolExecutor
from harness import *

ROUNDS, POWER_ROUNDS, SEED = 50, 15, 7
STATE = pathlib.Path("/var/lib/jitd")
POLICY = """
rule "root" { who = {"alice", "carol"} scope = {"sudo:root"} approvers = {"bob"} }
"""


class Disk:
    """An ext4 of jitd's own, which loses what was not synced (FS_IOC_SHUTDOWN without a flush of the journal)."""

    IMAGE, SHUTDOWN, NO_LOG_FLUSH, GET_FREE = "/var/tmp/state.img", 0x8004587D, 2, 0x4C82

    def __init__(self):
        with open(self.IMAGE, "wb") as image:
            image.truncate(64 << 20)
        subprocess.run(["mkfs.ext4", "-q", self.IMAGE], check=True)
        shutil.rmtree(STATE, ignore_errors=True)
        STATE.mkdir()
        self.mount()
        shutil.chown(STATE, "jitd", "jitd")
        STATE.chmod(0o700)
        (STATE / "lost+found").rmdir()

    @staticmethod
    def device(name, major, minor):
        """Which the machine's own /dev need not have."""
        path = pathlib.Path("/dev", name)
        if not path.exists():
            os.mknod(path, stat.S_IFCHR | 0o600 if name == "loop-control" else stat.S_IFBLK | 0o600, os.makedev(major, minor))
        return path

    def _mount(self):
        control = os.open(self.device("loop-control", 10, 237), os.O_RDWR)
        number = fcntl.ioctl(control, self.GET_FREE)
        os.close(control)
        return subprocess.run(["mount", "-o", f"loop={self.device(f'loop{number}', 7, number)}", self.IMAGE, STATE]).returncode == 0

    def mount(self):
        """Whoever else wants a loop device may be faster."""
        if not any(self._mount() for _ in range(10)):
            raise OSError("no loop device can be mounted")

    def cut_power(self):
        top = os.open(STATE, os.O_RDONLY)
        fcntl.ioctl(top, self.SHUTDOWN, struct.pack("I", self.NO_LOG_FLUSH))
        os.close(top)

    def power_again(self):
        subprocess.run(["umount", STATE], check=True)
        self.mount()


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

    def at_the_moment_of(self, end):
        """What had been said by then. What is said after it nobody would have heard: the machine is off."""
        with self.changed:
            end()
            return dict(self.states), dict(self.uses)

    def forget_since(self, moment):
        self.states, self.uses = moment

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


def one_round(jitd, told, pick, disk=None):
    stop = threading.Event()
    with ThreadPoolExecutor(4) as crowd:
        workers = [crowd.submit(work, told, subject, stop) for subject in ("alice", "carol", "alice", "carol")]
        loaded = told.await_steps(pick.randint(1, 20))
        time.sleep(pick.uniform(0, 0.1))  # the moment of the end is the point: any will do
        if disk:
            moment = told.at_the_moment_of(disk.cut_power)
            time.sleep(pick.uniform(0, 0.1))  # jitd goes on for a while, and finds that it cannot write
        jitd.kill()
        stop.set()
        for worker in workers:
            worker.result()
    if disk:
        told.forget_since(moment)
        disk.power_again()
    jitd.start(fresh=False)
    lost = missing(told)
    withdraw(told)
    return lost if loaded else [*lost, "there was no load"]


def by_state(told):
    return {word: list(told.states.values()).count(word) for word in LATER}


def was_loaded(told, least):
    states = by_state(told)
    return states["revoked"] > least and states["returned"] > least and sum(told.uses.values()) > 4 * least


def story(jitd, rounds, least, disk=None):
    what = "power cuts" if disk else "kills"
    pick, told = random.Random(SEED), Acknowledged()
    lost = [line for _ in range(rounds) for line in one_round(jitd, told, pick, disk)]
    check(f"{rounds} {what}: nothing acknowledged is missing", not lost, "; ".join(lost[:5]))
    check(f"{what}: there was a load: {by_state(told)}, uses {told.uses}", was_loaded(told, least))
    jitd.stop()
    with sqlite3.connect(STATE / "jitd.db") as database:
        verdict = database.execute("PRAGMA integrity_check").fetchall()
    check(f"{what}: the database is sound", verdict == [("ok",)], str(verdict))


def disk_of_ours():
    """None: no loop devices here."""
    try:
        return Disk()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"# power cuts left out: {error}")
        return None


pam("sudo")
policy(POLICY)
sudoers("alice ALL=(ALL:ALL) NOPASSWD: ALL", "carol ALL=(ALL:ALL) NOPASSWD: ALL")
with Jitd() as jitd:
    story(jitd, ROUNDS, 5)
disk = disk_of_ours()
if disk:
    jitd.start(fresh=False)
    story(jitd, POWER_ROUNDS, 1, disk)
finish()
