# SPDX-License-Identifier: Apache-2.0
"""One check through PAM, ours beside the peers: warm, cold and exec, 1 and 8 at a time, in turns."""
from figures import Spread, table
from peers import PEERS
from place import measured
from subjects import AskingFloor, Floor, Garbage, Own, Permit

MODES = ("warm", "cold", "exec")
WORKERS = (1, 8)
OUTER = {"warm": "", "cold": "outer_", "exec": "outer_"}


def subjects():
    typed = Own("jit: typed ES256", "typed")
    return [typed, Own("jit: held ES256", "held"), Own("jit: typed RS256", "typed", "RS256"), Garbage(typed), Floor(typed),
            AskingFloor(typed), Permit(), *(peer() for peer in PEERS)]


def run(place, subject, mode, workers, count, seconds):
    before = subject.processor_us()
    result = measured([place.program("tests/bench/pam"), *subject.arguments(workers, count), "--mode", mode, "--workers",
                       workers, "--count", count, "--seconds", seconds], env=subject.environment)
    after = subject.processor_us()
    subject.ran(result)
    result["daemon_us"] = (after - before) / result["done"] if before is not None and result["done"] else None
    result["right"] = subject.is_right(result)
    return result


class Part:
    name = "pam"

    def __init__(self, size):
        self.repeats, self.counts, self.seconds = size.repeats, size.pam, size.seconds
        self.results = {}  # (subject, mode, workers): what each repeat told
        self.absent = {}

    def measure(self, place, progress):
        here = []
        wanted = self.repeats * sum(self.counts[mode][workers] for mode in MODES for workers in WORKERS)
        try:
            for subject in subjects():
                if subject.absent:
                    self.absent[subject.name] = subject.absent
                    continue
                subject.start(place, wanted)
                here.append(subject)
            for repeat in range(self.repeats):
                self.once(place, here, repeat, progress)
        finally:
            for subject in here:
                subject.stop()
        return self

    def once(self, place, here, repeat, progress):
        for mode in MODES:
            for workers in WORKERS:
                for subject in here[repeat % len(here):] + here[:repeat % len(here)]:
                    progress(f"{subject.name}, {mode}, {workers} at a time, repeat {repeat + 1}")
                    result = run(place, subject, mode, workers, self.counts[mode][workers], self.seconds)
                    self.results.setdefault((subject.name, mode, workers), []).append(result)

    # ---- what it says ----

    def spread(self, subject, mode, workers, key):
        return Spread(result[key] for result in self.results.get((subject, mode, workers), [])
                      if result["done"] and result.get(key) is not None)

    def ratio(self, one, other, mode, workers=1, key="p50"):
        return self.spread(one, mode, workers, key).over(self.spread(other, mode, workers, key))

    def row(self, name, mode, workers):
        told = [self.spread(name, mode, workers, key) for key in ("p50", "p99", "per_s", "daemon_us")]
        ratios = [self.ratio(name, "floor", mode, workers), self.ratio(name, "floor", mode, workers, "per_s")]
        if not all(result["right"] for result in self.results[name, mode, workers]):
            name += " (refuses what is right)"
        return [name, told[0], ratios[0], told[1], told[2], ratios[1], told[3]]

    def tables(self):
        names = list(dict.fromkeys(name for name, _, _ in self.results))
        for mode in MODES:
            for workers in WORKERS:
                rows = [self.row(name, mode, workers) for name in names]
                rows.sort(key=lambda row: row[1].median or 0)
                yield table(f"PAM, {mode}, {workers} at a time: microseconds from pam_start to pam_end",
                            ["", "p50", "÷ floor", "p99", "per second", "÷ floor", "daemon's CPU, us"], rows)
        for name, why in self.absent.items():
            yield f"not measured: {name}: {why}\n"

    def told(self):
        return {"absent": self.absent,
                "results": [{"subject": name, "mode": mode, "workers": workers, "repeats": repeats,
                             "p50": self.spread(name, mode, workers, "p50").told(),
                             "p50_over_floor": self.ratio(name, "floor", mode, workers).told()}
                            for (name, mode, workers), repeats in self.results.items()]}

    def targets(self):
        own, refused = "jit: typed ES256", "jit: garbage refused"
        for mode, most in (("warm", 1.4), ("cold", 1.35), ("exec", 1.35)):
            yield f"PAM {mode} p50 ÷ floor", self.ratio(own, "floor", mode), "≤", most
        for peer, most in (("google-authenticator HOTP", 1.0), ("pam_oath HOTP", 0.9), ("pam_unix yescrypt", 0.02)):
            yield f"PAM warm p50 ÷ {peer}", self.ratio(own, peer, "warm"), "≤", most
        yield "a refusal of garbage ÷ an allow, warm p50", self.ratio(refused, own, "warm"), "≤", 0.6
