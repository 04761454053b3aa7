# SPDX-License-Identifier: Apache-2.0
"""
The same check beside much else: of jitds that differ in what is in their database, in turns; how long each takes to start
and what memory it has; and the check again while the fullest is busy with something long.
"""
import os
import threading
import time

from crowd import Crowd, rules
from figures import Spread, table
from host import Jitd
from part_sockets import Bare, Typed, load
from place import Daemon, said

EMPTY, FULL = "empty", "10^6 accesses, 10^5 revoked, 10^6 spent ids, 10^6 events"
CLIENTS = 64


class Filled(Typed):
    """fill: called with its Crowd, while it is stopped."""

    def __init__(self, name, fill=None, present="typed", more_rules=""):
        super().__init__(name, present)
        self.fill, self.more_rules = fill, more_rules

    def start(self, place, wanted):
        self.jitd = Jitd(place, f"scale-{len(list(place.sockets.iterdir()))}", rules=self.more_rules).start().request()
        self.jitd.mint(wanted)
        if self.fill:
            self.jitd.stop()
            self.fill(Crowd(self.jitd))
            self.jitd.start()
        self.at_rest = self.jitd.rss()


def kinds(factor, sleeper):
    """`factor`: a thousandth of it is filled in a thousandth of the time."""
    def many(number):
        return max(1, int(number * factor))

    def full(crowd):
        crowd.over(many(10 ** 6), many(10 ** 5))
        crowd.spent(many(10 ** 6))
        crowd.events(many(10 ** 6))
    return [Filled(EMPTY),
            Filled("10^3 accesses", lambda crowd: crowd.over(many(10 ** 3), 0)),
            Filled("10^5 accesses", lambda crowd: crowd.over(many(10 ** 5), 0)),
            Filled(FULL, full),
            Filled("10^4 held tokens", lambda crowd: crowd.held(many(10 ** 4))),
            Filled("10^3 rules", more_rules=rules(many(10 ** 3))),
            Filled("10^3 open sessions", lambda crowd: crowd.sessions(many(10 ** 3), sleeper))]


# ---- what else it may be busy with ----


def backup(jitd):
    target = jitd.folder / "backup.db"
    said(["/usr/bin/python3", "-c", "import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))",
          jitd.database, target])
    target.unlink()


BUSY = {
    "at rest": None,
    "audit list": lambda jitd: jitd.admin_unheard("audit", "list"),
    "list --all": lambda jitd: jitd.admin_unheard("list", "--all", "--json"),
    "status": lambda jitd: jitd.admin_unheard("status"),
    "audit verify": lambda jitd: jitd.admin_unheard("audit", "verify"),
    "a backup of the database": backup,
}
PURGE = "a purge of tokens"
STALE = 20000  # more than are forgotten meanwhile


class Again(threading.Thread):
    """Does something over and over until told to stop."""

    def __init__(self, what, jitd):
        super().__init__(daemon=True)
        self.what, self.jitd, self.over, self.times = what, jitd, False, 0

    def run(self):
        while not self.over:
            self.what(self.jitd)
            self.times += 1

    def stop(self):
        self.over = True
        self.join()


