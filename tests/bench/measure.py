# SPDX-License-Identifier: Apache-2.0
"""
measure.py --build DIR --results DIR [--size quick|short|usual|long] [PART...]: the bench itself (tests/bench/run sees to where it
runs). Prints tables; leaves them in DIR/bench.txt, and all of it in DIR/bench.json.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
from typing import NamedTuple

import part_disk
import part_pam
import part_scale
import part_size
import part_sockets
from figures import table
from place import ROOT, Daemon, Place


class Size(NamedTuple):
    """How much of it: tries by mode and by how many at a time, seconds that one run may take, repeats."""
    repeats: int
    seconds: float
    pam: dict
    sockets: dict
    disk: dict
    disk_repeats: int
    scale: tuple  # repeats, tries, what part of the million rows, tries of the long runs


SIZES = {
    "quick": Size(1, 0.5, {mode: {1: 8, 8: 16} for mode in part_pam.MODES}, {1: 8, 8: 16, 64: 128, 256: 256},
                  {1: 4, 8: 16, 64: 64, 256: 256}, 1, (1, 10, 0.001, 64)),
    "short": Size(3, 1, {"warm": {1: 300, 8: 800}, "cold": {1: 150, 8: 400}, "exec": {1: 100, 8: 300}},
                  {1: 300, 8: 1200, 64: 4000, 256: 4000},
                  {1: 60, 8: 300, 64: 2500, 256: 4000}, 1, (3, 200, 1, 2000)),
    "usual": Size(7, 2, {"warm": {1: 400, 8: 1200}, "cold": {1: 200, 8: 600}, "exec": {1: 150, 8: 400}},
                  {1: 400, 8: 1600, 64: 4000, 256: 4000},
                  {1: 60, 8: 300, 64: 2500, 256: 4000}, 3, (9, 300, 1, 3000)),
    "long": Size(15, 4, {"warm": {1: 1000, 8: 3000}, "cold": {1: 500, 8: 1500}, "exec": {1: 300, 8: 800}},
                 {1: 1000, 8: 4000, 64: 10000, 256: 10000},
                 {1: 200, 8: 1000, 64: 8000, 256: 10000}, 5, (15, 1000, 1, 10000)),
}
PARTS = {module.Part.name: module.Part for module in (part_pam, part_sockets, part_scale, part_disk, part_size)}


def machine():
    """What it ran on, for whoever reads it elsewhere."""
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")),
               platform.machine())
    release = dict(line.rstrip().split("=", 1) for line in open("/etc/os-release") if "=" in line)
    return {"cpu": cpu, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
            "system": release.get("PRETTY_NAME", "").strip('"'), "root": os.geteuid() == 0,
            "at": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}


def progress(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def measure(part, given):
    with Place(given.build, given.results) as place:
        sink = Daemon([place.program("tests/bench/sink"), "/dev/log"], ready=b"ready") if ROOT else None
        part.measure(place, progress)
        if sink:
            sink.stop()
    return part


def target_table(parts):
    rows = []
    for part in parts:
        for what, spread, sign, bound in part.targets():
            if spread.values:
                met = spread.median <= bound if sign == "≤" else spread.median >= bound
                rows.append([what, spread, f"{sign} {bound}", "yes" if met else "no"])
    return table("Targets: ratios of one run", ["", "median (min–max)", "target", "met"], rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.add_argument("--results", required=True)
    parser.add_argument("--size", choices=SIZES, default="usual")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []])
    given = parser.parse_args()
    facts, load = machine(), [os.getloadavg()[0]]
    done = [measure(PARTS[name](SIZES[given.size]), given) for name in given.parts or PARTS]
    facts["load_average"] = load + [os.getloadavg()[0]]
    text = "\n".join([f"{facts['cpu']}, {facts['cores']} cores, {facts['system']}, Linux {facts['kernel']}, {facts['at']}, "
                      f"size {given.size}, load average {' to '.join(f'{value:.1f}' for value in facts['load_average'])}; "
                      "medians (min–max) of repeats in turns\n",
                      *(each for part in done for each in part.tables()), target_table(done)])
    results = pathlib.Path(given.results)
    (results / "bench.txt").write_text(text)
    (results / "bench.json").write_text(json.dumps({"machine": facts, "size": given.size,
                                                    **{part.name: part.told() for part in done}}, indent=1))
    subprocess.run([sys.executable, str(pathlib.Path(__file__).with_name("chart.py")), str(results / "bench.json"),
                    str(results / "bench.svg")], check=False, env=dict(os.environ, MPLCONFIGDIR="/tmp"))
    print(text)


main()
