# SPDX-License-Identifier: Apache-2.0
"""
chart.py BENCH.json BENCH.svg: what a check through PAM takes, ours and the peers', one at a time, as multiples of the floor.
Ends with 3 where python3-matplotlib is not at hand, or nothing of the kind was measured.
"""
import json
import statistics
import sys

MODES = (("warm", "long-lived process"), ("cold", "forked for it"), ("exec", "a program for it"))


def rows(told):
    """(name, {mode: (median, lowest, highest)}), the slowest first."""
    found = {}
    for result in told.get("pam", {}).get("results", []):
        ratios = result["p50_over_floor"]
        if result["workers"] == 1 and ratios["repeats"] and all(repeat["right"] for repeat in result["repeats"]):
            found.setdefault(result["subject"], {})[result["mode"]] = (ratios["median"], ratios["min"], ratios["max"])
    return sorted(found.items(), key=lambda row: -statistics.mean(value[0] for value in row[1].values()))


def draw(pyplot, told, path):
    named = rows(told)
    figure, axes = pyplot.subplots(figsize=(9, 0.5 * len(named) + 1.6))
    for number, (mode, label) in enumerate(MODES):
        at = [(place + 0.26 * (number - 1), *values[mode]) for place, (_, values) in enumerate(named) if mode in values]
        if at:
            places, medians, lowest, highest = zip(*at)
            errors = [[m - l for m, l in zip(medians, lowest)], [h - m for m, h in zip(medians, highest)]]
            axes.barh(places, medians, 0.24, xerr=errors, label=label, error_kw={"linewidth": 0.6})
    axes.set_yticks(range(len(named)), [name for name, _ in named])
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    machine = told["machine"]
    axes.set_xlabel(f"time of one check ÷ floor (connect, verify, commit); {machine['cpu']}, {machine['cores']} cores, "
                    f"{machine['system']}", fontsize=8)
    axes.legend(fontsize=8)
    figure.tight_layout()
    figure.savefig(path)


def main():
    with open(sys.argv[1]) as file:
        told = json.load(file)
    try:
        import matplotlib
        matplotlib.use("svg")
        from matplotlib import pyplot
    except ImportError:
        sys.exit(3)
    if not rows(told):
        sys.exit(3)
    draw(pyplot, told, sys.argv[2])


main()