class Part:
    name = "scale"

    def __init__(self, size):
        self.repeats, self.tries, self.factor, self.long = size.scale
        self.rounds = min(3, self.repeats)  # of what takes long
        self.results, self.busy, self.floor, self.absent = {}, {}, {}, {}  # floor: beside the same
        self.starts, self.memory = {}, {}

    def measure(self, place, progress):
        sleeper = Daemon(["sleep", "86400"])
        here = kinds(self.factor, sleeper.pid)
        try:
            for subject in here:
                progress(f"scale: filling {subject.name}")
                subject.start(place, self.repeats * self.tries + self.long)
            for subject in here:
                self.restart(subject)
            for repeat in range(self.repeats):
                progress(f"scale: repeat {repeat + 1}")
                for subject in here[repeat % len(here):] + here[:repeat % len(here)]:
                    self.results.setdefault(subject.name, []).append(load(place, subject, 1, self.tries))
            progress(f"scale: {CLIENTS} clients of each")
            for subject in here:
                load(place, subject, CLIENTS, self.long)
                self.memory[subject.name] = (subject.at_rest, subject.jitd.rss(), os.path.getsize(subject.jitd.database))
            self.while_busy(place, next(subject for subject in here if subject.name == FULL), progress)
        finally:
            for subject in here:
                subject.stop()
            sleeper.stop()
        return self

    def restart(self, subject):
        for _ in range(self.rounds):
            subject.jitd.stop()
            subject.jitd.start()
            self.starts.setdefault(subject.name, []).append(subject.jitd.started_ms)
        subject.at_rest = subject.jitd.rss()

    def while_busy(self, place, full, progress):
        """Held to one length of time each: there are as many tokens as that takes."""
        full.jitd.mint((len(BUSY) + 1) * self.rounds * self.long)
        floor = Bare(full)
        floor.next = full.jitd.next
        floor.start(place, 0)
        for name, what in BUSY.items():
            progress(f"scale: {name}, once")
            try:
                if what:
                    what(full.jitd)
            except SystemExit as why:
                self.absent[name] = "not in this release" if "ended with 2" in str(why) else str(why)
        for _ in range(self.rounds):
            for name in [name for name in BUSY if name not in self.absent]:
                progress(f"scale: {name}")
                again = Again(BUSY[name], full.jitd) if BUSY[name] else None
                if again:
                    again.start()
                self.busy.setdefault(name, []).append(load(place, full, 1, self.long))
                self.floor.setdefault(name, []).append(load(place, floor, 1, self.long))
                if again:
                    again.stop()
        self.while_purging(place, full, floor, progress)
        floor.stop()

    def while_purging(self, place, full, floor, progress):
        count = max(100, int(STALE * self.factor))
        full.jitd.stop()
        Crowd(full.jitd).stale(count)
        full.jitd.start()
        full.jitd.admin("clock", "accept")  # what is forgotten goes by a time that is believed
        full.jitd.stop()
        full.jitd.start()
        left = f"SELECT count(*) FROM token WHERE exp < {int(time.time()) - 45 * 86400}"
        give_up = time.monotonic() + 30
        while full.jitd.number(left) == count:
            time.sleep(0.01)
            if time.monotonic() > give_up:
                raise SystemExit("bench: no token is forgotten")
        for _ in range(self.rounds):
            progress(f"scale: {PURGE}")
            self.busy.setdefault(PURGE, []).append(load(place, full, 1, self.long))
            self.floor.setdefault(PURGE, []).append(load(place, floor, 1, self.long))
        if not full.jitd.number(left):
            self.absent[PURGE] = "it was over before the measurement was"

    # ---- what it says ----

    def spread(self, results, name, key):
        return Spread(result[key] for result in results.get(name, []))

    def ratio(self, results, name, other, key):
        return self.spread(results, name, key).over(self.spread(results, other, key))

    def tables(self):
        rows = []
        for name in self.results:
            rest, loaded, disk = self.memory[name]
            rows.append([name, self.spread(self.results, name, "p50"), self.ratio(self.results, name, EMPTY, "p50"),
                         self.spread(self.results, name, "daemon_us"), Spread(self.starts[name]), f"{rest / 1024:.1f}",
                         f"{loaded / 1024:.1f}", f"{disk / 2**20:.0f}"])
        yield table(f"One check at a time beside much else (each number × {self.factor:g})",
                    ["", "p50, us", "÷ empty", "daemon's CPU, us", "start, ms", "RSS at rest, MiB",
                     f"after {CLIENTS} clients", "disk, MiB"], rows)
        yield table("One check at a time while the fullest jitd is busy",
                    ["", "p50, us", "p99.9, us", "÷ at rest", "longest, ms", "floor's p99.9, us", "÷ at rest"],
                    [[name, self.spread(self.busy, name, "p50"), self.spread(self.busy, name, "p999"),
                      self.ratio(self.busy, name, "at rest", "p999"),
                      Spread(result["max"] / 1000 for result in self.busy[name]),
                      self.spread(self.floor, name, "p999"), self.ratio(self.floor, name, "at rest", "p999")]
                     for name in self.busy])
        for name, why in self.absent.items():
            yield f"not measured: {name}: {why}\n"

    def told(self):
        return {"factor": self.factor, "results": self.results, "busy": self.busy, "floor_beside": self.floor, "starts_ms": self.starts,
                "memory_kib_and_disk": self.memory, "absent": self.absent}

    def targets(self):
        yield f"p50 with {FULL} ÷ empty", self.ratio(self.results, FULL, EMPTY, "p50"), "≤", 1.15
        yield "RSS with 10^6 accesses on disk, MiB", Spread([self.memory[FULL][1] / 1024]), "≤", 48
        for name in self.busy:
            if name == PURGE or BUSY[name]:
                yield f"p99.9 of a check during {name} ÷ at rest", self.ratio(self.busy, name, "at rest", "p999"), "≤", 2
