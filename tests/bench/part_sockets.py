# SPDX-License-Identifier: Apache-2.0
"""
One check without PAM: so many clients at once, each a connection for each check. What is typed comes by login's door,
since one caller of sudo has few prompts open at a time.
"""
from authority import AUTHORITIES, MOST
from figures import Spread, table
from place import PERSON, measured
from subjects import Floor, Own

CLIENTS = (1, 8, 64, 256)


class Typed(Own):
    program = "tests/bench/socket"

    def socket_arguments(self, count):
        return ["--wire", self.jitd.sockets / "pam.sock", "--user", PERSON.pw_name, "--answers", self.jitd.take(count)]


class Held(Own):
    program = "tests/bench/socket"

    def socket_arguments(self, count):
        return ["--wire", self.jitd.sockets / "pam.sock", "--user", PERSON.pw_name, "--uid", PERSON.pw_uid, "--held"]


class Bare(Floor):
    program = "tests/bench/socket"

    def socket_arguments(self, count):
        return ["--floor", self.socket, "--answers", self.take(count)]


def subjects():
    typed = Typed("jit: typed ES256", "typed")
    return [typed, Held("jit: held ES256", "held"), Bare(typed), *AUTHORITIES]


def load(place, subject, clients, count, seconds=0):
    """One run; with what the daemon spent on each."""
    before = subject.processor_us()
    result = measured([place.program(subject.program), *subject.socket_arguments(count), "--workers", clients, "--count",
                       count, "--seconds", seconds])
    result["daemon_us"] = (subject.processor_us() - before) / max(result["done"], 1)
    result["right"] = subject.is_right(result)
    return result


class Part:
    name = "sockets"

    def __init__(self, size):
        self.repeats, self.counts = size.repeats, size.sockets
        self.results, self.absent = {}, {}

    def measure(self, place, progress):
        here = []
        try:
            for subject in subjects():
                if subject.absent:
                    self.absent[subject.name] = subject.absent
                    continue
                subject.start(place, self.repeats * sum(self.counts[clients] for clients in CLIENTS))
                here.append(subject)
            for repeat in range(self.repeats):
                self.once(place, here[repeat % len(here):] + here[:repeat % len(here)], repeat, progress)
        finally:
            for subject in here:
                subject.stop()
        return self

    def once(self, place, here, repeat, progress):
        for clients in CLIENTS:
            for subject in here:
                if clients > MOST and subject in AUTHORITIES:
                    continue
                progress(f"{subject.name}, {clients} clients, repeat {repeat + 1}")
                self.results.setdefault((subject.name, clients), []).append(
                    load(place, subject, clients, self.counts[clients]))

    def spread(self, subject, clients, key):
        return Spread(result[key] for result in self.results.get((subject, clients), []))

    def ratio(self, subject, clients, key):
        return self.spread(subject, clients, key).over(self.spread("floor", clients, key))

    def tables(self):
        rows = []
        for name, clients in sorted(self.results, key=lambda key: key[1]):
            wrong = "" if all(result["right"] for result in self.results[name, clients]) else " (refuses what is right)"
            rows.append([f"{clients:3} clients, {name}{wrong}", self.spread(name, clients, "per_s"),
                         self.ratio(name, clients, "per_s"), self.spread(name, clients, "p50"),
                         self.spread(name, clients, "p99"), self.spread(name, clients, "daemon_us"),
                         self.ratio(name, clients, "daemon_us")])
        yield table("Bare sockets: connect, check, verdict, close", ["", "per second", "÷ floor", "p50, us", "p99, us",
                                                                     "daemon's CPU, us", "÷ floor"], rows)
        for name, why in self.absent.items():
            yield f"not measured: {name}: {why}\n"

    def told(self):
        return {"absent": self.absent,
                "results": [{"subject": name, "clients": clients, "repeats": repeats,
                             "per_s_over_floor": self.ratio(name, clients, "per_s").told()}
                            for (name, clients), repeats in self.results.items()]}

    def targets(self):
        yield "throughput, 64 bare clients, ÷ floor", self.ratio("jit: typed ES256", 64, "per_s"), "≥", 0.65
