# SPDX-License-Identifier: Apache-2.0
"""A slow disk: every fsync takes 10 ms more. How many checks leave with each commit, and how long a listing takes meanwhile."""
import os
import shutil
import signal
import threading
import time

from figures import Spread, table
from host import Jitd
from part_sockets import Bare, Typed, load
from place import only_child

CLIENTS = (1, 8, 64, 256)
DELAY_US = 10000


def slow():
    """The command before a daemon whose syncs are to take longer."""
    return ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e",
            f"inject=fsync,fdatasync:delay_exit={DELAY_US}"]


class SlowTyped(Typed):
    def start(self, place, wanted):
        self.jitd = Jitd(place, "slow-disk").start().request()
        self.jitd.mint(wanted).stop()
        self.jitd.under = slow()
        self.jitd.start()


class SlowFloor(Bare):
    under = staticmethod(slow)

    def stop(self):
        os.kill(only_child(self.daemon.pid), signal.SIGTERM)
        self.daemon.process.wait(30)

    def processor_us(self):
        return 0  # of strace: says nothing


class Lister(threading.Thread):
    """One `list` after the other, and how long each took, in milliseconds."""

    def __init__(self, jitd):
        super().__init__(daemon=True)
        self.jitd, self.over, self.times = jitd, False, []

    def run(self):
        while not self.over:
            begun = time.monotonic()
            self.jitd.admin("list", "--json")
            self.times.append((time.monotonic() - begun) * 1000)

    def stop(self):
        self.over = True
        self.join()
        return self.times


class Part:
    name = "disk"

    def __init__(self, size):
        self.repeats, self.counts = size.disk_repeats, size.disk
        self.results, self.absent = {}, {}

    def measure(self, place, progress):
        if not shutil.which("strace"):
            self.absent["a slow disk"] = "strace is not there"
            return self
        typed = SlowTyped("jit: typed ES256", "typed")
        floor = SlowFloor(typed)
        try:
            for subject in (typed, floor):
                subject.start(place, self.repeats * sum(self.counts.values()))
            for repeat in range(self.repeats):
                for clients in CLIENTS:
                    progress(f"a slow disk, {clients} clients, repeat {repeat + 1}")
                    self.once(place, typed, floor, clients)
        finally:
            typed.stop()
            floor.stop()
        return self

    def once(self, place, typed, floor, clients):
        before = typed.jitd.counters()
        lister = Lister(typed.jitd)
        lister.start()
        result = load(place, typed, clients, self.counts[clients])
        result["list_ms"] = lister.stop()
        after = typed.jitd.counters()
        commits = after["commits"] - before["commits"]
        result["per_commit"] = (after["messages-committed"] - before["messages-committed"]) / max(commits, 1)
        result["floor"] = load(place, floor, clients, self.counts[clients])["per_s"]
        self.results.setdefault(clients, []).append(result)

    def spread(self, clients, key):
        return Spread(result[key] for result in self.results.get(clients, []))

    def tables(self):
        rows = [[f"{clients:3} clients", self.spread(clients, "per_commit"), self.spread(clients, "per_s"),
                 self.spread(clients, "per_s").over(self.spread(clients, "floor")),
                 Spread(value / 1000 for value in self.spread(clients, "p50").values),
                 Spread(max(result["list_ms"]) for result in self.results[clients])] for clients in self.results]
        if rows:
            yield table(f"A disk where each sync takes {DELAY_US / 1000:g} ms more",
                        ["", "checks per commit", "per second", "÷ floor", "p50, ms", "longest list, ms"], rows)
        for name, why in self.absent.items():
            yield f"not measured: {name}: {why}\n"

    def told(self):
        return {"delay_us": DELAY_US, "results": self.results, "absent": self.absent}

    def targets(self):
        yield "checks per commit, 64 clients, slow disk", self.spread(64, "per_commit"), "≥", 38
