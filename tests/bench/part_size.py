# SPDX-License-Identifier: Apache-2.0
"""How large it is: programs on disk, jitd in memory, and what loading the module costs a fresh process."""
import glob
import os
import shutil

from figures import Spread, table
from part_sockets import Typed, load
from place import measured, said

PROGRAMS = ("jitd/jitd", "cli/jit", "cli/jitd-admin", "pam_jit.so")
PEERS = ("pam_permit.so", "pam_unix.so", "pam_google_authenticator.so", "pam_oath.so", "pam_radius_auth.so",
         "pam_ssh_agent_auth.so")
CLIENTS = 64


def stripped(place, name):
    """As a package would have it."""
    path = place.module(name)
    if not shutil.which("strip"):
        return os.path.getsize(path)
    bare = place.disk / "stripped"
    said(["strip", "-o", bare, path])
    return os.path.getsize(bare)


class Part:
    name = "size"

    def __init__(self, size):
        self.repeats, self.tries, self.long = size.repeats, size.pam["cold"][1], size.disk[64]
        self.programs, self.opens, self.memory = {}, {}, {}

    def measure(self, place, progress):
        self.programs = {os.path.basename(name): stripped(place, name) for name in PROGRAMS}
        modules = [place.module("pam_jit.so"), place.module("tests/bench/floor_pam.so"),
                   *(found for name in PEERS for found in glob.glob(f"/lib/*/security/{name}"))]
        for repeat in range(self.repeats):
            progress(f"loading modules, repeat {repeat + 1}")
            for module in modules:
                self.opens.setdefault(os.path.basename(module), []).append(
                    measured([place.program("tests/bench/opens"), module, self.tries]))
        typed = Typed("jit: typed ES256", "typed")
        try:
            typed.start(place, self.long)
            self.memory["at rest"] = typed.jitd.rss()
            load(place, typed, CLIENTS, self.long)
            self.memory[f"at most, with {CLIENTS} clients"] = typed.jitd.rss("VmHWM")
        finally:
            typed.stop()
        return self

    def spread(self, module):
        return Spread(result["p50"] for result in self.opens[module])

    def tables(self):
        yield table("On disk, stripped", ["", "KiB"], [[name, size // 1024] for name, size in self.programs.items()])
        yield table("jitd in memory", ["", "KiB"], self.memory.items())
        yield table("dlopen() in a fresh process that has libpam", ["", "us", "÷ pam_permit.so"],
                    [[name, self.spread(name), self.spread(name).over(self.spread("pam_permit.so"))]
                     for name in self.opens] if "pam_permit.so" in self.opens else [])

    def told(self):
        return {"programs": self.programs, "memory_kib": self.memory, "opens": self.opens}

    def targets(self):
        return []
